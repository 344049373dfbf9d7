"""Teams: the applied branch shared through a remote, one apply at a time, and nothing lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

import pytest

from stagectl.adapters.git.git import Git
from stagectl.adapters.git.objects import empty_tree, write_commit
from stagectl.adapters.remote.remote import Remote
from stagectl.core.locks import Lock, lock_of, message_of
from tests.build import PATIENCE, Ran, Repo, ended, heard
from tests.proofs import record

pytestmark = pytest.mark.once

APPLIED = "stagectl/applied"
LOCK = "refs/stagectl/lock"
ADA, BOB = "Ada <ada@example.com>", "Bob <bob@example.com>"


def in_bare(bare: Path, *arguments: str) -> str:
    """What git says in a repository that nobody works in; "" if it refuses."""
    done = subprocess.run(["git", *arguments], cwd=bare, capture_output=True, text=True, timeout=PATIENCE)
    return done.stdout.strip() if done.returncode == 0 else ""


class Team:
    """A bare repository and clones of it, one per person, all on this machine."""

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder, self.bare = folder, folder / "bare.git"
        self.ada = Repo(folder / "ada")
        self.ada.git("init", "-q", "--bare", "-b", "main", str(self.bare))
        self.ada.git("remote", "add", "origin", self.bare.as_uri())
        self.ada.write("stagectl.yaml", config)
        self.ada.define("db", inputs={"v": 1}).define("web", inputs={"v": 1}).define("dns", inputs={"v": 1})
        self.ada.apply_all()
        self.ada.git("push", "-q", "origin", "main")
        self.bob = self.join("bob")

    def join(self, name: str) -> Repo:
        self.ada.git("clone", "-q", self.bare.as_uri(), str(self.folder / name))
        repo = Repo(self.folder / name, init=False)
        repo.git("config", "user.name", name.capitalize())
        repo.git("config", "user.email", f"{name}@example.com")
        return repo

    def hook(self, name: str, script: str) -> None:
        """Let the bare repository run this before it takes a push."""
        path = self.bare / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def at(self, ref: str = f"refs/heads/{APPLIED}") -> str:
        """What a ref stands at in the bare repository, "" if it is not there."""
        return in_bare(self.bare, "rev-parse", "-q", "--verify", ref)

    def lock(self) -> Any:
        return self.bob.ok("locks", "--json").json()["lock"]

    def runs(self) -> List[str]:
        """The runs on the remote's applied branch, the oldest first."""
        form = "--format=%(trailers:key=Run,valueonly)"
        return in_bare(self.bare, "log", "--first-parent", "--reverse", form, APPLIED).split()

    def is_sound(self) -> bool:
        """No object is missing or broken, anywhere."""
        places = [self.bare, *(path.parent for path in sorted(self.folder.glob("*/.git")))]
        check = ["git", "fsck", "--strict"]
        done = [subprocess.run(check, cwd=each, capture_output=True, timeout=PATIENCE) for each in places]
        return all(each.returncode == 0 for each in done)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Ada and Bob; db, web and dns are applied and shared."""
    return Team(tmp_path)


def edit(repo: Repo, name: str, value: int) -> Repo:
    return repo.define(name, inputs={"v": value}).stage()


def tip(repo: Repo) -> str:
    return repo.git("rev-parse", f"refs/heads/{APPLIED}").strip()


def applied_values(repo: Repo, *names: str) -> List[Any]:
    return [repo.applied(name)["inputs"]["v"] for name in names]


def run_of(ran: Ran) -> str:
    found = re.search(r"Run (\S+)", ran.out)
    assert found, ran.out + ran.err
    return found.group(1)


def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"that did not come about in {PATIENCE} seconds"
        time.sleep(0.05)


# An action that waits to be let go, and not for ever: who should do that may have failed.
GATE = f"touch started; n=0; until [ -f go ] || [ $n = {PATIENCE * 20} ]; do sleep 0.05; n=$((n + 1)); done"


def slow_kind(repo: Repo, script: str) -> None:
    """Let updates of `service` run this."""
    repo.kind("service").write(
        "kinds/service.yaml", json.dumps({"actions": {"run": ["true"], "update": ["sh", "-c", script]}}) + "\n"
    ).commit()


# --- apply shares by itself


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
        f"In step with origin: stagectl/applied is at {team.at()[:12]}.\n"
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


def test_offline_asks_nobody_and_sync_shares_later(team: Team) -> None:
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
        f"In step with origin: stagectl/applied is at {tip(team.bob)[:12]}.\n"
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
    (team.bob.root / ".git/FETCH_HEAD").write_text("")

    def others(repo: Repo) -> List[str]:
        return [line for line in repo.git("for-each-ref").splitlines() if APPLIED not in line]

    here, there = others(team.bob), team.ada.git("ls-remote", "origin").splitlines()
    team.bob.ok("apply", "--yes")
    team.bob.ok("sync")

    assert here == others(team.bob)
    moved = set(team.ada.git("ls-remote", "origin").splitlines()) ^ set(there)
    assert {f"refs/heads/{APPLIED}"} == {line.split("\t")[1] for line in moved}
    assert "" == team.bob.read(".git/FETCH_HEAD")


# --- sync


def test_a_lost_race_is_replayed_where_resources_differ(team: Team) -> None:
    """
    Ada and Bob applied other things; Bob's two commits go on top of hers, each with its message, author and source.
    """
    hers = run_of(edit(team.ada, "db", 2).ok("apply", "--yes"))
    first = run_of(edit(team.bob, "web", 2).ok("apply", "--yes", "--offline"))
    second = run_of(edit(team.bob, "dns", 2).ok("apply", "--yes", "--offline"))
    form = "--format=%an|%ae|%ai|%B"
    told = team.bob.git("log", "-2", "--first-parent", form, APPLIED)
    sources = [team.bob.git("rev-parse", f"{APPLIED}{back}^2") for back in ("", "~1")]

    done = team.bob.ok("sync")

    mine = f"2 applied commits: run {first} by {BOB}, run {second} by {BOB}"
    assert (
        f"Fetched 1 applied commit: run {hers} by {ADA}\nPut on top {mine}\nPushed {mine}\n"
        f"In step with origin: stagectl/applied is at {team.at()[:12]}.\n"
    ) == done.out
    assert tip(team.bob) == team.at()
    assert told == team.bob.git("log", "-2", "--first-parent", form, APPLIED)
    assert sources == [team.bob.git("rev-parse", f"{APPLIED}{back}^2") for back in ("", "~1")]
    assert [2, 2, 2] == applied_values(team.bob, "db", "web", "dns")
    assert [hers, first, second] == team.runs()[1:]
    assert team.bob.ok("verify").out.endswith("\nChecked 5 applied commits: all as they have to be.\n")
    assert team.is_sound()
    assert f"In step with origin: stagectl/applied is at {team.at()[:12]}.\n" == team.bob.ok("sync").out
    carol = team.join("carol")
    lost = f"its source {sources[0].strip()[:12]} is in no branch any more\n"
    assert lost in carol.ok("verify").out, "Bob never pushed his branch"
    assert carol.ok("verify").out.endswith("\nChecked 5 applied commits: all as they have to be.\n")


def test_a_race_about_the_same_resource_is_told_and_nothing_moves(team: Team) -> None:
    """
    Which one is live nobody can know: both runs are named, and the way out works.
    """
    hers = run_of(edit(team.ada, "db", 2).ok("apply", "--yes"))
    his = run_of(edit(team.bob, "db", 3).ok("apply", "--yes", "--offline"))
    before = (tip(team.bob), team.at())

    refused = team.bob.run("sync")

    assert (1, "", before) == (refused.code, refused.out, (tip(team.bob), team.at()))
    assert (
        "error: this clone and origin both applied db\n"
        f"  here: run {his} by {BOB}\n"
        f"  on origin: run {hers} by {ADA}\n"
        "hint: nothing moved. Find out what is live; then take theirs and apply yours anew: "
        "git branch -f stagectl/applied origin/stagectl/applied && stagectl apply; "
        f"what was recorded here stays in refs/stagectl/kept/{his}\n"
    ) == refused.err
    told = team.bob.run("sync", "--json").json()
    assert (False, ["db"], f"refs/stagectl/kept/{his}", [his], [hers]) == (
        told["in_step"],
        told["conflicts"],
        told["kept"],
        [commit["run"] for commit in told["ours"]],
        [commit["run"] for commit in told["theirs"]],
    )

    team.bob.git("branch", "-f", APPLIED, f"origin/{APPLIED}")
    team.bob.ok("apply", "--yes", "--allow-rollback")
    assert ([3], tip(team.bob)) == (applied_values(team.bob, "db"), team.at())
    team.bob.git("reflog", "expire", "--all", "--expire=now", "--expire-unreachable=now")
    team.bob.git("gc", "-q", "--prune=now")
    assert before[0] == team.bob.git("rev-parse", f"refs/stagectl/kept/{his}").strip()
    assert (
        f"\nnotice: {before[0][:12]}: run {his} recorded this commit, and it was given up for what others applied\n"
        "Checked 4 applied commits: all as they have to be.\n"
    ) in team.bob.ok("verify").out
    assert "" == in_bare(team.bare, "for-each-ref", "refs/stagectl"), "it is nobody else's business"


def test_removals_debts_and_moves_are_replayed_as_they_were(team: Team) -> None:
    """
    A resource that went stays away, one that came is there; what others have is kept.
    """
    edit(team.ada, "web", 2).ok("apply", "--yes")
    team.bob.ok("remove", "dns")
    team.bob.define("new", inputs={"v": 7}).stage()
    team.bob.fail("db.update").define("db", inputs={"v": 5}).stage().apply("--offline")

    team.bob.ok("sync")

    files = team.bob.git("ls-tree", "-r", "--name-only", APPLIED, ".applied", ".staged").split()
    assert [f".applied/{name}.json" for name in ("db", "new", "web")] == files[:3]
    assert [f".staged/{name}.yaml" for name in ("db", "new", "web")] == files[3:]
    assert "update" == team.bob.applied("db")["unfinished"]["action"]
    assert [2, 7] == applied_values(team.bob, "web", "new")


def test_sync_says_what_it_did_as_json(team: Team) -> None:
    """
    One document, in every case with the same keys.
    """
    hers = run_of(edit(team.ada, "db", 2).ok("apply", "--yes"))
    his = run_of(edit(team.bob, "web", 2).ok("apply", "--yes", "--offline"))
    before = tip(team.bob)

    told = team.bob.ok("sync", "--json").json()

    mine = {"commit": before, "run": his, "by": BOB}
    assert {
        "format_version": "1.0",
        "remote": "origin",
        "branch": APPLIED,
        "in_step": True,
        "commit": team.at(),
        "fetched": [{"commit": tip(team.ada), "run": hers, "by": ADA}],
        "replayed": [{**mine, "to": team.at()}],
        "pushed": [{**mine, "commit": team.at()}],
        "conflicts": [],
        "kept": None,
        "ours": [],
        "theirs": [],
    } == told


def test_a_branch_that_the_remote_lost_is_pushed_again(team: Team) -> None:
    """
    Somebody deleted it there: the clones still have it.
    """
    edit(team.ada, "db", 2).ok("apply", "--yes")
    team.bob.git("fetch", "-q", "origin")
    newest = team.at()
    subprocess.run(["git", "update-ref", "-d", f"refs/heads/{APPLIED}"], cwd=team.bare, check=True)

    team.bob.ok("sync")

    assert newest == team.at() == tip(team.bob)


def test_a_branch_that_somebody_forced_is_not_followed(team: Team) -> None:
    """
    What was applied would be forgotten: apply and sync refuse, and say which command follows it all the same.
    """
    edit(team.ada, "db", 2).ok("apply", "--yes")
    team.bob.ok("sync")
    newest, before = team.at(), tip(team.ada)
    back = team.ada.git("rev-parse", f"{APPLIED}~1").strip()
    subprocess.run(["git", "update-ref", f"refs/heads/{APPLIED}", back], cwd=team.bare, check=True)

    expected = (
        f"error: refs/heads/{APPLIED} was rewritten on origin: it does not contain {newest[:12]} any more\n"
        "hint: ask who did; to go on with what is there now: "
        f"git fetch origin +refs/heads/{APPLIED}:refs/remotes/origin/{APPLIED}\n"
    )
    edit(team.bob, "web", 2)
    assert (1, expected) == (team.bob.run("sync").code, team.bob.run("sync").err)
    assert (1, expected, []) == (team.bob.apply().code, team.bob.apply().err, team.bob.log())
    assert (before, back, "") == (tip(team.bob), team.at(), team.at(LOCK))

    team.bob.git("fetch", "-q", "origin", f"+refs/heads/{APPLIED}:refs/remotes/origin/{APPLIED}")
    team.bob.ok("sync")
    assert newest == team.at(), "nothing was lost: Bob's clone contains what is there, and more"


def test_unrelated_histories_are_not_put_together(team: Team) -> None:
    """
    An applied branch that somebody made by hand shares not even the fixed first commit.
    """
    tree = team.bob.git("write-tree").strip()
    other = team.bob.git("commit-tree", "-m", "by hand", tree).strip()
    team.bob.git("update-ref", f"refs/heads/{APPLIED}", other)

    refused = team.bob.run("sync")

    assert (1, other) == (refused.code, tip(team.bob))
    assert (
        f"error: refs/heads/{APPLIED} here and on origin have no commit in common\n"
        "hint: one of them was made anew; find out which one counts before anything is applied\n"
    ) == refused.err


def test_sync_waits_for_nobody_on_this_machine(team: Team) -> None:
    """
    While an apply runs here it refuses; with the applied branch checked out, too.
    """
    team.bob.git("switch", "-q", APPLIED)
    refused = team.bob.run("sync")
    assert (1, f"error: {APPLIED} is checked out here\nhint: go back to your own branch\n") == (
        refused.code,
        refused.err,
    )
    team.bob.git("switch", "-q", "main")

    slow_kind(team.bob, GATE)
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    refused = team.bob.run("sync")
    said = team.bob.ok("locks").out
    team.bob.write("go", "")
    ran = ended(process)
    out, err = ran.out, ran.err

    assert 0 == process.returncode, err
    assert 1 == refused.code
    assert re.fullmatch(
        r"error: another apply is running: process \d+, apply, since [-\d]+ [:\d]+, run \S+\n"
        r"hint: wait for it, or: stagectl stop RUN\n",
        refused.err,
    ), refused.err
    run = re.search(r"Run (\S+)", out)
    assert run
    assert re.fullmatch(
        rf"This machine: process \d+, apply, since [-\d]+ [:\d]+, run {run.group(1)}\n"
        rf"origin: locked by {BOB} on \S+ since \S+Z: apply, run {run.group(1)}\n"
        r"  lock [0-9a-f]{8}, last renewed \S+Z, term 60 s; to take it away: stagectl unlock [0-9a-f]{8}\n",
        said,
    ), said


# --- a push that goes wrong


def overtake(team: Team) -> str:
    """Let somebody push another apply while an action of Bob's runs: carol has no lock, for she was offline."""
    carol = team.join("carol")
    edit(carol, "dns", 9).ok("apply", "--yes", "--offline")
    slow_kind(team.bob, f"git -C {carol.root} push -q origin {APPLIED}")
    return carol.git("log", "-1", "--format=%(trailers:key=Run,valueonly)", APPLIED).strip()


def test_a_lost_race_names_the_other_run_and_sync_mends_it(team: Team) -> None:
    """
    What Bob's run did is recorded in his clone, the exit code says that it is not shared.
    """
    theirs = overtake(team)

    done = edit(team.bob, "db", 2).apply()

    assert 1 == done.code
    assert (
        "db.update: done\n"
        f"warning: what is applied is recorded here, and not shared: refs/heads/{APPLIED} moved on origin meanwhile: "
        f"run {theirs} by Carol <carol@example.com>\n"
        "hint: stagectl sync\n"
    ) == done.err
    assert "" == team.at(LOCK)
    team.bob.ok("sync")
    assert ([2, 9], tip(team.bob)) == (applied_values(team.bob, "db", "dns"), team.at())
    assert [theirs, run_of(done)] == team.runs()[1:]


def test_a_push_that_the_site_refuses_loses_nothing(team: Team) -> None:
    """
    The site's words are shown; events say it, too; sync pushes once the site lets it.
    """
    team.hook("update", 'case "$1" in refs/heads/*) echo "not today" >&2; exit 1;; esac; exit 0')

    done = edit(team.bob, "db", 2).apply("--json")

    assert 1 == done.code
    summary = json.loads(done.out.splitlines()[-1])
    assert (True, {"SUCCESS": 1}) == (summary["complete"], summary["states"])
    assert summary["unshared"].startswith("git push failed: remote: not today")
    lead = "warning: what is applied is recorded here, and not shared: "
    assert done.err.startswith(f"{lead}git push failed: remote: not today") or "remote: not today" in done.err
    pushed = f"error: failed to push some refs to '{team.bare.as_uri()}'"
    assert done.err.endswith(f"(hook declined)\n{pushed}\nhint: stagectl sync\n")
    refused = team.bob.run("sync")
    assert (1, True) == (refused.code, refused.err.startswith("error: git push failed: remote: not today"))

    (team.bare / "hooks" / "update").unlink()
    team.bob.ok("sync")
    assert (tip(team.bob), True) == (team.at(), team.is_sound())


def test_an_apply_without_changes_shares_what_was_not(team: Team) -> None:
    """
    The next apply pushes what the last one could not.
    """
    edit(team.bob, "db", 2).ok("apply", "--yes", "--offline")

    done = team.bob.ok("apply", "--yes")

    assert "No changes. The applied state matches what is staged.\n" == done.out
    assert tip(team.bob) == team.at()


@pytest.mark.parametrize("how", ["the client dies", "the site dies"])
def test_an_interrupted_push_is_finished_by_the_next_sync(team: Team, how: str) -> None:
    """
    A kill while the site thinks about the push: both sides are sound, and nothing is pushed twice.
    """
    edit(team.bob, "db", 2).ok("apply", "--yes", "--offline")
    mine, theirs = tip(team.bob), team.at()
    seen = team.folder / "seen"
    wait = "exec sleep 3" if how == "the client dies" else "kill -9 $PPID; exit 1"
    team.hook("pre-receive", f"[ -f {seen} ] && exit 0; touch {seen}; {wait}")

    process = team.bob.begin("sync")
    until(seen.exists)
    if how == "the client dies":
        process.kill()
    err = ended(process).err

    assert 0 != process.returncode
    assert mine == tip(team.bob)
    assert team.at() in (mine, theirs)
    if how == "the site dies":
        assert "error: git push failed: " in err
    team.bob.ok("sync")
    assert (mine, True) == (team.at(), team.is_sound())


# --- the lock


def test_one_apply_at_a_time_across_machines(team: Team) -> None:
    """
    While Bob's action runs Ada is told who, where, since when and which run; when it ended she may.
    """
    slow_kind(team.bob, GATE)
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)

    refused = edit(team.ada, "web", 2).apply()
    team.bob.write("go", "")
    ran = ended(process)
    out, err = ran.out, ran.err

    assert (0, 1, []) == (process.returncode, refused.code, team.ada.log()), err
    run = re.search(r"Run (\S+)", out)
    assert run
    assert re.fullmatch(
        rf"error: origin is locked by {BOB} on \S+ since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ: "
        rf"apply, run {run.group(1)} \(lock ([0-9a-f]{{8}})\)\n"
        r"hint: wait for it, and look with: stagectl locks; to take it away: stagectl unlock \1\n",
        refused.err,
    ), refused.err
    assert "" == team.at(LOCK)
    team.ada.ok("apply", "--yes", "--allow-rollback", "web")


def test_maintenance_stops_everybody_until_somebody_unlocks(team: Team) -> None:
    """
    It never ends by itself, another id is refused, and whose it was is told.
    """
    said = team.bob.ok("lock", "--reason", "moving the\n\x1b[31mdatabase").out
    identity = team.lock()["id"]
    since = team.lock()["since"]
    host = team.lock()["host"]
    purpose = "moving the \\u001b[31mdatabase"
    assert f"Locked: {purpose}. Nobody applies until: stagectl unlock {identity}\n" == said

    holder = f"{BOB} on {host} since {since}"
    refusal = (
        f"error: origin is locked for maintenance by {holder}: {purpose} (lock {identity})\n"
        f"hint: wait for it, and look with: stagectl locks; to take it away: stagectl unlock {identity}\n"
    )
    edit(team.ada, "db", 2)
    for command in (["apply", "--yes"], ["lock", "--reason", "me too"]):
        refused = team.ada.run(*command)
        assert (1, refusal) == (refused.code, refused.err)
    assert (
        f"This machine: free\norigin: locked for maintenance by {holder}: {purpose}\n"
        f"  lock {identity}; to take it away: stagectl unlock {identity}\n"
    ) == team.ada.ok("locks").out

    other = team.ada.run("unlock", "0123abcd")
    assert (
        1,
        f"error: the lock on origin is another one: {identity}, of {holder}: {purpose}\n"
        "hint: look again: stagectl locks\n",
    ) == (other.code, other.err)
    assert f"Unlocked. The lock {identity} was of {holder}: {purpose}.\n" == team.ada.ok("unlock", identity).out
    nobody = team.ada.run("unlock", identity)
    assert (1, "error: nobody holds the lock on origin\nhint: nothing to do\n") == (nobody.code, nobody.err)
    team.ada.ok("apply", "--yes")


def test_a_lock_needs_a_reason(team: Team) -> None:
    """
    Those who wait want to know.
    """
    refused = team.bob.run("lock", "--reason", " ")

    assert (64, "error: say why, for those who wait: --reason TEXT\n") == (refused.code, refused.err)


def test_locks_as_json(team: Team) -> None:
    """
    All that is known of the lock; null where there is none.
    """
    nobody = {"format_version": "1.0", "machine": None, "remote": "origin", "lock": None}
    assert nobody == team.bob.ok("locks", "--json").json()
    team.bob.ok("lock", "--reason", "a move")

    lock = team.ada.ok("locks", "--json").json()["lock"]

    known = {"reason": "a move", "owner": BOB, "maintenance": True, "term": 0, "renewal": 0, "run": ""}
    assert known.items() <= lock.items()
    assert {"id", "host", "since", "renewed", "nonce", "stolen_from"} <= lock.keys()


def test_a_killed_holder_is_taken_over_after_its_term(tmp_path: Path) -> None:
    """
    Ada sees no renewal for the term by her own clock, steals with a commit on top of Bob's, and applies.
    """
    team = Team(tmp_path, "lock_term: 2\n")
    slow_kind(team.bob, "touch started; sleep 60")
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    dead = team.lock()
    process.kill()
    ended(process)
    time.sleep(2)
    team.hook("post-receive", f"git rev-parse -q --verify {LOCK} >> {tmp_path}/locks; exit 0")
    edit(team.ada, "web", 2)

    began = time.monotonic()
    done = team.ada.apply()

    assert (0, ["web.update"]) == (done.code, team.ada.log()), done.err
    assert time.monotonic() - began >= 2
    holder = f"{BOB} on {dead['host']} since {dead['since']}"
    assert (
        f"the lock on origin was not renewed lately; watching it for 2 s: {holder}\n"
        f"took the lock {dead['id']} over: nobody renewed it for 2 s ({holder})\n"
        "web.update: done\n"
    ) == done.err
    stolen = (tmp_path / "locks").read_text().split()[0]
    theft, before = (lock_of(in_bare(team.bare, "log", "-1", "--format=%B", rev)) for rev in (stolen, f"{stolen}^"))
    assert theft and before and (theft.stolen_from, theft.owner, before.id) == (dead["id"], ADA, dead["id"])
    assert "" == team.at(LOCK)


def test_a_holder_that_lives_is_not_taken_over_whatever_its_clock_says(tmp_path: Path) -> None:
    """
    Renewals that look hours old are watched, and the first new one is a refusal.
    """
    team = Team(tmp_path, "lock_term: 3\n")
    git = Git(team.bob.root)
    remote = Remote(git, "origin")
    long_ago = "2001-01-01T00:00:00Z"
    lock = Lock("aabbccdd", BOB, "elsewhere", "apply", since=long_ago, renewed=long_ago, term=3)
    first = write_commit(git, empty_tree(git), [], message_of(lock))
    assert first == remote.swap(LOCK, first, None)
    edit(team.ada, "db", 2)
    over, tips = threading.Event(), [first]

    def renew() -> None:
        while not over.wait(1.0):
            again = write_commit(git, empty_tree(git), [tips[-1]], message_of(lock) + f"Nonce: {len(tips)}\n")
            remote.swap(LOCK, again, tips[-1])
            tips.append(again)

    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    try:
        refused = team.ada.apply()
    finally:
        over.set()
        renewing.join(PATIENCE)
    assert not renewing.is_alive()

    assert (1, [], tips[-1]) == (refused.code, team.ada.log(), team.at(LOCK))
    holder = f"{BOB} on elsewhere since 2001-01-01T00:00:00Z"
    assert (
        f"the lock on origin was not renewed lately; watching it for 3 s: {holder}\n"
        f"error: origin is locked by {holder}: apply (lock aabbccdd)\n"
        "hint: wait for it, and look with: stagectl locks; to take it away: stagectl unlock aabbccdd\n"
    ) == refused.err


def test_a_lock_is_renewed_while_it_is_held(tmp_path: Path) -> None:
    """
    A run that takes longer than the term keeps its lock: nobody gets in between.
    """
    team = Team(tmp_path, "lock_term: 1\n")
    slow_kind(team.bob, "touch started; sleep 3")
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    edit(team.ada, "web", 2)
    refusals = 0
    while process.poll() is None and team.at(LOCK):
        refusals += team.ada.apply("web").code
    err = ended(process).err

    assert 0 == process.returncode, err
    assert refusals >= 1
    assert "lost" not in err


def test_a_lock_that_is_taken_away_stops_the_run_and_what_finished_is_recorded(tmp_path: Path) -> None:
    """
    unlock while it runs: what runs ends, nothing more starts, and what was done is known and shared.
    """
    team = Team(tmp_path, "lock_term: 1\n")
    slow_kind(team.bob, f'echo "$STAGECTL_RESOURCE" >> done; {GATE}')
    team.bob.define("db", inputs={"v": 2}).define("web", inputs={"v": 2}, depends_on=["db"]).stage()
    process = team.bob.begin("apply", "--yes")
    until((team.bob.root / "started").exists)

    team.ada.ok("unlock", team.lock()["id"])
    assert "the run was stopped: nothing more starts, waiting for 1: db.update\n" == heard(process)
    team.bob.write("go", "")
    err = ended(process).err

    assert (1, "db\n") == (process.returncode, team.bob.read("done"))
    assert (
        "db.update: done\nweb.update: skipped (the run was stopped)\n"
        "warning: the lock on origin was lost: somebody unlocked it; nothing more was started\n"
    ) == err
    assert [2, 1] == applied_values(team.bob, "db", "web")
    assert tip(team.bob) == team.at()


def test_the_thief_of_a_lock_is_named(tmp_path: Path) -> None:
    """
    Somebody took it over while this machine slept: the run ends early and says who has it.
    """
    team = Team(tmp_path, "lock_term: 1\n")
    slow_kind(team.bob, "touch started; sleep 3")
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    said = team.ada.ok("lock", "--reason", "theft").err
    process.send_signal(signal.SIGCONT)
    err = ended(process).err

    lock = team.lock()
    assert "took the lock" in said
    assert lock["stolen_from"]
    lost = f"{ADA} on {lock['host']} since {lock['since']} took it over"
    assert err.endswith(f"warning: the lock on origin was lost: {lost}; nothing more was started\n"), err
    assert [2] == applied_values(team.bob, "db")
    assert lock["id"] == team.lock()["id"], "what the thief has stays"


def test_an_equal_value_gets_past_a_wrong_lease_and_a_nonce_does_not_let_it(team: Team) -> None:
    """
    Git calls a push of what is there already a success, whatever the lease says; so no two locks are ever equal.
    """
    git = Git(team.bob.root)
    remote = Remote(git, "origin")
    commit = write_commit(git, empty_tree(git), [], "no nonce\n")
    assert commit == remote.swap(LOCK, commit, None)
    assert commit == remote.swap(LOCK, commit, None), "must not exist, does exist, and yet: success"
    assert None is remote.swap(LOCK, None, commit)

    before = {key: value for key, value in os.environ.items() if key.endswith("_DATE")}
    assert before, "the clock stands still in these tests: without a nonce these would be equal"
    team.bob.ok("lock", "--reason", "x")
    refused = team.bob.run("lock", "--reason", "x")
    assert (1, True) == (refused.code, refused.err.startswith("error: origin is locked for maintenance by Bob"))


def test_two_questions_at_once_do_not_end_each_other(team: Team) -> None:
    """
    A lock is renewed while results are pushed: both talk to the remote through one object, and both get their answer.
    """
    git, go = Git(team.bob.root), team.folder / "go"
    slow = team.folder / "upload-pack"
    slow.write_text(
        f'#!/bin/sh\ntouch {team.folder}/asked\nuntil [ -f {go} ]; do sleep 0.05; done\ngit-upload-pack "$@"\n'
    )
    slow.chmod(0o755)
    answers: List[Any] = []
    first = threading.Thread(
        target=lambda: answers.append(git.try_run("ls-remote", f"--upload-pack={slow}", "origin", LOCK))
    )
    first.start()
    until((team.folder / "asked").exists)

    second = git.try_run("ls-remote", "origin", LOCK)
    go.touch()
    first.join()

    assert [(0, b"", b"")] * 2 == [second, *answers]


def test_a_site_that_refuses_the_ref_is_told_which_one_to_take(team: Team) -> None:
    """
    Some take branches only: lock_ref names one, and it works like the other.
    """
    team.hook("update", 'case "$1" in refs/heads/*) exit 0;; esac; echo "branches only" >&2; exit 1')
    edit(team.bob, "db", 2)

    refused = team.bob.apply()
    assert (1, []) == (refused.code, team.bob.log())
    assert refused.err.startswith(f"error: origin refuses the lock {LOCK}: git push failed: remote: branches only")
    assert refused.err.endswith(
        "hint: --offline applies without it, and shares nothing; where only branches may be pushed, "
        "set lock_ref in stagectl.yaml: refs/heads/stagectl/lock\n"
    )

    team.bob.write("stagectl.yaml", "lock_ref: refs/heads/stagectl/lock\n").commit()
    team.bob.ok("apply", "--yes")
    team.bob.ok("lock", "--reason", "x")
    assert team.at("refs/heads/stagectl/lock")
    team.bob.ok("unlock", team.lock()["id"])
    assert "" == team.at("refs/heads/stagectl/lock")


def test_a_ref_that_is_no_lock_is_left_alone(team: Team) -> None:
    """
    lock_ref names a branch that means something else: nothing takes it, renews it or deletes it.
    """
    team.bob.write("stagectl.yaml", "lock_ref: refs/heads/main\n").commit()
    before = team.at("refs/heads/main")

    for command in (["locks"], ["unlock", before[:8]], ["lock", "--reason", "x"], ["apply", "--yes"]):
        refused = team.bob.run(*command)
        assert (
            1,
            "error: refs/heads/main on origin is no lock of stagectl\n"
            "hint: name another ref in stagectl.yaml: lock_ref\n",
        ) == (refused.code, refused.err)
    assert before == team.at("refs/heads/main")


def killed_at_web(tmp_path: Path) -> Team:
    """A team in which Bob's run died after db, while web was running, and its lock has ended."""
    team = Team(tmp_path, "lock_term: 1\n")
    slow_kind(team.bob, 'if [ "$STAGECTL_RESOURCE" = web ] && [ ! -f again ]; then touch started; sleep 60; fi')
    team.bob.define("db", inputs={"v": 2}).define("web", inputs={"v": 2}, depends_on=["db"]).stage()
    process = team.bob.begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    process.kill()
    ended(process)
    time.sleep(2)
    return team


def test_a_run_that_was_killed_is_finished_on_top_of_what_others_applied(tmp_path: Path) -> None:
    """
    Bob's run died; Ada applied something else since. resume and apply put his results on top of hers, not over them.
    """
    team = killed_at_web(tmp_path)
    edit(team.ada, "dns", 5).ok("apply", "--yes")
    team.bob.write("again", "")

    done = team.bob.ok("resume", "--unknown", "rerun")

    assert [2, 2, 5] == applied_values(team.bob, "db", "web", "dns")
    assert tip(team.bob) == team.at()
    assert 3 == len(team.runs()), done.out


def test_a_killed_run_and_somebody_elses_change_of_the_same_resource(tmp_path: Path) -> None:
    """
    Nobody is overwritten: the resource is named, the results are kept.
    """
    team = killed_at_web(tmp_path)
    edit(team.ada, "db", 5).ok("apply", "--yes")

    refused = team.bob.run("resume", "--unknown", "failed")

    assert 1 == refused.code
    assert re.search(
        rf"error: refs/heads/{APPLIED} moved while this run was applied, and both changed db; "
        r"what this run did is kept in the commit [0-9a-f]{40}, which is refs/stagectl/kept/\S+\n"
        rf"hint: see what moved it: git log --first-parent {APPLIED}; then plan again\n",
        refused.err,
    ), refused.err
    assert 5 == json.loads(team.bob.git("show", f"origin/{APPLIED}:.applied/db.json"))["inputs"]["v"]


# --- races


def race(team: Team, repos: Sequence[Repo], value: int) -> List[Ran]:
    """Let everybody apply a change of the same resource at the same moment."""
    for repo in repos:
        repo.git("pull", "-q", "origin", "main")
    head = repos[0].define("db", inputs={"v": value}).stage()
    head.git("push", "-q", "origin", "main")
    for repo in repos[1:]:
        repo.git("pull", "-q", "origin", "main")
    return [ended(process) for process in [repo.begin("apply", "--yes") for repo in repos]]


def raced(folder: Path, people: int, rounds: int) -> Dict[str, int]:
    """Race and check: of each round exactly one run ran the action, everybody else was refused or found it done."""
    team = Team(folder, "lock_term: 60\n")
    counter = folder / "counter"
    slow_kind(team.ada, f'echo "$STAGECTL_RUN" >> {counter}; sleep 0.2')
    team.ada.git("push", "-q", "origin", "main")
    repos = [team.join(f"p{number}") for number in range(people)]
    told = {"ran": 0, "refused": 0, "found it done": 0}
    for number in range(rounds):
        all_of_them = race(team, repos, number + 10)
        ran = [each for each in all_of_them if each.code == 0 and "Applied: 1 done." in each.out]
        refused = [
            each for each in all_of_them if each.code == 1 and each.err.startswith("error: origin is locked by ")
        ]
        done = [each for each in all_of_them if each.code == 0 and each.out.startswith("No changes.")]
        assert 1 == len(ran), all_of_them
        assert people == len(ran) + len(refused) + len(done), all_of_them
        assert number + 1 == len(counter.read_text().split()), "the action ran once a round"
        told["ran"] += 1
        told["refused"] += len(refused)
        told["found it done"] += len(done)
    assert counter.read_text().split() == team.runs()[1:], "every run that acted is on the branch, in order"
    assert ("", True) == (team.at(LOCK), team.is_sound())
    return told


def test_of_applies_that_race_one_wins(tmp_path: Path) -> None:
    """
    Three people, two rounds: the action runs once a round, and the branch has every run.
    """
    assert 2 == raced(tmp_path, 3, 2)["ran"]


@pytest.mark.slow
def test_of_twelve_applies_that_race_one_wins_twenty_times(tmp_path: Path) -> None:
    """
    The same, long.
    """
    told = raced(tmp_path, 12, 20)
    record("twelve applies race", ", ".join(f"{what} {count}" for what, count in sorted(told.items())))
    assert 20 == told["ran"]


def test_syncs_that_race_lose_nothing(team: Team) -> None:
    """
    Four people applied different things offline, and sync at once: everything is on the branch.
    """
    names = ["db", "web", "dns"]
    repos = [team.join(f"p{number}") for number in range(3)]
    runs = [run_of(edit(repo, name, 7).ok("apply", "--yes", "--offline")) for repo, name in zip(repos, names)]

    synced = [ended(process) for process in [repo.begin("sync") for repo in repos]]

    assert [0, 0, 0] == [each.code for each in synced], synced
    assert set(runs) == set(team.runs()[1:])
    team.bob.ok("sync")
    assert [7, 7, 7] == applied_values(team.bob, *names)
    assert team.is_sound()
