"""A status as text and JSON."""

from __future__ import annotations

from typing import Iterable, List

from stagectl.core.model import CHANGE
from stagectl.core.pictures.status import Status, outliving_text
from stagectl.core.printable import json_text
from stagectl.core.standing import commands_here, from_here
from stagectl.views.text import BOLD, COLOURS, one_line, paint, pluralize, safe, sign_of

CLEAN = "Nothing to do. What is defined is staged, committed and applied."
EMPTY = "Nothing is defined yet. Next: write resources/NAME.yaml; stagectl init makes the folders and a first kind"


def status_json(found: Status) -> str:
    """Return a status as one JSON document."""
    raw = {
        "applied": found.applied,
        "live": found.live,
        "unstaged": [{"name": name, "state": state} for name, state in found.unstaged],
        "uncommitted": list(found.uncommitted),
        "pending": [{"id": change, "cause": cause} for change, cause in found.pending],
        "held": [{"id": change, "reason": reason, "message": why} for change, reason, why in found.held],
        "affected": list(found.affected),
        "recorded": list(found.recorded),
        "unfinished": list(found.unfinished),
        "owed": list(found.owed),
        "drifted": [{"name": name, "state": state} for name, state in found.drifted],
        "looked": found.looked[0] if found.looked else None,
        "interrupted": found.interrupted,
        "still_running": [{"id": change, "process": number} for change, number in sorted(found.outliving.items())],
    }
    return json_text(raw, indent=2) + "\n"


def status_text(found: Status, *, colour: bool = False) -> str:
    """Return a status for people, with the next command beside each part."""
    run = [found.interrupted, *outliving_text(found.outliving)] if found.interrupted else []
    parts = _part(colour, "Run interrupted (stagectl resume):", run)
    parts += _part(colour, "Not staged (stagectl stage):", (f"{state}: {name}" for name, state in found.unstaged))
    parts += _part(colour, "Staged, not committed (git commit):", map(from_here, found.uncommitted))
    apart = ("unfinished", "drift")  # these have a part of their own
    pending = [change for change, cause in found.pending if cause not in apart]
    parts += _part(colour, "Staged, not applied (stagectl plan):", pending)
    held = [f"{change}  ({reason}) {commands_here(one_line(why))}" for change, reason, why in found.held]
    parts += _part(colour, "Held back (stagectl plan):", held)
    parts += _part(colour, "Affected by that:", found.affected)
    parts += _part(colour, "Staged, differs in nothing that acts:", found.recorded)
    parts += _part(colour, "Unfinished, comes back with the next plan:", found.unfinished)
    parts += _part(colour, "Owed, comes back with the next plan:", found.owed)
    title = f"{len(found.drifted)} not as applied, as a check saw{_ago(found)} (stagectl plan):"
    parts += _part(colour, title, (f"{state}: {name}" for name, state in found.drifted))
    live = pluralize(found.live, "resource")
    where = f"Applied: {live}, at {found.applied[:12]}." if found.applied else "Nothing is applied yet."
    return "\n".join([where, *(parts or [CLEAN if found.applied else EMPTY])]) + "\n"


def _ago(found: Status) -> str:
    """Return how long ago something was last recorded of a check."""
    if found.looked is None:
        return ""
    seconds = int(found.looked[1])
    units = ((86400, "day"), (3600, "hour"), (60, "minute"))
    unit, word = next((pair for pair in units if seconds >= pair[0]), (1, ""))
    return f" {pluralize(seconds // unit, word)} ago" if word else " just now"


def _part(colour: bool, title: str, lines: Iterable[str]) -> List[str]:
    found = [f"  {_with_sign(safe(line), colour)}" for line in lines]
    return [paint(commands_here(title), BOLD, colour), *found] if found else []


def _with_sign(line: str, colour: bool) -> str:
    """Return a line, a change in it in the colour of its sign."""
    return paint(line, COLOURS[sign_of(line.partition(".")[2])], colour) if CHANGE.fullmatch(line) else line


def status_short(found: Status) -> str:
    """Return one line per thing: two letters, then what it is about."""
    rows = [("I ", found.interrupted)] if found.interrupted else []
    rows += [("D ", name) for name, _ in found.unstaged] + [("C ", from_here(path)) for path in found.uncommitted]
    rows += [("S ", change) for change, _ in found.pending] + [("H ", change) for change, _, _ in found.held]
    rows += [("A ", change) for change in found.affected]
    rows += [("R ", name) for name in found.recorded]
    rows += [("W ", name) for name, _ in found.drifted]
    rows += [("U ", change) for change in found.unfinished] + [("O ", change) for change in found.owed]
    return "".join(f"{letter} {safe(text)}\n" for letter, text in rows)
