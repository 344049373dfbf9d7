"""What a picture shows, before its places are known: boxes with their words, and arrows between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Mapping, Sequence, Set, Tuple

from stagectl.core.diff import Difference
from stagectl.core.model import REMOVE, RUN, UPDATE
from stagectl.core.pictures.layout import Edge, reduce_edges
from stagectl.core.pictures.reports import ResourceNode
from stagectl.core.plans.plan import Change, Held, Plan
from stagectl.core.references import folder_of
from stagectl.views.plans.destroys import shown_differences
from stagectl.views.plans.plan_text import IF_IT_DIFFERS, cause_text, held_text
from stagectl.views.text import difference_line, one_line, sign_of, sign_of_change

_MOST_LINES = 12  # of values that a pointer shows

# By action: (fill, stroke). The sign says the same, for readers to whom colours do not differ.
PALETTE: Mapping[str, Tuple[str, str]] = {
    "run": ("#dafbe1", "#1a7f37"),
    "update": ("#fff8c5", "#9a6700"),
    "remove": ("#ffebe9", "#cf222e"),
    "other": ("#ddf4ff", "#0969da"),
    "held": ("#f6f8fa", "#57606a"),
    "plain": ("#ffffff", "#57606a"),
}


def style_of(action: str) -> str:
    """Return the palette's word for an action."""
    return action if action in (RUN, UPDATE, REMOVE) else "other"


@dataclass(frozen=True)
class Box:
    """One box: its title and a note below it, its style in the palette, and lines to show at the pointer.

    border: "dashed" for what is held back or not there yet, "dotted" for what may turn out to have nothing to do.
    """

    title: str
    note: str
    style: str
    about: Tuple[str, ...] = ()
    border: str = ""


@dataclass(frozen=True)
class Figure:
    """Boxes and arrows by index, from what comes first; dotted: those of them that are order only."""

    name: str
    boxes: Tuple[Box, ...]
    edges: Tuple[Edge, ...]
    dotted: FrozenSet[Edge] = frozenset()
    empty: str = "Nothing."  # what to say where there are no boxes


def plan_figure(plan: Plan) -> Figure:
    """Return every change and all held back as a box of its own; arrows that others imply are left out."""
    entries: List[str] = [*(change.id for change in plan.changes), *(held.id for held in plan.held)]
    number = {identity: at for at, identity in reversed(list(enumerate(entries)))}
    causes: Set[Edge] = set()
    order: Set[Edge] = set()
    for at, change in enumerate(plan.changes):
        causes |= {(number[behind], at) for behind in change.cause.of if number.get(behind, at) < at}
        order |= {(number[before], at) for before in change.after if before in number}
    for at, held in enumerate(plan.held, start=len(plan.changes)):
        causes |= {(number[need], at) for need in (*held.needs, *held.of) if number.get(need, at) < at}
    edges = reduce_edges(len(entries), sorted(causes | order), causes)
    boxes = [_change_box(change, plan) for change in plan.changes] + [_held_box(held) for held in plan.held]
    return Figure("Graph of changes", tuple(boxes), tuple(edges), frozenset(set(edges) - causes), "No changes.")


def _change_box(change: Change, plan: Plan) -> Box:
    cause = cause_text(change, plan.kinds)
    lines = [difference_line(entry, entry.path[0] in change.sensitive) for entry in shown_differences(change)]
    more = [f"... and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    about = (f"{change.id}  ({cause})", f"kind {change.kind}", *lines[:_MOST_LINES], *more)
    folder = f"{folder_of(change.resource)}/"
    near = cause_text(
        change, plan.kinds, lambda word: one_line(f"./{word[len(folder) :]}" if word.startswith(folder) else word)
    )
    later = _later(change).replace(f"${{{folder}", "${./").replace(f" {folder}", " ./")
    if change.conditional:
        note = f"conditional: {later or near.replace(IF_IT_DIFFERS, '')}"
    else:
        note = f"{near}: {later}" if later else near
    sign = sign_of_change(change)
    return Box(f"{sign} {change.id}", note, style_of(change.action), about, "dotted" if change.conditional else "")


def later_values(change: Change) -> List[Difference]:
    """Return the values of a change that are known after other changes and may be shown."""
    return [entry for entry in change.diff if entry.known_after and entry.path[0] not in change.sensitive]


def _later(change: Change) -> str:
    """Return what to say of the first value that is known after other changes: what it reads, and after which."""
    found = later_values(change)
    if not found:
        return ""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{one_line(found[0].written)}{more} after {', '.join(found[0].known_after)}"


def _held_box(held: Held) -> Box:
    about = (f"{held.id} is held back ({held.reason})", held_text(held))
    return Box(f"{sign_of(held.action)} {held.id}", f"held back: {held.reason}", "held", about, "dashed")


def graph_figure(nodes: Sequence[ResourceNode]) -> Figure:
    """Return every resource as a box with the actions that a plan of everything has for it."""
    number = {node.name: at for at, node in enumerate(nodes)}
    how: Dict[Edge, str] = {}
    for node in nodes:
        for kind, parents in (("after", node.after), ("reacts", node.reacts), ("reads", node.reads)):
            how.update({(number[parent], number[node.name]): kind for parent in parents if parent in number})
    boxes = tuple(map(_node_box, nodes))
    dotted = frozenset(edge for edge, kind in how.items() if kind == "after")
    return Figure("Graph of resources", boxes, tuple(sorted(how)), dotted, "There are no resources yet.")


def _node_box(node: ResourceNode) -> Box:
    state = "" if node.state == "live" else f", {node.state}"
    words = (("reads", node.reads), ("comes after", node.after), ("reacts on", node.reacts))
    about = [f"{node.name}  ({node.kind}{state})", *(f"{word} {', '.join(names)}" for word, names in words if names)]
    if not node.changes:
        return Box(node.name, node.kind + state, "plain", tuple(about), "dashed" if node.state == "staged" else "")
    signs = "/".join(map(sign_of, node.changes))
    note = f"{node.kind}: {', '.join(node.changes)}"
    return Box(f"{signs} {node.name}", note, style_of(node.changes[0]), (*about, f"in the plan: {note}"))
