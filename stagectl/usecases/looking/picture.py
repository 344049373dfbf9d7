"""Where the boxes of a picture go: by the layout program of the extra `graph`, or else by the plain drawing."""

from __future__ import annotations

from typing import Sequence

from stagectl.adapters import graphviz
from stagectl.core.pictures.layout import Edge, Layout, Size, drawing, layered


def laid_out(sizes: Sequence[Size], edges: Sequence[Edge]) -> Layout:
    """Return a drawing of boxes and arrows."""
    program = graphviz.layout_program()

    def best(sizes: Sequence[Size], edges: Sequence[Edge]) -> Layout:
        found = graphviz.lay_out(program, sizes, edges) if program else None
        return found or layered(sizes, edges)

    return drawing(sizes, edges, best)
