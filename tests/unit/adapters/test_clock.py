"""A budget of time ends what takes longer, wherever it is at that moment."""

from __future__ import annotations

from typing import Iterator

import pytest

from stagectl.adapters.clock import TimeOver, time_budget


def _spin() -> None:
    while True:
        sum(range(1_000))


def _closed_slowly() -> Iterator[int]:
    try:
        yield 1
    finally:
        _spin()


def _lose_an_alarm() -> None:
    next(_closed_slowly())
    _spin()


def _spin_after_a_budget_of_its_own() -> None:
    with pytest.raises(TimeOver, match="inner"), time_budget("the inner", 0):
        _spin()
    _spin()


def test_an_alarm_that_python_loses_goes_again(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Python drops what is raised while it takes a generator away: the next alarm ends the block, without a trace.
    """
    with pytest.raises(TimeOver), time_budget("this", 0):
        _lose_an_alarm()

    assert "" == capsys.readouterr().err


def test_a_budget_inside_a_budget_gives_the_outer_one_its_rest() -> None:
    """
    The inner budget ends its block, and the outer one still ends what comes after.
    """
    with pytest.raises(TimeOver, match="outer"), time_budget("the outer", 0):
        _spin_after_a_budget_of_its_own()
