"""Rule 8: reactions."""

from __future__ import annotations

from tests.scenarios.planning.world import cause


def test_reactions_are_added_until_nothing_new_appears(repo):
    """
    Rule 8: b reacts on a, c on b's reaction, and c again on its own restart; nothing of them was staged.
    """
    repo.define("a", inputs={"v": 1}).define("b", react_on={"restart": ["a.update"]})
    repo.define("c", react_on={"restart": ["b.restart"], "test": ["c.restart"]}).define(
        "d", react_on={"restart": ["a.run"]}
    ).apply_all()
    repo.define("a", inputs={"v": 2}).stage()

    plan = repo.plan()

    assert ["a.update", "b.restart", "c.restart", "c.test"] == plan.ids
    assert cause("reaction", "b.restart") == plan.change("c.restart")["cause"]
    assert [] == plan.change("c.restart")["diff"]


def test_an_update_reaction_is_satisfied_by_a_run(repo):
    """
    Rule 8: app is being run, so its update on db.update is done by that, after db's.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    repo.define("db", inputs={"v": 2}).define("app", react_on={"update": ["db.update"]}).stage()

    plan = repo.plan()

    assert ["app.run", "db.update"] == sorted(plan.ids)


def test_reactions_of_what_is_not_live_and_run_on_what_is_are_left_out(repo):
    """
    Rule 8: new is staged but not selected, live cannot be run twice; neither is held.
    """
    repo.define("db", inputs={"v": 1}).define("live", react_on={"run": ["db.update"]}).apply_all()
    repo.define("db", inputs={"v": 2}).define("new", react_on={"restart": ["db.update"]}).stage()

    plan = repo.plan("db")

    assert (["db.update"], {}, ["new.restart", "new.run"]) == (plan.ids, plan.held, plan.raw["pending"])


def test_reactions_vanish_with_a_removal(repo):
    """
    Rule 8: app reacts on db.update, and goes in the same plan.
    """
    repo.define("db", inputs={"v": 1}).define("app", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"v": 2}).delete("app").stage()

    assert ["app.remove", "db.update"] == sorted(repo.plan().ids)


def test_scope_holds_for_reactions_and_a_held_one_is_owed(repo):
    """
    Rule 8: web is outside of prod; once db was applied, web's restart is owed and comes with the next plan.
    """
    repo.define("db", tags=["prod"], inputs={"v": 1}).define("web", tags=["dev"], react_on={"restart": ["db.update"]})
    repo.define("free", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", tags=["prod"], inputs={"v": 2}).stage()

    plan = repo.plan("-t", "prod")
    assert (["db.update", "free.restart"], {"web.restart": "outside-selection"}) == (plan.ids, plan.held)
    assert (
        "it reacts on db.update, and its tags are not selected; --with-children takes it in"
        == plan.raw["held"][0]["message"]
    )

    repo.ok("apply", "--yes", "-t", "prod")
    owed = repo.plan()
    assert (["web.restart"], cause("owed", "db.update")) == (owed.ids, owed.change("web.restart")["cause"])


def test_the_run_of_a_replace_counts_as_an_update_for_reactions(repo):
    """
    Rule 8: who reacts on db.update reacts when db is replaced, after its run.
    """
    repo.define("db").define("app", react_on={"restart": ["db.update"]}).apply_all()
    repo.stage("db", "-a", "replace")

    plan = repo.plan()

    assert ["db.remove", "db.run", "app.restart"] == plan.ids
    assert ["db.run"] == plan.change("app.restart")["after"]
