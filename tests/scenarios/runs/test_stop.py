"""A run is locked, stopped by `stop`, and interrupted by signals."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from typing import Sequence

import pytest

from tests.build import PATIENCE, ROOT, Repo, heard, is_alive
from tests.scenarios.runs.world import (
    begin_on_terminal,
    chain,
    events,
    failed,
    going,
    let_go,
    lines_of,
    newest,
    on_terminal,
    results,
    script,
    staged,
    until,
)

pytestmark = pytest.mark.once


def test_a_second_apply_says_who_applies(repo: Repo) -> None:
    """
    Process, command, since when, which run; looking is allowed; one that dies leaves no lock.
    """
    staged(repo.define("a", "gate"))
    with going(repo, 1) as process:
        for command, both in ((("apply", "--yes"), "; in common: a"), (("resume",), "")):
            said = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", failed(repo.run(*command), 75).err)
            assert said == (
                f"error: another apply is running: process {process.pid}, apply, since TIME, run {newest(repo)}{both}\n"
                f"hint: wait for it, or: stagectl stop {newest(repo)}\n"
            )
        assert failed(repo.run("retry")).err == (
            f"error: run {newest(repo)} is still going on\nhint: wait for it, or: stagectl stop {newest(repo)}\n"
        )
        assert (repo.plan().ids, repo.ok("plan").err, repo.ok("status").err) == (["a.run"], "", "")
        process.kill()
        process.wait(PATIENCE)
        repo.write("go", "")
        assert f"run {newest(repo)} was interrupted" in repo.apply().err


def test_stop_lets_what_runs_end(repo: Repo) -> None:
    """
    From another terminal; what had not started is skipped, recorded, and done by `retry`. Exit code 1.
    """
    chain(repo, "gate")
    with going(repo, 1) as process:
        run = newest(repo)
        assert repo.ok("stop", run[:-2]).err == (
            f"run {run} starts nothing more, and ends with what runs now; see: stagectl report --follow\n"
        )
        assert heard(process) == "the run was stopped: nothing more starts, waiting for 1: a.run\n"
        assert failed(let_go(repo, process)).err == (
            "a.run: SUCCESS\nb.run: SKIPPED (the run was stopped)\nc.run: SKIPPED (after b.run)\n"
        )
    assert (
        failed(repo.run("stop", run)).err
        == f"error: run {run} is not going on\nhint: see what it did: stagectl report\n"
    )

    repo.ok("retry")
    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert repo.ok("report", "--json").json()["retries"] == run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_lets_what_runs_end(repo: Repo, number: signal.Signals) -> None:
    """
    It says at once what it waits for; what runs is recorded, exit code 130, and nothing is left to resume.
    """
    chain(repo, "gate")
    with going(repo, 1, "--json") as process:
        process.send_signal(number)
        assert heard(process) == (
            "the run was interrupted: nothing more starts, waiting for 1: a.run; Ctrl-C again kills what runs\n"
        )
        ran = failed(let_go(repo, process), 130)

    assert repo.log() == ["a.run"]
    assert results(repo) == ["a.run SUCCESS", "b.run SKIPPED", "c.run SKIPPED"]
    assert events(ran)[-1]["interrupted"] is True
    assert repo.ok("resume").err == "Nothing to resume: no run was interrupted.\n"


def test_two_signals_kill_what_runs(repo: Repo) -> None:
    """
    With all that it started; it counts as failed, and that is recorded.
    """
    script(repo, "gate", "sleep 300 & echo $! > child.log; echo a >> started.log; sleep 300")
    chain(repo, "gate")
    with going(repo, 1) as process:
        process.send_signal(signal.SIGINT)
        assert "waiting for 1: a.run" in heard(process)
        process.send_signal(signal.SIGTERM)
        ran = failed(let_go(repo, process), 130)

    assert ran.err == (
        "a.run: ERROR (ended by signal 9)\nb.run: SKIPPED (after a.run)\nc.run: SKIPPED (after b.run)\ninterrupted\n"
    )
    assert repo.applied("a")["unfinished"]["action"] == "run"
    until(lambda: not is_alive(int(repo.read("child.log"))))


# stagectl, in which two signals come when an action was handed out and has not begun.
KILLED_BEFORE_IT_BEGINS = f"""
import os, signal, sys, time
from stagectl.adapters.handlers import groups
from stagectl.usecases.applying import execute
from stagectl.usecases.checking import looking

def late(*words, carry_out=execute.carry_out):
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    end = time.monotonic() + {PATIENCE}
    while not any(groups.over.values()) and time.monotonic() < end:
        time.sleep(0.01)
    return carry_out(*words)

execute.carry_out = looking.carry_out = late
signal.signal(signal.SIGINT, signal.default_int_handler)
from stagectl.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("words", [("apply", "--yes"), ("check",)], ids=" ".join)
def test_two_signals_kill_what_was_about_to_begin(repo: Repo, words: Sequence[str]) -> None:
    """
    It is shown as running by then; it does not go on after the kill.
    """
    sleeps = ["sh", "-c", "echo $$ > child.log; exec sleep 300"]
    kind = {"actions": {"update": sleeps}, "check": sleeps}
    repo.write("kinds/sleeps.yaml", json.dumps(kind)).define("a", "sleeps", inputs={"x": 1}).apply_all()
    repo.define("a", "sleeps", inputs={"x": 2}).stage()

    done = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_IT_BEGINS, *words],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert done.returncode == 130, done
    assert "ended by signal 9" in done.stdout + done.stderr
    assert not (repo.root / "child.log").exists() or not is_alive(int(repo.read("child.log") or 0))


def test_control_c_on_a_terminal_says_what_a_second_one_does(repo: Repo) -> None:
    """
    Above the progress bar, before what runs has ended; the second one kills that.
    """
    script(repo, "gate", "echo a >> started.log; sleep 300")
    chain(repo, "gate")
    said = "the run was interrupted: nothing more starts, waiting for 1: a.run; Ctrl-C again kills what runs"

    code, screen = on_terminal(repo, "apply", "--yes", answers=((r"0/3 \S+ +a\.run", "\x03"), (said, "\x03")))

    assert (code, screen.count(said)) == (130, 1), screen
    assert "a.run: ERROR (ended by signal 9)" in screen
    assert results(repo) == ["a.run ERROR", "b.run SKIPPED", "c.run SKIPPED"]


def test_a_terminal_that_goes_away_stops_the_run(repo: Repo) -> None:
    """
    As one Ctrl-C does: what runs is waited for and recorded, and no error is reported.
    """
    chain(repo, "gate")
    (repo.root.parent / "tmp").mkdir()
    process, terminal = begin_on_terminal(repo, "apply", "--yes", TMPDIR=str(repo.root.parent / "tmp"))
    until(lambda: lines_of(repo, "started.log"))
    assert select.select([terminal], [], [], PATIENCE)[0]
    os.close(terminal)
    until(lambda: os.path.realpath(f"/proc/{process.pid}/fd/2") == os.devnull)
    repo.write("go", "")

    assert process.wait(PATIENCE) == 130
    assert results(repo) == ["a.run SUCCESS", "b.run SKIPPED", "c.run SKIPPED"]
    assert repo.ok("resume").err == "Nothing to resume: no run was interrupted.\n"
    assert list((repo.root.parent / "tmp").iterdir()) == [], "no bug is reported"


def test_control_c_while_it_plans_is_an_interruption(repo: Repo) -> None:
    """
    It says so, nothing ran, and no run was begun.
    """
    staged(repo.define("a"))
    at_once = "import os, signal, stagectl.usecases.applying.apply as a; a.make_header = a._header; "
    at_once += "a._header = lambda *more: os.kill(os.getpid(), signal.SIGINT) or a.make_header(*more); "
    program = f"{at_once}import sys; from stagectl.__main__ import main; sys.exit(main(['apply', '--yes']))"
    done = subprocess.run(
        [sys.executable, "-c", f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {program}"],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    assert (repo.log(), repo.ok("resume").err) == ([], "Nothing to resume: no run was interrupted.\n")


def test_control_c_at_a_prompt_is_an_interruption(repo: Repo) -> None:
    """
    Nothing ran; exit code 130. `n` is an answer.
    """
    staged(repo.define("a"))

    code, screen = on_terminal(repo, "apply", answers=((r"\[y/N\]", "\x03"),))
    assert (code, "interrupted" in screen, repo.log()) == (130, True, [])
    code, screen = on_terminal(repo, "apply", answers=((r"\[y/N\]", "n\n"),))
    assert (repo.log(), repo.run("report").code) == ([], 1)
