"""The lock on a remote: a ref that is taken, renewed, taken over and given back by compare-and-swap.

The protocol is in docs/teams.md. Times in the commits are for people; who is dead is decided by the observer's clock
alone, and who has lost the lock by the holder's.
"""

from __future__ import annotations

import calendar
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import AbstractSet, Callable, Optional, Set

from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.git.objects import empty_tree, write_commit
from stagectl.adapters.remote.remote import ASK_SECONDS, Remote
from stagectl.core.errors import Busy, StagectlError
from stagectl.core.locks import Lock, lock_of, message_of
from stagectl.core.model import Oid

TRIES = 5
_TIME = "%Y-%m-%dT%H:%M:%SZ"
Note = Callable[[str], None]


class Locked(Busy):
    """Another process holds the lock."""


class Refused(GitError):
    """The remote does not let the ref be written."""


@dataclass(frozen=True)
class Seen:
    """The lock as it stands on the remote; at: what our clock said before."""

    commit: Oid
    lock: Lock
    at: float = 0.0


def clock() -> float:
    """Return seconds of a clock that is never set, and that goes on while this machine sleeps where there is one."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def new_lock(owner: str, host: str, reason: str, term: int) -> Lock:
    """Return a lock that is not held yet; term: 0 for maintenance."""
    return Lock(
        secrets.token_hex(4),
        owner,
        host,
        " ".join(reason.split()),
        since=time.strftime(_TIME, time.gmtime()),
        term=term,
    )


def look_at_lock(remote: Remote, ref: str) -> Optional[Seen]:
    """Return the lock on a remote, None if it is not held."""
    for _ in range(TRIES):
        commit = remote.read(ref)
        if commit is None:
            return None
        if remote.git.find(commit) is None:
            with suppress(GitError):  # it may have gone since; that it stays away is reported below
                remote.bring(ref)
        if remote.git.find(commit) is not None:
            found = lock_of(remote.git.run("log", "-1", "--format=%B", commit).decode("utf-8", "replace"))
            if found is None:
                raise StagectlError(
                    f"{ref} on {remote.name} is no lock of stagectl", "name another ref in stagectl.yaml: lock_ref"
                )
            return Seen(commit, found)
    raise StagectlError(f"the lock {ref} on {remote.name} cannot be read", "try again")


def take(remote: Remote, ref: str, lock: Lock, note: Note, left: AbstractSet[str] = frozenset()) -> Seen:
    """Take the lock, from a holder found dead too; raises Locked where it is held.

    left: the ids of locks that were taken from here, by processes of which it is known that they are gone.
    """
    for more in reversed(range(TRIES)):
        try:
            taken = _try_to_take(remote, ref, lock, None)
        except Refused:
            if more <= TRIES // 2:
                raise
            continue  # perhaps it was held for the blink of an eye
        seen = None if taken else look_at_lock(remote, ref)
        is_left = seen is not None and seen.lock.id in left and not seen.lock.is_maintenance
        if seen is not None and (is_left or _is_dead(remote, ref, seen, note)):
            taken = _try_to_take(remote, ref, replace(lock, stolen_from=seen.lock.id), seen.commit)
            if taken is not None:
                why = "its holder here is gone" if is_left else f"it was not renewed for {seen.lock.term} s"
                note(f"took the lock {seen.lock.id} over: {why} ({seen.lock.holder})")
        if taken is not None:
            return taken
    raise Locked(f"the lock on {remote.name} changes hands all the time", "try again")


def _try_to_take(remote: Remote, ref: str, lock: Lock, before: Optional[Oid]) -> Optional[Seen]:
    """Try to take the lock; return it, None if another was faster. Read back: the nonce is ours alone."""
    began = clock()
    commit = _write(remote.git, lock, before)
    try:
        there = remote.swap(ref, commit, before)
    except GitError as error:
        remote.read(ref)  # raises if it does not even answer
        raise Refused(
            f"{remote.name} refuses the lock {ref}: {error.message}",
            "--offline applies without it, and shares nothing; where only branches may be pushed, "
            "set lock_ref in stagectl.yaml: refs/heads/stagectl/lock",
        ) from None
    return Seen(commit, lock, began) if there == commit and remote.read(ref) == commit else None


def _write(git: Git, lock: Lock, parent: Optional[Oid]) -> Oid:
    now = time.strftime(_TIME, time.gmtime())
    message = message_of(replace(lock, renewed=now, nonce=secrets.token_hex(16)))
    return write_commit(git, empty_tree(git), [parent] if parent else [], message)


def _is_dead(remote: Remote, ref: str, seen: Seen, note: Note) -> bool:
    """Watch a lock that was not renewed lately; return whether it is not for its whole term, False if it is free now.

    Raises Locked as soon as it is renewed, or another has it; at once where it looks alive.
    """
    lock, began = seen.lock, clock()
    if lock.is_maintenance or not _looks_old(lock):
        raise held(remote, lock)
    note(f"the lock on {remote.name} was not renewed lately; watching it for {lock.term} s: {lock.holder}")
    while True:
        time.sleep(min(lock.term / 10, 2.0))
        is_due = clock() - began >= lock.term
        there = remote.read(ref)
        if there != seen.commit:
            now = look_at_lock(remote, ref)
            if now is None:
                return False
            raise held(remote, now.lock)
        if is_due:
            return True


def _looks_old(lock: Lock) -> bool:
    """Return whether a lock is worth watching: by its holder's clock, which may be wrong, so this decides no more."""
    try:
        renewed = time.strptime(lock.renewed, _TIME)
    except ValueError:
        return True
    return abs(time.time() - calendar.timegm(renewed)) > lock.term * 2 / 3


def held(remote: Remote, lock: Lock) -> Locked:
    """Return the refusal that names who holds the lock, and what for."""
    what = "locked for maintenance" if lock.is_maintenance else "locked"
    return Locked(
        f"{remote.name} is {what} by {lock.holder}: {lock.purpose} (lock {lock.id})",
        f"wait for it, and look with: stagectl locks; to take it away: stagectl unlock {lock.id}",
    )


class Holding:
    """A lock that this process holds, renewed in the background every third of its term.

    lost: why it is held no more, "" while it is.
    """

    def __init__(self, remote: Remote, ref: str, seen: Seen) -> None:
        self._remote, self._ref, self._term = remote, ref, float(seen.lock.term)
        self._lock, self._commit = seen.lock, seen.commit
        self._own: Set[Oid] = {seen.commit}
        self._until = seen.at + self._term  # no observer takes it for dead before
        self._turn, self._ending = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="stagectl-lock", daemon=True)
        self.lost = ""
        self._thread.start()

    def name_run(self, run: str) -> None:
        """Write which run the lock is held for into it; raises Locked if it is not held any more."""
        with self._turn:
            self._lock = replace(self._lock, run=run)
            self._renew()
        if self.lost:
            raise Locked(f"the lock on {self._remote.name} was lost before anything ran: {self.lost}", "apply again")

    def assured(self) -> str:
        """Return why it is held no more, "" while it is: who slept past the term asks the remote first."""
        if not self.lost and clock() >= self._until:
            with self._turn:
                self._renew()
        return self.lost

    def release(self) -> None:
        """Give the lock back; raises GitError when that is not possible: it ends with its term then."""
        self._ending.set()
        self._thread.join()
        if not self.lost:
            self._remote.swap(self._ref, None, self._commit)

    def _keep(self) -> None:
        while not self.lost and not self._ending.wait(self._term / 3):
            with self._turn:
                self._renew()

    def _renew(self) -> None:
        """Renew, trying again for as long as no other may have taken the lock over; note it when it is lost.

        A renewal that comes too late and succeeds is as good: it proves that no other took the lock in between.
        """
        while not self.lost:
            began = clock()
            try:
                if self._renewed(min(max(self._until - began, self._term / 3, 1.0), ASK_SECONDS)):
                    self._until = began + self._term
                    return
            except StagectlError:
                if clock() >= self._until:
                    self.lost = f"{self._remote.name} took no renewal for {self._term:.0f} s"
                elif self._ending.wait(min(self._term / 10, 2.0)):
                    return

    def _renewed(self, seconds: float) -> bool:
        """Push a child of the lock's commit; return whether it is there, and note it when another's is."""
        lock = replace(self._lock, renewal=self._lock.renewal + 1)
        commit = _write(self._remote.git, lock, self._commit)
        self._own.add(commit)
        there = self._remote.swap(self._ref, commit, self._commit, seconds)
        if there is not None and there in self._own:  # also a push of ours whose answer got lost
            self._lock, self._commit = lock, there
            return there == commit
        is_late = clock() >= self._until
        self.lost = "it was unlocked" if there is None else "another holder has it"
        if there is None and is_late:
            self.lost = f"it was not renewed for {self._term:.0f} s, and was taken over, or unlocked"
        if there is not None:
            with suppress(StagectlError):
                now = look_at_lock(self._remote, self._ref)
                self.lost = f"{now.lock.holder} took it over" if now else self.lost
        return False
