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
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Dict, FrozenSet, Iterator, List, Tuple

from stagectl.adapters.files import try_lock
from stagectl.adapters.running.run_folders import run_ids
from stagectl.core.errors import Busy
from stagectl.core.locks import WHOLE, Portion, in_common, part_of_text, part_text
from stagectl.core.printable import few

SECONDS = 60.0  # how long anything is waited for that is held for a moment
HOLDERS, MOMENT, BRANCH = "holders", "apply.lock", "branch.lock"
_UNKNOWN = "it has not said who it is yet"
_ID = re.compile(r"[0-9a-f]{8}")


@contextmanager
def moment(scratch: Path, name: str = MOMENT, seconds: float = SECONDS) -> Iterator[None]:
    """Be the only one for what takes a moment; raises Busy where another one takes longer than that.

    name: `MOMENT` for the holders' files and the folders of runs, `BRANCH` for moves of the applied branch.
    """
    with open(scratch / name, "a+", encoding="utf-8") as file:
        if not try_lock(file, seconds=seconds):
            raise Busy(f"another stagectl is busy here: {name} is held for {seconds:.0f} s", "try again")
        yield


@dataclass
class Here:
    """What one process holds on this machine."""

    scratch: Path
    id: str
    part: Portion
    _file: IO[str]
    _said: Dict[str, str]

    def say(self, **more: str) -> None:
        """Say more of itself, for those who look: run, remote (the lock it took there)."""
        self._said.update(more, whose=_itself(self._file), part=part_text(self.part))
        with suppress(OSError):  # on a full disk it is held all the same
            self._file.seek(0)
            self._file.truncate(0)
            self._file.write(json.dumps(self._said))
            self._file.flush()

    def extend(self, part: Portion) -> None:
        """Hold more; raises Busy where another process has some of that."""
        with moment(self.scratch):
            _check_free(self.scratch, part, self.id)
            self.part = part
            self.say()

    def leave(self) -> None:
        """Be at work no more; the file stays where it names a lock on the remote that could not be given back."""
        if not self._said.get("remote"):
            (self.scratch / HOLDERS / self.id).unlink(missing_ok=True)
        self._file.close()


@contextmanager
def only_one(scratch: Path, what: str, part: Portion = WHOLE) -> Iterator[Here]:
    """Hold a part of what there is; raises Busy that says which process has some of it, since when, and which run.

    what: the command that wants it.
    """
    folder, identity = scratch / HOLDERS, secrets.token_hex(4)
    with moment(scratch):
        _check_free(scratch, part)
        folder.mkdir(exist_ok=True)
        forget_left(scratch, all_of_them=False)
        file = open(folder / identity, "x+", encoding="utf-8")  # noqa: SIM115 (`leave` closes it)
        fcntl.flock(file, fcntl.LOCK_EX)
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        said = {"process": str(os.getpid()), "what": what, "since": since, "began": str(time.time_ns())}
        here = Here(scratch, identity, part, file, said)
        here.say()
    try:
        yield here
    finally:
        here.leave()


def _check_free(scratch: Path, part: Portion, own: str = "") -> None:
    for other in holders(scratch):
        common = in_common(part, other.part) if other.id != own else ()
        if common:
            both = "" if "everything" in common else f"; in common: {few(common)}"
            stop = f", or: stagectl stop {other.run}" if other.run else ""
            raise Busy(f"another apply is running: {other.words}{both}", f"wait for it{stop}")


@dataclass(frozen=True, order=True)
class Holder:
    """A holder as its file says: words: process, command, since when, which run; part: what it has.

    run: "" where it is none, or not said yet.
    """

    began: str
    id: str
    words: str
    part: Portion
    run: str = ""


def holders(scratch: Path) -> List[Holder]:
    """Return what is at work here now, those that began first to begin with."""
    return sorted(
        Holder(said.get("began", ""), name, _words(said), part_of_text(said.get("part", "")), said.get("run", ""))
        for name, is_there, said in _files(scratch)
        if is_there
    )


def _words(said: Dict[str, str]) -> str:
    if "process" not in said:
        return _UNKNOWN
    run = f", run {said['run']}" if said.get("run") else ""
    return f"process {said['process']}, {said['what']}, since {said['since']}{run}"


def new_run(here: Here, now: float) -> str:
    """Return an id that sorts after those of all runs here, also of those begun in the same second.

    Who holds something here says that this is its run, so no other is given the same.
    """
    with moment(here.scratch):
        named = {said.get("run", "") for _, is_there, said in _files(here.scratch) if is_there}
        newest = max({*run_ids(here.scratch), *named}, default="")
        stamp, suffix = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)), secrets.randbelow(1 << 23)
        if newest >= stamp:
            stamp, _, last = newest.partition("-")
            suffix = int(last, 16) + 1 + secrets.randbelow(1 << 8)
        run = f"{stamp}-{suffix:06x}"
        here.say(run=run)
    return run


def find_left_locks(scratch: Path) -> FrozenSet[str]:
    """Return the ids of locks on the remote that processes of this clone took and did not give back."""
    return frozenset(said.get("remote", "") for _, is_there, said in _files(scratch) if not is_there) - {""}


def forget_left(scratch: Path, *, all_of_them: bool = True) -> None:
    """Remove the files of processes that are gone; by default also of those that left something on the remote."""
    for name, is_there, said in _files(scratch):
        if not is_there and (all_of_them or not said.get("remote")):
            (scratch / HOLDERS / name).unlink(missing_ok=True)


def _files(scratch: Path) -> Iterator[Tuple[str, bool, Dict[str, str]]]:
    """Yield the holders' files: the name of each, whether its process is there, and what it says."""
    folder = scratch / HOLDERS
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        with suppress(FileNotFoundError):
            if _ID.fullmatch(name):
                with open(folder / name, encoding="utf-8") as file:
                    yield name, not try_lock(file, fcntl.LOCK_SH), _read_holder(file)


def _read_holder(file: IO[str]) -> Dict[str, str]:
    """Return what a holder's file says, nothing where it cannot be read (yet).

    It begins with what the file itself is: a copied clone does not believe what it says of the remote.
    """
    with suppress(OSError, ValueError):
        raw = json.loads(file.read())
        if isinstance(raw, dict):
            is_copied = raw.get("whose") != _itself(file)
            return {str(key): str(value) for key, value in raw.items() if key != "remote" or not is_copied}
    return {}


def _itself(file: IO[str]) -> str:
    found = os.fstat(file.fileno())
    return f"{found.st_dev} {found.st_ino}"
