"""What is held back, and what for."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Set, Tuple

import pytest

from stagectl.core.model import Attempt, Observed
from stagectl.core.planning.situation import Situation
from tests.build import kind
from tests.unit.core.planning.worlds import applied, res, situation, universe

DB, APP = res("db", {"port": 1}), res("app", {"url": "${db.port}"})
LAST = res("last", {"all": "${app.url}"})

NEW_PARENT = situation({}, DB, APP, LAST)
NEW_PATH = situation(applied(res("db"), res("app")), DB, APP)
DROPPED = situation(applied(DB, APP), res("db"), res("app"))
LISTED = situation(applied(DB, res("app", depends_on=["db"])), res("app"))
REMOVING = Attempt("remove", "service", (), {"port": 1})
HALF = situation(
    applied(DB, res("app", {"x": 1, "url": "${db.port}"}), db={"unfinished": REMOVING}),
    DB,
    res("app", {"x": 2, "url": "${db.port}"}),
)
TRIED = situation(applied(DB, app={"unfinished": Attempt("run", "service", (), {}, form=APP.relations())}))
GONE = situation(applied(DB, APP), res("app"))
SEEN_GONE = situation(
    applied(res("app"), res("web"), app={"observed": Observed(gone=True)}),
    DB,
    res("app", depends_on={"update": ["db.run"]}),
    res("web", depends_on={"remove": ["db.run"]}),
)
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

Expected = Dict[str, Tuple[str, Set[str]]]


@pytest.mark.parametrize(
    "world, selected, expected",
    [
        (NEW_PARENT, {"db"}, {}),
        (NEW_PARENT, {"app"}, {"app": ("needs-parent", {"db"})}),
        (NEW_PARENT, {"app", "last"}, {"app": ("needs-parent", {"db"}), "last": ("needs-parent", {"app"})}),
        (NEW_PATH, {"app"}, {"app": ("needs-parent", {"db"})}),
        (NEW_PATH, {"app", "db"}, {}),
        (DROPPED, {"db"}, {"db": ("needs-reader", {"app"})}),
        (DROPPED, {"app"}, {}),
        (GONE, {"db"}, {"db": ("needs-reader", {"app"})}),
        (LISTED, {"db"}, {"db": ("needs-reader", {"app"})}),
        (LISTED, {"db", "app"}, {}),
        (SEEN_GONE, {"app"}, {"app": ("needs-parent", {"db"})}),  # its run counts as an update
        (SEEN_GONE, {"app", "db"}, {}),
        (SEEN_GONE, {"web"}, {}),
        (HALF, {"app"}, {"app": ("needs-parent", {"db"})}),
        (HALF, {"app", "db"}, {}),
        (TRIED, {"db"}, {"db": ("needs-reader", {"app"})}),
        (TRIED, {"db", "app"}, {}),
        (GONE, {"db", "app"}, {}),
        (REPORTED, {"db"}, {"db": ("needs-reader", {"app"})}),
        (REPORTED, {"db", "app"}, {}),
    ],
)
def test_what_waits_for_what_is_not_selected(world: Situation, selected: Set[str], expected: Expected) -> None:
    """
    A parent that is missing holds its children, a reader that is missing the change that takes its value away.
    """
    found = universe(world, *selected).holds

    assert expected == {name: (hold.reason.value, set(hold.blockers)) for name, hold in found.items()}


def test_an_affected_child_that_the_tags_leave_out_is_held() -> None:
    """
    app reads what changes; its tag is not the one asked for.
    """
    app = res("app", {"url": "${db.port}"}, ["b"])
    world = situation(applied(DB, app), res("db", {"port": 2}), app)

    assert {"app": "outside-selection"} == _reasons(world, children=False)
    assert {} == _reasons(world, children=True)


def _reasons(world: Situation, children: bool) -> Dict[str, str]:
    found = universe(world, "db", tags=lambda tags: "a" in tags, children=children).holds
    return {str(name): hold.reason.value for name, hold in found.items()}


def test_nothing_is_held_where_everything_is_selected() -> None:
    """
    A hold is for something that was left out.
    """
    for world in (NEW_PARENT, NEW_PATH, DROPPED, GONE):
        assert {} == universe(world).holds
