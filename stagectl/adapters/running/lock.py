"""The lock of one machine for one repository: it goes with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Callable, Iterator

from stagectl.core.errors import Busy

TRIES, PAUSE = 5, 0.05  # how often, and how many seconds apart: `is_held` holds it for a moment, too


def _try_to_take(file: IO[str]) -> bool:
    for _ in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE)
        else:
            return True
    return False


@contextmanager
def only_one(scratch: Path, what: str) -> Iterator[Callable[[str], None]]:
    """Hold the lock; raises Busy that says who holds it, since when, and which run.

    what: the command that wants it. Yields a function by which the holder says which run it does.
    """
    with open(scratch / "apply.lock", "a+", encoding="utf-8") as file:
        if not _try_to_take(file):
            file.seek(0)
            holder = file.read().strip() or "it has not said who it is yet"
            raise Busy(f"another apply is running: {holder}", "wait for it, or: stagectl stop RUN")
        since = f"process {os.getpid()}, {what}, since {time.strftime('%Y-%m-%d %H:%M:%S')}"

        def say(run: str) -> None:
            with suppress(OSError):  # on a full disk it is held all the same
                file.seek(0)
                file.truncate(0)
                file.write(f"{since}{f', run {run}' if run else ''}\n")
                file.flush()

        say("")
        yield say


def is_held(scratch: Path) -> bool:
    """Return whether the lock is held now."""
    try:
        with open(scratch / "apply.lock", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True


def holder(scratch: Path) -> str:
    """Return what the holder of the lock says of itself, "" if it is not held."""
    if not is_held(scratch):
        return ""
    return (scratch / "apply.lock").read_text(encoding="utf-8").strip() or "it has not said who it is yet"
