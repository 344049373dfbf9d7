"""Which change goes first where few may run at once, and timeouts."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, List

import pytest

from stagectl.adapters.handlers import Request, Result, shell
from tests.build import Repo, is_alive
from tests.scenarios.runs.world import AGENT, chain, failed, recorded, script, staged, until
from tests.timeouts import be_over_once

pytestmark = pytest.mark.once


def test_one_at_a_time_goes_by_the_longest_path(repo: Repo) -> None:
    """
    --parallel 1: the chain first, though its ids come last; among equals the smallest id.
    """
    repo.define("a").define("b").define("z1").define("z2", depends_on=["z1"]).define("z3", depends_on=["z2"])
    staged(repo).ok("apply", "--yes", "--parallel", "1")

    assert repo.log() == ["z1.run", "z2.run", "a.run", "b.run", "z3.run"]


def test_one_at_a_time_goes_by_the_times_of_earlier_runs(repo: Repo) -> None:
    """
    z took longer than a and b together the last time, so its branch goes first.
    """
    script(repo, "slow", f"sleep $(($(date +%s) - $(stat -c %Y began.log) + 1)); {AGENT}")
    repo.define("a", inputs={"x": 0}).define("b", depends_on=["a"], inputs={"x": 0}).define(
        "z", "slow", inputs={"x": 0}
    )
    recorded(repo)
    for x in (1, 2):
        repo.define("a", inputs={"x": x}).define("b", depends_on=["a"], inputs={"x": x})
        staged(repo.define("z", "slow", inputs={"x": x})).write("began.log", "")  # a and b run between that and z
        repo.ok("apply", "--yes", "--parallel", "1")

    assert repo.log() == ["a.update", "b.update", "z.update", "z.update", "a.update", "b.update"]


def test_a_timeout_is_a_failure_with_the_output_so_far(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    And what waits for it is skipped.
    """
    script(repo, "service", "echo begun; touch begun.log; sleep 300", timeout=0.4)
    be_over_once(monkeypatch, repo.root / "begun.log")
    chain(repo)

    failed(repo.apply())

    a, b, _ = repo.ok("report", "--json").json()["changes"]
    assert (a["state"], a["message"]) == ("ERROR", "still running after 0.4 seconds; it was killed")
    assert (a["output"], b["message"]) == (["begun"], "after a.run")


def test_a_timeout_is_over_by_the_clock(repo: Repo) -> None:
    """
    Not before, and long before the action ends.
    """
    script(repo, "service", "sleep 1000", timeout=0.4)
    staged(repo.define("a"))

    failed(repo.apply())

    (a,) = repo.ok("report", "--json").json()["changes"]
    assert (a["message"], a["seconds"] >= 0.4) == ("still running after 0.4 seconds; it was killed", True)


def test_what_ended_while_stagectl_was_stopped_ended_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Who comes back when the time is over finds the action ended: what it printed is there, and it was not killed.
    """
    said: List[bytes] = []
    processes: List[int] = []

    def sleep_past_its_end(data: bytes) -> None:
        said.append(data)
        until(lambda: not is_alive(processes[0]))
        (tmp_path / "late").touch()

    be_over_once(monkeypatch, tmp_path / "late")
    does = ["sh", "-c", "echo one; (sleep 1000; echo never) & echo two; exit 0"]
    result = shell.shell(request(tmp_path, does, timeout=9, say=sleep_past_its_end, started=processes.append))
    os.killpg(processes[0], signal.SIGKILL)

    assert (result, b"".join(said)) == (Result(True), b"one\ntwo\n")


def test_a_process_that_cannot_be_killed_does_not_hold_the_run_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    As one that became another user's: it is reported that it goes on.
    """
    sent: List[int] = []

    def refuse(group: int, number: int) -> None:
        sent.append(group)
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", refuse)
        patch.setattr(shell, "DYING", 0.2)
        result = shell.shell(request(tmp_path, ["sleep", "300"], timeout=0.2))
    os.killpg(sent[0], signal.SIGKILL)

    assert result == Result(False, message="still running after 0.2 seconds; it cannot be killed")


def request(root: Path, does: List[str], **more: Any) -> Request:
    return Request("a.run", "a", "run", "service", "RUN", does, {}, {}, root=root, folder=root, **more)
