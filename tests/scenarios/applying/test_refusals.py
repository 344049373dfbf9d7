"""What apply refuses before anything runs."""

from __future__ import annotations

import shutil
from typing import List

import pytest

from tests.build import WHERE, Repo, record
from tests.scenarios.applying.world import APPLIED, failed, refused, uncommitted


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
    Both are named; an uncommitted definition is not looked at.
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
        "error: there is no terminal to ask on\nhint: say --yes, or --expect PLAN_ID for a reviewed plan\n"
    ) == ran.err
    assert "" == repo.git("for-each-ref", f"refs/heads/{APPLIED}")


@pytest.mark.parametrize("arguments", [["--parallel", "0"], ["--nope"]])
def test_a_wrong_command_line_is_exit_code_64(repo: Repo, arguments: List[str]) -> None:
    """
    And it is distinguished from an error.
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


def test_a_kind_that_many_need_is_missed_in_one_line(repo: Repo) -> None:
    """
    Each kind has a line, with the first names and their number.
    """
    repo.kind("k")
    for number in range(5):
        repo.define(f"r{number}", "k")
    record(repo)
    (repo.root / "kinds/k.yaml").unlink()
    shutil.rmtree(repo.root / ".staged")
    repo.commit()

    assert refused(repo, "--yes").startswith(
        "kinds/k.yaml:1:1: the kind 'k' is missing, and 5 live resources still need it: r0, r1, r2 and 2 more\nhint: "
    )


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
    f"error: .applied/ is here, which only belongs on the branch {APPLIED}: "
    "that branch was checked out, or merged into this one\n"
    f"hint: go back to your own branch, or undo the merge; {APPLIED} is never merged\n"
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
    warned = (
        f"this would take back what is applied of a (applied from {source}, stage: a.update{WHERE}): this commit does "
    )
    warned += "not contain the commit it was last applied from, nor the same content\n"

    assert (
        f"error: {warned}hint: what is applied is newer, and contains this commit: take that; "
        "--allow-rollback goes back to this one\n"
    ) == refused(repo, "--yes")
    assert f"warning: {warned}" == repo.ok("plan").err

    repo.ok("apply", "--yes", "--allow-rollback")
    assert ({"inputs": {"x": 1}}, ["a.update", "a.update"]) == (repo.applied("a"), repo.log())


def test_a_rewritten_source_is_named(repo: Repo) -> None:
    """
    After an amend the applied source is no ancestor: what holds the same content is applied, what does not is refused.
    """
    repo.define("a", inputs={"x": 1}).apply_all()
    source = repo.git("rev-parse", "--short=12", "HEAD").strip()
    repo.git("commit", "-q", "--amend", "-m", "squashed")
    repo.define("b").stage()
    repo.ok("apply", "--yes")
    repo.git("reset", "-q", "--hard", "HEAD~2")
    repo.define("a", inputs={"x": 7}).stage()

    assert f"a (applied from {source}, stage: a.run{WHERE})" in refused(repo, "--yes", "a")
    assert ["b.run"] == repo.log()
