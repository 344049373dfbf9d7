"""The plan: who joins it and why, what is held back, in which order, and how it is shown (DESIGN.md, section 5)."""

from __future__ import annotations

import json
from typing import Any, Dict

from tests.build import Plan, Repo

CIRCLE = "hint: each of these waits for the one before it: drop one of the relations, or name it under 'unordered'\n"


def cause(kind: str, *of: str, inputs: Any = ()) -> Dict[str, Any]:
    return {"type": kind, "of": list(of), "inputs": list(inputs)}


def at(path: str, before: Any, after: Any, op: str = "replace") -> Dict[str, Any]:
    """One entry of a diff."""
    return {"path": path, "op": op, "before": before, "after": after}


def error(repo: Repo, *arguments: str) -> str:
    """What a plan that is refused says."""
    done = repo.run("plan", *arguments)
    assert (1, "") == (done.code, done.out)
    return done.err


def chain(repo: Repo, *names: str, **tags: Any) -> Repo:
    """Resources of which each hands the value of the one before it on, the first one's is 1."""
    value: Any = 1
    for name in names:
        repo.define(name, tags=tags.get(name, ()), inputs={"v": value})
        value = f"${{{name}.v}}"
    return repo


# --- rule 1: what a difference means


def test_a_child_joins_only_if_a_value_it_reads_changed(repo):
    """
    Rule 1: app reads db.port, which changed; web reads db.host, which did not; order alone makes nobody a child.
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


def test_a_value_that_comes_out_the_same_affects_nobody(repo):
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


# --- rule 2: the selection


def test_tags_and_names_choose_among_the_staged_changes(repo):
    """
    Rule 2: names and -t intersect, several of a kind mean or; what is not selected is pending.
    """
    for name, tag in (("a", "prod"), ("b", "prod"), ("c", "dev")):
        repo.define(name, tags=[tag])
    repo.stage()

    assert ["a.run", "b.run"] == repo.plan("-t", "prod").ids
    assert ["a.run", "b.run", "c.run"] == repo.plan("-t", "prod", "-t", "dev").ids
    assert ["b.run", "c.run"] == repo.plan("b", "c").ids
    both = repo.plan("b", "c", "-t", "prod")
    assert (["b.run"], ["a.run", "c.run"]) == (both.ids, both.raw["pending"])


def test_the_staged_tags_count_and_the_applied_ones_of_what_goes(repo):
    """
    Rule 2: moved was dev when it was applied; gone has no staged tags any more.
    """
    repo.define("moved", tags=["dev"]).define("gone", tags=["prod"]).define("other", tags=["dev"]).apply_all()
    repo.define("moved", tags=["prod"], inputs={"a": 1}).define("other", tags=["dev"], inputs={"a": 1}).delete(
        "gone"
    ).stage()

    plan = repo.plan("-t", "prod")

    assert ["gone.remove", "moved.update"] == plan.ids
    assert ["other.update"] == plan.raw["pending"]


def test_everything_in_a_selection_has_to_exist(repo):
    """
    Rule 2: names, globs, tags and keys, also after `not`; an empty intersection is an error, never an empty plan.
    """
    repo.define("db", tags=["prod", "tier=data"]).define("x/web", tags=["dev"]).stage()
    names = "hint: the resources there are: db, x/web\n"
    tags = "hint: the tags there are: dev, prod, tier=data\n"
    cases = {
        "+dbb": f"error: there is no resource 'dbb'; did you mean 'db'?\n{names}",
        "y/**": f"error: no resource matches 'y/**'\n{names}",
        "-t | not prd": f"error: no resource has the tag 'prd'; did you mean 'prod'?\n{tags}",
        "-t | not teir=*": f"error: no resource has the tag 'teir=*'; did you mean 'tier=*'?\n{tags}",
    }

    for arguments, message in cases.items():
        assert message == error(repo, *arguments.split(" | ")), arguments
    assert error(repo, "db", "-t", "dev").startswith("error: no resource matches db and -t 'dev'\n")
    assert error(repo, "-t", "dev and prod").startswith("error: no resource matches -t 'dev and prod'\n")


# --- rule 3: the target universe


def test_an_unselected_edit_never_leaks_into_a_plan(repo):
    """
    Rule 3: app, and a new reader, see the applied port as long as db's edit is not selected.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}", "own": 1}).apply_all()
    repo.define("db", inputs={"port": 2}).define("app", inputs={"p": "${db.port}", "own": 2})
    repo.define("new", inputs={"p": "${db.port}"}).stage()

    plan = repo.plan("app", "new")

    assert ["app.update", "new.run"] == plan.ids
    assert [at("own", 1, 2)] == plan.change("app.update")["diff"]
    assert [at("p", None, 1, "add")] == plan.change("new.run")["diff"]
    assert ["db.update"] == plan.raw["pending"]


def test_an_unselected_removal_never_leaks_into_a_plan(repo):
    """
    Rule 3: db goes and app stops reading it; app alone still plans, with db as applied.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).define(
        "web", inputs={"p": "${app.p}"}
    ).apply_all()
    repo.define("app", inputs={"p": 7}).delete("db").stage()

    plan = repo.plan("app")

    assert ["app.update", "web.update"] == plan.ids
    assert ["db.remove"] == plan.raw["pending"]


# --- rules 4 and 5: scope, held back, with children, with parents


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
    Several parents are told as several.
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


# --- rules 6 and 7: explicit actions, replace


def test_explicit_actions_follow_the_inferred_one(repo):
    """
    Rule 6: the order they were staged in is kept after an update, after a run, and alone.
    """
    repo.define("old", inputs={"a": 1}).define("same").apply_all()
    repo.define("old", inputs={"a": 2}).define("new").stage("-a", "test", "-a", "restart")

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
    repo.define("b", inputs={"v": 2}).stage("-a", "update")

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
    Rule 6: the counter is equal, the suffix is another: a merge brings somebody else's restart, which did not run yet.
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


# --- rule 8: reactions


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

    assert (["db.update"], {}, ["new.run"]) == (plan.ids, plan.held, plan.raw["pending"])


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


# --- rules 9 to 11: order, removal, cycles


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
    repo.stage("a", "-a", "test").stage("b", "-a", "restart")

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
    repo.stage("-a", "join")

    plan = repo.plan()

    assert plan.comes_before("a.run", "b.run")
    assert plan.comes_before("b.run", "a.join")


# --- rules 12 and 13: the same bytes, one cause


def test_the_same_content_gives_the_same_bytes(repo):
    """
    Rule 12: whatever the hash seed; of the ready changes the smallest id comes first.
    """
    for name in "hgfedcba":
        repo.define(name, tags=["t" + name, "x"], inputs={"v": 1, "w": {"z": 1, "a": [1, 2]}})
    repo.define("a", depends_on=["h", "g"]).define("b", react_on={"test": ["c.run", "d.run"]}).stage()

    one, two = (repo.ok("plan", "--format", "json", env={"PYTHONHASHSEED": seed}).out for seed in ("1", "4242"))

    assert one == two
    assert ["b.run", "c.run", "d.run", "b.test", "e.run", "f.run", "g.run", "h.run", "a.run"] == Plan(
        json.loads(one)
    ).ids


def test_each_change_has_the_first_cause_that_fits(repo):
    """
    Rule 13: an own edit beats being a child, a child an explicit update, and explicit a reaction.
    """
    repo.define("db", inputs={"v": 1})
    repo.define("edited", inputs={"v": "${db.v}", "w": 1}, react_on={"update": ["db.update"]})
    repo.define("child", inputs={"v": "${db.v}"}).define("named", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"v": 2}).define(
        "edited", inputs={"v": "${db.v}", "w": 2}, react_on={"update": ["db.update"]}
    )
    repo.stage().stage("child", "-a", "update").stage("named", "-a", "restart")

    causes = {change["id"]: change["cause"] for change in repo.plan().raw["changes"]}

    assert {
        "db.update": cause("staged", inputs=["v"]),
        "edited.update": cause("staged", inputs=["v", "w"]),
        "child.update": cause("child", "db.update", inputs=["v"]),
        "named.restart": cause("explicit"),
    } == causes


def test_a_reaction_comes_after_its_own_update_and_is_free_of_explicit_actions(repo):
    """
    Rule 13: app's test was staged by name; its restart is a reaction and follows the update only.
    """
    repo.define("db", inputs={"v": 1}).define(
        "app", inputs={"v": "${db.v}"}, react_on={"restart": ["db.update"]}
    ).apply_all()
    repo.define("db", inputs={"v": 2}).stage().stage("app", "-a", "test")

    plan = repo.plan()

    assert plan.comes_before("app.update", "app.restart")
    assert not plan.comes_before("app.test", "app.restart")
    assert not plan.comes_before("app.restart", "app.test")


# --- how a plan is shown


def test_the_text_of_a_plan_with_every_sign(repo):
    """
    One line per change with its sign, cause and values, then what is held back, then the summary.
    """
    repo.kind("vm", replace_on=["zone"]).define("app", tags=["dev"], inputs={"p": "${db.port}"})
    repo.define("box", kind="vm", tags=["prod"], inputs={"zone": "a"}).define("cron", tags=["prod"])
    repo.define("db", tags=["prod"], inputs={"port": 1, "host": "h"}).define("free", inputs={"url": "tcp://${db.port}"})
    repo.define("gone", tags=["prod"], inputs={"x": 1}).define("text", tags=["prod"]).apply_all()
    repo.define("box", kind="vm", tags=["prod"], inputs={"zone": "b"}).define(
        "db", tags=["prod"], inputs={"port": 2, "name": None}
    )
    repo.define("new", tags=["prod"], inputs={"n": 1, "list": ["a", {}]}).define("text", tags=["prod", "x"]).delete(
        "gone"
    )
    repo.stage().stage("cron", "-a", "restart")

    done = repo.ok("plan", "-t", "prod")

    assert (
        """\
-/+ box.remove, box.run  (replace: zone)
    zone: "a" -> "b"
! cron.restart  (staged by name)
~ db.update  (staged)
    host: "h" -> (gone)
    name: null
    port: 1 -> 2
~ free.update  (reads db.update)
    url: "tcp://1" -> "tcp://2"
- gone.remove  (staged)
+ new.run  (staged)
    list.0: "a"
    list.1: {}
    n: 1

Held back:
  ~ app.update  (outside-selection) it reads what changes here, and its tags are not selected; --with-children takes it in
Recorded, nothing runs: text

Plan: 2 to run, 2 to update, 2 to remove, 1 other; 1 held back; 1 recorded.
"""  # noqa: E501
        == done.out
    )
    assert "" == done.err


def test_the_text_of_nothing_to_do(repo):
    """
    An empty repository and one that is up to date say the same, and exit with 0 in any case.
    """
    message = "No changes. The applied state matches what is staged.\n"

    assert message == repo.ok("plan").out
    assert message == repo.define("db").apply_all().ok("plan", "--detailed-exitcode").out


def test_the_detailed_exit_code_is_2_for_changes_of_any_sort(repo):
    """
    Changes, held ones and recorded ones count; without the option a plan exits with 0.
    """
    repo.define("db").define("app", depends_on=["db"]).stage()
    assert 0 == repo.run("plan").code
    assert 2 == repo.run("plan", "--detailed-exitcode").code

    held = repo.run("plan", "app", "--detailed-exitcode", "--format", "json")
    assert (2, []) == (held.code, held.json()["changes"])

    repo.ok("apply", "--yes")
    repo.define("db", tags=["x"]).stage()
    recorded = repo.run("plan", "--detailed-exitcode", "--format", "json")
    assert (2, ["db"]) == (recorded.code, recorded.json()["recorded"])


def test_head_plans_a_commit_instead_of_the_working_tree(repo):
    """
    Staged files, kinds and config come from the commit; what lies around in the working tree does not count.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    repo.define("db", inputs={"v": 2}).stage()
    earlier = repo.git("rev-parse", "HEAD").strip()
    repo.define("db", inputs={"v": 3}).stage()
    repo.write(".staged/db.yaml", "---\nkind: nonsense\n---\n").write("kinds/service.yaml", "broken: [")

    plan = repo.plan("--head", "HEAD~1")

    assert [at("v", 1, 2)] == plan.change("db.update")["diff"]
    assert {"commit": earlier, "dirty": False} == plan.raw["head"]


def test_base_plans_against_an_applied_commit_or_any_other(repo):
    """
    A commit of the applied branch counts as it was applied; any other one's staged files count as fully applied.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"v": "${db.v}"}).apply_all()
    repo.define("db", inputs={"v": 2}).stage()
    staged = repo.git("rev-parse", "HEAD").strip()
    repo.ok("apply", "--yes")
    repo.define("db", inputs={"v": 3}).stage()
    applied = repo.git("rev-parse", "stagectl/applied~1").strip()

    first = repo.plan("--base", "stagectl/applied~1")
    second = repo.plan("--base", staged)

    assert [at("v", 1, 3)] == first.change("db.update")["diff"] == first.change("app.update")["diff"]
    assert [at("v", 2, 3)] == second.change("db.update")["diff"] == second.change("app.update")["diff"]
    assert {"commit": applied} == first.raw["base"]


def test_a_commit_that_is_not_there_is_an_error(repo):
    """
    For --head and for --base.
    """
    repo.define("db").stage()

    for option in ("--head", "--base"):
        assert "error: there is no commit 'nosuch'\nhint: see the commits with: stagectl log\n" == error(
            repo, option, "nosuch"
        )


def test_explain_tells_why_a_resource_is_in_the_plan_or_not(repo):
    """
    The chain of causes down to the line that was edited; why it is held; or that nothing of it differs.
    """
    chain(repo, "a", "b", "c", a=["prod"], b=["prod"], c=["dev"]).define("d").apply_all()
    repo.define("a", tags=["prod"], inputs={"v": 2}).stage()

    assert (
        "~ b.update  (reads a.update)\n    v: 1 -> 2\n  ~ a.update  (staged)\n      v: 1 -> 2  [resources/a.yaml:7]\n"
        == repo.ok("plan", "-t", "prod", "--explain", "b").out
    )
    assert (
        "c.update is held back (outside-selection): "
        "it reads what changes here, and its tags are not selected; --with-children takes it in\n"
        == repo.ok("plan", "-t", "prod", "--explain", "c").out
    )
    assert (
        "d has no change in this plan: nothing it reads, and nothing staged of it, differs from what is applied\n"
        == repo.ok("plan", "--explain", "d").out
    )
    assert "error: there is no resource 'dd'; did you mean 'd'?\nhint: the resources there are: a, b, c, d\n" == error(
        repo, "--explain", "dd"
    )


def test_uncommitted_edits_are_planned_and_said(repo):
    """
    `dirty` in JSON, a warning beside the text; the plan id does not depend on it.
    """
    repo.define("db", inputs={"v": 1}).stage()
    copy = repo.read(".staged/db.yaml")
    repo.write(".staged/db.yaml", copy.replace("1", "2"))
    text, dirty = repo.ok("plan"), repo.plan()
    repo.commit()
    clean = repo.plan()

    assert "warning: planned with uncommitted changes\n" == text.err
    assert (True, False) == (dirty.raw["head"]["dirty"], clean.raw["head"]["dirty"])
    assert dirty.raw["plan_id"] == clean.raw["plan_id"]


def test_the_plan_id_is_about_what_would_happen_and_nothing_else(repo):
    """
    An unrelated commit, an unselected edit and a comment leave it; a value, the selection and a kind change it.
    """
    repo.define("db", inputs={"v": 1}).define("other").stage()
    first = repo.plan("db").raw["plan_id"]

    repo.define("other", inputs={"x": 1}).stage("other").write("notes", "x").commit()
    assert first == repo.plan("db").raw["plan_id"]
    ids = [first, repo.plan("db", "--with-children").raw["plan_id"]]
    repo.kind("service", actions=("run", "update", "remove", "restart", "test"), timeout=7)
    ids.append(repo.plan("db").raw["plan_id"])
    repo.define("db", inputs={"v": 2}).stage()
    ids.append(repo.plan("db").raw["plan_id"])

    assert 4 == len(set(ids))


def test_the_json_of_a_small_plan(repo):
    """
    Every documented key with its value; more keys may stand beside them.
    """
    repo.define("db", tags=["prod"], inputs={"port": 5432, "urls": [{"port": 1}], "labels": {"a.b": "x"}, "e": []})
    repo.define("app", tags=["prod", "x"], inputs={"p": "${db.port}"}).apply_all()
    applied = repo.git("rev-parse", "stagectl/applied").strip()
    repo.define("db", tags=["prod"], inputs={"port": 5433, "urls": [{"port": 2}], "labels": {"a.b": "y"}, "e": [None]})
    repo.define("new", tags=["dev"]).stage()
    raw = repo.plan("-t", "prod").raw

    assert 64 == len(raw["plan_id"])
    documented = {
        "format_version": "1.0",
        "base": {"commit": applied},
        "head": {"commit": repo.git("rev-parse", "HEAD").strip(), "dirty": False},
        "selection": {"tags": ["prod"], "names": [], "with_children": False, "with_parents": False},
        "changes": [
            {
                "id": "db.update",
                "resource": "db",
                "action": "update",
                "kind": "service",
                "tags": ["prod"],
                "cause": cause("staged", inputs=["e", "labels", "port", "urls"]),
                "diff": [
                    at("e", [], None, "remove"),
                    at("e.0", None, None, "add"),
                    at('labels["a.b"]', "x", "y"),
                    at("port", 5432, 5433),
                    at("urls.0.port", 1, 2),
                ],
                "after": [],
                "wave": 0,
            },
            {
                "id": "app.update",
                "resource": "app",
                "action": "update",
                "kind": "service",
                "tags": ["prod", "x"],
                "cause": cause("child", "db.update", inputs=["p"]),
                "diff": [at("p", 5432, 5433)],
                "after": ["db.update"],
                "wave": 1,
            },
        ],
        "held": [],
        "recorded": [],
        "pending": ["new.run"],
        "summary": {"run": 0, "update": 2, "remove": 0, "other": 0, "held": 0, "recorded": 0, "waves": 2},
    }
    for change in raw["changes"]:
        extra = {key: change.pop(key) for key in ("digests", "triggers", "stamps")}
        assert {"before", "inputs"} == extra["digests"].keys()
    assert documented == {key: raw[key] for key in documented}


def test_a_sensitive_value_is_never_shown(repo):
    """
    The input, and whatever reads it, is null and marked in JSON, and a word in text.
    """
    repo.kind("vault", sensitive=["password"]).define("db", kind="vault", inputs={"password": "${env:DB_PASSWORD}"})
    repo.define("app", kind="vault", inputs={"password": "${db.password}", "user": "me"}).stage()
    environment = {"DB_PASSWORD": "hunter2"}

    plan = repo.ok("plan", "--format", "json", env=environment)
    text = repo.ok("plan", env=environment)

    for change in plan.json()["changes"]:
        assert {**at("password", None, None, "add"), "sensitive": True} in change["diff"]
    assert 2 == text.out.count("    password: (sensitive)\n")
    for output in (plan.out, plan.err, text.out, text.err):
        assert "hunter2" not in output


def test_pending_has_what_a_plan_of_everything_would_do_for_the_rest(repo):
    """
    Staged, explicit, replaced and unfinished changes that were not selected; no children, no reactions.
    """
    repo.define("sel", tags=["x"]).define("a", inputs={"v": 1}).define("b", inputs={"v": "${a.v}"}).define(
        "c", react_on={"test": ["a.update"]}
    )
    repo.define("d").define("e").define("f").apply_all()
    repo.define("f", inputs={"v": 1}).stage().fail("f.update").apply()
    repo.define("a", inputs={"v": 2}).define("d", kind="plain").define(
        "sel", tags=["x"], inputs={"v": 1}
    ).stage().stage("e", "-a", "test")

    plan = repo.plan("sel")

    assert ["sel.update"] == plan.ids
    assert ["a.update", "d.remove", "d.run", "e.test", "f.update"] == plan.raw["pending"]


def test_a_held_replace_has_both_ids(repo):
    """
    The change of kind waits for a parent that is not selected.
    """
    repo.define("db").apply_all()
    repo.define("db", kind="plain", depends_on=["new"]).define("new").stage()

    plan = repo.plan("db")

    assert ([], {"db.remove": ["new.run"], "db.run": ["new.run"]}) == (plan.ids, plan.needs)


def test_planning_writes_nothing(repo):
    """
    No ref, no object, no index and no file changes by looking.
    """
    repo.define("db").define("app", depends_on=["db"]).stage()

    def state() -> Any:
        return {str(path): path.read_bytes() for path in repo.root.rglob("*") if path.is_file()}

    before = state()
    repo.plan()

    assert before == state()
