"""Pictures as SVG: colour and sign per action, held-back dashed, causes at the pointer, nothing that acts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import List
from xml.etree import ElementTree

from stagectl.core.diff import Difference, Op
from stagectl.core.model import Name, change_id
from stagectl.core.pictures.layout import drawing, lay_out_layers
from stagectl.core.pictures.reports import ResourceNode
from stagectl.core.plans.plan import Cause, Change, Held, Plan, Reason
from stagectl.views.pages.figure import Figure, graph_figure, plan_figure
from stagectl.views.pages.svg import sizes, svg
from tests.fleet import fleet_plan

SPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = '</title><script>alert(1)</script>&<!--" onload="x\x00\x1b[31m\ufffe\ud800'


def drawn(figure: Figure) -> str:
    return svg(figure, drawing(sizes(figure), figure.edges, lay_out_layers))


def texts(element: ElementTree.Element, tag: str) -> List[str]:
    return [found.text or "" for found in element.iter(SPACE + tag)]


def one_of_each() -> Plan:
    def change(name: str, action: str, cause: Cause, *after: str) -> Change:
        return Change(
            change_id(name, action),
            Name(name),
            action,
            "service",
            (),
            cause,
            diff=(Difference(("port",), Op.REPLACE, 1, 2),) if action == "update" else (),
            after=tuple(change_id(*one.split(".")) for one in after),
        )

    held = Held(
        change_id("p/e", "update"), Name("p/e"), "update", (), Reason.OUTSIDE, (change_id("p/b", "update"),), "no"
    )
    return Plan(
        changes=(
            change("p/a", "run", Cause("staged")),
            change("p/b", "update", Cause("child", (change_id("p/a", "run"),)), "p/a.run"),
            change("p/c", "restart", Cause("reaction", (change_id("p/b", "update"),)), "p/b.update", "p/a.run"),
            change("p/d", "remove", Cause("staged"), "p/b.update"),
        ),
        held=(held,),
    )


def test_every_change_has_its_id_sign_colour_and_cause() -> None:
    """
    Boxes in plan order; the arrow from p/a.run to p/c.restart is implied, the one to the removal is order only.
    """
    root = ElementTree.fromstring(drawn(plan_figure(one_of_each())))

    titles = texts(root, "text")
    assert [
        "+ p/a.run", "staged",
        "~ p/b.update", "reads ./a.run",
        "! p/c.restart", "reacts on ./b.update",
        "- p/d.remove", "staged",
        "~ p/e.update", "held back: outside-selection",
    ] == titles  # fmt: skip
    assert "p/b.update  (reads p/a.run)\nkind service\nport: 1 -> 2" == texts(root, "title")[2]
    assert "p/e.update is held back (outside-selection)\nno" == texts(root, "title")[5]
    boxes = list(root.iter(SPACE + "rect"))[1:]
    assert ["#dafbe1", "#fff8c5", "#ddf4ff", "#ffebe9", "#f6f8fa"] == [box.get("fill") for box in boxes]
    assert [None, None, None, None, "5 4"] == [box.get("stroke-dasharray") for box in boxes]
    arrows = [path.get("stroke-dasharray") for path in root.iter(SPACE + "path") if path.get("marker-end")]
    assert [None, None, "2 3", None] == arrows


def test_an_empty_plan_says_so() -> None:
    """
    And an empty repository.
    """
    assert ["No changes."] == texts(ElementTree.fromstring(drawn(plan_figure(Plan()))), "text")
    assert ["There are no resources yet."] == texts(ElementTree.fromstring(drawn(graph_figure([]))), "text")


def test_no_value_can_act() -> None:
    """
    Markup, and characters that XML does not have, in a value, a path and a message: the picture is still XML, with no
    script, no handler and no link in it.
    """
    plan = one_of_each()
    update = replace(
        plan.changes[1],
        diff=(Difference((HOSTILE,), Op.ADD, None, HOSTILE),),
        cause=Cause("replace", (), (HOSTILE,)),
        tags=(HOSTILE,),
    )
    hostile = replace(plan, changes=(plan.changes[0], update), held=(plan.held[0]._replace(message=HOSTILE),))

    text = drawn(plan_figure(hostile))

    root = ElementTree.fromstring(text)
    assert {"svg", "title", "defs", "marker", "path", "rect", "g", "text"} == {
        e.tag.replace(SPACE, "") for e in root.iter()
    }
    names = {name for element in root.iter() for name in element.keys()}  # noqa: SIM118
    assert not any(name.startswith("on") or name in ("href", "style", "src") for name in names)
    assert "alert(1)" in text and "\x1b" not in text


def test_a_sensitive_value_is_not_in_it() -> None:
    """
    Neither before nor after.
    """
    update = replace(
        one_of_each().changes[1],
        diff=(Difference(("key",), Op.REPLACE, "old", "s3cret"),),
        sensitive=frozenset({"key"}),
    )

    text = drawn(plan_figure(Plan(changes=(update,))))

    assert "s3cret" not in text and "key: (sensitive)" in text


def test_resources_show_what_a_plan_has_for_them() -> None:
    """
    The first action gives the colour; what is not live yet is dashed, order only dotted.
    """
    nodes = [
        ResourceNode(Name("a"), "db", (), (), (), "live"),
        ResourceNode(Name("b"), "app", (Name("a"),), (), (), "live", changes=("update", "restart")),
        ResourceNode(Name("c"), "app", (), (Name("a"),), (), "staged", changes=("run",)),
    ]

    root = ElementTree.fromstring(drawn(graph_figure(nodes)))

    assert ["a", "db", "~/! b", "app: update, restart", "+ c", "app: run"] == texts(root, "text")
    assert "b  (app)\nreads a\nin the plan: app: update, restart" == texts(root, "title")[2]
    arrows = [path.get("stroke-dasharray") for path in root.iter(SPACE + "path") if path.get("marker-end")]
    assert [None, "2 3"] == arrows


def test_five_hundred_changes_are_all_there() -> None:
    """
    Every id once as a box, in less than a megabyte, the same bytes again.
    """
    plan = fleet_plan(50)

    text = drawn(plan_figure(plan))

    assert 511 == len(plan.changes)
    shown = re.findall(r'font-weight="600">(?:\S+) ([^<]+)<', text)
    assert [change.id for change in plan.changes] == shown
    assert len(text) < 1_000_000
    assert text == drawn(plan_figure(fleet_plan(50)))
