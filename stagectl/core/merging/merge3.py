"""Three-way merges of the values of a definition or staged file.

Mappings are merged key by key, lists in which the order says nothing as sets, other lists entry by entry, the stamps of
explicit actions by what they mean. What both sides changed differently is left to people: either side's value stands.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from stagectl.core.merging.sequences import merge_entries
from stagectl.core.schemas.schema import BODY, FRONT, Documents
from stagectl.core.stamps import later_count, stamp_count
from stagectl.core.values import Path, same

MISSING = object()  # stands for a value that is not there
SETS = ("tags", "depends_on", "unordered", "overrides")  # lists in which the order says nothing


@dataclass(frozen=True)
class Clash:
    """A value that both sides changed, each in its way; the indexes in its path are those of ours."""

    path: Path
    base: Any
    ours: Any
    theirs: Any


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
    fronts = _merge([], (), *(side[FRONT] for side in sides))
    bodies = _merge([], (), *(side[BODY] for side in sides))
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


def merge_values(base: Any, ours: Any, theirs: Any) -> Tuple[Any, List[Clash]]:
    """Return the three-way merge of a document, with ours where both sides changed a value, and those values."""
    clashes: List[Clash] = []
    return _merge(clashes, (), base, ours, theirs)[0], clashes


def _merge(clashes: List[Clash], path: Path, base: Any, ours: Any, theirs: Any) -> Tuple[Any, Any]:
    """Return the value with ours, and with theirs, where there is a conflict; else twice the same."""
    if same(ours, theirs) or same(base, theirs):
        return ours, ours
    if same(base, ours):
        return theirs, theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _merge_mappings(clashes, path, base if isinstance(base, dict) else {}, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        old = base if isinstance(base, list) else []
        if is_set(path):
            union = merge_sets(ours, old, theirs)
            return union, union
        return _merge_lists(clashes, path, old, ours, theirs)
    return _clash(clashes, path, base, ours, theirs)


def is_set(path: Path) -> bool:
    """Return whether the order says nothing in a list at a path of the front matter or the body."""
    return path[:1] != ("inputs",) and (path[0] in SETS or (len(path) == 2 and path[0] == "react_on"))


def _merge_mappings(
    clashes: List[Clash], path: Path, base: Dict[str, Any], ours: Dict[str, Any], theirs: Dict[str, Any]
) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    mine: Dict[str, Any] = {}
    other: Dict[str, Any] = {}
    for key in dict.fromkeys([*ours, *theirs]):
        one, two = _merge(clashes, (*path, key), *(side.get(key, MISSING) for side in (base, ours, theirs)))
        mine.update({} if one is MISSING else {key: one})
        other.update({} if two is MISSING else {key: two})
    return mine, other


def _merge_lists(
    clashes: List[Clash], path: Path, base: List[Any], ours: List[Any], theirs: List[Any]
) -> Tuple[List[Any], List[Any]]:
    """Merge entry by entry; where that fails the lists as a whole are the conflict: half a list means nothing."""
    entries = merge_entries(base, ours, theirs)
    if entries is None:
        return _clash(clashes, path, base, ours, theirs)
    pairs = [_merge(clashes, (*path, index), *sides) for index, sides in entries]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _clash(clashes: List[Clash], path: Path, base: Any, ours: Any, theirs: Any) -> Tuple[Any, Any]:
    clashes.append(Clash(path, base, ours, theirs))
    return ours, theirs


def merge_sets(ours: List[Any], base: List[Any], theirs: List[Any]) -> List[Any]:
    """Return a list in which order says nothing, with the changes of both sides."""
    kept = [entry for entry in ours if entry in theirs or entry not in base]
    return kept + [entry for entry in theirs if entry not in base and entry not in kept]


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
    return f"{later_count(one)}-{suffix}"
