"""A replace whose run failed goes on being one: what reacts on an update follows the run that succeeds."""

from __future__ import annotations

from tests.build import Repo, record
from tests.scenarios.applying.world import failed


def replaced(repo: Repo) -> Repo:
    """a, which was removed by a replace whose run failed; b restarts on its updates."""
    repo.kind("vm", actions=("run", "update", "remove", "restart"), replace_on=["image"])
    repo.define("a", "vm", inputs={"image": 1}).define("b", "vm", react_on={"restart": ["a.update"]})
    record(repo).define("a", "vm", inputs={"image": 2}).stage().fail("a.run")
    failed(repo.apply())
    return repo


def test_reactions_on_an_update_follow_the_run_that_succeeds(repo: Repo) -> None:
    """
    Also after further failures, and after another edit; once, and not for a later run of another life.
    """
    replaced(repo)
    assert ["a.run", "b.restart"] == repo.plan().ids
    failed(repo.apply())
    repo.define("a", "vm", inputs={"image": 3}).stage()
    assert ["a.remove", "a.run", "b.restart"] == sorted(repo.plan().ids)
    failed(repo.apply())
    assert repo.applied("a")["unfinished"]["replaces"] is True

    repo.fail().ok("apply", "--yes")

    assert ["a.run", "b.restart"] == repo.log()[-2:]
    assert [] == repo.plan().ids


def test_a_first_run_that_failed_is_no_update(repo: Repo) -> None:
    """
    What never was there is not replaced: nothing that waits for an update follows.
    """
    repo.kind("vm", actions=("run", "update", "remove", "restart"))
    record(repo.define("b", "vm", react_on={"restart": []}))
    repo.define("a", "vm", inputs={"image": 1}).define("b", "vm", react_on={"restart": ["a.update"]}).stage()
    failed(repo.fail("a.run").apply())

    assert "b.restart" not in repo.plan().ids


def test_a_retry_takes_a_replace_whole(repo: Repo) -> None:
    """
    What was staged to be replaced by name, and whose run failed, is removed and run again: it may be half made.
    """
    repo.kind("vm", actions=("run", "update", "remove"))
    record(repo.define("a", "vm")).ok("stage", "a", "-a", "replace")
    failed(repo.fail("a.run").apply())

    repo.fail().ok("retry")

    assert ["a.remove", "a.run"] == repo.log()[-2:]
    assert [] == repo.plan().ids
