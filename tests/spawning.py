"""Processes of the tests start by posix_spawn on Python 3.8, and not by fork.

A fork copies the page tables of all that the tests have in memory: 14 ms of the processor with 100 MB, where
posix_spawn takes 2. Later Pythons do by themselves what is as fast: vfork (https://bugs.python.org/issue35823).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any, Mapping, Optional, Sequence

IS_NEEDED = sys.version_info[:2] == (3, 8)  # what Popen keeps to itself is that of this version
ENV = shutil.which("env") or "env"  # `env -C FOLDER PROGRAM`: posix_spawn changes no folder


def spawn_where_forks_are_slow() -> None:
    """Let subprocess spawn what is a program that is found, in a folder that is there; all else it forks as ever."""
    popen: Any = subprocess.Popen
    fork = popen._execute_child

    def execute(self: Any, args: Any, executable: Any, preexec: Any, close: Any, keep: Any, *more: Any) -> None:
        cwd, env, _, _, shell, *pipes, restore_signals, new_session = more
        is_plain = not (executable or preexec or keep or shell or new_session) and isinstance(args, (list, tuple))
        if is_plain and set(pipes).isdisjoint((0, 1, 2)) and _is_found(args, env) and os.path.isdir(cwd or "."):
            self._posix_spawn([ENV, "-C", cwd or ".", *args], ENV, env, restore_signals, *pipes)
        else:
            fork(self, args, executable, preexec, close, keep, *more)

    if IS_NEEDED:
        popen._execute_child = execute


def _is_found(args: Sequence[Any], env: Optional[Mapping[Any, Any]]) -> bool:
    path = os.environ.get("PATH") if env is None else env.get("PATH")
    program = os.fspath(args[0])
    is_somewhere = isinstance(program, str) and ("/" not in program or os.path.isabs(program))
    return is_somewhere and path is not None and "=" not in program and shutil.which(program, path=path) is not None
