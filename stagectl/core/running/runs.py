"""What is known of a run: which plan it carries out, how far it came; which changes it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import AbstractSet, Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.graph import reachable, successors
from stagectl.core.model import REMOVE, RUN, STANDARD_ACTIONS, ChangeId, Name, Oid, split_change
from stagectl.core.plans.plan import Plan
from stagectl.core.running.outcome import INPROGRESS, NOOP, SKIPPED, SUCCESS, UNKNOWN, Outcome
from stagectl.core.values import Outputs


@dataclass(frozen=True)
class Filter:
    """Which changes of a plan a run was asked to leave out, by id, as `apply` takes them.

    only: of a retry the changes that are tried again; None for all. A retry keeps what the run was asked to leave out:
    in skip, in noop with what nothing waited for, and in end_at all that was not between --start-at and --end-at.
    """

    noop: Tuple[ChangeId, ...] = ()
    skip: Tuple[ChangeId, ...] = ()
    start_at: Tuple[ChangeId, ...] = ()
    end_at: Tuple[ChangeId, ...] = ()
    only: Optional[Tuple[ChangeId, ...]] = None

    def named_changes(self) -> Tuple[ChangeId, ...]:
        """Return every change that it names."""
        return self.noop + self.skip + self.start_at + self.end_at


OUTSIDE, SKIP = "left out by --start-at or --end-at", "--skip"  # why a change did not run


@dataclass(frozen=True)
class Restriction:
    """What a filter means for a plan. preset: how changes that do not run end; passable: skipped ones that nothing
    waits for, because the run was asked to start after them; asked: reactions that run without what they react on,
    because the run was asked to start with them.
    """

    preset: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    passable: FrozenSet[ChangeId] = frozenset()
    asked: FrozenSet[ChangeId] = frozenset()


def restriction(plan: Plan, wanted: Filter) -> Restriction:
    """Return what a filter means; raises StagectlError for a change that the plan has not."""
    if wanted == Filter():
        return Restriction()
    known = {change.id for change in plan.changes}
    for identity in wanted.named_changes():
        if identity not in known and wanted.only is None:  # else it may have been applied since
            raise StagectlError(
                f"there is no change '{identity}' in this plan{nearest(identity, known)}", "see them: stagectl plan"
            )
    asked = frozenset(wanted.start_at)
    if wanted.only is not None:
        return Restriction(_not_again(known, wanted), asked=asked)
    outside = known - _inside(plan, wanted)
    preset = {identity: Outcome(SKIPPED, message=OUTSIDE) for identity in sorted(outside)}
    preset.update({identity: Outcome(NOOP, message="--noop") for identity in wanted.noop})
    preset.update({identity: Outcome(SKIPPED, message=SKIP) for identity in wanted.skip})
    return Restriction(preset, frozenset(outside if wanted.start_at else ()), asked)


def _not_again(known: AbstractSet[ChangeId], wanted: Filter) -> Dict[ChangeId, Outcome]:
    """Return what a retry leaves out; in its filter stands why the run that is tried again left it out."""
    others = known - set(wanted.only or ())
    preset = {identity: Outcome(SKIPPED, message="not in the run that is tried again") for identity in sorted(others)}
    again = "in the run that is tried again"
    for flag, named in (("--start-at or --end-at", wanted.end_at), (SKIP, wanted.skip)):
        for identity in sorted(others & set(named)):
            preset[identity] = Outcome(SKIPPED, message=f"left out by {flag} {again}")
    for identity in sorted(known & set(wanted.noop)):
        preset[identity] = Outcome(NOOP, message=f"passed over {again}")
    return preset


def follow_plan(plan: Plan, wanted: Filter) -> Filter:
    """Return the filter of a retry for a plan in which a resource has another standard action to try again.

    A conditional replace that turned out to be an update leaves that unfinished. A replace is taken whole.
    """
    if wanted.only is None:
        return wanted
    known = {change.id for change in plan.changes}
    left = {split_change(identity)[0] for identity in wanted.only if identity not in known}
    run = {change.resource for change in plan.changes if change.action == RUN and change.id in wanted.only}
    others = [
        change.id
        for change in plan.changes
        if (change.resource in left and change.action in STANDARD_ACTIONS)
        or (change.resource in run and change.action == REMOVE)
    ]
    return replace(wanted, only=tuple(dict.fromkeys((*wanted.only, *others))))


def passed_changes(header: Header) -> Tuple[ChangeId, ...]:
    """Return the changes that a run left out, and that nothing in it waited for."""
    left_out = restriction(header.plan, header.filter)
    noop = {identity for identity, outcome in left_out.preset.items() if outcome.state == NOOP}
    return tuple(sorted(noop | left_out.passable))


def again(header: Header, failed: Sequence[ChangeId]) -> Filter:
    """Return the filter of a run that tries the failures of another one again."""
    wanted, skipped = header.filter, passed_changes(header)
    outside = wanted.end_at if wanted.only is not None else excluded_changes(header)
    left = tuple(identity for identity in outside if identity not in {*wanted.skip, *skipped})
    return Filter(skipped, wanted.skip, wanted.start_at, left, tuple(failed))


def excluded_changes(header: Header) -> Tuple[ChangeId, ...]:
    """Return the changes of a run that it was asked to leave out."""
    wanted, left_out = header.filter, restriction(header.plan, header.filter).preset
    named = left_out if wanted.only is None else {*wanted.skip, *wanted.end_at}
    skipped = {identity for identity in named if identity in left_out and left_out[identity].state == SKIPPED}
    return tuple(sorted(skipped))


def left_out_changes(record: Record) -> Tuple[ChangeId, ...]:
    """Return what no retry of a run does, in order: what it was asked to leave out, and what waited for that."""
    asked, done = set(excluded_changes(record.header)), interrupted_outcomes(record)
    found: List[ChangeId] = []
    for change in record.header.plan.changes:  # in topological order
        if change.id in asked or (done[change.id].state == SKIPPED and set(found) & set(change.after)):
            found.append(change.id)
    return tuple(found)


def _inside(plan: Plan, wanted: Filter) -> Set[ChangeId]:
    """Return the changes from --start-at on, and up to --end-at, along the order of the plan."""
    before = {change.id: set(change.after) for change in plan.changes}
    after = successors(before)
    found = set(before)
    if wanted.start_at:
        later = reachable(wanted.start_at, after.__getitem__)
        found &= later
    if wanted.end_at:
        earlier = reachable(wanted.end_at, before.__getitem__)
        found &= earlier
    return found


@dataclass(frozen=True)
class Header:
    """What a run is about, written before its first change starts.

    plan: as a document has it; source: the commit that is applied; base: the applied commit it starts from; started:
    seconds since the epoch; process and host: what runs it.
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
    outputs: Mapping[Name, Outputs] = field(default_factory=dict)  # of a run that only records, what it was given


@dataclass(frozen=True)
class Record:
    """A run as its journal says. outcomes: of every change that started or ended; INPROGRESS where no end was seen.

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


def interrupted_outcomes(record: Record) -> Dict[ChangeId, Outcome]:
    """Return how every change of an interrupted run ended, as far as is known."""
    found: Dict[ChangeId, Outcome] = {}
    for change in record.header.plan.changes:
        outcome = record.outcomes.get(change.id) or Outcome(SKIPPED, message="the run was interrupted")
        if outcome.state == INPROGRESS:
            outcome = replace(outcome, state=UNKNOWN, message="the run was interrupted; its end was not seen")
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
    done = interrupted_outcomes(record)
    left_out = restriction(record.header.plan, record.header.filter)
    blocked = left_out.preset.keys() - set(passed_changes(record.header))
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
    unshared: why the remote has not got the applied state, "" when it has, or when that was not wanted; declined:
    whether the answer to the question was no, so that nothing ran; given: the resources whose outputs were stored.
    """

    plan: Plan
    run: str = ""
    outcomes: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    commit: Optional[Oid] = None
    interrupted: bool = False
    wanted: Optional[Tuple[ChangeId, ...]] = None
    unshared: str = ""
    declined: bool = False
    given: Tuple[Name, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every change succeeded."""
        counted = self.outcomes if self.wanted is None else self.outcomes.keys() & set(self.wanted)
        is_over = not (self.interrupted or self.declined)
        return is_over and all(self.outcomes[identity].state in (SUCCESS, NOOP) for identity in counted)
