"""The applied state as a run goes on: what earlier changes reported, and what that means for those to come.

Values that are known after other changes stand in a plan as the references they are. They are filled in when a change
starts: then all that may report them have ended (docs/design.md, section 9).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, List, Mapping, Optional, Union

from stagectl.core.model import REMOVE, RUN, STANDARD_ACTIONS, UPDATE, Applied, ChangeId, Kind, Name, change_id
from stagectl.core.planning.resolve import find_value
from stagectl.core.planning.schema_checks import Schemas
from stagectl.core.plans.plan import Change, Plan, Target
from stagectl.core.running.outcome import ERROR, NOOP, SKIPPED, Outcome, Outcomes, after_change, is_met, known_outputs
from stagectl.core.running.reporting import judge_outputs
from stagectl.core.values import (
    EnvVariable,
    FileDigest,
    Inputs,
    Outputs,
    Part,
    Reference,
    Template,
    Value,
    canonical,
    differing,
    references_in,
)

_NO_KIND = Kind("")
_NEVER_APPLIED = Outcome(SKIPPED, changed=False, message="its run is left out, and nothing of it is applied")
_NOTHING = Outcome(NOOP, changed=False, message="nothing changed for it")
_LEFT = Outcome(
    NOOP, changed=False, message="a value for which it is replaced changed with its parent: see the next plan"
)


class _Unreported(Exception):
    """A value that was to be known by now, and is not."""


class Course:
    """What is applied, as far as the changes of a plan have ended. applied: what the plan was made from."""

    def __init__(self, plan: Plan, applied: Mapping[Name, Applied]) -> None:
        self._plan, self._applied = plan, applied
        self._states: Dict[Name, Optional[Applied]] = {
            change.resource: applied.get(change.resource) for change in plan.changes
        }
        self._changes = {change.id: change for change in plan.changes}
        self._targets: Dict[Name, Target] = dict(plan.targets)
        self._open = {change.id for change in plan.changes if change.conditional or _reads(change)}
        self._replaced: Dict[Name, bool] = {}
        self._schemas = Schemas()

    @property
    def is_filled_in(self) -> bool:
        """Whether all that has no value yet, or only may be carried out, has ended."""
        return not self._open

    def outputs_for(self, change: Change) -> Outputs:
        """Return the outputs that an action is given when it starts."""
        return known_outputs(self._states[change.resource] or Applied(), self._changes[change.id].action)

    def begin(self, change: Change, outcomes: Outcomes) -> Union[Change, Outcome]:
        """Return a change as it starts, with its values filled in; or how it ends, where it is not to start."""
        if change.action not in STANDARD_ACTIONS and self._is_left_out(change.resource, outcomes):
            state = self._states[change.resource]
            return replace(change, inputs=state.inputs) if state is not None and state.live else _NEVER_APPLIED
        if change.id not in self._open:
            return change
        if change.action == REMOVE:
            return change if self._decide_replaced(change.resource) else _NOTHING
        try:
            change = self._with_values(change)
        except _Unreported as error:
            return Outcome(ERROR, changed=False, message=str(error), began=False)
        if change.conditional and not self._is_due(change, outcomes):
            return _NOTHING
        if self._is_replaced_later(change):
            return _LEFT
        kind = self._plan.kinds.get(change.kind)
        troubles = self._schemas.troubles(change.resource, kind, change.inputs or {}) if kind else []
        if troubles and change.action in STANDARD_ACTIONS:
            return Outcome(ERROR, changed=False, message=troubles[0].message, began=False)
        return change

    def _is_left_out(self, name: Name, outcomes: Outcomes) -> bool:
        """Return whether a resource has a run or update in the plan that does not run."""
        own = [change_id(name, action) for action in (RUN, UPDATE) if change_id(name, action) in self._changes]
        return any(identity in outcomes and outcomes[identity].state in (NOOP, SKIPPED) for identity in own)

    def _is_due(self, change: Change, outcomes: Outcomes) -> bool:
        """Return whether a conditional change has a reason now: its values differ, or another change triggers it."""
        state = self._states[change.resource] or Applied()
        if not state.live or _differing(state, change):
            return True
        return any(is_met(outcomes.get(trigger), when) for trigger, when in change.triggers)

    def end(self, change: Change, outcome: Outcome) -> Outcome:
        """Take the end of a change, and return it as it counts: with outputs that may be stored, or as an ERROR."""
        kind = self._plan.kinds.get(change.kind, _NO_KIND)
        if outcome.outputs or kind.outputs:
            outcome = judge_outputs(outcome, kind, self._changes[change.id].action, self.outputs_for(change))
        self.take(change, outcome)
        return outcome

    def take(self, change: Change, outcome: Outcome) -> None:
        """Take the end of a change as it counts."""
        if change.id in self._open and change.action != REMOVE:
            try:
                change = self._with_values(change)
            except _Unreported:  # it was never started
                return
        change, target = self._changes[change.id], self._targets.get(change.resource)
        self._states[change.resource] = after_change(self._plan, target, change, outcome, self._states[change.resource])

    def plan(self) -> Plan:
        """Return the plan with the values, as far as they were reported, and with the actions that were carried out."""
        changes = tuple(self._changes[change.id] for change in self._plan.changes)
        return replace(self._plan, changes=changes, targets=self._targets)

    # --- values

    def _with_values(self, change: Change) -> Change:
        """Return a change with its values filled in, noted so that its end finds the same; raises _Unreported."""
        if change.id not in self._open:
            return self._changes[change.id]
        inputs = self._fill(change.inputs or {})
        action = change.action
        if action == RUN and change.conditional and not self._decide_replaced(change.resource):
            action = UPDATE
        target = self._targets.get(change.resource)
        if target is not None:
            self._targets[change.resource] = target._replace(inputs=self._fill(target.inputs))
        self._changes[change.id] = replace(change, inputs=inputs, action=action)
        self._open.discard(change.id)
        return self._changes[change.id]

    def _fill(self, inputs: Inputs) -> Inputs:
        values: Inputs = _fill_references(dict(inputs), self._look_up)
        return values

    def _look_up(self, reference: Reference) -> Value:
        """Return what a reference reads now; raises _Unreported."""
        name = Name(reference.name)
        state = self._states[name] if name in self._states else self._applied.get(name)
        if state is not None and state.live:
            there, value = find_value({**state.outputs, **state.inputs}, reference)
            if there:
                return value
        raise _Unreported(f"{reference} was not reported")

    def _decide_replaced(self, name: Name) -> bool:
        """Return whether a resource is replaced, which is decided once, before anything of it is removed."""
        if name not in self._replaced:
            self._replaced[name] = self._finds_replaced(name)
        return self._replaced[name]

    def _finds_replaced(self, name: Name) -> bool:
        change, target = self._changes.get(change_id(name, REMOVE)), self._targets.get(name)
        if change is None or target is None:
            return False
        if not change.conditional:
            return True
        kind = self._plan.kinds.get(target.resource.kind, _NO_KIND)
        keys = sorted(kind.replace_on & target.inputs.keys() & {*change.cause.inputs})
        return any(self._replaces(change, key, target.inputs[key]) for key in keys)

    def _is_replaced_later(self, change: Change) -> bool:
        """Return whether what was not replaced with its parent would be, for what only the run of that changed."""
        if change.action != UPDATE or self._replaced.get(change.resource, True):
            return False
        state, kind = self._states[change.resource] or Applied(), self._plan.kinds.get(change.kind, _NO_KIND)
        return bool(kind.replace_on.intersection(_differing(state, change)))

    def _replaces(self, change: Change, key: str, value: Value) -> bool:
        """Return whether an input in `replace_on` turns out to have another value."""
        read = {Name(reference.name) for reference in references_in(value)}
        parents = {name for name in read if change_id(name, REMOVE) in self._changes}
        if parents:  # replaced together, or not; what only their run turns out to change is left to the next plan
            return any(self._decide_replaced(parent) for parent in sorted(parents))
        try:
            now = self._fill({key: value})
        except _Unreported:
            return False
        before = change.before or {}
        return bool(differing({key: before[key]} if key in before else {}, now))


def _differing(state: Applied, change: Change) -> List[str]:
    """Return the inputs that turn out to differ, of those that might; others that do are staged as they were seen."""
    return [key for key in differing(state.inputs, change.inputs or {}) if key in change.cause.inputs]


def _reads(change: Change) -> bool:
    return bool(references_in(change.inputs))


def as_counted(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Dict[ChangeId, Outcome]:
    """Return how the changes of a plan ended as it counts, from how they are said to have ended."""
    course = Course(plan, applied)
    return {change.id: course.end(change, outcomes[change.id]) for change in plan.changes}


def with_values(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Plan:
    """Return a plan with the values that its changes had, given how they ended; applied: what it was made from."""
    if not any(change.conditional or _reads(change) for change in plan.changes):
        return plan
    course = Course(plan, applied)
    for change in plan.changes:
        course.take(change, outcomes[change.id])
    return course.plan()


def _fill_references(value: Value, look_up: Callable[[Reference], Value]) -> Value:
    """Return a value in which each reference stands for what *look_up* returns of it; raises what that raises."""
    if isinstance(value, dict):
        return {key: _fill_references(inner, look_up) for key, inner in value.items()}
    if isinstance(value, list):
        return [_fill_references(inner, look_up) for inner in value]
    if not isinstance(value, Template) or not references_in(value):
        return value
    if len(value.parts) == 1:
        return look_up(value.parts[0])  # type: ignore[arg-type]
    parts: List[Part] = []
    for part in value.parts:
        found = look_up(part) if isinstance(part, Reference) else part
        for piece in found.parts if isinstance(found, Template) else (found,):
            text = piece if isinstance(piece, (str, EnvVariable, FileDigest)) else canonical(piece)
            if isinstance(text, str) and parts and isinstance(parts[-1], str):
                parts[-1] += text
            elif text != "":
                parts.append(text)
    return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else Template(tuple(parts))
