"""Forms of values that come from a file of any author, and that go into texts, pages and command lines."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any, Dict, Optional, Pattern, Sequence, Tuple

from stagectl.core.model import CHANGE, NAME, ChangeId, Name, Oid

OID = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LATEST = 1e11  # seconds since the epoch, in the year 5138


def text(value: Any, form: Optional[Pattern[str]] = None) -> str:
    """Return a string; raises TypeError for what is none and ValueError for one that has not the form."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    if form is not None and not form.fullmatch(value):
        raise ValueError(f"{value!r} cannot stand where it does")
    if not value.isascii():
        value.encode("utf-8")  # half a character is no text; this is a ValueError, too
    return value


def texts(values: Any) -> Tuple[str, ...]:
    """Return a list of strings as a tuple; raises TypeError or ValueError."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return tuple(map(text, values))


@lru_cache(maxsize=1 << 15)  # what reads or is read is named again and again
def name(value: Any) -> Name:
    """Return a resource's name; raises TypeError or ValueError."""
    return Name(text(value, NAME))


def identity(value: Any) -> ChangeId:
    """Return a change's id; raises TypeError or ValueError."""
    return ChangeId(text(value, CHANGE))


def oid(value: Any) -> Oid:
    """Return the id of a git object; raises TypeError or ValueError."""
    return Oid(text(value, OID))


def oid_or_none(value: Any) -> Optional[Oid]:
    """Return the id of a git object, None of null; raises TypeError or ValueError."""
    return None if value is None else oid(value)


def no_number(word: str) -> None:
    """Refuse a word that Python reads as a number, and JSON does not have; raises ValueError."""
    raise ValueError(f"{word} is no number in JSON")


def unlike(pairs: Sequence[Tuple[str, Any]]) -> Dict[str, Any]:
    """Return a JSON object; raises ValueError for a key that stands in it twice: readers might see the other value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        raise ValueError(f"the key '{twice}' stands in it twice")
    return found


def count(value: Any) -> int:
    """Return a whole number that is not negative; raises ValueError."""
    if type(value) is not int or not 0 <= value < 1 << 31:
        raise ValueError(f"{str(value)[:40]} is no number that can stand there")
    return value


def seconds(value: Any) -> float:
    """Return a time or a duration in seconds; raises ValueError."""
    if type(value) not in (int, float) or not -_LATEST < value < _LATEST:
        raise ValueError(f"{str(value)[:40]} is no number of seconds")
    return float(value)
