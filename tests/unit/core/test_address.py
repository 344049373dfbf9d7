"""Addresses of schedulers."""

from __future__ import annotations

from typing import Optional, Tuple

import pytest

from stagectl.core.address import is_here, parse

ADDRESSES = {
    "tls://scheduler.example:8786": ("tls", "scheduler.example"),
    "tcp://127.0.0.1:8786": ("tcp", "127.0.0.1"),
    "localhost:8786": ("tcp", "localhost"),
    "tls://[::1]:1": ("tls", "::1"),
    "tls://host": None,
    "http://host:1": None,
    "tls://user@host:1": None,
    "tls://host:1/path": None,
    "": None,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_a_scheme_a_host_and_a_port(address: str) -> None:
    """
    Without a scheme it is plain TCP, as it is for Dask.
    """
    expected: Optional[Tuple[str, str]] = ADDRESSES[address]
    assert expected == parse(address)


def test_only_loopback_is_here() -> None:
    """
    A name that begins like one is not.
    """
    assert all(map(is_here, ("localhost", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_here, ("127.0.0.1.example", "localhost.example", "10.0.0.1", "::2", "0.0.0.0", "")))
