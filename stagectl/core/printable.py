"""Text in which no character acts, on a terminal, in a log or in JSON."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Optional, Sequence

# Controls but the line end; soft hyphen, fillers, joiners, directions, separators, tags, halves of characters;
# and what a log of CI takes for a command to it: two colons that begin a line, blanks or not, and `##[` anywhere.
_HIDDEN = (
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    r"|#(?=#(?:\[|vso\[))"
)
_COMMAND = r"(?m)^([ \t]*):(?=:)"


def few(words: Sequence[str], most: int = 3) -> str:
    """Return some words as text, the first ones of many."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def safe(text: str) -> str:
    """Return text in which no character acts, on a terminal or in a log: those that would are written out."""
    if "::" in text:
        text = re.sub(_COMMAND, r"\1\\u003a", text)
    return text if text.isascii() and text.isprintable() and "##" not in text else re.sub(_HIDDEN, _write, text)


def _write(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def json_encoder(plain: json.JSONEncoder) -> Callable[[Any], str]:
    """Return what encodes values as an encoder without indents and ASCII does.

    That makes its C function anew for each value (https://docs.python.org/3/library/json.html#json.JSONEncoder), which
    takes as long as encoding a short one.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # another Python than the usual one
        return plain.encode
    options = (plain.key_separator, plain.item_separator, plain.sort_keys, plain.skipkeys, plain.allow_nan)
    made = make(None, plain.default, json.encoder.encode_basestring, None, *options)
    return lambda value: "".join(made(value, 0))


_COMPACT = json_encoder(json.JSONEncoder(ensure_ascii=False))


def json_text(value: Any, indent: Optional[int] = None) -> str:
    """Return a value as JSON that reads back the same, with the characters that `safe` writes out written out."""
    return json_safe(_COMPACT(value) if indent is None else json.dumps(value, indent=indent, ensure_ascii=False))


def json_safe(text: str) -> str:
    """Return JSON that reads back the same, with the characters that `safe` writes out written out."""
    # One character is found faster than two.
    if text.isascii() and "\x7f" not in text and ("#" not in text or "##" not in text):
        return text
    # Outside of strings JSON has none of them but line ends, which stay.
    return re.sub(_HIDDEN, _write_in_json, text)


def _write_in_json(match: re.Match[str]) -> str:
    return "\\u0023" if match.group() == "#" else json.dumps(match.group())[1:-1]
