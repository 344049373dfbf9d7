"""Recording what exists already, with its known outputs (docs/design.md, section 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, List, Mapping, Optional

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import RUN, UPDATE, Applied, ChangeId, Name, Resource
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.running.course import Course
from stagectl.core.running.deciding import decide
from stagectl.core.running.outcome import RECORDED, SUCCESS, Outcome
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
            near = nearest(name, {*plan.targets, *(one for one, state in applied.items() if state.live)})
            troubles.append(f"{name}: there is no resource of this name that is live or recorded here{near}")
            continue
        unfit = with_plain_outputs(Outcome(SUCCESS, outputs=outputs), clean)
        state = applied.get(name) or Applied()
        known = state.outputs if _last_change(plan, name, RUN) is None else {}
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


def _last_change(plan: Plan, name: Name, *actions: str) -> Optional[Change]:
    acting = actions or (RUN, UPDATE)
    found = [change for change in plan.changes if change.resource == name and change.action in acting]
    return found[-1] if found else None


def record_outcomes(
    plan: Plan, left_out: Restriction, applied: Mapping[Name, Applied], given: GivenOutputs
) -> Dict[ChangeId, Outcome]:
    """Return the outcomes of a run that only records: all but what it leaves out, and what waits for that.

    Raises StagectlError where a reader would be recorded without the output that it reads.
    """
    outcomes: Dict[ChangeId, Outcome] = {}
    course = Course(plan, applied)
    takers = {name: _last_change(plan, name) for name in given}
    for change in plan.changes:  # in topological order
        outcome = decide(change, outcomes, left_out)
        if outcome is None:
            begun = course.begin(change, outcomes)
            outputs = given[change.resource] if takers.get(change.resource) is change else {}
            outcome = begun if isinstance(begun, Outcome) else Outcome(SUCCESS, message=RECORDED, outputs=outputs)
            if not outcome.began:
                raise StagectlError(
                    f"{change.id} cannot be recorded: {outcome.message}",
                    f"give what it reads: --outputs FILE, with {FORM}; or record its parent alone, and let an action "
                    "of that report it first",
                )
        course.take(change, outcome)
        outcomes[change.id] = outcome
    return outcomes


def adopt_outputs(
    plan: Plan, given: GivenOutputs, states: Mapping[Name, Optional[Applied]], applied: Mapping[Name, Applied]
) -> Dict[Name, Optional[Applied]]:
    """Return the states that moved, with outputs of live resources of which no change takes them."""
    found = dict(states)
    for name, outputs in given.items():
        before = applied.get(name)
        stored = before.resource.stored if before is not None and before.resource is not None else None
        place = name if name in found else stored or name
        state = found.get(place, before)
        if _last_change(plan, name) is None and state is not None and state.live:
            after = replace(state, outputs={**state.outputs, **outputs})
            found.update({place: after} if after != before else {})
    return found
