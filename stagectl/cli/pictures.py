"""Graphs as pictures: SVG, which is laid out here, or a page that lays out itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from stagectl.core.pictures.reports import ResourceNode
    from stagectl.core.plans.plan import Plan
    from stagectl.views.pages.figure import Figure


def plan_picture(plan: Plan, *, page: bool) -> str:
    """Return the graph of changes as a page, or as SVG."""
    if page:
        from stagectl.views.pages.page import plan_page

        return plan_page(plan)
    from stagectl.views.pages.figure import plan_figure

    return draw(plan_figure(plan))


def graph_picture(nodes: Sequence[ResourceNode], *, page: bool) -> str:
    """Return the graph of resources as a page, or as SVG."""
    if page:
        from stagectl.views.pages.page import graph_page

        return graph_page(nodes)
    from stagectl.views.pages.figure import graph_figure

    return draw(graph_figure(nodes))


def draw(figure: Figure) -> str:
    """Return a figure as SVG."""
    from stagectl.usecases.looking.picture import arrange
    from stagectl.views.pages.svg import sizes, svg

    return svg(figure, arrange(sizes(figure), figure.edges))
