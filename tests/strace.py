"""Faults at system calls: a command line is run under strace, which kills or fails it, or a git it started, at a call.

Which calls there are shows a first run. A point is one call of one program: `stagectl` itself, or the k-th `git WORD`
that it started, with the programs that this one starts. strace counts per thread and process, so a point hits whichever
is the first to get that far.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import pytest

from tests.build import PATIENCE, ROOT, Ran

# All that writes, renames, unlinks, links or makes a folder.
WRITES = ("write", "pwrite64", "writev", "ftruncate", "fallocate")
NAMES = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "link", "linkat", "symlink", "symlinkat")
CALLS = (*WRITES, *NAMES, "mkdir", "mkdirat")
STAGECTL = "stagectl"

# Ends when the command has ended and whatever it left running: a git that goes on is no part of what is checked.
_UNTIL_ALL_ENDED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
signal.alarm(int(sys.argv[1]))
first, code = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:]), 99
while True:
    try:
        process, status = os.wait()
    except ChildProcessError:
        os._exit(code)
    if process == first:
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
"""

# Stands in the place of git: counts the calls of each of its commands, and has strace at one of them, or at each.
_SHIM = """#!/bin/sh
for word; do
    case $skip$word in -c | -C) skip=x;; -*) ;; x*) skip=;; *) break;; esac
done
number=1
while [ -d "$SHIM" ] && ! mkdir "$SHIM/$word.$number" 2> /dev/null; do number=$((number + 1)); done
case "git $word $number" in $SHIM_TARGET) ;; *) exec {git} "$@";; esac
{strace} -f -qq -o "$SHIM/git $word $number.log" $SHIM_INJECT {git} "$@"
code=$?
if [ $code = 137 ]; then echo hit > "$SHIM/hit"; [ -n "$SHIM_TOGETHER" ] && kill -9 $PPID; fi
exit $code
"""


def require_strace() -> str:
    """Where strace is; a test that needs it is skipped without it, and fails where it has to be there."""
    found = shutil.which("strace")
    if found is None:
        if os.environ.get("NEEDS_STRACE"):
            pytest.fail("strace is not here: apt-get install strace")
        pytest.skip("needs Debian's package strace")
    return found


@dataclass(frozen=True)
class Point:
    """The call at which something happens: the number-th of its name in a program. together: stagectl dies with it."""

    program: str
    call: str
    number: int
    together: bool = False
    on_disk: bool = True  # whether it is about a file, not a pipe

    def __str__(self) -> str:
        return f"{self.program}: {self.call} {self.number}{' and stagectl' if self.together else ''}"


class Traced:
    """Runs command lines under strace. folder: where the stand-in for git and the logs are."""

    def __init__(self, folder: Path) -> None:
        self._strace, self._folder, self._git = require_strace(), folder, shutil.which("git")
        (folder / "bin").mkdir(parents=True)
        shim = folder / "bin/git"
        shim.write_text(_SHIM.format(git=shlex.quote(str(self._git)), strace=shlex.quote(self._strace)))
        shim.chmod(0o755)

    def points(self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> List[Point]:
        """The points of a command line, which is run to its end. Deaths of a git come alone and together."""
        words = ["-y", "-e", f"trace={','.join(CALLS)}"]
        done = self._run(arguments, cwd, env, words, target="*", inject=" ".join(words))
        assert done.code == 0, done
        return [point for path in sorted((self._folder / "shim").glob("*.log")) for point in _points(path)]

    def harm(
        self,
        point: Point,
        how: str,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
    ) -> Optional[Ran]:
        """Have a call do something else, in strace's words; None if it did not come that far, which chance may do."""
        words = ["-e", f"trace={point.call}", "-e", f"inject={point.call}:{how}:when={point.number}"]
        is_own = point.program == STAGECTL
        done = self._run(
            arguments, cwd, env, words if is_own else None,
            target="" if is_own else point.program, inject=" ".join(words), together=point.together,
        )  # fmt: skip
        log = self._folder / "shim" / f"{point.program}.log"
        hit = log.exists() and re.search(r"killed by SIGKILL|\(INJECTED\)", log.read_text(errors="replace"))
        return done if hit else None

    def _run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        words: Optional[Sequence[str]],
        *,
        target: str,
        inject: str,
        together: bool = False,
    ) -> Ran:
        shim = self._folder / "shim"
        shutil.rmtree(shim, ignore_errors=True)
        shim.mkdir()
        full = {
            **os.environ, **env, "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1", "SHIM": str(shim), "SHIM_TARGET": target, "SHIM_INJECT": inject,
            "SHIM_TOGETHER": "x" if together else "",
        }  # fmt: skip
        command = [sys.executable, "-m", "stagectl", *arguments]
        if words is not None:  # of what it starts, git has a strace of its own
            command = [self._strace, "-f", "-b", "execve", "-qq", "-o", str(shim / f"{STAGECTL}.log"), *words, *command]
        outer = [sys.executable, "-I", "-S", "-c", _UNTIL_ALL_ENDED, str(PATIENCE), *command]
        with (shim / "out").open("w+") as out, (shim / "err").open("w+") as err:
            code = subprocess.call(outer, cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        assert code != -14, f"{arguments} goes on after {PATIENCE} seconds, or what it started"
        return Ran(code, (shim / "out").read_text(), (shim / "err").read_text())


def _points(log: Path) -> Iterator[Point]:
    counts: Counter = Counter()
    on_disk: Dict[Tuple[str, int], bool] = {}
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"(\d+) +(\w+)\((\d+<(/dev/|/memfd|[a-z]))?", line)
        if found:
            process, call, _, other = found.groups()
            counts[process, call] += 1
            key = (call, counts[process, call])
            on_disk[key] = on_disk.get(key, False) or not other
    for (call, number), is_file in sorted(on_disk.items()):
        yield Point(log.stem, call, number, on_disk=is_file)
        if log.stem != STAGECTL:
            yield Point(log.stem, call, number, together=True, on_disk=is_file)
