"""The lock on a remote: a ref that is taken, renewed, taken over and given back by compare-and-swap.

Its commit names every holder; a change of one entry leaves the others as they are. The protocol is in docs/teams.md.
Times in the commits are for people. Whether a holder is dead is decided by the observer's clock alone, and whether it
has lost the lock by its own.
"""

from __future__ import annotations

import calendar
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import AbstractSet, Callable, Mapping, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters.git.git import Git, GitError, GitLocked
from stagectl.adapters.git.objects import BLOB, Item, NewCommit, Objects, empty_tree, write_commit
from stagectl.adapters.remote.remote import ASK_SECONDS, Note, Remote
from stagectl.core.errors import Busy, StagectlError
from stagectl.core.locks import WHOLE, Lock, Portion, in_common, locks_of, message_of, part_of_text, part_text
from stagectl.core.model import LARGEST_STATE, Oid
from stagectl.core.printable import few

TRIES = 40  # each that fails is one at which another holder came first
_REFUSALS = 3  # tries after which a remote that moves the ref for no holder is believed not to let it be written
_TIME = "%Y-%m-%dT%H:%M:%SZ"
Meets = Callable[[Lock], Tuple[str, ...]]  # what another holder has that is wanted


class Refused(GitError):
    """The remote does not let the ref be written."""


@dataclass(frozen=True)
class Board:
    """Who holds what, as the ref on the remote has it. commit: None where nothing is held.

    parts: per holder the id of the file that says what it is about; one without holds everything.
    at: of one that was put there, what our clock said before.
    """

    commit: Optional[Oid] = None
    holders: Tuple[Lock, ...] = ()
    parts: Mapping[str, Oid] = field(default_factory=dict)
    at: float = 0.0

    def find(self, identity: str) -> Optional[Lock]:
        """Return the lock with an id."""
        return next((lock for lock in self.holders if lock.id == identity), None)

    def newest(self, lock: Lock) -> Lock:
        """Return a lock in the form that it has here."""
        return self.find(lock.id) or lock

    def without(self, gone: AbstractSet[str]) -> Board:
        """Return the board that is to follow when some locks are gone."""
        return replace(self, holders=tuple(lock for lock in self.holders if lock.id not in gone))

    def having(self, lock: Lock) -> Board:
        """Return the board that is to follow with a lock in its newest form."""
        holders = {**{old.id: old for old in self.holders}, lock.id: lock}
        parts = {identity: oid for identity, oid in self.parts.items() if identity != lock.id}
        return replace(self, holders=tuple(holders.values()), parts=parts)


class LockRef(NamedTuple):
    """Where locks are: a ref of a remote, by its full name."""

    remote: Remote
    ref: str


def clock() -> float:
    """Return seconds of a clock that is never set, and that goes on while this machine sleeps where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def new_lock(owner: str, reason: str, term: int, *, part: Portion = WHOLE, run: str = "") -> Lock:
    """Return a lock for this host that is not held yet; term: 0 for maintenance."""
    return Lock(
        secrets.token_hex(4),
        owner,
        socket.gethostname(),
        " ".join(reason.split()),
        run,
        since=time.strftime(_TIME, time.gmtime()),
        term=term,
        part=part,
    )


def look_at_locks(at: LockRef) -> Board:
    """Return who holds what on a remote."""
    remote, ref = at
    for _ in range(5):
        commit = remote.read(ref)
        if commit is None:
            return Board()
        if remote.git.find(commit) is None:
            with suppress(GitError):  # it may have gone since; that it stays away is reported below
                remote.bring(ref)
        if remote.git.find(commit) is not None:
            return _board(at, commit)
    raise StagectlError(f"the lock {ref} on {remote.name} cannot be read", "try again")


def _board(at: LockRef, commit: Oid) -> Board:
    git = at.remote.git
    holders = locks_of(git.run("log", "-1", "--format=%B", commit).decode("utf-8", "replace"))
    if not holders:
        raise StagectlError(
            f"{at.ref} on {at.remote.name} is no lock of stagectl", "name another ref in stagectl.yaml: lock_ref"
        )
    parts = {entry.path: entry.oid for entry in git.files_of(commit, ()) if entry.mode.startswith("1006")}
    texts = git.blobs((parts[lock.id] for lock in holders if lock.id in parts), LARGEST_STATE)

    def part(lock: Lock) -> Portion:
        return part_of_text(texts[parts[lock.id]].decode("utf-8", "replace")) if lock.id in parts else WHOLE

    return Board(commit, tuple(replace(lock, part=part(lock)) for lock in holders), parts)


def take(
    at: LockRef, lock: Lock, note: Note, *, meets: Optional[Meets] = None, left: AbstractSet[str] = frozenset()
) -> Board:
    """Take a lock, also from holders found dead, and return the board; raises Busy where another has something of it.

    meets: what another holder has that is wanted, by default what the parts have in common; left: the ids of locks that
    were taken from here, by processes of which it is known that they are gone.
    """
    board, gone, refusals = Board(), set(left), 0  # nothing is held: that is tried first
    for _ in range(TRIES):
        for other in board.without(gone).holders:
            common = meets(other) if meets else in_common(lock.part, other.part)
            if common and _watch_for_its_term(at, board, other, common=common, note=note):
                gone.add(other.id)
        dead = [other for other in board.holders if other.id in gone and not other.is_maintenance]
        wanted = replace(lock, stolen_from=" ".join(other.id for other in dead))
        try:
            taken = _try_to_take(at, board.without({other.id for other in dead}), wanted)
        except Refused:
            refusals += 1
            if refusals >= _REFUSALS:
                raise
            taken = None  # perhaps another holder came and went meanwhile
        if taken is not None:
            for other in dead:
                why = "its holder here is gone" if other.id in left else f"it was not renewed for {other.term} s"
                note(f"took the lock {other.id} over: {why} ({other.holder})")
            return taken
        time.sleep(secrets.randbelow(200) / 1000)  # the one that came first may come first again
        board = look_at_locks(at)
    raise Busy(f"the lock on {at.remote.name} changes hands all the time", "try again")


def _try_to_take(at: LockRef, board: Board, lock: Lock) -> Optional[Board]:
    """Try to take the lock; return the board, None if another holder was faster."""
    remote, ref = at
    try:
        return put_board(at, board, lock)
    except GitLocked:  # another push is at the ref, or one was killed there: it says what to do
        raise
    except GitError as error:
        remote.read(ref)  # raises if it does not even answer
        raise Refused(
            f"{remote.name} refuses the lock {ref}: {error.message}",
            "--offline applies without it, and shares nothing; where only branches may be pushed, "
            "set lock_ref in stagectl.yaml: refs/heads/stagectl/lock",
        ) from None


def put_board(at: LockRef, board: Board, lock: Optional[Lock] = None, seconds: float = ASK_SECONDS) -> Optional[Board]:
    """Put what follows on a board, with a lock renewed, in its place; return that, None where another came first."""
    began = clock()
    if lock is not None:
        now = time.strftime(_TIME, time.gmtime())
        board = board.having(replace(lock, renewed=now, nonce=secrets.token_hex(16)))
    following = replace(_store_board(at.remote.git, board), at=began) if board.holders else Board()
    return following if at.remote.swap(at.ref, following.commit, board.commit, seconds) == following.commit else None


def _store_board(git: Git, board: Board) -> Board:
    """Store the commit that follows on a board; return it as a board."""
    empty = empty_tree(git)
    objects = Objects(git, empty)
    apart = [lock for lock in board.holders if not lock.part.whole]  # each has a file, which is written once
    parts = {one.id: board.parts.get(one.id) or objects.blob(part_text(one.part).encode()) for one in apart}
    tree = objects.edit_tree(None, {identity: Item(BLOB, oid) for identity, oid in parts.items()}) or empty
    objects.store()
    commit = write_commit(git, NewCommit(tree, [board.commit] if board.commit else [], message_of(*board.holders)))
    return Board(commit, board.holders, parts)


def _watch_for_its_term(at: LockRef, board: Board, lock: Lock, *, common: Sequence[str], note: Note) -> bool:
    """Watch a lock that was not renewed lately; return whether it is not for its whole term, or it is gone.

    Raises Busy as soon as it is renewed; at once where it looks alive. Other holders may come and go meanwhile.
    """
    remote, began, commit = at.remote, clock(), board.commit
    if lock.is_maintenance or not _looks_old(lock):
        raise lock_refusal(remote, lock, common)
    note(f"the lock on {remote.name} was not renewed lately; watching it for {lock.term} s: {lock.holder}")
    while True:
        time.sleep(min(lock.term / 10, 2.0))
        is_due = clock() - began >= lock.term
        there = remote.read(at.ref)
        if there != commit:
            now = look_at_locks(at)
            mine, commit = now.find(lock.id), now.commit
            if mine is None:
                if now.holders:
                    raise lock_refusal(remote, now.holders[-1], common)
                return True
            if (mine.renewal, mine.nonce) != (lock.renewal, lock.nonce):
                raise lock_refusal(remote, mine, common)
        if is_due:
            return True


def _looks_old(lock: Lock) -> bool:
    """Return whether a lock is worth watching: by its holder's clock, which may be wrong, so this decides no more."""
    try:
        renewed = time.strptime(lock.renewed, _TIME)
    except ValueError:
        return True
    return abs(time.time() - calendar.timegm(renewed)) > lock.term * 2 / 3


def lock_refusal(remote: Remote, lock: Lock, common: Sequence[str]) -> Busy:
    """Return the refusal that names who holds the lock, and what for."""
    what = "locked for maintenance" if lock.is_maintenance else "locked"
    both = "" if lock.part.whole or "everything" in common else f"; in common: {few(tuple(common))}"
    return Busy(
        f"{remote.name} is {what} by {lock.holder}: {lock.purpose} (lock {lock.id}){both}",
        f"wait for it, and look with: stagectl locks; to take it away: stagectl unlock {lock.id}",
    )


def drop(at: LockRef, identity: str) -> Board:
    """Take a lock away from its holder, and leave the others; return who held what before.

    Where the board has no such lock nothing is done. Raises StagectlError where it is renewed all the time.
    """
    for _ in range(TRIES):
        board = look_at_locks(at)
        if board.find(identity) is None or put_board(at, board.without({identity})) is not None:
            return board
        time.sleep(secrets.randbelow(200) / 1000)
    raise StagectlError(f"the lock {identity} is renewed all the time", "unlock it again")
