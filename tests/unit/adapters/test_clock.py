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
        _lose_an_alarm()
    _spin()


def test_a_budget_ends_its_block_and_the_one_around_it_what_comes_after(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Python drops what is raised while it takes a generator away: the next alarm ends the block, without a trace.
    """
    with pytest.raises(TimeOver, match="outer"), time_budget("the outer", 0):
        _spin_after_a_budget_of_its_own()

    assert "" == capsys.readouterr().err
