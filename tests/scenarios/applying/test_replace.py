"""A replace removes and runs, and is unfinished between the two."""

from __future__ import annotations

from tests.build import Repo, record
from tests.scenarios.applying.world import a_kind, causes, failed, results, staged_as_applied, unfinished


def test_a_replace_keeps_the_stamps_and_is_unfinished_until_its_run_succeeds(repo: Repo) -> None:
    """
    remove with the applied inputs, run with the new ones; between the two the resource is gone, and that is written.
    """
    repo.kind("vm", actions=("run", "update", "remove", "restart"), replace_on=["image"])
    record(repo.define("a", "vm", inputs={"image": 1})).stage("-a", "restart", "a").ok("apply", "--yes")
    stamps = repo.applied("a")["stamps"]
    repo.define("a", "vm", inputs={"image": 2}).stage().fail("a.run")

    failed(repo.apply())
    state = repo.applied("a")
    tried = {**unfinished("run", {"image": 2}, kind="vm"), "replaces": True}
    assert (stamps, tried) == (state["stamps"], state["unfinished"])
    assert "" == staged_as_applied(repo, "a")
    assert ["a.run"] == repo.plan().ids

    repo.fail().ok("apply", "--yes")
    assert {"inputs": {"image": 2}, "stamps": stamps} == repo.applied("a")
    assert ["a.restart", "a.remove", "a.run"] == repo.log()
    assert [] == repo.plan().ids


def test_a_replace_whose_remove_failed_is_still_a_replace(repo: Repo) -> None:
    """
    Nothing new was run; the next plan removes and runs, or runs again if the edit is undone.
    """
    repo.kind("vm", replace_on=["image"])
    record(repo.define("a", "vm", inputs={"image": 1}))
    repo.define("a", "vm", inputs={"image": 2}).stage().fail("a.remove")

    failed(repo.apply())

    assert ["a.remove ERROR", "a.run SKIPPED"] == results(repo)
    assert {"inputs": {"image": 1}, "unfinished": unfinished("remove", {"image": 1}, kind="vm")} == repo.applied("a")
    assert ["a.remove", "a.run"] == repo.plan().ids

    repo.define("a", "vm", inputs={"image": 1}).stage()
    assert {"a.run": "unfinished"} == causes(repo)


def test_a_replace_by_another_kind_removes_with_the_old_one(repo: Repo) -> None:
    """
    The old kind's remove with the applied inputs, then the new kind's run with the new ones.
    """
    script = 'echo "$STAGECTL_ACTION $STAGECTL_KIND $(cat)" >> actions.log'
    a_kind(a_kind(repo, "old", script), "new", script)
    record(repo.define("a", "old", inputs={"x": 1}))
    repo.define("a", "new", inputs={"x": 2}).stage().ok("apply", "--yes")

    assert 'remove old {"x": 1}\nrun new {"x": 2}\n' == repo.read("actions.log")
    assert (["a.remove SUCCESS", "a.run SUCCESS"], {"inputs": {"x": 2}}) == (results(repo), repo.applied("a"))
