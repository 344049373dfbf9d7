"""The `shell` handler: an argument vector, started as it is; values reach it as JSON, never as words of a command."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Set

from stagectl.adapters.handlers import Request, Result

# What git tells its hooks of the commit being made; an action that runs git means the repository it stands in.
OF_THE_HOOK = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"))
CHUNK = 64 * 1024  # bytes read at once
LEFT_OVER = 1024 * 1024  # bytes: no pipe holds more (pipe(7)), so what comes after that is of somebody else
PAUSE = 0.2  # seconds between two looks whether a silent process has ended


class _Groups:
    """The process groups that run now."""

    def __init__(self) -> None:
        self._running: Set[int] = set()
        self._killings = 0
        self._guard = threading.Lock()

    def before(self) -> int:
        """Return what `add` has to be told of the moment before a process was started."""
        return self._killings

    def add(self, group: int, before: int) -> None:
        """Note a group; one that everything was killed beside while it was started does not live on."""
        with self._guard:
            self._running.add(group)
        if self._killings != before:
            _kill_group(group)

    def discard(self, group: int) -> None:
        """Note that a group has ended."""
        with self._guard:
            self._running.discard(group)

    def kill(self) -> None:
        """Kill all of them."""
        self._killings += 1
        with self._guard:
            running = sorted(self._running)
        for group in running:
            _kill_group(group)


_groups = _Groups()


def shell(request: Request) -> Result:
    """Run the argument vector of an action; nothing to run is a success."""
    if request.does is None:
        return Result(True)
    with tempfile.TemporaryDirectory(prefix="stagectl-", dir=request.folder) as folder:
        paths = {key: os.path.join(folder, f"{key}.json") for key in ("inputs", "before", "result")}
        for key, values in (("inputs", request.inputs), ("before", request.before)):
            with open(paths[key], "w", encoding="utf-8") as file:
                json.dump(values, file)
        failure = _run(request, _environment(request, paths), paths["inputs"])
        return Result(False, message=failure) if failure else _reported(Path(paths["result"]))


def kill_all() -> None:
    """Kill everything that actions started and that runs now."""
    _groups.kill()


def _environment(request: Request, paths: Mapping[str, str]) -> Dict[str, str]:
    facts = {
        "RESOURCE": request.resource,
        "ACTION": request.action,
        "KIND": request.kind,
        "RUN": request.run,
        "INPUTS": paths["inputs"],
        "BEFORE": paths["before"],
        "RESULT": paths["result"],
    }
    inherited = {key: value for key, value in os.environ.items() if key not in OF_THE_HOOK}
    return {**inherited, **{f"STAGECTL_{key}": value for key, value in facts.items()}}


def _run(request: Request, environment: Mapping[str, str], inputs: str) -> str:
    """Run a vector to its end; return why it failed, or nothing."""
    before = _groups.before()
    try:
        with open(inputs, "rb") as stdin:
            process = subprocess.Popen(
                request.does,
                cwd=request.root,
                env=dict(environment),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        return f"could not be started: {error}"
    _groups.add(process.pid, before)
    try:
        with process:
            in_time = _listen(process, request)
            if not in_time:
                _kill_group(process.pid)
                process.wait()
    finally:
        _groups.discard(process.pid)
    if not in_time:
        return f"still running after {request.timeout:g} seconds; it was killed"
    if process.returncode < 0:
        return f"ended by signal {-process.returncode}"
    return f"exit code {process.returncode}" if process.returncode else ""


def _listen(process: subprocess.Popen[bytes], request: Request) -> bool:
    """Pass output on until a process ends; return False when its time is over.

    The end of the process counts, not that of its output: what it leaves running may keep that open.
    """
    assert process.stdout is not None, "it was started with a pipe"
    pipe = process.stdout.fileno()
    end = None if request.timeout is None else time.monotonic() + request.timeout
    is_open, left_over = True, 0
    while is_open or process.poll() is None:
        has_ended = process.poll() is not None
        left = PAUSE if end is None else min(PAUSE, end - time.monotonic())
        if left <= 0:
            return False
        if not is_open:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(left)
        elif select.select([pipe], [], [], 0 if has_ended else left)[0]:
            data = os.read(pipe, CHUNK)
            is_open = bool(data)
            request.say(data)
            left_over += len(data) if has_ended else 0
        elif has_ended:
            return True
        if left_over > LEFT_OVER:
            return True
    return True


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _reported(path: Path) -> Result:
    """Return what the action wrote into its result file, if it did."""
    raw: Optional[Any] = None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Result(True)
    except (OSError, ValueError) as error:
        return Result(False, message=f"the result file cannot be read: {error}")
    if not isinstance(raw, dict) or not isinstance(raw.get("changed", True), bool):
        return Result(False, message='the result file is not {"changed": true or false, "message": "..."}')
    return Result(True, raw.get("changed", True), str(raw.get("message", "")))
