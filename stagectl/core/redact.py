"""Taking secrets out of text that actions wrote."""

from __future__ import annotations

import base64
import json
from typing import Iterable, List
from urllib.parse import quote, quote_plus

MASK = "(sensitive)"
SHORTEST = 4  # characters: what is shorter stands in any text by accident


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return text without the secrets, plain, in JSON, URL-encoded or in base64; the shortest ones are none."""
    forms: List[str] = []
    for secret in secrets:
        if len(secret) >= SHORTEST:
            raw = secret.encode("utf-8", "surrogateescape")
            forms += [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)]
            forms += [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()]
    for form in sorted(set(forms), key=lambda form: (-len(form), form)):
        text = text.replace(form, MASK)
    return text
