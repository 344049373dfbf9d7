"""The run journal: what a run starts and how that ends, on the disk before anything that depends on it.

`<git folder>/stagectl/runs/<run>/` has `run.json` (what the run is about), `journal` (one JSON document per line, only
appended to), `output/` (what the actions printed), `reserve` (room on the disk, for the ends of what runs when it gets
full), `processes` (the ones it started), and `stop` where the run was asked to stop. It is one machine's memory of
its own runs; what counts for every clone is the applied branch.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from stagectl.adapters.files import open_file, try_lock
from stagectl.adapters.running.lock import forget_left, moment
from stagectl.adapters.running.processes import NOTES
from stagectl.adapters.running.run_folders import end_of, folder_of_run, run_ids
from stagectl.core import forms
from stagectl.core.errors import Busy, StagectlError
from stagectl.core.model import ChangeId, Oid
from stagectl.core.running.outcome import INPROGRESS, RECORDED, SUCCESS, Outcome
from stagectl.core.running.run_document import header_text, journal_lines, read_header, read_record
from stagectl.core.running.runs import Header, Record

KEPT = 30  # runs; the oldest go when a new one begins
SECONDS = 1.0  # how long a journal is tried to be locked
RESERVE, RESERVED = "reserve", 256 * 1024  # a file that makes room, by going, for the ends of what runs; bytes


class Journal:
    """The journal of one run, open for writing by one process at a time: raises Busy where another one writes it.

    Everything it was given is on the disk when a method returns; one that cannot do that raises StagectlError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = _open_locked(folder)
        # A line that a kill tore must not become the beginning of the next one.
        self._size = self._file.read().rfind(b"\n") + 1
        os.ftruncate(self._file.fileno(), self._size)
        self._is_full = False  # the room for ends is in use

    def add(self, news: Sequence[Tuple[ChangeId, Outcome]]) -> None:
        """Note changes that start (INPROGRESS) or end. On a full disk there is still room for ends."""
        lines = journal_lines(news, round(time.time(), 3))
        self._write(lines, starts=any(outcome.state == INPROGRESS for _, outcome in news))

    def note_resume(self, answers: Sequence[Tuple[ChangeId, Outcome]]) -> None:
        """Note that the run is finished by hand, and what the operator says of changes whose end was not seen."""
        (self.folder / "stop").unlink(missing_ok=True)
        with errors_as("the run cannot go on"):
            _reserve(self.folder)
        shutil.rmtree(self.folder / "private", ignore_errors=True)
        self.add(answers)

    def end(self, commit: Optional[Oid], kept: Optional[Oid] = None) -> None:
        """Note that the run is over; commit: the applied commit, None if the state did not move.

        kept: where a run is kept that could not be recorded.
        """
        shutil.rmtree(self.folder / "private", ignore_errors=True)  # first: of a closed run it is not looked for
        (self.folder / NOTES).unlink(missing_ok=True)
        _spend(self.folder)
        self._write(json.dumps({"end": round(time.time(), 3), "commit": commit, "kept": kept}) + "\n", starts=False)
        self.close()

    def close(self) -> None:
        """Write it no more; a run that is not over is an interrupted one from now on."""
        self._file.close()

    def _write(self, lines: str, *, starts: bool) -> None:
        left = lines.encode()
        size, descriptor = self._size + len(left), self._file.fileno()
        try:
            if starts and self._is_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
            self._size = size
        except OSError as error:
            os.ftruncate(descriptor, self._size)  # no half line, which would be the beginning of the next
            if starts or not _spend(self.folder):
                raise StagectlError(
                    f"the journal of run {self.folder.name} cannot be written: {error.strerror}",
                    "nothing more was started, and what finished is known; make room, then: stagectl resume",
                ) from error
            self._is_full = True
            self._write(lines, starts=False)

    def private(self) -> Path:
        """Return the folder for files that only actions may read, and that go with the run."""
        folder = self.folder / "private"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


def _open_locked(folder: Path) -> BinaryIO:
    """Return the journal of a run, open and locked; raises Busy where another process has it."""
    file = os.fdopen(os.open(folder / "journal", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "rb")
    if try_lock(file, seconds=SECONDS):  # a process that probes the run has it for the blink of an eye
        return file
    file.close()
    raise Busy(f"run {folder.name} is being finished by another process", "wait for it; see: stagectl report")


def output_path(folder: Path, identity: ChangeId) -> Path:
    """Return where the output of a change is kept: `/` of a name is `+`, which no name has."""
    return folder / f"output/{identity.replace('/', '+')}.log"


def begin(scratch: Path, header: Header) -> Journal:
    """Make the folder of a run, durably; return its journal, open and locked, so that it never looks interrupted."""
    runs = scratch / "runs"
    with errors_as("the run cannot begin"), moment(scratch):
        is_new = not runs.exists()
        runs.mkdir(exist_ok=True)
        _prune(runs)
        building = runs / f".{header.run}"  # a reader never sees half a folder
        (building / "output").mkdir(parents=True)
        with open(building / "run.json", "wb") as file:
            file.write(header_text(header).encode())
            file.flush()
            os.fsync(file.fileno())
        journal = Journal(building)
        _reserve(building)
        _flush_folder(building)
        journal.folder = runs / header.run
        os.rename(building, journal.folder)
        for path in (runs, scratch, scratch.parent) if is_new else (runs,):
            _flush_folder(path)
        return journal


@contextmanager
def errors_as(what: str) -> Iterator[None]:
    """Raise what the disk refuses as StagectlError."""
    hint = "make room on the disk, and try again"
    try:
        yield
    except OSError as error:
        raise StagectlError(f"{what}: {error.strerror}: {error.filename or 'the journal'}", hint) from error


def _reserve(folder: Path) -> None:
    """Take room on the disk for ends of changes."""
    with open(folder / RESERVE, "wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, RESERVED)
        else:
            file.write(b"\0" * RESERVED)


def _spend(folder: Path) -> bool:
    """Give up the room that a run has reserved for its ends; return whether there was some."""
    with suppress(FileNotFoundError):
        os.unlink(folder / RESERVE)
        return True
    return False


def _flush_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _prune(runs: Path) -> None:
    for name in run_ids(runs.parent)[KEPT - 1 :]:
        with suppress(StagectlError):
            if read(runs.parent, name).ended is not None:
                os.rename(runs / name, runs / f".{name}")  # a reader never sees half a folder
    tidy(runs.parent)


def tidy(scratch: Path) -> None:
    """Remove what killed commands left half made; the caller has the moment, so nothing is at a run's folder now."""
    forget_left(scratch, all_of_them=False)
    for left in (scratch / "runs").glob(".*"):
        shutil.rmtree(left, ignore_errors=True)


def durations(scratch: Path, wanted: Iterable[ChangeId], runs: int = 10) -> Dict[ChangeId, float]:
    """Return how many seconds changes took when they last succeeded here, from the newest runs."""
    found: Dict[ChangeId, float] = {}
    missing = set(wanted)
    for name in run_ids(scratch)[:runs]:
        if not missing:
            break
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):  # a hint only: nothing depends on it
            for entry in reversed(_entries(folder_of_run(scratch, name))):
                if entry.get("state") == SUCCESS and entry.get("message") != RECORDED and entry["change"] in missing:
                    found[ChangeId(entry["change"])] = float(entry["seconds"])
                    missing.discard(entry["change"])
    return found


def read(scratch: Path, run: str) -> Record:
    """Return what the journal of a run says; raises StagectlError where it cannot be read."""
    folder = folder_of_run(scratch, run)
    try:
        with open_file(folder / "run.json") as file:
            header = read_header(json.loads(file.read().decode("utf-8")), run)
        return read_record(header, _entries(folder))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StagectlError(
            f"the journal of run {run} cannot be read: {type(error).__name__}: {str(error)[:200]}",
            f"look at it, and move it away: {folder}",
        ) from None


def commit_of(scratch: Path, run: str) -> Optional[Oid]:
    """Return the applied commit that a run recorded, None for none, without what its changes did."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        return forms.oid_or_none(json.loads(end_of(scratch, run))["commit"])
    return read(scratch, run).commit  # it is not over, or not what it should be


def _entries(folder: Path) -> List[Dict[str, Any]]:
    with suppress(FileNotFoundError), open_file(folder / "journal") as file:
        return [json.loads(line) for line in file.read().split(b"\n")[:-1]]  # the last line may be torn
    return []
