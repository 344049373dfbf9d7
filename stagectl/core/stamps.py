"""Stamps of explicit actions, such as `2-3f9c`: a counter and a random suffix (docs/design.md, section 3)."""

from __future__ import annotations

import re
from typing import Optional

from stagectl.core.once import pattern

STAMP = pattern(r"([1-9][0-9]{0,8})-([0-9a-z]{1,16})", re.ASCII)
LAST_COUNT = 999_999_999  # of a stamp


def is_pending(stamp: str, done: Optional[str]) -> bool:
    """Return whether a stamp of an explicit action still has to run, given the one last done."""
    if done is None or stamp == done:
        return done is None
    return stamp_count(stamp) >= stamp_count(done)


def later_count(*stamps: str) -> int:
    """Return a counter for a stamp after these; at its end it stays, and another suffix alone says what is pending."""
    return min(LAST_COUNT, 1 + max(map(stamp_count, stamps)))


def stamp_count(stamp: str) -> int:
    """Return the counter of a stamp such as `2-3f9c`."""
    return int(stamp.partition("-")[0])
