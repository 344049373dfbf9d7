"""Secrets in base64, wherever its lines are broken; the other forms are in tests/scenarios/applying/test_secrets.py."""

from __future__ import annotations

import base64
import textwrap
from typing import Set

import pytest

from stagectl.core.redact import MASK, Redactor

SECRET = "Kanarienvogel-4711-geheim?>"
PIECE = 8  # characters of base64 that may not be seen in a row


def pieces(lead: str) -> Set[str]:
    """What of the secret's base64 hangs on the secret alone, where so much stands before it."""
    begin, end = (len(lead) * 8 + 5) // 6, len(lead + SECRET) * 8 // 6
    text = base64.b64encode((lead + SECRET).encode()).decode()[begin:end]
    return {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}


@pytest.mark.parametrize("lead", ["", "u:", "user:", "a-longer-name:"])
@pytest.mark.parametrize("tail", ["", "\n", "@host.example.org"])
@pytest.mark.parametrize("is_url_safe", [False, True])
def test_base64_is_taken_out_however_its_lines_are_broken(lead: str, tail: str, is_url_safe: bool) -> None:
    """
    At every width from 8 columns on, alone and inside of something longer, after a word and before one.
    """
    redactor = Redactor([SECRET])
    encode = base64.urlsafe_b64encode if is_url_safe else base64.b64encode
    for width in range(PIECE, 80):
        lines = textwrap.wrap(encode((lead + SECRET + tail).encode()).decode(), width)
        clean = "\n".join(redactor.clean(f"key: {line} |") for line in lines)
        assert MASK in clean
        assert not [piece for piece in pieces(lead) if piece in clean.translate(str.maketrans("-_", "+/"))], width


def test_what_is_no_piece_of_a_secret_stays() -> None:
    """
    Words, paths and base64 of something else.
    """
    text = f"{base64.b64encode(b'something else altogether').decode()} application /usr/local/bin/thing 4711-4711"

    assert Redactor([SECRET]).clean(text) == text
