"""Waiting for locks, and the exit code of what is locked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import List, Sequence, Tuple

import pytest

from stagectl.usecases.team import waiting
from tests.build import Repo, ended, heard
from tests.scenarios.teams.world import GATE, Team, edit, slow_kind, until

pytestmark = pytest.mark.once


def maintenance(team: Team) -> str:
    team.ada.ok("lock", "--reason", "the database moves")
    return str(team.lock()["id"])


def running(repo: Repo) -> None:
    """An apply of this clone that goes on until it is let go."""
    slow_kind(repo, GATE)
    repo.begin("apply", "db", "--yes")
    until((repo.root / "started").exists)


@pytest.mark.parametrize("flags", [(), ("--wait=0",), ("--wait=2",)])
def test_what_is_locked_exits_with_75_and_nothing_ran(
    team: Team, monkeypatch: pytest.MonkeyPatch, flags: Tuple[str, ...]
) -> None:
    """
    For maintenance, at once or after the time that is waited for; the message is that of the lock.
    """
    maintenance(team)
    edit(team.bob, "web", 2)

    slept: List[float] = []  # the time that goes by, and no other: a busy machine is none
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr(waiting, "time", clock)
    done = team.bob.apply(*flags)

    assert (done.code, team.bob.log()) == (75, [])
    assert "error: origin is locked for maintenance by Ada" in done.err
    assert sum(slept) == (2 if flags == ("--wait=2",) else 0)
    assert done.err.count("waiting: origin is locked for maintenance") == (flags == ("--wait=2",))


def test_who_waits_applies_once_the_lock_is_gone(team: Team) -> None:
    """
    What was staged while it waited is in the plan that it makes then.
    """
    identity = maintenance(team)
    edit(team.bob, "web", 2)
    process = team.bob.begin("apply", "--yes", "--wait")
    assert heard(process).startswith("waiting: origin is locked for maintenance by Ada")
    edit(team.bob, "db", 3)
    team.ada.ok("unlock", identity)

    done = ended(process)

    assert done.code == 0, done.err
    assert sorted(team.bob.log()) == ["db.update", "web.update"]


def test_a_pin_is_not_stretched_by_waiting(team: Team) -> None:
    """
    The plan there is under the lock is another one: `--expect` refuses it.
    """
    edit(team.bob, "web", 2)
    pinned = team.bob.plan().raw["plan_id"]
    identity = maintenance(team)
    process = team.bob.begin("apply", "--expect", pinned, "--wait=120")
    heard(process)
    edit(team.bob, "db", 3)
    team.ada.ok("unlock", identity)

    done = ended(process)

    assert (done.code, team.bob.log()) == (1, [])
    assert "the plan is not the one that was reviewed" in done.err


def test_another_apply_of_this_clone_is_waited_for(team: Team) -> None:
    """
    Without --wait every command that needs the lock of the machine exits with 75; with it, it comes next.
    """
    repo = edit(edit(team.bob, "db", 2), "web", 2)
    running(repo)
    for words in (("apply", "--yes"), ("resume",), ("sync",)):
        done = repo.run(*words)
        assert (done.code, "another apply is running" in done.err) == (75, True), done
    process = repo.begin("apply", "--yes", "--wait")
    assert heard(process).startswith("waiting: another apply is running: process ")
    repo.write("go", "")

    assert ended(process).code == 0
    assert repo.plan().ids == []


@pytest.mark.parametrize("words", [("--wait=soon",), ("--wait=-1",), ("--wait=",)])
def test_what_is_no_time_is_a_usage_error(team: Team, words: Sequence[str]) -> None:
    """
    Nothing is applied, and the message says what a time looks like.
    """
    done = team.bob.apply(*words)

    assert (done.code, "is no number of seconds" in done.err) == (64, True)
