"""Values as YAML text that reads back as the same values."""

from __future__ import annotations

import json
import re
from typing import Mapping, NamedTuple, Optional, Sequence

from stagectl.core.once import pattern

NULL = frozenset(("", "~", "null", "Null", "NULL"))
BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_ESCAPED = pattern("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_WORD = pattern(r"[A-Za-z_][A-Za-z0-9_./=-]*", re.ASCII)


def quote(text: str) -> str:
    """Return a string as a YAML scalar that reads back as the same string, in quotes unless it is one plain word."""
    plain = _WORD.fullmatch(text) and text not in NULL and text not in BOOL
    return (
        text
        if plain
        else _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))
    )


class FrontMatter(NamedTuple):
    """What the front matter of a file says; source, actions and template stand in staged files only."""

    kind: str
    tags: Sequence[str]
    moved_from: Sequence[str] = ()
    source: Optional[str] = None
    actions: Mapping[str, str] = {}
    template: Sequence[str] = ()


def front_matter(front: FrontMatter) -> bytes:
    """Return front matter, always in the same form."""
    lines = ["---", f"kind: {quote(front.kind)}", f"tags: [{', '.join(quote(tag) for tag in front.tags)}]"]
    if front.moved_from:
        names = [quote(name) for name in front.moved_from]
        lines.append(f"moved_from: {names[0] if len(names) == 1 else '[' + ', '.join(names) + ']'}")
    if front.source is not None:
        lines.append(f"source: {quote(front.source)}")
    if front.template:
        lines.append(f"template: [{', '.join(map(quote, front.template))}]")
    if front.actions:
        lines.append("actions: {" + ", ".join(f"{action}: {stamp}" for action, stamp in front.actions.items()) + "}")
    return ("\n".join(lines) + "\n").encode()
