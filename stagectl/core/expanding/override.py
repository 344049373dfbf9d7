"""How a definition has to change so that a resource that is expanded from it gets a value.

The definition is edited, never what it is like; of one that makes several, only what is the resource's own entry.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from stagectl.core.errors import At, StagectlError
from stagectl.core.expanding.definition import KEY, MOVED_FROM
from stagectl.core.expanding.expand import merged_body
from stagectl.core.expanding.expanded import Expanded, Written
from stagectl.core.expanding.merge import each_path, lay_over, patch
from stagectl.core.merging.inverse import Assignment
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.values import format_path, leaves, same


class WrittenForSeveral(Exception):
    """A value cannot be set for one resource alone. place: where it is written for several; what: which, in words."""

    def __init__(self, place: Written, what: str) -> None:
        super().__init__(what)
        self.place, self.what = place, what


def override(one: Expanded, at: At, value: Any, *, lean: bool = False) -> Assignment:
    """Return what in its definition gives a resource a value in its body; MISSING: it goes.

    lean: take out what the definition says if it would be the same without. Raises WrittenForSeveral where the value is
    shared, and StagectlError for one that a definition cannot say.
    """
    at = _steps(one.body, at)
    if one.entry is not None:
        return _in_entry(one, at, value)
    base, own = merged_body(one.chain[1:]), one.definition.body
    desired = with_value(one.body, at, value)
    tries = [(at, MISSING)] if lean and _there(own, at) else []
    tries += [_direct(one, base, at, value), _whole(base, desired, at[:2]), _whole(base, desired, at[:1])]
    for place, new in tries:
        can_be = new is not MISSING or _there(own, place)
        if can_be and same(without_empty(lay_over(base, with_value(own, place, new))), without_empty(desired)):
            return (BODY, place), new
    hint = "a definition that is like another one takes a key out with null; write it without 'like' to have null there"
    raise StagectlError(f"{one.name} cannot say that of {_show(at)}", hint)


def without_empty(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a body without keys that say nothing."""
    return {key: value for key, value in body.items() if value}


def _direct(one: Expanded, base: Any, at: At, value: Any) -> Tuple[At, Any]:
    """Return a place in the definition and what to say there; of a list that stands elsewhere all of it."""
    for depth in range(1, len(at)):
        whole = inner_value(one.body, at[:depth])
        if isinstance(whole, list) and not isinstance(inner_value(one.definition.body, at[:depth]), list):
            return at[:depth], with_value(whole, at[depth:], value)
    if value is MISSING:
        return at, (None if _there(base, at) else MISSING)
    return at, patch(inner_value(base, at), value)


def _whole(base: Any, desired: Any, at: At) -> Tuple[At, Any]:
    """Return all that has to stand at a place."""
    if not _there(desired, at):
        return at, (None if _there(base, at) else MISSING)
    return at, patch(inner_value(base, at), inner_value(desired, at))


def _in_entry(one: Expanded, at: At, value: Any) -> Assignment:
    inside = one.value_at(at)
    place = one.text_at(BODY, at)
    if inside is None or one.definition.has_list or (value is MISSING and len(place.at) == len(at)):
        raise WrittenForSeveral(place, f"{_show(at)} {_where(_there(one.body, at))}")
    return (FRONT, (*one.entry_at(), *inside)), value


def _where(is_there: bool) -> str:
    return "is written in" if is_there else "would stand in"


def _show(at: At) -> str:
    return format_path(at[1:] if at[0] == "inputs" and len(at) > 1 else at)


def entry_values(body: Mapping[str, Any], desired: Mapping[str, Any]) -> Any:
    """Return the values with which `each` fills *desired* into a body, as far as they stand alone there."""
    found: Any = {}
    for at, leaf in leaves(body):
        path = each_path(leaf)
        if path is not None and path != (KEY,):
            with suppress(StagectlError):  # a step into a list of which nothing is known
                found = with_value(found, path, inner_value(desired, at))
    return found


def differences(now: Any, desired: Any, at: At = ()) -> Iterator[Tuple[At, Any]]:
    """Yield the places at which two values differ, with what is meant to be there; lists are taken as a whole."""
    if isinstance(now, dict) and isinstance(desired, dict) and (desired or not at):
        for key in dict.fromkeys([*now, *desired]):
            yield from differences(now.get(key, MISSING), desired.get(key, MISSING), (*at, key))
    elif now is not desired and not same(now, desired):
        yield at, desired


def front_steps(one: Expanded, desired: Mapping[str, Any]) -> Iterator[Assignment]:
    """Yield what gives a resource another front matter; raises WrittenForSeveral."""
    if desired["kind"] != one.front["kind"]:
        if one.entry is not None:
            raise WrittenForSeveral(one.source_of(FRONT, ("kind",)), f"its kind {_where(True)}")
        base = next((other.front["kind"] for other in one.chain[1:] if "kind" in other.front), None)
        yield (FRONT, ("kind",)), (MISSING if desired["kind"] == base else desired["kind"])
    yield from tag_steps(one, desired["tags"])
    moved, before = (_names(front.get(MOVED_FROM)) for front in (desired, one.front))
    if moved != before:
        at: At = (MOVED_FROM,) if one.entry is None else (*one.entry_at(), MOVED_FROM)
        yield (FRONT, at), (moved[0] if len(moved) == 1 else moved or MISSING)


def _names(raw: Any) -> List[Any]:
    return list(raw) if isinstance(raw, (list, tuple)) else [] if raw is None else [raw]


def tag_steps(one: Expanded, desired: Sequence[str]) -> Iterator[Assignment]:
    """Yield what gives a resource other tags; raises WrittenForSeveral for one that stands for several."""
    now: List[Any] = one.front["tags"]
    gone, new = [tag for tag in now if tag not in desired], [tag for tag in desired if tag not in now]
    for tag in [*gone, *new]:
        place = one.source_of(FRONT, ("tags", now.index(tag)) if tag in now else ("tags",))
        if one.entry is not None or (tag in now and place.definition is not one.definition):
            raise WrittenForSeveral(place, f"{f'the tag {tag}' if tag in now else 'a tag'} {_where(tag in now)}")
    if gone or new:
        own = one.definition.front.get("tags") or []
        yield (FRONT, ("tags",)), [*(tag for tag in own if tag not in gone), *new]


# --- values in values


def with_value(value: Any, at: At, new: Any) -> Any:
    """Return a copy of a value with another one at a place; raises StagectlError where there can be none."""
    if not at:
        return new
    step, *rest = at
    if isinstance(value, list):
        if not isinstance(step, int) or step > len(value) or (new is MISSING and step == len(value)):
            raise StagectlError(f"the list has {len(value)} entries, so '{step}' cannot be set")
        inner = with_value(value[step] if step < len(value) else _empty(rest), tuple(rest), new)
        return [*value[:step], *([] if inner is MISSING else [inner]), *value[step + 1 :]]
    if value is not None and not isinstance(value, dict):
        raise StagectlError(f"'{step}' cannot be set: what holds it is neither a mapping nor a list")
    found = dict(value or {})
    if new is MISSING and not rest:
        if step not in found:
            raise StagectlError(f"there is no '{step}' to take out")
        del found[step]
        return found
    held = found.get(step)
    found[step] = with_value(_empty(rest) if held is None else held, tuple(rest), new)
    return found


def _empty(rest: Sequence[Any]) -> Any:
    return [] if rest and isinstance(rest[0], int) else {}


def inner_value(value: Any, at: At) -> Any:
    """Return what is at a place, None where nothing is."""
    for step in at:
        is_there = step in value if isinstance(value, dict) else isinstance(value, list) and _is_in(value, step)
        if not is_there:
            return None
        value = value[step]
    return value


def _there(value: Any, at: At) -> bool:
    holder = inner_value(value, at[:-1])
    return at[-1] in holder if isinstance(holder, dict) else isinstance(holder, list) and _is_in(holder, at[-1])


def _is_in(items: List[Any], step: Any) -> bool:
    return isinstance(step, int) and step < len(items)


def _steps(value: Any, at: At) -> At:
    """Return a path with steps into mappings as keys: on a command line a key may look like an index."""
    found: List[Any] = []
    for step in at:
        found.append(str(step) if isinstance(value, dict) else step)
        value = inner_value(value, (found[-1],))
    return tuple(found)
