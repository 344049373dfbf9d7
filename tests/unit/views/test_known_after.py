"""Values that are known after a change, and conditional changes, in every view."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Callable, Tuple

import pytest

from stagectl.core.model import Applied, Name
from stagectl.core.pictures.layout import drawing, lay_out_layers
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.document import to_document, with_id
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.range_diff import range_diff
from stagectl.core.plans.read_document import from_document
from stagectl.core.plans.selection import Selection
from stagectl.views.comments.plan_github import plan_github
from stagectl.views.comments.plan_markdown import plan_markdown
from stagectl.views.pages.figure import plan_figure
from stagectl.views.pages.page import plan_page
from stagectl.views.pages.plan_graph import collapse, dot, mermaid, picture
from stagectl.views.pages.svg import sizes, svg
from stagectl.views.plans.plan_json import plan_json
from stagectl.views.plans.plan_text import explain_text, plan_text
from stagectl.views.plans.range_diff import range_diff_text
from tests.build import kind, resource

KINDS = {
    "database": kind(
        "database",
        outputs={"properties": {"url": {}, "oid": {}}},
        reports={"run": ["url", "oid"], "update": ["url", "oid"]},
        actions={"run": ["x"], "update": ["x"]},
    ),
    "plain": kind("plain", replace_on=["oid"]),
}
REPORTED = {"url": "a", "oid": 7}
RESOURCES = {
    "p/app": {"url": "http://${p/db.url}/"},
    "p/pool": {"oid": "${p/db.oid}"},
}


def planned(size: int = 2) -> Plan:
    """The database is updated: app may be, pool may be replaced, and new is run with a value that is known after it."""
    staged = {Name(name): resource(name, "plain", inputs=inputs) for name, inputs in RESOURCES.items()}
    staged[Name("p/db")] = resource("p/db", "database", inputs={"size": size})
    applied = {
        Name("p/db"): Applied(resource("p/db", "database", inputs={"size": 1}), {"size": 1}, outputs=REPORTED),
        Name("p/app"): Applied(staged[Name("p/app")], {"url": "http://a/"}),
        Name("p/pool"): Applied(staged[Name("p/pool")], {"oid": 7}),
    }
    staged[Name("p/new")] = resource("p/new", "plain", inputs={"url": "${p/db.url}"})
    return make_plan(Situation(applied, staged, KINDS), Selection())


def in_svg(plan: Plan) -> str:
    figure = plan_figure(plan)
    return svg(figure, drawing(sizes(figure), figure.edges, lay_out_layers))


def data_of(plan: Plan) -> str:
    """What the page has of app, pool and new, a line each."""
    found = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', plan_page(plan), re.DOTALL)
    assert found
    nodes = json.loads(found.group(1))["nodes"]
    keys = ("title", "state", "border", "note", "values")
    return "\n".join(" | ".join(str(node[key]) for key in keys) for node in nodes)


APP = "(known after p/db.update: http://${p/db.url}/)"
VIEWS: Tuple[Tuple[Callable[[Plan], str], Tuple[str, ...]], ...] = (
    (
        plan_text,
        (
            f'~? p/app.update  (reads p/db.update, if a value turns out to differ)\n    url: "http://a/" -> {APP}',
            "-/+? p/pool.remove, p/pool.run  (reads p/db.update, if a value turns out to differ)",
            "+ p/new.run  (staged)\n    url: (known after p/db.update: ${p/db.url})",
        ),
    ),
    (
        plan_json,
        ('"known_after": ["p/db.update"], "written": "http://${p/db.url}/"', '"conditional": true'),
    ),
    (
        lambda plan: explain_text(plan, Name("p/app"), {}),
        ("~? p/app.update  (reads p/db.update, if a value turns out to differ)", APP, "  ~ p/db.update  (staged)"),
    ),
    (
        lambda plan: plan_github(plan, {}),
        (f'p/app.update: reads p/db.update, if a value turns out to differ%0Aurl: "http://a/" -> {APP}',),
    ),
    (
        lambda plan: mermaid(picture(plan)).replace("\u00a0", " "),
        (
            '["p/app.update ~? conditional (http://${p/db.url}/ known after p/db.update)"]:::updateMaybe',
            '["p/pool.run +? conditional (${p/db.oid} known after p/db.update)"]:::runMaybe',
            '["p/new.run + (${p/db.url} known after p/db.update)"]:::run\n',
            "classDef updateMaybe stroke-dasharray:2 4,",
        ),
    ),
    (
        lambda plan: mermaid(collapse(plan, lambda name: "p")).replace("\u00a0", " "),
        ('["p: 1 to update ~? conditional"]:::updateMaybe', '["p: 1 to update ~"]:::update\n'),
    ),
    (
        lambda plan: dot(picture(plan)),
        ('label="p/app.update ~? conditional (http://${p/db.url}/ known after p/db.update)", style=dotted]',),
    ),
    (
        in_svg,
        (
            "conditional: http://${./db.url}/ after ./...",
            ">conditional: reads ./db.update<",
            "url: &quot;http://a/&quot; -&gt; (known after p/db.update: http://${p/db.url}/)",
            'stroke-dasharray="1.5 3"',
            ">staged: ${./db.url} after ./db.update<",
        ),
    ),
    (
        data_of,
        (
            "~? p/app.update | conditional | dotted | conditional: http://${./db.url}/ after ./db.update | "
            "[['url', '\"http://a/\"', '(known after p/db.update: http://${p/db.url}/)']]",
            "+ p/new.run | planned |  | staged: ${./db.url} after ./db.update",
            "~ p/db.update | planned |  | staged",
        ),
    ),
    (plan_page, ("dotted: conditional, if a value differs",)),
)


@pytest.mark.parametrize("view, parts", VIEWS)
def test_a_view_has_the_reference_the_change_and_a_word_for_what_is_conditional(
    view: Callable[[Plan], str], parts: Tuple[str, ...]
) -> None:
    """Text, JSON, explanation, annotations, Mermaid, DOT, SVG, the page: a sign and a word, not only a colour."""
    shown = view(planned())

    assert [part for part in parts if part not in shown] == [], shown


def test_the_comment_has_it_in_its_table_and_its_picture() -> None:
    """Markdown for a pull request."""
    plan = planned()

    shown = plan_markdown(plan).replace("\u00a0", " ")

    assert "if a value turns out to differ" in shown
    assert "known after p/db.update" in shown and "${p/db.url}" in shown
    assert "~? conditional" in shown


def test_what_became_of_a_reviewed_plan_says_that_a_change_is_conditional_now() -> None:
    """Its value was known when it was reviewed, and it would have run in any case; both are said."""
    later = planned()
    (change,) = [one for one in later.changes if one.id == "p/app.update"]
    value = change.diff[0]._replace(after="http://b/", known_after=(), written="")
    known = replace(change, conditional=False, diff=(value,))
    before = with_id(replace(later, changes=tuple(known if one is change else one for one in later.changes)))

    assert range_diff(later, later).is_empty
    shown = range_diff_text(range_diff(before, later))

    assert '- url: "http://a/" -> "http://b/"' in shown
    assert f'+ url: "http://a/" -> {APP}' in shown
    assert "- because: reads p/db.update\n" in shown and "if a value turns out to differ" in shown


def test_a_saved_plan_keeps_it() -> None:
    """`--out` and back: the same values, the same id."""
    plan = planned()

    again = from_document(json.loads(json.dumps(to_document(plan))), "the plan")

    assert (again.id, to_document(again)) == (plan.id, to_document(plan))
