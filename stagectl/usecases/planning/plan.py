"""`plan`: the graph of changes from what is applied to what is staged."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from stagectl.adapters.clock import time_budget
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import REMOVE, RUN, Name, Oid, Resource
from stagectl.core.planning.situation import Situation, store_outputs
from stagectl.core.plans.document import digests, with_id
from stagectl.core.plans.plan import CauseType, Plan
from stagectl.core.plans.selection import NoResource, Selection, World, select
from stagectl.core.values import Outputs
from stagectl.usecases.planning.incremental import IncrementalRead, Reach, quickest, read_incrementally
from stagectl.usecases.repository.workspace import Workspace

if TYPE_CHECKING:
    from stagectl.adapters.worktree.snapshot import Snapshot


def plan(workspace: Workspace, selection: Selection, head: Optional[str] = None, base: Optional[str] = None) -> Plan:
    """Return the plan for a selection; raises StagectlError when there can be none."""
    return plan_with_situation(workspace, selection, head, base)[0]


def plan_with_situation(
    workspace: Workspace,
    selection: Selection,
    head: Optional[str] = None,
    base: Optional[str] = None,
    *,
    complete: bool = False,
) -> Tuple[Plan, Situation]:
    """Return the plan, and what it was made from; complete: with the bytes of staged files, which an apply stores.

    This is the one way to make a plan: it reads what the plan can be about, and everything only where that is not sure.
    """
    try:
        plan, situation = _make(workspace, selection, head, base, complete)
    except NoResource as error:
        from stagectl.usecases.planning.gone import without_gone

        left, said = without_gone(workspace, selection, error)  # raises it again for what never was
        if not left.names:
            return _with_place(workspace, with_id(Plan(left)), MadeFrom(workspace.branch.tip), [said]), Situation(
                {}, {}, {}
            )
        plan, situation = plan_with_situation(workspace, left, head, base, complete=complete)
        return replace(plan, warnings=(*plan.warnings, said)), situation
    plan = _with_tries(workspace, _with_files(workspace, _with_uncommitted(plan, situation), head), situation)
    return (_warn_of_rollback(workspace, plan) if base is None else plan), situation


def _make(
    workspace: Workspace, selection: Selection, head: Optional[str], base: Optional[str], complete: bool
) -> Tuple[Plan, Situation]:
    return quickest(
        "plan",
        lambda: _incremental_plan(workspace, selection, head, base, complete),
        lambda: _plan_in_full(workspace, selection, head, base),
    )


def _with_files(workspace: Workspace, plan: Plan, head: Optional[str]) -> Plan:
    """Return a plan with the files that its kinds run or read."""
    if not plan.changes:
        return plan
    from stagectl.usecases.planning.acting_files import with_files

    return with_files(workspace.git, plan, plan.head, here=head is None and not workspace.git.is_bare)


def _with_uncommitted(plan: Plan, situation: Situation) -> Plan:
    """Return a plan that warns of files which no commit has as inputs have the digest of them."""
    if not situation.uncommitted:
        return plan
    from stagectl.adapters.worktree.file_digests import read_among
    from stagectl.core.standing import from_here

    wrong = read_among(forms_of(plan, situation), situation.uncommitted)
    if not wrong:
        return plan
    few = ", ".join(map(from_here, wrong[:5])) + (f" and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    said = f"not committed, and inputs have the digest: {few}; apply refuses until it is committed or put back"
    return replace(plan, dirty=True, warnings=(*plan.warnings, said))


def forms_of(plan: Plan, situation: Situation) -> Iterable[Resource]:
    """Return the resources that a plan is about: those that it selects, changes or records."""
    if not plan.selection.names and not plan.selection.tags:
        return situation.staged.values()
    asked = (situation.staged.get(Name(name)) for name in plan.selection.names)
    return [*(form for form in asked if form), *(target.resource for target in plan.targets.values())]


def _with_tries(workspace: Workspace, plan: Plan, situation: Situation) -> Plan:
    """Return a plan in which what was tried before says what became of it."""
    states = (situation.applied.get(change.resource) for change in plan.changes)
    if plan.base is None or not any(state and (state.unfinished or state.owed) for state in states):
        return plan
    from stagectl.usecases.planning.tries import with_tries

    return with_tries(workspace.git, plan, situation.applied, plan.base)


def _warn_of_rollback(workspace: Workspace, plan: Plan) -> Plan:
    """Return a plan that warns of what it would take back of others' work."""
    if not plan.changes and not plan.recorded:
        return plan
    from stagectl.usecases.planning.rollback import rollback

    found = rollback(workspace, plan, plan.head)
    if not found or plan.head is None:
        return plan
    return replace(plan, warnings=(*plan.warnings, found.message, *_claims_again(workspace, plan, plan.head)))


def _claims_again(workspace: Workspace, plan: Plan, head: Oid) -> List[str]:
    """Return what is wrong with moves of an older commit, in words."""
    if not plan.moved:
        return []
    from stagectl.usecases.planning.claimed_again import again_text, claimed_again

    return [again_text(old, new) for old, new in claimed_again(workspace, plan, head)]


def _incremental_plan(
    workspace: Workspace, selection: Selection, head: Optional[str], base: Optional[str], complete: bool
) -> Tuple[Plan, Situation]:
    """Return what reading only what is needed gives; raises ReadInFull where that gives no plan."""
    commit = workspace.applied_commit(base) if base is not None else None
    if base is not None and commit is None:
        raise ReadInFull("--base is no applied commit")
    warnings = workspace.doubts()
    found = read_incrementally(
        workspace, Reach(head, commit, complete)
    )  # last: git has been looking at the files all the while
    world = found.world(selection)
    if world is not None:
        select(selection.of_resources(world), world)  # what does not exist is reported at once
    plan = plan_incrementally(found, selection, world)
    where = MadeFrom(commit or workspace.branch.tip, found.head, found.dirty)
    return _with_place(workspace, plan, where, warnings), found.situation


def plan_incrementally(found: IncrementalRead, selection: Selection, world: Optional[World] = None) -> Plan:
    """Return the plan that an incremental situation makes; raises ReadInFull when it makes none."""
    if world is None and not found.situation.names():
        return with_id(Plan(selection))  # no planner has to be loaded for that
    from stagectl.core.planning.planner import make_plan

    try:
        with time_budget("checking the inputs", len(found.situation.staged)):
            return make_plan(found.situation, selection, world)
    except StagectlError as error:
        raise ReadInFull(f"it makes no plan: {error.message.splitlines()[0]}") from None


def full_plan(
    workspace: Workspace,
    selection: Selection,
    head: Optional[str],
    base: Optional[str],
    given: Mapping[Name, Outputs] = MappingProxyType({}),
) -> Tuple[Plan, Situation]:
    """Return the plan, the same as `plan_with_situation`, and everything there is, read in full.

    given: outputs of live resources, which the plan takes for stored; the situation has what is.
    """
    plan, situation = _plan_in_full(workspace, selection, head, base, given)
    return _with_tries(workspace, _with_files(workspace, plan, head), situation), situation


def _plan_in_full(
    workspace: Workspace,
    selection: Selection,
    head: Optional[str],
    base: Optional[str],
    given: Mapping[Name, Outputs] = MappingProxyType({}),
) -> Tuple[Plan, Situation]:
    snapshot = workspace.snapshot(head)
    base_commit, applied = workspace.applied_state(base)
    situation = workspace.situation(snapshot, applied)
    plan = checked_plan(with_given_outputs(situation, given), selection, snapshot, {})
    head_commit = workspace.git.resolve(head) if head else workspace.git.head()
    warnings = workspace.doubts()
    where = MadeFrom(base_commit, head_commit, head is None and bool(workspace.dirty()))
    return _with_place(workspace, plan, where, warnings), situation


def with_given_outputs(situation: Situation, given: Mapping[Name, Outputs]) -> Situation:
    """Return a situation in which live resources have the outputs that are given of them."""
    return replace(situation, applied=store_outputs(situation.applied, given)) if given else situation


class MadeFrom(NamedTuple):
    """What a plan was made from: commits, and whether the working tree had something else."""

    base: Optional[Oid]
    head: Optional[Oid] = None
    dirty: bool = False


def _with_place(workspace: Workspace, plan: Plan, where: MadeFrom, warnings: List[str]) -> Plan:
    """Return a plan with where and when it was made."""
    said = (*plan.warnings, *warnings, *_move_hints(plan))
    return replace(plan, project=workspace.git.folder[:-1], warnings=said, **where._asdict())


def checked_plan(situation: Situation, selection: Selection, snapshot: Snapshot, paths: Mapping[Name, str]) -> Plan:
    """Return the plan; what makes it impossible is reported with its place (paths: see `locate_troubles`)."""
    from stagectl.core.planning.checks import ImpossiblePlan
    from stagectl.core.planning.planner import make_plan
    from stagectl.usecases.repository.troubles import locate_troubles

    try:
        with time_budget("checking the inputs", len(situation.staged)):
            return make_plan(situation, selection)
    except ImpossiblePlan as error:
        raise locate_troubles(error, snapshot, paths) from None


def _move_hints(plan: Plan) -> List[str]:
    """Return hints for resources that look moved, but are removed and run again; each is reported once."""
    new: Dict[Tuple[str, Optional[str]], List[Name]] = {}
    for change in reversed(plan.changes):
        if change.action == RUN and change.cause.type == CauseType.STAGED:
            new.setdefault((change.kind, digests(change).inputs), []).append(change.resource)
    hints = []
    for change in plan.changes:
        alike = new.get((change.kind, digests(change).inputs))
        if alike and change.action == REMOVE and change.cause.type == CauseType.STAGED:
            hints.append(
                f"{alike.pop()} looks like {change.resource} moved; to keep it: add 'moved_from: {change.resource}' "
                "to its front matter and stage it (stagectl move does that)"
            )
    return hints
