"""Gates and one change alone; who joins and who waits is in test_second_planner.py, but for what is seldom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping

import pytest

from stagectl.core.errors import StagectlError
from stagectl.core.model import Attempt
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection
from tests.build import kind
from tests.unit.core.planning.worlds import Shown, applied, planned, res, situation

DB, APP = res("db", {"port": 1}), res("app", {"url": "${db.port}"})

# --- a value that another kind no longer reports was read until now; an order around what is replaced

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

# --- an action that waits for an action of a parent which has yet to succeed

SMOKE, STAMPED = res("smoke", {"n": 1}), res("smoke", {"n": 1}, actions={"test": "1-aaaa"})
GATED, GATED2 = (res("app", {"n": n}, depends_on={"update": ["smoke.test"]}) for n in (1, 2))
OWED = situation(applied(SMOKE, GATED, smoke={"owed": {"test": ("x.update",)}}), SMOKE, GATED2)
STAGED = situation(applied(SMOKE, GATED), STAMPED, GATED2)
UNFINISHED = situation(
    applied(SMOKE, GATED, smoke={"unfinished": Attempt("update", "service", (), {"n": 1})}),
    SMOKE,
    res("app", {"n": 2}, depends_on={"update": ["smoke.update"]}),
)
GATES = [
    (OWED, "app", Shown("", held={"app.update": "needs-parent smoke.test"}, pending="smoke.test", said={
        "app.update": "it waits for smoke.test, which is not done; --with-parents takes it in"})),
    (UNFINISHED, "app", Shown("", held={"app.update": "needs-parent smoke.update"}, pending="smoke.update")),
    *((world, "app --with-parents", Shown(f"{gate} app.update", {"app.update": {"after": [gate]}}))
      for world, gate in ((OWED, "smoke.test"), (STAGED, "smoke.test"), (UNFINISHED, "smoke.update"))),
]  # fmt: skip

# --- one change alone: an explicit one with what is applied, an inferred one without explicit ones; a replace whole

WEB, WEB2 = res("web", {"port": 1}), res("web", {"port": 2}, actions={"restart": "1-aaaa", "test": "1-bbbb"})
WEBS = res("app", {"port": "${web.port}"})
WORLD = situation(applied(WEB, WEBS), WEB2, WEBS)
ZONE = situation(applied(WEB), res("web", {"port": 1, "zone": "b"}, actions={"restart": "1-aaaa"}))
ALONE = [
    (WORLD, "web.restart", Shown("web.restart", pending="app.update web.test web.update")),
    (WORLD, "web.update web.test", Shown("web.update app.update web.test", pending="web.restart")),
    (ZONE, "web.remove", Shown("web.remove web.run", pending="web.restart")),
]


@pytest.mark.parametrize(("world", "words", "shown"), [*SELDOM, *GATES, *ALONE])
def test_what_is_in_a_plan_of_a_part(world: Situation, words: str, shown: Shown) -> None:
    """
    And what is held, recorded or left to others.
    """
    assert shown == shown.seen_in(planned(world, words))


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
    "before",
    [
        {},
        {"unfinished": Attempt("run", "service", (), {"port": 2}, replaces=True)},
        {"resource": WEB, "inputs": {"port": 1}, "unfinished": Attempt("remove", "service", (), {})},
        {"unfinished": Attempt("run", "service", (), {}, replaces=True), "owed": {"reload": ()}},
    ],
)
def test_an_action_alone_of_what_is_not_live_waits_for_its_run(before: Mapping[str, Any]) -> None:
    """
    Never applied, removed by a replace, removed half-way: nothing acts and nothing reacts; the run takes it in.
    """
    app = res("app", react_on={"test": ["web.restart"]})
    world = situation(applied(app, web=before), WEB2, app)
    asked = "web.reload" if "owed" in before else "web.restart"

    plan, with_run = planned(world, asked), planned(world, f"{asked} --with-parents")

    assert ([], [], {asked: "needs-parent"}, {asked: ["web.run"]}) == (
        plan.ids, plan.raw["recorded"], plan.held, plan.needs
    )  # fmt: skip
    assert {"web.run", asked} <= {*with_run.ids} and with_run.held == {}


@pytest.mark.parametrize(
    "name, message",
    [
        ("web.restrat", "'web' has no action 'restrat'; did you mean 'restart'?"),
        ("wbe.restart", "'wbe.restart' is not a resource name"),
        ("app.test", "app.test follows from web.update, and cannot be selected alone"),
    ],
)
def test_a_change_that_cannot_be_selected(name: str, message: str) -> None:
    """
    An unknown action, an unknown resource, a reaction.
    """
    app = res("app", {"port": "${web.port}"}, react_on={"test": ["web.update"]})

    with pytest.raises(StagectlError) as error:
        planned(situation(applied(WEB, app), WEB2, app), name)

    assert message == error.value.message
