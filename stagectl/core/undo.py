"""Taking one change of a file back although the file went on: value by value, what changed again is a conflict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.core.schema import BODY, FRONT
from stagectl.core.values import Path, dotted, same

Documents = Sequence[Any]  # front matter and body, as a file has them
Place = Tuple[int, Path]  # a document and a path in it
MISSING = object()  # stands for a value that is not there
_FRONT_KEYS = ("kind", "tags", "moved_from")
SETS = ("tags", "depends_on", "unordered", "overrides")  # lists in which the order says nothing


@dataclass(frozen=True)
class Conflict:
    """A value that cannot be taken back: it was *then*, should be *back* again, and is *now* something else."""

    place: Place
    then: Any
    back: Any
    now: Any


@dataclass
class Undoing:
    """What takes a change back: values to set, in order, then places that go, the last entries of a list first."""

    sets: List[Tuple[Place, Any]] = field(default_factory=list)
    gone: List[Place] = field(default_factory=list)
    conflicts: List[Conflict] = field(default_factory=list)


def undo(now: Documents, then: Documents, back: Documents) -> Undoing:
    """Return what takes the change from *back* to *then* out of *now*."""
    found = Undoing()
    for document, sides in enumerate(zip(_said(now), _said(then), _said(back))):
        _walk(found, (document, ()), *sides)
    found.gone.reverse()
    return found


def where(place: Place) -> str:
    """Return a place as people write it: of an input the path in it, `labels.app`."""
    document, path = place
    return dotted(path[1:] if document == BODY and path[0] == "inputs" and len(path) > 1 else path)


def says_the_same(one: Optional[Documents], other: Optional[Documents]) -> bool:
    """Return whether two files say the same, apart from where they were copied from and the actions staged by name."""
    if one is None or other is None:
        return one is other
    return all(map(same, _said(one), _said(other)))


def _said(documents: Documents) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return what front matter and body say; a key without a value says nothing."""
    front: Mapping[str, Any] = documents[FRONT] or {}
    body: Mapping[str, Any] = documents[BODY] or {}
    said = {key: front[key] for key in _FRONT_KEYS if front.get(key)}
    return said, {"inputs": {}, **{key: value for key, value in body.items() if value}}


def _walk(found: Undoing, place: Place, now: Any, then: Any, back: Any) -> None:
    if same(then, back) or same(now, back):
        return
    if _are_alike(now, back, then):
        _walk_inside(found, place, now, then, back)
    elif same(now, then):
        _put(found, place, back)
    elif _are_alike(now, then, back):
        _walk_inside(found, place, now, then, back)
    else:
        found.conflicts.append(Conflict(place, then, back, now))


def _are_alike(one: Any, other: Any, third: Any) -> bool:
    """Return whether all are mappings, or all are lists; the third may be missing."""
    return any(
        isinstance(one, kind) and isinstance(other, kind) and (third is MISSING or isinstance(third, kind))
        for kind in (dict, list)
    )


def _put(found: Undoing, place: Place, value: Any) -> None:
    if value is MISSING:
        found.gone.append(place)
    else:
        found.sets.append((place, value))


def _walk_inside(found: Undoing, place: Place, now: Any, then: Any, back: Any) -> None:
    document, path = place
    if isinstance(now, dict):
        sides = [side if side is not MISSING else {} for side in (now, then, back)]
        for key in dict.fromkeys(key for side in sides for key in side):
            _walk(found, (document, (*path, key)), *(side.get(key, MISSING) for side in sides))
        return
    lists: List[List[Any]] = [side if side is not MISSING else [] for side in (now, then, back)]
    if path and path[0] in SETS:
        _put(found, place, merged_set(*lists) or MISSING)
        return
    if len(lists[0]) < len(lists[1]) < len(lists[2]):  # what comes back would stand after what is no longer there
        found.conflicts.append(Conflict(place, then, back, now))
        return
    for index in range(max(map(len, lists))):
        _walk(found, (document, (*path, index)), *(side[index] if index < len(side) else MISSING for side in lists))


def merged_set(now: List[Any], then: List[Any], back: List[Any]) -> List[Any]:
    """Return a list, in which order says nothing, with what turns *then* into *back* done to it."""
    kept = [entry for entry in now if entry in back or entry not in then]
    return kept + [entry for entry in back if entry not in then and entry not in kept]
