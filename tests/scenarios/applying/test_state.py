"""The applied state moves only by what succeeded; what failed is unfinished."""

from __future__ import annotations

import json
import re

import pytest

from tests.build import Repo, record
from tests.scenarios.applying.world import a_kind, causes, failed, staged_as_applied, unfinished


def test_a_failure_skips_what_depends_on_it_and_nothing_else(repo: Repo) -> None:
    """
    a fails; b, that depends on it, and c, that depends on b, are skipped; d goes on. The whole output.
    """
    repo.define("a").define("b", depends_on=["a"]).define("c", depends_on=["b"]).define("d").commit()
    repo.stage().fail("a.run")

    ran = failed(repo.apply("--parallel", "1"))

    assert ["d.run"] == repo.log()
    assert (
        "+ a.run  (staged)\n+ b.run  (staged)\n+ c.run  (staged)\n+ d.run  (staged)\n\n"
        "Plan: 4 to run, 0 to update, 0 to remove, 0 other.\n"
        "  a.run  ERROR  exit code 3\n      no luck with a.run\n"
        "  2 changes  SKIPPED  after a.run: b.run, c.run\n"
        "Applied: 1 SUCCESS, 1 ERROR, 2 SKIPPED. Run RUN\n"
        "The applied state is in commit COMMIT.\n"
        "Next: stagectl retry RUN, or mend what failed, and: stagectl stage && stagectl apply\n"
    ) == re.sub(r"commit \w{12}", "commit COMMIT", re.sub(r"\d+T\d+Z-\w{6}", "RUN", ran.out))
    assert [
        "    no luck with a.run",
        "a.run: ERROR (exit code 3)",
        "b.run: SKIPPED (after a.run)",
        "c.run: SKIPPED (after b.run)",
        "d.run: SUCCESS",
    ] == sorted(ran.err.splitlines())
    assert [None, None] == [repo.applied("b"), repo.applied("c")]
    assert {"inputs": {}} == repo.applied("d")


def test_a_failed_run_is_unfinished_and_not_live(repo: Repo) -> None:
    """
    The state keeps kind, tags and inputs it was tried with, and no staged file.
    """
    repo.define("a", tags=["x", "k=v"], inputs={"p": {"q": 1}}).commit()
    repo.stage().fail("a.run")

    failed(repo.apply())

    assert {"unfinished": unfinished("run", {"p": {"q": 1}}, ["k=v", "x"])} == repo.applied("a")
    assert "" == staged_as_applied(repo, "a")
    assert not repo.ok("show", "a", "--json").json()["applied"]["live"]
    assert ["a.run"] == repo.plan().ids


def test_an_unfinished_run_whose_file_is_gone_is_removed_with_what_was_stored(repo: Repo) -> None:
    """
    Something half made may be there: `remove` gets the inputs and the kind it was tried with.
    """
    a_kind(
        repo,
        "half",
        'echo "$STAGECTL_ACTION $STAGECTL_KIND" >> actions.log; cat >> actions.log; [ "$STAGECTL_ACTION" = remove ]',
    )
    repo.define("a", "half", inputs={"p": 1}).commit()
    repo.stage()
    failed(repo.apply())
    repo.delete("a").stage()

    assert {"a.remove": "unfinished"} == causes(repo)
    repo.ok("apply", "--yes")

    assert 'run half\n{"p": 1}remove half\n{"p": 1}' == repo.read("actions.log")
    assert None is repo.applied("a")
    assert [] == repo.plan().ids


def test_a_failed_update_stays_pending_though_the_edit_is_undone(repo: Repo) -> None:
    """
    It is not known what the try left behind, so the old value is put back by an update.
    """
    record(repo.define("a", tags=["t"], inputs={"x": 1})).fail("a.update")
    repo.define("a", tags=["t"], inputs={"x": 2}).stage()
    failed(repo.apply())
    assert {"inputs": {"x": 1}, "unfinished": unfinished("update", {"x": 2}, ["t"])} == repo.applied("a")

    repo.define("a", tags=["t"], inputs={"x": 1}).stage()
    assert {"a.update": "unfinished"} == causes(repo)

    repo.fail().ok("apply", "--yes")
    assert {"inputs": {"x": 1}} == repo.applied("a")
    assert ["a.update"] == repo.log()


def test_a_removal_that_failed_and_is_undone_is_run_again(repo: Repo) -> None:
    """
    The resource may be half gone, so its file coming back means `run`.
    """
    record(repo.define("a", inputs={"x": 1})).delete("a").stage().fail("a.remove")
    failed(repo.apply())
    assert {"inputs": {"x": 1}, "unfinished": unfinished("remove", {"x": 1})} == repo.applied("a")
    assert {"a.remove"} == set(causes(repo))

    repo.define("a", inputs={"x": 1}).stage()
    assert {"a.run": "unfinished"} == causes(repo)

    repo.fail().ok("apply", "--yes")
    assert {"inputs": {"x": 1}} == repo.applied("a")


def test_an_unfinished_update_whose_file_is_gone_is_removed(repo: Repo) -> None:
    """
    And after that nothing is left of it, neither state nor debt.
    """
    record(repo.define("a", inputs={"x": 1})).fail("a.update")
    repo.define("a", inputs={"x": 2}).stage()
    failed(repo.apply())
    repo.delete("a").stage().ok("apply", "--yes")

    assert (["a.remove"], None, "") == (repo.log(), repo.applied("a"), staged_as_applied(repo, "a"))


def test_an_unfinished_resource_does_not_join_a_selection_of_others(repo: Repo) -> None:
    """
    It comes back when it is selected or affected, and is pending otherwise.
    """
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"x": 1})).fail("a.update")
    repo.define("a", inputs={"x": 2}).stage()
    failed(repo.apply())
    repo.define("b", inputs={"x": 2}).stage()

    plan = repo.plan("b")

    assert (["b.update"], ["a.update"]) == (plan.ids, plan.raw["pending"])


def test_a_child_is_applied_with_its_parents_new_value_only_after_the_parent(repo: Repo) -> None:
    """
    db fails, so app keeps the old port, and both are in the next plan.
    """
    record(repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"})).fail("db.update")
    repo.define("db", inputs={"port": 2}).stage()
    failed(repo.apply())

    assert {"inputs": {"db": 1}} == repo.applied("app")
    assert ["db.update", "app.update"] == repo.plan().ids


@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (1, True), ([0.0], [-0.0])])
def test_a_child_whose_value_changed_in_its_type_alone_is_recorded(repo: Repo, before: object, after: object) -> None:
    """
    1, 1.0 and true differ: the child is updated, once, and what it was applied with is stored.
    """
    record(repo.define("db", inputs={"size": before}).define("app", inputs={"size": "${db.size}"}))
    repo.define("db", inputs={"size": after}).stage()

    assert 0 == repo.apply().code

    assert json.dumps(after) == json.dumps(repo.applied("app")["inputs"]["size"])
    assert [] == repo.plan().ids
    repo.ok("verify")


def test_a_child_that_failed_stays_stale_until_it_is_applied(repo: Repo) -> None:
    """
    db went through with its new port, app did not: every later plan has app.
    """
    record(repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"})).fail("app.update")
    repo.define("db", inputs={"port": 2}).stage()

    failed(repo.apply())

    assert {"inputs": {"port": 2}} == repo.applied("db")
    tried = {**unfinished("update", {"db": 2}), "form": {"inputs": {"db": "${db.port}"}}}
    assert {"inputs": {"db": 1}, "unfinished": tried} == repo.applied("app")
    assert {"app.update": "unfinished"} == causes(repo)
