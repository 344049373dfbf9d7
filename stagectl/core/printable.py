"""Text in which no character acts: not on a terminal, not on the direction of a line, and none that nobody sees."""

from __future__ import annotations

import json
import re
from typing import Any, Optional

# Controls but the line end; soft hyphen, fillers, joiners, directions, separators, tags, halves of characters.
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def safe(text: str) -> str:
    """Return text in which no character acts on a terminal: control, direction and unseen ones are written out."""
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def json_text(value: Any, indent: Optional[int] = None) -> str:
    """Return a value as JSON that reads back the same, with the characters that `safe` writes out written out."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    # Outside of strings JSON has none of them but line ends, which stay.
    return _HIDDEN.sub(lambda match: json.dumps(match.group())[1:-1], text)
