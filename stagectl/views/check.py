"""What a check saw, as text and as JSON."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Tuple

from stagectl.core.diff import Difference, Op
from stagectl.core.running.looks import Checked, Left, Look, Seen
from stagectl.core.values import as_written, format_path
from stagectl.views.differences import Differences, by_entries
from stagectl.views.text import BOLD, NEW, OLD, dotted_path, list_words, one_line, paint, value_text

FORMAT_VERSION = "1.0"
_STYLES = {Seen.OK: "32", Seen.DRIFTED: "33", Seen.GONE: "31", Seen.FAILED: "1;31", Seen.UNCHECKED: "2"}


def checked_text(checked: Checked, *, colour: bool = False) -> str:
    """Return what is not as it was applied, a line for each value, and the counts."""
    lines = [line for look in checked.looks for line in _look_lines(look, colour)]
    lines.append(checked_line(checked))
    lines += [f"Left alone: {_left_text(left)}" for left in checked.left]
    lines += [f"Adopted: {list_words(checked.adopted)}."] if checked.adopted else []
    if checked.recorded:
        lines.append(f"What was seen is in commit {checked.recorded[:12]}.")
    if checked.accepted:
        lines.append(f"Staged as it was seen, in commit {checked.accepted[:12]}.")
    return "\n".join([*lines, *(f"Next: {command}" for command in _next(checked))]) + "\n"


def _left_text(left: Left) -> str:
    return f"{'.'.join(filter(None, (left.name, dotted_path(left.at))))}: {one_line(left.why)}"


def checked_line(checked: Checked) -> str:
    """Return how many resources are in each state."""
    found = [f"{number} {state}" for state, number in checked.summary().items() if number]
    return f"Checked {len(checked.looks)}: {', '.join(found)}." if found else "Checked 0: nothing is live."


def _next(checked: Checked) -> Iterator[str]:
    drifted, gone = checked.names(Seen.DRIFTED), checked.names(Seen.GONE)
    acceptable = [name for name in drifted if name not in {left.name for left in checked.left}]
    if checked.is_adoption and acceptable and not checked.accepted:
        yield f"stagectl adopt {' '.join(acceptable[:5])} --accept, to take what was seen into the definition"
    if checked.is_adoption and gone:
        yield f"stagectl apply {' '.join(gone[:5])}, which makes what is not there"
    if checked.adopted or checked.accepted:
        yield "stagectl plan"
    elif checked.is_adoption:
        return
    elif checked.are(Seen.DRIFTED, Seen.GONE):
        is_new = any(look.after != look.before for look in checked.looks)
        yield "stagectl check --record, so that plans know it" if is_new and not checked.recorded else "stagectl plan"


def _look_lines(look: Look, colour: bool) -> List[str]:
    if look.state == Seen.OK or (look.state == Seen.UNCHECKED and not look.is_left):
        return []
    said = f" ({one_line(look.message)})" if look.message else ""
    first = f"{paint(look.name, BOLD, colour)}: {paint(look.state, _STYLES[look.state], colour)}{said}"
    return [first, *(f"    {_line(look, entry, colour)}" for entry in seen_differences(look))]


def seen_differences(look: Look) -> Differences:
    """Return the values that a look saw otherwise, as people see them."""
    observed = look.after.observed
    return by_entries(look.diff, {**look.after.outputs, **(observed.inputs if observed else {})}, look.sensitive)


def both_sides(entry: Difference) -> Tuple[str, str]:
    """Return what is applied, and what was seen."""
    applied = "nothing" if entry.op == Op.ADD else value_text(entry.before)
    return applied, "nothing" if entry.op == Op.REMOVE else value_text(entry.after)


def _line(look: Look, entry: Difference, colour: bool) -> str:
    path = dotted_path(entry.path)
    if look.hides(entry):
        return f"{path}: (sensitive)"
    applied, seen = both_sides(entry)
    return f"{path}: applied {paint(applied, OLD, colour)}, seen {paint(seen, NEW, colour)}"


def check_json(checked: Checked) -> str:
    """Return what was seen as one JSON document."""
    document: Dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "resources": [_look_json(look) for look in checked.looks],
        "summary": checked.summary(),
        "recorded": checked.recorded,
        "accepted": checked.accepted,
        "left": [{"resource": left.name, "path": format_path(left.at), "message": left.why} for left in checked.left],
        **({"adopted": list(checked.adopted)} if checked.adopted else {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _look_json(look: Look) -> Dict[str, Any]:
    return {
        "resource": look.name,
        "state": look.state,
        "diff": [_entry_json(look, entry) for entry in look.diff],
        "message": look.message,
    }


def _entry_json(look: Look, entry: Difference) -> Dict[str, Any]:
    path = format_path(entry.path)
    if look.hides(entry):
        return {"path": path, "applied": None, "seen": None, "sensitive": True}
    return {"path": path, "applied": as_written(entry.before), "seen": as_written(entry.after)}
