"""The graph of changes for Mermaid and DOT; where it is too large to be read, its folders instead of its changes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Callable, List, Optional, Tuple

from stagectl.core.plans.plan import Change, Plan
from stagectl.core.references import folder_of
from stagectl.views.pages.figure import PALETTE, later_values, style_of
from stagectl.views.text import dotted_path, sign_of_change

MOST_EDGES = 400  # a Mermaid picture with more is not drawn on the large hosting sites (its maxEdges is 500)
MOST_BYTES = 45_000  # of Mermaid text (its maxTextSize is 50,000)
_HARMLESS = re.compile(r"[A-Za-z0-9_./:@${}\[\] -]{1,80}", re.ASCII)  # acts in no label
CONDITIONAL = " conditional"
NO_BREAK = "\u00a0"  # a space where Mermaid starts no new line; it breaks labels of more than 200 pixels


@dataclass(frozen=True)
class LabelledBox:
    """One box: a change, or all changes of a folder with one action."""

    label: str
    action: str
    held: bool = False
    conditional: bool = False


@dataclass(frozen=True)
class Picture:
    """Boxes and the arrows between them, by index, from what comes first; collapsed: boxes are folders."""

    nodes: Tuple[LabelledBox, ...]
    edges: Tuple[Tuple[int, int], ...]
    collapsed: bool = False


Group = Callable[[str], str]  # from a resource's name to the folder it is drawn as


def picture(plan: Plan) -> Picture:
    """Return every change, and those held back, as a box of its own."""
    index = {change.id: number for number, change in enumerate(plan.changes)}
    nodes = [
        LabelledBox(f"{change.id} {_sign(change)}{_later(change)}", change.action, conditional=change.conditional)
        for change in plan.changes
    ]
    nodes += [LabelledBox(f"{held.id} held back", held.action, held=True) for held in plan.held]
    edges = [(index[before], index[change.id]) for change in plan.changes for before in change.after]
    needs = [
        (index[need], len(plan.changes) + number)
        for number, held in enumerate(plan.held)
        for need in (*held.needs, *held.of)
        if need in index
    ]
    return Picture(tuple(nodes), tuple(sorted({*edges, *needs})))


def _sign(change: Change) -> str:
    return f"{sign_of_change(change)}{CONDITIONAL if change.conditional else ''}"


def _later(change: Change) -> str:
    """Return what to say of the first value that is known after other changes: what it reads, and after which."""
    found = later_values(change)
    if not found:
        return ""
    what = found[0].written if _HARMLESS.fullmatch(found[0].written) else dotted_path(found[0].path)
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f" ({what}{more} known after {', '.join(found[0].known_after)})" if _HARMLESS.fullmatch(what) else ""


def collapse(plan: Plan, group: Group) -> Picture:
    """Return a box per folder and action instead of one per change; those held back have boxes of their own."""
    key_of = {change.id: (group(change.resource), change.action, _sign(change), False) for change in plan.changes}
    held = {held.id: (group(held.resource), held.action, "held back", True) for held in plan.held}
    members = Counter([*key_of.values(), *held.values()])
    number = {key: at for at, key in enumerate(members)}
    nodes = tuple(
        LabelledBox(f"{folder or '(root)'}: {count} to {action} {sign}", action, waits, sign.endswith(CONDITIONAL))
        for (folder, action, sign, waits), count in members.items()
    )
    arrows = [(before, key_of[change.id]) for change in plan.changes for before in change.after]
    arrows += [(need, held[entry.id]) for entry in plan.held for need in (*entry.needs, *entry.of) if need in key_of]
    edges = {(number[key_of[before]], number[key]) for before, key in arrows}
    return Picture(nodes, tuple(sorted(edge for edge in edges if edge[0] != edge[1])), collapsed=True)


def mermaid(shown: Picture) -> str:
    """Return a picture for Mermaid."""
    used = sorted({_style(node) for node in shown.nodes})
    lines = ["flowchart LR"]
    # The sign stands last: a label that begins like a list is not drawn. Names hold no character that acts here.
    for at, node in enumerate(shown.nodes):
        lines.append(f'  n{at}["{node.label.replace(" ", NO_BREAK)}"]:::{_style(node)[0]}')
    lines += [f"  n{before} --> n{after}" for before, after in shown.edges]
    lines += [f"  classDef {name} {style}" for name, style in used]
    return "\n".join(lines) + "\n"


def _style(node: LabelledBox) -> Tuple[str, str]:
    word = "held" if node.held else style_of(node.action)
    fill, stroke = PALETTE[word]
    dashes = "stroke-dasharray:2 4," if node.conditional else ""
    return f"{word}{'Maybe' if node.conditional else ''}", (
        "stroke-dasharray:5 5,color:#000," if node.held else dashes
    ) + f"fill:{fill},stroke:{stroke}" + ("" if node.held else ",color:#000")


def dot(shown: Picture) -> str:
    """Return a picture in the DOT language: held back is dashed, conditional dotted."""
    lines = ["digraph changes {", "  rankdir=LR;", "  node [shape=box];"]
    for at, node in enumerate(shown.nodes):
        style = ", style=dashed" if node.held else ", style=dotted" if node.conditional else ""
        lines.append(f'  n{at} [label="{node.label}"{style}];')
    lines += [f"  n{before} -> n{after};" for before, after in shown.edges]
    return "\n".join([*lines, "}"]) + "\n"


def fitting(plan: Plan, most_edges: int = MOST_EDGES, most_bytes: int = MOST_BYTES) -> Optional[Picture]:
    """Return the most detailed picture that a hosting site draws; None where even the coarsest is too large."""
    attempts: List[Callable[[], Picture]] = [
        lambda: picture(plan),
        lambda: collapse(plan, folder_of),
        lambda: collapse(plan, lambda name: name.partition("/")[0] if "/" in name else ""),
    ]
    for attempt in attempts:
        shown = attempt()
        if len(shown.edges) <= most_edges and len(mermaid(shown).encode()) <= most_bytes:
            return shown
    return None
