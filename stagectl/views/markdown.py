"""Markdown in which values are data: nothing that comes from a file can act on the page that shows it.

Hosting sites turn mentions, issue numbers, links, images and HTML of plain text into something that acts, but nothing
inside a code span or a fenced block. So whatever is not our own words stands in one of these.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterable, Iterator, Mapping, Sequence

from stagectl.core.model import CHANGE
from stagectl.views.text import one_line

_PIPE = "\\|"
_WORDS = re.compile(r"[A-Za-z ,;:'().-]*", re.ASCII)  # nothing that Markdown or a hosting site acts on


def marker_line(command: str, fields: Mapping[str, Any]) -> str:
    """Return the hidden first line by which a bot finds its text again: one whole comment, whatever the fields hold."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    text = text.replace("--", "-\\u002d")
    return f"<!-- stagectl:{command} {text} -->"


def code(text: str) -> str:
    """Return text as a code span."""
    shown = one_line(text) or " "
    fence = "`" * (1 + _longest_run(shown))
    pad = " " if shown[0] == "`" or shown[-1] == "`" or (shown.strip(" ") and shown[0] == shown[-1] == " ") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """Return a sentence of ours with the change ids in it as code; what holds more than words is code as a whole."""
    parts = re.split(f"({CHANGE.pattern})", text, flags=re.ASCII)
    if not all(_WORDS.fullmatch(part) for part in parts[::2]):
        return code(text)
    return "".join(code(part) if at % 2 else part for at, part in enumerate(parts))


def fence(language: str, lines: Iterable[str]) -> str:
    """Return lines as a block of code; no line can end it."""
    text = "\n".join(map(one_line, lines))
    fence = "`" * max(3, 1 + _longest_run(text))
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are Markdown of ours; a pipe in one is text, also inside a code span."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    yield from (f"| {' | '.join(cell.replace('|', _PIPE) for cell in row)} |" for row in rows)


def details(summary: str, lines: Iterable[str], *, is_open: bool = False) -> Iterator[str]:
    """Yield a block that a reader folds and opens; summary: words of ours."""
    yield f"<details{' open' if is_open else ''}><summary>{summary}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
