"""Rules 6 and 7: explicit actions and replaces."""

from __future__ import annotations

from tests.scenarios.planning.world import cause


def test_explicit_actions_follow_the_inferred_one(repo):
    """
    Rule 6: the order they were staged in is kept after an update, after a run, and alone.
    """
    repo.define("old", inputs={"a": 1}).define("same").apply_all()
    repo.define("old", inputs={"a": 2}).define("new").stage().stage("-a", "test", "-a", "restart")

    plan = repo.plan()

    for first in ("old.update", "new.run"):
        name = first.split(".")[0]
        assert plan.comes_before(first, f"{name}.test")
    for name in ("old", "new", "same"):
        assert plan.comes_before(f"{name}.test", f"{name}.restart")
    assert cause("explicit") == plan.change("same.test")["cause"]
    assert [] == plan.change("old.test")["diff"]
    assert 8 == len(plan.ids)


def test_update_by_name_runs_again_without_a_change_and_never_twice(repo):
    """
    Rule 6: alone it is explicit; with an edit there is one update, and its cause is the edit.
    """
    repo.define("a", inputs={"v": 1}).define("b", inputs={"v": 1}).apply_all()
    repo.define("b", inputs={"v": 2}).stage().stage("-a", "update")

    plan = repo.plan()

    assert ["a.update", "b.update"] == plan.ids
    assert (cause("explicit"), []) == (plan.change("a.update")["cause"], plan.change("a.update")["diff"])
    assert cause("staged", inputs=["v"]) == plan.change("b.update")["cause"]
    assert 0 == repo.apply().code
    assert [] == repo.plan().ids


def test_explicit_actions_vanish_with_a_removal(repo):
    """
    Rule 6: a restart that waits is no obstacle, and does not run.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").delete("db").stage()

    assert ["db.remove"] == repo.plan().ids


def test_an_action_staged_on_two_branches_is_pending_after_either(repo):
    """
    Rule 6: the counter is equal, the suffix is another: a merge brings another author's restart, which did not run yet.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").ok("apply", "--yes")
    copy = repo.read(".staged/db.yaml")
    stamp = copy.split("restart: 1-")[1].split("}")[0]
    repo.write(".staged/db.yaml", copy.replace(stamp, "zzzz")).commit()

    assert ["db.restart"] == repo.plan().ids


def test_a_replace_is_remove_then_run_and_readers_update_after_it(repo):
    """
    Rule 7: by replace_on; the reader of what changed comes after the run, the reader of what did not stays out.
    """
    repo.kind("vm", replace_on=["zone"]).define("vm", kind="vm", inputs={"zone": "a", "size": 1})
    repo.define("app", inputs={"z": "${vm.zone}"}).define("web", inputs={"s": "${vm.size}"}).apply_all()
    repo.define("vm", kind="vm", inputs={"zone": "b", "size": 1}).stage()

    plan = repo.plan()

    assert ["vm.remove", "vm.run", "app.update"] == plan.ids
    assert cause("replace", inputs=["zone"]) == plan.change("vm.remove")["cause"] == plan.change("vm.run")["cause"]
    assert cause("child", "vm.run", inputs=["z"]) == plan.change("app.update")["cause"]
    assert [["vm.remove"], ["vm.run"]] == [plan.change(change)["after"] for change in ("vm.run", "app.update")]


def test_a_replaced_value_may_come_from_a_parent(repo):
    """
    Rule 7: an affected child whose replace_on input changes is replaced, too; another input of it is an update.
    """
    repo.kind("vm", replace_on=["zone"]).define("net", inputs={"zone": "a"})
    repo.define("vm", kind="vm", inputs={"zone": "${net.zone}"})
    repo.define("other", kind="vm", inputs={"zone": "a", "size": 1}).apply_all()
    repo.define("net", inputs={"zone": "b"}).define("other", kind="vm", inputs={"zone": "a", "size": 2}).stage()

    plan = repo.plan()

    assert ["net.update", "other.update", "vm.remove", "vm.run"] == sorted(plan.ids)
    assert plan.comes_before("net.update", "vm.run")


def test_another_kind_is_a_replace_with_the_old_kind_removed(repo):
    """
    Rule 7: the removal has the applied kind, the run the staged one.
    """
    repo.define("db", inputs={"a": 1}).apply_all()
    repo.define("db", kind="plain", inputs={"a": 1}).stage()

    plan = repo.plan()

    assert [("db.remove", "service"), ("db.run", "plain")] == [
        (change["id"], change["kind"]) for change in plan.raw["changes"]
    ]
    assert "replace" == plan.cause("db.run")


def test_replace_by_name(repo):
    """
    Rule 7: -a replace removes and runs an unchanged resource, once; its readers have nothing to do.
    """
    repo.define("db", inputs={"a": 1}).define("app", inputs={"a": "${db.a}"}).apply_all()
    repo.stage("db", "-a", "replace")

    plan = repo.plan()

    assert (["db.remove", "db.run"], "replace") == (plan.ids, plan.cause("db.run"))
    assert 0 == repo.apply().code
    assert (["db.remove", "db.run"], []) == (repo.log(), repo.plan().ids)
