"""Where boxes go: to the right of what comes before them, never on top of each other, the same every time."""

from __future__ import annotations

import itertools
from typing import List, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.adapters import graphviz
from stagectl.core.pictures.layout import GAP, Edge, Engine, Layout, Size, drawing, lay_out_layers, reduce_edges, spread
from stagectl.usecases.looking import picture


@st.composite
def graphs(draw: st.DrawFn) -> Tuple[List[Size], List[Edge]]:
    """Up to twelve boxes, with arrows from smaller to larger indexes."""
    count = draw(st.integers(0, 12))
    sizes = draw(st.lists(st.tuples(st.integers(20, 200), st.integers(20, 60)), min_size=count, max_size=count))
    pairs = list(itertools.combinations(range(count), 2))
    return [(float(w), float(h)) for w, h in sizes], sorted(draw(st.sets(st.sampled_from(pairs)))) if pairs else []


def overlaps(layout: Layout, sizes: Sequence[Size]) -> List[Tuple[int, int]]:
    """The pairs of boxes that share a point."""
    return [
        (a, b)
        for a, b in itertools.combinations(range(len(sizes)), 2)
        if all(
            abs(layout.centers[a][axis] - layout.centers[b][axis]) < (sizes[a][axis] + sizes[b][axis]) / 2 - 0.2
            for axis in (0, 1)
        )
    ]


def engines() -> List[Engine]:
    program = graphviz.layout_program()
    assert program is not None, "the tests install the extra `graph`"
    return [
        lay_out_layers,
        lambda sizes, edges: graphviz.lay_out(program, sizes, edges) or pytest.fail("it did not lay out"),
    ]


@pytest.mark.parametrize("engine", range(2))
@pytest.mark.parametrize(
    "edges", [[], [(0, 1)], [(0, 2), (1, 2), (0, 3), (3, 4), (0, 4)], [(a, b) for a in range(3) for b in range(3, 6)]]
)
def test_arrows_lead_to_the_right_and_end_at_their_boxes(engine: int, edges: List[Edge]) -> None:
    """
    With the layout program and without; all boxes are inside the drawing.
    """
    sizes = [(80.0 + 20 * at, 40.0) for at in range(6)]

    found = drawing(sizes, edges, engines()[engine])

    assert [] == overlaps(found, sizes)
    assert len(edges) == len(found.paths)
    for (a, b), path in zip(edges, found.paths):
        assert found.centers[a][0] + sizes[a][0] / 2 < found.centers[b][0]
        assert len(path) % 3 == 1
        for end, box in ((path[0], a), (path[-1], b)):
            assert abs(end[0] - found.centers[box][0]) <= sizes[box][0] / 2 + 3
            assert abs(end[1] - found.centers[box][1]) <= sizes[box][1] / 2 + 3
    assert all(0 < x < found.size[0] and 0 < y < found.size[1] for x, y in found.centers)


@given(graphs())
def test_the_plain_drawing_keeps_boxes_apart(graph: Tuple[List[Size], List[Edge]]) -> None:
    """
    Whatever the graph: no overlap, columns follow the arrows, and the same drawing again.
    """
    sizes, edges = graph

    found = drawing(sizes, edges, lay_out_layers)

    assert [] == overlaps(found, sizes)
    assert all(found.centers[a][0] < found.centers[b][0] for a, b in edges)
    assert found == drawing(sizes, edges, lay_out_layers)


def test_a_ring_is_drawn_all_the_same() -> None:
    """
    Resources may react on each other in a ring; one arrow leads back.
    """
    sizes = [(50.0, 40.0)] * 3

    found = drawing(sizes, [(0, 1), (1, 2), (2, 0)], lay_out_layers)

    assert [] == overlaps(found, sizes)
    assert found.centers[0][0] < found.centers[1][0] < found.centers[2][0]
    assert found.paths[2][0][0] < found.centers[2][0] and found.paths[2][-1][0] > found.centers[0][0]


def test_boxes_without_arrows_make_a_sheet_instead_of_a_column() -> None:
    """
    A hundred restarts that wait for nothing: wider than high, about as wide as a screen.
    """
    found = drawing([(150.0, 40.0)] * 100, [], lay_out_layers)

    assert found.size[1] < found.size[0] < 2_000


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ([], []),
        ([5.0], [5.0]),
        ([0.0, 100.0], [0.0, 100.0]),
        ([0.0, 0.0], [-(20 + GAP) / 2, (20 + GAP) / 2]),
        ([50.0, 0.0, 500.0], [25 - (20 + GAP) / 2, 25 + (20 + GAP) / 2, 500.0]),
    ],
)
def test_places_are_as_near_as_the_order_allows(wanted: List[float], expected: List[float]) -> None:
    """
    Boxes that are 20 high, with their gap.
    """
    assert expected == spread(wanted, [20.0] * len(wanted))


def test_an_arrow_that_a_longer_way_implies_is_left_out() -> None:
    """
    Unless it is to be kept.
    """
    edges = [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3)]

    assert [(0, 1), (1, 2), (2, 3)] == reduce_edges(4, edges, set())
    assert [(0, 1), (0, 3), (1, 2), (2, 3)] == reduce_edges(4, edges, {(0, 3)})


def test_without_the_extra_the_plain_drawing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    And also where its program fails.
    """
    sizes, edges = [(50.0, 40.0)] * 3, [(0, 1), (0, 2)]
    plain, with_extra = drawing(sizes, edges, lay_out_layers), picture.arrange(sizes, edges)
    assert plain != with_extra

    monkeypatch.setattr(graphviz, "_PACKAGE", "no-such-package")
    assert graphviz.layout_program() is None
    assert plain == picture.arrange(sizes, edges)

    monkeypatch.undo()
    monkeypatch.setattr(graphviz, "_dot", lambda sizes, edges: "digraph {")
    assert plain == picture.arrange(sizes, edges)
