"""Which locks on the remote were taken from here, noted so that what a killed process held is free.

Who reads or writes the notes holds the lock of this machine, which no process survives: so a lock that is noted, and on
the remote all the same, was left behind. The notes begin with what the file itself is: a copied clone does not believe
them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import FrozenSet, Iterable

_FILE = "remote-locks"


def find_left_locks(scratch: Path) -> FrozenSet[str]:
    """Return the ids of locks that processes of this clone took and did not give back."""
    with suppress(OSError, ValueError):
        with open(scratch / _FILE, encoding="ascii") as file:
            found = os.fstat(file.fileno())
            whose, *ids = file.read().split("\n")
        if whose == f"{found.st_dev} {found.st_ino}":
            return frozenset(filter(None, ids))
    return frozenset()


def note_own(scratch: Path, ids: Iterable[str]) -> None:
    """Note the locks that are held from here, and no others; no apply hangs on whether that works."""
    with suppress(OSError), open(scratch / _FILE, "w", encoding="ascii") as file:
        found = os.fstat(file.fileno())
        file.write("\n".join([f"{found.st_dev} {found.st_ino}", *sorted(ids)]))
