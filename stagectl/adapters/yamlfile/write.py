"""Values as YAML text that reads back as the same values."""

from __future__ import annotations

import json
import re
from typing import Optional, Sequence, Tuple

NULL = frozenset(("", "~", "null", "Null", "NULL"))
BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./=-]*", re.ASCII)


def quote(text: str) -> str:
    """Return a string as a YAML scalar that reads back as the same string, in quotes unless it is one plain word."""
    plain = _WORD.fullmatch(text) and text not in NULL and text not in BOOL
    return (
        text
        if plain
        else _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))
    )


def front_matter(
    kind: str,
    tags: Sequence[str],
    moved_from: Sequence[str] = (),
    *,
    source: Optional[str] = None,
    actions: Sequence[Tuple[str, str]] = (),
    template: Sequence[str] = (),
) -> bytes:
    """Return the front matter of a staged file, always in the same form."""
    lines = ["---", f"kind: {quote(kind)}", f"tags: [{', '.join(quote(tag) for tag in tags)}]"]
    if moved_from:
        names = [quote(name) for name in moved_from]
        lines.append(f"moved_from: {names[0] if len(names) == 1 else '[' + ', '.join(names) + ']'}")
    if source is not None:
        lines.append(f"source: {quote(source)}")
    if template:
        lines.append(f"template: [{', '.join(map(quote, template))}]")
    if actions:
        lines.append("actions: {" + ", ".join(f"{action}: {stamp}" for action, stamp in actions) + "}")
    return ("\n".join(lines) + "\n").encode()
