"""A view: selected resources as staged, everything else as applied."""

from __future__ import annotations

from stagectl.core.model import Name
from stagectl.core.planning.situation import Hold, Scope
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import Reason
from tests.unit.core.planning.worlds import applied, res, situation

DB, APP = res("db", {"port": 1}), res("app", {"url": "${db.port}"})
WORLD = situation(applied(DB, APP), res("db", {"port": 2}), APP)


def view(*selected: str, **more: object) -> View:
    return View(WORLD, Scope(frozenset(map(Name, selected))), **more)  # type: ignore[arg-type]


def test_a_selected_resource_shows_what_is_staged_and_another_what_is_applied() -> None:
    """
    db is edited: only where it is selected is that seen.
    """
    assert {"port": 2} == view("db").inputs(Name("db"))
    assert {"port": 1} == view("app").inputs(Name("db"))


def test_a_child_sees_what_its_parent_shows() -> None:
    """
    app reads db, in whatever form db is in effect.
    """
    assert {"url": 2} == view("db").inputs(Name("app"))
    assert {"url": 1} == view("app").inputs(Name("app"))


def test_what_is_held_shows_what_is_applied() -> None:
    """
    A hold takes the staged form out of effect, for the resource itself and for all who read it.
    """
    held = view("db", "app", holds={Name("db"): Hold(Reason.NEEDS_READER)})

    assert not held.is_staged_here(Name("db"))
    assert {"url": 1} == held.inputs(Name("app"))


def test_a_passive_resource_shows_its_applied_values_whatever_its_parents_do() -> None:
    """
    app takes no part: its value is the one it was applied with, though db changes.
    """
    passive = view("db", passive=frozenset({Name("app")}))

    assert 1 == passive.resolver.inputs(Name("app"))["url"]
    assert Name("app") in passive.shown


def test_a_view_is_not_changed_by_looking() -> None:
    """
    Two views that are equal stay so, whatever was asked of one of them.
    """
    one, other = view("db"), view("db")
    one.inputs(Name("app"))

    assert one == other
