"""A push that goes wrong loses nothing."""

from __future__ import annotations

import json

import pytest

from tests.build import LOCK, ended
from tests.scenarios.teams.world import APPLIED, Team, applied_values, edit, run_of, slow_kind, tip, until

pytestmark = pytest.mark.once


def overtake(team: Team) -> str:
    """Let an operator push another apply while an action of Bob's runs: carol has no lock, for she was offline."""
    carol = team.join("carol")
    edit(carol, "dns", 9).ok("apply", "--yes", "--offline")
    slow_kind(team.bob, f"git -C {carol.root} push -q origin {APPLIED}")
    return carol.git("log", "-1", "--format=%(trailers:key=Run,valueonly)", APPLIED).strip()


def test_what_another_clone_pushed_meanwhile_is_put_below_what_a_run_did(team: Team) -> None:
    """
    The two have no resource in common: both are on the branch, and the commit that is named is the one there.
    """
    theirs = overtake(team)

    done = edit(team.bob, "db", 2).ok("apply", "--yes")

    assert "db.update: SUCCESS\n" == done.err
    assert f"The applied state is in commit {team.at()[:12]}.\n" in done.out
    assert ("", tip(team.bob)) == (team.at(LOCK), team.at())
    assert [2, 9] == applied_values(team.bob, "db", "dns")
    assert [theirs, run_of(done)] == team.runs()[1:]
    team.bob.ok("verify")


def test_a_lost_race_for_the_same_resource_names_the_other_run(team: Team) -> None:
    """
    What Bob's run did is recorded in his clone, the exit code says that it is not shared, and nothing is overwritten.
    """
    theirs = overtake(team)

    done = edit(team.bob, "dns", 2).apply()

    assert 1 == done.code
    assert (
        "dns.update: SUCCESS\n"
        f"warning: what is applied is recorded here, and not shared: refs/heads/{APPLIED} moved on origin meanwhile: "
        f"run {theirs} by Carol <carol@example.com>\n"
        "hint: stagectl sync\n"
    ) == done.err
    assert ("", [theirs]) == (team.at(LOCK), team.runs()[1:])
    assert 1 == team.bob.run("sync").code


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
