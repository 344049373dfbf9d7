"""The one style in which an expanded resource is written: the same bytes for the same values.

A value a line, keys sorted, text of several lines as a block: a review shows exactly the values that change.
"""

from __future__ import annotations

import json
import re
from typing import Any, Iterator, Mapping

from stagectl.adapters.yamlfile import quote
from stagectl.core.schemas.schema import BODY_KEYS

_LONGEST_KEY = 128  # characters; a longer one stands alone behind `?`, as YAML has it
# What a block of text can say as it is: lines that neither begin the text with a space nor consist of spaces, of
# characters that need no escape.
_UNPRINTABLE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
_LINE = rf"[^{_UNPRINTABLE}\n]*[^{_UNPRINTABLE}\s]"
_BLOCK = re.compile(rf"(?![ \t\n])(?:{_LINE}\n|\n)*{_LINE}\n?")


def canonical_body(body: Mapping[str, Any]) -> bytes:
    """Return a body as the second document of a file, from its `---` on; what says nothing is left out."""
    said = {key: body[key] for key in BODY_KEYS if body.get(key) not in (None, {}, [])}
    lines = [line for key, value in said.items() for line in _entry(f"{key}:", value)]
    return "".join(f"{line}\n" for line in ["---", *(lines or ["inputs: {}"])]).encode()


def _entry(start: str, value: Any) -> Iterator[str]:
    """Yield the lines of a value behind `key:` or `-`."""
    if isinstance(value, str) and "\n" in value[:-1] and _BLOCK.fullmatch(value):
        yield f"{start} |" + ("" if value.endswith("\n") else "-")
        yield from (f"  {line}" if line else "" for line in value[: len(value) - value.endswith("\n")].split("\n"))
    elif isinstance(value, (dict, list)) and value and start == "-":
        first, *rest = _lines(value)
        yield f"- {first}"
        yield from (f"  {line}" if line else "" for line in rest)
    elif isinstance(value, (dict, list)) and value:
        yield start
        yield from (f"  {line}" if line else "" for line in _lines(value))
    else:
        yield f"{start} {_scalar(value)}"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _entry("-", item)
        return
    for key in sorted(value):
        text = quote(key)
        if len(text) > _LONGEST_KEY:
            yield f"? {text}"
            yield from _entry(":", value[key])
        else:
            yield from _entry(f"{text}:", value[key])


def _scalar(value: Any) -> str:
    return quote(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
