"""What differs can be seen, however long the values are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.diff import Difference, Op
from stagectl.views.differences import LONGEST, full_text, sides

LINES = "".join(f"line {number} = {number}\n" for number in range(1, 301))
URL = "https://example.org/" + "a/" * 100 + "?version="


def shown(before: object, after: object) -> tuple[str, str]:
    return sides(Difference(("x",), Op.REPLACE, before, after))


@pytest.mark.parametrize(
    ("before", "after", "texts"),
    [
        ("a", "b", ('"a"', '"b"')),
        ("a\nb", "a\nc", ('"a\\nb"', '"a\\nc"')),
        (
            LINES,
            LINES.replace("line 150 = 150", "line 150 = DROP"),
            ('line 150: "line 150 = 150"', 'line 150: "line 150 = DROP"'),
        ),
        (LINES, LINES.replace("line 7 = 7\n", ""), ('line 7: "line 7 = 7"', "(nothing)")),
        (
            LINES,
            LINES.replace("= 20\n", "= x\n").replace("= 200\n", "= y\n"),
            ('lines 20, 200: "line 20 = 20\\nline 200 = 200"', 'lines 20, 200: "line 20 = x\\nline 200 = y"'),
        ),
        (
            URL + "1",
            URL + "2",
            ('.../a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/?version=1"', '.../a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/?version=2"'),
        ),
        ("a b", "a\u00a0b", ('"a b"', '"a\\u00a0b"')),
        ("\u00e9", "e\u0301", ('"\u00e9"', '"e\\u0301"')),
        ("\u212b", "\u00c5", ('"\\u212b"', '"\u00c5"')),
    ],
    ids=["short", "short-lines", "one-line", "a-line-gone", "two-lines", "late", "space", "accent", "sign"],
)
def test_what_is_shown(before: str, after: str, texts: tuple[str, str]) -> None:
    """
    Of long texts the lines that differ, with numbers, or what is around the difference; lookalikes are written out.
    """
    assert texts == shown(before, after)


TEXTS = st.text("ab\n \u00a0e\u0301\u00e9", max_size=400) | st.lists(
    st.sampled_from(["x", "y", "z"]), max_size=600
).map("\n".join)


@given(TEXTS, TEXTS)
def test_two_values_that_differ_never_look_the_same(before: str, after: str) -> None:
    """
    In one line each, of bounded length.
    """
    if before == after:
        return
    one, other = shown(before, after)
    assert one != other
    assert "\n" not in one + other
    assert max(len(one), len(other)) < LONGEST + 80


@given(st.text(max_size=5), st.text(max_size=5))
def test_texts_that_differ_are_written_differently(one: str, other: str) -> None:
    """
    No two strings have the same text.
    """
    assert (one == other) == (full_text(one) == full_text(other))
