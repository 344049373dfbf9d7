"""Disks that are full, fail or may not be written: a sample of tests/slow/test_disk.py."""

from __future__ import annotations

import random
from pathlib import Path
from unittest import mock

import pytest

from stagectl.adapters.git import commits
from tests.build import Repo
from tests.kill_calls import CASES, Calls, Case, Figures
from tests.small_disk import run

pytestmark = pytest.mark.once


@pytest.mark.parametrize("what", ["blocks", "inodes"])
def test_on_a_full_disk_the_old_or_the_new_state_is_there(what: str) -> None:
    """
    `stage` with a little room left; with room again the same command goes on.
    """
    figures = run("stage", what, [2, 9])

    assert (figures.wrong, figures.kills) == ([], 2)


@pytest.mark.parametrize("case, error", list(zip(CASES, ["ENOSPC", "EROFS", "EIO"])), ids=str)
def test_a_call_that_fails_leaves_the_old_or_the_new_state(case: Case, error: str, tmp_path: Path) -> None:
    """
    One of stagectl's own calls, one of git's; it is reported in a line, and never called a bug.
    """
    figures = Figures()
    calls = Calls(case, tmp_path, figures)
    points = [point for point in calls.points if point.on_disk and not point.together]
    chance = random.Random(f"{case} {error}")
    for is_own in (True, False):
        calls.harm(chance.choice([each for each in points if (each.program == "stagectl") == is_own]), f"error={error}")

    assert (figures.wrong, figures.kills + figures.missed) == ([], 2)


@pytest.mark.parametrize("error, code", [(PermissionError(13, "Permission denied"), 0), (KeyboardInterrupt(), 130)])
def test_what_fails_after_the_commit_does_not_take_it_back(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """
    The file with the message could not be deleted, or Ctrl-C came late: the files were put back under their commit.
    """
    repo.define("db", inputs={"v": 1}).stage()
    hook = repo.top / ".git/hooks/pre-commit"  # git itself makes the commit
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntrue\n")
    hook.chmod(0o755)
    repo.define("db", inputs={"v": 2})
    monkeypatch.setattr(commits, "_keep_up_with_hooks", mock.Mock(side_effect=error))

    assert code == repo.run("stage").code
    assert "" == repo.git("status", "--porcelain", ".staged", "resources")
    assert '"v": 2' in repo.git("show", "HEAD:.staged/db.yaml")
    assert "Nothing to stage" in repo.ok("stage").out
