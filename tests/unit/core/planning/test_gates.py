"""Gates: an action that waits for an action of a parent which has yet to succeed."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest

from stagectl.core.model import Attempt
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection
from tests.unit.core.planning.worlds import applied, res, situation

SMOKE = res("smoke", {"n": 1})
APP, APP2 = (res("app", {"n": n}, depends_on={"update": ["smoke.test"]}) for n in (1, 2))
AFTER = res("app", {"n": 2}, depends_on={"update": ["smoke.update"]})
STAMPED = res("smoke", {"n": 1}, actions={"test": "1-aaaa"})
TRIED = Attempt("update", "service", (), {"n": 1})

OWED = situation(applied(SMOKE, APP, smoke={"owed": {"test": ("x.update",)}}), SMOKE, APP2)
STAGED = situation(applied(SMOKE, APP), STAMPED, APP2)
UNFINISHED = situation(applied(SMOKE, APP, smoke={"unfinished": TRIED}), SMOKE, AFTER)
OPEN = situation(applied(SMOKE, APP), SMOKE, APP2)

Held = Dict[str, Tuple[str, List[str]]]


@pytest.mark.parametrize(
    "world, held",
    [
        (OWED, {"app.update": ("needs-parent", ["smoke.test"])}),
        (STAGED, {"app.update": ("needs-parent", ["smoke.test"])}),
        (UNFINISHED, {"app.update": ("needs-parent", ["smoke.update"])}),
        (OPEN, {}),
    ],
)
def test_what_waits_for_an_action_that_is_not_done(world: Situation, held: Held) -> None:
    """
    Owed, staged, unfinished: the gate is closed; and open where nothing of that is.
    """
    plan = make_plan(world, Selection(names=("app",)))

    assert held == {entry.id: (entry.reason, list(entry.needs)) for entry in plan.held}


@pytest.mark.parametrize("world", [OWED, STAGED, UNFINISHED])
@pytest.mark.parametrize(
    "selection", [Selection(), Selection(("app", "smoke")), Selection(("app",), with_parents=True)]
)
def test_a_gate_in_the_plan_is_an_order(world: Situation, selection: Selection) -> None:
    """
    Whether it was selected or taken in: what is waited for runs before.
    """
    plan = make_plan(world, selection)

    assert [] == list(plan.held)
    assert plan.changes[-1].id == "app.update"
    assert plan.changes[-1].after == (plan.changes[0].id,)


def test_a_reaction_alone_waits_for_its_gate() -> None:
    """
    The update of app goes on; its restart is held, and owed afterwards.
    """
    app = {"depends_on": {"restart": ["smoke.test"]}, "react_on": {"restart": ["app.update"]}}
    world = situation(applied(SMOKE, res("app", {"n": 1}, **app)), STAMPED, res("app", {"n": 2}, **app))

    plan = make_plan(world, Selection(names=("app",)))

    assert ["app.update"] == [change.id for change in plan.changes]
    assert [("app.restart", (("app.update", "success"),))] == [(held.id, held.triggers) for held in plan.held]


def test_what_is_held_says_what_it_waits_for() -> None:
    """
    The action, and the option that takes it in.
    """
    plan = make_plan(OWED, Selection(names=("app",)))

    assert "it waits for smoke.test, which is not done; --with-parents takes it in" == plan.held[0].message
