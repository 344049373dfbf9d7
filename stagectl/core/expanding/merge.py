"""Definitions put together: the values of one on top of those of another, and what `each` fills in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Callable, Mapping, Optional, Tuple

from stagectl.core.errors import At, nearest
from stagectl.core.expanding.definition import EACH, KEY, MOVED_FROM
from stagectl.core.references import path_steps
from stagectl.core.values import canonical, same, step_into


def lay_over(base: Any, own: Any) -> Any:
    """Return *own* on top of *base*: mappings by key, lists and scalars replaced, null takes a key out (RFC 7396)."""
    if not isinstance(own, dict):
        return own
    under: Mapping[str, Any] = base if isinstance(base, dict) else {}
    found = dict(under)
    for key, value in own.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = lay_over(under.get(key), value)
    return found


def patch(base: Any, desired: Any) -> Any:
    """Return what has to stand on top of *base* to say *desired*, as far as `lay_over` can make it."""
    if not isinstance(base, dict) or not isinstance(desired, dict):
        return desired
    found = {key: None for key in base if key not in desired}
    for key, value in desired.items():
        if key not in base or not same(base[key], value):
            found[key] = patch(base.get(key), value)
    return found


class Missing(Exception):
    """`${each.x}` for which an entry has no value; near: what may have been meant."""

    def __init__(self, path: Tuple[str, ...], near: str) -> None:
        super().__init__()
        self.path, self.near = path, near


def reads_each(value: Any) -> bool:
    """Return whether anything in a value is filled in by `each`."""
    return EACH.search(repr(value)) is not None


def each_path(text: Any) -> Optional[Tuple[str, ...]]:
    """Return the path of a string that is one `${each.path}` and nothing else, None of another value."""
    match = EACH.fullmatch(text) if isinstance(text, str) else None
    with suppress(ValueError):  # reported when it is filled in
        return path_steps(match.group(1)) if match else None
    return None


def value_in(key: str, values: Mapping[str, Any], path: Tuple[str, ...]) -> Any:
    """Return the value that `${each.path}` means for an entry; raises Missing, or ValueError with a message."""
    if not path:
        raise ValueError("'${each}' names no value; write ${each.key} or ${each.<value>}")
    if path == (KEY,):
        return key
    value: Any = {name: inner for name, inner in values.items() if name != MOVED_FROM}
    for step in path:
        is_there, inner = step_into(value, step)
        if not is_there:
            raise Missing(path, nearest(step, value) if isinstance(value, dict) else "")
        value = inner
    return value


def with_filled(value: Any, fill: Callable[[At, str], Any], bad_key: Callable[[At], None], at: At = ()) -> Any:
    """Return a copy of a value in which every string with `${each...}` went through *fill*; a key cannot have it."""
    if isinstance(value, dict):
        for key in value:
            if EACH.search(key):
                bad_key((*at, key))
        return {key: with_filled(inner, fill, bad_key, (*at, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_filled(inner, fill, bad_key, (*at, index)) for index, inner in enumerate(value)]
    return fill(at, value) if isinstance(value, str) and EACH.search(value) else value


def fill(text: str, key: str, values: Mapping[str, Any]) -> Any:
    """Return a string with an entry's values in it; alone a value keeps its type. Raises as `value_in` does."""
    whole = each_path(text)
    if whole is not None:
        return value_in(key, values, whole)
    return EACH.sub(lambda match: _as_text(match.group(), value_in(key, values, path_steps(match.group(1)))), text)


def _as_text(written: str, value: Any) -> str:
    if isinstance(value, (dict, list)):
        kind = "list" if isinstance(value, list) else "mapping"
        raise ValueError(f"{written} is a {kind}, which cannot stand inside a string")
    return value if isinstance(value, str) else canonical(value)
