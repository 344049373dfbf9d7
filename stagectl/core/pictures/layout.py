"""Where the boxes and arrows of a graph go: columns from left to right, each box right of what comes before it.

A plain layered drawing after Sugiyama, Tagawa and Toda (1981): longest-path layers, barycentres for the order in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, NamedTuple, Sequence, Set, Tuple

Point = Tuple[float, float]
Size = Tuple[float, float]
Edge = Tuple[int, int]  # indexes of boxes, from what comes first

GAP, COLUMN_GAP, MARGIN = 12.0, 56.0, 16.0
_SWEEPS = 8


@dataclass(frozen=True)
class Layout:
    """A drawing, in pixels. centers: of the boxes; paths: of the arrows, cubic Bezier curves of 1 + 3n points."""

    size: Size
    centers: Tuple[Point, ...]
    paths: Tuple[Tuple[Point, ...], ...]


Engine = Callable[[Sequence[Size], Sequence[Edge]], Layout]


def drawing(sizes: Sequence[Size], edges: Sequence[Edge], engine: Engine) -> Layout:
    """Return a drawing in which an engine places what has arrows; the rest stands in rows below it."""
    tied = sorted({end for edge in edges for end in edge})
    number = {index: at for at, index in enumerate(tied)}
    inner = engine([sizes[index] for index in tied], [(number[a], number[b]) for a, b in edges]) if tied else None
    width, height = inner.size if inner else (0.0, 0.0)
    centers = {index: inner.centers[at] for index, at in number.items()} if inner else {}
    alone = [index for index in range(len(sizes)) if index not in number]
    rows, size = _rows([sizes[index] for index in alone], width, height + GAP if inner else MARGIN)
    centers.update(zip(alone, rows))
    full = (max(width, size[0]), max(height, size[1]))
    return Layout(full, tuple(centers[index] for index in range(len(sizes))), inner.paths if inner else ())


def _rows(sizes: Sequence[Size], width: float, top: float) -> Tuple[List[Point], Size]:
    """Return where boxes without arrows stand, and how far they reach; a sheet of them is wider than high."""
    if not sizes:
        return [], (0.0, 0.0)
    cell, line = max(w for w, _ in sizes) + GAP, max(h for _, h in sizes) + GAP
    columns = max(int((width - 2 * MARGIN + GAP) // cell), round((1.6 * len(sizes) * line / cell) ** 0.5), 1)
    spots = [(MARGIN + at % columns * cell, top + at // columns * line) for at in range(len(sizes))]
    centers = [(x + w / 2, y + h / 2) for (x, y), (w, h) in zip(spots, sizes)]
    far = (max(x + cell for x, _ in spots) - GAP + MARGIN, max(y + line for _, y in spots) - GAP + MARGIN)
    return centers, far


def lay_out_layers(sizes: Sequence[Size], edges: Sequence[Edge]) -> Layout:
    """Return a drawing without any library; an arrow that closes a ring is drawn backwards."""
    layer = _layers(len(sizes), edges)
    columns, chains = _columns(layer, edges, len(sizes))
    heights = [h for _, h in sizes] + [0.0] * (sum(map(len, columns)) - len(sizes))
    before, after = _neighbours(chains, len(heights))
    _arrange(columns, before, after)
    middle = _middles(columns, heights, before, after)
    lefts, widths = _lefts(columns, sizes)
    centers = [(lefts[layer[index]] + widths[layer[index]] / 2, middle[index]) for index in range(len(sizes))]
    sheet = _Sheet(layer, lefts, widths, middle)
    paths = [_path(chain, sheet, sizes, centers) for chain in chains]
    bottom = max((middle[index] + heights[index] / 2 for column in columns for index in column), default=0.0)
    width = lefts[-1] + widths[-1] + MARGIN if lefts else 0.0
    return Layout((width, bottom + MARGIN), tuple(centers), tuple(paths))


def _layers(count: int, edges: Sequence[Edge]) -> List[int]:
    """Return each box's column: one right of all that come before it. Of a ring the smallest box counts as first."""
    left: List[Set[int]] = [set() for _ in range(count)]
    after: List[List[int]] = [[] for _ in range(count)]
    for earlier, later in edges:
        left[later].add(earlier)
        after[earlier].append(later)
    layer, waiting = [0] * count, dict.fromkeys(range(count))
    ready = [index for index in waiting if not left[index]]
    while waiting:
        index = ready.pop() if ready else next(iter(waiting))
        del waiting[index]
        for later in after[index]:
            if later in waiting:
                layer[later] = max(layer[later], layer[index] + 1)
                left[later].discard(index)
                if not left[later]:
                    ready.append(later)
        ready = [one for one in dict.fromkeys(ready) if one in waiting]
    return layer


def _columns(layer: List[int], edges: Sequence[Edge], count: int) -> Tuple[List[List[int]], List[List[int]]]:
    """Return the boxes per column and the chain of boxes per arrow, which bends where it passes a column."""
    columns: List[List[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for index in range(count):
        columns[layer[index]].append(index)
    chains, bend = [], count
    for earlier, later in edges:
        first, last = sorted((layer[earlier], layer[later]))
        inner = list(range(first + 1, last))
        bends = list(range(bend, bend + len(inner)))
        bend += len(inner)
        for at, index in zip(inner, bends):
            columns[at].append(index)
        chains.append([earlier, *(bends if layer[earlier] < layer[later] else bends[::-1]), later])
    return columns, chains


Neighbours = List[List[int]]


def _neighbours(chains: Sequence[Sequence[int]], count: int) -> Tuple[Neighbours, Neighbours]:
    before: Neighbours = [[] for _ in range(count)]
    after: Neighbours = [[] for _ in range(count)]
    for chain in chains:
        for one, other in zip(chain, chain[1:]):
            before[other].append(one)
            after[one].append(other)
    return before, after


def _arrange(columns: List[List[int]], before: Neighbours, after: Neighbours) -> None:
    """Put every column in the order of the barycentres of its neighbours: those before, those after, then of both."""
    rank = [0.0] * len(before)  # from 0, the top of a column, to 1

    def number(column: List[int]) -> None:
        for position, index in enumerate(column):
            rank[index] = (position + 0.5) / len(column)

    for column in columns:
        number(column)
    both = [[*earlier, *later] for earlier, later in zip(before, after)]
    for sweep in range(2 * _SWEEPS):
        ties = both if sweep >= _SWEEPS else before if sweep % 2 == 0 else after
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            column.sort(key=lambda index: _mean([rank[near] for near in ties[index]], rank[index]))
            number(column)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _middles(columns: List[List[int]], heights: Sequence[float], before: Neighbours, after: Neighbours) -> List[float]:
    """Return where boxes stand in their column: as near to their neighbours as those above and below let them."""
    middle = [0.0] * len(heights)
    for column in columns:
        for index, place in zip(column, spread([0.0] * len(column), [heights[index] for index in column])):
            middle[index] = place
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            ties = before if sweep % 2 == 0 else after
            wanted = [_mean([middle[n] for n in ties[index]], middle[index]) for index in column]
            for index, place in zip(column, spread(wanted, [heights[index] for index in column])):
                middle[index] = place
    top = min((middle[index] - heights[index] / 2 for column in columns for index in column), default=0.0)
    return [place - top + MARGIN for place in middle]


def spread(wanted: Sequence[float], heights: Sequence[float]) -> List[float]:
    """Return places in the given order that do not overlap, with the least sum of squared distances to those wanted.

    Pool adjacent violators, after Barlow et al. (1972).
    """
    offsets, total = [], 0.0
    for at, height in enumerate(heights):
        total += (heights[at - 1] + height) / 2 + GAP if at else 0.0
        offsets.append(total)
    pools: List[Tuple[float, int]] = []  # mean, how many
    for want, offset in zip(wanted, offsets):
        pools.append((want - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, few), (high, many) = pools[-2:]
            pools[-2:] = [((low * few + high * many) / (few + many), few + many)]
    means = [mean for mean, many in pools for _ in range(many)]
    return [mean + offset for mean, offset in zip(means, offsets)]


def _lefts(columns: List[List[int]], sizes: Sequence[Size]) -> Tuple[List[float], List[float]]:
    lefts, widths, left = [], [], MARGIN
    for column in columns:
        widest = max((sizes[index][0] for index in column if index < len(sizes)), default=0.0)
        lefts.append(left)
        widths.append(widest)
        left += widest + COLUMN_GAP
    return lefts, widths


class _Sheet(NamedTuple):
    """Where columns are: the one of each box, their left sides and widths, and how far down each box and bend is."""

    layer: Sequence[int]
    lefts: Sequence[float]
    widths: Sequence[float]
    middle: Sequence[float]


def _path(chain: Sequence[int], sheet: _Sheet, sizes: Sequence[Size], centers: Sequence[Point]) -> Tuple[Point, ...]:
    """Return the curve of one arrow: level where it leaves, passes and enters a column."""
    first, last = chain[0], chain[-1]
    step = 1 if sheet.layer[first] < sheet.layer[last] else -1
    points = [(centers[first][0] + step * sizes[first][0] / 2, centers[first][1])]
    for at, bend in enumerate(chain[1:-1], start=1):
        column = sheet.layer[first] + step * at
        left, y = sheet.lefts[column], sheet.middle[bend]
        ends = [(left, y), (left + sheet.widths[column], y)]
        points += ends[::step]
    points.append((centers[last][0] - step * sizes[last][0] / 2, centers[last][1]))
    curve = [points[0]]
    for (x, y), (far_x, far_y) in zip(points, points[1:]):
        reach = abs(far_x - x) / 2 * step
        curve += [(x + reach, y), (far_x - reach, far_y), (far_x, far_y)]
    return tuple(curve)


def reduce_edges(count: int, edges: Sequence[Edge], kept: Set[Edge]) -> List[Edge]:
    """Return the edges, all to larger indexes, without those that a longer way implies, but for the *kept* ones."""
    after: Dict[int, List[int]] = {}
    for earlier, later in edges:
        after.setdefault(earlier, []).append(later)
    reach = [0] * count  # a bit per box that comes later
    found = []
    for index in range(count - 1, -1, -1):
        for later in sorted(after.get(index, ())):
            if not reach[index] >> later & 1 or (index, later) in kept:
                found.append((index, later))
            reach[index] |= reach[later] | 1 << later
    return sorted(found)
