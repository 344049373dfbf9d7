"""The folders of runs, under the git folder: which runs there are, which go on, and which were interrupted.

Every command asks that last question, so nothing is loaded here that only those need which read a journal.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO, List

from stagectl.adapters.files import try_lock
from stagectl.core.once import pattern

RUN = pattern(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def run_ids(scratch: Path) -> List[str]:
    """Return the runs there are, the newest first."""
    folder = scratch / "runs"
    found = os.listdir(folder) if folder.exists() else []
    return sorted((name for name in found if RUN.fullmatch(name)), reverse=True)


def folder_of_run(scratch: Path, run: str) -> Path:
    """Return the folder of a run."""
    return scratch / "runs" / run


def unclosed_runs(scratch: Path) -> List[str]:
    """Return the runs that were not closed and that no process is at work on, the oldest first."""
    return sorted(run for run in run_ids(scratch) if not end_of(scratch, run) and not probe_run(scratch, run))


def end_of(scratch: Path, run: str) -> bytes:
    """Return the line of a journal which says that the run is over, nothing where that is missing."""
    try:
        with open_file(folder_of_run(scratch, run) / "journal") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1024))
            last = file.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
    except OSError:
        return b""
    return last if last.startswith(b'{"end"') else b""


def probe_run(scratch: Path, run: str) -> bool:
    """Lock the journal of a run for the blink of an eye; return whether a process has it open, to write it."""
    try:
        with open_file(folder_of_run(scratch, run) / "journal") as file:
            return not try_lock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def open_file(path: Path) -> BinaryIO:
    """Return a run's file, open to be read; raises OSError for a link, a pipe or a device, which may have no end."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file
