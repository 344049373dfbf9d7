"""Actions are staged by name, in the order they were asked for."""

from __future__ import annotations

import re

from tests.scenarios.staging.world import NOTHING, head, trailers


def test_an_action_is_staged_on_an_unchanged_resource(repo):
    """
    One restart of what is selected, in the file and in the commit; staged again before it ran, it is still one.
    """
    repo.define("db").define("other").apply_all()

    done = repo.ok("stage", "db", "-a", "restart")

    assert f"! db.restart\nStaged 1 file in commit {head(repo)[:12]}. Next: stagectl plan\n" == done.out
    assert ["db.restart"] == trailers(repo)
    assert NOTHING == repo.ok("stage", "db", "-a", "restart").out
    assert ["db.restart"] == repo.plan().ids


def test_an_action_can_be_staged_again_after_it_was_applied(repo):
    """
    The counter goes up, so that the second restart is pending and the first is not.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").ok("apply", "--yes")
    assert [] == repo.plan().ids

    repo.stage("db", "-a", "restart")

    assert "actions: {restart: 2-" in repo.read(".staged/db.yaml")
    assert ["db.restart"] == repo.plan().ids


def test_an_action_whose_counter_is_at_its_end_can_be_staged_again(repo):
    """
    Also where the last counter was written by hand: what is staged after it can be read, and runs once.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart")
    text = re.sub("restart: 1-[0-9a-f]+", "restart: 999999999-zz", repo.read(".staged/db.yaml"))
    repo.write(".staged/db.yaml", text).commit()
    repo.ok("apply", "--yes")

    repo.stage("db", "-a", "restart")

    assert ["db.restart"] == repo.plan().ids
    repo.ok("apply", "--yes")
    assert [] == repo.plan().ids


def test_two_actions_keep_the_order_they_were_staged_in(repo):
    """
    On one command line and on two; by the alphabet it would be the other way round.
    """
    repo.define("one").define("two").apply_all()
    repo.stage("one", "-a", "test", "-a", "restart").stage("two", "-a", "test").stage("two", "-a", "restart")

    plan = repo.plan()

    assert plan.comes_before("one.test", "one.restart")
    assert plan.comes_before("two.test", "two.restart")


def test_an_action_staged_again_goes_to_the_end(repo):
    """
    The restart was staged and applied before the test was; the new one comes after it.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").ok("apply", "--yes")
    repo.stage("db", "-a", "test").stage("db", "-a", "restart")

    assert ["db.test", "db.restart"] == repo.plan().ids


def test_an_action_that_waits_is_not_done_by_a_kind_that_does_not_have_it(repo):
    """
    A restart was staged, then the kind was changed to one that cannot restart: refused or dropped, but never "done".
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").define("db", kind="plain")

    repo.run("stage")

    assert ("plain", "restart") not in [(change["kind"], change["action"]) for change in repo.plan().raw["changes"]]


def test_a_staged_action_survives_the_next_edit(repo):
    """
    Staging an edit keeps the restart that waits, and puts it after the update.
    """
    repo.define("db", inputs={"a": 1}).apply_all()
    repo.stage("db", "-a", "restart")
    repo.define("db", inputs={"a": 2}).stage()

    plan = repo.plan()

    assert ["db.update", "db.restart"] == plan.ids
    assert plan.comes_before("db.update", "db.restart")


def test_an_action_without_a_selection_is_staged_on_everything(repo):
    """
    No selection means all resources, here one that is live and one that is new.
    """
    repo.define("db").apply_all()
    repo.define("new").stage().stage("-a", "test")

    assert ["db.test", "new.run", "new.test"] == repo.plan().ids


def test_an_action_the_kind_does_not_have_is_refused(repo):
    """
    The message lists the actions of the kind; nothing is staged, also not on the resources that have the action.
    """
    repo.define("db").define("flat", kind="plain").apply_all()
    start = head(repo)

    typo = repo.run("stage", "db", "-a", "restrat")
    other = repo.run("stage", "-a", "restart")

    assert (1, "") == (typo.code, typo.out)
    assert (
        "error: 'restrat' is no action of db, which is of kind service; did you mean 'restart'?\n"
        "hint: its actions: run, update, remove, restart, test\n" == typo.err
    )
    assert (1, "") == (other.code, other.out)
    assert (
        "error: 'restart' is no action of flat, which is of kind plain\nhint: its actions: run, update, remove\n"
        == other.err
    )
    assert start == head(repo)


def test_remove_and_run_are_not_staged_as_actions(repo):
    """
    Each refusal says what to do instead.
    """
    repo.define("db").apply_all()

    remove = repo.run("stage", "db", "-a", "remove")
    run = repo.run("stage", "db", "-a", "run")

    assert (1, "") == (remove.code, remove.out)
    assert (
        "error: 'remove' is not staged with -a\n"
        "hint: delete the definition and stage it, or: stagectl remove NAME\n" == remove.err
    )
    assert (1, "") == (run.code, run.out)
    assert "error: db is live already, so it cannot be run\nhint: to remove and run it again: -a replace\n" == run.err


def test_run_by_name_on_a_new_resource_is_its_run(repo):
    """
    The same change never appears twice.
    """
    repo.define("db").stage().stage("db", "-a", "run")

    assert ["db.run"] == repo.plan().ids
    assert 0 == repo.apply().code
    assert [] == repo.plan().ids
