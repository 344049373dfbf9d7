"""Addresses of schedulers, `tls://host:port`: how they are read, and which of them only this machine reaches."""

from __future__ import annotations

import ipaddress
import re
from typing import Optional, Tuple

from stagectl.core.once import pattern

_ADDRESS = pattern(
    r"(?:(?P<scheme>[a-z]+)://)?(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})", re.ASCII
)
TCP, TLS = "tcp", "tls"


def parse(address: str) -> Optional[Tuple[str, str]]:
    """Return scheme (plain TCP without one) and host of an address, None if it is none of a scheduler."""
    match = _ADDRESS.fullmatch(address)
    if match is None or match["scheme"] not in (None, TCP, TLS):
        return None
    return match["scheme"] or TCP, match["host"].strip("[]")


def is_here(host: str) -> bool:
    """Return whether a host is this machine, by an address that no other one reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
