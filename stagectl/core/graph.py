"""Graphs of ids and edges; nothing here knows what the ids mean. *before* maps an id to its direct predecessors."""

from __future__ import annotations

import heapq
from typing import AbstractSet, Callable, Dict, Hashable, Iterable, List, Mapping, Optional, Set, Tuple, TypeVar

Node = TypeVar("Node", bound=str)
Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Before = Mapping[Node, AbstractSet[Node]]


class Ring(Exception):
    """The graph has a cycle; path is one, its first node repeated at the end."""

    def __init__(self, path: Tuple[str, ...]) -> None:
        super().__init__(" -> ".join(path))
        self.path = path


def group_pairs(edges: Iterable[Tuple[Key, Item]]) -> Dict[Key, List[Item]]:
    """Return for each node the ends of the edges that begin with it, in order."""
    found: Dict[Key, List[Item]] = {}
    for key, item in edges:
        found.setdefault(key, []).append(item)
    return found


def successors(before: Before[Node]) -> Dict[Node, List[Node]]:
    """Return the direct successors of each node, sorted."""
    after: Dict[Node, List[Node]] = {node: [] for node in before}
    for node in sorted(before):
        for earlier in before[node]:
            after[earlier].append(node)
    return after


def topological(before: Before[Node]) -> List[Node]:
    """Return the nodes in order, the smallest of the ready ones first (Kahn, with a heap); raises Ring."""
    after = successors(before)
    waiting = {node: len(earlier) for node, earlier in before.items()}
    ready = [node for node, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: List[Node] = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for later in after[node]:
            waiting[later] -= 1
            if not waiting[later]:
                heapq.heappush(ready, later)
    if len(order) < len(before):
        raise Ring(_ring({node for node, count in waiting.items() if count}, before))
    return order


def has_ring(before: Before[Node]) -> bool:
    """Return whether the graph has a cycle."""
    try:
        topological(before)
    except Ring:
        return True
    return False


def _ring(stuck: Set[Node], before: Before[Node]) -> Tuple[str, ...]:
    """Return a cycle among *stuck*, all of which wait for another one of them: forwards, smallest node first."""
    path: List[Node] = [min(stuck)]
    while path[-1] not in path[:-1]:
        path.append(min(before[path[-1]] & stuck))
    ring = path[path.index(path[-1]) : -1][::-1]
    start = ring.index(min(ring))
    return (*ring[start:], *ring[:start], ring[start])


def waves(order: Iterable[Node], before: Before[Node]) -> Dict[Node, int]:
    """Return for each node the number of steps before it: 0 for those that wait for nothing."""
    wave: Dict[Node, int] = {}
    for node in order:
        wave[node] = 1 + max([wave[earlier] for earlier in before[node]]) if before[node] else 0
    return wave


def heights(order: List[Node], before: Before[Node], weight: Mapping[Node, float]) -> Dict[Node, float]:
    """Return for each node the weight of the heaviest path that begins with it."""
    after = successors(before)
    height: Dict[Node, float] = {}
    for node in reversed(order):
        height[node] = weight[node] + max((height[later] for later in after[node]), default=0.0)
    return height


def closure(starts: AbstractSet[Key], step: Callable[[AbstractSet[Key]], AbstractSet[Key]]) -> Set[Key]:
    """Return everything that steps, each from many nodes at once, lead to, *starts* included."""
    found, fresh = set(starts), set(starts)
    while fresh:
        fresh = set(step(fresh) - found)
        found |= fresh
    return found


def reachable(starts: Iterable[Key], step: Callable[[Key], Iterable[Key]], depth: Optional[int] = None) -> Set[Key]:
    """Return everything within *depth* steps of *starts*, them included; no depth means no bound."""
    found = set(starts)
    frontier = set(found)
    while frontier and (depth is None or depth > 0):
        frontier = {other for node in frontier for other in step(node)} - found
        found |= frontier
        depth = None if depth is None else depth - 1
    return found
