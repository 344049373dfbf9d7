"""One apply at a time across machines, and what becomes of a dead holder's lock."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any, List

import pytest

from stagectl.adapters.git.git import Git
from stagectl.adapters.git.objects import NewCommit, empty_tree, write_commit
from stagectl.adapters.remote.remote import Remote
from stagectl.core.locks import Lock, locks_of, message_of
from tests.build import LOCK, PATIENCE, ended, heard
from tests.scenarios.teams.world import (
    ADA,
    APPLIED,
    BOB,
    GATE,
    Team,
    age,
    applied_values,
    edit,
    in_bare,
    slow_kind,
    tip,
    until,
)

pytestmark = pytest.mark.once


def test_one_apply_at_a_time_across_machines(team: Team) -> None:
    """
    While Bob's action runs Ada's apply reports who, where, since when and which run; when it ended she may.
    """
    slow_kind(team.bob, GATE)
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)

    refused = edit(team.ada, "db", 3).apply()
    team.bob.write("go", "")
    ran = ended(process)
    out, err = ran.out, ran.err

    assert (0, 75, []) == (process.returncode, refused.code, team.ada.log()), err
    run = re.search(r"Run (\S+)", out)
    assert run
    assert re.fullmatch(
        rf"error: origin is locked by {BOB} on \S+ since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ: "
        rf"apply, run {run.group(1)} \(lock ([0-9a-f]{{8}})\); in common: db\n"
        r"hint: wait for it, and look with: stagectl locks; to take it away: stagectl unlock \1\n",
        refused.err,
    ), refused.err
    assert "" == team.at(LOCK)
    team.ada.ok("apply", "--yes", "--allow-rollback", "db")


def test_maintenance_stops_every_apply_until_it_is_unlocked(team: Team) -> None:
    """
    It never ends by itself, another id is refused, and whose it was is reported.
    """
    said = team.bob.ok("lock", "--reason", "moving the\n\x1b[31mdatabase").out
    identity = team.lock()["id"]
    since = team.lock()["since"]
    host = team.lock()["host"]
    purpose = "moving the \\u001b[31mdatabase"
    assert f"Locked: {purpose}. No apply starts until: stagectl unlock {identity}\n" == said

    holder = f"{BOB} on {host} since {since}"
    refusal = (
        f"error: origin is locked for maintenance by {holder}: {purpose} (lock {identity})\n"
        f"hint: wait for it, and look with: stagectl locks; to take it away: stagectl unlock {identity}\n"
    )
    edit(team.ada, "db", 2)
    for command in (["apply", "--yes"], ["lock", "--reason", "me too"]):
        refused = team.ada.run(*command)
        assert (75, refusal) == (refused.code, refused.err)
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
    assert (1, "error: the lock on origin is not held\nhint: nothing to do\n") == (nobody.code, nobody.err)
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
    nobody = {"format_version": "1.0", "machine": None, "remote": "origin", "lock": None, "here": [], "locks": []}
    assert nobody == team.bob.ok("locks", "--json").json()
    team.bob.ok("lock", "--reason", "a move")

    lock = team.ada.ok("locks", "--json").json()["lock"]

    known = {"reason": "a move", "owner": BOB, "maintenance": True, "term": 0, "renewal": 0, "run": ""}
    assert known.items() <= lock.items()
    assert {"id", "host", "since", "renewed", "nonce", "stolen_from"} <= lock.keys()


def test_a_killed_holder_is_taken_over_after_its_term(team: Team) -> None:
    """
    Ada sees no renewal for the term by her own clock, steals with a commit on top of Bob's, and applies.
    """
    slow_kind(team.bob, "touch started; sleep 60")
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    dead = team.lock()
    process.kill()
    ended(process)
    age(team, term=2)
    team.hook("post-receive", f"git rev-parse -q --verify {LOCK} >> {team.folder}/locks; exit 0")
    edit(team.ada, "db", 3)

    began = time.monotonic()
    done = team.ada.apply()

    assert (0, ["db.update"]) == (done.code, team.ada.log()), done.err
    assert time.monotonic() - began >= 2
    holder = f"{BOB} on {dead['host']} since {dead['since']}"
    assert (
        f"the lock on origin was not renewed lately; watching it for 2 s: {holder}\n"
        f"took the lock {dead['id']} over: it was not renewed for 2 s ({holder})\n"
        "db.update: SUCCESS\n"
    ) == done.err
    stolen = (team.folder / "locks").read_text().split()[0]
    theft, before = (locks_of(in_bare(team.bare, "log", "-1", "--format=%B", rev))[0] for rev in (stolen, f"{stolen}^"))
    assert (theft.stolen_from, theft.owner, before.id) == (dead["id"], ADA, dead["id"])
    assert "" == team.at(LOCK)


def test_a_holder_that_lives_is_not_taken_over_whatever_its_clock_says(team: Team) -> None:
    """
    Renewals that look hours old are watched, and the first new one is a refusal.
    """
    git = Git(team.bob.root)
    remote = Remote(git, "origin")
    long_ago = "2001-01-01T00:00:00Z"
    lock = Lock("aabbccdd", BOB, "elsewhere", "apply", since=long_ago, renewed=long_ago, term=60)
    first = write_commit(git, NewCommit(empty_tree(git), [], message_of(lock)))
    assert first == remote.swap(LOCK, first, None)
    edit(team.ada, "db", 2)
    over, tips = threading.Event(), [first]

    def renew() -> None:
        while not over.wait(1.0):
            again = write_commit(git, NewCommit(empty_tree(git), tips[-1:], message_of(lock) + f"Nonce: {len(tips)}\n"))
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

    assert (75, [], tips[-1]) == (refused.code, team.ada.log(), team.at(LOCK))
    holder = f"{BOB} on elsewhere since 2001-01-01T00:00:00Z"
    assert (
        f"the lock on origin was not renewed lately; watching it for 60 s: {holder}\n"
        f"error: origin is locked by {holder}: apply (lock aabbccdd)\n"
        "hint: wait for it, and look with: stagectl locks; to take it away: stagectl unlock aabbccdd\n"
    ) == refused.err


def test_a_lock_is_renewed_while_it_is_held(tmp_path: Path) -> None:
    """
    A run that takes longer than the term keeps its lock: no other gets in between.
    """
    team = Team(tmp_path, "lock_term: 6\n")
    slow_kind(team.bob, GATE)
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    taken = team.lock()

    def renewals() -> int:
        (lock,) = locks_of(in_bare(team.bare, "log", "-1", "--format=%B", LOCK))
        assert lock.id == taken["id"]
        return lock.renewal

    until(lambda: renewals() >= 4)  # one each third of the term, so that is over
    refused = edit(team.ada, "db", 3).apply("db")
    assert renewals() >= 4
    team.bob.write("go", "")
    ran = ended(process)

    assert (0, 75) == (ran.code, refused.code), (ran, refused)
    assert "lost" not in ran.err


def test_a_lock_that_is_taken_away_stops_the_run_and_what_finished_is_recorded(tmp_path: Path) -> None:
    """
    unlock while it runs: what runs ends, nothing more starts, and what was done is known and shared.
    """
    team = Team(tmp_path, "lock_term: 9\n")  # a third of which goes by until it is noticed
    slow_kind(team.bob, f'echo "$STAGECTL_RESOURCE" >> done; {GATE}')
    team.bob.define("db", inputs={"v": 2}).define("web", inputs={"v": 2}, depends_on=["db"]).stage()
    process = team.bob.begin("apply", "--yes")
    until((team.bob.root / "started").exists)

    team.ada.ok("unlock", team.lock()["id"])
    lost = "the lock on origin was lost: it was unlocked"
    assert f"{lost}: nothing more starts, waiting for 1: db.update\n" == heard(process)
    team.bob.write("go", "")
    err = ended(process).err

    assert (1, "db\n") == (process.returncode, team.bob.read("done"))
    assert (f"db.update: SUCCESS\nweb.update: SKIPPED ({lost})\nwarning: {lost}; nothing more was started\n") == err
    assert [2, 1] == applied_values(team.bob, "db", "web")
    assert tip(team.bob) == team.at()


def test_the_thief_of_a_lock_is_named(team: Team) -> None:
    """
    Another operator took it over while this machine slept: the run says who has it, at the latest when it ends.
    """
    slow_kind(team.bob, GATE)
    process = edit(team.bob, "db", 2).begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    process.send_signal(signal.SIGSTOP)
    age(team)
    said = team.ada.ok("lock", "--reason", "theft").err
    team.bob.write("go", "")
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
    commit = write_commit(git, NewCommit(empty_tree(git), [], "no nonce\n"))
    assert commit == remote.swap(LOCK, commit, None)
    assert commit == remote.swap(LOCK, commit, None), "must not exist, does exist, and yet: success"
    assert None is remote.swap(LOCK, None, commit)

    before = {key: value for key, value in os.environ.items() if key.endswith("_DATE")}
    assert before, "the clock stands still in these tests: without a nonce these would be equal"
    team.bob.ok("lock", "--reason", "x")
    refused = team.bob.run("lock", "--reason", "x")
    assert (75, True) == (refused.code, refused.err.startswith("error: origin is locked for maintenance by Bob"))


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
    first.join(PATIENCE)

    assert [(0, b"", b"")] * 2 == [second, *answers]


def test_where_a_site_refuses_the_ref_the_one_to_take_is_printed(team: Team) -> None:
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
    edit(team.bob, "db", 2).write("stagectl.yaml", "lock_ref: refs/heads/main\n").commit()
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
    team = Team(tmp_path)
    slow_kind(team.bob, 'if [ "$STAGECTL_RESOURCE" = web ] && [ ! -f again ]; then touch started; sleep 60; fi')
    team.bob.define("db", inputs={"v": 2}).define("web", inputs={"v": 2}, depends_on=["db"]).stage()
    process = team.bob.begin("apply", "--yes")
    until((team.bob.root / "started").exists)
    process.kill()
    ended(process)
    age(team)
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


def test_a_killed_run_and_another_operators_change_of_the_same_resource(tmp_path: Path) -> None:
    """
    No result is overwritten: the resource is named, the results are kept.
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
