"""What a cause says beside its type: the kind that was, what was tried, and what a check saw otherwise."""

from __future__ import annotations

from typing import Tuple

import pytest

from stagectl.core.model import Attempt
from stagectl.core.observed import Observed
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.document import to_document
from stagectl.core.plans.read_document import from_document
from stagectl.core.plans.selection import Selection
from stagectl.views.plans.plan_text import cause_text
from tests.unit.core.planning.worlds import applied, res, situation

DB, ZONE, OTHER = res("db", {"port": 1}), res("db", {"port": 1, "zone": "b"}), res("db", {"port": 1}, kind="secretive")
SEEN = situation(applied(ZONE, db={"observed": Observed(inputs={"zone": "c"})}), ZONE)
FAILED = {"unfinished": Attempt("run", "service", (), {"port": 1})}
NET, ZONED = res("net", {"zone": 1}), res("db", {"port": 1, "zone": "${net.zone}"})
LATER = {"unfinished": Attempt("run", "service", (), {"port": 1}, form=ZONED.relations(), replaces=True)}


@pytest.mark.parametrize(
    "world, reported, text",
    [
        (situation(applied(DB), ZONE), ("", ""), "replace: zone"),
        (situation(applied(DB), OTHER), ("service", ""), "replace: its kind was service"),
        (situation(applied(db=FAILED), OTHER), ("service", "run"), "replace: its kind was service"),
        (situation(applied(db=FAILED), DB), ("", "run"), "an earlier run did not succeed"),
        (situation(applied(db=FAILED)), ("", "run"), "an earlier run did not succeed"),
        # What was not known when it was tried is no other value that replaces it.
        (situation(applied(NET, db=LATER), NET, ZONED), ("", "run"), "an earlier run did not succeed"),
        (situation(applied(DB), res("db", {"port": 2})), ("", ""), "staged"),
        (SEEN, ("", "", "zone"), "replace: zone; a check saw another zone"),
        (
            situation(SEEN.applied, OTHER),
            ("service", "", "zone"),
            "replace: its kind was service; a check saw another zone",
        ),
    ],
)
def test_what_a_replace_is_due_to_and_what_was_tried(world: Situation, reported: Tuple[str, ...], text: str) -> None:
    """
    In the value, in the document and back, and in words.
    """
    plan = make_plan(world, Selection())
    cause = plan.changes[-1].cause

    assert reported == (cause.kind_before, cause.tried, *cause.drifted)
    assert cause == from_document(to_document(plan), "it").changes[-1].cause
    assert text == cause_text(plan.changes[-1], plan.kinds)
