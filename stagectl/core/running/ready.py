"""Changes that wait for room: which of them may start next, at the cost of what starts, not of what waits.

A place is what changes share that share their room: their kind, if that has a limit, and their `target`. Changes of one
place wait in one heap; a place without room is looked at again when something of its kind, or on its target, ends.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from stagectl.core.model import ChangeId
from stagectl.core.plans.plan import Change

Rank = Tuple[float, ChangeId]  # the smallest goes first


class Limits(NamedTuple):
    """How many changes may run at once: in all, per kind (where the kind says so), and on one `target`."""

    total: int
    per_kind: Mapping[str, int] = {}
    per_target: int = 1


class _Lane(NamedTuple):
    kind: Optional[str]
    target: Optional[str]

    def shares(self) -> Iterator[Tuple[str, str]]:
        """Yield what it has in common with other places."""
        if self.kind is not None:
            yield "kind", self.kind
        if self.target is not None:
            yield "target", self.target


class Ready:
    """The changes that could start, and how many run where."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: Dict[_Lane, List[Rank]] = {}
        self._open: List[Tuple[Rank, _Lane]] = []  # the first of each place that may have room; some are out of date
        self._full: Dict[Tuple[str, str], List[_Lane]] = {}  # places to look at again, by what has to end
        self._running: Counter[Tuple[str, str]] = Counter()
        self._count = 0
        self._changes: Dict[ChangeId, Change] = {}

    def add(self, change: Change, height: float) -> None:
        """Let a change wait; the one with the greatest height goes first, of these that with the smallest id."""
        self._changes[change.id] = change
        place = self._place_of(change)
        waiting = self._waiting.setdefault(place, [])
        heapq.heappush(waiting, (-height, change.id))
        self._look_again(place)

    def waits(self) -> bool:
        """Return whether any change waits."""
        return bool(self._changes)

    def take(self) -> Optional[Change]:
        """Return the next change that has room, which runs from now on; None where none has."""
        while self._open and self._count < self._limits.total:
            rank, place = heapq.heappop(self._open)
            waiting = self._waiting[place]
            if not waiting or waiting[0] != rank:
                continue
            full = next((share for share in place.shares() if self._running[share] >= self._room(share)), None)
            if full is not None:
                self._full.setdefault(full, []).append(place)
                continue
            heapq.heappop(waiting)
            self._look_again(place)
            self._running.update(place.shares())
            self._count += 1
            return self._changes.pop(rank[1])
        return None

    def end(self, change: Change) -> None:
        """Give back the room of a change that ran."""
        self._count -= 1
        for share in self._place_of(change).shares():
            self._running[share] -= 1
            for place in self._full.pop(share, ()):
                self._look_again(place)

    def drain(self) -> List[Change]:
        """Return everything that waits, the first one first, and let it wait no more."""
        ranks = sorted(rank for waiting in self._waiting.values() for rank in waiting)
        found = [self._changes[identity] for _, identity in ranks]
        self._waiting, self._open, self._full, self._changes = {}, [], {}, {}
        return found

    def _look_again(self, place: _Lane) -> None:
        waiting = self._waiting.get(place)
        if waiting:
            heapq.heappush(self._open, (waiting[0], place))

    def _room(self, share: Tuple[str, str]) -> int:
        what, word = share
        return self._limits.per_kind[word] if what == "kind" else self._limits.per_target

    def _place_of(self, change: Change) -> _Lane:
        target = (change.inputs or {}).get("target")
        kind = change.kind if change.kind in self._limits.per_kind else None
        return _Lane(kind, target if isinstance(target, str) else None)
