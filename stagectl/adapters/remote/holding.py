"""A lock on the remote while this process holds it: renewed in the background, extended, given back."""

from __future__ import annotations

import threading
from dataclasses import replace

from stagectl.adapters.remote import remote_lock
from stagectl.adapters.remote.remote import ASK_SECONDS
from stagectl.core.errors import Busy, StagectlError
from stagectl.core.locks import Lock, Portion


class Holding:
    """A lock that this process holds, renewed in the background every third of its term.

    lock: what is held; lost: why it is held no more, "" while it is.
    """

    def __init__(self, at: remote_lock.LockRef, board: remote_lock.Board, lock: Lock) -> None:
        """Begin to hold a lock that was taken; board: what it was taken on."""
        self._at, self._remote, self._term = at, at.remote, float(lock.term)
        self.lock, self._board = board.newest(lock), board
        self._until = board.at + self._term  # no observer takes it for dead before
        self._turn, self._ending = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="stagectl-lock", daemon=True)
        self.lost = ""
        self._thread.start()

    def extend(self, part: Portion, meets: remote_lock.Meets) -> None:
        """Hold more; raises Busy where another holder has some of that, or where the lock is lost."""
        with self._turn:
            for _ in range(remote_lock.TRIES):
                if self.lost:
                    break
                for other in self._board.without({self.lock.id}).holders:
                    if meets(other):
                        raise remote_lock.lock_refusal(self._remote, other, meets(other))
                self.lock = replace(self.lock, part=part)
                if self._push_renewal(ASK_SECONDS):
                    return
        raise self._lost_before_anything_ran()

    def _lost_before_anything_ran(self) -> Busy:
        return Busy(f"the lock on {self._remote.name} was lost before anything ran: {self.lost}", "apply again")

    def name_run(self, run: str) -> None:
        """Have it say which run it is held for; raises Busy if it is not held any more."""
        with self._turn:
            if self.lock.run != run or remote_lock.clock() >= self._until:
                self.lock = replace(self.lock, run=run)
                self._renew()
        if self.lost:
            raise self._lost_before_anything_ran()

    def assure(self) -> str:
        """Return why it is held no more, "" while it is: one that slept past the term asks the remote first."""
        if not self.lost and remote_lock.clock() >= self._until:
            with self._turn:
                self._renew()
        return self.lost

    def release(self) -> None:
        """Give the lock back, and note where it was lost; raises GitError where it cannot be: its term ends it."""
        self._ending.set()
        self._thread.join()
        if not self.lost and remote_lock.put_board(self._at, self._board.without({self.lock.id})) is None:
            self._see(remote_lock.drop(self._at, self.lock.id))

    def _keep(self) -> None:
        while not self.lost and not self._ending.wait(self._term / 3):
            with self._turn:
                self._renew()

    def _renew(self) -> None:
        """Renew, trying again for as long as no other may have taken the lock over; note it when it is lost.

        A renewal that comes too late and succeeds is as good: it proves that no other took the lock in between.
        """
        while not self.lost:
            began = remote_lock.clock()
            try:
                if self._push_renewal(min(max(self._until - began, self._term / 3, 1.0), ASK_SECONDS)):
                    return
            except StagectlError:
                if remote_lock.clock() >= self._until:
                    self.lost = f"{self._remote.name} took no renewal for {self._term:.0f} s"
                elif self._ending.wait(min(self._term / 10, 2.0)):
                    return

    def _push_renewal(self, seconds: float) -> bool:
        """Push a child of the ref's commit; return whether it is there.

        Where it is not, what others made of the board meanwhile is read, and it is noted when the lock is gone.
        """
        renewed = replace(self.lock, renewal=self.lock.renewal + 1)
        following = remote_lock.put_board(self._at, self._board, renewed, seconds)
        if following is None:
            self._see(remote_lock.look_at_locks(self._at))
            return False
        self.lock, self._board = following.newest(self.lock), following
        self._until = following.at + self._term
        return True

    def _see(self, board: remote_lock.Board) -> None:
        """Learn what others made of the board."""
        mine = board.find(self.lock.id)
        if mine is not None:  # also a push of ours whose answer got lost
            self._board = board
            return
        thief = next((lock for lock in board.holders if self.lock.id in lock.stolen_from.split()), None)
        self.lost = f"{thief.holder} took it over" if thief else "it was unlocked"
        if thief is None and remote_lock.clock() >= self._until:
            self.lost = f"it was not renewed for {self._term:.0f} s, and was taken over, or unlocked"
