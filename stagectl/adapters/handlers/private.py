"""Files with values for one action, which no other user may read.

Each has a path of its own, but files are used again: making and removing one costs as much as starting a process, and
on ext4 (which looks through all that was removed lately, `recently_deleted` in fs/ext4/ialloc.c) a multiple of that.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import List

EMPTY = b"{}"


@dataclass
class Slot:
    """A file that is open, and where it is. Between two actions it holds an empty mapping."""

    descriptor: int
    path: str


_idle: List[Slot] = []


def put(path: str, data: bytes) -> Slot:
    """Let a file with *data*, no less than an empty mapping, appear."""
    slot, position = _slot(path), 0
    while position < len(data):
        position += os.pwrite(slot.descriptor, data[position:], position)
    return slot


def _slot(path: str) -> Slot:
    with contextlib.suppress(IndexError):
        slot = _idle.pop()
        if os.path.dirname(slot.path) == os.path.dirname(path):  # else it is of a run before
            with contextlib.suppress(OSError):
                os.rename(slot.path, path)
                slot.path = path
                return slot
        os.close(slot.descriptor)
    return Slot(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path)


def put_away(slot: Slot) -> None:
    """Take a file from an action that ended, and the values out of it."""
    try:
        there, here = os.lstat(slot.path), os.fstat(slot.descriptor)
        # The action may have put another file in its place, or made a link to it.
        if (there.st_ino, there.st_dev, 1) != (here.st_ino, here.st_dev, here.st_nlink):
            raise FileExistsError(slot.path)
        os.pwrite(slot.descriptor, EMPTY, 0)
        os.ftruncate(slot.descriptor, len(EMPTY))
        _idle.append(slot)
    except OSError:
        os.close(slot.descriptor)
        erase(slot.path)


def erase(path: str) -> None:
    """Remove a file if it is there."""
    with contextlib.suppress(OSError):
        os.unlink(path)
