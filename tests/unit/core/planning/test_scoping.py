"""One change alone: a name in a selection may be a change."""

from __future__ import annotations

from typing import Any, List, Mapping, Tuple

import pytest

from stagectl.core.errors import StagectlError
from stagectl.core.model import Attempt
from stagectl.core.planning.planner import make_plan
from stagectl.core.plans.selection import Selection
from tests.unit.core.planning.worlds import applied, res, situation

WEB, WEB2 = res("web", {"port": 1}), res("web", {"port": 2}, actions={"restart": "1-aaaa", "test": "1-bbbb"})
APP = res("app", {"port": "${web.port}"})
WORLD = situation(applied(WEB, APP), WEB2, APP)
ZONE = situation(applied(WEB), res("web", {"port": 1, "zone": "b"}, actions={"restart": "1-aaaa"}))


@pytest.mark.parametrize(
    "names, ids, inputs, pending",
    [
        (["web.restart"], ["web.restart"], {"port": 1}, ["app.update", "web.test", "web.update"]),
        (["web.update"], ["web.update", "app.update"], {"port": 2}, ["web.restart", "web.test"]),
        (["web.update", "web.test"], ["web.update", "app.update", "web.test"], {"port": 2}, ["web.restart"]),
        (["web"], ["web.update", "app.update", "web.restart", "web.test"], {"port": 2}, []),
        (["web", "web.restart"], ["web.update", "app.update", "web.restart", "web.test"], {"port": 2}, []),
        (["web.remove"], [], {}, ["app.update", "web.restart", "web.test", "web.update"]),
    ],
)
def test_one_change_of_a_resource(
    names: List[str], ids: List[str], inputs: Mapping[str, Any], pending: List[str]
) -> None:
    """
    An explicit action acts with what is applied, an inferred one comes without explicit ones; the rest stays pending.
    """
    plan = make_plan(WORLD, Selection(tuple(names)))
    of_web = [change for change in plan.changes if change.resource == "web"]

    assert ids == [change.id for change in plan.changes]
    assert [inputs] * len(of_web) == [dict(change.inputs or {}) for change in of_web]
    assert pending == list(plan.pending)


@pytest.mark.parametrize("name", ["web.run", "web.remove"])
def test_a_replace_is_taken_whole(name: str) -> None:
    """
    Half of it would leave nothing.
    """
    plan = make_plan(ZONE, Selection((name,)))

    assert (["web.remove", "web.run"], ("web.restart",)) == ([change.id for change in plan.changes], plan.pending)


def test_an_action_alone_stores_no_staged_file() -> None:
    """
    What is kept of web is what was applied.
    """
    plan = make_plan(WORLD, Selection(("web.restart",)))

    assert WEB == plan.targets[WEB.name].resource
    assert {"restart": "1-aaaa"} == plan.changes[0].stamps


@pytest.mark.parametrize(
    "before, needs",
    [
        ({}, ("web.run",)),
        ({"unfinished": Attempt("run", "service", (), {"port": 2})}, ("web.run",)),
        ({"unfinished": Attempt("run", "service", (), {"port": 1})}, ("web.run",)),
        ({"unfinished": Attempt("run", "service", (), {"port": 2}, replaces=True)}, ("web.run",)),
        ({"resource": WEB, "inputs": {"port": 1}, "unfinished": Attempt("remove", "service", (), {})}, ("web.run",)),
        ({"unfinished": Attempt("run", "service", (), {}, replaces=True), "owed": {"reload": ()}}, ("web.run",)),
    ],
)
def test_an_action_alone_of_what_is_not_live_waits_for_its_run(before: Mapping[str, Any], needs: Tuple[str]) -> None:
    """
    Never applied, tried, removed by a replace, removed half-way: nothing acts and nothing reacts; the run takes it in.
    """
    app = res("app", react_on={"test": ["web.restart"]})
    world = situation(applied(app, web=before), WEB2, app)
    asked = "web.reload" if "owed" in before else "web.restart"

    plan = make_plan(world, Selection((asked,)))
    with_run = make_plan(world, Selection((asked,), with_parents=True))

    assert [] == [*plan.changes, *plan.recorded]
    assert [(asked, "needs-parent", needs)] == [(held.id, held.reason.value, held.needs) for held in plan.held]
    assert {*needs, asked} <= {change.id for change in with_run.changes} and with_run.held == ()


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
    An unknown action, an unknown resource, a reaction, an action of what was never run.
    """
    app = res("app", {"port": "${web.port}"}, react_on={"test": ["web.update"]})
    new = res("new", actions={"restart": "1-aaaa"})

    with pytest.raises(StagectlError) as error:
        make_plan(situation(applied(WEB, app), WEB2, app, new), Selection((name,)))

    assert message == error.value.message
