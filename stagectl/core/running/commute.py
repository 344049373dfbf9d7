"""Whether two plans commute: whichever is applied first, does the other still fit, and is the end the same?"""

from __future__ import annotations

from typing import Dict, FrozenSet, Mapping, Optional, Tuple

from stagectl.core.model import REMOVE, Applied, AppliedStates, ChangeId, Name, Resource
from stagectl.core.plans.plan import Plan
from stagectl.core.running.course import with_values
from stagectl.core.running.outcome import SUCCESS, Outcome, settle

StagedForms = Mapping[Name, Optional[Resource]]  # the staged form of each resource, None for one that goes


def state_after(plan: Plan, applied: AppliedStates) -> Dict[Name, Applied]:
    """Return the applied state once every change of a plan has succeeded, none with another output than there is."""
    outcomes = {change.id: Outcome(SUCCESS) for change in plan.changes}
    settled = settle(with_values(plan, outcomes, applied), outcomes, applied)
    merged: Dict[Name, Optional[Applied]] = {**applied, **settled}
    return {name: state for name, state in merged.items() if state is not None}


def staged_forms(plan: Plan) -> Dict[Name, Optional[Resource]]:
    """Return the form in which a plan applies each of its resources."""
    gone: Dict[Name, Optional[Resource]] = {change.resource: None for change in plan.changes if change.action == REMOVE}
    gone.update({old: None for old, _ in plan.moved})
    return {**gone, **{name: target.resource for name, target in plan.targets.items()}}


def plan_resources(plan: Plan) -> FrozenSet[Name]:
    """Return the resources that a plan changes, holds back or records."""
    names = {change.resource for change in plan.changes} | {held.resource for held in plan.held} | set(plan.recorded)
    return frozenset(names | {name for move in plan.moved for name in move})


def without(plan: Plan, leftovers: Plan) -> Tuple[ChangeId, ...]:
    """Return the changes of a plan that are not the same in another one: what earlier applies left is not theirs."""
    known = {change.id: change.diff for change in leftovers.changes}
    return tuple(change.id for change in plan.changes if known.get(change.id) != change.diff)
