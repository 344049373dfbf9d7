"""The loop of an apply: graphlib hands out ready changes, an executor runs them (design, section 7)."""

from __future__ import annotations

import heapq
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from graphlib import TopologicalSorter

from stagectl.core.graph import heights
from stagectl.core.model import ChangeId
from stagectl.core.outcome import ERROR, INPROGRESS, NOOP, SKIPPED, SUCCESS, Outcome, is_met
from stagectl.core.plan import Change, Plan

Act = Callable[[Change], Outcome]
Watch = Callable[[Change, Outcome], None]


@dataclass(frozen=True)
class Limits:
    """How many changes may run at once: in all, per kind (where the kind says so), and on one `target`."""

    total: int
    per_kind: Mapping[str, int] = field(default_factory=dict)
    per_target: int = 1


def limits_of(plan: Plan, total: int, per_target: int) -> Limits:
    """Return the limits of a plan's kinds."""
    return Limits(total, {name: kind.limit for name, kind in plan.kinds.items() if kind.limit}, per_target)


class Run:
    """One run of a plan's changes. outcomes holds the ended ones; watch is told of every start and end."""

    def __init__(self, plan: Plan, act: Act, executor: Executor, limits: Limits, watch: Watch) -> None:
        self._changes = {change.id: change for change in plan.changes}
        before = {change.id: set(change.after) for change in plan.changes}
        self._height = heights([change.id for change in plan.changes], before)
        self._sorter: TopologicalSorter[ChangeId] = TopologicalSorter(before)
        self._act, self._executor, self._limits, self._watch = act, executor, limits, watch
        self._ready: List[Tuple[int, ChangeId]] = []
        self._running: Dict[Future[Outcome], Change] = {}
        self.outcomes: Dict[ChangeId, Outcome] = {}
        self.stopped = False

    def finish(self) -> Dict[ChangeId, Outcome]:
        """Run everything that can run and return how each change ended; Ctrl-C stops handing out work."""
        self._sorter.prepare()
        while self._sorter.is_active():
            try:
                self._step()
            except KeyboardInterrupt:
                if self.stopped:
                    raise
                self.stopped = True
        return self.outcomes

    def _step(self) -> None:
        for identity in sorted(self._sorter.get_ready()):
            early = self._decided(self._changes[identity])
            if early is not None:
                self._end(self._changes[identity], early)
            else:
                # Among ready changes the one with the longest path behind it goes first.
                heapq.heappush(self._ready, (-self._height[identity], identity))
        self._start_some()
        if self._running:
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: self._running[future].id):
                change = self._running.pop(future)
                self._end(change, _outcome(future))

    def _decided(self, change: Change) -> Optional[Outcome]:
        """Return the end of a change that will not run: one before it failed, or its reaction is not due."""
        failed = [earlier for earlier in change.after if self.outcomes[earlier].state not in (SUCCESS, NOOP)]
        if failed:
            return Outcome(SKIPPED, message=f"after {failed[0]}")
        if self.stopped:
            return Outcome(SKIPPED, message="the run was stopped")
        if change.cause.type == "reaction" and not any(
            is_met(self.outcomes.get(trigger), when) for trigger, when in change.triggers
        ):
            return Outcome(NOOP, changed=False, message="nothing to react on")
        return None

    def _start_some(self) -> None:
        waiting = []
        while self._ready and (self.stopped or len(self._running) < self._limits.total):
            entry = heapq.heappop(self._ready)
            change = self._changes[entry[1]]
            if self.stopped:
                self._end(change, Outcome(SKIPPED, message="the run was stopped"))
            elif self._has_room(change):
                self._watch(change, Outcome(INPROGRESS))
                self._running[self._executor.submit(self._act, change)] = change
            else:
                waiting.append(entry)
        for entry in waiting:
            heapq.heappush(self._ready, entry)

    def _has_room(self, change: Change) -> bool:
        running = self._running.values()
        limit = self._limits.per_kind.get(change.kind)
        if limit is not None and sum(other.kind == change.kind for other in running) >= limit:
            return False
        target = _target(change)
        return target is None or sum(_target(other) == target for other in running) < self._limits.per_target

    def _end(self, change: Change, outcome: Outcome) -> None:
        self.outcomes[change.id] = outcome
        self._watch(change, outcome)
        self._sorter.done(change.id)


def _target(change: Change) -> Optional[str]:
    target = (change.inputs or {}).get("target")
    return target if isinstance(target, str) else None


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    return Outcome(ERROR, message=f"{type(error).__name__}: {error}") if error else future.result()
