"""A sample of the kill loop, which is whole in tests/slow: a run is killed, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill_loop import WAYS, Figures, Loop, Server, second

pytestmark = pytest.mark.once


def test_a_killed_run_loses_nothing_and_repeats_nothing_that_ended(tmp_path: Path) -> None:
    """
    Branch, journal and facts agree after the kill; then `resume`, or another `apply`, finishes it.
    """
    server, figures = Server(), Figures()
    try:
        loop = Loop(server, second(tmp_path / "second"), tmp_path, figures)
        for number in range(10):
            assert loop.kill(loop.length * (number + 3) // 13, WAYS[number % len(WAYS)])
    finally:
        server.close()

    assert str(figures) == "kills 10, lost 0, started twice without being UNKNOWN 0"
