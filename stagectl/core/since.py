"""Dates as people write them for git, which takes every word it does not know for now, without a word."""

from __future__ import annotations

import re
from typing import Optional

from stagectl.core.errors import nearest

_SHORTENED = (  # known from three letters on
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
    *("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
)
_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_OTHERS = ("now", "today", "yesterday", "noon", "midnight", "tea", "never", "ago", "last")
_KNOWN = (*_SHORTENED, *_UNITS, *(f"{unit}s" for unit in _UNITS), *_NUMBERS, *_OTHERS)
_SKIPPED = frozenset("a am an and at clock i iso o of on pm since st nd rd t th the z".split())  # noqa: SIM905


def unknown_word(text: str) -> Optional[str]:
    """Return the first word of a date that git does not know, None if it knows them all."""
    words = re.findall(r"[^\W\d_]+", text)
    if not words and not re.search(r"\d", text):
        return text
    return next((word for word in words if not _is_known(word)), None)


def nearest_word(word: str) -> str:
    """Return a suggestion to append to a message."""
    return nearest(word.lower(), _KNOWN)


def _is_known(word: str) -> bool:
    low = word.lower()
    is_zone = word.isupper() and 2 < len(word) < 6  # UTC, CEST
    is_short = len(low) > 2 and any(whole.startswith(low) for whole in _SHORTENED)
    return low in _KNOWN or low in _SKIPPED or is_zone or is_short
