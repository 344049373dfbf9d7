"""What went wrong in the ancestor, item by item, and does not here."""

from __future__ import annotations

import json
import os
import sys
from typing import Tuple

import pytest

from tests.build import Repo
from tests.scenarios.ancestor.world import NO_CHANGES, at, history, pair


def seconds_used() -> float:
    """Processor time, of commands that ran here and in processes of their own; a clock would measure the machine."""
    return sum(os.times()[:4])


def test_a_plan_by_tag_keeps_the_children(repo):
    """
    W1: the child that has no tags joins; one with the tag carries its tags into the plan.
    """
    repo.define("db", tags=["x"], inputs={"port": 1}).define("app", inputs={"p": "${db.port}"})
    repo.define("web", tags=["x", "y"], inputs={"p": "${app.p}"}).apply_all()
    repo.define("db", tags=["x"], inputs={"port": 2}).stage()

    plan = repo.plan("-t", "x")

    assert ["db.update", "app.update", "web.update"] == plan.ids
    assert [["x"], [], ["x", "y"]] == [change["tags"] for change in plan.raw["changes"]]


def test_a_failed_change_is_not_forgotten(repo):
    """
    W2: it stays pending, and so does what was skipped after it, even when the edit is undone.
    """
    pair(repo).apply_all()
    pair(repo, port=2).stage().fail("db.update")

    assert 1 == repo.apply().code
    assert ["db.update", "app.update"] == repo.plan().ids

    pair(repo, port=1).stage()
    plan = repo.plan()
    assert (["db.update"], "unfinished") == (plan.ids, plan.cause("db.update"))
    assert 0 == repo.fail().apply().code
    assert [] == repo.plan().ids


def test_a_child_that_failed_alone_is_planned_again(repo):
    """
    W2: the parent is applied with its new value, the child stays in every plan until it has it.
    """
    pair(repo).apply_all()
    pair(repo, port=2).stage().fail("app.update")

    assert 1 == repo.apply().code
    assert ({"port": 2}, ["app.update"]) == (repo.applied("db")["inputs"], repo.plan().ids)
    assert 0 == repo.fail().apply().code
    assert {"p": 2} == repo.applied("app")["inputs"]


def test_a_value_edited_while_a_plan_runs_is_not_lost(repo):
    """
    W3: the action itself stages the next value; the apply records what it ran with, and the next plan has the rest.
    """
    edit = f"sed -i.bak s/2/3/ resources/db.yaml && rm resources/db.yaml.bak && {sys.executable} -m stagectl stage >&2"
    repo.write("kinds/live.yaml", json.dumps({"actions": {"update": ["sh", "-c", edit]}}))
    repo.define("db", kind="live", inputs={"v": 1}).apply_all()
    repo.define("db", kind="live", inputs={"v": 2}).stage()

    repo.ok("apply", "--yes")

    assert {"v": 2} == repo.applied("db")["inputs"]
    assert [at("v", 2, 3)] == repo.plan().change("db.update")["diff"]


def test_a_value_edited_after_planning_is_not_applied_by_the_old_plan(repo):
    """
    W3: --expect refuses every other plan, and nothing runs.
    """
    repo.define("db", inputs={"v": 1}).stage()
    reviewed = repo.plan().raw["plan_id"]
    repo.define("db", inputs={"v": 2}).stage()

    done = repo.run("apply", "--expect", reviewed)

    assert (1, []) == (done.code, repo.log())
    assert reviewed[:12] in done.err
    assert 0 == repo.run("apply", "--expect", repo.plan().raw["plan_id"]).code


def test_a_plan_has_the_children_however_the_edit_got_there(repo):
    """
    W4: the staged file was edited and it was not staged.
    """
    pair(repo).apply_all()
    repo.write(".staged/db.yaml", repo.read(".staged/db.yaml").replace("1", "2"))

    assert ["db.update", "app.update"] == repo.plan().ids


def test_a_staged_action_can_be_taken_back(repo):
    """
    W5: reverting the commit that staged it leaves nothing to do, and the action can be staged again.
    """
    repo.define("db").apply_all()
    repo.stage("db", "-a", "restart").git("revert", "--no-edit", "HEAD")

    assert NO_CHANGES == repo.ok("plan").out
    assert ["db.restart"] == repo.stage("db", "-a", "restart").plan().ids


@pytest.mark.parametrize("command", [("discard", "db"), ("unstage", "db"), ("revert", "HEAD"), ("discard", "--all")])
def test_a_staged_action_is_no_different_from_an_edit(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    W5: every command that takes something back takes a staged action back, too, and goes on to the rest.
    """
    repo.define("db").define("app", inputs={"v": 1}).apply_all()
    if "--all" in command:
        repo.define("app", inputs={"v": 2}).define("new").stage()
    repo.stage("-a", "restart", "db", "app", "new") if "--all" in command else repo.stage("db", "-a", "restart")

    repo.ok(*command)

    assert NO_CHANGES == repo.ok("plan").out


def test_what_is_printed_works_where_it_is_asked_for(repo):
    """
    W6: the commit that stage, apply and log print, and the plan's id.
    """
    repo.define("db", inputs={"v": 1})
    staged = repo.ok("stage").out.split("commit ")[1].split(".")[0]
    assert repo.git("rev-parse", "HEAD").startswith(staged)
    plan_id = repo.plan("--head", staged).raw["plan_id"]
    applied = repo.ok("apply", "--expect", plan_id).out.split("commit ")[1].split(".")[0]
    printed = repo.ok("log").out.split()[0]
    repo.define("db", inputs={"v": 2}).stage()

    assert printed == applied
    assert [at("v", 1, 2)] == repo.plan("--base", printed).change("db.update")["diff"]
    assert "v: 1" in repo.ok("show", "db", "--at", staged).out


def test_a_restart_of_a_child_does_not_suppress_its_update(repo):
    """
    W7: both run, the update first, and only then is the child applied.
    """
    pair(repo).apply_all()
    pair(repo, port=2).stage().stage("app", "-a", "restart")

    assert ["db.update", "app.update", "app.restart"] == repo.plan().ids
    repo.ok("apply", "--yes")
    assert ["db.update", "app.update", "app.restart"] == repo.log()
    assert {"p": 2} == repo.applied("app")["inputs"]


def test_two_actions_of_a_resource_are_ordered_and_share_no_difference(repo):
    """
    W8: the update has the difference, the restart has none and follows it.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    repo.define("db", inputs={"v": 2}).stage().stage("-a", "restart")

    plan = repo.plan()

    assert ([at("v", 1, 2)], []) == (plan.change("db.update")["diff"], plan.change("db.restart")["diff"])
    assert ["db.update"] == plan.change("db.restart")["after"]


def test_a_creation_that_was_taken_back_leaves_nothing(repo):
    """
    W8: never `run` and `remove` of one resource; its explicit action goes, too.
    """
    repo.define("db").stage().stage("-a", "restart").delete("db").stage()

    assert NO_CHANGES == repo.ok("plan").out


def test_rings_are_reported_by_their_names(repo):
    """
    W9: two resources connected both ways are fine if the values allow it; a ring of values or of actions is printed.
    """
    repo.define("a", inputs={"x": "${b.y}", "z": 1}).define("b", inputs={"y": "${a.x}"})
    assert (
        "resources/a.yaml:7:8: this input needs itself: a.x -> b.y -> a.x\n"
        "resources/b.yaml:7:8: this input needs itself: a.x -> b.y -> a.x\n" == repo.run("stage").err
    )

    repo.define("b", inputs={"y": 2, "w": "${a.z}"})
    assert "a.run -> b.run -> a.run" in repo.run("stage").err

    repo.define("b", inputs={"y": 2, "w": "${a.z}"}, unordered=["a"])
    assert ["b.run", "a.run"] == repo.stage().plan().ids


def test_disconnecting_tags_and_new_inputs_are_noticed(repo):
    """
    W10: a value of its own instead of the parent's, other tags, one input more: each is in the plan.
    """
    pair(repo).define("tags").define("more", inputs={"a": 1}).apply_all()
    repo.define("app", inputs={"p": 5}).define("tags", tags=["x"]).define("more", inputs={"a": 1, "b": 2}).stage()

    plan = repo.plan()

    assert ["app.update", "more.update"] == plan.ids
    assert ["tags"] == plan.raw["recorded"]


def test_children_of_a_removed_parent_are_noticed(repo):
    """
    W10: the child that moves to another value is in the plan, before the parent goes.
    """
    pair(repo).apply_all()
    repo.define("app", inputs={"p": 5}).delete("db").stage()

    assert ["app.update", "db.remove"] == repo.plan().ids


def test_a_value_set_back_leaves_the_plan_and_takes_its_children_along(repo):
    """
    W11: no empty difference, neither of the parent nor of the child.
    """
    pair(repo).apply_all()
    pair(repo, port=2).stage()
    pair(repo, port=1).stage()

    assert NO_CHANGES == repo.ok("plan").out
    assert ["Nothing to do. What is defined is staged, committed and applied."] == repo.ok("status").out.splitlines()[
        1:
    ]


def test_a_parent_discarded_alone_takes_its_children_along(repo):
    """
    W11: the child that was in the plan for the parent's value is in none any more; an edit of its own stays.
    """
    pair(repo).define("web", inputs={"p": "${db.port}", "own": 1}).apply_all()
    pair(repo, port=2).define("web", inputs={"p": "${db.port}", "own": 2}).stage()
    assert ["db.update", "app.update", "web.update"] == repo.plan().ids

    repo.ok("discard", "db")

    assert (["web.update"], [at("own", 1, 2)]) == (repo.plan().ids, repo.plan().change("web.update")["diff"])


def test_a_removal_taken_back_makes_the_next_change_an_update(repo):
    """
    W12: the resource is live all the time.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    repo.delete("db").stage()
    repo.define("db", inputs={"v": 2}).stage()

    assert ["db.update"] == repo.plan().ids


def test_a_child_that_was_never_applied_gets_no_update(repo):
    """
    W12: it is created, or it is not in the plan at all.
    """
    repo.define("db", inputs={"port": 1}).apply_all()
    pair(repo, port=2).stage()

    assert ["db.update", "app.run"] == repo.plan().ids
    assert (["db.update"], ["app.run"]) == (repo.plan("db").ids, repo.plan("db").raw["pending"])


def test_staged_changes_are_applied_once(repo):
    """
    W13: the plan that was applied is no plan any more; asked for again it is refused.
    """
    repo.define("db").stage().stage("-a", "restart")
    plan_id = repo.plan().raw["plan_id"]
    repo.ok("apply", "--expect", plan_id)

    again = repo.run("apply", "--expect", plan_id)

    assert (1, ["db.run", "db.restart"]) == (again.code, repo.log())
    assert NO_CHANGES == repo.ok("plan").out


def test_an_unmatched_tag_and_an_unknown_action_are_errors(repo):
    """
    W13: no empty plan, no silent apply, no action that does not exist.
    """
    repo.define("db", tags=["prod"]).stage()
    message = "error: no resource has the tag 'prdo'; did you mean 'prod'?\nhint: the tags there are: prod;"
    message += " one that may match nothing: 'vocabulary' in stagectl.yaml\n"

    for command in ("stage", "plan", "apply"):
        done = repo.run(command, "-t", "prdo", *(["--yes"] if command == "apply" else []))
        assert (1, "", message) == (done.code, done.out, done.err), command
    assert repo.run("stage", "-a", "restrat").err.startswith("error: 'restrat' is no action of db")


def test_an_unknown_action_in_a_staged_file_is_an_error(repo):
    """
    W13: it came with a merge or by hand; to record it as done would be a lie.
    """
    repo.write(".staged/db.yaml", "---\nkind: service\nactions: {restrat: 1-abcd}\n---\n").commit()

    done = repo.run("plan")

    assert (1, "") == (done.code, done.out)
    assert done.err.startswith(".staged/db.yaml:3:11: 'restrat' is no action of kind service; did you mean 'restart'")


def test_the_log_of_an_unknown_name_is_an_error(repo):
    """
    W13: "nothing was staged or applied yet" would not be true.
    """
    repo.define("db").stage()

    done = repo.run("log", "dbb")

    assert (1, "") == (done.code, done.out)
    assert done.err.startswith("error: there is no resource 'dbb'; did you mean 'db'?\n")


def test_tags_with_dots_and_colons_match_and_binds_before_or(repo):
    """
    W14: a&b|c is (a&b)|c, however it is ordered.
    """
    for name, tags in {"a": ["x", "y"], "b": ["z"], "c": ["x"], "d": ["v1.2", "role:db", "k=v:1.0"]}.items():
        repo.define(name, tags=tags)
    repo.stage()
    cases = {
        "x&y|z": ["a", "b"],
        "z|x&y": ["a", "b"],
        "x&(y|z)": ["a"],
        "v1.2": ["d"],
        "role:db": ["d"],
        "v1.2 & role:db & k=v:1.0": ["d"],
    }

    assert cases == {query: [change[:1] for change in repo.plan("-t", query).ids] for query in cases}


def test_reactions_obey_the_tags_and_leave_a_history(repo):
    """
    W15: the one outside is held back, the one inside is in the log of its resource.
    """
    repo.define("db", tags=["x"], inputs={"v": 1}).define("out", tags=["y"], react_on={"restart": ["db.update"]})
    repo.define("in", tags=["x"], react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", tags=["x"], inputs={"v": 2}).stage()

    plan = repo.plan("-t", "x")
    repo.ok("apply", "--yes", "-t", "x")

    assert (["db.update", "in.restart"], {"out.restart": "outside-selection"}) == (plan.ids, plan.held)
    newest = history(repo, "in")[0]
    assert ("apply", True) == (newest["type"], "in.restart" in newest["changes"])


def test_connecting_twice_is_one_edge(repo):
    """
    W15: two inputs, a depends_on and a reaction on the same parent; and staging it all again changes nothing.
    """
    repo.define("db", inputs={"a": 1, "b": 1})
    repo.define(
        "app", inputs={"a": "${db.a}", "b": "${db.b}"}, depends_on=["db"], react_on={"update": ["db.update"]}
    ).stage()
    assert ["db.run"] == repo.plan().change("app.run")["after"]
    repo.ok("apply", "--yes")
    repo.define("db", inputs={"a": 2, "b": 2}).stage()

    plan = repo.plan()

    assert ["db.update", "app.update"] == plan.ids
    assert ["db.update"] == plan.change("app.update")["after"] == plan.change("app.update")["cause"]["of"]


def test_discard_and_unstage_without_a_word_take_nothing_back(repo):
    """
    W16: they ask what is meant.
    """
    repo.define("db").stage()
    head = repo.git("rev-parse", "HEAD")

    for verb in ("discard", "unstage"):
        done = repo.run(verb)
        assert (64, "", True) == (done.code, done.out, "--all" in done.err)
    assert (head, ["db.run"]) == (repo.git("rev-parse", "HEAD"), repo.plan().ids)


def test_the_log_can_be_cut_short(repo):
    """
    W16: -n is obeyed, in text and in JSON, and the newest come first.
    """
    for value in (1, 2):
        repo.define("db", inputs={"v": value}).stage()

    both, newest = history(repo), history(repo, "-n", "1")
    assert (2, both[:1]) == (len(both), newest)
    assert repo.git("rev-parse", "HEAD").strip() == newest[0]["commit"]
    assert 1 == sum(line[:1] not in (" ", "") for line in repo.ok("log", "-n", "1").out.splitlines())


def test_five_hundred_descendants_are_staged_and_planned_in_seconds(repo):
    """
    W17: the ancestor took 18 seconds for this; ours is given five of the processor. So for a tenth restarted by tag.
    """
    repo.define("r0", inputs={"v": 1})
    for number in range(1, 500):
        tags = ["tenth"] if number % 10 == 0 else []
        repo.define(f"r{number}", tags=tags, inputs={"v": f"${{r{(number - 1) // 3}.v}}"})
    repo.commit()
    repo.stage().ok("apply", "--yes", "--record-only")

    before = seconds_used()
    restarts = repo.stage("-t", "tenth", "-a", "restart").plan("-t", "tenth")
    assert [f"r{number}.restart" for number in range(10, 500, 10)] == sorted(
        restarts.ids, key=lambda identity: int(identity[1:-8])
    )
    assert seconds_used() - before < 5

    repo.define("r0", inputs={"v": 2})
    before = seconds_used()
    plan = repo.stage().plan()
    assert 500 + len(restarts.ids) == len(plan.ids)
    assert seconds_used() - before < 5
