"""What is known of a run: which plan it carries out, how far it came; which changes it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.graph import reachable, successors
from stagectl.core.model import ChangeId, Oid
from stagectl.core.plans.plan import Plan
from stagectl.core.running.outcome import INPROGRESS, NOOP, SKIPPED, SUCCESS, UNKNOWN, Outcome


@dataclass(frozen=True)
class Filter:
    """Which changes of a plan a run was asked to leave out, by id, as `apply` takes them.

    only: of a retry the changes that are tried again; None for all.
    """

    noop: Tuple[ChangeId, ...] = ()
    skip: Tuple[ChangeId, ...] = ()
    start_at: Tuple[ChangeId, ...] = ()
    end_at: Tuple[ChangeId, ...] = ()
    only: Optional[Tuple[ChangeId, ...]] = None

    def named(self) -> Tuple[ChangeId, ...]:
        """Return every change that it names."""
        return self.noop + self.skip + self.start_at + self.end_at


@dataclass(frozen=True)
class Restriction:
    """What a filter means for a plan. preset: how changes that do not run end; passable: skipped ones that nothing
    waits for, because the run was asked to start after them.
    """

    preset: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    passable: FrozenSet[ChangeId] = frozenset()


def restriction(plan: Plan, wanted: Filter) -> Restriction:
    """Return what a filter means; raises StagectlError for a change that the plan has not."""
    known = {change.id for change in plan.changes}
    for identity in wanted.named():
        if identity not in known and wanted.only is None:  # else somebody may have applied it since
            raise StagectlError(
                f"there is no change '{identity}' in this plan{nearest(identity, known)}", "see them: stagectl plan"
            )
    outside = known - _inside(plan, wanted)
    preset = {identity: Outcome(SKIPPED, message="left out by --start-at or --end-at") for identity in sorted(outside)}
    others = known - set(wanted.only) if wanted.only is not None else set()
    preset.update({identity: Outcome(SKIPPED, message="not of the run that is tried again") for identity in others})
    noop = known & set(wanted.noop)
    why = "--noop" if wanted.only is None else "passed over in the run that is tried again"
    preset.update({identity: Outcome(NOOP, changed=False, message=why) for identity in noop})
    preset.update({identity: Outcome(SKIPPED, message="--skip") for identity in wanted.skip})
    return Restriction(preset, frozenset(outside if wanted.start_at else ()))


def passed(header: Header) -> Tuple[ChangeId, ...]:
    """Return the changes that a run left out, and that nothing in it waited for."""
    left_out = restriction(header.plan, header.filter)
    noop = {identity for identity, outcome in left_out.preset.items() if outcome.state == NOOP}
    return tuple(sorted(noop | left_out.passable))


def _inside(plan: Plan, wanted: Filter) -> Set[ChangeId]:
    """Return the changes from --start-at on, and up to --end-at, along the order of the plan."""
    before = {change.id: set(change.after) for change in plan.changes}
    after = successors(before)
    found = set(before)
    if wanted.start_at:
        found &= reachable(wanted.start_at, lambda identity: after[identity])
    if wanted.end_at:
        found &= reachable(wanted.end_at, lambda identity: before[identity])
    return found


@dataclass(frozen=True)
class Header:
    """What a run is about, written before its first change starts.

    plan: as a document has it; source: the commit that is applied; base: the applied commit it starts from; started:
    seconds since the epoch; process and host: who runs it.
    """

    run: str
    plan: Plan
    source: Oid
    base: Optional[Oid]
    by: str
    started: float
    process: int = 0
    host: str = ""
    filter: Filter = field(default_factory=Filter)
    record_only: bool = False
    sign: bool = False  # whether its applied commit is signed
    fail_fast: bool = False  # whether it ends with the first failure, also when it is resumed
    retries: str = ""  # the run whose failures this one tries again


@dataclass(frozen=True)
class Record:
    """A run as its journal tells it. outcomes: of every change that started or ended; INPROGRESS where no end was seen.

    begun: when changes started, seconds since the epoch; ended: when the run was closed, None while it was not.
    kept: the commit that keeps what it did where the applied branch had moved on.
    outliving: the processes of changes that go on though the run does not.
    """

    header: Header
    outcomes: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    begun: Mapping[ChangeId, float] = field(default_factory=dict)
    ended: Optional[float] = None
    commit: Optional[Oid] = None
    kept: Optional[Oid] = None
    is_running: bool = False
    outliving: Mapping[ChangeId, int] = field(default_factory=dict)

    @property
    def is_interrupted(self) -> bool:
        """Whether it ended without being recorded."""
        return self.ended is None and not self.is_running

    def unknown(self) -> Tuple[ChangeId, ...]:
        """Return the changes whose start is known and whose end is not, in the order of the plan."""
        return tuple(change.id for change in self.header.plan.changes if self._is_open(change.id))

    def _is_open(self, identity: ChangeId) -> bool:
        outcome = self.outcomes.get(identity)
        return outcome is not None and outcome.state in (INPROGRESS, UNKNOWN)


def lost(record: Record) -> Dict[ChangeId, Outcome]:
    """Return how every change of an interrupted run ended, as far as anybody knows."""
    found: Dict[ChangeId, Outcome] = {}
    for change in record.header.plan.changes:
        outcome = record.outcomes.get(change.id) or Outcome(SKIPPED, message="the run was interrupted")
        if outcome.state == INPROGRESS:
            outcome = replace(outcome, state=UNKNOWN, message="the run was interrupted; nobody saw how this ended")
        found[change.id] = outcome
    return found


def critical_path(plan: Plan, seconds: Mapping[ChangeId, float], only: Optional[Iterable[ChangeId]] = None) -> float:
    """Return the seconds that the longest chain of changes takes; only: the changes that count, all by default."""
    counted = set(only) if only is not None else {change.id for change in plan.changes}
    return max(_lengths(plan, {identity: seconds.get(identity, 0.0) for identity in counted}).values(), default=0.0)


def critical_chain(plan: Plan, seconds: Mapping[ChangeId, float]) -> Tuple[ChangeId, ...]:
    """Return the longest chain of changes, the earliest first; what took no time is not in it."""
    length = _lengths(plan, seconds)
    before = {change.id: change.after for change in plan.changes}
    chain: List[ChangeId] = []
    ends: Iterable[ChangeId] = before
    while True:
        last = max(ends, key=lambda identity: length[identity], default=None)
        if last is None or not length[last]:
            return tuple(identity for identity in reversed(chain) if seconds.get(identity))
        chain.append(last)
        ends = before[last]


def _lengths(plan: Plan, seconds: Mapping[ChangeId, float]) -> Dict[ChangeId, float]:
    """Return for each change the seconds of the longest chain that ends with it."""
    length: Dict[ChangeId, float] = {}
    for change in plan.changes:  # in topological order
        own = seconds.get(change.id, 0.0)
        length[change.id] = own + max((length[earlier] for earlier in change.after), default=0.0)
    return length


def failures(record: Record) -> Sequence[ChangeId]:
    """Return the changes to try again, in the order of the plan: they did not succeed, and were to run.

    Those are not that the run was asked to leave out, and those that wait for one which it was asked to skip.
    """
    done = lost(record)
    left_out = restriction(record.header.plan, record.header.filter)
    blocked = left_out.preset.keys() - set(passed(record.header))
    found: List[ChangeId] = []
    for change in record.header.plan.changes:  # in topological order
        if blocked & set(change.after):
            blocked |= {change.id}
        if change.id not in blocked | left_out.preset.keys() and done[change.id].state not in (SUCCESS, NOOP):
            found.append(change.id)
    return found


@dataclass(frozen=True)
class Application:
    """What an apply, a retry or a resume did. commit: the new applied commit, None when the applied state did not move.

    run: its id, "" when there was nothing to do; wanted: the changes that count for whether it is complete; None: all;
    unshared: why the remote has not got the applied state, "" when it has, or when nobody wanted it to.
    """

    plan: Plan
    run: str = ""
    outcomes: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    commit: Optional[Oid] = None
    interrupted: bool = False
    wanted: Optional[Tuple[ChangeId, ...]] = None
    unshared: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every change succeeded."""
        counted = self.outcomes if self.wanted is None else self.outcomes.keys() & set(self.wanted)
        return not self.interrupted and all(self.outcomes[identity].state in (SUCCESS, NOOP) for identity in counted)
