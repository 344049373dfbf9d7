"""The `shell` handler: an argument vector, started as it is; values reach it as JSON, never as words of a command."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import select
import subprocess
import time
from dataclasses import replace
from itertools import takewhile
from typing import IO, Dict, List, Mapping, Optional

from stagectl.adapters.files import open_file
from stagectl.adapters.handlers import Request, Result, private
from stagectl.adapters.handlers.groups import kill_group, running_group
from stagectl.core import forms

# What git hands its hooks of the commit being made; an action that runs git means the repository it stands in.
OF_THE_HOOK = frozenset((b"GIT_DIR", b"GIT_WORK_TREE", b"GIT_INDEX_FILE", b"GIT_PREFIX", b"GIT_OBJECT_DIRECTORY"))
CHUNK = 64 * 1024  # bytes read at once
LEFT_OVER = 1024 * 1024  # bytes: no pipe holds more (pipe(7)), so what comes after that is of another process
LARGEST_RESULT = 1024 * 1024  # bytes of a result file: whether something changed, a message, and outputs
PAUSE = 0.2  # seconds between two looks whether a silent process has ended
DYING = 10.0  # seconds until a process that was killed is taken for one that cannot be, such as one of another user


_numbers = itertools.count(1)  # of the actions that this process started


def shell(request: Request) -> Result:
    """Run the argument vector of an action."""
    lead = os.path.join(request.folder, f"{os.getpid()}-{next(_numbers)}-")
    values = {"inputs": request.inputs, "outputs": request.outputs}
    if not request.looks:  # a check looks at what was last applied: both are the same
        values["before"] = request.before
    paths = {key: f"{lead}{key}.json" for key in (*values, "result")}
    put: List[private.Slot] = []
    try:
        for key, value in values.items():
            put.append(private.put(paths[key], json.dumps(value).encode()))
        failure = _run(request, _environment(request, paths), paths["inputs"])
        reported = _read_report(paths["result"])
        if not failure:
            return reported
        said = f": {reported.message}" if reported.ok and reported.message else ""
        return replace(reported, ok=False, message=f"{failure}{said}")
    finally:
        for slot in put:
            private.put_away(slot)
        private.erase(paths["result"])


def inherited_variables() -> Dict[bytes, bytes]:
    """Return what actions inherit, encoded as they get it: reading the environment again for each takes its time."""
    return {key: value for key, value in os.environb.items() if key not in OF_THE_HOOK}


def _environment(request: Request, paths: Mapping[str, str]) -> Dict[bytes, bytes]:
    facts = {
        "RESOURCE": request.resource,
        "ACTION": request.action,
        "KIND": request.kind,
        "RUN": request.run,
        "BEFORE": paths["inputs"],
        **{key.upper(): path for key, path in paths.items()},
    }
    if request.moved_from is not None:
        facts["MOVED_FROM"] = request.moved_from
    return {**request.environment, **{b"STAGECTL_" + key.encode(): os.fsencode(facts[key]) for key in facts}}


def _run(request: Request, environment: Mapping[bytes, bytes], inputs: str) -> str:
    """Run a vector to its end; return why it failed, or nothing."""
    try:
        with open(inputs, "rb", buffering=0) as stdin:
            process = _start(request, environment, stdin)
    except (OSError, ValueError) as error:
        return f"could not be started: {error}"
    request.started(process.pid)
    assert process.stdout is not None, "it was started with a pipe"
    # Not with the process, whose end it would wait for, whatever happens.
    with running_group(process.pid, request.run), process.stdout:
        in_time = _listen(process, request)
        if not in_time:
            kill_group(process.pid)
        killed = _ends(process, DYING)
    if not in_time:
        return f"still running after {request.timeout:g} seconds; it {'was' if killed else 'cannot be'} killed"
    if process.returncode < 0:
        return f"ended by signal {-process.returncode}"
    return f"exit code {process.returncode}" if process.returncode else ""


def _start(request: Request, environment: Mapping[bytes, bytes], stdin: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the program of a vector; raises OSError or ValueError."""

    def start(program: Optional[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            request.does,
            executable=program,
            bufsize=0,
            cwd=request.root,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    with contextlib.suppress(OSError, ValueError):  # subprocess may find another one, and names it as it was given
        return start(_program(request.does[0], environment))
    return start(None)


def _program(word: str, environment: Mapping[bytes, bytes]) -> Optional[bytes]:
    """Return the file that a bare word of a vector means; None where it takes subprocess to find it.

    subprocess has the child try one folder after the other, while nothing else of this process runs (vfork(2)).
    """
    if "/" not in word:
        # A folder that is relative means where the action starts.
        for folder in takewhile(os.path.isabs, environment.get(b"PATH", b"").split(b":")):
            path = os.path.join(folder, os.fsencode(word))
            if os.access(path, os.X_OK) and os.path.isfile(path):
                return path
    return None


def _listen(process: subprocess.Popen[bytes], request: Request) -> bool:
    """Pass output on until a process ends; return False when its time is over.

    The end of the process counts, not that of its output: what it leaves running may keep that open. What has ended
    ended in time: it may be this process that was stopped and comes back late.
    """
    assert process.stdout is not None, "it was started with a pipe"
    pipe = process.stdout.fileno()
    printed = select.poll()  # select(2) knows no file above 1023: a worker may have more of them open
    printed.register(pipe, select.POLLIN)
    end = time.monotonic() + (math.inf if request.timeout is None else request.timeout)
    has_ended, rest = False, LEFT_OVER
    while rest >= 0:
        has_ended = process.poll() is not None
        left = 0.0 if has_ended else max(0.0, end - time.monotonic())
        if printed.poll(min(PAUSE, left) * 1000):
            data = os.read(pipe, CHUNK)
            if not data:
                # Without a timeout it sleeps until it ends, and does not look again and again.
                return _ends(process, None if left == math.inf else left)
            request.say(data)
            rest -= 0 if left else len(data)  # at last: what was printed by now, and not what goes on being printed
        elif not left:
            break
    return has_ended


def _ends(process: subprocess.Popen[bytes], seconds: Optional[float]) -> bool:
    """Wait for the end of a process; return False where it does not come within some seconds."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def _read_report(path: str) -> Result:
    """Return what the action wrote into its result file, if it did."""
    if not os.path.lexists(path):
        return Result(True)
    try:
        raw = json.loads(_content(path), parse_constant=forms.no_number)
    except (OSError, ValueError, RecursionError) as error:
        return Result(False, message=f"the result file cannot be read: {error}")
    if not isinstance(raw, dict) or not isinstance(raw.get("changed", True), bool):
        return Result(False, message='the result file is not {"changed": true or false, "message": "..."}')
    outputs = raw.get("outputs", {})
    if not isinstance(outputs, dict):
        return Result(False, message='the "outputs" of the result file are no mapping of names to values')
    return Result(True, raw.get("changed", True), str(raw.get("message", "")), outputs=outputs, answer=raw)


def _content(path: str) -> str:
    """Return the text of a file that an action made; raises OSError or ValueError for what is no small file."""
    with open_file(path, links=0) as file:
        data = file.read(LARGEST_RESULT + 1)
    if len(data) > LARGEST_RESULT:
        raise ValueError(f"it has more than {LARGEST_RESULT >> 10} KiB")
    return data.decode("utf-8")
