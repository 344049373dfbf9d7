"""Characters that act, or that no reader sees, are written out."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.printable import json_text, safe
from tests.unit.strategies import values

SEEN = {"\n", "\ufe0e", "\ufe0f"}  # line ends are ours to judge; a variation selector is a part of many an emoji


def test_no_control_or_format_character_is_left() -> None:
    """
    Of all of Unicode, as this Python knows it: controls, formats, halves, line and paragraph separators.
    """
    every = map(chr, range(sys.maxunicode + 1))
    acting = [char for char in every if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]

    left = [f"U+{ord(char):04X} {unicodedata.name(char, '')}" for char in acting if safe(char) == char]

    # Marks on Arabic, Syriac, Kaithi and hieroglyphic signs: letters with a shape, which show.
    shown = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")
    assert [] == [entry for entry in left if not any(word in entry for word in shown) and entry != "U+000A "]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a\nb", "a\nb"),
        ("\x1b[2J", "\\u001b[2J"),
        ("a\u00adb", "a\\u00adb"),
        ("\U000e0041", "\\U000e0041"),
        ("é 😀", "é 😀"),
    ],
)
def test_they_are_written_as_python_writes_them(text: str, expected: str) -> None:
    """
    Four digits, or eight; what can be seen stays.
    """
    assert expected == safe(text)


@given(values | st.text())
def test_json_reads_back(value: object) -> None:
    """
    Whatever is written out in a JSON text is the same value, and nothing in the text acts.
    """
    text = json_text(value)

    assert value == json.loads(text)
    assert text == safe(text)
