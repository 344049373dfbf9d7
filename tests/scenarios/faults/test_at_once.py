"""Two at once in one working tree; twelve are in tests/slow. And some damages to the cache of many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stagectl.adapters.worktree import write_intent
from tests.at_once import beside_an_apply, stages
from tests.build import Repo
from tests.cache_damage import Damages

pytestmark = pytest.mark.once


def test_of_two_stages_at_once_nothing_is_lost(tmp_path: Path) -> None:
    """
    A resource, and an action on another one: each is staged once.
    """
    assert stages(tmp_path, 2, 2)["done"] == 4


def test_two_actions_staged_at_once_on_one_resource_are_both_there(tmp_path: Path) -> None:
    """
    The second would have written over what the first had staged.
    """
    assert stages(tmp_path, 4, 1)["done"] == 4


def test_a_plan_and_a_stage_beside_an_apply(tmp_path: Path) -> None:
    """
    The plan is the one of before or of after.
    """
    assert beside_an_apply(tmp_path, 3, 2)["plan done"] == 2


def test_some_damages_to_the_cache_change_nothing(tmp_path: Path) -> None:
    """
    A few of the several hundred.
    """
    damages = Damages(tmp_path, 7)
    for _ in range(6):
        damages.damage()

    assert damages.wrong == []


def test_what_another_one_staged_meanwhile_is_not_written_over(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Between reading and writing: an action is there that was not there when it was decided what to write.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    real = write_intent.noted

    def meanwhile(git: Any, after: Any, paths: Any) -> Any:
        monkeypatch.setattr(write_intent, "noted", real)
        repo.stage("db", "-a", "restart")
        return real(git, after, paths)

    monkeypatch.setattr(write_intent, "noted", meanwhile)
    done = repo.run("stage", "db", "-a", "test")

    reported = "error: .staged/db.yaml changed meanwhile\nhint: nothing was staged; stage again\n"
    assert (1, reported) == (done.code, done.err)
    repo.stage("db", "-a", "test")
    assert ["db.restart", "db.test"] == repo.plan().ids
