"""Differences of values, as text and JSON."""

from __future__ import annotations

from typing import List, Sequence

from stagectl.core.pictures.reports import ResourceDiff
from stagectl.core.plans.document import difference_json
from stagectl.core.printable import json_text
from stagectl.views.differences import by_entries
from stagectl.views.text import BOLD, colour_sign, difference_line, paint, safe

_SIGNS = {"new": "+", "gone": "-", "changed": "~"}


def diff_text(found: Sequence[ResourceDiff], *, colour: bool = False) -> str:
    """Return the resources that differ, their values below them."""
    lines: List[str] = []
    for one in found:
        lines.append(f"{colour_sign(_SIGNS[one.state], colour)} {paint(one.name, BOLD, colour)}")
        lines += [f"    {safe(note)}" for note in one.notes]
        if one.state != "gone":
            shown = by_entries(one.differences, one.after, one.sensitive)
            lines += [f"    {difference_line(entry, entry.path[0] in one.sensitive, colour)}" for entry in shown]
    return "\n".join(lines) + "\n" if lines else "No value differs.\n"


def diff_json(found: Sequence[ResourceDiff]) -> str:
    """Return the resources that differ as a JSON list."""
    raw = [
        {
            "name": one.name,
            "state": one.state,
            "diff": [difference_json(entry, entry.path[0] in one.sensitive) for entry in one.differences],
            "notes": list(one.notes),
        }
        for one in found
    ]
    return json_text(raw, indent=2) + "\n"
