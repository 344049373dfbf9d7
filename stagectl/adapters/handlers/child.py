"""The handlers `python` and `ansible`: code of theirs in a child process, which `shell` starts and kills."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Set

from stagectl.adapters.handlers import Request, Result
from stagectl.adapters.handlers.inside import ENDED, FAILURE, LEFT
from stagectl.adapters.handlers.shell import shell
from stagectl.core.model import CHECK

# With -c (as with -m) Python puts the current folder first on its path: here the repository, where a pull request
# could shadow any module. Python 3.11 has -P for this; PYTHONPATH has to work, so -I is too much.
START = (
    "import sys; sys.path[:1] = filter(None, sys.path[:1]); "
    "from importlib import import_module; import_module(sys.argv[1]).main(*sys.argv[2:])"
)
ROUNDS, PAUSE = 100, 0.01  # how often, and how many seconds apart, what is left is looked for


def python(request: Request) -> Result:
    """Call the function that an action names, `package.module:function`, of an installed package."""
    return in_child(request, "stagectl.adapters.handlers.python_child")


def ansible(request: Request) -> Result:
    """Play the playbook that an action names, relative to the repository's root, through ansible-runner."""
    return in_child(request, "stagectl.adapters.handlers.ansible_child")


def in_child(request: Request, module: str) -> Result:
    """Run `main(folder, what, mode)` of a module, which ends with `inside.finish`; return how the action ended.

    what: as the kind says it, in a word; mode: `check` to look, else `act`.
    """
    with tempfile.TemporaryDirectory(prefix="stagectl-", dir=request.folder) as folder:
        vector = [sys.executable, "-c", START, module, folder, request.does, CHECK if request.looks else "act"]
        try:
            result = shell(replace(request, does=vector))
        finally:
            if not Path(folder, ENDED).exists():
                kill_marked(request.run, request.resource, request.action)
        said = result.answer or {}
        if not result.ok and FAILURE in said:
            return replace(result, message=said[FAILURE])
        if result.ok and not Path(folder, ENDED).exists():
            return replace(result, ok=False, message=LEFT)
        return result


def kill_marked(run: str, resource: str, action: str) -> None:
    """Kill whatever runs for an action, with its process groups.

    Some of it has sessions of its own, as Ansible's workers do, which no group kill reaches. It is known by the
    environment it inherited, which only Linux shows (proc(5), /proc/PID/environ).
    """
    facts = {"RUN": run, "RESOURCE": resource, "ACTION": action}
    marks = {f"STAGECTL_{key}={value}".encode() for key, value in facts.items()}
    for _ in range(ROUNDS):  # again, because what is killed may just have started something
        if not [place for place in Path("/proc").glob("[0-9]*") if _kill(place, marks)]:
            return
        time.sleep(PAUSE)


def _kill(place: Path, marks: Set[bytes]) -> bool:
    """Kill a process that has all these marks in its environment, and its group; return whether it had."""
    with contextlib.suppress(OSError):
        if marks <= set((place / "environ").read_bytes().split(b"\0")):
            process = int(place.name)
            group = os.getpgid(process)
            os.kill(process, signal.SIGKILL)
            if group != os.getpgrp():
                os.killpg(group, signal.SIGKILL)
            return True
    return False
