"""Applying runs the plan, and moves the applied commit forward, only by what succeeded."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from tests.build import Ran, Repo

APPLIED = "stagectl/applied"
ROOT_COMMIT = "40d0a640b98422ae701da87b5902dcc81aeefd90"  # fixed: the same in every repository, for ever
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


# --- helpers


def failed(ran: Ran) -> Ran:
    assert ran.code == 1, f"exited {ran.code}: {ran.out}{ran.err}"
    return ran


def refused(repo: Repo, *arguments: str, **more: Any) -> str:
    """What `apply` says that has to refuse before anything runs, and to leave the applied branch alone."""
    before = repo.git("for-each-ref", "refs/heads/" + APPLIED), repo.log()
    ran = failed(repo.run("apply", *arguments, **more))
    assert before == (repo.git("for-each-ref", "refs/heads/" + APPLIED), repo.log())
    return ran.err


def tree(repo: Repo, revision: str) -> Dict[str, str]:
    """Paths of a commit, with mode, type and object."""
    lines = repo.git("ls-tree", "-r", revision).splitlines()
    return {path: meta for meta, path in (line.split("\t") for line in lines)}


def message(repo: Repo, revision: str = APPLIED) -> str:
    """The message of an applied commit, with its run and plan made neutral."""
    text = repo.git("log", "-1", "--format=%B", revision).rstrip("\n")
    text = re.sub(r"(?m)^Run: \d{8}T\d{6}Z-[0-9a-f]{6}$", "Run: RUN", text)
    return re.sub(r"(?m)^Plan: [0-9a-f]{64}$", "Plan: PLAN", text)


def results(repo: Repo, revision: str = APPLIED) -> List[str]:
    """The changes of one applied commit and their results, by git's own reading of the trailers."""
    return repo.git("log", "-1", "--format=%(trailers:key=Change,valueonly)", revision).split("\n")[:-2]


def shown(repo: Repo, name: str) -> str:
    """The applied file of a resource, as it stands in git."""
    return repo.git("show", f"{APPLIED}:.applied/{name}.json")


def staged_as_applied(repo: Repo, name: str) -> str:
    return repo.git("show", f"{APPLIED}:.staged/{name}.yaml", check=False)


def causes(repo: Repo, *arguments: str) -> Dict[str, str]:
    return {change["id"]: change["cause"]["type"] for change in repo.plan(*arguments).raw["changes"]}


def record(repo: Repo) -> Repo:
    """Stage everything and record it as applied: a quick way to a live world."""
    repo.commit()
    repo.ok("stage")
    repo.ok("apply", "--yes", "--record-only")
    return repo


def a_kind(repo: Repo, name: str, script: str, **more: Any) -> Repo:
    """A kind whose every action is this shell script."""
    actions = {action: ["sh", "-c", script] for action in ("run", "update", "remove", "restart")}
    return repo.write(f"kinds/{name}.yaml", json.dumps({"actions": actions, **more}))


def unfinished(action: str, inputs: Any, tags: Any = (), kind: str = "service") -> Dict[str, Any]:
    return {"action": action, "inputs": inputs, "kind": kind, "tags": list(tags)}


# --- the commit


def test_the_tree_is_the_sources_with_the_applied_state_in_it(repo: Repo) -> None:
    """
    All of the source commit, links and modes too; .staged/ byte for byte; one file per live resource in .applied/.
    """
    repo.write("README.md", "hello").write("größe", "").write("bin/tool", "#!/bin/sh\n")
    (repo.root / "bin/tool").chmod(0o755)
    (repo.root / "link").symlink_to("bin/tool")
    repo.define("b").write("resources/a.yaml", "---\nkind: service # x\n---\n# y\ninputs: {q:  1}\n")
    repo.apply_all()

    source, applied = tree(repo, "HEAD"), tree(repo, APPLIED)

    ours = {".applied/a.json", ".applied/b.json"}
    assert source == {path: blob for path, blob in applied.items() if path not in ours}
    assert ours <= applied.keys()
    assert "# y\ninputs: {q:  1}\n" in staged_as_applied(repo, "a")


def test_a_partial_apply_keeps_the_others_as_they_were_applied(repo: Repo) -> None:
    """
    b's edit is in the source commit, but not in the applied state.
    """
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"x": 1}).define("gone"))
    before = tree(repo, APPLIED)
    repo.define("a", inputs={"x": 2}).define("b", inputs={"x": 2}).define("new").delete("gone").stage()

    repo.ok("apply", "--yes", "a")
    after, source = tree(repo, APPLIED), tree(repo, "HEAD")

    for path in (".staged/b.yaml", ".applied/b.json", ".staged/gone.yaml", ".applied/gone.json"):
        assert before[path] == after[path], path
    assert ".staged/new.yaml" not in after
    assert after[".staged/a.yaml"] == source[".staged/a.yaml"] != before[".staged/a.yaml"]
    assert after["resources/b.yaml"] == source["resources/b.yaml"] != before["resources/b.yaml"]


def test_parents_are_the_applied_commit_before_and_the_source(repo: Repo) -> None:
    """
    The first apply starts from an empty root commit that is the same everywhere.
    """
    repo.define("a").apply_all()
    first, source = repo.git("rev-parse", APPLIED, "HEAD").split()
    repo.define("b").stage()
    repo.ok("apply", "--yes")

    assert [ROOT_COMMIT, source] == repo.git("log", "-1", "--format=%P", first).split()
    assert [first, repo.git("rev-parse", "HEAD").strip()] == repo.git("log", "-1", "--format=%P", APPLIED).split()
    assert [EMPTY_TREE, ""] == repo.git("log", "-1", "--format=%T%n%P", ROOT_COMMIT).split("\n")[:2]


def test_the_message_has_the_run_the_person_and_every_change_with_its_result(repo: Repo) -> None:
    """
    The trailers, as git reads them; `git log --first-parent` is the list of applies, newest first.
    """
    repo.define("a").define("b", depends_on=["a"]).define("c").commit()
    repo.stage().fail("a.run")

    failed(repo.apply())
    repo.fail().ok("apply", "--yes")

    assert (
        "apply: 1 of 3 changes\n\nRun: RUN\nApplied-by: Ada <ada@example.com>\nPlan: PLAN\nBase: none\n"
        'Selection: {"names":[],"tags":[],"with_children":false,"with_parents":false}\n'
        "Change: a.run ERROR\nChange: b.run SKIPPED\nChange: c.run SUCCESS"
    ) == message(repo, f"{APPLIED}~1")
    assert ["a.run SUCCESS", "b.run SUCCESS"] == results(repo)
    assert ["apply: 2 of 2 changes", "apply: 1 of 3 changes", "Nothing is applied yet"] == repo.git(
        "log", "--first-parent", "--format=%s", APPLIED
    ).splitlines()
    assert ["Ada <ada@example.com>"] * 2 == repo.git(
        "log", "-2", "--first-parent", "--format=%an <%ae>", APPLIED
    ).splitlines()


def test_the_plan_in_the_message_is_the_one_that_was_shown(repo: Repo) -> None:
    """
    The id that `plan` gives, `--expect` takes and the commit keeps is one.
    """
    repo.define("a").commit()
    repo.stage()
    plan_id = repo.plan().raw["plan_id"]

    repo.ok("apply", "--expect", plan_id)

    assert f"Plan: {plan_id}\n" in repo.git("log", "-1", "--format=%B", APPLIED)


def test_the_state_is_canonical_json(repo: Repo) -> None:
    """
    Sorted keys, two spaces, readable letters, one line end: the same state is the same bytes.
    """
    record(repo.define("a", inputs={"b": {"z": [1, 2.5], "a": "é"}, "a": None}))

    assert (
        '{\n  "inputs": {\n    "a": null,\n    "b": {\n      "a": "é",\n      "z": [\n        1,\n        2.5\n'
        "      ]\n    }\n  }\n}\n"
    ) == shown(repo, "a")


def test_the_same_state_is_the_same_tree(repo: Repo, tmp_path: Path) -> None:
    """
    Two ways, one step or two, on two machines: one tree of .applied.
    """
    repo.define("a", inputs={"x": 1, "y": 2}).define("b", inputs={"z": "${a.x}"}).commit()
    repo.stage()
    shutil.copytree(repo.root, tmp_path / "other")
    other = Repo(tmp_path / "other", init=False)

    repo.ok("apply", "--yes")
    other.ok("apply", "--yes", "--record-only", "a")
    other.ok("apply", "--yes", "--record-only")

    assert repo.git("rev-parse", f"{APPLIED}^{{tree}}") == other.git("rev-parse", f"{APPLIED}^{{tree}}")


def test_nothing_to_do_makes_no_commit(repo: Repo) -> None:
    """
    Applying twice is applying once.
    """
    record(repo.define("a"))
    before = repo.git("rev-parse", APPLIED)

    ran = repo.ok("apply", "--yes")

    assert ("No changes. The applied state matches what is staged.\n", before) == (
        ran.out,
        repo.git("rev-parse", APPLIED),
    )


def test_the_users_own_git_state_is_left_alone_and_git_finds_nothing_wrong(repo: Repo) -> None:
    """
    Index, working tree, branch and unrelated edits; fsck is clean after a success and a failure.
    """
    repo.write("notes", "1").define("a").define("b").commit()
    repo.stage().fail("b.run")
    repo.write("notes", "2").git("add", "notes")
    repo.write("notes", "3").write("untracked", "x").write("resources/a.yaml", repo.read("resources/a.yaml") + "\n")

    def own() -> Tuple[str, ...]:
        questions = (["status", "--porcelain=v2", "--branch"], ["diff"], ["diff", "--cached"], ["rev-parse", "HEAD"])
        return tuple(repo.git(*question) for question in questions)

    before = own()
    failed(repo.apply())
    repo.fail().ok("apply", "--yes")

    assert before == own()
    assert "error" not in repo.git("fsck", "--strict", "--full", "--no-dangling")
    assert f"refs/heads/{APPLIED}\nrefs/heads/main\n" == "".join(
        sorted(repo.git("for-each-ref", "--format=%(refname)", "refs/heads").splitlines(keepends=True), reverse=True)
    )


# --- state moves only by what succeeded


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
        "Applied: 1 done, 1 FAILED, 2 skipped. Run RUN\n"
        "  a.run  ERROR  exit code 3\n  b.run  SKIPPED  after a.run\n  c.run  SKIPPED  after b.run\n"
        "The applied state is in commit COMMIT.\n"
    ) == re.sub(r"commit \w{12}", "commit COMMIT", re.sub(r"Run \d+T\d+Z-\w{6}", "Run RUN", ran.out))
    assert [
        "    no luck with a.run",
        "a.run: FAILED (exit code 3)",
        "b.run: skipped (after a.run)",
        "c.run: skipped (after b.run)",
        "d.run: done",
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
    Nobody knows what the try left behind, so the old value is put back by an update.
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
    assert {"inputs": {"db": 1}, "unfinished": unfinished("update", {"db": 2})} == repo.applied("app")
    assert {"app.update": "unfinished"} == causes(repo)


# --- explicit actions


def test_an_explicit_action_stores_its_stamp_and_then_the_file(repo: Repo) -> None:
    """
    Alone: stamp and staged file move together, and nothing is left to do.
    """
    record(repo.define("a", inputs={"x": 1})).stage("-a", "restart", "a")
    assert {"a.restart": "explicit"} == causes(repo)

    repo.ok("apply", "--yes")

    assert ["a.restart"] == repo.log()
    state = repo.applied("a")
    assert ["inputs", "stamps"] == sorted(state)
    assert re.fullmatch(r"1-[0-9a-z]+", state["stamps"]["restart"])
    assert repo.read(".staged/a.yaml") == staged_as_applied(repo, "a")
    assert [] == repo.plan().ids


def test_the_file_is_stored_after_all_explicit_actions_only(repo: Repo) -> None:
    """
    restart went through and is not run again; test failed, so the file stays as it was applied.
    """
    record(repo.define("a")).stage("-a", "restart", "-a", "test", "a").fail("a.test")
    before = staged_as_applied(repo, "a")

    failed(repo.apply())
    assert ["restart"] == list(repo.applied("a")["stamps"])
    assert before == staged_as_applied(repo, "a")
    assert ["a.test"] == repo.plan().ids

    repo.fail().ok("apply", "--yes")
    assert ["restart", "test"] == sorted(repo.applied("a")["stamps"])
    assert repo.read(".staged/a.yaml") == staged_as_applied(repo, "a")


def test_an_explicit_action_that_failed_leaves_nothing_unfinished(repo: Repo) -> None:
    """
    Only run, update and remove do: its stamp is simply still above the applied one.
    """
    record(repo.define("a")).stage("-a", "restart", "a").fail("a.restart")

    failed(repo.apply())

    assert {"inputs": {}} == repo.applied("a")
    assert {"a.restart": "explicit"} == causes(repo)


def test_an_update_that_succeeds_is_stored_though_the_explicit_action_after_it_failed(repo: Repo) -> None:
    """
    The update stores file and inputs; only the restart is left.
    """
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage("-a", "restart", "a").fail("a.restart")

    failed(repo.apply())

    assert {"inputs": {"x": 2}} == repo.applied("a")
    assert ["a.restart"] == repo.plan().ids


def test_a_stamp_with_the_same_count_and_another_suffix_is_pending(repo: Repo) -> None:
    """
    Two branches staged a restart each, and one of them was applied: the other one's is still due. A lower one is not.
    """
    record(repo.define("a")).stage("-a", "restart", "a").ok("apply", "--yes", "--record-only")
    (stamp,) = repo.applied("a")["stamps"].values()
    text = repo.read(".staged/a.yaml")
    assert f"actions: {{restart: {stamp}}}" in text

    repo.write(".staged/a.yaml", text.replace(stamp, "1-other"))
    assert {"a.restart": "explicit"} == causes(repo)

    repo.write(".staged/a.yaml", text.replace(stamp, "2-other"))
    assert {"a.restart": "explicit"} == causes(repo)
    repo.commit()
    repo.ok("apply", "--yes")

    repo.write(".staged/a.yaml", text)
    assert {} == causes(repo)


# --- replace


def test_a_replace_keeps_the_stamps_and_is_unfinished_until_its_run_succeeds(repo: Repo) -> None:
    """
    remove with the applied inputs, run with the new ones; between the two the resource is gone, and that is written.
    """
    repo.kind("vm", actions=("run", "update", "remove", "restart"), replace_on=["image"])
    record(repo.define("a", "vm", inputs={"image": 1})).stage("-a", "restart", "a").ok("apply", "--yes")
    stamps = repo.applied("a")["stamps"]
    repo.define("a", "vm", inputs={"image": 2}).stage().fail("a.run")

    failed(repo.apply())
    state = repo.applied("a")
    assert (stamps, unfinished("run", {"image": 2}, kind="vm")) == (state["stamps"], state["unfinished"])
    assert "" == staged_as_applied(repo, "a")
    assert ["a.run"] == repo.plan().ids

    repo.fail().ok("apply", "--yes")
    assert {"inputs": {"image": 2}, "stamps": stamps} == repo.applied("a")
    assert ["a.restart", "a.remove", "a.run"] == repo.log()
    assert [] == repo.plan().ids


def test_a_replace_whose_remove_failed_is_still_a_replace(repo: Repo) -> None:
    """
    Nothing new was run; the next plan removes and runs, or runs again if the edit is undone.
    """
    repo.kind("vm", replace_on=["image"])
    record(repo.define("a", "vm", inputs={"image": 1}))
    repo.define("a", "vm", inputs={"image": 2}).stage().fail("a.remove")

    failed(repo.apply())

    assert ["a.remove ERROR", "a.run SKIPPED"] == results(repo)
    assert {"inputs": {"image": 1}, "unfinished": unfinished("remove", {"image": 1}, kind="vm")} == repo.applied("a")
    assert ["a.remove", "a.run"] == repo.plan().ids

    repo.define("a", "vm", inputs={"image": 1}).stage()
    assert {"a.run": "unfinished"} == causes(repo)


def test_a_replace_by_another_kind_removes_with_the_old_one(repo: Repo) -> None:
    """
    The old kind's remove with the applied inputs, then the new kind's run with the new ones.
    """
    script = 'echo "$STAGECTL_ACTION $STAGECTL_KIND $(cat)" >> actions.log'
    a_kind(a_kind(repo, "old", script), "new", script)
    record(repo.define("a", "old", inputs={"x": 1}))
    repo.define("a", "new", inputs={"x": 2}).stage().ok("apply", "--yes")

    assert 'remove old {"x": 1}\nrun new {"x": 2}\n' == repo.read("actions.log")
    assert (["a.remove SUCCESS", "a.run SUCCESS"], {"inputs": {"x": 2}}) == (results(repo), repo.applied("a"))


# --- owed reactions


def test_a_reaction_that_failed_is_owed_on_a_clean_tree_until_it_succeeds(repo: Repo) -> None:
    """
    Nothing is staged any more, and the restart comes back with the cause owed, in text too.
    """
    record(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]})).fail("app.restart")
    repo.define("db", inputs={"x": 2}).stage()
    failed(repo.apply())
    assert {"inputs": {}, "owed": {"restart": ["db.update"]}} == repo.applied("app")

    failed(repo.apply())
    assert {"app.restart": "owed"} == causes(repo)
    assert ("! app.restart  (owed since db.update)\n\nPlan: 0 to run, 0 to update, 0 to remove, 1 other.\n") == repo.ok(
        "plan"
    ).out

    repo.fail().ok("apply", "--yes")
    assert ["db.update", "app.restart"] == repo.log()
    assert {"inputs": {}} == repo.applied("app")
    assert [] == repo.plan().ids


def test_a_reaction_that_the_tags_held_back_is_owed(repo: Repo) -> None:
    """
    The parent was applied, so the reaction is due, and comes with the next plan that may run it.
    """
    record(
        repo.define("db", tags=["p"], inputs={"x": 1}).define("app", tags=["q"], react_on={"restart": ["db.update"]})
    )
    repo.define("db", tags=["p"], inputs={"x": 2}).stage()
    assert {"app.restart": "outside-selection"} == repo.plan("-t", "p").held

    repo.ok("apply", "--yes", "-t", "p")

    assert {"inputs": {}, "owed": {"restart": ["db.update"]}} == repo.applied("app")
    assert {"app.restart": "owed"} == causes(repo)


def test_a_reaction_is_not_owed_if_its_parent_failed(repo: Repo) -> None:
    """
    The db was not updated, so there is nothing to restart for.
    """
    record(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]})).fail("db.update")
    repo.define("db", inputs={"x": 2}).stage()

    failed(repo.apply())

    assert ["db.update ERROR", "app.restart SKIPPED"] == results(repo)
    assert {"inputs": {}} == repo.applied("app")


def test_a_reaction_after_a_change_that_changed_nothing_is_neither_run_nor_owed(repo: Repo) -> None:
    """
    `when: changed` and a result file saying {"changed": false}; the plain reaction beside it runs.
    """
    a_kind(repo, "quiet", 'echo "{\\"changed\\": $(cat truth)}" > "$STAGECTL_RESULT"')
    repo.write(".gitignore", "truth\nactions.log\nfail\n").write("truth", "false")
    reactions = {"restart": [{"on": "db.update", "when": "changed"}], "test": ["db.update"]}
    record(repo.define("db", "quiet", inputs={"x": 1}).define("app", react_on=reactions))
    repo.define("db", "quiet", inputs={"x": 2}).stage()

    repo.ok("apply", "--yes")
    assert ["db.update SUCCESS", "app.restart NOOP", "app.test SUCCESS"] == results(repo)
    assert (["app.test"], {"inputs": {}}) == (repo.log(), repo.applied("app"))
    assert [] == repo.plan().ids

    repo.write("truth", "true").define("db", "quiet", inputs={"x": 3}).stage().ok("apply", "--yes")
    assert ["app.restart", "app.test"] == sorted(repo.log()[1:])


def test_a_silent_action_counts_as_changed(repo: Repo) -> None:
    """
    An action that writes no result file has changed something, as far as anybody knows.
    """
    record(
        repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": [{"on": "db.update", "when": "changed"}]})
    )
    repo.define("db", inputs={"x": 2}).stage().ok("apply", "--yes")

    assert ["db.update", "app.restart"] == repo.log()


# --- while it runs


def test_what_happens_to_the_repository_meanwhile_is_not_applied(repo: Repo) -> None:
    """
    An action edits and commits staged files and kinds; what was planned is what runs, and what is recorded.
    """
    a_kind(
        repo, "busy", 'for f in .staged/b.yaml kinds/service.yaml; do echo "# late" >> $f; done; git commit -qam late'
    )
    repo.define("a", "busy").define("b", depends_on=["a"]).commit()
    source = repo.stage().git("rev-parse", "HEAD")

    repo.ok("apply", "--yes")

    assert source != repo.git("rev-parse", "HEAD")
    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert ["b.run"] == repo.log()
    assert "late" not in staged_as_applied(repo, "b") + repo.git("show", f"{APPLIED}:kinds/service.yaml")


def test_an_applied_branch_that_moved_meanwhile_is_not_overwritten(repo: Repo) -> None:
    """
    Compare-and-swap: the other's commit stays below, where the two have no resource in common.
    """
    record(repo.define("x"))
    a_kind(
        repo,
        "race",
        f"git update-ref refs/heads/{APPLIED} $(git commit-tree {APPLIED}^{{tree}} -p {APPLIED} -p HEAD -m other)",
    )
    repo.define("a", "race").commit()

    repo.stage().ok("apply", "--yes")

    assert ["apply: 1 of 1 changes", "other"] == repo.git("log", "-2", "--format=%s", APPLIED).splitlines()
    assert ["a.run SUCCESS"] == results(repo, APPLIED)


def test_two_runs_that_changed_the_same_resource_are_told_apart(repo: Repo) -> None:
    """
    What others applied is not overwritten; what this run did is kept in a commit that is named, and nothing is lost.
    """
    a_kind(repo, "race", f"git update-ref refs/heads/{APPLIED} refs/heads/others")
    record(repo.define("a", "race", inputs={"x": 1}))
    earlier = repo.git("rev-parse", APPLIED).strip()
    record(repo.define("a", "race", inputs={"x": 2}))
    repo.git("branch", "others", APPLIED)
    repo.git("update-ref", f"refs/heads/{APPLIED}", earlier)
    repo.define("a", "race", inputs={"x": 3}).commit()

    ran = failed(repo.stage().apply())

    assert repo.git("rev-parse", "others") == repo.git("rev-parse", APPLIED)
    kept = re.search(
        r"error: refs/heads/stagectl/applied moved while this run was applied, and both changed a; "
        r"what this run did is kept in the commit ([0-9a-f]{40}), which is refs/stagectl/kept/(\S+)\n",
        ran.err,
    )
    assert kept is not None
    assert ["a.update SUCCESS"] == results(repo, kept.group(1))
    assert kept.group(1) == repo.git("rev-parse", f"refs/stagectl/kept/{kept.group(2)}").strip()
    repo.git("reflog", "expire", "--all", "--expire=now", "--expire-unreachable=now")
    repo.git("gc", "-q", "--prune=now")
    assert ["a.update SUCCESS"] == results(repo, kept.group(1)), "git's tidying takes nothing away"
    assert kept.group(1) not in repo.ok("log", "--json").out, "it is no part of what is applied"
    repo.ok("verify")


# --- what apply refuses


def uncommitted(path: str) -> str:
    return f"error: not committed: {path}\nhint: only what is committed is applied: commit it first\n"


@pytest.mark.parametrize(
    "path", [".staged/a.yaml", ".staged/new.yaml", "kinds/plain.yaml", "kinds/new.yaml", "stagectl.yaml"]
)
def test_what_is_not_committed_is_not_applied(repo: Repo, path: str) -> None:
    """
    Edits and new files in .staged/, kinds/ and stagectl.yaml, also with --record-only; `plan` says that it is dirty.
    """
    text = {"kinds": "{}\n", "stagectl.yaml": "parallelism: 1\n"}.get(
        path.split("/")[0], "---\nkind: service\n---\n# new\n"
    )
    repo.define("a").commit()
    repo.stage().write(path, text)

    assert uncommitted(path) == refused(repo, "--yes")
    assert uncommitted(path) == refused(repo, "--yes", "--record-only")
    assert repo.plan().raw["head"]["dirty"]


def test_a_staged_file_that_was_deleted_or_only_added_to_the_index_is_not_committed(repo: Repo) -> None:
    """
    Both are named; an uncommitted definition is nobody's business.
    """
    repo.define("a").define("b").commit()
    repo.stage()
    (repo.root / ".staged/a.yaml").unlink()
    repo.write(".staged/b.yaml", repo.read(".staged/b.yaml") + "# x\n").git("add", ".staged/b.yaml")
    repo.write("resources/a.yaml", "")

    assert uncommitted(".staged/a.yaml, .staged/b.yaml") == refused(repo, "--yes")


def test_without_a_terminal_apply_needs_yes_or_expect(repo: Repo) -> None:
    """
    Exit code 64, nothing runs.
    """
    repo.define("a").commit()
    repo.stage()

    ran = repo.run("apply")

    assert (64, []) == (ran.code, repo.log())
    assert (
        "error: nobody can be asked here\nhint: say --yes, or --expect PLAN_ID for a plan that was reviewed\n"
    ) == ran.err
    assert "" == repo.git("for-each-ref", f"refs/heads/{APPLIED}")


@pytest.mark.parametrize("arguments", [["--parallel", "0"], ["--nope"]])
def test_a_wrong_command_line_is_exit_code_64(repo: Repo, arguments: List[str]) -> None:
    """
    And it is told apart from an error.
    """
    ran = repo.run("apply", *arguments)

    assert (64, "") == (ran.code, ran.out)
    assert ran.err.startswith("Usage: stagectl apply [OPTIONS] ")


def test_without_an_identity_nothing_runs(repo: Repo) -> None:
    """
    git would refuse the applied commit only after the actions.
    """
    repo.define("a").commit()
    repo.stage().git("config", "--unset", "user.email")
    repo.git("config", "user.useConfigOnly", "true")

    assert refused(repo, "--yes").startswith("error: git does not know who you are\nhint: ")


def test_a_kind_that_a_live_resource_needs_is_missed_before_anything_runs(repo: Repo) -> None:
    """
    Its removal needs the kind once more, so the kind goes one commit later.
    """
    repo.kind("k")
    record(repo.define("a", "k")).delete("a")
    (repo.root / ".staged/a.yaml").unlink()
    (repo.root / "kinds/k.yaml").unlink()
    repo.commit()

    assert (
        "kinds/k.yaml:1:1: the kind 'k' is missing, and the live resource 'a' still needs it\n"
        "hint: a kind can go one commit after its last resource was removed and applied\n"
    ) == refused(repo, "--yes")


def test_a_value_edited_between_plan_and_apply_is_not_applied(repo: Repo) -> None:
    """
    --expect refuses any other plan, saying what differs; nothing ran. A comment makes no other plan.
    """
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage()
    reviewed = repo.plan().raw["plan_id"]
    repo.define("a", inputs={"x": 3}).stage()
    now = repo.plan().raw["plan_id"]

    assert (
        f"Since plan {reviewed[:12]} (now {now[:12]}):\n"
        "  ~ a.update  differs: values\n"
        "    - x: 1 -> 2\n"
        "    + x: 1 -> 3\n"
        f"error: the plan is not the one that was reviewed: its id is {now}, expected was {reviewed}\n"
        "hint: nothing ran; look at it again with `stagectl plan`, and expect its id\n"
    ) == refused(repo, "--expect", reviewed)

    repo.define("a", inputs={"x": 2}).write("resources/a.yaml", repo.read("resources/a.yaml") + "# words\n").stage()
    repo.ok("apply", "--expect", reviewed)
    assert ["a.update"] == repo.log()


def test_another_selection_is_another_plan(repo: Repo) -> None:
    """
    What was reviewed for one environment is not applied to all.
    """
    repo.define("a", tags=["p"]).define("b", tags=["q"]).commit()
    repo.stage()

    assert "the plan is not the one that was reviewed" in refused(repo, "--expect", repo.plan("-t", "p").raw["plan_id"])


def protected(name: str) -> str:
    return (
        f"error: {name}: protected by the kind, and would be removed\nhint: if that is meant: --allow-remove {name}\n"
    )


def test_a_protected_resource_is_only_removed_when_allowed_by_name(repo: Repo) -> None:
    """
    Also with --record-only; another name does not help.
    """
    repo.kind("db", protect=True)
    record(repo.define("a", "db").define("b", "db")).delete("a", "b").stage()

    assert protected("a") == refused(repo, "--yes", "a")
    assert protected("a") == refused(repo, "--yes", "--record-only", "a")
    assert protected("b") == refused(repo, "--yes", "--allow-remove", "a")
    repo.ok("apply", "--yes", "--allow-remove", "a", "--allow-remove", "b")
    assert ["a.remove", "b.remove"] == sorted(repo.log())


@pytest.mark.parametrize("how", ["input", "kind", "action"])
def test_a_protected_resource_is_not_replaced_either(repo: Repo, how: str) -> None:
    """
    By a replace_on input, by another kind that protects nothing, by `-a replace`.
    """
    repo.kind("db", protect=True, replace_on=["disk"])
    record(repo.define("a", "db", inputs={"disk": 1}))
    if how == "input":
        repo.define("a", "db", inputs={"disk": 2}).stage()
    if how == "kind":
        repo.define("a", "service", inputs={"disk": 1}).stage()
    if how == "action":
        repo.stage("-a", "replace", "a")

    assert protected("a") == refused(repo, "--yes")
    repo.ok("apply", "--yes", "--allow-remove", "a")
    assert ["a.remove", "a.run"] == repo.log()
    assert [] == repo.plan().ids


def test_an_unknown_name_to_allow_is_an_error(repo: Repo) -> None:
    """
    A name that matches nothing is an error, never a silent nothing.
    """
    repo.define("db").commit()
    repo.stage()

    assert "'dbb'" in refused(repo, "--yes", "--allow-remove", "dbb")


ELSEWHERE = (
    "error: .applied/ is here, which only belongs on the branch stagectl/applied: "
    "that branch was checked out, or merged into this one\n"
    "hint: go back to your own branch, or undo the merge; stagectl/applied is never merged\n"
)


def test_the_applied_state_on_another_branch_is_an_error_that_says_how_it_got_there(repo: Repo) -> None:
    """
    The applied branch was merged: plan, apply, stage and status all stop.
    """
    record(repo.define("a"))
    repo.git("merge", "-q", "--no-edit", APPLIED)

    assert ELSEWHERE == refused(repo, "--yes")
    for command in (["plan"], ["stage"], ["status"]):
        assert ELSEWHERE == failed(repo.run(*command)).err


def test_a_commit_that_does_not_contain_the_newest_applied_one_is_refused(repo: Repo) -> None:
    """
    It would roll others' work back; `plan` only warns, and --allow-rollback does it.
    """
    repo.define("a", inputs={"x": 1}).apply_all()
    repo.define("a", inputs={"x": 2}).stage().ok("apply", "--yes")
    source = repo.git("rev-parse", "--short=12", "HEAD").strip()
    repo.git("checkout", "-q", "-b", "old", "HEAD~1")
    warned = f"this commit does not contain the newest applied one, {source} (stage: a.update): "
    warned += "it is older, or a rebase or squash replaced that one\n"

    assert (
        f"error: {warned}hint: merge or rebase onto what is applied; --allow-rollback applies it all the same\n"
    ) == refused(repo, "--yes")
    assert f"warning: {warned}" == repo.ok("plan").err

    repo.ok("apply", "--yes", "--allow-rollback")
    assert ({"inputs": {"x": 1}}, ["a.update", "a.update"]) == (repo.applied("a"), repo.log())


def test_a_rewritten_source_is_named(repo: Repo) -> None:
    """
    After an amend the applied source is no ancestor; apply refuses although nothing is older.
    """
    repo.define("a").apply_all()
    source = repo.git("rev-parse", "--short=12", "HEAD").strip()
    repo.git("commit", "-q", "--amend", "-m", "squashed")
    repo.define("b").stage()

    assert f"{source} (stage: a.run)" in refused(repo, "--yes")
    repo.ok("apply", "--yes", "--allow-rollback")
    assert ["b.run"] == repo.log()


# --- which branch


def clone(repo: Repo, *options: str) -> Repo:
    """A second person's clone of a bare repository that has everything of the first one's."""
    bare = repo.root.parent / "bare.git"
    if not bare.exists():
        repo.git("init", "-q", "--bare", str(bare))
        repo.git("remote", "add", "origin", str(bare))
    repo.git("push", "-q", "origin", "main", APPLIED)
    repo.git("clone", "-q", *options, "--branch", "main", str(bare), str(repo.root.parent / "clone"))
    other = Repo(repo.root.parent / "clone", init=False)
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.com")
    return other


def test_the_config_names_another_branch(repo: Repo) -> None:
    """
    What is applied is looked for there, and nowhere else.
    """
    repo.write("stagectl.yaml", "applied_branch: deploy/state\n").define("a").apply_all()

    assert "refs/heads/deploy/state\nrefs/heads/main\n" == repo.git("for-each-ref", "--format=%(refname)")
    assert [] == repo.plan().ids


@pytest.mark.parametrize("there", ["stagectl", "stagectl/applied/old"])
def test_a_branch_in_the_way_of_the_applied_one_is_told_before_anything_runs(repo: Repo, there: str) -> None:
    """
    Git keeps no branch a/b beside a branch a: the run could not be recorded.
    """
    repo.define("a").commit()
    repo.stage().git("branch", there)

    expected = (
        f"error: git cannot make the branch stagectl/applied: the branch {there} is in its way\n"
        f"hint: rename that: git branch -m {there} NAME; or set another applied_branch in stagectl.yaml\n"
    )
    assert expected == refused(repo, "--yes")
    assert [] == repo.log()

    repo.git("branch", "-m", there, "other")
    assert 0 == repo.apply().code


@pytest.mark.parametrize("what", ["ref", "commit"])
def test_a_damaged_applied_branch_is_not_taken_for_none(repo: Repo, what: str) -> None:
    """
    A crash that emptied the ref, or lost the commit: nothing is run again as if nothing were applied.
    """
    record(repo.define("a"))
    tip = repo.git("rev-parse", APPLIED).strip()
    path = f".git/refs/heads/{APPLIED}" if what == "ref" else f".git/objects/{tip[:2]}/{tip[2:]}"
    kept = (repo.root / path).read_bytes()
    (repo.root / path).unlink()
    (repo.root / path).write_bytes(b"") if what == "ref" else None

    told = f"error: the branch {APPLIED} is damaged: it is there, and git cannot read its commit\nhint: git fsck"
    for words in (["plan"], ["status"], ["stage"], ["apply", "--yes"], ["log"]):
        assert failed(repo.run(*words)).err.startswith(told)
    assert [] == repo.log()

    (repo.root / path).write_bytes(kept)
    assert [] == repo.plan().ids


FETCH = "git fetch origin stagectl/applied:refs/remotes/origin/stagectl/applied"
NARROW = (
    "warning: this clone has no branch stagectl/applied: as far as it knows nothing is applied; "
    f"if origin has it: {FETCH}\n"
)


def test_a_remote_that_has_the_branch_stops_a_clone_that_has_it_not(repo: Repo) -> None:
    """
    A narrow CI clone would run everything again: plan warns, apply asks the remote and says what to fetch.
    """
    other = clone(record(repo.define("a")), "--single-branch")

    assert NARROW == other.ok("plan").err
    assert (
        "error: origin has the branch stagectl/applied, and this clone has not: everything would be run again\n"
        f"hint: fetch it: {FETCH}\n"
    ) == refused(other, "--yes")

    other.git(*FETCH.split()[1:])
    assert ("No changes. The applied state matches what is staged.\n", "") == (
        other.ok("plan").out,
        other.ok("plan").err,
    )


def test_a_remote_that_does_not_answer_stops_apply_but_for_offline(repo: Repo) -> None:
    """
    Whether it has the branch is not known; --offline takes the risk. A remote without the branch is fine.
    """
    repo.define("a").commit()
    repo.stage()
    repo.git("remote", "add", "origin", str(repo.root.parent / "nowhere.git"))

    said = refused(repo, "--yes")
    assert said.startswith(
        "error: whether origin has the branch stagectl/applied is not known: git ls-remote failed: fatal: "
    )
    assert said.endswith("hint: without it everything would be run again; --offline applies all the same\n")
    assert refused(repo, "--yes", "--record-only") == said

    repo.ok("apply", "--yes", "--offline")
    assert ["a.run"] == repo.log()


def test_a_remote_without_the_branch_is_no_hindrance(repo: Repo) -> None:
    """
    The very first apply of a team.
    """
    repo.git("init", "-q", "--bare", str(repo.root.parent / "bare.git"))
    repo.git("remote", "add", "origin", str(repo.root.parent / "bare.git"))
    repo.define("a").commit()
    repo.stage().ok("apply", "--yes")

    assert ["a.run"] == repo.log()


def test_of_the_local_and_the_remote_tracking_branch_the_one_containing_the_other_counts(repo: Repo) -> None:
    """
    Remote alone, local ahead, remote ahead: in each case the newer one is planned against and continued.
    """
    other = clone(record(repo.define("a", inputs={"x": 1})))
    other.define("a", inputs={"x": 2}).stage()
    assert ["a.update"] == other.plan().ids, "the remote one is alone"

    other.ok("apply", "--yes")
    assert repo.git("rev-parse", APPLIED) == other.git("rev-parse", f"{APPLIED}~1")
    assert [] == other.plan().ids, "the local one is ahead"

    newest, before = other.git("rev-parse", APPLIED, f"{APPLIED}~1").split()
    other.git("update-ref", f"refs/remotes/origin/{APPLIED}", newest)
    other.git("update-ref", f"refs/heads/{APPLIED}", before)
    other.define("b").stage().ok("apply", "--yes")
    assert newest == other.git("rev-parse", f"{APPLIED}~1").strip(), "the remote one is ahead"


def test_diverged_applied_branches_are_an_error(repo: Repo) -> None:
    """
    Two people applied without seeing each other; neither plan nor apply picks one.
    """
    other = clone(record(repo.define("a", inputs={"x": 1})))
    source, applied = other.git("rev-parse", "HEAD", f"origin/{APPLIED}").split()
    made = [
        other.git("commit-tree", f"{applied}^{{tree}}", "-p", applied, "-p", source, "-m", who).strip()
        for who in ("ours", "theirs")
    ]
    other.git("update-ref", f"refs/heads/{APPLIED}", made[0])
    other.git("update-ref", f"refs/remotes/origin/{APPLIED}", made[1])
    ours, theirs = (oid[:12] for oid in made)

    expected = (
        f"error: the applied branch stagectl/applied and its copy from origin have diverged: {ours} and {theirs}\n"
        "hint: someone else applied meanwhile; put yours on top of theirs: stagectl sync; see both: "
        "git log --first-parent refs/heads/stagectl/applied refs/remotes/origin/stagectl/applied\n"
    )
    assert expected == refused(other, "--yes")
    assert expected == failed(other.run("plan")).err


# --- the environment and secrets


def test_an_unset_variable_stops_before_the_first_action(repo: Repo) -> None:
    """
    a would run first and reads no variable: it does not run either. --record-only needs none.
    """
    repo.define("a").define("b", depends_on=["a"], inputs={"x": "${env:PW}", "y": "u:${env:USER_X}"}).commit()
    repo.stage()

    assert (
        "error: not set in the environment: PW, USER_X\nhint: set what the inputs read with ${env:...}\n"
    ) == refused(repo, "--yes")
    repo.ok("apply", "--yes", "--record-only")
    assert [] == repo.log()


def test_a_variable_reaches_the_action_and_nothing_else(repo: Repo) -> None:
    """
    Filled in for the action, through references too; not in any object of the repository, nor in any output.
    """
    a_kind(repo, "seen", "cat >> actions.log")
    repo.define("a", "seen", inputs={"token": "${env:TOKEN}", "url": "http://${env:TOKEN}@h"})
    repo.define("b", "seen", inputs={"t": "${a.token}"}).commit()
    repo.stage()
    env = {"TOKEN": "hunter2hunter2"}

    ran = repo.ok("apply", "--yes", env=env)

    assert '{"token": "hunter2hunter2", "url": "http://hunter2hunter2@h"}{"t": "hunter2hunter2"}' == repo.read(
        "actions.log"
    )
    everything = (
        ran.out
        + ran.err
        + "".join(repo.ok(*command, env=env).out for command in (["show", "a"], ["show", "b", "--json"], ["log"]))
    )
    assert "hunter2" not in everything
    blobs = repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    for blob in (line.split()[0] for line in blobs if line.endswith("blob")):
        assert "hunter2" not in repo.git("cat-file", "blob", blob)
    assert [] == [
        path for path in (repo.root / ".git").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()
    ]


def test_a_secret_that_an_action_prints_is_not_printed_by_apply(repo: Repo) -> None:
    """
    The last lines of a failed action are shown, but not the value of a variable in them.
    """
    a_kind(repo, "leak", "cat; exit 1")
    repo.define("a", "leak", inputs={"user": "ada", "token": "${env:TOKEN}"}).commit()

    ran = failed(repo.stage().run("apply", "--yes", env={"TOKEN": "hunter2hunter2"}))

    assert "ada" in ran.err, "what is no secret is shown"
    assert "hunter2" not in ran.out + ran.err


def test_a_changed_variable_affects_nothing(repo: Repo) -> None:
    """
    It is stored unexpanded, so another value is no difference.
    """
    record(repo.define("a", inputs={"x": "${env:X}"}))

    assert "No changes. The applied state matches what is staged.\n" == repo.ok("plan", env={"X": "other"}).out


def test_a_literal_cannot_imitate_a_variable(repo: Repo) -> None:
    """
    `${env:X}` and `$${env:X}` differ in the state, in what the action gets, and in what the plan shows.
    """
    a_kind(repo, "seen", "cat >> actions.log")
    record(repo.define("v", "seen", inputs={"x": "${env:X}"}).define("l", "seen", inputs={"x": "$${env:X}"}))
    assert shown(repo, "v") != shown(repo, "l")
    assert {"inputs": {"x": "${env:X}"}} == repo.applied("l"), "a plain value is plain JSON"

    repo.define("v", "seen", inputs={"x": "$${env:X}"}).define("l", "seen", inputs={"x": "${env:X}"}).stage()
    assert ["l.update", "v.update"] == sorted(repo.plan().ids)
    reviewed = repo.plan("v").raw["plan_id"]

    repo.ok("apply", "--expect", reviewed, "v", env={"X": "value"})
    assert '{"x": "${env:X}"}' == repo.read("actions.log")
    repo.ok("apply", "--yes", "l", env={"X": "value"})
    assert '{"x": "${env:X}"}{"x": "value"}' == repo.read("actions.log")


def test_a_literal_in_a_variables_place_is_another_plan(repo: Repo) -> None:
    """
    Who reviewed the variable has not reviewed the literal that looks like it.
    """
    repo.define("a", inputs={"x": "${env:X}"}).commit()
    reviewed = repo.stage().plan().raw["plan_id"]
    repo.define("a", inputs={"x": "$${env:X}"}).stage()

    assert "the plan is not the one that was reviewed" in refused(repo, "--expect", reviewed)


def test_a_reviewer_sees_whether_a_value_is_a_literal_or_a_variable(repo: Repo) -> None:
    """
    From a variable to the literal text: the plan does not show the same value on both sides.
    """
    record(repo.define("a", inputs={"x": "${env:X}"}))
    repo.define("a", inputs={"x": "$${env:X}"}).stage()

    (entry,) = repo.plan().change("a.update")["diff"]
    before, after = re.search(r"x: (.*) -> (.*)\n", repo.ok("plan").out).groups()  # type: ignore[union-attr]

    assert before != after
    assert entry["before"] != entry["after"]


def test_a_sensitive_value_is_never_shown(repo: Repo) -> None:
    """
    The input and whatever reads it, before and after: null with "sensitive" in JSON, a word in text.
    """
    repo.kind("safe", sensitive=["password"])
    record(repo.define("a", "safe", inputs={"password": "${env:OLD}"}).define("b", inputs={"u": "x:${a.password}"}))
    repo.define("a", "safe", inputs={"password": "${env:NEW}"}).stage()

    plan, text = repo.plan(), repo.ok("plan").out

    for change, path in (("a.update", "password"), ("b.update", "u")):
        (entry,) = plan.change(change)["diff"]
        assert {"path": path, "op": "replace", "before": None, "after": None, "sensitive": True} == entry
    assert "OLD" not in text and "NEW" not in text
    assert "password: (sensitive)\n" in text
    assert {"password": None} == repo.ok("show", "a", "--json").json()["staged"]["inputs"]


# --- handlers


def test_what_an_action_is_told(repo: Repo) -> None:
    """
    Inputs on standard input and in a file, those of before in another, the facts in variables, and the place.
    """
    a_kind(
        repo,
        "told",
        'cat > stdin.json; cat "$STAGECTL_INPUTS" > inputs.json; cat "$STAGECTL_BEFORE" > before.json; '
        'printf "%s\\n" "$PWD" "$STAGECTL_RESOURCE" "$STAGECTL_ACTION" "$STAGECTL_KIND" "$STAGECTL_RUN" "$OURS" '
        '"$(stat -c %a "$(dirname "$STAGECTL_INPUTS")")" "$STAGECTL_INPUTS" > facts',
    )
    record(repo.define("prod/a", "told", inputs={"x": 1, "é": ["$HOME", None, True]}))
    repo.define("prod/a", "told", inputs={"x": 2, "é": ["`id`; $(id)"]}).stage()

    repo.ok("apply", "--yes", env={"OURS": "inherited"}, cwd=repo.root / "resources/prod")

    after, before = {"x": 2, "é": ["`id`; $(id)"]}, {"x": 1, "é": ["$HOME", None, True]}
    read = [json.loads(repo.read(f"{name}.json")) for name in ("stdin", "inputs", "before")]
    assert [after, after, before] == read
    place, resource, action, kind, run, ours, mode, inputs = repo.read("facts").splitlines()
    assert (str(repo.root), "prod/a", "update", "told", "inherited") == (place, resource, action, kind, ours)
    assert f"Run: {run}\n" in repo.git("log", "-1", "--format=%B", APPLIED)
    assert "700" == mode, "values may be secret"
    assert not os.path.exists(inputs), "nothing of it is left behind"


def test_an_action_need_not_read_its_inputs(repo: Repo) -> None:
    """
    More than a pipe holds, and nobody takes it.
    """
    a_kind(repo, "deaf", "exit 0")
    repo.define("a", "deaf", inputs={"x": "x" * 200_000}).commit()

    repo.stage().ok("apply", "--yes")

    assert ["a.run SUCCESS"] == results(repo)


def test_how_actions_fail(repo: Repo) -> None:
    """
    Exit code, signal, timeout, missing program, unreadable result: each said in one line, with the last output.
    """
    a_kind(repo, "code", "echo why; exit 7")
    a_kind(repo, "signal", "kill -9 $$")
    a_kind(repo, "slow", "echo begun; sleep 60", timeout=0.5)
    a_kind(repo, "result", 'echo "{nope" > "$STAGECTL_RESULT"')
    a_kind(repo, "list", 'echo "[1]" > "$STAGECTL_RESULT"')
    repo.write("kinds/missing.yaml", '{"actions": {"run": ["no-such-program"]}}')
    for kind in ("code", "signal", "slow", "result", "list", "missing"):
        repo.define(kind, kind)
    repo.commit()

    ran = failed(repo.stage().apply())

    assert [
        "  code.run  ERROR  exit code 7",
        '  list.run  ERROR  the result file is not {"changed": true or false, "message": "..."}',
        "  missing.run  ERROR  could not be started: [Errno 2] No such file or directory: 'no-such-program'",
        "  result.run  ERROR  the result file cannot be read: "
        "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "  signal.run  ERROR  ended by signal 9",
        "  slow.run  ERROR  still running after 0.5 seconds; it was killed",
    ] == [line for line in ran.out.splitlines() if line.startswith("  ")]
    assert "code.run: FAILED (exit code 7)\n    why\n" in ran.err
    assert "slow.run: FAILED (still running after 0.5 seconds; it was killed)\n    begun\n" in ran.err


def test_a_result_that_is_no_small_file_is_an_error(repo: Repo) -> None:
    """
    A pipe that nobody writes into, a device without an end, more than fits: nobody waits, and nothing fills the memory.
    """
    a_kind(repo, "pipe", 'mkfifo "$STAGECTL_RESULT"')
    a_kind(repo, "device", 'ln -s /dev/zero "$STAGECTL_RESULT"')
    a_kind(repo, "large", 'head -c 1048577 /dev/zero > "$STAGECTL_RESULT"')
    a_kind(repo, "deep", 'head -c 100000 /dev/zero | tr "\\000" "[" > "$STAGECTL_RESULT"')
    a_kind(repo, "link", 'echo "{\\"changed\\": false}" > fine; ln -s "$PWD/fine" "$STAGECTL_RESULT"')
    for kind in ("pipe", "device", "large", "deep", "link"):
        repo.define(kind, kind)
    repo.commit()

    told = [line for line in failed(repo.stage().apply()).out.splitlines() if line.startswith("  ")]

    assert told[0].startswith("  deep.run  ERROR  the result file cannot be read: ")
    assert [
        "  device.run  ERROR  the result file cannot be read: it is no regular file",
        "  large.run  ERROR  the result file cannot be read: it has more than 1024 KiB",
        "  pipe.run  ERROR  the result file cannot be read: it is no regular file",
    ] == told[1:]


def test_what_an_action_prints_cannot_act_on_the_terminal(repo: Repo) -> None:
    """
    Escapes, other line ends and bytes that are no text come out as visible text.
    """
    a_kind(repo, "noisy", "printf '\\033[31mred\\007\\377 \\342\\200\\256x\\n'; exit 1")
    repo.define("a", "noisy").commit()

    ran = failed(repo.stage().apply())

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", ran.err)
    assert "red" in ran.err


def test_what_a_killed_action_started_is_ended_too(repo: Repo) -> None:
    """
    After a timeout nothing of it works on in the background.
    """
    a_kind(repo, "slow", "(sleep 1.5; echo late >> actions.log) & sleep 30", timeout=0.3)
    repo.define("a", "slow").commit()

    failed(repo.stage().apply())
    time.sleep(2)
    assert [] == repo.log()


def test_a_kind_without_an_entry_for_an_action_runs_nothing_and_succeeds(repo: Repo) -> None:
    """
    run, update and remove exist for every kind.
    """
    repo.define("a", "plain", inputs={"x": 1}).apply_all()
    assert ["a.run SUCCESS"] == results(repo)

    repo.define("a", "plain", inputs={"x": 2}).stage().ok("apply", "--yes")
    assert (["a.update SUCCESS"], {"inputs": {"x": 2}}) == (results(repo), repo.applied("a"))

    repo.delete("a").stage().ok("apply", "--yes")
    assert (["a.remove SUCCESS"], None, []) == (results(repo), repo.applied("a"), repo.log())


def test_an_unknown_handler_stops_before_the_first_action(repo: Repo) -> None:
    """
    With a suggestion, and the ones there are.
    """
    repo.write("kinds/odd.yaml", "handler: shel\n").define("a", "odd").define("b").commit()
    repo.stage()

    assert (
        "error: there is no handler 'shel'; did you mean 'shell'?\n"
        "hint: handlers there are: ansible, none, python, shell\n"
    ) == refused(repo, "--yes")


def most_at_once(repo: Repo) -> int:
    """How many actions ran at the same time, by what they wrote; the log starts anew."""
    entries = sorted(line.split() for line in repo.read("actions.log").splitlines())
    (repo.root / "actions.log").unlink()
    now = most = 0
    for _, what in entries:
        now += 1 if what == "begin" else -1
        most = max(most, now)
    return most


def test_limits(repo: Repo) -> None:
    """
    `limit` of a kind, one at a time per target, and --parallel; without any of them all at once.
    """
    script = 'echo "$(date +%s.%N) begin" >> actions.log; sleep 0.3; echo "$(date +%s.%N) end" >> actions.log'
    a_kind(a_kind(repo, "free", script), "two", script, limit=2)
    for number in range(4):
        repo.define(f"free/{number}", "free").define(f"two/{number}", "two")
        repo.define(f"target/{number}", "free", inputs={"target": "db1" if number < 3 else "db2"})
    repo.commit()
    repo.stage()

    most = {}
    for folder in ("free", "two", "target"):
        repo.ok("apply", "--yes", f"{folder}/*")
        most[folder] = most_at_once(repo)
    assert {"free": 4, "two": 2, "target": 2} == most

    for number in range(3):
        repo.define(f"free/{number}", "free", inputs={"x": 1})
    repo.stage().ok("apply", "--yes", "--parallel", "1")
    assert 1 == most_at_once(repo)


# --- record-only


def test_record_only_runs_nothing_and_records_what_was_asked_for(repo: Repo) -> None:
    """
    How a resource that is live already is adopted; the others stay pending.
    """
    repo.define("a", inputs={"x": 1}).define("b").commit()
    repo.stage().ok("apply", "--yes", "--record-only", "a")

    assert ([], {"inputs": {"x": 1}}, None) == (repo.log(), repo.applied("a"), repo.applied("b"))
    assert ["b.run"] == repo.plan().ids


def test_the_audit_trail_tells_what_was_only_recorded(repo: Repo) -> None:
    """
    Nobody reading `log` or the commit takes a recorded change for one that ran.
    """
    repo.define("a").commit()
    ran = repo.stage().ok("apply", "--yes", "--record-only")

    real = "Change: a.run SUCCESS"
    assert "record" in message(repo) or real not in message(repo), message(repo)
    assert "record" in repo.ok("log", "-n", "1").out.lower()
    assert "1 done" not in ran.out


# --- looking at it


def test_log_tells_who_staged_and_applied_what(repo: Repo) -> None:
    """
    Newest first, in text and as JSON; with a name only what is about it, with -n only the newest.
    """
    repo.define("a").apply_all()
    repo.define("b").stage().fail("b.run")
    failed(repo.apply())

    ids = (
        repo.git("log", "--first-parent", "-2", "--format=%H", APPLIED).split()
        + repo.git("log", "-2", "--format=%H", "--", ".staged").split()
    )
    applied2, applied1, staged2, staged1 = ids
    when = "2026-01-01T00:00:00+00:00"
    person = "Ada <ada@example.com>"
    run = repo.git("log", "-1", "--format=%(trailers:key=Run,valueonly)", APPLIED).strip()
    source = repo.git("rev-parse", "HEAD")[:12]
    assert [
        ("apply", applied2, person, ["b.run"]),
        ("apply", applied1, person, ["a.run"]),
        ("stage", staged2, person, ["b.run"]),
        ("stage", staged1, person, ["a.run"]),
    ] == [(e["type"], e["commit"], e["author"], e["changes"]) for e in repo.ok("log", "--json").json()]
    assert (
        f"{applied2[:12]}  {when}  apply  {person}  run {run}, of {source}\n    b.run  ERROR\n"
        f"{staged2[:12]}  {when}  stage  {person}\n    b.run\n"
    ) == repo.ok("log", "b").out
    assert (f"{applied2[:12]}  {when}  apply  {person}  run {run}, of {source}\n    b.run  ERROR\n") == repo.ok(
        "log", "-n", "1"
    ).out


def test_show_tells_one_resource_as_defined_staged_and_applied(repo: Repo) -> None:
    """
    Three different states of one resource, now and --at the commit before.
    """
    record(repo.define("db", inputs={"port": 1}).define("app", tags=["t"], inputs={"db": "${db.port}", "x": 1}))
    repo.define("app", tags=["t"], inputs={"db": "${db.port}", "x": 2}).stage()
    repo.define("app", tags=["u"], inputs={"db": "${db.port}", "x": 3})

    now = repo.ok("show", "app", "--json").json()
    then = repo.ok("show", "app", "--json", "--at", "HEAD~1").json()

    assert [3, 2, 1] == [now[side]["inputs"]["x"] for side in ("defined", "staged", "applied")]
    assert (["u"], ["t"], ["t"]) == tuple(now[side]["tags"] for side in ("defined", "staged", "applied"))
    assert {"db": 1, "x": 2} == now["resolved"]
    assert (["db"], []) == (now["parents"], now["children"])
    assert [1, 1] == [then["defined"]["inputs"]["x"], then["staged"]["inputs"]["x"]]
    assert ["app"] == repo.ok("show", "db", "--json").json()["children"]


def test_show_of_a_name_that_is_nowhere_is_an_error(repo: Repo) -> None:
    """
    With a suggestion.
    """
    record(repo.define("app"))

    assert (
        "error: there is no resource 'apq'; did you mean 'app'?\nhint: the resources there are: app\n"
        == failed(repo.run("show", "apq")).err
    )


def test_status_tells_all_that_is_open(repo: Repo) -> None:
    """
    Not staged, not committed, not applied, unfinished, owed: in text, short and as JSON.
    """
    record(
        repo.define("db", inputs={"x": 1})
        .define("app", react_on={"restart": ["db.update"]})
        .define("web", inputs={"x": 1})
    )
    assert (
        f"Applied: 3 resources, at {repo.git('rev-parse', '--short=12', APPLIED).strip()}.\n"
        "Nothing to do. What is defined is staged, committed and applied.\n"
    ) == repo.ok("status").out
    repo.define("db", inputs={"x": 2}).define("web", inputs={"x": 2}).stage().fail("app.restart", "web.update")
    failed(repo.apply())
    repo.define("new").stage().define("db", inputs={"x": 3})
    repo.write(".staged/new.yaml", repo.read(".staged/new.yaml") + "# edited\n")

    status = repo.ok("status", "--json").json()

    assert {"name": "db", "state": "changed"} in status["unstaged"]
    assert [".staged/new.yaml"] == status["uncommitted"]
    assert [{"id": "new.run", "cause": "staged"}, {"id": "web.update", "cause": "staged"}] == status["pending"]
    assert (["web.update"], ["app.restart"]) == (status["unfinished"], status["owed"])
    assert 3 == status["live"]
    assert repo.git("rev-parse", APPLIED).strip() == status["applied"]
    text, short = repo.ok("status").out, repo.ok("status", "-s").out
    for name in ("changed: db", ".staged/new.yaml", "new.run", "web.update", "app.restart"):
        assert name in text
    assert {"D  db", "S  new.run", "S  web.update", "U  web.update", "O  app.restart"} <= set(short.splitlines())


def test_kinds_lists_the_kinds_and_their_actions(repo: Repo) -> None:
    """
    Those every kind has come first, in text and as JSON.
    """
    assert "plain    run, update, remove\nservice  run, update, remove, restart, test\n" == repo.ok("kinds").out
    assert [
        {"kind": "plain", "handler": "shell", "actions": ["run", "update", "remove"]},
        {"kind": "service", "handler": "shell", "actions": ["run", "update", "remove", "restart", "test"]},
    ] == repo.ok("kinds", "--json").json()
