"""Three-way merges of sequences (lines of a file, entries of a list) and of the values of a definition or staged file.

Mappings are merged key by key, lists in which the order says nothing as sets, other lists entry by entry, the stamps of
explicit actions by what they mean. What both sides changed differently is left to people: either side's value stands.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from stagectl.core.model import stamp_count
from stagectl.core.schema import BODY, FRONT
from stagectl.core.undo import MISSING, SETS, merged_set
from stagectl.core.values import canonical, same

Documents = Sequence[Any]  # front matter and body, as a file has them


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


@dataclass(frozen=True)
class Merged:
    """The values that a merge leads to: with ours where the sides cannot be brought together, and with theirs."""

    ours: Documents
    theirs: Documents

    @property
    def is_conflict(self) -> bool:
        """Whether the sides cannot be brought together."""
        return not all(map(same, self.ours, self.theirs))


def merge_documents(base: Optional[Documents], ours: Documents, theirs: Documents) -> Merged:
    """Return the three-way merge of a file's values; base: None where both sides added the file."""
    sides = [_front_and_body(documents) for documents in (base or [{}, {}], ours, theirs)]
    fronts = _merge((), *(side[FRONT] for side in sides))
    bodies = _merge((), *(side[BODY] for side in sides))
    stamps = _merge_stamps(*(side[FRONT].get("actions") or {} for side in sides))
    for front in fronts:
        front.pop("actions", None)
        front.update({"actions": stamps} if stamps else {})
    return Merged((fronts[0], bodies[0]), (fronts[1], bodies[1]))


def _front_and_body(documents: Documents) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return front matter and body; a key without a value says nothing. Raises ValueError for another form."""
    found = [dict(document or {}) for document in documents]
    if len(found) != 2:
        raise ValueError("a definition has a front matter and a body")
    front, body = ({key: value for key, value in document.items() if value is not None} for document in found)
    return front, body


def _merge(path: Tuple[str, ...], base: Any, ours: Any, theirs: Any) -> Tuple[Any, Any]:
    """Return the value with ours, and with theirs, where there is a conflict; else twice the same."""
    if same(ours, theirs) or same(base, theirs):
        return ours, ours
    if same(base, ours):
        return theirs, theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _merge_mappings(path, base if isinstance(base, dict) else {}, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        old = base if isinstance(base, list) else []
        if _is_set(path):
            union = merged_set(ours, old, theirs)
            return union, union
        return _merge_lists(old, ours, theirs)
    return ours, theirs


def _is_set(path: Tuple[str, ...]) -> bool:
    return path[:1] != ("inputs",) and (path[0] in SETS or (len(path) == 2 and path[0] == "react_on"))


def _merge_mappings(
    path: Tuple[str, ...], base: Dict[str, Any], ours: Dict[str, Any], theirs: Dict[str, Any]
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    mine: Dict[str, Any] = {}
    other: Dict[str, Any] = {}
    for key in dict.fromkeys([*ours, *theirs]):
        one, two = _merge((*path, key), *(side.get(key, MISSING) for side in (base, ours, theirs)))
        mine.update({} if one is MISSING else {key: one})
        other.update({} if two is MISSING else {key: two})
    return mine, other


def _merge_lists(base: List[Any], ours: List[Any], theirs: List[Any]) -> Tuple[List[Any], List[Any]]:
    """Merge entry by entry; where that fails the lists as a whole are the conflict: nobody reads half a list."""
    texts = [[canonical(entry) for entry in side] for side in (base, ours, theirs)]
    value = {text: entry for side, entries in zip(texts, (base, ours, theirs)) for text, entry in zip(side, entries)}
    chunks = list(merge_sequences(*texts))
    if any(chunk.is_conflict for chunk in chunks):
        return ours, theirs
    merged = [value[text] for chunk in chunks for text in chunk.ours]
    return merged, merged


def _merge_stamps(base: Dict[str, str], ours: Dict[str, str], theirs: Dict[str, str]) -> Dict[str, str]:
    """Return the stamps that are pending wherever one of both sides is: an action that was staged is never lost."""
    found: Dict[str, str] = {}
    for action in dict.fromkeys([*ours, *theirs]):
        old, mine, other = base.get(action), ours.get(action), theirs.get(action)
        if mine == other or other == old:
            stamp = mine
        elif mine == old:
            stamp = other
        else:
            stamp = _both(mine, other)
        found.update({action: stamp} if stamp else {})
    return found


def _both(one: Optional[str], other: Optional[str]) -> Optional[str]:
    """Return the stamp for an action that both sides staged: the later one; of two at the same time one after both.

    Either of them may be done already, and its stamp would say so of the other, too.
    """
    if one is None or other is None:
        return one or other
    if stamp_count(one) != stamp_count(other):
        return max(one, other, key=stamp_count)
    suffix = hashlib.sha256("+".join(sorted((one, other))).encode()).hexdigest()[:4]
    return f"{stamp_count(one) + 1}-{suffix}"
