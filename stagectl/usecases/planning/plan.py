"""`plan`: the graph of changes from what is applied to what is staged."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, List, Mapping, Optional, Tuple

from stagectl.adapters.clock import time_budget
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.graph import group_pairs
from stagectl.core.model import REMOVE, RUN, Name
from stagectl.core.planning.situation import Situation, store_outputs
from stagectl.core.plans.document import digests, with_id
from stagectl.core.plans.plan import CauseType, Plan
from stagectl.core.plans.selection import NoResource, Selection, World, select
from stagectl.core.standing import some_from_here
from stagectl.core.values import Outputs
from stagectl.usecases.planning.incremental import IncrementalRead, quickest, read_incrementally
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
        plan, situation = quickest(
            "plan",
            lambda: _incremental_plan(workspace, selection, head, base, complete),
            lambda: full_plan(workspace, selection, head, base),
        )
    except NoResource as error:
        from stagectl.usecases.planning.names import without_gone

        left, said = without_gone(workspace, selection, error)  # raises it again for what never was
        if left.names:
            plan, situation = plan_with_situation(workspace, left, head, base, complete=complete)
        else:
            plan, situation = with_id(Plan(left, base=workspace.branch.tip)), Situation({}, {}, {})
            plan = _completed(workspace, plan, situation, head)
        return replace(plan, warnings=(*plan.warnings, said)), situation
    few = some_from_here(uncommitted_inputs(plan, situation))
    said = f"not committed, and inputs have the digest: {few}; apply refuses until it is committed or put back"
    uncommitted = [said] if few else []
    warnings = (*plan.warnings, *uncommitted, *(_warn_of_rollback(workspace, plan) if base is None else ()))
    return replace(plan, dirty=plan.dirty or bool(uncommitted), warnings=warnings), situation


def uncommitted_inputs(plan: Plan, situation: Situation) -> List[str]:
    """Return files which no commit has as inputs of what a plan selects, changes or records have the digest of them."""
    if not situation.uncommitted:
        return []
    from stagectl.adapters.worktree.file_digests import read_among

    forms = [*situation.staged.values()]
    if plan.selection.names or plan.selection.tags:
        asked = (situation.staged.get(Name(name)) for name in plan.selection.names)
        forms = [*(form for form in asked if form), *(target.resource for target in plan.targets.values())]
    return read_among(forms, situation.uncommitted)


def _warn_of_rollback(workspace: Workspace, plan: Plan) -> List[str]:
    """Return what is said of others' work that a plan would take back, and of claims that were spent once."""
    if not plan.changes and not plan.recorded:
        return []
    from stagectl.usecases.planning.rollback import lost_branch, rollback

    older = rollback(workspace, plan, plan.head)
    found = [older, lost_branch(workspace, plan.head) if workspace.branch.is_known else None]
    if plan.moved and plan.head is not None:
        from stagectl.usecases.planning.names import claimed_again

        found += claimed_again(workspace, plan, plan.head, is_older=older is not None)
    return [one.message for one in found if one is not None]


def _incremental_plan(
    workspace: Workspace, selection: Selection, head: Optional[str], base: Optional[str], complete: bool
) -> Tuple[Plan, Situation]:
    """Return what reading only what is needed gives; raises ReadInFull where that gives no plan."""
    commit = workspace.applied_commit(base) if base is not None else None
    if base is not None and commit is None:
        raise ReadInFull("--base is no applied commit")
    found = read_incrementally(workspace, head, commit, complete=complete)
    world = found.world(selection, of_plan=True)
    if world is not None:
        select(selection.of_resources(world), world)  # what does not exist is reported at once
    plan = plan_incrementally(found, selection, world)
    plan = replace(plan, base=commit or workspace.branch.tip, head=found.head, dirty=found.dirty)
    return _completed(workspace, plan, found.situation, head), found.situation


def plan_incrementally(found: IncrementalRead, selection: Selection, world: Optional[World] = None) -> Plan:
    """Return the plan that an incremental situation makes; raises ReadInFull when it makes none."""
    if world is None and not found.situation.names:
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
    snapshot = workspace.snapshot(head)
    base_commit, applied = workspace.applied_state(base)
    situation = workspace.situation(snapshot, applied)
    plan = checked_plan(with_given_outputs(situation, given), selection, snapshot, {})
    head_commit = workspace.git.resolve(head) if head else workspace.git.head()
    plan = replace(plan, base=base_commit, head=head_commit, dirty=head is None and bool(workspace.dirty()))
    return _completed(workspace, plan, situation, head), situation


def with_given_outputs(situation: Situation, given: Mapping[Name, Outputs]) -> Situation:
    """Return a situation in which live resources have the outputs that are given of them."""
    return replace(situation, applied=store_outputs(situation.applied, given)) if given else situation


def _completed(workspace: Workspace, plan: Plan, situation: Situation, head: Optional[str]) -> Plan:
    """Return a plan with its project, the files that its kinds run or read, what was tried before, and warnings."""
    said = (*plan.warnings, *workspace.doubts(), *_move_hints(plan))
    plan = replace(plan, project=workspace.git.folder[:-1], warnings=said)
    if plan.changes:
        from stagectl.usecases.planning.acting_files import with_files

        plan = with_files(workspace.git, plan, plan.head, here=head is None and not workspace.git.is_bare)
    states = (situation.applied.get(change.resource) for change in plan.changes)
    if plan.base is not None and any(state and (state.unfinished or state.owed) for state in states):
        from stagectl.usecases.planning.tries import with_tries

        plan = with_tries(workspace.git, plan, situation.applied, plan.base)
    return plan


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
    """Return hints for resources that look moved, but are removed and run again."""
    if not any(one.action == REMOVE for one in plan.changes):
        return []
    staged = (one for one in plan.changes if one.action in (REMOVE, RUN) and one.cause.type == CauseType.STAGED)
    alike = group_pairs(((one.kind, digests(one).inputs), one) for one in staged)
    sides = [group_pairs((one.action, one.resource) for one in some) for some in alike.values()]
    both = [(side[REMOVE], side[RUN]) for side in sides if len(side) == 2]
    if not both:
        return []
    from stagectl.core.alike import move_hint, pair_names

    pairs = {old: new for olds, news in both for old, new in pair_names(olds, news).items()}
    return [move_hint(old, pairs[old]) for old in sorted(pairs)]
