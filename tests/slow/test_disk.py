"""Full disks, and each call that writes failing once, for every verb that writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill_calls import CASES, Calls, Case, Figures
from tests.proofs import record
from tests.small_disk import run

pytestmark = pytest.mark.slow
ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES")


@pytest.mark.parametrize("what", ["blocks", "inodes"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_on_a_full_disk_the_old_or_the_new_state_is_there(case: Case, what: str) -> None:
    """
    With room for more and more pages, or inodes; with room again the same command goes on.
    """
    figures = run(case.name, what, range(0, 33, 2))

    record(f"full disk, {what}: {case}", str(figures).replace("kills", "runs"))
    assert (figures.wrong, figures.kills) == ([], 17)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_call_that_fails_leaves_the_old_or_the_new_state(case: Case, tmp_path: Path) -> None:
    """
    Each call about a file, of stagectl and of each git, fails with one error after another in turn.
    """
    figures = Figures()
    calls = Calls(case, tmp_path, figures)
    points = [point for point in calls.points if point.on_disk and not point.together]
    for number, point in enumerate(points):
        calls.harm(point, f"error={ERRORS[number % len(ERRORS)]}")

    record(f"failing calls: {case}", str(figures).replace("kills", "failures"))
    assert figures.wrong == []
    assert figures.kills >= 5
