"""Where the boxes of a picture go: by the layout program of the extra `graph`, or else by the plain drawing."""

from __future__ import annotations

from typing import Sequence

from stagectl.adapters import graphviz
from stagectl.core.pictures.layout import Edge, Layout, Size, drawing, lay_out_layers


def arrange(sizes: Sequence[Size], edges: Sequence[Edge]) -> Layout:
    """Return a drawing of boxes and arrows."""
    program = graphviz.layout_program()

    def best(sizes: Sequence[Size], edges: Sequence[Edge]) -> Layout:
        found = graphviz.lay_out(program, sizes, edges) if program else None
        return found or lay_out_layers(sizes, edges)

    return drawing(sizes, edges, best)
