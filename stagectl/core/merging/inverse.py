"""Taking one change of a file back although the file went on: value by value, what changed again is a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from stagectl.core.merging.merge3 import MISSING, is_set, merge_values
from stagectl.core.schemas.schema import BODY, FRONT, Documents
from stagectl.core.values import Path, canonical, format_path, same

Spot = Tuple[int, Path]  # a document and a path in it
Assignment = Tuple[Spot, Any]  # a value to set there; MISSING: it goes
_FRONT_KEYS = ("kind", "tags", "moved_from")


@dataclass(frozen=True)
class Conflict:
    """A value that cannot be taken back: it was *then*, should be *back* again, and is *now* something else."""

    place: Spot
    then: Any
    back: Any
    now: Any


@dataclass(frozen=True)
class Inverse:
    """What takes a change back: steps, in order."""

    steps: Tuple[Assignment, ...]
    conflicts: Tuple[Conflict, ...]


def inverse(now: Documents, then: Documents, back: Documents) -> Inverse:
    """Return what takes the change from *back* to *then* out of *now*, keeping what was added since to what goes."""
    left = [_with_room(*sides) for sides in zip(_split_parts(now), _split_parts(then), _split_parts(back))]
    return put_together(now, then, left)


def put_together(ours: Documents, base: Documents, theirs: Documents) -> Inverse:
    """Return what makes the change from *base* to *theirs* in *ours*, too."""
    mine = _split_parts(ours)
    merges = [merge_values(*sides) for sides in zip(_split_parts(base), mine, _split_parts(theirs))]
    conflicts = [
        Conflict((document, clash.path), clash.base, clash.theirs, clash.ours)
        for document, (_, clashes) in enumerate(merges)
        for clash in clashes
    ]
    desired = _split_parts([value for value, _ in merges])
    return Inverse(tuple(steps(mine, desired)), tuple(conflicts))


def _with_room(now: Any, then: Any, back: Any) -> Any:
    """Return what comes back, empty instead of gone where something was added since that has to stand in it."""
    for kind in (dict, list):
        if back is MISSING and isinstance(now, kind) and isinstance(then, kind) and not same(now, then):
            back = kind()
    if not isinstance(now, dict) or not isinstance(then, dict) or not isinstance(back, dict):
        return back
    keys = dict.fromkeys([*back, *then])
    found = {key: _with_room(*(side.get(key, MISSING) for side in (now, then, back))) for key in keys}
    return {key: value for key, value in found.items() if value is not MISSING}


def steps(now: Documents, desired: Documents) -> Iterator[Assignment]:
    """Yield what turns the values of a file into others, as little of it as is needed."""
    for document in (FRONT, BODY):
        yield from _steps((document, ()), now[document], desired[document])


def _steps(place: Spot, now: Any, desired: Any) -> Iterator[Assignment]:
    document, path = place
    if same(now, desired):
        return
    if isinstance(now, dict) and isinstance(desired, dict) and (desired or not path):
        for key in dict.fromkeys([*now, *desired]):
            inside = (document, (*path, key))
            if key in desired:
                yield from _steps(inside, now.get(key, MISSING), desired[key])
            elif now[key] is not None:  # a key without a value says nothing, and stays
                yield inside, MISSING
    elif isinstance(now, list) and isinstance(desired, list) and desired:
        yield from _steps_in_list(place, now, desired)
    else:
        yield place, desired


def _steps_in_list(place: Spot, now: List[Any], desired: List[Any]) -> Iterator[Assignment]:
    """Yield what keeps the lines of entries that stay; a list into which something comes is written as a whole."""
    document, path = place
    gone = None if is_set(path) else _gone_entries(now, desired)  # an entry of a set that goes is not one that comes
    if gone is None:
        yield place, desired
        return
    for index in reversed(gone):
        yield (document, (*path, index)), MISSING
    left = [entry for index, entry in enumerate(now) if index not in gone]
    for index, entry in enumerate(desired):
        yield from _steps((document, (*path, index)), left[index] if index < len(left) else MISSING, entry)


def _gone_entries(now: List[Any], desired: List[Any]) -> Optional[List[int]]:
    """Return the indexes of entries to take out, so that the rest stand where they should; None if they cannot."""
    if len(now) == len(desired) or same(now, desired[: len(now)]):
        return []
    before, after = ([canonical(entry) for entry in side] for side in (now, desired))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changes = [step for step in matcher.get_opcodes() if step[0] != "equal"]
    if all(word == "delete" or end - start == last - first for word, start, end, first, last in changes):
        return [index for word, start, end, _, _ in changes if word == "delete" for index in range(start, end)]
    return None


def where(place: Spot) -> str:
    """Return a place as people write it: of an input the path in it, `labels.app`."""
    document, path = place
    return format_path(path[1:] if document == BODY and path[0] == "inputs" and len(path) > 1 else path)


def says_the_same(one: Optional[Documents], other: Optional[Documents]) -> bool:
    """Return whether two files say the same, apart from where they were copied from and the actions staged by name."""
    if one is None or other is None:
        return one is other
    return all(map(same, _split_parts(one), _split_parts(other)))


def _split_parts(documents: Documents) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return what front matter and body say; a key without a value says nothing."""
    front: Mapping[str, Any] = documents[FRONT] or {}
    body: Mapping[str, Any] = documents[BODY] or {}
    said = {key: front[key] for key in _FRONT_KEYS if front.get(key)}
    return said, {"inputs": {}, **{key: value for key, value in body.items() if value}}
