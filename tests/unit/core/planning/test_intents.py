"""What a resource does of its own accord, and why."""

from __future__ import annotations

from typing import Tuple

import pytest

from stagectl.core.model import Attempt, Name
from stagectl.core.planning.holding import everything
from stagectl.core.planning.intents import intent_of
from stagectl.core.planning.situation import Situation
from tests.unit.core.planning.worlds import applied, res, situation

DB = res("db", {"port": 1})
PARENT = res("vpc", {"net": 1})
READER = res("db", {"port": "${vpc.net}"})
ZONED = res("db", {"port": 1, "zone": "${vpc.net}"})
LATER = Attempt("run", "service", (), {"port": 1}, form=ZONED.relations(), replaces=True)  # zone was not known then


def failed(action: str, **inputs: object) -> Attempt:
    return Attempt(action, "service", (), inputs)


@pytest.mark.parametrize(
    "world, actions, cause",
    [
        (situation({}, DB), ("run",), "staged"),
        (situation(applied(DB), DB), (), "staged"),
        (situation(applied(DB), res("db", {"port": 2})), ("update",), "staged"),
        (situation(applied(DB), res("db", {"port": 1}, note="x")), (), "staged"),
        (situation(applied(DB)), ("remove",), "staged"),
        (situation(applied(DB), res("db", {"port": 1, "zone": "b"})), ("remove", "run"), "replace"),
        (situation(applied(DB), res("db", {"port": 1}, kind="secretive")), ("remove", "run"), "replace"),
        (situation(applied(DB), res("db", {"port": 1}, actions={"replace": "1-aaaa"})), ("remove", "run"), "replace"),
        (situation(applied(DB, db={"unfinished": failed("update", port=1)}), DB), ("update",), "unfinished"),
        (situation(applied(DB, db={"unfinished": failed("remove", port=1)}), DB), ("run",), "unfinished"),
        (situation(applied(db={"unfinished": failed("run", port=1)}), DB), ("run",), "unfinished"),
        (situation(applied(db={"unfinished": failed("run", port=2)}), DB), ("run",), "staged"),
        (situation(applied(db={"unfinished": failed("run", port=1)})), ("remove",), "unfinished"),
        (
            situation(applied(db={"unfinished": failed("run", zone="a")}), res("db", {"zone": "b"})),
            ("remove", "run"),
            "replace",
        ),
        (
            situation(applied(db={"unfinished": failed("run", port=1)}), res("db", {"port": 1}, kind="secretive")),
            ("remove", "run"),
            "replace",
        ),
        (situation(applied(PARENT, db={"unfinished": LATER}), PARENT, ZONED), ("run",), "unfinished"),
        (situation(applied(PARENT, READER), res("vpc", {"net": 2}), READER), ("update",), "child"),
        (situation(applied(PARENT, READER), PARENT, res("db", {"port": 1})), (), "staged"),
    ],
)
def test_the_inferred_actions_and_their_cause(world: Situation, actions: Tuple[str, ...], cause: str) -> None:
    """
    Values decide, resolved; of several causes that fit the first one counts.
    """
    intent = intent_of(everything(world).view, Name("db"))

    assert (actions, cause) == (intent.actions, intent.cause.value)
