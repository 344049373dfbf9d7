"""Rules 4 and 5: scope, what is held back, with children, with parents."""

from __future__ import annotations

from tests.build import Repo
from tests.scenarios.planning.world import cause, chain


def scoped(repo: Repo) -> Repo:
    """db (prod) changes; free has no tags, app is dev, and web (prod) reads app."""
    repo.define("db", tags=["prod"], inputs={"v": 1}).define("free", inputs={"v": "${db.v}"})
    repo.define("app", tags=["dev"], inputs={"v": "${db.v}"}).define(
        "web", tags=["prod"], inputs={"v": "${app.v}"}
    ).apply_all()
    return repo.define("db", tags=["prod"], inputs={"v": 2}).stage()


def test_with_tags_untagged_children_join_and_others_are_held_back(repo):
    """
    Rule 5: app is named with the reason, and shows its applied value downstream, so that web has nothing to do.
    """
    plan = scoped(repo).plan("-t", "prod")

    assert ["db.update", "free.update"] == plan.ids
    assert [
        {
            "id": "app.update",
            "resource": "app",
            "action": "update",
            "tags": ["dev"],
            "reason": "outside-selection",
            "needs": [],
            "message": "it reads what changes here, and its tags are not selected; --with-children takes it in",
            "of": ["db.update"],
        }
    ] == plan.raw["held"]
    assert [] == plan.raw["pending"]


def test_with_children_or_with_names_only_every_affected_child_joins(repo):
    """
    Rule 5: app joins, and because of it web; nothing is held: tags are no fence where none was asked for.
    """
    plan, named = scoped(repo).plan("-t", "prod", "--with-children"), repo.plan("db")

    assert (["db.update", "app.update", "free.update", "web.update"], {}) == (plan.ids, plan.held)
    assert (plan.ids, {}) == (named.ids, named.held)
    assert cause("child", "app.update", inputs=["v"]) == plan.change("web.update")["cause"]


def test_the_whole_expression_decides_about_a_child(repo):
    """
    Rule 5: the canary child has prod too, and is out of `prod and not canary`.
    """
    repo.define("db", tags=["prod"], inputs={"v": 1}).define("app", tags=["prod"], inputs={"v": "${db.v}"})
    repo.define("can", tags=["prod", "canary"], inputs={"v": "${db.v}"}).apply_all()
    repo.define("db", tags=["prod"], inputs={"v": 2}).stage()

    plan = repo.plan("-t", "prod and not canary")

    assert ["db.update", "app.update"] == plan.ids
    assert {"can.update": "outside-selection"} == plan.held


def test_a_child_held_back_is_in_every_later_plan_until_it_is_applied(repo):
    """
    Rule 5: db was applied without app; the next plan has app, though no file differs.
    """
    scoped(repo).ok("apply", "--yes", "-t", "prod")

    plan = repo.plan()

    assert ["app.update", "web.update"] == plan.ids
    assert cause("child", inputs=["v"]) == plan.change("app.update")["cause"]
    assert {"v": 1} == repo.applied("app")["inputs"]
    assert ["db.update", "free.update"] == repo.log()


def test_a_change_waits_for_a_parent_that_is_not_live(repo):
    """
    Rule 5: its other changes wait with it, and what reads it waits for it in turn.
    """
    chain(repo, "db", "app", "web").stage().stage("app", "-a", "test")

    plan = repo.plan("app", "web")

    assert [] == plan.ids
    assert {"app.run": ["db.run"], "app.test": ["db.run"], "web.run": ["app.run"]} == plan.needs
    assert {"needs-parent"} == set(plan.held.values())
    assert "it needs db.run, which is not selected; --with-parents takes it in" == plan.raw["held"][0]["message"]
    assert ["db.run"] == plan.raw["pending"]


def test_everything_that_is_missing_is_named(repo):
    """
    Several parents are reported as several.
    """
    repo.define("db").define("dns").define("app", depends_on=["db", "dns"]).stage()

    plan = repo.plan("app")

    assert {"app.run": ["db.run", "dns.run"]} == plan.needs
    assert (
        "it needs db.run, dns.run, which are not selected; --with-parents takes them in"
        == (plan.raw["held"][0]["message"])
    )


def test_a_change_waits_for_a_value_that_only_the_unselected_edit_has(repo):
    """
    Rule 5: db is live, but db.user is only staged; app's own edit waits with it, and keeps its values for web.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"own": 1}).define(
        "web", inputs={"o": "${app.own}"}
    ).apply_all()
    repo.define("db", inputs={"port": 1, "user": "me"}).define("app", inputs={"own": 2, "u": "${db.user}"}).stage()

    plan = repo.plan("app")

    assert [] == plan.ids
    assert ({"app.update": "needs-parent"}, {"app.update": ["db.update"]}) == (plan.held, plan.needs)


def test_with_parents_takes_their_staged_changes_in_transitively(repo):
    """
    Rule 5: web needs app needs db; db's other reader joins too, a stranger does not.
    """
    repo.define("base", inputs={"v": 1}).define("reader", inputs={"v": "${base.v}"}).apply_all()
    repo.define("base", inputs={"v": 2, "w": 3}).define("db", inputs={"w": "${base.w}"}).define(
        "app", depends_on=["db"]
    )
    repo.define("web", inputs={}, depends_on=["app"]).define("stranger").stage()

    plan = repo.plan("web", "--with-parents")

    assert (["app.run", "base.update", "db.run", "reader.update", "web.run"], {}) == (sorted(plan.ids), plan.held)
    assert ["stranger.run"] == plan.raw["pending"]


def test_the_list_form_waits_for_parents_and_the_mapping_form_per_action(repo):
    """
    Rule 5: db is not live: a list holds all, a mapping the action it names, a reaction nothing.
    """
    repo.define("db").define("all", depends_on=["db"]).define("run", depends_on={"run": ["db.run"]})
    repo.define("other", depends_on={"restart": ["db.run"]}).define("react", react_on={"restart": ["db.run"]}).stage()

    plan = repo.plan("all", "run", "other", "react")

    assert ["other.run", "react.run"] == plan.ids
    assert {"all.run": ["db.run"], "run.run": ["db.run"]} == plan.needs


def test_a_held_change_does_not_make_its_children_join(repo):
    """
    Rule 5: app is held for db, so its new value is not there for web, which is live and reads it.
    """
    repo.define("app", tags=["prod"], inputs={"v": 1}).define(
        "web", tags=["prod"], inputs={"v": "${app.v}"}
    ).apply_all()
    repo.define("db", tags=["dev"]).define("app", tags=["prod"], inputs={"v": 2}, depends_on=["db"]).stage()

    plan = repo.plan("-t", "prod")

    assert ([], {"app.update": "needs-parent"}) == (plan.ids, plan.held)


def test_what_is_unfinished_joins_when_it_is_selected_or_affected(repo):
    """
    Rule 5: b failed; a plan of others leaves it alone, a plan of b or of its parent has it.
    """
    chain(repo, "a", "b").define("c").apply_all()
    repo.define("b", inputs={"v": "${a.v}", "own": 1}).stage().fail("b.update").apply()
    repo.define("c", inputs={"x": 1}).stage()

    other = repo.plan("c")
    assert (["c.update"], ["b.update"]) == (other.ids, other.raw["pending"])
    repo.define("b", inputs={"v": "${a.v}"}).stage()
    plan = repo.plan("b")
    assert ["b.update"] == plan.ids
    assert "unfinished" == plan.cause("b.update")
