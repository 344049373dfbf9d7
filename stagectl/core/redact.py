"""Taking secrets out of text that actions wrote."""

from __future__ import annotations

import base64
import json
import re
import shlex
from contextvars import ContextVar
from typing import Callable, Iterable, Iterator, List, Pattern
from urllib.parse import quote, quote_plus

MASK = "(sensitive)"
# Takes the secrets of the newest run out of the report of a bug.
CLEAN: ContextVar[Callable[[str], str]] = ContextVar("CLEAN", default=str)
SHORTEST = 4  # characters: what is shorter stands in any text by accident
SHORTEST_PIECE = 8  # characters of a piece of a secret that spans lines
_WORD = re.compile(rf"[A-Za-z0-9+/_-]{{{SHORTEST_PIECE},}}")  # what may be base64
_URLSAFE = str.maketrans("+/", "-_")


class Redactor:
    """Takes secrets out: plain, line by line, quoted, URL-encoded and in base64; the shortest ones are none.

    longest: the length, in bytes, of the longest form it knows.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {part for secret in secrets for part in (secret, secret.strip()) if len(part) >= SHORTEST}
        forms = {form for secret in known for form in _forms(secret) if len(form) >= SHORTEST}
        # Looking for one after the other is far faster than one pattern of them all.
        self._forms: List[str] = sorted(forms, key=lambda form: (-len(form), form))
        self._base64 = "\n".join(sorted({form for secret in known for form in _in_base64(secret)}))
        self._in_urls: List[Pattern[str]] = [_in_url(secret) for secret in sorted(known)]
        self.longest = max((len(form.encode("utf-8", "surrogateescape")) for form in forms), default=0)

    def clean(self, text: str) -> str:
        """Return text without the secrets."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        if "%" in text:
            for pattern in self._in_urls:
                text = pattern.sub(MASK, text)
        return _WORD.sub(self._mask, text) if self._base64 else text

    def _mask(self, word: re.Match[str]) -> str:
        """Return a word, masked if it begins or ends with a piece of a secret in base64, wherever lines were broken."""
        text = word.group()
        ends = (text[:SHORTEST_PIECE], text[-SHORTEST_PIECE:])
        return MASK if any(end in self._base64 for end in ends) else text

    def cut(self, text: str, at: int) -> int:
        """Return where text can be cut, at a place or before it, without cutting a secret in two."""
        while True:
            spans = (self._spanning(text, form, at) for form in self._forms)
            earlier = next((start for start in spans if start >= 0), at)
            if earlier == at:
                return at
            at = earlier

    @staticmethod
    def _spanning(text: str, form: str, at: int) -> int:
        return text.find(form, max(0, at - len(form) + 1), at + len(form) - 1)


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1])
    yield from (shlex.quote(secret)[1:-1] if "'" in secret else secret, secret.replace("'", "'\\''"))
    yield from (_quote(secret, safe="", plus=False), _quote(secret, safe="/", plus=False), _quote(secret, plus=True))
    yield from _in_base64(secret)
    yield from _long(secret.splitlines())


def _quote(secret: str, *, safe: str = "", plus: bool) -> str:
    encode = quote_plus if plus else quote
    return encode(secret, safe=safe, errors="surrogateescape")


def _in_base64(secret: str) -> Iterator[str]:
    """Yield a secret in base64, and what of a longer text's, such as `user:secret`, hangs on the secret alone."""
    raw = secret.encode("utf-8", "surrogateescape")
    found = [base64.b64encode(data).decode() for data in (raw, raw + b"\n")]
    found += [text.rstrip("=") for text in found]
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode()
        found += _long([text[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]])
    for text in found:
        yield from (text, text.translate(_URLSAFE))


def _in_url(secret: str) -> Pattern[str]:
    """Return a pattern of a secret in a URL: which characters are encoded there, and in which case, differs."""
    return re.compile("".join(map(_character_in_url, secret)))


def _character_in_url(character: str) -> str:
    encoded = _quote(character, plus=False)
    if encoded == character:
        return re.escape(character)
    either = [re.escape(character), f"(?i:{encoded})", *([r"\+"] if character == " " else [])]
    return f"(?:{'|'.join(either)})"


def _long(pieces: Iterable[str]) -> Iterator[str]:
    yield from (piece for piece in pieces if len(piece) >= SHORTEST_PIECE)
