"""Recording a run: the applied branch moves once, by what succeeded."""

from __future__ import annotations

from typing import ContextManager, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.applied.moved_files import settle_files
from stagectl.adapters.applied.replay import keep
from stagectl.adapters.applied.write import Lineage, write
from stagectl.adapters.running.lock import BRANCH, moment
from stagectl.core.errors import StagectlError
from stagectl.core.model import Applied, ChangeId, Name, Oid
from stagectl.core.planning.situation import store_outputs
from stagectl.core.plans.document import selection_json
from stagectl.core.plans.plan import Plan
from stagectl.core.printable import safe
from stagectl.core.running.adopting import adopt_outputs
from stagectl.core.running.course import with_values
from stagectl.core.running.outcome import ERROR, NOOP, SUCCESS, UNKNOWN, Outcome
from stagectl.core.running.runs import Header
from stagectl.core.values import canonical, digest
from stagectl.usecases.applying.task import Task
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import Alone

NO_BASE = "none"  # the base of the first apply
LONGEST_REASON = 200  # characters
TRIES = 40  # how often a run is replayed onto what others applied meanwhile


class Overtaken(StagectlError):
    """The applied branch moved on, and what moved it changed the same resources; kept: what the run did."""

    def __init__(self, message: str, hint: str, kept: Oid) -> None:
        super().__init__(message, hint)
        self.kept = kept


def record_run(task: Task, outcomes: Mapping[ChangeId, Outcome]) -> Optional[Oid]:
    """Record a run and close its journal; return the new applied commit, None when nothing moved.

    A run that others have overtaken is closed, too (raises Overtaken): trying again would change nothing.
    """
    try:
        commit = _record(task, outcomes)
    except Overtaken as error:
        task.journal.end(None, error.kept)
        raise
    task.journal.end(commit)
    return commit


def conclude(task: Task, outcomes: Mapping[ChangeId, Outcome], team: Alone) -> Tuple[Optional[Oid], str]:
    """Record a run and share that, with no other process of this clone in between; return the commit, and why not."""
    with alone(task.workspace):
        commit = record_run(task, outcomes)
        unshared = team.publish()
    return team.now(commit), unshared


def publish(workspace: Workspace, team: Alone) -> str:
    """Share what was recorded before, with no other process of this clone in between; return why that did not work."""
    with alone(workspace):
        return team.publish()


def alone(workspace: Workspace) -> ContextManager[None]:
    """Keep other processes of this clone from the applied branch for a moment."""
    return moment(workspace.git.own_scratch(), BRANCH, 2 * workspace.config.remote_timeout)


def _record(task: Task, outcomes: Mapping[ChangeId, Outcome]) -> Optional[Oid]:
    """Move the applied branch by what succeeded; return its new commit, None when nothing moved or failed.

    What others applied since stays where the two touch
    no resource in common; where they do, Overtaken names these, and a commit with its own ref keeps what this run did.
    """
    workspace, header, applied = task.workspace, task.header, task.applied
    git, branch = workspace.git, workspace.branch
    tip, local = branch.tip, branch.local
    message = _message(workspace, task.plan, header, outcomes)
    plan = with_values(task.plan, outcomes, store_outputs(applied, header.outputs))
    # A failure that leaves the state as an earlier one left it is part of the audit trail, too: the next plan names it.
    has_failed = any(one.began and one.state in (ERROR, UNKNOWN) for one in outcomes.values())
    for _ in range(TRIES):
        now = applied if tip == header.base else workspace.state_seen_from(header.source, tip)
        states = adopt_outputs(plan, outcomes, header.outputs, settle_files(plan, outcomes, now), now)
        if not states and not has_failed:
            return None
        commit = write(git, Lineage(tip, header.source), states, message, sign=header.sign)
        touched = _changed_states(applied, now, states)
        if touched:
            raise _overtaken_by(workspace, touched, commit, keep(git, commit, header.run))
        if git.move_ref(branch.ref, commit, local, f"apply: run {header.run}"):
            return commit
        tip = local = git.find(branch.ref)
    raise StagectlError(f"{branch.ref} keeps moving", "try again: stagectl resume")


def changed_by_others(task: Task, written: Iterable[Name], read: Iterable[Name]) -> Sequence[Name]:
    """Return what others applied since a run began: of what it writes anything, of what it reads other values."""
    tip = task.workspace.branch.tip
    if tip == task.header.base:
        return ()
    before, now = task.applied, task.workspace.state_seen_from(task.header.source, tip)
    others = {name for name in read if _values_of(before, name) != _values_of(now, name)}
    return sorted(others.union(_changed_states(before, now, written)))


def _values_of(states: Mapping[Name, Applied], name: Name) -> Tuple[bool, str]:
    state = states.get(name, Applied())
    return state.live, digest([dict(state.inputs), dict(state.outputs)])


def _changed_states(before: Mapping[Name, Applied], now: Mapping[Name, Applied], names: Iterable[Name]) -> List[Name]:
    here, there = _as_stored(before), _as_stored(now)
    return sorted(name for name in names if there.get(name) != here.get(name))


def _as_stored(states: Mapping[Name, Applied]) -> Dict[Name, Applied]:
    """Return states, as stored, without what checks saw: a run's result wins over that."""
    stored = {name: state.resource.stored for name, state in states.items() if state.resource is not None}
    return {stored.get(name) or name: state.as_applied for name, state in states.items()}


def _overtaken_by(workspace: Workspace, touched: Sequence[Name], commit: Oid, ref: str) -> Overtaken:
    return Overtaken(
        f"{workspace.branch.ref} moved while this run was applied, and both changed {', '.join(touched[:5])}; "
        f"what this run did is kept in the commit {commit}, which is {ref}",
        f"see what moved it: git log --first-parent {workspace.config.applied_branch}; then plan again",
        commit,
    )


def find_recorded(workspace: Workspace, run: str, base: Optional[Oid]) -> Optional[Oid]:
    """Return the applied commit of a run, None if it has none; base: the applied commit it started from."""
    git = workspace.git
    tip = git.find(workspace.branch.ref)
    since = ["--first-parent", *([tip] if tip else []), *([f"^{base}"] if base else [])]
    runs = git.log(since, ("%H", "%(trailers:key=Run,valueonly)")) if tip else []
    return next((Oid(commit) for commit, value in runs if value.strip() == run), None)


def _message(workspace: Workspace, plan: Plan, header: Header, outcomes: Mapping[ChangeId, Outcome]) -> str:
    """Return the message of an applied commit: trailers name the run, the person, every change and its result."""
    done = sum(end.state in (SUCCESS, NOOP) for end in outcomes.values())
    subject = f"apply: {done} of {len(outcomes)} changes" if outcomes else f"apply: {len(plan.recorded)} recorded"
    subject += ", recorded only" if header.record_only and outcomes else ""
    trailers = [f"Run: {header.run}", f"Applied-by: {workspace.git.check_identity()}", f"Plan: {plan.id}"]
    trailers += ["Record-only: true"] if header.record_only else []
    trailers += [f"Base: {header.base or NO_BASE}", f"Selection: {canonical(selection_json(plan.selection))}"]
    ends = [(change.id, outcomes[change.id]) for change in plan.changes]
    trailers += [f"Change: {identity} {end.state}" for identity, end in ends]
    trailers += [f"Unchanged: {identity}" for identity, end in ends if end.state == SUCCESS and not end.changed]
    trailers += [f"Reason: {one} {why}" for one, end in ends if end.state in (ERROR, UNKNOWN) for why in _reason(end)]
    trailers += [f"Unstarted: {identity}" for identity, end in ends if not end.began]
    trailers += [f"Recorded: {name}" for name in plan.recorded]
    trailers += [f"Outputs: {name}" for name in sorted(header.outputs)]
    return subject + "\n\n" + "\n".join(trailers) + "\n"


def _reason(outcome: Outcome) -> Sequence[str]:
    """Return why a change failed, in one line that a later plan shows; nothing where it is not known why."""
    said = safe(" ".join(outcome.message.split()))[:LONGEST_REASON]
    return [said] if said else []
