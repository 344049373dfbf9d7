"""Graphs of ids and edges."""

from __future__ import annotations

import random
from typing import Dict, FrozenSet, List, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.graph import Ring, heights, reachable, successors, topological, waves

Graph = Dict[str, FrozenSet[str]]


@st.composite
def acyclic(draw: st.DrawFn) -> Graph:
    """Nodes that only wait for ones drawn before them, under names in no order."""
    nodes = draw(st.permutations([f"n{i}" for i in range(draw(st.integers(0, 8)))]))
    return {
        node: frozenset(draw(st.sets(st.sampled_from(nodes[:i])))) if i else frozenset() for i, node in enumerate(nodes)
    }


@st.composite
def any_graph(draw: st.DrawFn) -> Graph:
    nodes = [f"n{i}" for i in range(draw(st.integers(1, 7)))]
    return {node: frozenset(draw(st.sets(st.sampled_from(nodes)))) for node in nodes}


@given(acyclic())
def test_every_node_comes_once_and_after_what_it_waits_for(before: Graph) -> None:
    """
    The law of a topological order.
    """
    order = topological(before)

    assert sorted(before) == sorted(order)
    assert all(order.index(earlier) < order.index(node) for node in before for earlier in before[node])


@given(acyclic())
def test_of_the_ready_nodes_the_smallest_comes_first(before: Graph) -> None:
    """
    So the order is one, whatever the hash seed or the order of the mapping.
    """
    done: Set[str] = set()
    for node in topological(before):
        assert node == min(other for other in before if other not in done and before[other] <= done)
        done.add(node)
    shuffled = list(before.items())
    random.Random(1).shuffle(shuffled)
    assert topological(dict(shuffled)) == topological(before)


@given(any_graph())
def test_a_ring_is_a_path_that_ends_where_it_began(before: Graph) -> None:
    """
    Forwards, from its smallest node, each node once, and only if there is one; otherwise there is an order.
    """
    try:
        order = topological(before)
    except Ring as ring:
        path = ring.path
        assert path[0] == path[-1] == min(path)
        assert len(set(path)) == len(path) - 1 >= 1
        assert all(earlier in before[later] for earlier, later in zip(path, path[1:]))
        assert " -> ".join(path) == str(ring)
    else:
        assert sorted(order) == sorted(before)
        assert not any(node in ancestors(node, before) for node in before)


def ancestors(node: str, before: Graph) -> Set[str]:
    found: Set[str] = set()
    left = list(before[node])
    while left:
        earlier = left.pop()
        if earlier not in found:
            found.add(earlier)
            left += before[earlier]
    return found


def test_what_only_waits_for_a_ring_is_not_in_it() -> None:
    """
    c waits for the ring of a and b; the path has a and b.
    """
    with pytest.raises(Ring) as caught:
        topological(
            {"0": frozenset("a"), "a": frozenset("b"), "b": frozenset("a"), "c": frozenset("b"), "d": frozenset()}
        )

    assert ("a", "b", "a") == caught.value.path


def test_a_node_that_waits_for_itself_is_the_smallest_ring() -> None:
    """
    And is reported as such.
    """
    with pytest.raises(Ring) as caught:
        topological({"a": frozenset("a")})

    assert ("a", "a") == caught.value.path


@given(acyclic())
def test_waves_and_heights(before: Graph) -> None:
    """
    A wave is one above the highest before it, from 0; a height is the own weight above the highest behind it.
    """
    order = topological(before)
    weight = {node: 1.0 + int(node[1:]) for node in before}
    wave, height = waves(order, before), heights(order, before, weight)

    for node in before:
        assert wave[node] == max((wave[earlier] + 1 for earlier in before[node]), default=0)
        behind = max((height[later] for later in before if node in before[later]), default=0)
        assert height[node] == weight[node] + behind


@given(any_graph())
def test_successors_are_the_edges_the_other_way(before: Graph) -> None:
    """
    Every node is there, each list is sorted.
    """
    after = successors(before)

    assert {node: sorted(later for later in before if node in before[later]) for node in before} == after


@given(any_graph(), st.integers(0, 4))
def test_reachable_within_some_steps(before: Graph, depth: int) -> None:
    """
    The starts are in; each step adds the neighbours; without a depth all ancestors.
    """
    expected: Set[str] = {"n0"}
    for _ in range(depth):
        expected |= {earlier for node in expected for earlier in before[node]}

    assert expected == reachable(["n0"], before.__getitem__, depth)
    assert {"n0"} | ancestors("n0", before) == reachable(["n0"], before.__getitem__)


def test_long_chains_and_rings() -> None:
    """
    10,000 nodes in a row need no recursion.
    """
    names: List[str] = [f"n{i:05}" for i in range(10_000)]
    before: Graph = {name: frozenset(names[i - 1 : i]) for i, name in enumerate(names)}

    assert names == topological(before)
    assert 9_999 == waves(names, before)[names[-1]]
    assert 10_000 == heights(names, before, dict.fromkeys(names, 1.0))[names[0]]
    with pytest.raises(Ring) as caught:
        topological({**before, names[0]: frozenset(names[-1:])})
    assert (*names, names[0]) == caught.value.path
