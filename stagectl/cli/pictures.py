"""Drawing a figure: sizes, places, text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stagectl.views.figure import Figure


def drawn(figure: Figure) -> str:
    """Return a figure as SVG."""
    from stagectl.usecases.picture import laid_out
    from stagectl.views.svg import sizes, svg

    return svg(figure, laid_out(sizes(figure), figure.edges))
