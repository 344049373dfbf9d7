"""Locks whose holder was killed here, and holders that slept past their term."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Sequence

import pytest

from tests.build import LOCK, ROOT, Repo, ended
from tests.scenarios.teams.world import Team, age, edit, slow_kind, until

pytestmark = pytest.mark.once

HANGS = 'echo "$STAGECTL_RESOURCE" >> done; touch started; while [ -e hang ]; do sleep 0.05; done'


def killed(repo: Repo, *command: str) -> None:
    """A command that is killed while its first action runs."""
    repo.write("hang", "")
    process = repo.begin(*command)
    until((repo.root / "started").exists)
    process.kill()
    ended(process)
    (repo.root / "started").unlink()
    (repo.root / "hang").unlink()


def hanging(team: Team) -> Repo:
    slow_kind(team.bob, HANGS)
    team.bob.write(".gitignore", "started\nhang\ndone\nactions.log\nfail\n").commit()
    return edit(team.bob, "db", 2)


@pytest.mark.parametrize("by", [("apply", "--yes"), ("resume", "--unknown", "rerun")], ids=lambda words: words[0])
@pytest.mark.parametrize(
    "then", [("resume", "--unknown", "rerun"), ("apply", "--yes"), ("retry",)], ids=lambda words: words[0]
)
def test_the_lock_of_a_killed_command_is_no_hindrance_here(
    tmp_path: Path, by: Sequence[str], then: Sequence[str]
) -> None:
    """
    Its term is five minutes, and whatever comes next in this clone goes on at once; the lock is given back.
    """
    team = Team(tmp_path, "lock_term: 300\n")
    repo = hanging(team)
    killed(repo, "apply", "--yes")
    if by[0] == "resume":
        killed(repo, *by)
    left = team.lock()["id"]

    done = repo.ok(*then)

    assert "watching it" not in done.err
    assert f"took the lock {left} over: its holder here is gone (" in done.err
    assert (team.at(LOCK), repo.applied("db")["inputs"]) == ("", {"v": 2})


def test_the_lock_of_another_operators_killed_apply_is_waited_for(tmp_path: Path) -> None:
    """
    Of another clone it is not known that its holder is gone; nor of a copy of the very clone.
    """
    team = Team(tmp_path, "lock_term: 300\n")
    killed(hanging(team), "apply", "--yes")
    shutil.copytree(team.bob.top, tmp_path / "copy")
    copy = Repo(tmp_path / "copy", init=False)

    for repo in (team.ada, copy):
        refused = edit(repo, "db", 3).apply("db")
        assert "is locked by Bob" in refused.err, refused.err


# stagectl, whose clock of locks goes forward once the file `later` is there: as if it had slept for so long.
SLEEPER = """
import os, sys
from stagectl.adapters.remote import remote_lock
def clock(clock=remote_lock.clock):
    return clock() + 1000 * os.path.exists("later")
remote_lock.clock = clock
from stagectl.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_holder_that_slept_past_its_term_starts_nothing_more(team: Team) -> None:
    """
    Its action ended while it slept, and another clone took over, applied and gave the lock back: it skips, and says so.
    """
    slow_kind(team.bob, HANGS)
    team.bob.define("db", inputs={"v": 2}).define("web", inputs={"v": 2}, depends_on=["db"]).stage().write("hang", "")
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, "apply", "--yes"],
        cwd=team.bob.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until((team.bob.root / "started").exists)
    process.send_signal(signal.SIGSTOP)
    age(team)
    said = edit(team.ada, "web", 3).ok("apply", "--yes").err
    team.bob.write("later", "")
    (team.bob.root / "hang").unlink()
    process.send_signal(signal.SIGCONT)
    done = ended(process)

    lost = "the lock on origin was lost: it was not renewed for 60 s, and was taken over, or unlocked"
    assert "took the lock" in said
    assert team.bob.read("done") == "db\n"
    assert done.code == 1
    assert f"warning: {lost}; nothing more was started\n" in done.err
