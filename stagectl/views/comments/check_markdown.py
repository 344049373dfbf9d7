"""What a check saw as Markdown, for an issue that stays open while there is drift; and as workflow commands."""

from __future__ import annotations

import shlex
from typing import Iterator, List

from stagectl.core.diff import Difference, Op
from stagectl.core.plans.selection import Selection
from stagectl.core.running.looks import Checked, Look, Seen
from stagectl.core.standing import commands_here
from stagectl.core.values import format_path
from stagectl.views.check import both_sides, checked_line, seen_differences
from stagectl.views.comments.plan_github import annotation, limit
from stagectl.views.markdown import code, details, marker_line, table
from stagectl.views.text import selection_words

_MOST_ROWS, _OPEN_ROWS, _LONGEST, _LONGEST_HEAD = 200, 20, 300, 80


def check_markdown(checked: Checked, selection: Selection, project: str) -> str:
    """Return what is not as it was applied as Markdown; values in it are data. project: its folder, "" for the top."""
    head = f"### {_headline(checked)}{_of(selection, project)}"
    lines = [_marker(selection, project), "", head, "", checked_line(checked)]
    rows = [row for look in checked.looks for row in _rows(look)]
    if rows:
        shown = list(table(("resource", "state", "value", "applied", "seen"), rows[:_MOST_ROWS]))
        lines += ["", *(shown if len(rows) <= _OPEN_ROWS else details(f"{len(rows)} rows", shown))]
    if len(rows) > _MOST_ROWS:
        lines += ["", f"... and {len(rows) - _MOST_ROWS} more rows"]
    if checked.are(Seen.DRIFTED, Seen.GONE):
        lines += ["", _way_out(checked)]
    return "\n".join(lines) + "\n"


def _marker(selection: Selection, project: str) -> str:
    """Return the first line, by which the issue of this project and selection is found again."""
    chosen = {"names": list(selection.names), "tags": list(selection.tags)}
    place = {"project": project} if project else {}
    return marker_line("check", {**place, "selection": chosen})


def _of(selection: Selection, project: str) -> str:
    words = " ".join(map(shlex.quote, selection_words(selection)))
    of = [f" in {code(project[:_LONGEST_HEAD])}"] if project else []
    return "".join([*of, *([f" of {code(words[:_LONGEST_HEAD])}"] if words else [])])


def _headline(checked: Checked) -> str:
    counts = checked.summary()
    found = [f"{counts[state]} {state}" for state in (Seen.DRIFTED, Seen.GONE, Seen.FAILED) if counts[state]]
    return f"Not as applied: {', '.join(found)}" if found else "Everything that can be looked at is as it was applied"


def _way_out(checked: Checked) -> str:
    first = "The next plan puts it back" if checked.recorded else "`stagectl check --record` lets plans put it back"
    return commands_here(f"{first}; `stagectl check --accept` takes it into the definitions, for review.")


def _rows(look: Look) -> Iterator[List[str]]:
    if look.state in (Seen.OK, Seen.UNCHECKED):
        return
    state = str(look.state) + (f": {code(look.message[:_LONGEST])}" if look.message else "")
    first = [code(look.name), state]
    for entry in seen_differences(look):
        yield [*first, code(format_path(entry.path)), *_sides(look, entry)]
        first = ["", ""]
    if not look.diff:
        yield [*first, "", "", ""]


def _sides(look: Look, entry: Difference) -> List[str]:
    if look.hides(entry):
        return ["(sensitive)", "(sensitive)"]
    words = both_sides(entry)
    is_value = (entry.op != Op.ADD, entry.op != Op.REMOVE)
    return [code(text) if is_one else text for text, is_one in zip(words, is_value)]


def check_github(checked: Checked) -> str:
    """Return a check as annotations: a warning for each resource that is not as applied, an error for a failed look."""
    head = annotation("notice", (), "stagectl check", checked_line(checked))
    found = [look for look in checked.looks if look.state in (Seen.DRIFTED, Seen.GONE)]
    warnings = [annotation("warning", (), f"{look.name} {look.state}", _text(look)) for look in found]
    errors = [
        annotation("error", (), f"{look.name} failed", look.message or "the check failed")
        for look in checked.looks
        if look.state == Seen.FAILED
    ]
    return "".join(f"{line}\n" for line in [head, *limit("warning", warnings), *limit("error", errors)])


def _text(look: Look) -> str:
    lines = [look.message or f"{look.name} is {look.state}"]
    found = seen_differences(look)
    for entry in found[:5]:
        sides = "(sensitive)" if look.hides(entry) else " -> ".join(both_sides(entry))
        lines.append(f"{format_path(entry.path)}: {sides}")
    return "\n".join(lines + ([f"and {len(found) - 5} more values"] if len(found) > 5 else []))
