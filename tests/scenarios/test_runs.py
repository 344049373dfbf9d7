"""What becomes of runs: reported, stopped, killed, resumed and tried again; nothing is lost, nothing runs twice."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from stagectl.adapters.handlers import Request, Result, shell
from stagectl.adapters.running.processes import Notes, living
from stagectl.core.model import ChangeId
from tests.build import PATIENCE, ROOT, Ran, Repo, ended, heard

pytestmark = pytest.mark.once

APPLIED = "stagectl/applied"
IN_A_PROCESS: Dict[str, str] = {"LC_ALL": "C.UTF-8"}  # an environment of its own means a process of its own
RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")

# An action logs its id; the files `fail` and `kill` name actions that fail, or that kill stagectl while they run.
AGENT = """
id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"
if grep -qsxF "$id" fail; then echo "no luck with $id"; exit 3; fi
if grep -qsxF "$id" kill; then rm kill; kill -9 $PPID; exit 0; fi
echo "$id" >> actions.log
"""
GATE = """
echo "$STAGECTL_RESOURCE.$STAGECTL_ACTION" >> started.log
n=0; until [ -e go ] || [ $n = 400 ]; do sleep 0.02; n=$((n + 1)); done
echo "$STAGECTL_RESOURCE.$STAGECTL_ACTION" >> actions.log
"""


# --- helpers


@pytest.fixture
def repo(repo: Repo) -> Repo:
    """A repository whose actions can be told to fail and to kill."""
    script(repo, "service", AGENT)
    script(repo, "safe", AGENT, idempotent=True)
    script(repo, "gate", GATE)
    repo.write(".gitignore", "*.log\nfail\nkill\ngo\n").commit()
    return repo


def script(repo: Repo, name: str, text: str, **more: Any) -> Repo:
    """A kind whose every action is this shell script."""
    actions = {action: ["sh", "-c", text] for action in ("run", "update", "remove", "restart", "test")}
    return repo.write(f"kinds/{name}.yaml", json.dumps({"actions": actions, **more}))


def staged(repo: Repo) -> Repo:
    repo.commit()
    return repo.stage()


def recorded(repo: Repo) -> Repo:
    """Stage everything and record it as applied."""
    staged(repo).ok("apply", "--yes", "--record-only")
    return repo


def chain(repo: Repo, kind: str = "service") -> Repo:
    """Stage c after b after a, none of them applied."""
    repo.define("a", kind).define("b", kind, depends_on=["a"]).define("c", kind, depends_on=["b"])
    return staged(repo)


def killed(repo: Repo, change: str, *arguments: str, command: Tuple[str, ...] = ("apply", "--yes")) -> str:
    """Have a run killed by -9 while a change runs; return the run."""
    repo.write("kill", change + "\n")
    assert repo.run(*command, *arguments, env=IN_A_PROCESS).code == -9
    until(lambda: not living(runs(repo) / newest(repo)))
    return newest(repo)


def runs(repo: Repo) -> Path:
    return repo.root / ".git/stagectl/runs"


def newest(repo: Repo) -> str:
    return max(path.name for path in runs(repo).iterdir())


def failed(ran: Ran, code: int = 1) -> Ran:
    assert ran.code == code, f"exited {ran.code}: {ran.out}{ran.err}"
    return ran


def plain(text: str) -> str:
    """Text with runs, commits and times made neutral."""
    text = re.sub(r"\b[0-9a-f]{12}\b", "COMMIT", RUN.sub("RUN", text))
    return re.sub(r"\b\d+\.\d s\b", "TIME", text)


def states(repo: Repo, *arguments: str) -> Dict[str, str]:
    report = repo.ok("report", "--json", *arguments).json()
    return {change["id"]: change["state"] for change in report["changes"]}


def results(repo: Repo, revision: str = APPLIED) -> List[str]:
    return repo.git("log", "-1", "--format=%(trailers:key=Change,valueonly)", revision).split("\n")[:-2]


def events(ran: Ran) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def until(what: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, f"it did not happen in {PATIENCE} seconds"
        time.sleep(0.02)


def lines_of(repo: Repo, path: str) -> List[str]:
    return repo.read(path).split() if (repo.root / path).exists() else []


@contextlib.contextmanager
def going(repo: Repo, started: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """An apply in a process of its own, of which so many actions of the kind `gate` have started."""
    process = repo.begin("apply", "--yes", *arguments)
    try:
        until(lambda: len(lines_of(repo, "started.log")) >= started or process.poll() is not None)
        yield process
    finally:
        let_go(repo, process)


def let_go(repo: Repo, process: subprocess.Popen[str]) -> Ran:
    """Let what waits go on; return how the apply ended."""
    repo.write("go", "")
    return ended(process)


def begin_on_terminal(repo: Repo, *arguments: str, **env: str) -> Tuple[subprocess.Popen[bytes], int]:
    """Start a command on a pseudo terminal of its own; return it, and our side of the terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120", **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "stagectl", *arguments],
        cwd=repo.root,
        env={key: value for key, value in environment.items() if value},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: _at_the_keyboard(theirs),
    )
    os.close(theirs)
    return process, ours


def on_terminal(repo: Repo, *arguments: str, answers: Tuple[Tuple[str, str], ...] = (), **env: str) -> Tuple[int, str]:
    """Run a command on a pseudo terminal; answers: what to type once a pattern is shown. Returns code and screen."""
    process, ours = begin_on_terminal(repo, *arguments, **env)
    screen, left = "", list(answers)
    end = time.monotonic() + PATIENCE
    while True:
        if time.monotonic() > end:
            process.kill()
            raise AssertionError(f"it goes on after {PATIENCE} seconds; the screen: {screen}")
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(ours, 65536)
        except OSError:  # EIO: the other side is closed
            break
        screen += data.decode("utf-8", "replace")
        if left and re.search(left[0][0], screen):
            os.write(ours, left.pop(0)[1].encode())
    os.close(ours)
    return process.wait(PATIENCE), screen


def _at_the_keyboard(terminal: int) -> None:
    """Make Ctrl-C and a hang-up signals, whatever the tests were started by."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


# --- report


def test_a_report_tells_state_times_and_the_output_of_what_failed(repo: Repo) -> None:
    """
    In text: a line per change, the last lines of a failure, time beside the longest chain, the next command.
    """
    chain(repo.define("d")).fail("b.run")
    run = RUN.search(failed(repo.apply()).out)
    assert run is not None

    assert plain(repo.ok("report").out) == (
        "Run RUN: incomplete, by Ada <ada@example.com>, of commit COMMIT\n"
        "  SUCCESS    a.run  at TIME, TIME\n"
        "  ERROR      b.run  at TIME, TIME  exit code 3\n"
        "      no luck with b.run\n"
        "  SKIPPED    c.run  after b.run\n"
        "  SUCCESS    d.run  at TIME, TIME\n"
        "Took TIME; the longest chain of changes TIME.\n"
        "Next: stagectl retry RUN\n"
    )
    assert repo.ok("report").out == repo.ok("report", run.group()).out == repo.ok("report", run.group()[:-1]).out
    assert repo.ok("report").out == repo.ok("report", "--format", "text").out


def test_a_report_for_scripts_is_one_document(repo: Repo) -> None:
    """
    With the keys that scripts may rely on, and the times of what ran.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())

    report = repo.ok("report", "--json").json()

    assert report == repo.ok("report", "--format", "json").json()
    assert report["run"] == newest(repo)
    assert (report["state"], report["by"], report["retries"]) == ("incomplete", "Ada <ada@example.com>", None)
    assert report["source"] == repo.git("rev-parse", "HEAD").strip()
    assert report["commit"] == repo.git("rev-parse", APPLIED).strip()
    assert [(change["id"], change["state"]) for change in report["changes"]] == [
        ("a.run", "SUCCESS"),
        ("b.run", "ERROR"),
        ("c.run", "SKIPPED"),
    ]
    a, b, c = report["changes"]
    assert (b["message"], b["output"], c["message"]) == ("exit code 3", ["no luck with b.run"], "after b.run")
    assert a["started"] and b["started"] and c["started"] is None
    assert 0 < a["seconds"] + b["seconds"] == pytest.approx(report["critical_path_seconds"], abs=0.01)
    assert report["critical_path_seconds"] < report["seconds"]


def test_a_report_of_a_run_that_is_not_there_names_those_that_are(repo: Repo) -> None:
    """
    Nothing applied, an unknown id, and one that begins several.
    """
    assert failed(repo.run("report")).err == (
        "error: nothing was applied from here yet\nhint: runs of others: stagectl log\n"
    )
    staged(repo.define("a")).ok("apply", "--yes")
    run = newest(repo)
    staged(repo.define("b")).ok("apply", "--yes")

    for command in ("report", "retry", "stop"):
        assert failed(repo.run(command, "2001")).err == (
            f"error: there is no run '2001' here\nhint: the newest ones: {newest(repo)}, {run}; "
            "runs of others: stagectl log\n"
        )
        assert failed(repo.run(command, "2")).err == (
            f"error: several runs begin with '2': {newest(repo)}, {run}\nhint: say more of the id\n"
        )


def test_the_newest_run_is_the_one_that_began_last(repo: Repo) -> None:
    """
    Five runs within a second: ids sort as runs began, so `report`, `retry` and recovery mean the last one.
    """
    staged(repo.define("a"))
    began = []
    for _ in range(5):
        repo.ok("apply", "--yes", "--record-only")
        began.append(newest(repo))
        staged(repo.define("a", inputs={"x": len(began)}))

    assert began == sorted(set(began))
    assert [repo.ok("report", "--json").json()["run"]] == began[-1:]


def test_only_the_newest_runs_are_kept(repo: Repo) -> None:
    """
    30 of them; one that was left open, however old its name, is recovered and closed before it may go.
    """
    staged(repo.define("a")).ok("apply", "--yes", "--record-only")
    run = runs(repo) / newest(repo)
    for number in range(40):
        old = runs(repo) / f"20200101T0000{number:02}Z-000000"
        old.mkdir()
        for name in ("run.json", "journal"):
            (old / name).write_bytes((run / name).read_bytes() if number or name == "run.json" else b"")

    done = staged(repo.define("b")).ok("apply", "--yes", "--record-only")

    kept = sorted(path.name for path in runs(repo).iterdir())
    assert "run 20200101T000000Z-000000 was interrupted" in done.err
    assert len(kept) == 30 and kept[0] == "20200101T000012Z-000000"


def test_report_follows_a_run_until_it_ends(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    While it goes on the state is running; --follow tells of every end, then reports.
    """
    chain(repo, "gate")
    with going(repo, 1) as process:
        assert states(repo) == {"a.run": "INPROGRESS", "b.run": "PENDING", "c.run": "PENDING"}
        assert repo.ok("report").out.startswith(f"Run {newest(repo)}: running, by Ada")
        sleep = time.sleep
        monkeypatch.setattr(time, "sleep", lambda seconds: (repo.write("go", ""), sleep(seconds)))  # it follows now
        ran = repo.ok("report", "--follow")
        assert let_go(repo, process).code == 0

    assert "a.run: done\n" in ran.err
    assert ran.err.endswith("c.run: done\n")
    assert ran.out.startswith(f"Run {newest(repo)}: done, by Ada")


def test_a_report_has_what_was_printed_so_far(repo: Repo) -> None:
    """
    Of what runs, with the time since it started; and of what was killed with stagectl, with the time that is known.
    """
    script(repo, "gate", f"echo half way; {GATE}")
    staged(repo.define("a", "gate"))
    with going(repo, 1) as process:
        report = repo.ok("report", "--json").json()
        assert (report["state"], report["changes"][0]["output"]) == ("running", ["half way"])
        assert report["seconds"] >= report["critical_path_seconds"] == report["changes"][0]["seconds"] > 0
        assert plain(repo.ok("report").out).endswith(
            "  INPROGRESS a.run  at TIME, TIME\n      half way\n"
            "Has been going on for TIME; the longest chain of changes TIME.\n"
        )
        process.kill()
        process.wait(PATIENCE)
    until(lambda: not living(runs(repo) / newest(repo)))

    assert "  UNKNOWN    a.run  at TIME  nobody saw how this ended\n      half way\n" in plain(repo.ok("report").out)
    report = repo.ok("report", "--json").json()
    assert report["changes"][0]["output"] == ["half way"]
    assert report["seconds"] == repo.ok("report", "--json").json()["seconds"], "its time does not go on"


def test_a_kind_with_noisy_actions_does_not_fill_the_disk(repo: Repo) -> None:
    """
    50 MB without one newline: 1 MiB is kept, a report shows 16 KiB, and it takes no memory to speak of.
    """
    script(repo, "noisy", "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1")
    staged(repo.define("a", "noisy"))

    failed(repo.apply())

    change = repo.ok("report", "--json").json()["changes"][0]
    assert change["output"][-1] == "the end"
    assert sum(map(len, change["output"])) <= 16 * 1024
    kept = runs(repo) / newest(repo) / "output/a.run.log"
    assert 1024 * 1024 <= kept.stat().st_size <= 1024 * 1024 + 100
    assert kept.read_text().endswith("\n... more output was not kept\n")


def test_bytes_that_are_no_text_are_reported(repo: Repo) -> None:
    """
    Invalid UTF-8 and control characters, in the report, the events and the journal.
    """
    script(repo, "odd", "printf 'a\\377\\033[1mb\\r\\n'; exit 1")
    staged(repo.define("a", "odd"))

    failure = next(event for event in events(failed(repo.apply("--json"))) if event["type"] == "change_failed")

    assert failure["output"] == repo.ok("report", "--json").json()["changes"][0]["output"] == ["a\ufffd\x1b[1mb"]
    assert "      a\ufffd\\u001b[1mb\n" in repo.ok("report").out


def test_outputs_of_changes_that_run_together_are_kept_apart(repo: Repo) -> None:
    """
    Four actions print 200 lines each at the same time, half a line at once.
    """
    half = 'printf "$STAGECTL_RESOURCE "; echo "$i"'
    script(repo, "talker", f"i=0; while [ $i -lt 200 ]; do {half}; i=$((i + 1)); done")
    for name in ("a", "b", "c", "d"):
        repo.define(name, "talker")
    staged(repo).ok("apply", "--yes")

    folder = runs(repo) / newest(repo) / "output"
    for name in ("a", "b", "c", "d"):
        assert (folder / f"{name}.run.log").read_text() == "".join(f"{name} {i}\n" for i in range(200))


def test_a_secret_in_a_line_without_end_is_blacked_out(repo: Repo) -> None:
    """
    Wherever in a long line it stands, also where that is cut into pieces.
    """
    script(repo, "leak", 'yes "12345$TOKEN" | tr -d "\\n" | head -c 700000')
    repo.define("a", "leak", inputs={"token": "${env:TOKEN}"})
    staged(repo).ok("apply", "--yes", env={"TOKEN": "sésame-open"})

    kept = (runs(repo) / newest(repo) / "output/a.run.log").read_text()

    assert kept.count("(sensitive)") > 30_000
    assert not re.search("s[eé]same|same-|-open", kept.rstrip("\n")[:-20])


# --- what an action leaves behind


@pytest.mark.parametrize("daemon", ["sleep 20", "yes"])
def test_a_daemon_that_an_action_leaves_does_not_hold_the_run_up(repo: Repo, daemon: str) -> None:
    """
    It keeps the output open, silently or not, and the run ends with the action; nobody else is locked out.
    """
    script(repo, "daemon", f"echo started; setsid {daemon} & echo $! > pid.log")
    staged(repo.define("a", "daemon"))
    before = time.monotonic()
    try:
        repo.ok("apply", "--yes")
        assert time.monotonic() - before < 10
        assert states(repo) == {"a.run": "SUCCESS"}
        assert repo.ok("apply", "--yes").out == "No changes. The applied state matches what is staged.\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(repo.read("pid.log")), 9)


def test_an_action_that_closes_its_output_is_waited_for(repo: Repo) -> None:
    """
    The end of the process counts, and its exit code.
    """
    script(repo, "mute", "exec >&- 2>&-; sleep 0.4; exit 5")
    staged(repo.define("a", "mute"))

    assert "a.run: FAILED (exit code 5)\n" in failed(repo.apply()).err


# --- events


def test_events_one_document_per_line(repo: Repo) -> None:
    """
    version first, every start and end, the summary last; nothing else on stdout.
    """
    chain(repo).fail("b.run")

    found = events(failed(repo.apply("--json")))

    assert [(event["type"], event.get("id"), event.get("state")) for event in found] == [
        ("version", None, None),
        ("change_start", "a.run", "INPROGRESS"),
        ("change_complete", "a.run", "SUCCESS"),
        ("change_start", "b.run", "INPROGRESS"),
        ("change_failed", "b.run", "ERROR"),
        ("change_skipped", "c.run", "SKIPPED"),
        ("summary", None, None),
    ]
    assert found[0]["format_version"] == "1.0"
    assert {**found[4], "seconds": 0} == {
        "type": "change_failed",
        "run": newest(repo),
        "id": "b.run",
        "resource": "b",
        "action": "run",
        "state": "ERROR",
        "changed": True,
        "message": "exit code 3",
        "seconds": 0,
        "output": ["no luck with b.run"],
    }
    assert found[-1] == {
        "type": "summary",
        "run": newest(repo),
        "plan_id": repo.ok("report", "--json").json()["plan_id"],
        "commit": repo.git("rev-parse", APPLIED).strip(),
        "complete": False,
        "interrupted": False,
        "states": {"ERROR": 1, "SKIPPED": 1, "SUCCESS": 1},
        "recorded": [],
    }


def test_events_where_nothing_is_to_be_done(repo: Repo) -> None:
    """
    The version and a summary without a run; a retry that has nothing to try has no summary.
    """
    recorded(repo.define("a"))

    found = events(repo.ok("apply", "--yes", "--json"))

    assert [event["type"] for event in found] == ["version", "summary"]
    assert (found[1]["run"], found[1]["complete"], found[1]["states"]) == ("", True, {})
    assert [event["type"] for event in events(repo.ok("retry", "--json"))] == ["version"]


def test_nobody_listening_does_not_stop_a_run(repo: Repo) -> None:
    """
    The reader of the events goes away; everything runs and is recorded, and the exit code says how it went.
    """
    chain(repo).fail("c.run")
    command = f"{sys.executable} -m stagectl apply --yes --json | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert (done.stdout, done.stderr) == ("1\n", "")
    assert results(repo) == ["a.run SUCCESS", "b.run SUCCESS", "c.run ERROR"]
    assert repo.ok("report", "--json").json()["state"] == "incomplete"


# --- filters


def test_noop_passes_over_a_change_that_stays_pending(repo: Repo) -> None:
    """
    What comes after it runs; the run is complete, and the next plan has it.
    """
    chain(repo)

    repo.ok("apply", "--yes", "--noop", "b.run")

    assert (repo.log(), states(repo)) == (["a.run", "c.run"], {"a.run": "SUCCESS", "b.run": "NOOP", "c.run": "SUCCESS"})
    assert repo.plan().ids == ["b.run"]


def test_noop_of_a_reaction_leaves_it_owed(repo: Repo) -> None:
    """
    It is due, and nobody did it: it comes back.
    """
    recorded(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]}))
    staged(repo.define("db", inputs={"x": 2}))

    repo.ok("apply", "--yes", "--noop", "app.restart")

    assert (repo.log(), repo.plan().ids, repo.plan().cause("app.restart")) == (["db.update"], ["app.restart"], "owed")
    repo.ok("apply", "--yes")
    assert (repo.log(), repo.plan().ids) == (["db.update", "app.restart"], [])


def test_skip_leaves_out_a_change_and_what_depends_on_it(repo: Repo) -> None:
    """
    Exit code 1; both stay pending, and `retry` does not run what waits for a change that was skipped on purpose.
    """
    chain(repo.define("d"))

    failed(repo.apply("--skip", "b.run"))
    assert states(repo) == {"a.run": "SUCCESS", "b.run": "SKIPPED", "c.run": "SKIPPED", "d.run": "SUCCESS"}
    assert repo.plan().ids == ["b.run", "c.run"]

    assert "Nothing to retry" in repo.ok("retry").err
    assert sorted(repo.log()) == ["a.run", "d.run"]


def test_retry_of_a_run_with_a_filter_keeps_out_what_was_left_out(repo: Repo) -> None:
    """
    Of a skipped change, and of one outside --end-at, nothing runs; what failed does.
    """
    chain(repo.define("d").define("e")).fail("a.run", "d.run")
    failed(repo.apply("--skip", "d.run", "--end-at", "b.run", "--end-at", "d.run"))
    assert states(repo) == {
        "a.run": "ERROR", "b.run": "SKIPPED", "c.run": "SKIPPED", "d.run": "SKIPPED", "e.run": "SKIPPED",
    }  # fmt: skip

    repo.fail().ok("retry")

    assert repo.log() == ["a.run", "b.run"]
    assert repo.plan().ids == ["c.run", "d.run", "e.run"]


def test_start_at_and_end_at_run_a_part_of_the_order(repo: Repo) -> None:
    """
    From b on without waiting for a; up to b with all that comes before it.
    """
    chain(repo.define("d"))
    failed(repo.apply("--start-at", "b.run"))
    assert (repo.log(), repo.plan().ids) == (["b.run", "c.run"], ["a.run", "d.run"])

    (repo.root / "actions.log").unlink()
    repo.define("b", depends_on=["a"], inputs={"x": 1}).define("c", depends_on=["b"], inputs={"x": 1})
    staged(repo)
    failed(repo.apply("--end-at", "b.update"))
    assert (repo.log(), repo.plan().ids) == (["a.run", "b.update"], ["c.update", "d.run"])


@pytest.mark.parametrize("option", ["--noop", "--skip", "--start-at", "--end-at"])
def test_a_filter_by_a_change_that_is_not_there_is_an_error(repo: Repo, option: str) -> None:
    """
    Before anything runs, with what was probably meant.
    """
    staged(repo.define("alpha"))

    assert failed(repo.apply(option, "alpa.run")).err == (
        "error: there is no change 'alpa.run' in this plan; did you mean 'alpha.run'?\nhint: see them: stagectl plan\n"
    )
    assert repo.log() == []


def test_record_only_leaves_out_what_it_is_asked_to(repo: Repo) -> None:
    """
    A skipped change is not recorded, so that a protected resource cannot slip away with it.
    """
    script(repo, "service", AGENT, protect=True)
    recorded(repo.define("a").define("b"))
    staged(repo.delete("a").define("c"))

    failed(repo.apply("--record-only", "--skip", "a.remove"))

    assert (repo.applied("a"), repo.applied("c")) == ({"inputs": {}}, {"inputs": {}})
    assert repo.plan().ids == ["a.remove"]


def test_fail_fast_starts_nothing_after_the_first_failure(repo: Repo) -> None:
    """
    Independent changes too, unlike without it.
    """
    chain(repo.define("d", depends_on=["c"])).fail("a.run")
    staged(repo.define("z1").define("z2"))

    failed(repo.apply("--fail-fast", "--parallel", "1"))

    assert repo.log() == []
    report = repo.ok("report", "--json").json()["changes"]
    assert {change["id"]: change["message"] for change in report}["z1.run"] == (
        "an earlier change failed, and --fail-fast was given"
    )
    failed(repo.apply("--parallel", "1"))
    assert repo.log() == ["z1.run", "z2.run"]


@pytest.mark.parametrize("answer", ["failed", "rerun"])
def test_fail_fast_holds_for_what_finishes_the_run(repo: Repo, answer: str) -> None:
    """
    A failure that somebody tells of, or that comes when it is resumed: the change beside it does not start.
    """
    staged(repo.define("a").define("b"))
    killed(repo, "a.run", "--fail-fast", "--parallel", "1")
    repo.fail("a.run")

    failed(repo.run("resume", "--unknown", answer, "--parallel", "1"))

    assert repo.log() == []
    assert [change["message"] for change in repo.ok("report", "--json").json()["changes"]][1] == (
        "an earlier change failed, and --fail-fast was given"
    )


# --- the lock


def test_a_second_apply_says_who_applies(repo: Repo) -> None:
    """
    Process, command, since when, which run; looking is allowed; whoever dies leaves no lock.
    """
    staged(repo.define("a", "gate"))
    with going(repo, 1) as process:
        for command in (("apply", "--yes"), ("resume",)):
            said = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", failed(repo.run(*command)).err)
            assert said == (
                f"error: another apply is running: process {process.pid}, apply, since TIME, run {newest(repo)}\n"
                "hint: wait for it, or: stagectl stop RUN\n"
            )
        assert failed(repo.run("retry")).err == (
            f"error: run {newest(repo)} is still going on\nhint: wait for it, or: stagectl stop RUN\n"
        )
        assert (repo.plan().ids, repo.ok("plan").err, repo.ok("status").err) == (["a.run"], "", "")
        process.kill()
        process.wait(PATIENCE)
        repo.write("go", "")
        assert f"run {newest(repo)} was interrupted" in repo.apply().err


# --- stop and Ctrl-C


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
            "a.run: done\nb.run: skipped (the run was stopped)\nc.run: skipped (after b.run)\n"
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
    script(repo, "gate", "(sleep 1; echo late >> actions.log) & echo a >> started.log; sleep 300")
    chain(repo, "gate")
    with going(repo, 1) as process:
        process.send_signal(signal.SIGINT)
        assert "waiting for 1: a.run" in heard(process)
        process.send_signal(signal.SIGTERM)
        ran = failed(let_go(repo, process), 130)

    assert ran.err == (
        "a.run: FAILED (ended by signal 9)\nb.run: skipped (after a.run)\nc.run: skipped (after b.run)\ninterrupted\n"
    )
    assert repo.applied("a")["unfinished"]["action"] == "run"
    time.sleep(1.2)
    assert repo.log() == []


def test_control_c_on_a_terminal_says_what_a_second_one_does(repo: Repo) -> None:
    """
    Above the progress bar, before what runs has ended; the second one kills that.
    """
    script(repo, "gate", "echo a >> started.log; sleep 300")
    chain(repo, "gate")
    said = "the run was interrupted: nothing more starts, waiting for 1: a.run; Ctrl-C again kills what runs"

    code, screen = on_terminal(repo, "apply", "--yes", answers=((r"0/3 \S+ +a\.run", "\x03"), (said, "\x03")))

    assert (code, screen.count(said)) == (130, 1), screen
    assert "a.run: FAILED (ended by signal 9)" in screen
    assert results(repo) == ["a.run ERROR", "b.run SKIPPED", "c.run SKIPPED"]


def test_a_terminal_that_goes_away_stops_the_run(repo: Repo) -> None:
    """
    As one Ctrl-C does: what runs is waited for and recorded, and nobody is told of an error.
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


# --- killed


def test_after_a_kill_every_command_says_so(repo: Repo) -> None:
    """
    status, plan, report and log; reading changes nothing.
    """
    chain(repo)
    run = killed(repo, "b.run")
    warning = f"warning: run {run} was interrupted; finish it: stagectl resume, see it: stagectl report\n"

    assert f"Run interrupted (stagectl resume):\n  {run}\n" in repo.ok("status").out
    assert repo.ok("status", "--json").json()["interrupted"] == run
    for command in ("plan", "log", "diff"):
        assert repo.ok(command).err == warning
    assert plain(repo.ok("report").out) == (
        "Run RUN: interrupted, by Ada <ada@example.com>, of commit COMMIT\n"
        "  SUCCESS    a.run  at TIME, TIME\n"
        "  UNKNOWN    b.run  at TIME  nobody saw how this ended\n"
        "  PENDING    c.run\n"
        "Took TIME; the longest chain of changes TIME.\n"
        "It was interrupted. Next: stagectl resume\n"
    )
    assert repo.applied("a") is None


@contextlib.contextmanager
def orphaned(repo: Repo) -> Iterator[str]:
    """A run that was killed while an action of the kind `gate` goes on."""
    with going(repo, 1) as process:
        until(lambda: living(runs(repo) / newest(repo)))  # it is noted just after it started
        process.kill()
        process.wait(PATIENCE)
        yield newest(repo)


def test_an_action_that_outlives_stagectl_is_not_overlooked(repo: Repo) -> None:
    """
    While it runs every command tells its process, and how to end it; resume does before it asks. Then it is unknown.
    """
    chain(repo, "gate")
    with orphaned(repo) as run:
        number = living(runs(repo) / run)[ChangeId("a.run")]
        line = f"a.run still runs, process {number}; wait for it, or end it: kill -- -{number}\n"
        assert repo.ok("plan").err.endswith(f"see it: stagectl report\nwarning: {line}")
        assert f"Run interrupted (stagectl resume):\n  {run}\n  {line}" in repo.ok("status").out
        assert repo.ok("status", "--json").json()["still_running"] == [{"id": "a.run", "process": number}]
        assert f"  a.run  at TIME  still runs, process {number}\n" in plain(repo.ok("report").out)
        assert failed(repo.run("resume"), 64).err.startswith(f"warning: {line}error: nobody saw how a.run ended")
    until(lambda: not living(runs(repo) / run))

    assert "still runs" not in repo.ok("plan").err + repo.ok("status").out + repo.ok("report").out
    assert repo.ok("resume", "--unknown", "done").err == "b.run: done\nc.run: done\n"
    assert not (runs(repo) / run / "processes").exists()


def test_apply_tells_what_outlived_the_run_that_it_recovers(repo: Repo) -> None:
    """
    It goes on all the same: the change comes back as one whose end is unknown.
    """
    staged(repo.define("a", "gate"))
    with orphaned(repo) as run:
        number = living(runs(repo) / run)[ChangeId("a.run")]
        ran = repo.ok("apply", "--yes", "--record-only")

    assert f"warning: a.run still runs, process {number}; wait for it, or end it: kill -- -{number}\n" in ran.err


def test_a_process_that_has_the_number_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    """
    It was born after what was noted; nor is one of another boot, nor one that is dead and not buried, nor half a line.
    """
    notes = Notes(tmp_path)
    notes.add(ChangeId("we.run"), os.getpid())
    dead = subprocess.Popen(["true"])
    until(lambda: Path(f"/proc/{dead.pid}/stat").read_text().split()[2] == "Z")
    notes.add(ChangeId("dead.run"), dead.pid)
    notes.close()
    change, number, moment, boot = json.loads((tmp_path / "processes").read_text().splitlines()[0])
    later = [["later.run", number, 0.0, boot], ["elsewhere.run", number, moment, "another boot"]]
    with open(tmp_path / "processes", "a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in later) + '["torn.run", ')

    assert living(tmp_path) == {change: number} == {"we.run": os.getpid()}
    dead.wait(PATIENCE)
    assert living(tmp_path / "nowhere") == {}


def test_after_a_kill_apply_records_what_ended_and_goes_on(repo: Repo) -> None:
    """
    a is not run again; b, whose end nobody saw, comes back as unfinished.
    """
    chain(repo)
    run = killed(repo, "b.run")

    ran = repo.ok("apply", "--yes")

    assert ran.err.startswith(f"run {run} was interrupted: 1 of 3 changes are recorded, how b.run ended is unknown\n")
    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert results(repo, f"{APPLIED}~1") == ["a.run SUCCESS", "b.run UNKNOWN", "c.run SKIPPED"]
    assert results(repo) == ["b.run SUCCESS", "c.run SUCCESS"]
    assert states(repo, run) == {"a.run": "SUCCESS", "b.run": "UNKNOWN", "c.run": "PENDING"}
    assert repo.ok("status").out.splitlines()[1:] == [
        "Nothing to do. What is defined is staged, committed and applied."
    ]


@pytest.mark.parametrize(
    ("answer", "code", "ran", "ends"),
    [
        ("done", 0, ["a.run", "c.run"], ["SUCCESS", "SUCCESS", "SUCCESS"]),
        ("failed", 1, ["a.run"], ["SUCCESS", "ERROR", "SKIPPED"]),
        ("rerun", 0, ["a.run", "b.run", "c.run"], ["SUCCESS", "SUCCESS", "SUCCESS"]),
    ],
)
def test_resume_finishes_a_killed_run(repo: Repo, answer: str, code: int, ran: List[str], ends: List[str]) -> None:
    """
    As one run with one commit; what became of the change that ran is as somebody says.
    """
    chain(repo)
    run = killed(repo, "b.run")

    failed(repo.run("resume", "--unknown", answer), code)

    assert repo.log() == ran
    assert results(repo) == [f"{name}.run {end}" for name, end in zip("abc", ends)]
    assert list(states(repo).values()) == ends
    assert f"Run: {run}\n" in repo.git("log", "-1", "--format=%B", APPLIED)
    assert repo.ok("resume").err == "Nothing to resume: no run was interrupted.\n"


def test_resume_asks_on_a_terminal_and_nowhere_else(repo: Repo) -> None:
    """
    Until it gets an answer that it knows; elsewhere exit code 64 and the options.
    """
    chain(repo)
    killed(repo, "b.run")
    assert failed(repo.run("resume"), 64).err == (
        "error: nobody saw how b.run ended, and nobody can be asked here\n"
        "hint: look, and say: --unknown done, --unknown failed or --unknown rerun\n"
    )
    assert repo.ok("status", "--json").json()["interrupted"], "nothing was done yet"

    question = "Nobody saw how b.run ended: [d]one, [f]ailed, [r]erun? "
    asked = re.escape(question)
    code, screen = on_terminal(repo, "resume", answers=((asked, "what\n"), (f"what\r\n{asked}", "D\n")))

    assert code == 0, screen
    assert screen.count(question) == 2
    assert repo.log() == ["a.run", "c.run"]


def test_resume_runs_idempotent_kinds_again_without_asking(repo: Repo) -> None:
    """
    Their kind says that this does no harm.
    """
    chain(repo, "safe")
    killed(repo, "b.run")

    repo.ok("resume")

    assert repo.log() == ["a.run", "b.run", "c.run"]


def test_retry_after_a_kill(repo: Repo) -> None:
    """
    It records what is known, and runs what did not end, without asking.
    """
    chain(repo)
    killed(repo, "b.run")

    repo.ok("retry")

    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert repo.ok("status", "--json").json()["interrupted"] is None


def test_a_resumed_run_can_be_killed_and_resumed(repo: Repo) -> None:
    """
    Twice, at different changes; everything has run once.
    """
    chain(repo)
    run = killed(repo, "b.run")
    assert killed(repo, "c.run", "--unknown", "done", command=("resume",)) == run

    repo.ok("resume", "--unknown", "rerun")

    assert repo.log() == ["a.run", "c.run"]
    assert results(repo) == ["a.run SUCCESS", "b.run SUCCESS", "c.run SUCCESS"]


def test_a_killed_retry_is_resumed_as_a_retry(repo: Repo) -> None:
    """
    What is not of the run that is tried again does not run.
    """
    chain(repo.define("d", tags=["x"]).define("e", tags=["x"])).fail("d.run")
    failed(repo.apply("-t", "x"))
    repo.fail()
    killed(repo, "d.run", command=("retry",))

    repo.ok("resume", "--unknown", "rerun")

    assert sorted(repo.log()) == ["d.run", "e.run"]
    assert repo.plan().ids == ["a.run", "b.run", "c.run"]


def test_explicit_actions_and_reactions_whose_end_nobody_saw(repo: Repo) -> None:
    """
    The one is still staged, the other owed: both come back with the next apply.
    """
    recorded(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]}).define("job"))
    staged(repo.define("db", inputs={"x": 2}))
    killed(repo, "app.restart")
    failed(repo.apply("--skip", "app.restart"))
    assert repo.applied("app") == {"inputs": {}, "owed": {"restart": ["db.update"]}}
    assert repo.plan().cause("app.restart") == "owed"
    repo.ok("apply", "--yes")

    repo.ok("stage", "job", "-a", "test")
    killed(repo, "job.test")
    repo.ok("apply", "--yes")

    assert repo.log() == ["db.update", "app.restart", "job.test"]
    assert repo.plan().ids == []


def test_killed_after_the_branch_moved(repo: Repo) -> None:
    """
    The run is recorded, only its journal is open: resume closes it and runs nothing; an apply does the same.
    """
    chain(repo)
    repo.ok("apply", "--yes")
    journal = runs(repo) / newest(repo) / "journal"
    text, commit = journal.read_bytes(), repo.git("rev-parse", APPLIED)

    journal.write_bytes(b"".join(text.splitlines(keepends=True)[:-1]))
    assert repo.ok("status", "--json").json()["interrupted"] == newest(repo)
    repo.ok("resume")
    assert (journal.read_bytes().splitlines()[:-1], repo.log()) == (text.splitlines()[:-1], ["a.run", "b.run", "c.run"])

    journal.write_bytes(b"".join(text.splitlines(keepends=True)[:-1]))
    repo.ok("apply", "--yes")
    assert (commit, repo.log()) == (repo.git("rev-parse", APPLIED), ["a.run", "b.run", "c.run"])
    assert repo.ok("status", "--json").json()["interrupted"] is None


@pytest.mark.parametrize("command", [("resume", "--unknown", "rerun"), ("apply", "--yes")])
def test_a_torn_last_line_counts_as_not_written(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    The power went while it was written; what comes after it is read again.
    """
    chain(repo)
    killed(repo, "b.run")
    journal = runs(repo) / newest(repo) / "journal"
    journal.write_bytes(journal.read_bytes() + b'{"change": "b.run", "at": 17')

    repo.ok(*command)

    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert "SUCCESS" in states(repo).values()
    assert repo.ok("status", "--json").json()["interrupted"] is None


def test_a_damaged_journal_is_named_and_only_stops_what_needs_it(repo: Repo) -> None:
    """
    status, plan and older reports go on; apply says where it is, and goes on once it is moved away.
    """
    staged(repo.define("x")).ok("apply", "--yes")
    older = newest(repo)
    chain(repo)
    run = killed(repo, "b.run")
    (runs(repo) / run / "run.json").write_text('{"run": ')

    for command in (("apply", "--yes"), ("resume",), ("report",), ("retry",)):
        assert failed(repo.run(*command)).err == (
            f"error: the journal of run {run} cannot be read: "
            "JSONDecodeError: Expecting value: line 1 column 9 (char 8)\n"
            f"hint: look at it, and move it away: {runs(repo) / run}\n"
        )
    assert "SUCCESS" in states(repo, older).values()
    assert repo.ok("plan").out
    assert run in repo.ok("status").out

    (runs(repo) / run).rename(repo.root.parent / "damaged")
    repo.ok("apply", "--yes")
    assert repo.plan().ids == []


@pytest.mark.parametrize("file", ["journal", "run.json"])
@pytest.mark.parametrize("what", ["pipe", "link"])
def test_a_journal_that_is_a_pipe_or_a_link_hangs_nothing(repo: Repo, file: str, what: str) -> None:
    """
    Nobody waits for a writer, and what a link leads to may have no end.
    """
    chain(repo)
    run = killed(repo, "b.run")
    path = runs(repo) / run / file
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")

    for command in ("resume", "report"):
        told = failed(repo.run(command)).err
        assert told.startswith(f"error: the journal of run {run} cannot be read: OSError: ")
        assert told.endswith(f"hint: look at it, and move it away: {runs(repo) / run}\n")
    for command in ("status", "plan", "log"):
        repo.ok(command)


def test_a_run_whose_commit_is_gone_can_be_given_up(repo: Repo) -> None:
    """
    A commit that was amended and collected: apply and resume say what to do, and it works.
    """
    chain(repo)
    run = killed(repo, "b.run")
    source = repo.git("rev-parse", "HEAD")
    repo.git("commit", "--amend", "-m", "another")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")

    for command in (("apply", "--yes"), ("resume", "--unknown", "done")):
        assert failed(repo.run(*command)).err == (
            f"error: the commit {source[:12]} that run {run} applies is gone from this repository\n"
            f"hint: fetch it from where it still is, or give the run up: see `stagectl report {run}`, and move this "
            f"folder away: {runs(repo) / run}\n"
        )
    repo.ok("report", run)
    (runs(repo) / run).rename(repo.root.parent / "given-up")
    repo.ok("apply", "--yes")


def moved_by_another(repo: Repo, *names: str) -> None:
    """Apply some names as another clone would: without the memory of this one's runs."""
    journals = repo.root / ".git/stagectl"
    journals.rename(repo.root / ".git/elsewhere")
    repo.ok("apply", "--yes", "--record-only", *names)
    for path in sorted(journals.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    journals.rmdir()
    (repo.root / ".git/elsewhere").rename(journals)


@pytest.mark.parametrize("command", [("resume", "--unknown", "done"), ("apply", "--yes")])
def test_others_may_apply_other_resources_between_kill_and_recovery(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    Both are recorded, the one on top of the other.
    """
    chain(repo.define("other"))
    killed(repo, "b.run", "a", "b", "c")
    moved_by_another(repo, "other")

    repo.ok(*command)

    assert [repo.applied(name) for name in ("a", "b", "c", "other")] == [{"inputs": {}}] * 4
    assert results(repo, f"{APPLIED}~{1 if command[0] == 'resume' else 2}") == ["other.run SUCCESS"]


@pytest.mark.parametrize("command", [("resume", "--unknown", "failed"), ("apply", "--yes")])
def test_others_applied_the_same_resource_between_kill_and_recovery(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    What they applied is not overwritten: refused once, with the commit that keeps what the run did; then all goes on.
    """
    recorded(repo.define("a", inputs={"x": 1}).define("b", inputs={"x": 1}, depends_on=["a"]))
    staged(repo.define("a", inputs={"x": 2}).define("b", inputs={"x": 2}, depends_on=["a"]))
    run = killed(repo, "b.update")
    moved_by_another(repo, "b")
    theirs = repo.git("rev-parse", APPLIED)

    ran = failed(repo.run(*command))

    kept = re.fullmatch(
        "error: refs/heads/stagectl/applied moved while this run was applied, and both changed b; "
        rf"what this run did is kept in the commit ([0-9a-f]{{40}}), which is refs/stagectl/kept/{run}\n"
        "hint: see what moved it: git log --first-parent stagectl/applied; then plan again\n",
        ran.err,
    )
    assert kept is not None, ran.err
    assert theirs == repo.git("rev-parse", APPLIED)
    assert results(repo, kept.group(1))[0] == "a.update SUCCESS"
    report = repo.ok("report", "--json", run).json()
    assert (report["state"], report["commit"], report["kept"]) == ("incomplete", None, kept.group(1))
    assert f"It could not be recorded; the commit {kept.group(1)[:12]} keeps what it did.\n" in repo.ok("report").out

    repo.ok("apply", "--yes")
    assert repo.plan().ids == []


def test_resume_goes_by_the_commit_that_the_run_applied(repo: Repo) -> None:
    """
    HEAD moved on, with other values and other kinds: what was begun is finished, the rest is for the next plan.
    """
    chain(repo)
    killed(repo, "b.run")
    source = repo.git("rev-parse", "HEAD")
    script(repo, "service", "exit 1").define("c", depends_on=["b"], inputs={"x": 9}).define("new")
    staged(repo)

    repo.ok("resume", "--unknown", "done")

    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert (repo.log(), repo.applied("c")) == (["a.run", "c.run"], {"inputs": {}})
    assert repo.plan().ids == ["c.update", "new.run"]


def test_a_record_only_run_that_was_killed_is_resumed(repo: Repo) -> None:
    """
    Nothing runs; everything but what was left out is recorded.
    """
    chain(repo)
    failed(repo.apply("--record-only", "--skip", "c.run"))
    journal = runs(repo) / newest(repo) / "journal"
    journal.write_bytes(b"")
    repo.git("update-ref", "-d", f"refs/heads/{APPLIED}")

    failed(repo.run("resume"))

    assert (repo.log(), repo.plan().ids) == ([], ["c.run"])


# --- retry


def test_retry_runs_what_failed_and_what_was_skipped(repo: Repo) -> None:
    """
    Twice in vain and then with success; the newest run by default, or the one that is named.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())
    first = newest(repo)

    again = failed(repo.run("retry"))
    assert again.err == ("b.run: FAILED (exit code 3)\n    no luck with b.run\nc.run: skipped (after b.run)\n")
    assert repo.ok("report", "--json").json()["retries"] == first
    failed(repo.run("retry"))
    repo.fail().ok("retry")
    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert "Nothing to retry: everything in that run succeeded, or was done since.\n" == repo.ok("retry").err
    assert "Nothing to retry: everything in that run succeeded, or was done since.\n" == repo.ok("retry", first).err


def test_retry_and_resume_take_the_options_of_apply(repo: Repo) -> None:
    """
    One after the other, nothing more after a failure, without a remote that is gone, and events instead of text.
    """
    staged(repo.define("a").define("b")).fail("a.run", "b.run").git("remote", "add", "origin", "/nowhere")
    failed(repo.apply("--offline"))
    assert failed(repo.run("retry")).err.endswith(
        "hint: --offline applies without it; share that later with: stagectl sync\n"
    )

    failed(repo.run("retry", "--offline", "--fail-fast", "--parallel", "1"))
    assert states(repo) == {"a.run": "ERROR", "b.run": "SKIPPED"}
    repo.fail()
    killed(repo, "a.run", "--offline", "--parallel", "1", command=("retry",))
    refused = failed(repo.run("resume", "--unknown", "rerun"))
    assert "hint: --offline applies without it" in refused.err and "a.run" not in repo.log()
    found = events(repo.ok("resume", "--unknown", "rerun", "--offline", "--parallel", "1", "--json"))
    assert (found[0]["type"], found[-1]["type"], found[-1]["complete"]) == ("version", "summary", True)
    assert repo.log().count("a.run") == repo.log().count("b.run") == 1


def test_retry_stays_with_the_commit_and_the_scope_of_the_run(repo: Repo) -> None:
    """
    A run by tags: a child without tags is tried again, one outside stays out, and what reads it keeps its old value.
    """
    repo.define("db", tags=["p"], inputs={"port": 1}).define("app", inputs={"db": "${db.port}"})
    repo.define("out", tags=["q"], inputs={"db": "${db.port}"}).define("leaf", tags=["p"], inputs={"o": "${out.db}"})
    recorded(repo)
    staged(repo.define("db", tags=["p"], inputs={"port": 2})).ok("stage", "leaf", "-a", "restart")
    repo.fail("app.update", "leaf.restart")
    failed(repo.apply("-t", "p"))
    source = repo.git("rev-parse", "HEAD")
    staged(repo.define("later"))

    repo.fail().ok("retry")

    assert sorted(repo.log()) == ["app.update", "db.update", "leaf.restart"]
    assert (repo.applied("app")["inputs"], repo.applied("leaf")["inputs"]) == ({"db": 2}, {"o": 1})
    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert repo.plan().ids == ["later.run", "out.update", "leaf.update"]


def test_retry_of_a_retry_adds_nothing(repo: Repo) -> None:
    """
    Changes that the first retry left out are not failures of it.
    """
    repo.define("db", tags=["p"], inputs={"port": 1}).define("out", tags=["q"], inputs={"db": "${db.port}"})
    recorded(repo)
    staged(repo.define("db", tags=["p"], inputs={"port": 2})).fail("db.update")
    failed(repo.apply("-t", "p"))
    failed(repo.run("retry"))

    repo.fail().ok("retry")

    assert repo.log() == ["db.update"]
    assert repo.plan().ids == ["out.update"]


def test_retry_does_not_pass_what_came_in_between(repo: Repo) -> None:
    """
    Since then db was applied alone: out comes before leaf now, so leaf waits for an apply.
    """
    repo.define("db", inputs={"port": 1}).define("out", tags=["q"], inputs={"db": "${db.port}"})
    repo.define("leaf", tags=["p"], inputs={"o": "${out.db}", "x": 1})
    recorded(repo)
    repo.define("leaf", tags=["p"], inputs={"o": "${out.db}", "x": 2}).define("db", inputs={"port": 2})
    staged(repo).fail("leaf.update", "out.update")
    failed(repo.apply("leaf"))
    first = newest(repo)
    failed(repo.apply("db"))
    assert repo.applied("out")["inputs"] == {"db": 1}

    ran = failed(repo.fail().run("retry", first))

    assert "leaf.update: skipped (after out.update)\n" in ran.err
    assert repo.applied("leaf")["inputs"] == {"o": 1, "x": 1}


def test_retry_of_a_run_that_a_newer_one_overtook(repo: Repo) -> None:
    """
    It would bring the older commit back; what is staged now is for `apply`.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())
    first = newest(repo)
    source = repo.git("rev-parse", "HEAD")
    staged(repo.define("d")).ok("apply", "--yes", "d")

    ran = failed(repo.run("retry", first))

    assert ran.err.startswith("error: this commit does not contain the newest applied one, ")
    assert ran.err.endswith("\nhint: what is staged now is applied with: stagectl apply\n")
    assert source != repo.git("rev-parse", f"{APPLIED}^2")


def test_retry_of_a_removal_that_was_allowed(repo: Repo) -> None:
    """
    The protected resource may go now, as it might then; the name beside it is gone already.
    """
    script(repo, "db", AGENT, protect=True)
    recorded(repo.define("a", "db").define("b"))
    staged(repo.delete("a", "b")).fail("a.remove")
    failed(repo.apply("a", "b", "--allow-remove", "a"))
    assert repo.log() == ["b.remove"]

    repo.fail().ok("retry")

    assert (repo.log(), repo.applied("a")) == (["b.remove", "a.remove"], None)


@pytest.mark.parametrize("half", ["remove", "run"])
def test_retry_of_a_replace(repo: Repo, half: str) -> None:
    """
    If its remove failed both halves run, after that only the run; a child it was the cause of, too.
    """
    script(repo, "disk", AGENT, replace_on=["size"], protect=True)
    recorded(repo.define("size", inputs={"gb": 1}).define("a", "disk", inputs={"size": "${size.gb}"}))
    staged(repo.define("size", inputs={"gb": 2})).fail(f"a.{half}")
    failed(repo.apply("size", "--allow-remove", "a"))

    repo.fail().ok("retry")

    assert sorted(repo.log()) == ["a.remove", "a.run", "size.update"]
    assert (repo.applied("a"), repo.plan().ids) == ({"inputs": {"size": 2}}, [])


def test_retry_of_what_was_done_since(repo: Repo) -> None:
    """
    Another apply removed it in the meantime: there is nothing to try again.
    """
    recorded(repo.define("a").define("b"))
    staged(repo.delete("a")).fail("a.remove")
    failed(repo.apply())
    first = newest(repo)
    repo.fail().ok("apply", "--yes")

    assert repo.ok("retry", first).err == ("Nothing to retry: everything in that run succeeded, or was done since.\n")
    assert repo.log() == ["a.remove"]


def test_what_a_retry_needs_no_yes_for(repo: Repo) -> None:
    """
    Events, too: version first, the summary of the retry last, complete though it left others out.
    """
    chain(repo.define("z")).fail("b.run")
    failed(repo.apply("a", "b"))
    repo.fail()

    found = events(repo.ok("retry", "--json"))

    assert [event["type"] for event in found] == ["version", "change_start", "change_complete", "summary"]
    assert (found[1]["id"], found[-1]["complete"]) == ("b.run", True)


# --- reactions


def test_a_failing_restart_is_owed_until_it_is_discarded(repo: Repo) -> None:
    """
    It comes back on a clean tree, fails again, and goes when somebody drops the debt.
    """
    recorded(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]})).fail("app.restart")
    staged(repo.define("db", inputs={"x": 2}))
    for _ in range(2):
        failed(repo.apply())
        assert (repo.plan().ids, repo.plan().cause("app.restart")) == (["app.restart"], "owed")

    repo.ok("discard", "app")

    assert repo.plan().ids == []
    assert repo.ok("apply", "--yes").out == "No changes. The applied state matches what is staged.\n"


def test_a_reaction_to_what_changed_nothing_is_done_with(repo: Repo) -> None:
    """
    `when: changed` and {"changed": false}: NOOP, complete, neither owed nor tried again.
    """
    script(repo, "quiet", 'echo "{\\"changed\\": false, \\"message\\": \\"as it was\\"}" > "$STAGECTL_RESULT"')
    repo.define("db", "quiet", inputs={"x": 1})
    recorded(repo.define("app", react_on={"restart": [{"on": "db.update", "when": "changed"}]}))
    staged(repo.define("db", "quiet", inputs={"x": 2}))

    ran = repo.ok("apply", "--yes")

    assert ran.err == "db.update: done (as it was)\napp.restart: nothing to do (nothing to react on)\n"
    assert "Nothing to retry" in repo.ok("retry").err
    assert (repo.plan().ids, repo.log()) == ([], [])


# --- limits and times


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
    script(repo, "slow", f"sleep 0.5; {AGENT}")
    repo.define("a", inputs={"x": 0}).define("b", depends_on=["a"], inputs={"x": 0}).define(
        "z", "slow", inputs={"x": 0}
    )
    recorded(repo)
    for x in (1, 2):
        repo.define("a", inputs={"x": x}).define("b", depends_on=["a"], inputs={"x": x})
        staged(repo.define("z", "slow", inputs={"x": x})).ok("apply", "--yes", "--parallel", "1")

    assert repo.log() == ["a.update", "b.update", "z.update", "z.update", "a.update", "b.update"]


def test_a_timeout_is_a_failure_with_the_output_so_far(repo: Repo) -> None:
    """
    And what waits for it is skipped.
    """
    script(repo, "service", "echo begun; sleep 30", timeout=0.4)
    chain(repo)

    failed(repo.apply())

    a, b, _ = repo.ok("report", "--json").json()["changes"]
    assert (a["state"], a["message"]) == ("ERROR", "still running after 0.4 seconds; it was killed")
    assert (a["output"], b["message"]) == (["begun"], "after a.run")
    assert 0.4 <= a["seconds"] < 5


def test_a_process_that_cannot_be_killed_does_not_hold_the_run_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    As one that became another user's: it is told that it goes on.
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
    return Request("a.run", "a", "run", "service", "RUN", does, {}, {}, root=root, **more)


# --- the progress display


def colours(screen: str) -> List[str]:
    return re.findall(r"\x1b\[[0-9;]*(?:3[0-7]|9[0-7]|38;[25])[0-9;]*m", screen)


@pytest.mark.parametrize("no_colour", ["1", ""])
def test_a_terminal_shows_what_runs_and_how_far_it_is(repo: Repo, no_colour: str) -> None:
    """
    What runs, n of m, a line for every end that stays, the result; colours only without NO_COLOR.
    """
    script(repo, "service", f"sleep 0.3; {AGENT}")
    chain(repo)

    code, screen = on_terminal(repo, "apply", "--yes", NO_COLOR=no_colour)

    assert code == 0, screen
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", re.sub(r"\r(?!\n)|\x1b\[2K", "\n", screen))
    for done, running in enumerate(("a.run", "b.run", "c.run")):
        assert re.search(rf"{done}/3 .*\b{re.escape(running)}", seen), seen
        assert re.search(rf"(?m)^{re.escape(running)}: done\b", seen), seen
    assert "Applied: 3 done. Run " in seen
    assert bool(colours(screen)) == (not no_colour)


def test_a_terminal_shows_the_time_left_where_earlier_runs_tell(repo: Repo) -> None:
    """
    By the longest chain of what is left; not before every change has run here once.
    """
    script(repo, "service", f"sleep 0.6; {AGENT}")
    recorded(repo.define("a", inputs={"x": 0}).define("b", depends_on=["a"], inputs={"x": 0}))
    screens = []
    for x in (1, 2):
        repo.define("a", inputs={"x": x}).define("b", depends_on=["a"], inputs={"x": x})
        staged(repo)
        screens.append(on_terminal(repo, "apply", "--yes")[1])

    assert "left" not in screens[0]
    assert re.search("about 00:01 left", screens[1])
    assert repo.log() == ["a.update", "b.update"] * 2


def test_without_a_terminal_there_are_plain_lines(repo: Repo) -> None:
    """
    One for every end, and not one escape.
    """
    chain(repo)

    ran = repo.ok("apply", "--yes", env=IN_A_PROCESS)

    assert ran.err == "a.run: done\nb.run: done\nc.run: done\n"
    assert plain(ran.out).endswith("Applied: 3 done. Run RUN\nThe applied state is in commit COMMIT.\n")
    assert "\x1b" not in ran.out
