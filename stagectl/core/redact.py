"""Taking secrets out of text that actions wrote."""

from __future__ import annotations

import base64
import json
import re
from typing import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "(sensitive)"
SHORTEST = 4  # characters: what is shorter stands in any text by accident
SHORTEST_PIECE = 8  # characters of a piece of a secret that spans lines
_WRAPPED = 76  # columns after which `base64` breaks a line


class Redactor:
    """Takes secrets out: plain, line by line, in JSON, URL-encoded and in base64; the shortest ones are none.

    longest: the length, in bytes, of the longest form it knows.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        self.longest = max((len(_bytes(form)) for form in forms), default=0)
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        raw = b"|".join(re.escape(_bytes(form)) for form in ordered)
        self._raw = re.compile(raw) if ordered else None

    def clean(self, text: str) -> str:
        """Return text without the secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def cut(self, data: bytes, at: int) -> int:
        """Return where to cut long data, at most *at* unless one secret is longer: in no secret, in no character."""
        for match in self._raw.finditer(data) if self._raw else ():
            if match.start() < at < match.end():
                return match.start() or match.end()
        end = at
        while end > max(at - 3, 0) and data[end] & 0xC0 == 0x80:  # inside a character (RFC 3629, section 3)
            end -= 1
        return at if end == 0 or data[end] & 0xC0 == 0x80 else end


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _forms(secret: str) -> Iterator[str]:
    if len(secret) < SHORTEST:
        return
    yield from (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    raw = secret.encode("utf-8", "surrogateescape")
    for data in (raw, raw + b"\n"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(data).decode()
            yield from (text, text.rstrip("="))
            yield from _long(text[start : start + _WRAPPED] for start in range(0, len(text), _WRAPPED))
    yield from _long(secret.splitlines())


def _long(pieces: Iterable[str]) -> Iterator[str]:
    yield from (piece for piece in pieces if len(piece) >= SHORTEST_PIECE)
