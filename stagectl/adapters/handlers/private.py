"""Files with values for one action, which no other user may read.

Each has a path of its own, but files are used again: making and removing one costs as much as starting a process, and
on ext4 (which looks through all that was removed lately, `recently_deleted` in fs/ext4/ialloc.c) a multiple of that.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field
from typing import List

EMPTY = b"{}"


@dataclass
class Slot:
    """A file that is open, and where it is. Between two actions it holds an empty mapping."""

    descriptor: int
    path: str


@dataclass
class PrivateFiles:
    """The files of one folder."""

    folder: str
    _idle: List[Slot] = field(default_factory=list)

    def put(self, path: str, data: bytes) -> Slot:
        """Let a file with *data*, no less than an empty mapping, appear."""
        slot, position = self._slot(path), 0
        while position < len(data):
            position += os.pwrite(slot.descriptor, data[position:], position)
        return slot

    def _slot(self, path: str) -> Slot:
        with contextlib.suppress(IndexError):
            slot = self._idle.pop()
            with contextlib.suppress(OSError):
                os.rename(slot.path, path)
                slot.path = path
                return slot
            os.close(slot.descriptor)
        slot = Slot(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path)
        os.pwrite(slot.descriptor, EMPTY, 0)
        return slot

    def take_back(self, slot: Slot) -> None:
        """Take a file from an action that ended, and the values out of it."""
        try:
            if not _is_ours(slot):
                raise FileExistsError(slot.path)
            os.pwrite(slot.descriptor, EMPTY, 0)
            os.ftruncate(slot.descriptor, len(EMPTY))
            self._idle.append(slot)
        except OSError:
            os.close(slot.descriptor)
            erase(slot.path)

    def close(self) -> None:
        """Keep no file open."""
        while self._idle:
            os.close(self._idle.pop().descriptor)


def _is_ours(slot: Slot) -> bool:
    """Return whether the action left a file where it was, and made no link to it."""
    there, here = os.lstat(slot.path), os.fstat(slot.descriptor)
    return (there.st_ino, there.st_dev, 1) == (here.st_ino, here.st_dev, here.st_nlink)


_newest = PrivateFiles("")
_guard = threading.Lock()


def files_of(folder: str) -> PrivateFiles:
    """Return the files of a folder; of the one before none is kept open."""
    global _newest
    with _guard:
        if _newest.folder != folder:
            _newest.close()
            _newest = PrivateFiles(folder)
        return _newest


def erase(path: str) -> None:
    """Remove a file if it is there."""
    with contextlib.suppress(OSError):
        os.unlink(path)
