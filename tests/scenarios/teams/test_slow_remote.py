"""A remote that takes its time: what is waited for is said, and it is not waited for without end."""

from __future__ import annotations

from pathlib import Path

import pytest

from stagectl.adapters.remote import remote as remotes
from tests.build import LOCK
from tests.scenarios.teams.world import APPLIED, Team, applied_values, edit

pytestmark = pytest.mark.once

SLOW = 'while read old new ref; do case "$ref" in refs/heads/*) sleep {seconds};; esac; done'


def test_a_push_that_takes_too_long_is_ended_and_what_ran_is_recorded_here(tmp_path: Path) -> None:
    """
    The site hangs over the applied branch: the run is recorded, the lock given back, and `sync` shares it later.
    """
    team = Team(tmp_path, "remote_timeout: 2\n")
    team.hook("pre-receive", SLOW.format(seconds=60))
    before = team.at()

    done = edit(team.bob, "web", 2).apply()

    assert (done.code, team.bob.log()) == (1, ["web.update"])
    assert (
        "not shared: git push failed: no answer within 2 seconds; remote_timeout in stagectl.yaml gives it more"
        in done.err
    )
    assert "hint: stagectl sync" in done.err
    assert (team.at(), team.at(LOCK), applied_values(team.bob, "web")) == (before, "", [2])
    (team.bare / "hooks" / "pre-receive").unlink()
    (team.bare / f"refs/heads/{APPLIED}.lock").unlink(missing_ok=True)
    team.bob.ok("sync")
    assert team.at() == team.bob.git("rev-parse", APPLIED).strip()


def test_what_is_waited_for_is_said(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Once it takes a while, and only then: by `apply` and by `sync`.
    """
    monkeypatch.setattr(remotes, "NOTED_AFTER", 0.5)
    quick = edit(team.bob, "db", 2).ok("apply", "--yes").err
    team.hook("pre-receive", SLOW.format(seconds=2))

    slow = edit(team.bob, "web", 2).ok("apply", "--yes").err

    reported = f"waiting for origin: git push of refs/heads/{APPLIED} (for 600 s at the most)\n"
    assert (reported in quick, slow.count(reported)) == (False, 1)
