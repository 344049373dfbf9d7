"""Nothing is lost, wherever a run is killed: every step, in every way that it is finished afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.kill_loop import WAYS, Figures, Loop, Server, World, first, second
from tests.proofs import record

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


@pytest.mark.parametrize("make", [first, second])
def test_a_run_killed_at_any_step_loses_nothing(make: Callable[[Path], World], server: Server, tmp_path: Path) -> None:
    """
    Branch, journal and facts agree; then `resume`, or another `apply`, finishes it, and repeats nothing that ended.
    """
    figures = Figures()
    loop = Loop(server, make(tmp_path / make.__name__), tmp_path, figures)
    at = 1
    while loop.kill(at, WAYS[at // 2 % len(WAYS)]):
        at += 1

    record(f"kill loop: {make.__name__}", str(figures))
    assert (figures.lost, figures.twice) == ([], [])
    assert figures.kills >= 200


@pytest.mark.parametrize("make", [first, second])
def test_what_finishes_a_killed_run_may_be_killed_too(
    make: Callable[[Path], World], server: Server, tmp_path: Path
) -> None:
    """
    What holds after one kill holds after two.
    """
    figures = Figures()
    loop = Loop(server, make(tmp_path / make.__name__), tmp_path, figures)
    steps = range(loop.length // 3, loop.length, loop.length // 12)
    for number, at in enumerate(steps):
        for again in range(1 + number * 2, loop.length, 41):
            loop.kill(at, WAYS[(number + again) % len(WAYS)], again=again)

    record(f"kill loop: {make.__name__}, twice", str(figures))
    assert (figures.lost, figures.twice) == ([], [])


def test_a_run_killed_at_any_time_loses_nothing(server: Server, tmp_path: Path) -> None:
    """
    Also between its own steps, while git or an action is at work.
    """
    figures = Figures()
    loop = Loop(server, second(tmp_path / "second"), tmp_path, figures)
    for number in range(60):
        loop.kill(0, WAYS[number % len(WAYS)], seconds=0.01 + number * 0.005)

    record("kill loop: at any time", str(figures))
    assert (figures.lost, figures.twice) == ([], [])
