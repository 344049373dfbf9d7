"""Values as YAML text that reads back as the same values."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence

from stagectl.core.once import pattern
from stagectl.core.schemas.schema import BODY_KEYS

NULL = frozenset(("", "~", "null", "Null", "NULL"))
BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LONGEST_KEY = 128  # characters; a longer one stands alone behind `?`, as YAML has it
_ESCAPED = pattern("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_WORD = pattern(r"[A-Za-z_][A-Za-z0-9_./=-]*", re.ASCII)
# What a block of text can say as it is: lines that neither begin the text with a space nor consist of spaces, of
# characters that need no escape.
_UNPRINTABLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
_LINE = rf"[^{_UNPRINTABLE}\n]*[^{_UNPRINTABLE}\s]"
_BLOCK = pattern(rf"(?![ \t\n])(?:{_LINE}\n|\n)*{_LINE}\n?")

Inline = Callable[[Any], Optional[str]]  # a value -> its text on one line, None where it takes lines of its own


def quote(text: str) -> str:
    """Return a string as a YAML scalar that reads back as the same string, in quotes unless it is one plain word."""
    if _WORD.fullmatch(text) and text not in NULL and text not in BOOL:
        return text
    return _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def flow(value: Any, as_json: bool = False) -> str:
    """Return a value as YAML on one line, or as JSON."""
    if isinstance(value, dict):
        inner = (f"{flow(key, as_json)}: {flow(one, as_json)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one, as_json) for one in value) + "]"
    if isinstance(value, str):
        text = quote(value)
        return f'"{text}"' if as_json and not text.startswith('"') else text
    return json.dumps(value, ensure_ascii=False)


def block(value: Any, inline: Inline, inset: str = "  ") -> Iterator[str]:
    """Yield the lines of a mapping or list, an entry a line; inset: before the items of a list in a mapping."""
    if isinstance(value, list):
        for item in value:
            yield from _entry("-", item, inline, inset)
        return
    for key, inner in value.items():
        text = quote(key)
        if len(text) > _LONGEST_KEY:
            yield f"? {text}"
            text = ""
        yield from _entry(f"{text}:", inner, inline, inset)


def _entry(start: str, value: Any, inline: Inline, inset: str) -> Iterator[str]:
    """Yield the lines of a value behind `key:` or `-`."""
    said, by = inline(value), "  "
    if said is not None:
        yield f"{start} {said}"
        return
    if isinstance(value, str):
        start += " |" + ("" if value.endswith("\n") else "-")
        lines = iter(value[: len(value) - value.endswith("\n")].split("\n"))
    else:
        lines = block(value, inline, inset)
        if start == "-":
            start = f"- {next(lines)}"
        elif isinstance(value, list):
            by = inset
    yield start
    yield from (f"{by}{line}" if line else "" for line in lines)


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
    moved_from = front.moved_from[0] if len(front.moved_from) == 1 else list(front.moved_from)
    said = {"moved_from": moved_from, "source": front.source, "template": list(front.template)}
    lines = ["---", f"kind: {quote(front.kind)}", f"tags: {flow(list(front.tags))}"]
    lines += [f"{key}: {flow(value)}" for key, value in said.items() if value not in (None, [])]
    if front.actions:
        lines.append("actions: {" + ", ".join(f"{action}: {stamp}" for action, stamp in front.actions.items()) + "}")
    return ("\n".join(lines) + "\n").encode()


def canonical_body(body: Mapping[str, Any]) -> bytes:
    """Return a body as the second document of a file, from its `---` on; what says nothing is left out.

    The one style of expanded resources: a value a line, keys sorted, text of several lines as a block, so that a review
    shows exactly the values that change.
    """
    said = {key: body[key] for key in BODY_KEYS if body.get(key) not in (None, {}, [])}
    sorted_inside = {key: json.loads(json.dumps(value, sort_keys=True)) for key, value in said.items()}
    lines = [*block(sorted_inside, _inline)]
    return "".join(f"{line}\n" for line in ["---", *(lines or ["inputs: {}"])]).encode()


def _inline(value: Any) -> Optional[str]:
    is_text = isinstance(value, str) and "\n" in value[:-1] and _BLOCK.fullmatch(value)
    return None if is_text or (value and isinstance(value, (dict, list))) else flow(value)
