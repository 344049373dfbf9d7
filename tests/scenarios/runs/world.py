"""What the tests of this folder share."""

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
from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple, Union

from stagectl.adapters.running.processes import living
from tests.build import APPLIED, PATIENCE, ROOT, Ran, Repo, ended

IN_A_PROCESS: Dict[str, str] = {"LC_ALL": "C.UTF-8"}  # an environment of its own means a process of its own
RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")

# An action logs its id; the files `fail` and `kill` name actions that fail, or that kill stagectl while they run.
AGENT = """
id="$STAGECTL_RESOURCE.$STAGECTL_ACTION"
if grep -qsxF "$id" fail; then echo "no luck with $id"; exit 3; fi
if grep -qsxF "$id" kill; then rm kill; kill -9 $PPID; exit 0; fi
echo "$id" >> actions.log
"""

# An action that waits to be let go, and not for ever: who should do that may have failed.
GATE = f"""
echo "$STAGECTL_RESOURCE.$STAGECTL_ACTION" >> started.log
n=0; until [ -e go ] || [ $n = {PATIENCE * 50} ]; do sleep 0.02; n=$((n + 1)); done
echo "$STAGECTL_RESOURCE.$STAGECTL_ACTION" >> actions.log
"""


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
    return repo.place / "runs"


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


Answers = Sequence[Tuple[str, Union[str, Callable[[], object]]]]


def on_terminal(repo: Repo, *arguments: str, answers: Answers = (), **env: str) -> Tuple[int, str]:
    """Run a command on a pseudo terminal; return code and screen.

    answers: what to type, or to do, once a pattern is shown, one after the other.
    """
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
        while left and re.search(left[0][0], screen):
            answer = left.pop(0)[1]
            while not _sleeps(process):  # Python misses a Ctrl-C between its look for signals and the read that waits
                time.sleep(0.01)
            os.write(ours, answer.encode()) if isinstance(answer, str) else answer()
    os.close(ours)
    return process.wait(PATIENCE), screen


def _sleeps(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process waits for something, or has ended (proc(5), /proc/PID/stat)."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] in "SZ"


def _at_the_keyboard(terminal: int) -> None:
    """Make Ctrl-C and a hang-up signals, whatever the tests were started by."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
