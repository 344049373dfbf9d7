"""Gates and one change alone; who joins and who waits is in test_second_planner.py, but for what is seldom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping

import pytest

from stagectl.core.errors import StagectlError
from stagectl.core.model import Attempt
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Scope, Situation
from stagectl.core.planning.view import View
from stagectl.core.plans.selection import Selection
from tests.build import kind
from tests.unit.core.planning.worlds import Shown, applied, planned, res, situation

# --- a value that another kind no longer reports was read until now; an order around what is replaced

DB, APP = res("db", {"port": 1}), res("app", {"url": "${db.port}"})
REPORTED = replace(
    situation(
        applied(res("db", kind="old"), APP, db={"outputs": {"port": 1}}, app={"inputs": {"url": 1}}),
        res("db", kind="new"),
        res("app"),
    ),
    kinds={
        "service": kind("service"),
        "old": kind("old", outputs={"type": "object", "properties": {"port": {}}}),
        "new": kind("new"),
    },
)
# A reading has to end after the parent that is replaced was run: what was read stays as long.
CROSSED = situation(
    applied(DB, res("mq", {"port": 1}), res("a", {"x": "${db.port}"}), res("b", {"x": "${mq.port}"})),
    res("db", {"port": 2, "zone": "b"}),
    res("mq", {"port": 2, "zone": "b"}),
    res("a", {"x": "${mq.port}"}),
    res("b", {"x": "${db.port}"}),
)
AFTER = {"mq.run": "mq.remove", "a.update": "mq.run", "db.remove": "a.update", "db.run": "db.remove",
         "b.update": "db.run"}  # fmt: skip
SELDOM = [
    (REPORTED, "db", Shown("", held={"db.remove": "needs-reader app.update", "db.run": "needs-reader app.update"},
                           pending="app.update")),
    (CROSSED, "", Shown("mq.remove mq.run a.update db.remove db.run b.update",
                        {later: {"after": [earlier]} for later, earlier in AFTER.items()})),
]  # fmt: skip


@pytest.mark.parametrize(("world", "words", "shown"), SELDOM)
def test_what_is_seldom_in_a_plan(world: Situation, words: str, shown: Shown) -> None:
    """
    What is held, and what comes first.
    """
    assert shown == shown.seen_in(planned(world, words))


# --- an action that waits for an action of a parent which has yet to succeed


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("test", {"owed": {"test": ("x.update",)}}),
        ("update", {"unfinished": Attempt("update", "service", (), {})}),
        ("restart", {}),
    ],
)
def test_what_waits_for_an_action_that_has_yet_to_succeed_says_so(action: str, left: Mapping[str, Any]) -> None:
    """
    Of a parent that is not selected, whether it is owed, failed or staged by name; and how to take it in.
    """
    smoke, gate = res("smoke"), f"smoke.{action}"
    staged = smoke if left else res("smoke", actions={action: "1-aaaa"})
    app, app2 = (res("app", {"n": n}, depends_on={"update": [gate]}) for n in (1, 2))
    world = situation(applied(smoke, app, smoke=left), staged, app2)

    said = f"it waits for {gate}, which is not done; --with-parents takes it in"
    shown = Shown("", held={"app.update": f"needs-parent {gate}"}, pending=gate, said={"app.update": said})
    assert shown == shown.seen_in(planned(world, "app"))


# --- one change alone: an explicit one with what is applied, an inferred one without explicit ones

WEB, WEB2 = res("web", {"port": 1}), res("web", {"port": 2}, actions={"restart": "1-aaaa", "test": "1-bbbb"})
READER = res("app", {"port": "${web.port}"}, react_on={"test": ["web.update"]})
WORLD = situation(applied(WEB, READER), WEB2, READER)


@pytest.mark.parametrize(("names", "port"), [("web.restart", 1), ("web.update", 2), ("web.update web.test", 2)])
def test_one_change_of_a_resource(names: str, port: int) -> None:
    """
    An explicit action alone acts with what is applied, and stores no staged file: its stamp is all that is kept.
    """
    plan = make_plan(WORLD, Selection(tuple(names.split())))

    assert {port} == {change.inputs["port"] for change in plan.changes if change.resource == "web" and change.inputs}
    assert (WEB if port == 1 else WEB2) == plan.targets[WEB.name].resource
    assert port == 2 or {"restart": "1-aaaa"} == plan.changes[0].stamps


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("web.reload", {"unfinished": Attempt("run", "service", (), {}, replaces=True), "owed": {"reload": ()}}),
        ("web.restart", {"resource": WEB, "inputs": {"port": 1}, "unfinished": Attempt("remove", "service", (), {})}),
    ],
)
def test_an_action_alone_of_what_is_not_live_waits_for_its_run(asked: str, left: Mapping[str, Any]) -> None:
    """
    It is owed, and the resource was removed by a replace; or that was removed half-way.
    """
    plan = planned(situation(applied(web=left), WEB2), asked)

    assert ([], {asked: "needs-parent"}, {asked: ["web.run"]}) == (plan.ids, plan.held, plan.needs)


def test_what_takes_no_part_keeps_the_values_that_it_was_applied_with() -> None:
    """
    Whatever its parents do.
    """
    view = View(WORLD, Scope(frozenset({WEB.name})), passive=frozenset({READER.name}))
    assert {"port": 1} == view.resolver.inputs(READER.name)


def test_a_reaction_cannot_be_selected() -> None:
    """
    What it follows from can.
    """
    with pytest.raises(StagectlError, match=r"app\.test follows from web\.update, and cannot be selected alone"):
        planned(WORLD, "app.test")
