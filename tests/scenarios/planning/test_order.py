"""Rules 9 to 11: order, removals, cycles."""

from __future__ import annotations

from tests.scenarios.planning.world import at, error

CIRCLE = (
    "hint: each of these waits for the one before it: drop a relation, or name what is only read under 'unordered'\n"
)


def test_the_list_form_orders_every_pair_of_actions(repo):
    """
    Rule 9: each own action comes after the parent's run and update, and waits for no other action of it.
    """
    repo.define("a", inputs={"v": 1}).define("b", depends_on=["a"]).define("c", depends_on=["a"]).apply_all()
    repo.define("a", inputs={"v": 2}).define("b", depends_on=["a"], inputs={"v": 1})
    repo.define("d", depends_on=["a"]).stage("a", "-a", "test").stage().stage("c", "-a", "restart")

    plan = repo.plan()

    for later in ("b.update", "c.restart", "d.run"):
        assert ["a.update"] == plan.change(later)["after"], later


def test_the_mapping_form_orders_only_the_actions_it_names(repo):
    """
    Rule 9: b's restart waits for a's test, b's update for nothing.
    """
    repo.define("a", inputs={"v": 1}).define("b", depends_on={"restart": ["a.test", "a.update"]}).apply_all()
    repo.define("a", inputs={"v": 2}).define("b", depends_on={"restart": ["a.test", "a.update"]}, inputs={"v": 1})
    repo.stage().stage("a", "-a", "test").stage("b", "-a", "restart")

    plan = repo.plan()

    assert plan.comes_before("a.test", "b.restart")
    assert [] == plan.change("b.update")["after"]


def test_a_connection_orders_unless_the_body_says_unordered(repo):
    """
    Rule 9: a connection implies the list form, for explicit actions too; unordered takes it out and leaves the value.
    """
    repo.define("a", inputs={"v": 1}).define("b", inputs={"v": "${a.v}"}).define(
        "c", inputs={"v": "${a.v}"}, unordered=["a"]
    ).stage()

    plan = repo.plan()

    assert (["a.run"], []) == (plan.change("b.run")["after"], plan.change("c.run")["after"])
    assert [at("v", None, 1, "add")] == plan.change("c.run")["diff"]


def test_removals_go_the_other_way_round(repo):
    """
    Rule 9: children go first, by connection and by depends_on, as applied.
    """
    repo.define("a", inputs={"v": 1}).define("b", inputs={"v": "${a.v}"}).define("c", depends_on=["b"]).apply_all()
    repo.delete("a", "b", "c").stage()

    plan = repo.plan()

    assert ["c.remove", "b.remove", "a.remove"] == plan.ids
    assert [[], ["c.remove"], ["b.remove"]] == [change["after"] for change in plan.raw["changes"]]


def test_what_ends_a_reading_comes_before_the_removal(repo):
    """
    Rule 9: app moves from the old database to the new one, which is there first; then the old one goes.
    """
    repo.define("old", inputs={"v": 1}).define("app", inputs={"v": "${old.v}"}).apply_all()
    repo.define("new", inputs={"v": 2}).define("app", inputs={"v": "${new.v}"}).delete("old").stage()

    assert ["new.run", "app.update", "old.remove"] == repo.plan().ids


def test_a_removal_with_readers_names_them_and_both_ways_out(repo):
    """
    Rule 10: a plan refuses it, too, when the staged file was deleted by hand.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"v": "${db.v}"}).define("web", inputs={"v": "${db.v}"})
    repo.apply_all()
    (repo.root / ".staged/db.yaml").unlink()

    assert (
        "error: db cannot be removed: app, web still read it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n" == error(repo)
    )


def test_a_removal_shows_what_goes(repo):
    """
    The diff of a removal, alone or of a replace, removes every leaf.
    """
    repo.define("db", inputs={"v": 1, "w": {"x": [2]}}).apply_all().delete("db").stage()

    assert [at("v", 1, None, "remove"), at("w.x.0", 2, None, "remove")] == repo.plan().change("db.remove")["diff"]


def test_a_removal_waits_for_the_reader_whose_edit_is_not_selected(repo):
    """
    Rule 10: app's staged file stopped reading db, but app is not in the plan; with it, the removal goes on.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"v": "${db.v}"}).apply_all()
    repo.define("app", inputs={"v": 2}).delete("db").stage()

    plan = repo.plan("db")

    assert ([], {"db.remove": ["app.update"]}, {"db.remove": "needs-reader"}) == (plan.ids, plan.needs, plan.held)
    assert ["app.update"] == plan.raw["pending"]
    assert ["app.update", "db.remove"] == repo.plan("db", "app").ids


def test_a_removal_waits_for_a_reader_that_would_only_be_recorded(repo):
    """
    Rule 10: app wrote down the value it had, which is no change; db's removal needs that edit all the same.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"v": "${db.v}"}).apply_all()
    repo.define("app", inputs={"v": 1}).delete("db").stage()

    assert {"db.remove": ["app.update"]} == repo.plan("db").needs
    both = repo.plan()
    assert (["db.remove"], ["app"], {}) == (both.ids, both.raw["recorded"], both.held)


def test_an_update_that_drops_a_value_waits_for_its_reader(repo):
    """
    Rule 10: db.host goes, app's edit that stops reading it is not selected; db's explicit actions wait with the update.
    """
    repo.define("db", tags=["data"], inputs={"port": 1, "host": "h"}).define(
        "app", tags=["web"], inputs={"h": "${db.host}"}
    ).apply_all()
    repo.define("db", tags=["data"], inputs={"port": 1}).define("app", tags=["web"], inputs={"h": "other"}).stage()

    plan = repo.plan("-t", "data")

    assert ([], {"db.update": ["app.update"]}, {"db.update": "needs-reader"}) == (plan.ids, plan.needs, plan.held)
    assert ["app.update", "db.update"] == sorted(repo.plan().ids)


def test_a_cycle_is_printed_action_by_action(repo):
    """
    Rule 11: only what is in the ring, not what leads there.
    """
    repo.write(".staged/a.yaml", "---\nkind: service\n---\ndepends_on: [c, x]\n")
    repo.write(".staged/b.yaml", "---\nkind: service\n---\ndepends_on: [a]\n")
    repo.write(".staged/c.yaml", "---\nkind: service\n---\ndepends_on: {run: [b.run]}\n")
    repo.write(".staged/x.yaml", "---\nkind: service\n---\n")

    assert f"error: the order of the changes goes in a circle: a.run -> b.run -> c.run -> a.run\n{CIRCLE}" == error(
        repo
    )


def test_a_ring_of_resources_whose_actions_form_no_ring_is_fine(repo):
    """
    Rule 11: a.run -> b.run -> a.join, a cluster that is joined when its first member is there.
    """
    repo.kind("node", actions=("run", "update", "remove", "join"))
    repo.define("a", kind="node", depends_on={"join": ["b.run"]}).define(
        "b", kind="node", depends_on={"run": ["a.run"]}
    )
    repo.stage().stage("-a", "join")

    plan = repo.plan()

    assert plan.comes_before("a.run", "b.run")
    assert plan.comes_before("b.run", "a.join")
