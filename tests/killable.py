"""Starts stagectl in processes that kill themselves with SIGKILL at the N-th thing they do to the world outside.

A server, because one fork costs less than one start: it reads a JSON document per line, forks, waits until the child
and everything that it left running have ended, and answers with a JSON document per line.
"""

from __future__ import annotations

import builtins
import ctypes
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, Sequence

PATIENCE = 180  # seconds that a command, and what it left running, may take
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): what a killed child leaves running becomes ours, so that we can wait for it


class Fuse:
    """Counts what the process does, and kills it at a given count; writes there show what it was doing."""

    def __init__(self, at: int, reported: int) -> None:
        self._left, self._reported, self._guard, self._write = at, reported, threading.Lock(), os.write
        self.count = 0

    def burn(self, what: str, last: Callable[[], object] = lambda: None) -> None:
        """Count one thing; last: what is still done if it is the one to die at."""
        with self._guard:
            self.count += 1
            if self.count == self._left:
                last()
                self._write(self._reported, what.encode())
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)

    def around(self, owner: Any, name: str, says: Callable[..., str]) -> None:
        """Count a function before and after it is called; says: what it does, "" for what does not count."""
        real = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            what = says(*arguments, **named)
            if what:
                self.burn(f"before {what}")
            result = real(*arguments, **named)
            if what:
                self.burn(f"after {what}")
            return result

        setattr(owner, name, call)

    def torn(self) -> None:
        """Count writes, also ones of which half is done."""
        real = os.write

        def write(descriptor: int, data: Any) -> int:
            self.burn(f"before write {bytes(data[:60])!r}")
            self.burn(f"half write {bytes(data[:60])!r}", lambda: real(descriptor, data[: len(data) // 2]))
            done = real(descriptor, data)
            self.burn(f"after write {bytes(data[:60])!r}")
            return done

        os.write = write


def arm(fuse: Fuse) -> None:
    """Count everything that changes the disk, starts a process, or hands out work."""
    fuse.torn()
    for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "truncate", "ftruncate"):
        fuse.around(os, name, lambda *args, name=name, **kw: f"{name} {args}")
    fuse.around(os, "open", lambda path, flags, *args, **kw: f"open {path}" if flags & 3 else "")
    for module in (builtins, io):
        fuse.around(
            module, "open", lambda file, mode="r", *args, **kw: f"open {file}" if set(mode) & set("wax+") else ""
        )
    fuse.around(subprocess.Popen, "__init__", lambda self, args, *more, **kw: f"start of {_words(args)}")
    fuse.around(subprocess.Popen, "communicate", lambda self, *args, **kw: f"end of {_words(self.args)}")
    fuse.around(ThreadPoolExecutor, "submit", lambda *args, **kw: "submit")


def _words(vector: Any) -> str:
    return " ".join(map(str, vector))[:100]


def run(reported: int, order: Dict[str, Any]) -> None:
    """Be stagectl with the arguments of an order; never returns."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(order["into"] + name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(order["folder"])
    os.environ.update(order["env"])
    fuse = Fuse(order["kill"], reported)
    arm(fuse)
    from stagectl.__main__ import main

    code = main(order["arguments"])
    sys.stdout.flush()
    fuse._write(reported, str(fuse.count).encode())
    os._exit(code)


def answer(order: Dict[str, Any]) -> Dict[str, Any]:
    """Carry out an order. code: of the exit, negative for a signal; reported: where it died, or how much it did."""
    reading, reported = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            run(reported, order)
        finally:
            os._exit(99)
    os.close(reported)
    signal.alarm(PATIENCE)  # ends this server, and with it the wait for its answer
    if order.get("seconds"):
        time.sleep(order["seconds"])
        os.kill(child, signal.SIGKILL)
    codes = wait_for_all()
    with os.fdopen(reading, "rb") as file:
        said = file.read().decode("utf-8", "replace")
    out, err = (Path(order["into"] + name).read_text(encoding="utf-8") for name in ("out", "err"))
    return {"code": codes[child], "reported": said, "out": out, "err": err}


def wait_for_all() -> Dict[int, int]:
    """Wait until no child is left, ours or inherited; return how they ended."""
    codes = {}
    while True:
        try:
            process, status = os.wait()
        except ChildProcessError:
            signal.alarm(0)
            return codes
        codes[process] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


def serve(modules: Sequence[str]) -> None:
    """Answer orders until there are no more."""
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    for module in modules:
        __import__(module)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1:])
