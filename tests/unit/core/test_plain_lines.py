"""Files of plain lines say what all YAML says; whatever else they hold is left to its reader."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.adapters import yamlfile
from stagectl.core.errors import StagectlError
from stagectl.core.plain_lines import read_plain_lines
from stagectl.core.values import same

WORDS = ["a", "a b", "x:1.2", "a.b/c", "1", "-1", "+.5", "0x1F", "1e3", "true", "null", "No", ".", "...", "-a", "a~"]
WORDS += [
    '""',
    '"a: b # c"',
    "'it {is}'",
    '" a "',
    "''",
    "[]",
    "[a, -1, x/y]",
    '["${a.b}", 1.0, true]',
    "{}",
    "a$",
    "{a: -1}",
]
WORDS += ["${a.b}/x, (c)", '{type: string, a/b: "${a}: b", c: 1.0}']
OTHERS = ["", "~", "a ", "a  b ", "a: b", "a:", "- a", "-", "---", "'a''b'", '"\\n"', '"a', "[a,b]", "[a, ]"]
OTHERS += [
    "[a:b]",
    "[a b]",
    '["a, b"]',
    "[[a]]",
    "{a: b, a: 1}",
    "{a}",
    "&a",
    "&a b",
    "*a",
    "!!str a",
    "|",
    ">",
    "%a",
    "@a",
    "é",
]
OTHERS += [".nan", "1e999", "a\t", "<<"]
KEYS = ["a", "b", "c.d", "1", "-", "<<", "'q'", "a b", "k" * 101]
LINES = ["", "  ", "# a: b", "  # c", "a", "  a: 1", "  - 1", "a:", "a:\t1", "- a: 1", "---", "...", "? a"]
LINES += ["a : 1", "%YAML 1.2"]


def plain(text: str) -> Any:
    """Return what is read of a text; a number that JSON does not have is none of it."""
    with suppress(StagectlError):
        return read_plain_lines(text, yamlfile.resolve_plain)
    return None


def all_yaml(text: str) -> Any:
    """Return what the reader of all YAML says: a letter in a comment makes the file one that is left to it."""
    assert read_plain_lines(f"{text}# é\n", str) is None
    return yamlfile.load(f"{text}# é\n".encode())


@pytest.mark.parametrize("word", WORDS)
def test_words_lists_and_mappings_are_read(word: str) -> None:
    """
    Each value stands in a mapping, deep in one and in a list, with comments between, in both documents.
    """
    lists = "" if word[0] in "[{" else f"  - {word}\n  - {word}\n"
    text = (
        f"a: {word}\n# c\nb:\n  a:\n   b: {word}\n\n  c: {word}\n" + (f"d:\n{lists}" if lists else "") + f"e: {word}\n"
    )
    found = plain(f"---\n{text}---\n{text}")

    assert found is not None
    assert same(found, all_yaml(f"---\n{text}---\n{text}"))
    assert same(found, yamlfile.load(f"---\n{text}---\n{text}".encode()))
    assert same(found[:1], plain(text)) and same(found, plain(f"{text}---\n{text}"))


@pytest.mark.parametrize(
    "lines", [*LINES[4:], *(f"a: {word}" for word in OTHERS), "b: 1", "a:\n- 1", "---\nb: 1\n---\nb: 1"]
)
def test_what_may_say_something_else_is_left(lines: str) -> None:
    """
    As is what is wrong, for which the reader of all YAML has the words and the place.
    """
    assert plain(f"---\nb: 1\n{lines}\n") is None
    assert read_plain_lines("---\nb: 1", str) is None
    assert read_plain_lines("{}\n", str) is None


VALUES = st.sampled_from([*WORDS, *OTHERS])
ENTRIES = st.builds("{}: {}".format, st.sampled_from(KEYS), VALUES) | st.builds("- {}".format, VALUES)
ENTRIES |= st.builds("- {}: {}".format, st.sampled_from(KEYS), VALUES)
ENTRIES |= st.sampled_from([*LINES, *(f"{key}:" for key in KEYS[:3])])
PLACED = st.builds(lambda spaces, line: " " * spaces + line, st.sampled_from([0, 0, 1, 2, 2, 4]), ENTRIES)


@given(st.lists(PLACED, max_size=6), st.data())
def test_what_is_read_is_what_all_yaml_says(lines: List[str], data: st.DataObject) -> None:
    """
    Of whatever lines, and with a character more.
    """
    text = "".join(f"{line}\n" for line in ["---", *lines])
    place = data.draw(st.integers(4, len(text)))
    for one in (text, text[:place] + data.draw(st.sampled_from(":-#[]{}'\"\\ \n&*!|>%@?,a1")) + text[place:]):
        found = plain(one)
        assert found is None or same(found, all_yaml(one))
