"""The applied state as a run goes on: what earlier changes reported, and what that means for those to come."""

from __future__ import annotations

from typing import Dict, Mapping, Optional

from stagectl.core.model import Applied, ChangeId, Kind, Name
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.running.outcome import Outcome, Outcomes, after_change, known_outputs
from stagectl.core.running.reporting import judged
from stagectl.core.values import Outputs

_NO_KIND = Kind("")


class Course:
    """What is applied, as far as the changes of a plan have ended. applied: what the plan was made from."""

    def __init__(self, plan: Plan, applied: Mapping[Name, Applied]) -> None:
        self._plan = plan
        self._states: Dict[Name, Optional[Applied]] = {
            change.resource: applied.get(change.resource) for change in plan.changes
        }

    def given(self, change: Change) -> Outputs:
        """Return the outputs that an action is given when it starts."""
        return known_outputs(self._states[change.resource] or Applied(), change.action)

    def ended(self, change: Change, outcome: Outcome) -> Outcome:
        """Take the end of a change, and return it as it counts: with outputs that may be stored, or as an ERROR."""
        kind = self._plan.kinds.get(change.kind, _NO_KIND)
        if outcome.outputs or kind.outputs:
            outcome = judged(outcome, kind, change.action, self.given(change))
        self._states[change.resource] = after_change(self._plan, change, outcome, self._states[change.resource])
        return outcome


def counted(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Dict[ChangeId, Outcome]:
    """Return how the changes of a plan ended as it counts, from how they are said to have ended."""
    course = Course(plan, applied)
    return {change.id: course.ended(change, outcomes[change.id]) for change in plan.changes}
