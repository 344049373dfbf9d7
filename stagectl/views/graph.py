"""The graph of resources as text, DOT and Mermaid. Names are made of safe characters only, and quoted all the same."""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Tuple

from stagectl.core.pictures.reports import ResourceNode

_STYLES = {"reads": ("solid", "-->"), "after": ("dashed", "-.->"), "reacts": ("bold", "==>")}


def graph_text(nodes: Sequence[ResourceNode]) -> str:
    """Return a line per resource, what it has to do with others below it."""
    lines: List[str] = []
    for node in nodes:
        lines.append(f"{node.name}  ({node.kind}{'' if node.state == 'live' else ', ' + node.state})")
        words = (("reads", node.reads), ("comes after", node.after), ("reacts on", node.reacts))
        lines += [f"    {word}: {', '.join(names)}" for word, names in words if names]
    return "\n".join(lines) + "\n" if lines else "There are no resources yet.\n"


def _edges(nodes: Sequence[ResourceNode]) -> Iterator[Tuple[str, str, str]]:
    """Yield (parent, child, how) among the resources shown."""
    shown = {node.name for node in nodes}
    for node in nodes:
        for how, parents in (("reads", node.reads), ("after", node.after), ("reacts", node.reacts)):
            yield from ((parent, node.name, how) for parent in parents if parent in shown)


def graph_dot(nodes: Sequence[ResourceNode]) -> str:
    """Return the graph in the DOT language: parents point at children; dashed is order only, bold reacts."""
    lines = ["digraph resources {", "  rankdir=LR;", "  node [shape=box];"]
    for node in nodes:
        style = {"live": "", "staged": ", style=dashed", "going": ", style=dotted"}[node.state]
        lines.append(f'  "{node.name}" [label="{node.name}\\n{node.kind}"{style}];')
    lines += [f'  "{parent}" -> "{child}" [style={_STYLES[how][0]}];' for parent, child, how in _edges(nodes)]
    return "\n".join([*lines, "}"]) + "\n"


def graph_mermaid(nodes: Sequence[ResourceNode]) -> str:
    """Return the graph for Mermaid: parents point at children; dotted is order only, thick reacts."""
    ids: Dict[str, str] = {node.name: f"n{index}" for index, node in enumerate(nodes)}
    lines = ["flowchart LR", *(f'  {ids[node.name]}["{node.name}"]' for node in nodes)]
    lines += [f"  {ids[parent]} {_STYLES[how][1]} {ids[child]}" for parent, child, how in _edges(nodes)]
    return "\n".join(lines) + "\n"
