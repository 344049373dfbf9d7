"""Three-way merges of sequences: lines of a file, entries of a list."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple
from typing import Counter as Counts

from stagectl.core.values import canonical, leaves

Triple = Tuple[Any, Any, Any]  # an entry as the base, ours and theirs have it
_MOST_ENTRIES = 2000  # that are compared: what it takes grows with the square
_MOST_PAIRS = 100000  # of entries that are alike, or changed


@dataclass(frozen=True)
class Chunk:
    """Some entries that both sides agree on, or what each has where they do not, and what they come from."""

    ours: Tuple[str, ...]
    theirs: Tuple[str, ...]
    base: Tuple[str, ...] = ()

    @property
    def is_conflict(self) -> bool:
        """Whether the sides differ."""
        return self.ours != self.theirs


def merge_sequences(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Chunk]:
    """Yield a three-way merge, as diff3 makes it (Khanna, Kunal and Pierce, 2007)."""
    at, mine, other = 0, 0, 0
    for start, end, in_ours, in_theirs in _stable(base, ours, theirs):
        yield from _chunk(base[at:start], ours[mine:in_ours], theirs[other:in_theirs])
        kept = tuple(base[start:end])
        yield from [Chunk(kept, kept)] if kept else []
        at, mine, other = end, in_ours + end - start, in_theirs + end - start


def _chunk(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Chunk]:
    mine, other = tuple(ours), tuple(theirs)
    if mine == other or other == tuple(base):
        other = mine
    elif mine == tuple(base):
        mine = other
    if mine or other:
        yield Chunk(mine, other, tuple(base))


def _stable(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Tuple[int, int, int, int]]:
    """Yield what is unchanged on both sides: from, to, and where it begins in ours and theirs; at last the ends."""
    left = SequenceMatcher(None, base, ours, autojunk=False).get_matching_blocks()
    right = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    a = b = 0
    while a < len(left) and b < len(right):
        (one, in_ours, length), (two, in_theirs, other) = left[a], right[b]
        start, end = max(one, two), min(one + length, two + other)
        if start < end:
            yield start, end, in_ours + start - one, in_theirs + start - two
        if one + length < two + other:
            a += 1
        else:
            b += 1
    yield len(base), len(base), len(ours), len(theirs)


def merge_entries(base: List[Any], ours: List[Any], theirs: List[Any]) -> Optional[List[Tuple[int, Triple]]]:
    """Return the entries of a list with both changes, or None where it is not certain what those mean.

    Each comes with its index in ours (one that came: in the result). One that both sides changed is still to be merged.
    """
    if any(_is_too_long(base, side) for side in (ours, theirs)):
        return None
    mine, other = _fates(base, ours), _fates(base, theirs)
    if mine.clashes_with(other) or other.clashes_with(mine):
        return None
    found: List[Tuple[int, Triple]] = []
    for at in range(len(base) + 1):
        for entry in mine.came.get(at) or other.came.get(at) or []:
            found.append((len(found), (entry, entry, entry)))
        if at in mine.at and at in other.at:
            found.append((mine.at[at], (base[at], ours[mine.at[at]], theirs[other.at[at]])))
    return found


def _is_too_long(base: List[Any], side: List[Any]) -> bool:
    here, there = (Counter(map(canonical, entries)) for entries in (base, side))
    pairs = sum(count * there[text] for text, count in here.items())
    return len(base) + len(side) > 2 * _MOST_ENTRIES or pairs > _MOST_PAIRS


@dataclass
class _Fates:
    """What became of the entries of a list on one side."""

    texts: List[str]  # of the old entries
    counts: Counts[str]  # of the texts of the new ones, less the old ones
    at: Dict[int, int] = field(default_factory=dict)  # where an old entry is now; no key: it is gone
    changed: List[int] = field(default_factory=list)  # old entries that are gone or differ
    came: Dict[int, List[Any]] = field(default_factory=dict)  # what is new in front of an old entry
    rewritten: List[Tuple[int, int]] = field(default_factory=list)  # from, to: old entries that came back as others

    def clashes_with(self, other: _Fates) -> bool:
        """Whether what was done here cannot be done there, or not certainly to which entry."""
        touched = set(other.changed)
        return (
            any(at in touched and at in other.at for at in self.changed if at not in self.at)
            or any(other.counts[self.texts[at]] for at in self.changed if at not in touched)
            or any(canonical(other.came[at]) != canonical(new) for at, new in self.came.items() if at in other.came)
            or any(
                not touched.isdisjoint(range(start, end)) or any(at in other.came for at in range(start, end + 1))
                for start, end in self.rewritten
                if (start, end) not in other.rewritten
            )
        )


def _fates(base: List[Any], side: List[Any]) -> _Fates:
    before, after = ([canonical(entry) for entry in entries] for entries in (base, side))
    found = _Fates(before, Counter(after))
    found.counts.subtract(before)
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    pairs = _Pairs(base, side, [step[1:] for step in steps if step[0] != "equal"])
    for word, start, end, first, last in steps:
        if word != "equal":
            found.changed += range(start, end)
        if word == "equal" or (end - start == last - first and pairs.fit(start, end, first)):
            found.at.update(zip(range(start, end), range(first, last)))
        else:
            found.came.update({start: side[first:last]} if first < last else {})
            found.rewritten += [(start, end)] if word == "replace" else []
    return found


class _Pairs:
    """Which of the entries that differ are the same entry, edited: those that are more alike than any others."""

    def __init__(self, base: List[Any], side: List[Any], steps: Sequence[Tuple[int, int, int, int]]) -> None:
        old = [at for start, end, _, _ in steps for at in range(start, end)]
        new = [at for _, _, first, last in steps for at in range(first, last)]
        self.is_known = len(old) * len(new) <= _MOST_PAIRS
        self._old = {at: _facts(base[at]) for at in old}
        self._new = {at: _facts(side[at]) for at in new}

    def fit(self, start: int, end: int, first: int) -> bool:
        """Return whether the old entries from start to end are the new ones from first on, each in its place."""
        return self.is_known and all(map(self._fits, range(start, end), range(first, first + end - start)))

    def _fits(self, old: int, new: int) -> bool:
        mine, now = self._old[old], self._new[new]
        if mine is None or now is None:  # nothing is ever merged into a plain value
            return True
        shared = len(mine & now)
        others = [len(mine & (facts or _NONE)) for at, facts in self._new.items() if at != new]
        others += [len(now & (facts or _NONE)) for at, facts in self._old.items() if at != old]
        return all(count < shared for count in others) and (shared > 0 or min(len(mine), len(now)) < 2)


_NONE: FrozenSet[Any] = frozenset()


def _facts(entry: Any) -> Optional[FrozenSet[Any]]:
    """Return what a mapping or list says, leaf by leaf; None for a plain value."""
    if not isinstance(entry, (dict, list)):
        return None
    return frozenset((path, canonical(leaf)) for path, leaf in leaves(entry))
