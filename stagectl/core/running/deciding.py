"""What is known of a change's end before it starts, and what an earlier try of it leaves in doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import FrozenSet, Iterable, Mapping, Optional, Tuple

from stagectl.core.model import NOT_APPLIED, STANDARD_ACTIONS, Applied, ChangeId, Name
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.running.outcome import NOOP, SKIPPED, SUCCESS, Outcome, Outcomes, is_met
from stagectl.core.running.runs import Restriction


def decide(change: Change, outcomes: Outcomes, left_out: Restriction) -> Optional[Outcome]:
    """Return the end of a change that will not run: it is left out, one before it failed, or it is not due.

    outcomes: at least of all that comes before it.
    """
    preset = left_out.preset.get(change.id)
    if preset is not None:
        return preset
    for earlier in change.after:
        if not _lets_pass(earlier, outcomes, left_out):
            return Outcome(SKIPPED, changed=False, message=f"after {earlier}")
    if change.cause.type != "reaction" or change.id in left_out.asked:
        return None
    is_due = any(is_met(outcomes.get(trigger), when) for trigger, when in change.triggers)
    return None if is_due else Outcome(NOOP, changed=False, message="nothing to react on")


def _lets_pass(earlier: ChangeId, outcomes: Outcomes, left_out: Restriction) -> bool:
    return outcomes[earlier].state in (SUCCESS, NOOP) or earlier in left_out.passable


def doubtful_changes(
    plan: Plan, applied: Mapping[Name, Applied], unseen: Iterable[ChangeId] = ()
) -> FrozenSet[ChangeId]:
    """Return the changes of a plan of which an earlier try failed, or has an end that was not seen.

    unseen: those that this run itself started before it was interrupted. What such a try changed was not reported.
    """
    states = {change.resource: applied.get(change.resource, NOT_APPLIED) for change in plan.changes}
    before = {change.id for change in plan.changes if _was_tried(change.action, states[change.resource])}
    return frozenset(before.union(unseen))


def _was_tried(action: str, state: Applied) -> bool:
    return state.unfinished is not None if action in STANDARD_ACTIONS else action in state.tried


def as_tried(change: Change, outcome: Outcome, again: FrozenSet[ChangeId]) -> Outcome:
    """Return an outcome that counts as changed where the change was tried before: the earlier try may have done it."""
    return replace(outcome, changed=True) if outcome.state == SUCCESS and change.id in again else outcome


def lost_debts(plan: Plan) -> Tuple[Change, ...]:
    """Return the owed changes of a plan whose kind has lost the action, so that they cannot be paid."""
    owed = [change for change in plan.changes if change.cause.type == "owed" and change.kind in plan.kinds]
    return tuple(change for change in owed if change.action not in plan.kinds[change.kind].verbs())
