"""A remote that takes its time: what is waited for is said, and it is not waited for without end."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Callable, List

import pytest

from stagectl.adapters.remote import remote as remotes
from tests.build import LOCK, PATIENCE
from tests.scenarios.teams.world import APPLIED, Team, applied_values, edit, have_pushes_end_early

pytestmark = pytest.mark.once

SLOW = f"""
while read old new ref; do case "$ref" in refs/heads/*) n=0;
    until [ -f {{go}} ] || [ $n = {PATIENCE * 20} ]; do sleep 0.05; n=$((n + 1)); done;;
esac; done
"""


def test_a_push_that_takes_too_long_is_ended_and_what_ran_is_recorded_here(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The site hangs over the applied branch: the run is recorded, the lock given back, and `sync` shares it later.
    """
    team.hook("pre-receive", SLOW.format(go=team.folder / "go"))
    before = team.at()

    with monkeypatch.context() as patched:
        have_pushes_end_early(patched, 2)
        done = edit(team.bob, "web", 2).apply()

    assert (done.code, team.bob.log()) == (1, ["web.update"])
    assert (
        "not shared: git push failed: no answer within 2 seconds; remote_timeout in stagectl.yaml gives it more"
        in done.err
    )
    assert "hint: stagectl sync" in done.err
    assert (team.at(), team.at(LOCK), applied_values(team.bob, "web")) == (before, "", [2])
    (team.folder / "go").touch()
    (team.bare / "hooks" / "pre-receive").unlink()
    team.bob.ok("sync")
    assert team.at() == team.bob.git("rev-parse", APPLIED).strip()


def test_what_is_waited_for_is_said(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Once it takes a while, and only then: by `apply` and by `sync`.
    """
    quick = edit(team.bob, "db", 2).ok("apply", "--yes").err
    team.hook("pre-receive", SLOW.format(go=team.folder / "go"))

    def noting(seconds: float, note: Callable[[str], None], words: List[str]) -> threading.Timer:
        def say(text: str) -> None:
            note(text)
            (team.folder / "go").touch()  # the push ends once it was noted

        return threading.Timer(seconds, say if "git push" in words[0] else note, words)

    monkeypatch.setattr(remotes, "threading", SimpleNamespace(Timer=noting))
    monkeypatch.setattr(remotes, "NOTED_AFTER", 0.5)
    slow = edit(team.bob, "web", 2).ok("apply", "--yes").err

    reported = f"waiting for origin: git push of refs/heads/{APPLIED} (for 600 s at the most)\n"
    assert (reported in quick, slow.count(reported)) == (False, 1)
