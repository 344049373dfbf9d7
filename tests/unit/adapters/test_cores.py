"""What is spread over forks is what one process makes of it, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from typing import Any, Callable, List, Sequence, Tuple

import pytest

from stagectl.adapters import cores
from stagectl.adapters.worktree import snapshot
from tests.build import ROOT

ENDS: List[Callable[[], object]] = [
    lambda: "x" * (1 << 20),
    lambda: os.kill(os.getpid(), signal.SIGKILL),
    lambda: {}["an error of a fork alone"],
    lambda: threading.Lock(),  # cannot be pickled
]
SCRIPT = """
import os, time
from stagectl.adapters import cores
cores.cores, here = lambda: 2, os.getpid()
def work(run):
    if os.getpid() == here:
        print("ready", flush=True)
        time.sleep(60)
    time.sleep(1)
cores.do_at_once([lambda: work(0), lambda: work(1)])
"""


@pytest.mark.parametrize("end", ENDS)
def test_what_a_fork_does_not_bring_to_its_end_is_done_here(monkeypatch: Any, end: Callable[[], object]) -> None:
    """
    Results have the order of the items, errors are raised here, and no fork is left.
    """
    here, fork, forks = os.getpid(), os.fork, []

    def noted() -> int:
        forks.append(fork())
        return forks[-1]

    def work(run: Sequence[int]) -> Tuple[List[int], Any]:
        return [6 // (3 - item) for item in run], end() if os.getpid() != here else None

    def spread(items: Sequence[int], least: int) -> List[Any]:
        return cores.do_at_once([partial(work, run) for run in cores.split_evenly(items, least, 3)])

    monkeypatch.setattr(cores, "cores", lambda: 3)
    monkeypatch.setattr(os, "fork", noted)
    results = spread([0, 1, 2, 1, 0], 1)
    assert [2, 3, 6, 3, 2] == [number for numbers, _ in results for number in numbers]
    assert [None, *[end() if end is ENDS[0] else None] * 2] == [other for _, other in results]
    with pytest.raises(ZeroDivisionError):
        spread([0, 1, 2, 3], 2)
    assert [([], None)] == spread([], 1)
    for process in forks:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
    assert 3 == len(forks)


@pytest.mark.parametrize("number, last", [(signal.SIGINT, ["KeyboardInterrupt"]), (signal.SIGKILL, [])])
def test_ctrl_c_and_a_kill_leave_no_fork(number: int, last: List[str]) -> None:
    """
    Whatever had stdout open is gone, and a fork prints nothing.
    """
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        (os.killpg if last else os.kill)(process.pid, number)
        _, printed = process.communicate(timeout=30)

    assert last == printed.splitlines()[-1:]
    assert printed.count("Traceback") == len(last)


def test_a_process_with_threads_does_not_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A fork would wait for ever for what another thread held; without any there are as many as cores, at most 8.
    """
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    monkeypatch.setattr(threading, "active_count", [2, 1].pop)
    assert [8, 1] == [cores.cores(), cores.cores()]


def test_a_snapshot_is_the_same_on_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Resources, problems, what is flawed and what is expanded, in the same order, to the type of each value.
    """
    bodies = ["inputs: {a: [1, 1.0, true, null], b: 'x${./f1.a}${env:A}${sha256:f/}'}\nreact_on: {run: [f1.run]}"]
    bodies += ["depends_on: {update: [f2.run]}\noverrides: [a.0]", "inputs: {a: '${'}\n", "a: &b 1", "inputs: 1\nx: 2"]
    fronts = ["kind: k", "kind: k\ntags: [a, b=c]", "template: t", "like: f0", "kind: none", "each: 1", "kind: 1"]
    texts = [f"---\n{front}\n---\n{body}\n".encode() for front in fronts for body in bodies]
    files = {f"{folder}/f{n}.yaml": text for folder in ("resources", ".staged") for n, text in enumerate(texts)}
    files["resources/F1.yaml"] = files["kinds/k.yaml"] = b"handler: none\n"

    alone = snapshot.parse_snapshot(files)
    monkeypatch.setattr(snapshot, "LEAST", 4)
    monkeypatch.setattr(cores, "cores", lambda: 3)

    assert alone.staged and alone.flawed and alone.problems and alone.expanded
    assert repr(alone) == repr(snapshot.parse_snapshot(files))
    assert {one.content for one in alone.staged.values()} <= {*texts}
