"""Rule 1: what a difference between the staged and the applied means."""

from __future__ import annotations

from tests.scenarios.planning.world import at, cause, chain


def test_a_child_joins_only_if_a_value_it_reads_changed(repo):
    """
    Rule 1: app reads db.port, which changed; web reads db.host, which did not; order alone makes no child.
    """
    repo.define("db", inputs={"port": 1, "host": "h"}).define("app", inputs={"p": "${db.port}", "own": 1})
    repo.define("web", inputs={"h": "${db.host}"}).define("job", depends_on=["db"]).apply_all()
    repo.define("db", inputs={"port": 2, "host": "h"}).stage()

    plan = repo.plan()

    assert ["db.update", "app.update"] == plan.ids
    assert cause("staged", inputs=["port"]) == plan.change("db.update")["cause"]
    assert cause("child", "db.update", inputs=["p"]) == plan.change("app.update")["cause"]
    assert [at("p", 1, 2)] == plan.change("app.update")["diff"]


def test_children_of_children_join_as_far_as_the_value_goes(repo):
    """
    Rules 1 and 4: c hands on what changed, d what did not.
    """
    chain(repo, "a", "b", "c").define("b2", inputs={"v": "${a.v}", "same": 1}).define(
        "d", inputs={"v": "${b2.same}"}
    ).apply_all()
    repo.define("a", inputs={"v": 2}).stage()

    assert ["a.update", "b.update", "b2.update", "c.update"] == sorted(repo.plan().ids)


def test_a_value_that_comes_out_the_same_affects_no_reader(repo):
    """
    Rule 1: an input is wired differently, its resolved value is what it was applied with.
    """
    repo.define("db", inputs={"port": 5, "old": 5}).define("app", inputs={"p": "${db.old}"}).apply_all()
    repo.define("app", inputs={"p": "${db.port}"}).stage()

    plan = repo.plan()

    assert ([], ["app"]) == (plan.ids, plan.raw["recorded"])


def test_what_differs_in_nothing_that_acts_is_recorded(repo):
    """
    Rule 1: comments, tags, order and a detached reference; applying stores them and runs nothing.
    """
    repo.define("db", inputs={"port": 5}).define("app", inputs={"p": "${db.port}"}).define("order").define(
        "tags"
    ).define("text")
    repo.apply_all()
    repo.define("app", inputs={"p": 5}).define("order", depends_on=["db"]).define("tags", tags=["prod"])
    repo.write("resources/text.yaml", repo.read("resources/text.yaml") + "# a word\n").stage()
    plan = repo.plan()

    assert ([], ["app", "order", "tags", "text"]) == (plan.ids, plan.raw["recorded"])
    assert 0 == repo.apply().code
    assert ([], []) == (repo.log(), repo.plan().raw["recorded"])


def test_an_input_can_come_and_go(repo):
    """
    Rule 1: new inputs and dropped ones are differences like any other.
    """
    repo.define("db", inputs={"a": 1, "b": 1}).apply_all()
    repo.define("db", inputs={"b": 1, "c": None}).stage()

    assert [at("a", 1, None, "remove"), at("c", None, None, "add")] == repo.plan().change("db.update")["diff"]


def test_a_value_of_another_type_is_another_value(repo):
    """
    Rule 1: 1, 1.0, true and "1" look alike and are not; reordering the keys of a mapping is nothing.
    """
    repo.define("db", inputs={"a": 1, "b": 1, "c": {"x": 1, "y": 2}}).apply_all()
    repo.define("db", inputs={"c": {"y": 2, "x": 1}, "b": "1", "a": True}).stage()

    assert [at("a", 1, True), at("b", 1, "1")] == repo.plan().change("db.update")["diff"]
