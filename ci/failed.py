"""The comment in place of a plan that cannot be made: what is wrong, where, and that the plan before it is void."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, List, NamedTuple

from common import lines, project

_ERROR = re.compile(r"::error (?:file=([^,]*),line=(\d+)(?:,col=\d+)?,)?title=[^:]*::(.*)")
_ESCAPES = (("%3A", ":"), ("%2C", ","), ("%0D", " "), ("%0A", " "), ("%25", "%"))
_MOST, _LONGEST = 30, 500  # errors; characters of one


class Problem(NamedTuple):
    """One thing that is wrong. path: "" where it is in no file."""

    path: str
    line: int
    message: str


def problems(commands: str) -> List[Problem]:
    """Return what `stagectl plan --format github` says is wrong."""
    found = filter(None, map(_ERROR.fullmatch, commands.splitlines()))
    return [Problem(_plain(one.group(1) or ""), int(one.group(2) or 0), _plain(one.group(3))) for one in found]


def _plain(text: str) -> str:
    for escape, character in _ESCAPES:
        text = text.replace(escape, character)
    return text


def failed_text(names: str, tags: str, commands: str, blob: str) -> str:
    """Return the comment for a selection; commands: what stagectl said; blob: the address of the commit's files."""
    chosen = {"names": lines(names), "tags": lines(tags), "with_children": False, "with_parents": False}
    of = " ".join([*(f"-t {tag}" for tag in chosen["tags"]), *chosen["names"]])  # type: ignore[attr-defined]
    of = f"{of} in {project()}".strip() if project() else of
    return "\n".join([*_head(chosen, of), *_rows(problems(commands), blob)]) + "\n"


def _head(chosen: Dict[str, Any], of: str) -> Iterator[str]:
    place = {"project": project()} if project() else {}
    fields = {"command": "plan", "plan_id": "", "selection": chosen, **place}
    marker = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    for character in "<>&":
        marker = marker.replace(character, f"\\u{ord(character):04x}")
    yield "<!-- stagectl:plan " + marker.replace("--", "-\\u002d") + " -->"
    yield ""
    yield f"### There is no plan{f' of {code(of[:80])}' if of else ''}"
    yield ""
    yield "> [!CAUTION]"
    yield "> The plan that stood here before is void: nothing is applied until this is mended."
    yield ""


def _rows(found: List[Problem], blob: str) -> Iterator[str]:
    for problem in found[:_MOST]:
        where = code(f"{problem.path}:{problem.line}") if problem.path else ""
        if where and blob and re.fullmatch(r"[\w./-]+", problem.path):  # a name needs no escapes in an address
            where = f"[{where}]({blob}/{problem.path}#L{problem.line})"
        yield f"- {where + ': ' if where else ''}{code(problem.message[:_LONGEST])}"
    if len(found) > _MOST:
        yield f"- ... and {len(found) - _MOST} more"
    if not found:
        yield "The log of the run says why."


def code(text: str) -> str:
    """Return text as a code span, in which nothing acts."""
    shown = "".join(character if character.isprintable() else " " for character in text) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
