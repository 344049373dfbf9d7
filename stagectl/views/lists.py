"""Differences of lists as people see them: the entry that came or went, and not all that moved up or down for it."""

from __future__ import annotations

from itertools import groupby
from typing import AbstractSet, Any, Dict, Iterator, List, Optional, Sequence, Tuple

from stagectl.core.diff import Difference, Op, diff
from stagectl.core.values import Inputs, Path, Value, as_written, canonical, leaves, step_order
from stagectl.views.differences import LONGEST, Differences, by_entries, full_text

_MOST = 400  # entries of a list, without those alike at both ends, that are compared
_MOST_PAIRS = 400  # entries that differ, each compared with each

Pair = Tuple[
    Optional[int], Optional[int]
]  # where an entry stood, and where it stands; None where it did not, or does not


def with_entries(differences: Differences, after: Inputs, sensitive: AbstractSet[str]) -> Differences:
    """Return differences in which an entry of a list that came or went is one, under the index that it has, or had.

    after: the values that they lead to; sensitive: inputs of which nothing is shown.
    """
    found: List[Difference] = []
    for place, group in groupby(differences, _list_of):
        some = tuple(group)
        found += some if not place or place[0] in sensitive else _of_list(some, place, after)
    return tuple(found)


def _list_of(entry: Difference) -> Path:
    """Return the path of the outermost list that a value is in, () where it is in none."""
    return entry.path[: next((at for at, step in enumerate(entry.path) if type(step) is int), 0)]


def _of_list(some: Differences, place: Path, after: Inputs) -> Differences:
    """Return the differences of one list by its entries, where those are fewer."""
    new: Any = after
    for step in place:
        new = new[step] if isinstance(new, dict) and step in new else None
    if not isinstance(new, list) or not new or any(entry.known_after for entry in some):
        return some
    old = _before(new, some, len(place))
    if not isinstance(old, list):
        return some
    found = tuple(sorted(_by_pairs(old, new, place), key=lambda entry: step_order(entry.path)))
    return found if len(found) < len(some) else some


def _before(new: List[Value], some: Differences, depth: int) -> Value:
    """Return what a list was before differences made it what it is; depth: of its path. None where it was none."""
    there = dict(leaves(new))
    for entry in some:
        there.pop(entry.path[depth:], None)
    there.update((entry.path[depth:], entry.before) for entry in some if entry.op != Op.ADD)
    return _built(there) if there else None


def _built(there: Dict[Path, Value]) -> Value:
    """Return the value that has these leaves."""
    if () in there:
        return there[()]
    inside: Dict[Any, Dict[Path, Value]] = {}
    for path, leaf in there.items():
        inside.setdefault(path[0], {})[path[1:]] = leaf
    if all(type(step) is int for step in inside):
        return [_built(inside[at]) for at in sorted(inside)]
    return {step: _built(below) for step, below in inside.items()}


def _by_pairs(old: List[Value], new: List[Value], place: Path) -> Iterator[Difference]:
    for was, now in _pairs(old, new):
        if was is not None and now is not None:
            inner = by_entries(diff({"": old[was]}, {"": new[now]}), {"": new[now]})
            yield from (entry._replace(path=(*place, now, *entry.path[1:])) for entry in inner)
        elif was is not None:
            yield from _whole(Op.REMOVE, (*place, was), old[was])
        elif now is not None:
            yield from _whole(Op.ADD, (*place, now), new[now])


def _whole(op: Op, path: Path, value: Value) -> Iterator[Difference]:
    """Yield an entry that came or went as one value, or, where that is too long for a line, by its values."""
    parts = [((), value)] if len(full_text(value)) <= LONGEST else leaves(value)
    for at, part in parts:
        yield Difference((*path, *at), op, *((part, None) if op == Op.REMOVE else (None, part)))


# --- which entry is which


def _pairs(old: List[Value], new: List[Value]) -> Iterator[Pair]:
    """Yield which entry became which; those that are as they were are left out."""
    texts = [[canonical(as_written(entry)) for entry in side] for side in (old, new)]
    start = _alike(*texts)
    rest = [side[start:] for side in texts]
    end = _alike(rest[0][::-1], rest[1][::-1])
    first, second = (range(start, len(side) - end) for side in texts)
    if max(len(first), len(second)) > _MOST:
        yield from _one_by_one(first, second)
        return
    from difflib import SequenceMatcher  # few plans change lists

    some, others = (side[part.start : part.stop] for side, part in zip(texts, (first, second)))
    matcher = SequenceMatcher(None, some, others, autojunk=False)
    for word, a, b, c, d in matcher.get_opcodes():
        if word != "equal":
            yield from _closest(old, new, first[a:b], second[c:d])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many entries two lists have in common at their start."""
    pairs = enumerate(zip(one, other))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))


def _one_by_one(first: Sequence[int], second: Sequence[int]) -> Iterator[Pair]:
    most = min(len(first), len(second))
    yield from zip(first, second)
    yield from ((was, None) for was in first[most:])
    yield from ((None, now) for now in second[most:])


def _closest(old: List[Value], new: List[Value], first: Sequence[int], second: Sequence[int]) -> Iterator[Pair]:
    """Yield which of some entries became which of others, so that as few values as possible differ."""
    if not first or not second or len(first) * len(second) > _MOST_PAIRS:
        yield from _one_by_one(first, second)
        return
    # The usual table of the distance between two texts (Wagner and Fischer, 1974), from its end; of the ways that cost
    # the same the first one: a pair, an entry that goes, one that comes.
    sizes = [[sum(1 for _ in leaves(side[at])) for at in part] for side, part in ((old, first), (new, second))]
    best: Dict[Tuple[int, int], Tuple[int, int]] = {(len(first), len(second)): (0, 0)}  # cost, and the way on
    for a in range(len(first), -1, -1):
        for b in range(len(second), -1, -1):
            ways = []
            if a < len(first) and b < len(second):
                differing = diff({"": old[first[a]]}, {"": new[second[b]]})
                ways.append((best[a + 1, b + 1][0] + len(differing), 0))
            ways += [(best[a + 1, b][0] + sizes[0][a], 1)] if a < len(first) else []
            ways += [(best[a, b + 1][0] + sizes[1][b], 2)] if b < len(second) else []
            best.update({(a, b): min(ways)} if ways else {})
    a = b = 0
    while (a, b) != (len(first), len(second)):
        way = best[a, b][1]
        yield first[a] if way < 2 else None, second[b] if way != 1 else None
        a, b = a + (way < 2), b + (way != 1)
