"""`sync` replays what was lost in a race, and follows nothing that was forced."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.build import LOCK, ended
from tests.scenarios.teams.world import (
    ADA,
    APPLIED,
    BOB,
    GATE,
    Team,
    applied_values,
    edit,
    in_bare,
    run_of,
    slow_kind,
    tip,
    until,
)

pytestmark = pytest.mark.once


def test_a_lost_race_is_replayed_where_resources_differ(team: Team) -> None:
    """
    Ada and Bob applied other things; Bob's two commits go on top of hers, each with its message, author and source.
    """
    hers = run_of(edit(team.ada, "db", 2).ok("apply", "--yes"))
    first = run_of(edit(team.bob, "web", 2).ok("apply", "--yes", "--offline"))
    second = run_of(edit(team.bob, "dns", 2).ok("apply", "--yes", "--offline"))
    form = "--format=%an|%ae|%ai|%B"
    reported = team.bob.git("log", "-2", "--first-parent", form, APPLIED)
    sources = [team.bob.git("rev-parse", f"{APPLIED}{back}^2") for back in ("", "~1")]

    done = team.bob.ok("sync")

    mine = f"2 applied commits: run {first} by {BOB}, run {second} by {BOB}"
    assert (
        f"Fetched 1 applied commit: run {hers} by {ADA}\nPut on top {mine}\nPushed {mine}\n"
        f"In step with origin: {APPLIED} is at {team.at()[:12]}.\n"
    ) == done.out
    assert tip(team.bob) == team.at()
    assert reported == team.bob.git("log", "-2", "--first-parent", form, APPLIED)
    assert sources == [team.bob.git("rev-parse", f"{APPLIED}{back}^2") for back in ("", "~1")]
    assert [2, 2, 2] == applied_values(team.bob, "db", "web", "dns")
    assert [hers, first, second] == team.runs()[1:]
    assert team.bob.ok("verify").out.endswith("\nChecked 5 applied commits: all as they have to be.\n")
    assert team.is_sound()
    assert f"In step with origin: {APPLIED} is at {team.at()[:12]}.\n" == team.bob.ok("sync").out
    carol = team.join("carol")
    lost = f"its source {sources[0].strip()[:12]} is in no branch any more\n"
    assert lost in carol.ok("verify").out, "Bob never pushed his branch"
    assert carol.ok("verify").out.endswith("\nChecked 5 applied commits: all as they have to be.\n")


def test_a_race_about_the_same_resource_is_reported_and_nothing_moves(team: Team) -> None:
    """
    Which one is live cannot be known: both runs are named, and the way out works.
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
        f"git branch -f {APPLIED} origin/{APPLIED} && stagectl apply; "
        f"what was recorded here stays in refs/stagectl/kept/{his}\n"
    ) == refused.err
    reported = team.bob.run("sync", "--json").json()
    assert (False, ["db"], f"refs/stagectl/kept/{his}", [his], [hers]) == (
        reported["in_step"],
        reported["conflicts"],
        reported["kept"],
        [commit["run"] for commit in reported["ours"]],
        [commit["run"] for commit in reported["theirs"]],
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

    reported = team.bob.ok("sync", "--json").json()

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
    } == reported


def test_a_branch_that_the_remote_lost_is_pushed_again(team: Team) -> None:
    """
    It was deleted there: the clones still have it.
    """
    edit(team.ada, "db", 2).ok("apply", "--yes")
    team.bob.git("fetch", "-q", "origin")
    newest = team.at()
    subprocess.run(["git", "update-ref", "-d", f"refs/heads/{APPLIED}"], cwd=team.bare, check=True)

    team.bob.ok("sync")

    assert newest == team.at() == tip(team.bob)


def test_a_branch_that_was_forced_is_not_followed(team: Team) -> None:
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
    An applied branch that was made by hand shares not even the fixed first commit.
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


def test_sync_waits_for_no_process_on_this_machine(team: Team) -> None:
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
    assert 75 == refused.code
    assert re.fullmatch(
        r"error: another apply is running: process \d+, apply, since [-\d]+ [:\d]+, run (\S+)\n"
        r"hint: wait for it, or: stagectl stop \1\n",
        refused.err,
    ), refused.err
    run = re.search(r"Run (\S+)", out)
    assert run
    assert re.fullmatch(
        rf"This machine: process \d+, apply, since [-\d]+ [:\d]+, run {run.group(1)} \(db\)\n"
        rf"origin: locked by {BOB} on \S+ since \S+Z: apply, run {run.group(1)} \(db\)\n"
        r"  lock [0-9a-f]{8}, last renewed \S+Z, term 60 s; to take it away: stagectl unlock [0-9a-f]{8}\n",
        said,
    ), said
