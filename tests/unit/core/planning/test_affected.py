"""Scope: what was not selected joins, or is held, only because of a change in the plan."""

from __future__ import annotations

from typing import Dict, List, Set

import pytest

from stagectl.core.model import Attempt
from stagectl.core.planning.changes import draft_changes
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection
from tests.build import kind
from tests.unit.core.planning.worlds import KINDS, applied, named, res, situation, universe

NET, DB = res("net", {"cidr": 1}), res("db", {"port": 1})
STALE = res("old", {"cidr": "${net.cidr}"})
READER = res("app", {"cidr": "${old.cidr}", "port": "${db.port}"})
BEFORE = applied(NET, DB, STALE, READER, old={"inputs": {"cidr": 0}}, app={"inputs": {"cidr": 0, "port": 1}})
OUTPUTS = {"type": "object", "properties": {"id": {"type": "integer"}}}
FAILED = Attempt("update", "service", (), {"port": 1})


def world(*edited: object, **more: Dict[str, object]) -> Situation:
    forms = {each.name: each for each in (NET, DB, STALE, READER, *edited)}  # type: ignore[attr-defined]
    before = {**BEFORE, **{n: applied(forms[n], **{n: fields})[n] for n, fields in more.items()}}  # type: ignore
    return situation(before, *forms.values())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "staged, selected, expected",
    [
        ([res("db", {"port": 2})], {"db"}, {"db.update", "app.update"}),
        ([res("db", {"port": 2})], {"net"}, set()),
        ([res("net", {"cidr": 2})], {"net"}, {"net.update", "old.update", "app.update"}),
        ([res("net", {"cidr": 1, "x": 1})], {"net"}, {"net.update"}),
        ([], {"old"}, {"old.update", "app.update"}),
        ([], {"db"}, set()),
    ],
)
def test_what_joins_reads_what_a_change_of_the_plan_changes(
    staged: List[object], selected: Set[str], expected: Set[str]
) -> None:
    """
    old was applied before net changed: it joins where net changes again, and not because it is stale.
    """
    assert expected == set(draft_changes(universe(world(*staged), *selected)).by_id)


def test_a_stale_parent_shows_what_it_was_applied_with() -> None:
    """
    app joins for db's sake; of old, which is stale, it sees what old was applied with.
    """
    plan = make_plan(world(res("db", {"port": 2})), Selection(names=("db",)))

    assert {"cidr": 0, "port": 2} == dict(plan.targets[READER.name].inputs)
    assert ("old.update",) == plan.pending


@pytest.mark.parametrize("selected, joins", [("db", False), ("app", True)])
def test_debts_and_unfinished_changes_of_others_are_pending(selected: str, joins: bool) -> None:
    """
    app owes a restart: that runs where app is selected, and is pending where it is not.
    """
    some = situation(applied(DB, res("app"), app={"owed": {"restart": ("db.update",)}}), DB, res("app"))
    tried = situation(applied(DB, res("app"), app={"unfinished": FAILED}), DB, res("app"))

    for each, change in ((some, "app.restart"), (tried, "app.update")):
        plan = make_plan(each, Selection(names=(selected,)))
        assert (joins, not joins) == (change in [c.id for c in plan.changes], change in plan.pending)


def test_pending_is_not_in_the_plan_id() -> None:
    """
    A debt that comes up elsewhere changes nothing in what was reviewed.
    """
    edited = res("db", {"port": 2})
    plain = situation(applied(DB, res("app")), edited, res("app"))
    owing = situation(applied(DB, res("app"), app={"owed": {"restart": ("x.update",)}}), edited, res("app"))

    one, other = (make_plan(each, Selection(names=("db",))) for each in (plain, owing))

    assert one.id == other.id
    assert (one.pending, other.pending) == ((), ("app.restart",))


def test_what_reacts_and_is_stale_is_not_affected_because_others_read_what_it_may_report() -> None:
    """
    host reacts with the values that it was applied with, and is not replaced for net; client may be affected by it.
    """
    kinds = {**KINDS, "box": kind("box", replace_on=["cidr"], actions={"update": ["true"]}, outputs=OUTPUTS)}
    host = res("host", {"cidr": "${net.cidr}"}, kind="box", react_on={"update": ["db.update"]})
    client = res("client", {"id": "${host.id}"})
    states = {"host": {"inputs": {"cidr": 0}, "outputs": {"id": 1}}, "client": {"inputs": {"id": 1}}}
    before = applied(NET, DB, host, client, **states)
    staged = named(NET, res("db", {"port": 2}), host, client)

    plan = make_plan(Situation(before, staged, kinds), Selection(names=("db",)))

    causes = {change.id: (str(change.cause.type), change.conditional) for change in plan.changes}
    assert {
        "db.update": ("staged", False),
        "host.update": ("reaction", False),
        "client.update": ("child", True),
    } == causes
