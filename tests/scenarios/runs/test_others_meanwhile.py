"""What others applied between a kill and its recovery."""

from __future__ import annotations

import re
from typing import Tuple

import pytest

from tests.build import Repo
from tests.scenarios.runs.world import APPLIED, chain, failed, killed, newest, recorded, results, runs, script, staged

pytestmark = pytest.mark.once


def moved_by_another(repo: Repo, *names: str) -> None:
    """Apply some names as another clone would: without the memory of this one's runs."""
    journals = repo.top / ".git/stagectl"
    journals.rename(repo.top / ".git/elsewhere")
    repo.ok("apply", "--yes", "--record-only", *names)
    for path in sorted(journals.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    journals.rmdir()
    (repo.top / ".git/elsewhere").rename(journals)


@pytest.mark.parametrize("command", [("resume", "--unknown", "done"), ("apply", "--yes")])
def test_others_may_apply_other_resources_between_kill_and_recovery(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    Both are recorded, the one on top of the other.
    """
    chain(repo.define("other"))
    killed(repo, "b.run", "a", "b", "c")
    moved_by_another(repo, "other")

    repo.ok(*command)

    assert [repo.applied(name) for name in ("a", "b", "c", "other")] == [{"inputs": {}}] * 4
    assert results(repo, f"{APPLIED}~{1 if command[0] == 'resume' else 2}") == ["other.run SUCCESS"]


@pytest.mark.parametrize("command", [("resume", "--unknown", "failed"), ("apply", "--yes")])
def test_others_applied_the_same_resource_between_kill_and_recovery(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    What they applied is not overwritten: refused once, with the commit that keeps what the run did; then all goes on.
    """
    recorded(repo.define("a", inputs={"x": 1}).define("b", inputs={"x": 1}, depends_on=["a"]))
    staged(repo.define("a", inputs={"x": 2}).define("b", inputs={"x": 2}, depends_on=["a"]))
    run = killed(repo, "b.update")
    moved_by_another(repo, "b")
    theirs = repo.git("rev-parse", APPLIED)

    ran = failed(repo.run(*command))

    kept = re.fullmatch(
        "error: refs/heads/stagectl/applied moved while this run was applied, and both changed b; "
        rf"what this run did is kept in the commit ([0-9a-f]{{40}}), which is refs/stagectl/kept/{run}\n"
        "hint: see what moved it: git log --first-parent stagectl/applied; then plan again\n",
        ran.err,
    )
    assert kept is not None, ran.err
    assert theirs == repo.git("rev-parse", APPLIED)
    assert results(repo, kept.group(1))[0] == "a.update SUCCESS"
    report = repo.ok("report", "--json", run).json()
    assert (report["state"], report["commit"], report["kept"]) == ("incomplete", None, kept.group(1))
    assert f"It could not be recorded; the commit {kept.group(1)[:12]} keeps what it did.\n" in repo.ok("report").out

    repo.ok("apply", "--yes")
    assert repo.plan().ids == []


@pytest.mark.parametrize(("other", "answer"), [("c", "done"), ("p", "done"), ("b", "rerun"), ("c", "rerun")])
def test_resume_starts_nothing_where_others_applied_what_is_left(repo: Repo, other: str, answer: str) -> None:
    """
    c, which did not start, or p, which it reads, or b, whose end was not seen: named, and what ended is recorded.
    """
    recorded(chain(repo.define("p", inputs={"n": 1})).define("c", depends_on=["b"], inputs={"n": "${p.n}"}))
    for name in "ab":
        repo.define(name, inputs={"x": 2}, **({"depends_on": ["a"]} if name == "b" else {}))
    staged(repo.define("c", depends_on=["b"], inputs={"n": "${p.n}", "x": 2}))
    killed(repo, "b.update")
    head = repo.git("rev-parse", "HEAD").strip()
    repo.ok("update", other, "--set", "n=7")
    moved_by_another(repo, other)
    repo.git("reset", "-q", "--hard", head)

    ran = failed(repo.run("resume", "--unknown", answer))

    named = "c, p" if other == "p" else other  # c goes by p, and was updated with it
    assert ran.err.startswith(f"error: others applied {named} since run {newest(repo)} began, so nothing more")
    assert (repo.log(), "resume" in repo.ok("status").out) == (["a.update"], False)
    if (other, answer) != ("b", "rerun"):
        assert ran.err.endswith("\nhint: see what is left to do: stagectl plan\n")
        assert repo.applied("a")["inputs"] == {"x": 2} and "a.update" not in repo.plan().ids


def test_a_reaction_that_a_killed_run_left_undone_is_owed_whatever_others_applied(repo: Repo) -> None:
    """
    They applied the same values, and reacted: no clock says which update came last, so a restart too many is owed.
    """
    recorded(repo.define("app", inputs={"x": 1}).define("y", react_on={"restart": ["app.update"]}))
    staged(repo.define("app", inputs={"x": 2}))
    killed(repo, "app.update")
    moved_by_another(repo, "app")
    assert "owed" not in repo.applied("y")

    assert "others applied app since" in failed(repo.run("resume", "--unknown", "done")).err
    assert repo.applied("app")["inputs"] == {"x": 2} and repo.applied("y")["owed"] == {"restart": ["app.update"]}
    assert "y.restart  (owed since app.update" in repo.ok("plan").out

    repo.ok("apply", "--yes")
    assert (repo.log(), repo.plan().ids, repo.ok("verify").code) == (["y.restart"], [], 0)


def test_resume_goes_by_the_commit_that_the_run_applied(repo: Repo) -> None:
    """
    HEAD moved on, with other values and other kinds: what was begun is finished, the rest is for the next plan.
    """
    chain(repo)
    killed(repo, "b.run")
    source = repo.git("rev-parse", "HEAD")
    script(repo, "service", "exit 1").define("c", depends_on=["b"], inputs={"x": 9}).define("new")
    staged(repo)

    repo.ok("resume", "--unknown", "done")

    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert (repo.log(), repo.applied("c")) == (["a.run", "c.run"], {"inputs": {}})
    assert repo.plan().ids == ["c.update", "new.run"]


def test_a_record_only_run_that_was_killed_is_resumed(repo: Repo) -> None:
    """
    Nothing runs; everything but what was left out is recorded.
    """
    chain(repo)
    failed(repo.apply("--record-only", "--skip", "c.run"))
    journal = runs(repo) / newest(repo) / "journal"
    journal.write_bytes(b"")
    repo.git("update-ref", "-d", f"refs/heads/{APPLIED}")

    failed(repo.run("resume"))

    assert (repo.log(), repo.plan().ids) == ([], ["c.run"])
