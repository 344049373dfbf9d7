"""What became of a reviewed plan, in Markdown."""

from __future__ import annotations

from typing import Iterator

from stagectl.core.plans.range_diff import RangeDiff
from stagectl.views.markdown import code, fence
from stagectl.views.plans.range_diff import SHORT, range_diff_lines
from stagectl.views.text import pluralize


def since_lines(since: RangeDiff, level: int) -> Iterator[str]:
    """Return what differs from a reviewed plan: counts, and the lines themselves where there is room."""
    if since.is_empty:
        yield f"**Unchanged since plan {code(since.reviewed.id[:SHORT])}.**"
        return
    lines = list(range_diff_lines(since))
    most = (400, 100, 20, 0)[level]
    yield f"**What differs since plan {code(since.reviewed.id[:SHORT])}:** {_since_counts(since)}"
    if most:
        more = [f"... and {pluralize(len(lines) - most, 'more line')}"] if len(lines) > most else []
        yield ""
        yield fence("diff", [_as_diff(line) for line in lines[:most]] + more)


def _as_diff(line: str) -> str:
    """Return a line so that its sign stands in the first column, where a diff is coloured by."""
    inner = line.lstrip(" ")
    return f"{inner[0]}   {inner[1:]}" if line != inner and inner[0] in "+-" else line


def _since_counts(since: RangeDiff) -> str:
    counts = (
        ("came", since.came),
        ("went", since.went),
        ("differ", since.differ),
        ("held back, or no longer", (*since.held, *since.freed, *since.reheld)),
        ("recorded, or no longer", since.recorded),
        ("moved, or no longer", since.moved),
    )
    parts = [f"{len(found)} {word}" for word, found in counts if found]
    parts += [pluralize(len(since.kinds), "other kind")] if since.kinds else []
    parts += [pluralize(len(since.files), "other file that acts")] if since.files else []
    return ", ".join([*parts, *(["another selection"] if since.reviewed.selection != since.now.selection else [])])
