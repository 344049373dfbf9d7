"""The folders of runs, under the git folder: which runs there are, which go on, and which were interrupted.

Every command asks that last question, so nothing is loaded here that only those need which read a journal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

from stagectl.adapters.files import open_file, probe_lock
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
    last = read_end(folder_of_run(scratch, run) / "journal", 1024).rpartition(b"\n")[0].rpartition(b"\n")[2]
    return last if last.startswith(b'{"end"') else b""


def probe_run(scratch: Path, run: str) -> bool:
    """Return whether a process has the journal of a run open, to write it."""
    return probe_lock(folder_of_run(scratch, run) / "journal")


def read_end(path: Path, most: int) -> bytes:
    """Return the last bytes of a run's file, nothing where it is not there or cannot be read."""
    try:
        with open_file(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read()
    except OSError:
        return b""
