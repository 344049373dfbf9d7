"""What an apply leaves behind: the state after some changes succeeded, and others not (docs/design.md, section 4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Tuple

from stagectl.core.model import (
    NOT_APPLIED,
    REMOVE,
    RENAME,
    RUN,
    STANDARD_ACTIONS,
    UPDATE,
    Applied,
    Attempt,
    ChangeId,
    Name,
    Resource,
    change_id,
    split_change,
)
from stagectl.core.plans.plan import CauseType, Change, Plan, Target
from stagectl.core.values import Outputs, differing, references_in

STATES = PENDING, INPROGRESS, SUCCESS, ERROR, SKIPPED, NOOP, UNKNOWN = (
    "PENDING", "INPROGRESS", "SUCCESS", "ERROR", "SKIPPED", "NOOP", "UNKNOWN",
)  # fmt: skip
RECORDED = "recorded only"  # the message of a change that did not run, and counts as applied


@dataclass(frozen=True)
class Outcome:
    """How a change ended. changed: whether its action said that it changed something; output: its last lines.

    seconds: how long its action took; outputs: what it reported, also where it failed; began: whether it was started:
    an ERROR of one that was not leaves nothing unfinished.
    """

    state: str
    changed: bool = True
    message: str = ""
    output: str = ""
    seconds: float = 0.0
    outputs: Outputs = field(default_factory=dict)
    began: bool = True

    @property
    def reported(self) -> Optional[bool]:
        """Whether it changed something; None where that is not known: it failed, or its end was not seen."""
        return {SUCCESS: self.changed, NOOP: False, SKIPPED: False, PENDING: False}.get(self.state)


Outcomes = Mapping[ChangeId, Outcome]


def settle(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Dict[Name, Optional[Applied]]:
    """Return the new applied state of every resource whose state moved, None for one that is gone."""
    changes: Dict[Name, List[Change]] = {}
    for change in plan.changes:
        changes.setdefault(change.resource, []).append(change)
    held, doubted = _held_debts(plan, outcomes), _doubtful(plan)
    old_names = finished_moves(plan, outcomes)
    stuck = {new: old for old, new in plan.moved if new not in old_names}
    moved: Dict[Name, Optional[Applied]] = {}
    recorded = set(plan.recorded)
    for name in sorted(changes.keys() | recorded | held.keys() | old_names.keys()):
        before = applied.get(name)
        if name in stuck:  # nothing of it was done: the state stays where it is
            half = _half_renamed(name, outcomes)
            owing = _owe(_owe(before, {**_debts(changes.get(name, ()), outcomes), **half}), held.get(name, {}))
            if owing and doubted.intersection(*half.values()):
                owing = replace(owing, tried=owing.tried | half.keys())
            moved.update({stuck[name]: owing} if owing != before else {})
            continue
        after: Optional[Applied] = before or NOT_APPLIED
        own, target = changes.get(name, ()), plan.targets.get(name)
        for change in own:
            outcome = outcomes[change.id]
            after = after_change(plan, target, change, outcome, after)
            if change.id in doubted and outcome.state in (ERROR, UNKNOWN):
                after = after and replace(after, tried=after.tried | {change.action})
        after = _finish(target, own, outcomes, after, is_recorded=name in recorded)
        after = _owe(after, held.get(name, {}))
        if after is not None and not after.live and after == NOT_APPLIED:
            after = None
        if after != before or name in old_names:
            moved[name] = after
    left = {old: None for old in old_names.values() if old not in moved}
    return {**moved, **left}


def finished_moves(plan: Plan, outcomes: Outcomes) -> Dict[Name, Name]:
    """Return the moves that happened, new name -> old one: what renames succeeded, and the new name was free."""
    done = {new: old for old, new in plan.moved if _is_renamed(plan, new, outcomes)}
    takers = dict(plan.moved)
    while True:
        stuck = [new for new in done if new in takers and takers[new] not in done]
        if not stuck:
            return done
        for new in stuck:
            del done[new]


def _is_renamed(plan: Plan, name: Name, outcomes: Outcomes) -> bool:
    ends = {change.action: outcomes[change.id].state for change in plan.changes if change.resource == name}
    # What ran for it all the same (the rename was passed over by --noop) ran under the new name.
    return ends.get(RENAME, SUCCESS) == SUCCESS or SUCCESS in (ends.get(RUN), ends.get(UPDATE))


def after_change(
    plan: Plan, target: Optional[Target], change: Change, outcome: Outcome, state: Optional[Applied]
) -> Optional[Applied]:
    """Return the applied state of a resource after one of its changes has ended, None if nothing is left of it.

    target: the state that its plan wants for the resource; all values are filled in.
    """
    if outcome.state in (ERROR, UNKNOWN) and outcome.began and change.action in STANDARD_ACTIONS:
        return _leave_unfinished(plan, target, change, outcome, state or NOT_APPLIED)
    if outcome.state != SUCCESS:
        return _record(target, change, outcome, state)
    if change.action == REMOVE:
        return _remove(target, change, state or NOT_APPLIED)
    state = state or NOT_APPLIED
    stamps = {**state.stamps, **change.stamps} if change.stamps else state.stamps
    owed = state.owed and {action: behind for action, behind in state.owed.items() if not _pays(change, action)}
    outputs = known_outputs(state, change.action)
    outputs = {**outputs, **outcome.outputs} if outcome.outputs else outputs
    if change.action not in (RUN, UPDATE):
        return state.but(stamps=stamps, owed=owed, tried=state.tried - {change.action}, outputs=outputs)
    assert target is not None, "a resource that is run or updated is there afterwards"
    return state.but(
        resource=target.resource,
        inputs=target.inputs,
        sensitive=target.sensitive,
        stamps=stamps,
        owed=owed,
        unfinished=None,
        protect=_protects(plan, target.resource.kind),
        outputs=outputs,
        observed=None,
    )


def _leave_unfinished(
    plan: Plan, target: Optional[Target], change: Change, outcome: Outcome, state: Applied
) -> Applied:
    """Return a state that keeps what a run, update or removal was tried with, and what it reported."""
    tried = Attempt(
        change.action,
        change.kind,
        change.tags,
        change.inputs or {},
        change.sensitive,
        {**_tried_outputs(state), **outcome.outputs},
        _form_tried(target, change, state),
        replaces=state.is_being_replaced,
    )
    return replace(state, unfinished=tried, protect=state.protect or _protects(plan, change.kind))


def _protects(plan: Plan, kind: str) -> bool:
    return kind in plan.kinds and plan.kinds[kind].protect


def _record(target: Optional[Target], change: Change, outcome: Outcome, state: Optional[Applied]) -> Optional[Applied]:
    """Return a state with the staged file where a conditional change found nothing to do; it may be as it was seen."""
    if outcome.state != NOOP or not change.conditional or change.action == REMOVE or target is None:
        return state
    if state is None or not state.live:
        return state
    if not differing(state.inputs, target.inputs):
        return replace(state, resource=target.resource)
    if differing(state.seen, target.inputs):
        return state
    return state.but(resource=target.resource, inputs=target.inputs, sensitive=target.sensitive, observed=None)


def _doubtful(plan: Plan) -> FrozenSet[ChangeId]:
    """Return the changes, of other actions than the standard ones, that others react on if they changed something."""
    reactions = [change.triggers for change in plan.changes] + [held.triggers for held in plan.held]
    found = {identity for triggers in reactions for identity, when in triggers if when == "changed"}
    return frozenset(identity for identity in found if split_change(identity)[1] not in STANDARD_ACTIONS)


def _tried_outputs(state: Applied) -> Outputs:
    """Return what a try reported that did not succeed."""
    return state.unfinished.outputs if state.unfinished is not None else {}


def known_outputs(state: Applied, action: str) -> Outputs:
    """Return the outputs that an action is given, which are those that it may change.

    A run starts anew, with what failed tries reported; updates and removals get that, too, and no resource reads it.
    """
    if action not in STANDARD_ACTIONS:
        return state.outputs
    known, tried = {} if action == RUN else state.outputs, _tried_outputs(state)
    return {**known, **tried} if tried else known


def _pays(change: Change, action: str) -> bool:
    """Return whether a change that succeeded pays an owed action: a run does what an update would."""
    return action == change.action or (action == UPDATE and change.action == RUN)


def _form_tried(target: Optional[Target], change: Change, state: Applied) -> Optional[Resource]:
    """Return the relations and claims a try was made with: a removal those of what it removes."""
    form = state.unfinished.form if state.unfinished else None
    resource = target.resource if target is not None and change.action != REMOVE else state.resource or form
    return _related_resource(resource)


def _related_resource(resource: Optional[Resource]) -> Optional[Resource]:
    form = replace(resource.relations(), moved_from=resource.moved_from) if resource is not None else None
    return form if form is not None and (form.parents or form.unordered or form.moved_from) else None


def _remove(target: Optional[Target], change: Change, state: Applied) -> Optional[Applied]:
    """Return what is left after a removal; of a replace the stamps, the debts and the run that still has to succeed."""
    if target is None:
        return None
    form = _related_resource(target.resource)
    known = {key: value for key, value in target.inputs.items() if not references_in(value)}
    run = Attempt(RUN, target.resource.kind, change.tags, known, target.sensitive, form=form, replaces=True)
    return Applied(stamps=state.stamps, owed=state.owed, unfinished=run)


def _finish(
    target: Optional[Target],
    changes: Sequence[Change],
    outcomes: Outcomes,
    state: Optional[Applied],
    *,
    is_recorded: bool,
) -> Optional[Applied]:
    """Store the file where it is recorded or only explicit actions were due, and note what is owed."""
    if state is None or (is_recorded and target is None):  # it was seen to be gone, and is staged as removed
        return None
    if target is not None and state.live and (is_recorded or _is_asked_for(changes, outcomes)):
        state = state.but(resource=target.resource)
    if target is not None and is_recorded and differing(state.inputs, target.inputs):  # it is staged as it was seen
        state = state.but(inputs=target.inputs, sensitive=target.sensitive, observed=None)
    return _owe(state, _debts(changes, outcomes)) if state.live else state


def _is_asked_for(changes: Sequence[Change], outcomes: Outcomes) -> bool:
    """Return whether a resource did what it was asked for, or was renamed, and nothing of its own accord."""
    if any(change.action in STANDARD_ACTIONS for change in changes):
        return False
    is_meant = any(change.cause.type == CauseType.EXPLICIT or change.action == RENAME for change in changes)
    return is_meant and all(outcomes[change.id].state in (SUCCESS, NOOP) for change in changes)


def _debts(changes: Sequence[Change], outcomes: Outcomes) -> Dict[str, Tuple[ChangeId, ...]]:
    """Return the reactions that are due and did not succeed."""
    reacting = [change for change in changes if change.triggers]
    return {change.action: _due(change.triggers, outcomes) for change in reacting if _is_owing(change, outcomes)}


def _half_renamed(name: Name, outcomes: Outcomes) -> Dict[str, Tuple[ChangeId, ...]]:
    """Return the debt of a `rename` that was tried: the resource may have its old name, or the new one, or both."""
    tried = change_id(name, RENAME)
    outcome = outcomes.get(tried)
    return {RENAME: (tried,)} if outcome and outcome.state in (ERROR, UNKNOWN) and outcome.began else {}


def _is_owing(change: Change, outcomes: Outcomes) -> bool:
    return outcomes[change.id].state != SUCCESS  # NOOP, too: it may be due, and passed over by --noop


def _due(triggers: Iterable[Tuple[ChangeId, str]], outcomes: Outcomes) -> Tuple[ChangeId, ...]:
    return tuple(trigger for trigger, when in triggers if is_met(outcomes.get(trigger), when))


def is_met(outcome: Optional[Outcome], when: str) -> bool:
    """Return whether a change that ended so makes a reaction on it due."""
    return outcome is not None and outcome.state == SUCCESS and (when == "success" or outcome.changed)


def _held_debts(plan: Plan, outcomes: Outcomes) -> Dict[Name, Dict[str, Tuple[ChangeId, ...]]]:
    """Return the reactions that were held back though what they react on succeeded."""
    found: Dict[Name, Dict[str, Tuple[ChangeId, ...]]] = {}
    for held in plan.held:
        due = _due(held.triggers, outcomes)
        if due:
            found.setdefault(held.resource, {})[held.action] = due
    return found


def _owe(state: Optional[Applied], debts: Mapping[str, Tuple[ChangeId, ...]]) -> Optional[Applied]:
    due = {action: behind for action, behind in debts.items() if behind} if debts else {}
    if state is None or not due:
        return state
    owed = dict(state.owed)
    for action, behind in due.items():
        owed[action] = tuple(sorted({*owed.get(action, ()), *behind}))
    return replace(state, owed=owed)
