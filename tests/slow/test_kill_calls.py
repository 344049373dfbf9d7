"""Killed at each system call that writes, of every verb and of the gits that it starts: nothing is between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill_calls import CASES, Calls, Case, Figures
from tests.proofs import record

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", CASES, ids=str)
def test_killed_at_any_call_the_old_or_the_new_state_is_there(case: Case, tmp_path: Path) -> None:
    """
    Valid for git, each file and ref old or new, and the same command goes on, once what it says is done.
    """
    figures = Figures()
    calls = Calls(case, tmp_path, figures)
    for point in calls.points:
        calls.kill(point)

    record(f"kills: {case}", str(figures))
    assert figures.wrong == []
    assert figures.kills >= 40 and figures.missed <= figures.kills // 10
