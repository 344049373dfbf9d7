"""The graph of changes, and that of resources, as a page to search, filter and walk through."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from stagectl.core.diff import Difference, Op
from stagectl.core.model import ChangeId, split_change
from stagectl.core.pictures.layout import Edge
from stagectl.core.pictures.reports import ResourceNode
from stagectl.core.plans.plan import OWN, Change, Plan
from stagectl.views.graph import graph_text
from stagectl.views.pages.figure import Box, Figure, graph_figure, plan_figure
from stagectl.views.pages.html import asset, data_block, html_page
from stagectl.views.pages.svg import text_of
from stagectl.views.plans.destroys import shown_differences
from stagectl.views.plans.plan_text import plan_text, summary_line
from stagectl.views.text import both_texts, dotted_path, selection_words, sign_of, sign_of_change

_SCRIPTS = ("layout.js", "model.js", "page.js")
_LEGEND = (
    ("run", "+", "run"),
    ("update", "~", "update"),
    ("remove", "-", "remove"),
    ("other", "!", "any other action"),
)

PageNode = Dict[str, Any]


def plan_page(plan: Plan) -> str:
    """Return the changes of a plan, those held back, recorded or not selected, as one page."""
    figure = plan_figure(plan)
    nodes = [_change_node(change, box) for change, box in zip(plan.changes, figure.boxes)]
    for held, box in zip(plan.held, figure.boxes[len(plan.changes) :]):
        about = {"kind": "", "tags": list(held.tags), "action": held.action, "state": "held back", "own": True}
        nodes.append(_node(held.id, held.resource, sign_of(held.action), box, about))
    nodes += [_other(name, name, "", "recorded: nothing runs", "recorded") for name in plan.recorded]
    nodes += [_pending(identity) for identity in plan.pending]
    number = {node["id"]: at for at, node in enumerate(nodes)}
    direct = [
        (number[before], number[change.id]) for change in plan.changes for before in change.after if before in number
    ]
    selection = " ".join(selection_words(plan.selection))
    head = f"Plan {plan.id[:12]}" + (f" of {selection}" if selection else "")
    summary = "No changes." if plan.is_empty else summary_line(plan)
    data = {"unit": "change", "empty": figure.empty, "nodes": nodes, "edges": _edges(figure, direct)}
    return _page(head, summary, plan_text(plan), data)


def _change_node(change: Change, box: Box) -> PageNode:
    values = [_row(entry, change) for entry in shown_differences(change)]
    about = {
        "kind": change.kind,
        "tags": list(change.tags),
        "action": change.action,
        "state": "conditional" if change.conditional else "planned",
        "own": change.cause.type in OWN,
    }
    return {**_node(change.id, change.resource, sign_of_change(change), box, about), "values": values}


def _row(entry: Difference, change: Change) -> List[str]:
    if entry.path[0] in change.sensitive:
        return [dotted_path(entry.path), "(sensitive)", "(sensitive)"]
    before, after = both_texts(entry)
    shown = ["" if entry.op == Op.ADD else before, "" if entry.op == Op.REMOVE else after]
    return [dotted_path(entry.path), *shown]


def _node(identity: str, name: str, sign: str, box: Box, more: Mapping[str, Any]) -> PageNode:
    return {
        "id": identity,
        "name": name,
        "sign": sign,
        "title": box.title,
        "note": box.note,
        "style": box.style,
        "border": box.border,
        "about": list(box.about),
        "spoken": f"{more['action']} {name}".strip(),
        "values": [],
        **more,
    }


def _pending(identity: ChangeId) -> PageNode:
    name, action = split_change(identity)
    return {**_other(identity, name, action, "staged, but not selected", "not selected"), "aside": True}


def _other(identity: str, name: str, action: str, note: str, state: str) -> PageNode:
    sign = sign_of(action) if action else ""
    box = Box(f"{sign} {identity}".strip(), note, "held", (f"{identity}: {note}",), "dashed")
    return _node(identity, name, sign, box, {"kind": "", "tags": [], "action": action, "state": state, "own": False})


def _edges(figure: Figure, direct: Sequence[Edge]) -> List[Tuple[int, int, str]]:
    """Return every arrow with what it is: a cause, order only, or order that others imply, which is not drawn."""
    how = dict.fromkeys(direct, "implied")
    how.update({edge: "order" if edge in figure.dotted else "cause" for edge in figure.edges})
    return [(earlier, later, word) for (earlier, later), word in sorted(how.items())]


def graph_page(nodes: Sequence[ResourceNode]) -> str:
    """Return the resources, with what a plan of everything does to them, as one page."""
    figure = graph_figure(nodes)
    shown = []
    for node, box in zip(nodes, figure.boxes):
        action = node.changes[0] if node.changes else ""
        more = {"kind": node.kind, "tags": list(node.tags), "action": action, "state": node.state}
        own = bool(node.changes) or node.state != "live"
        shown.append(_node(node.name, node.name, "/".join(map(sign_of, node.changes)), box, {**more, "own": own}))
    changed = sum(bool(node.changes) for node in nodes)
    summary = f"{len(nodes)} resources, {changed} of them with changes."
    data = {"unit": "resource", "empty": figure.empty, "nodes": shown, "edges": _edges(figure, ())}
    return _page("Resources", summary, graph_text(nodes), data)


def _page(head: str, summary: str, text: str, data: Mapping[str, Any]) -> str:
    """Return the page; data: what its scripts read, with the word for one node under `unit`."""
    legend = "".join(
        f'<li><span class="sign {style}" aria-hidden="true">{sign}</span>{word}</li>' for style, sign, word in _LEGEND
    )
    legend += '<li><span class="sign held" aria-hidden="true">&nbsp;</span>dashed: held back, or not there yet</li>'
    if any(node["border"] == "dotted" for node in data["nodes"]):
        legend += (
            '<li><span class="sign dotted" aria-hidden="true">~?</span>dotted: conditional, if a value differs</li>'
        )
    legend += "<li>solid arrow: the cause; dotted: order only</li>"
    words = {
        "HEAD": text_of(head),
        "SUMMARY": text_of(summary),
        "UNIT": data["unit"],
        "LEGEND": legend,
        "TEXT": text_of(text),
    }
    body = re.sub("@([A-Z]+)@", lambda match: words[match.group(1)], asset("page.html"))  # once: values bring no others
    script = "".join(map(asset, _SCRIPTS))
    return html_page(f"stagectl: {head}", asset("page.css"), body + data_block(data), script)
