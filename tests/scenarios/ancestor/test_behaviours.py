"""What the ancestor did, item by item."""

from __future__ import annotations

from tests.scenarios.ancestor.world import NO_CHANGES, at, history, pair


def test_a_changed_input_is_one_change_with_its_difference(repo):
    """
    Behaviour 1: from the applied to the new value, and nothing else.
    """
    repo.define("db", inputs={"port": 1, "host": "h"}).define("other", inputs={"a": 1}).apply_all()
    repo.define("db", inputs={"port": 2, "host": "h"}).stage()

    plan = repo.plan()

    assert ["db.update"] == plan.ids
    assert [at("port", 1, 2)] == plan.change("db.update")["diff"]


def test_run_for_the_new_update_for_the_applied_remove_for_the_removed(repo):
    """
    Behaviour 2: one after the other, for the same resource; after the removal it is new again.
    """
    for value in (1, 2, None, 3):
        if value is None:
            repo.delete("db")
        else:
            repo.define("db", inputs={"v": value})
        repo.stage().ok("apply", "--yes")

    assert ["db.run", "db.update", "db.remove", "db.run"] == repo.log()


def test_applying_moves_a_change_into_the_history(repo):
    """
    Behaviour 3: nothing is left to do; the log has the apply; inputs and connections are stored as applied.
    """
    pair(repo).stage().ok("apply", "--yes")

    assert NO_CHANGES == repo.ok("plan").out
    assert [("apply", ["db.run", "app.run"]), ("stage", ["app.run", "db.run"])] == [
        (entry["type"], entry["changes"] if entry["type"] == "apply" else sorted(entry["changes"]))
        for entry in history(repo)
    ]
    assert {"p": 1} == repo.applied("app")["inputs"]
    assert "${db.port}" in repo.git("show", f"{repo.branch}:./.staged/app.yaml")


def test_children_join_only_if_their_effective_value_changed(repo):
    """
    Behaviour 4: a connected child whose value stays is not touched, transitively.
    """
    repo.define("db", inputs={"port": 1, "host": "h"}).define("app", inputs={"p": "${db.port}"})
    repo.define("web", inputs={"h": "${db.host}"}).define("far", inputs={"p": "${app.p}"}).apply_all()
    repo.define("db", inputs={"port": 2, "host": "h"}).stage()

    assert ["db.update", "app.update", "far.update"] == repo.plan().ids


def test_removing_a_parent_stages_its_removal_only(repo):
    """
    Behaviour 5: readers are named and nothing is staged; once they stopped reading, only the parent goes.
    """
    pair(repo).apply_all().delete("db")

    assert repo.run("stage").err.startswith("error: db cannot be removed: app still reads it\n")
    repo.define("app", inputs={"p": 1}).stage()
    assert (["db.remove"], ["app"]) == (repo.plan().ids, repo.plan().raw["recorded"])


def test_a_removed_resource_is_gone_only_after_the_removal_was_applied(repo):
    """
    Behaviour 6: until then it is live, and a failed removal leaves it so.
    """
    repo.define("db", inputs={"v": 1}).apply_all().delete("db").stage().fail("db.remove")

    assert {"v": 1} == repo.applied("db")["inputs"]
    assert 1 == repo.apply().code
    assert (["db.remove"], True) == (repo.plan().ids, repo.applied("db") is not None)
    assert 0 == repo.fail().apply().code
    assert (NO_CHANGES, None) == (repo.ok("plan").out, repo.applied("db"))


def test_a_new_connection_brings_the_parents_value_and_goes_with_it(repo):
    """
    Behaviour 7: the receiver sees the parent's value; without the connection its own value returns.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": 9}).apply_all()

    connected = repo.define("app", inputs={"p": "${db.port}"}).stage().plan()
    repo.ok("apply", "--yes")
    apart = repo.define("app", inputs={"p": 9}).stage().plan()

    assert (["app.update"], [at("p", 9, 1)]) == (connected.ids, connected.change("app.update")["diff"])
    assert (["app.update"], [at("p", 1, 9)]) == (apart.ids, apart.change("app.update")["diff"])


def test_a_difference_leads_to_the_new_state_and_back(repo):
    """
    Behaviour 8: add, change and remove are distinguished; git's inverse of the staging gives the inverse difference.
    """
    repo.define("db", inputs={"same": 0, "changed": [1, 2], "gone": "x"}).apply_all()
    repo.define("db", inputs={"same": 0, "changed": [1, 3], "new": True}).stage()
    there = repo.plan().change("db.update")["diff"]
    repo.ok("apply", "--yes")
    assert {"same": 0, "changed": [1, 3], "new": True} == repo.applied("db")["inputs"]

    repo.git("revert", "--no-edit", "HEAD")
    back = repo.plan().change("db.update")["diff"]
    repo.ok("apply", "--yes")

    assert [at("changed.1", 2, 3), at("gone", "x", None, "remove"), at("new", None, True, "add")] == there
    assert [at("changed.1", 3, 2), at("gone", None, "x", "add"), at("new", True, None, "remove")] == back
    assert {"same": 0, "changed": [1, 2], "gone": "x"} == repo.applied("db")["inputs"]


def test_a_revert_restores_removes_and_creates_again(repo):
    """
    Behaviour 9: of an update, a creation and a removal; a value that came through a connection returns, too.
    """
    pair(repo).apply_all()
    repo.define("db", inputs={"port": 2}).stage().ok("revert", "HEAD")
    assert [] == repo.plan().ids
    repo.define("new", inputs={"a": 1}).stage().ok("apply", "--yes")
    repo.ok("revert", "HEAD")
    assert ["new.remove"] == repo.plan().ids
    repo.ok("apply", "--yes")
    repo.ok("remove", "app")
    repo.ok("apply", "--yes")

    repo.ok("revert", "HEAD")

    plan = repo.plan()
    assert ["app.run"] == plan.ids
    assert [at("p", None, 1, "add")] == plan.change("app.run")["diff"]


def test_discarding_takes_back_all_or_one(repo):
    """
    Behaviour 10: creations vanish, removals are unmarked, updates and connections go back.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).define("old").apply_all()
    repo.define("db", inputs={"port": 2}).define("app", inputs={"p": 9}).delete("old").define("new").stage()
    assert ["app.update", "db.update", "new.run", "old.remove"] == sorted(repo.plan().ids)

    repo.ok("discard", "app")
    assert ["app.update", "db.update", "new.run", "old.remove"] == sorted(repo.plan().ids)
    assert ([at("p", 1, 2)], "child") == (repo.plan().change("app.update")["diff"], repo.plan().cause("app.update"))

    repo.ok("discard", "--all")
    assert NO_CHANGES == repo.ok("plan").out
    assert [True, False] == [(repo.root / f"resources/{name}.yaml").exists() for name in ("old", "new")]
    assert "${db.port}" in repo.read("resources/app.yaml")


def test_children_of_a_discarded_removal_are_untouched(repo):
    """
    Behaviour 10: what the child was given meanwhile stays staged, and nothing else of it is.
    """
    pair(repo).apply_all()
    repo.delete("db").define("app", inputs={"p": 5}).stage()
    staged = repo.read(".staged/app.yaml")

    repo.ok("discard", "db")

    assert (["app.update"], [at("p", 1, 5)]) == (repo.plan().ids, repo.plan().change("app.update")["diff"])
    assert staged == repo.read(".staged/app.yaml")


def test_an_action_by_tag_is_one_change_for_each_that_matches(repo):
    """
    Behaviour 11: a plan by tag takes only those, several tags mean or, and the same changes can be planned again.
    """
    repo.define("a", tags=["x"]).define("b", tags=["x", "y"]).define("c", tags=["z"]).apply_all()

    staged = repo.ok("stage", "-t", "x", "-t", "z", "-a", "restart").out.splitlines()[:-1]

    assert ["! a.restart", "! b.restart", "! c.restart"] == staged
    assert ["b.restart"] == repo.plan("-t", "y").ids
    assert ["b.restart", "c.restart"] == repo.plan("-t", "y", "-t", "z").ids
    assert ["a.restart", "b.restart"] == repo.plan("-t", "x").ids


def test_tag_queries(repo):
    """
    Behaviour 12: bare, with a value, with any value, and, or, brackets.
    """
    for name, tags in {"a": ["t1", "t2"], "b": ["t1", "k=v"], "c": ["k=w"]}.items():
        repo.define(name, tags=tags)
    repo.stage()
    cases = {
        "k=v": ["b"],
        "k=*": ["b", "c"],
        "t1&t2": ["a"],
        "t1, k=v": ["b"],
        "t2|k=w": ["a", "c"],
        "(t2|t1)&k=v": ["b"],
        "t1&(t2|k=w)": ["a"],
    }

    assert cases == {query: [change[:1] for change in repo.plan("-t", query).ids] for query in cases}


def test_depends_on_orders_only_and_react_on_adds(repo):
    """
    Behaviour 13: ordered is not added; a reaction is, transitively, also on an action of the same resource,
    and edges seen earlier count again for what a reaction added.
    """
    repo.define("a", inputs={"v": 1}).define("ordered", depends_on=["a"])
    repo.define("r1", react_on={"restart": ["a.update"], "test": ["r1.restart"]})
    repo.define("b", depends_on={"restart": ["r1.test"]}, react_on={"restart": ["a.update"]}).apply_all()
    repo.define("a", inputs={"v": 2}).stage()

    plan = repo.plan()

    assert ["a.update", "r1.restart", "r1.test", "b.restart"] == plan.ids
    assert ["a.update", "r1.test"] == plan.change("b.restart")["after"]
