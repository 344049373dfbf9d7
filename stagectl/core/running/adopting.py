"""Recording what exists already, with its known outputs (docs/design.md, section 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Any, Callable, Dict, List, Mapping, Optional

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import RUN, STANDARD_ACTIONS, UPDATE, Applied, ChangeId, Name, Resource, change_id
from stagectl.core.planning.situation import store_outputs
from stagectl.core.plans.plan import Plan
from stagectl.core.running.course import Course
from stagectl.core.running.deciding import decide
from stagectl.core.running.outcome import RECORDED, SUCCESS, Outcome, Outcomes
from stagectl.core.running.reporting import adopting_troubles, with_plain_outputs
from stagectl.core.running.runs import Restriction
from stagectl.core.values import Outputs

GivenOutputs = Mapping[Name, Outputs]
FORM = '{"prod/db": {"endpoint": "..."}}'


def given_outputs(raw: Any, what: str) -> GivenOutputs:
    """Return the outputs per resource that a file gives; raises StagectlError for anything else."""
    if not isinstance(raw, dict) or not all(isinstance(value, dict) for value in raw.values()):
        raise StagectlError(f"{what} is no mapping of resources to their outputs", f"for example: {FORM}")
    return {Name(name): outputs for name, outputs in raw.items()}


def check_given(plan: Plan, applied: Mapping[Name, Applied], given: GivenOutputs, clean: Callable[[str], str]) -> None:
    """Raise StagectlError for outputs that cannot be stored: of what is not there, or that their kind refuses.

    clean: takes secrets out of text.
    """
    troubles: List[str] = []
    for name, outputs in sorted(given.items()):
        resource = _resource(plan, applied, name)
        if resource is None:
            troubles.append(f"{name}: {_absent_text(plan, applied, name)}")
            continue
        unfit = with_plain_outputs(Outcome(SUCCESS, outputs=outputs), clean)
        state = applied.get(name) or Applied()
        known = {} if change_id(name, RUN) in {change.id for change in plan.changes} else state.outputs
        kind = plan.kinds.get(resource.kind)
        found = [unfit.message] if unfit.state != SUCCESS else adopting_troubles(kind, known, outputs)
        troubles += [f"{name}: {trouble}" for trouble in found]
    if troubles:
        raise StagectlError("\n".join(troubles), f"nothing was recorded; the form is {FORM}")


def _resource(plan: Plan, applied: Mapping[Name, Applied], name: Name) -> Optional[Resource]:
    if name in plan.targets:
        return plan.targets[name].resource
    state = applied.get(name) or Applied()
    return None if any(change.resource == name for change in plan.changes) else state.resource


def _absent_text(plan: Plan, applied: Mapping[Name, Applied], name: Name) -> str:
    """Return why there is nothing to store outputs of a resource with."""
    held = next((held for held in plan.held if held.resource == name), None)
    if held is not None:
        return f"{held.id} is held back, so it is not recorded here: {held.message}"
    near = nearest(name, {*plan.targets, *(one for one, state in applied.items() if state.live)})
    return f"there is no resource of this name that is live or recorded here{near}"


def record_outcomes(
    plan: Plan, left_out: Restriction, applied: Mapping[Name, Applied], given: GivenOutputs
) -> Dict[ChangeId, Outcome]:
    """Return the outcomes of a run that only records: all but what it leaves out, and what waits for that.

    Raises StagectlError where a reader would be recorded without the output that it reads, and where outputs are given
    of what is not recorded.
    """
    outcomes: Dict[ChangeId, Outcome] = {}
    course, recorded = Course(plan, store_outputs(applied, given)), Outcome(SUCCESS, message=RECORDED)
    is_followed = not (course.is_filled_in and all(change.action in STANDARD_ACTIONS for change in plan.changes))
    for change in plan.changes:  # in topological order
        outcome = decide(change, outcomes, left_out)
        if outcome is None:
            begun = course.begin(change, outcomes)
            outputs = given.get(change.resource) if change.action in (RUN, UPDATE) else None
            taken = replace(recorded, outputs=outputs) if outputs else recorded
            outcome = begun if isinstance(begun, Outcome) else taken
            if not outcome.began:
                raise StagectlError(
                    f"{change.id} cannot be recorded: {outcome.message}",
                    f"give what it reads: --outputs FILE, with {FORM}; or record its parent alone, and let an action "
                    "of that report it first",
                )
        if is_followed:  # by values that are known then, or by actions on what is live then
            course.take(change, outcome)
        outcomes[change.id] = outcome
    _check_stored(plan, outcomes, applied, given)
    return outcomes


def _check_stored(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied], given: GivenOutputs) -> None:
    """Raise StagectlError for outputs of what does not become live here, because its run is left out."""
    recorded = _takers(plan, outcomes) if given else ()
    for name in sorted(given):
        state = applied.get(name) or Applied()
        if not state.live and name not in recorded:
            raise StagectlError(
                f"{name}: {change_id(name, RUN)} is left out, so there is nothing to store its outputs with",
                f"leave {name} out of the file, or record it, too",
            )


def _takers(plan: Plan, outcomes: Outcomes) -> AbstractSet[Name]:
    """Return the resources of which a change is recorded that takes outputs."""
    return {c.resource for c in plan.changes if c.action in (RUN, UPDATE) and outcomes[c.id].state == SUCCESS}


def with_given(plan: Plan, outcomes: Outcomes, given: GivenOutputs) -> Dict[ChangeId, Outcome]:
    """Return the outcomes of a run that only recorded, with the outputs that it was given."""
    takers = {change.id: given.get(change.resource, {}) for change in plan.changes if change.action in (RUN, UPDATE)}
    return {
        identity: replace(one, outputs=takers.get(identity, {})) if one.state == SUCCESS else one
        for identity, one in outcomes.items()
    }


def adopt_outputs(
    plan: Plan,
    outcomes: Outcomes,
    given: GivenOutputs,
    states: Mapping[Name, Optional[Applied]],
    applied: Mapping[Name, Applied],
) -> Dict[Name, Optional[Applied]]:
    """Return the states that moved, with outputs of live resources of which no change took them."""
    found = dict(states)
    for name in sorted(given.keys() - _takers(plan, outcomes)) if given else ():
        before = applied.get(name)
        stored = before.resource.stored if before is not None and before.resource is not None else None
        place = name if name in found else stored or name
        state = found.get(place, before)
        if state is not None and state.live:
            after = replace(state, outputs={**state.outputs, **given[name]})
            found.update({place: after} if after != before else {})
    return found
