"""The `shell` handler: an argument vector, started as it is; values reach it as JSON, never as words of a command."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Mapping

from stagectl.adapters.handlers import Request, Result

# What git tells its hooks of the commit being made; an action that runs git means the repository it stands in.
OF_THE_HOOK = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"))
TAIL = 64 * 1024  # bytes of output that are kept


def shell(request: Request) -> Result:
    """Run the argument vector of an action; nothing to run is a success."""
    if request.does is None:
        return Result(True)
    with tempfile.TemporaryDirectory(prefix="stagectl-") as folder:
        paths = {key: Path(folder, f"{key}.json") for key in ("inputs", "before", "result")}
        paths["inputs"].write_text(json.dumps(request.inputs), encoding="utf-8")
        paths["before"].write_text(json.dumps(request.before), encoding="utf-8")
        with open(Path(folder, "output"), "w+b") as output:
            failure = _run(request, _environment(request, paths), output)
            text = _tail(output)
        if failure:
            return Result(False, message=failure, output=text)
        return _reported(paths["result"], text)


def _environment(request: Request, paths: Mapping[str, Path]) -> Dict[str, str]:
    facts = {
        "RESOURCE": request.resource,
        "ACTION": request.action,
        "KIND": request.kind,
        "RUN": request.run,
        "INPUTS": str(paths["inputs"]),
        "BEFORE": str(paths["before"]),
        "RESULT": str(paths["result"]),
    }
    inherited = {key: value for key, value in os.environ.items() if key not in OF_THE_HOOK}
    return {**inherited, **{f"STAGECTL_{key}": value for key, value in facts.items()}}


def _run(request: Request, environment: Mapping[str, str], output: Any) -> str:
    """Run a vector to its end; return why it failed, or nothing."""
    try:
        process = subprocess.Popen(
            request.does,
            cwd=request.root,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"could not be started: {error}"
    try:
        process.communicate(json.dumps(request.inputs).encode(), timeout=request.timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        return f"still running after {request.timeout:g} seconds; it was killed"
    if process.returncode < 0:
        return f"ended by signal {-process.returncode}"
    return f"exit code {process.returncode}" if process.returncode else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(output: Any) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - TAIL))
    return str(output.read().decode("utf-8", "replace"))


def _reported(path: Path, output: str) -> Result:
    """Return what the action wrote into its result file, if it did."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Result(True, output=output)
    except (OSError, ValueError) as error:
        return Result(False, message=f"the result file cannot be read: {error}", output=output)
    if not isinstance(raw, dict) or not isinstance(raw.get("changed", True), bool):
        return Result(
            False, message='the result file is not {"changed": true or false, "message": "..."}', output=output
        )
    return Result(True, raw.get("changed", True), str(raw.get("message", "")), output)
