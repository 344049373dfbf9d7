"""Which commands are at work in one repository on one machine, and on what: it goes with the process, however it ends.

Each holder has a file under `holders/`, which it keeps locked for its life; `apply.lock` is held for the moment in
which what these say is read or changed. The file of one that was killed stays, and names the lock on the remote that
it left.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Callable, Dict, FrozenSet, Iterator, List, Optional, Tuple

from stagectl.adapters.files import try_lock
from stagectl.core.errors import Busy
from stagectl.core.locks import WHOLE, Portion, few, in_common, part_of_text, part_text

PAUSE = 0.05  # seconds between two tries
SECONDS = 60.0  # how long anything is waited for that is held for a moment
HOLDERS, MOMENT, BRANCH = "holders", "apply.lock", "branch.lock"
_UNKNOWN = "it has not said who it is yet"
_ID = re.compile(r"[0-9a-f]{8}")
MeetsPortion = Callable[[Portion], Tuple[str, ...]]  # what another holder has that is wanted


@contextmanager
def moment(scratch: Path, name: str = MOMENT, seconds: float = SECONDS) -> Iterator[None]:
    """Be the only one for what takes a moment; raises Busy where another one takes longer than that.

    name: `MOMENT` for the holders' files and the folders of runs, `BRANCH` for moves of the applied branch.
    """
    with open(scratch / name, "a+", encoding="utf-8") as file:
        end = time.monotonic() + seconds
        while not try_lock(file):
            if time.monotonic() >= end:
                raise Busy(f"another stagectl is busy here: {name} is held for {seconds:.0f} s", "try again")
            time.sleep(PAUSE)
        yield


@dataclass
class Here:
    """What one process holds on this machine."""

    scratch: Path
    id: str
    part: Portion
    _file: IO[str]
    _said: Dict[str, str] = field(default_factory=dict)

    def say(self, **more: str) -> None:
        """Say more of itself, for those who look: run, remote (the lock it took there)."""
        self._said.update(more)
        self._write()

    def extend(self, part: Portion, meets: Optional[MeetsPortion] = None) -> None:
        """Hold more; raises Busy where another process has some of that."""
        with moment(self.scratch):
            _check_free(self.scratch, meets or (lambda other: in_common(part, other)), self.id)
            self.part = part
            self._write()

    @property
    def has_remote(self) -> bool:
        """Whether it holds a lock on the remote, or could not give one back."""
        return bool(self._said.get("remote"))

    def close(self) -> None:
        """Be at work no more."""
        self._file.close()

    def _write(self) -> None:
        found = os.fstat(self._file.fileno())
        said = {**self._said, "whose": f"{found.st_dev} {found.st_ino}", "part": part_text(self.part)}
        with suppress(OSError):  # on a full disk it is held all the same
            self._file.seek(0)
            self._file.truncate(0)
            self._file.write(json.dumps(said))
            self._file.flush()


@contextmanager
def only_one(scratch: Path, what: str, part: Portion = WHOLE, meets: Optional[MeetsPortion] = None) -> Iterator[Here]:
    """Hold a part of what there is; raises Busy that says which process has some of it, since when, and which run.

    what: the command that wants it; meets: what another holder has that is wanted, by default what both parts have.
    """
    with moment(scratch):
        _check_free(scratch, meets or (lambda other: in_common(part, other)), "")
        here = _enter(scratch, what, part)
    try:
        yield here
    finally:
        if not here.has_remote:
            (scratch / HOLDERS / here.id).unlink(missing_ok=True)
        here.close()


def _enter(scratch: Path, what: str, part: Portion) -> Here:
    folder = scratch / HOLDERS
    folder.mkdir(exist_ok=True)
    forget_left(scratch, all_of_them=False)
    identity = secrets.token_hex(4)
    file = open(folder / identity, "x+", encoding="utf-8")  # noqa: SIM115 (its holder closes it)
    fcntl.flock(file, fcntl.LOCK_EX)
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    said = {"process": str(os.getpid()), "what": what, "since": since, "began": str(time.time_ns())}
    here = Here(scratch, identity, part, file, said)
    here.say()
    return here


def _check_free(scratch: Path, meets: MeetsPortion, own: str) -> None:
    for other in holders(scratch):
        common = meets(other.part) if other.id != own else ()
        if common:
            both = "" if "everything" in common else f"; in common: {few(common)}"
            stop = f", or: stagectl stop {other.run}" if other.run else ""
            raise Busy(f"another apply is running: {other.words}{both}", f"wait for it{stop}")


@dataclass(frozen=True)
class Holder:
    """A holder as its file says: words: process, command, since when, which run; part: what it has.

    run: "" where it is none, or not said yet.
    """

    id: str
    words: str
    part: Portion
    run: str = ""


def holders(scratch: Path) -> List[Holder]:
    """Return what is at work here now, those that began first to begin with."""
    found = []
    for path, said in _files(scratch):
        if said is not None:
            holder = Holder(path.name, _words(said), part_of_text(said.get("part", "")), said.get("run", ""))
            found.append((said.get("began", ""), holder))
    return [other for _, other in sorted(found, key=lambda pair: (pair[0], pair[1].id))]


def _words(said: Dict[str, str]) -> str:
    if "process" not in said:
        return _UNKNOWN
    run = f", run {said['run']}" if said.get("run") else ""
    return f"process {said['process']}, {said['what']}, since {said['since']}{run}"


def runs_named(scratch: Path) -> FrozenSet[str]:
    """Return the runs of those that are at work here."""
    return frozenset(said.get("run", "") for _, said in _files(scratch) if said) - {""}


def _files(scratch: Path) -> Iterator[Tuple[Path, Optional[Dict[str, str]]]]:
    """Yield the holders' files, with what they say, None for that of a process that is gone."""
    folder = scratch / HOLDERS
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        with suppress(FileNotFoundError):
            if _ID.fullmatch(name):
                with open(folder / name, encoding="utf-8") as file:
                    yield folder / name, None if try_lock(file, fcntl.LOCK_SH) else _read_holder(file)


def _read_holder(file: IO[str]) -> Dict[str, str]:
    """Return what a holder's file says, nothing where it cannot be read (yet)."""
    with suppress(OSError, ValueError):
        raw = json.loads(file.read())
        if isinstance(raw, dict):
            return {str(key): str(value) for key, value in raw.items()}
    return {}


def find_left_locks(scratch: Path) -> FrozenSet[str]:
    """Return the ids of locks on the remote that processes of this clone took and did not give back.

    What a file says begins with what the file itself is: a copied clone does not believe it.
    """
    return frozenset(remote for path, said in _files(scratch) if said is None for remote in _left_lock(path))


def forget_left(scratch: Path, *, all_of_them: bool = True) -> None:
    """Remove the files of processes that are gone; by default also of those that left something on the remote."""
    for path in [path for path, said in _files(scratch) if said is None]:
        if all_of_them or not _left_lock(path):
            path.unlink(missing_ok=True)


def _left_lock(path: Path) -> List[str]:
    """Return the lock on the remote that the file of a process names which is gone, if there is one."""
    with suppress(OSError), open(path, encoding="utf-8") as file:
        said, itself = _read_holder(file), os.fstat(file.fileno())
        if said.get("whose") == f"{itself.st_dev} {itself.st_ino}" and said.get("remote"):
            return [said["remote"]]
    return []


def holder(scratch: Path) -> str:
    """Return what the first of those at work here says of itself, "" if there is none."""
    found = holders(scratch)
    return found[0].words if found else ""
