"""Taking one change of a file back although the file went on: value by value, what changed again is a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.core.schema import BODY, FRONT
from stagectl.core.values import Path, Value, leaves

Documents = Sequence[Any]  # front matter and body, as a file has them
Place = Tuple[int, Path]  # a document and a path in it
MISSING = object()  # stands for a value that is not there


@dataclass(frozen=True)
class Conflict:
    """A value that cannot be taken back: it was *then*, should be *back* again, and is *now* something else."""

    place: Place
    then: Any
    back: Any
    now: Any


@dataclass(frozen=True)
class Undoing:
    """What has to be set for a change to be taken back: place and value, MISSING where it has to go."""

    sets: Tuple[Tuple[Place, Any], ...] = ()
    conflicts: Tuple[Conflict, ...] = ()


def undo(now: Documents, then: Documents, back: Documents) -> Undoing:
    """Return what takes the change from *back* to *then* out of *now*."""
    ours, theirs, base = _values(now), _values(back), _values(then)
    sets: List[Tuple[Place, Any]] = []
    conflicts: List[Conflict] = []
    for place in sorted(theirs.keys() | base.keys(), key=lambda place: (place[0], str(place[1]))):
        wanted, was, current = (values.get(place, MISSING) for values in (theirs, base, ours))
        if _same(wanted, was) or _same(current, wanted):
            continue
        if _same(current, was):
            sets.append((place, wanted))
        else:
            conflicts.append(Conflict(place, was, wanted, current))
    return Undoing(tuple(sets), tuple(conflicts))


def says_the_same(one: Optional[Documents], other: Optional[Documents]) -> bool:
    """Return whether two files say the same, apart from where they were copied from and the actions staged by name."""
    if one is None or other is None:
        return one is other
    mine, theirs = _values(one), _values(other)
    return mine.keys() == theirs.keys() and all(_same(value, theirs[place]) for place, value in mine.items())


def _values(documents: Documents) -> Dict[Place, Value]:
    """Return what a file says: front matter and relations as wholes, inputs leaf by leaf."""
    front: Mapping[str, Any] = documents[FRONT] or {}
    body: Mapping[str, Any] = documents[BODY] or {}
    found: Dict[Place, Value] = {(FRONT, (key,)): front[key] for key in ("kind", "moved_from") if key in front}
    if front.get("tags"):
        found[FRONT, ("tags",)] = front["tags"]
    found.update({(BODY, (key,)): value for key, value in body.items() if key != "inputs" and value})
    inputs = body.get("inputs") or {}
    found.update({(BODY, ("inputs", *path)): value for path, value in leaves(inputs) if path})
    return found


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
