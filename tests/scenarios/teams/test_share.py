"""An apply fetches before and pushes after, by itself."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from tests.build import LOCK, Repo
from tests.scenarios.teams.world import APPLIED, BOB, Team, applied_values, edit, run_of, tip

pytestmark = pytest.mark.once


def test_an_apply_fetches_before_and_pushes_after(team: Team) -> None:
    """
    Bob never says fetch or push: he plans against what Ada applied, and she has what he did with one sync.
    """
    edit(team.ada, "db", 2).ok("apply", "--yes")
    assert tip(team.ada) == team.at()

    done = edit(team.bob, "web", 2).apply("--allow-rollback", "web")
    assert 0 == done.code, done.err
    assert [2, 2] == applied_values(team.bob, "db", "web")
    assert tip(team.bob) == team.at()

    assert (
        f"Fetched 1 applied commit: run {run_of(done)} by {BOB}\n"
        f"In step with origin: {APPLIED} is at {team.at()[:12]}.\n"
    ) == team.ada.ok("sync").out
    assert tip(team.ada) == team.at()
    assert ("", True) == (team.at(LOCK), team.is_sound())


def test_plan_never_asks_the_remote(team: Team) -> None:
    """
    Nor do status, log and show: they work on a train.
    """
    edit(team.bob, "db", 2)
    team.bare.rename(team.folder / "away.git")

    assert ["db.update"] == team.bob.plan().ids
    for command in (["status"], ["log"], ["show", "db"]):
        team.bob.ok(*command)


def test_offline_asks_no_remote_and_sync_shares_later(team: Team) -> None:
    """
    A remote that is gone stops apply, with both ways out; offline it runs, and sync pushes once the remote is back.
    """
    edit(team.bob, "db", 2)
    team.bare.rename(team.folder / "away.git")

    gone = f"git ls-remote failed: fatal: '{team.bare}' does not appear to be a git repository\n"
    rest = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\n"
    unanswered = f"error: origin does not answer: {gone}{rest}and the repository exists.\n"
    refused = team.bob.apply()
    assert (1, [], "") == (refused.code, team.bob.log(), refused.out)
    assert f"{unanswered}hint: --offline applies without it; share that later with: stagectl sync\n" == refused.err
    asked = team.bob.run("sync")
    assert (1, f"{unanswered}hint: nothing moved; try again: stagectl sync\n") == (asked.code, asked.err)

    done = team.bob.apply("--offline")
    assert (0, ["db.update"]) == (done.code, team.bob.log())
    (team.folder / "away.git").rename(team.bare)
    assert (
        f"Pushed 1 applied commit: run {run_of(done)} by {BOB}\n"
        f"In step with origin: {APPLIED} is at {tip(team.bob)[:12]}.\n"
    ) == team.bob.ok("sync").out
    assert tip(team.bob) == team.at()


def test_without_a_remote_there_is_nothing_to_share(repo: Repo) -> None:
    """
    Apply works as ever; the commands for teams say what is missing.
    """
    repo.define("db").apply_all()

    missing = (
        "error: there is no remote 'origin' here\n"
        "hint: add it: git remote add origin URL; or name another one in stagectl.yaml: remote\n"
    )
    for command in (["sync"], ["lock", "--reason", "x"], ["unlock", "x"]):
        done = repo.run(*command)
        assert (1, missing) == (done.code, done.err)
    assert "This machine: free\nNo remote.\n" == repo.ok("locks").out


def test_the_first_apply_of_a_team_makes_the_branch(tmp_path: Path) -> None:
    """
    Nothing is applied anywhere; sync says so, and the first apply pushes.
    """
    repo = Repo(tmp_path / "repo")
    repo.git("init", "-q", "--bare", str(tmp_path / "bare.git"))
    repo.git("remote", "add", "origin", (tmp_path / "bare.git").as_uri())

    assert "Nothing is applied yet, neither here nor on origin.\n" == repo.ok("sync").out

    repo.define("db").stage().ok("apply", "--yes")
    assert repo.git("rev-parse", APPLIED) == repo.git("ls-remote", "origin", f"refs/heads/{APPLIED}").split()[0] + "\n"


def test_only_the_applied_branch_moves(team: Team) -> None:
    """
    Whatever the user's git settings: no other branch, tag, tracking branch or FETCH_HEAD, here or there.
    """
    for key, value in {"push.followTags": "true", "fetch.prune": "true", "push.default": "matching"}.items():
        team.bob.git("config", key, value)
    team.ada.git("push", "-q", "origin", "main:other", "main:refs/tags/v1")
    edit(team.bob, "db", 2).git("tag", "-a", "-m", "x", "mine")
    (team.bob.top / ".git/FETCH_HEAD").write_text("")

    def others(repo: Repo) -> List[str]:
        return [line for line in repo.git("for-each-ref").splitlines() if APPLIED not in line]

    here, there = others(team.bob), team.ada.git("ls-remote", "origin").splitlines()
    team.bob.ok("apply", "--yes")
    team.bob.ok("sync")

    assert here == others(team.bob)
    moved = set(team.ada.git("ls-remote", "origin").splitlines()) ^ set(there)
    assert {f"refs/heads/{APPLIED}"} == {line.split("\t")[1] for line in moved}
    assert "" == team.bob.read(".git/FETCH_HEAD")
