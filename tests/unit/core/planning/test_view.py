"""A view: selected resources as staged, everything else as applied."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from stagectl.core.model import Name
from stagectl.core.planning.situation import Hold, Scope
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import Reason
from tests.unit.core.planning.worlds import applied, res, situation

DB, APP = res("db", {"port": 1}), res("app", {"url": "${db.port}"})
WORLD = situation(applied(DB, APP), res("db", {"port": 2}), APP)


@pytest.mark.parametrize(
    ("selected", "more", "name", "inputs"),
    [
        # An edit is seen only where it is selected, and a child sees what its parent shows.
        ("db", {}, "db", {"port": 2}),
        ("app", {}, "db", {"port": 1}),
        ("db", {}, "app", {"url": 2}),
        ("app", {}, "app", {"url": 1}),
        # A hold takes the staged form out of effect, for the resource itself and for all who read it.
        ("db app", {"holds": {Name("db"): Hold(Reason.NEEDS_READER)}}, "db", {"port": 1}),
        ("db app", {"holds": {Name("db"): Hold(Reason.NEEDS_READER)}}, "app", {"url": 1}),
        # What takes no part keeps the value that it was applied with, whatever its parents do.
        ("db", {"passive": frozenset({Name("app")})}, "app", {"url": 1}),
    ],
)
def test_a_view_shows_what_is_in_effect(
    selected: str, more: Dict[str, Any], name: str, inputs: Dict[str, object]
) -> None:
    """
    And is not changed by looking.
    """
    one, other = (View(WORLD, Scope(frozenset(map(Name, selected.split()))), **more) for _ in range(2))

    assert inputs == (one.resolver if more else one).inputs(Name(name))
    assert one == other and {*one.shown} == {*more.get("holds", ()), *more.get("passive", ())}
    assert one.is_staged_here(Name("db")) == (selected == "db")
