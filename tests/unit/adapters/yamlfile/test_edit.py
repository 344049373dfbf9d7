"""Edits of YAML files: only what was meant differs, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from stagectl.adapters.yamlfile import load
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import StagectlError

pytestmark = pytest.mark.once

FILE = """\
# who may edit this
---
kind: k  # what it is
tags:
- a  # one
- b  # two
- c  # three

# of the front matter
---

# of the body
inputs:
    port: 1  # the port
    # about the host
    host: "x"
    long: |
        text

    flow: [
        1,  # first
        2
    ]
    map: {a: 1,  # in it
        b: 2}
    none:  # nothing yet
    list:
    - x: 1  # of the list

  # at the end
"""


def put(*at: Any, value: Any) -> Edit:
    return Edit(1, ("inputs", *at), value)


def cut(*at: Any) -> Edit:
    return Edit(1, ("inputs", *at), delete=True)


@pytest.mark.parametrize(
    ("one", "before", "after"),
    [
        (put("new", value="a b"), "    - x: 1  # of the list\n", '    - x: 1  # of the list\n    new: "a b"\n'),
        (put("a.b", value=[1]), "    - x: 1  # of the list\n", "    - x: 1  # of the list\n    a.b: [1]\n"),
        (put("d", "e", value=1), "  # of the list\n", "  # of the list\n    d:\n      e: 1\n"),
        (put("none", "new", value=1), "  # nothing yet\n", "  # nothing yet\n      new: 1\n"),
        (put("none", value=1), "none:  # nothing", "none: 1  # nothing"),
        (put("port", value=[1, 2]), "port: 1  #", "port: [1, 2]  #"),
        (put("flow", 2, value=3), "        2\n", "        2, 3\n"),
        (put("map", "c", value=3), "b: 2}", "b: 2, c: 3}"),
        (put("list", 1, value={"x": 2}), "  # of the list\n", "  # of the list\n    - x: 2\n"),
        (put("list", 0, "y", value=2), "  # of the list\n", "  # of the list\n      y: 2\n"),
        (put("list", 0, value=[1]), "    - x: 1  # of the list\n", "    - [1]\n"),
        (cut("list", 0, "x"), "    - x: 1  # of the list\n", "    - {}\n"),
        (cut("none"), "    none:  # nothing yet\n", ""),
        (cut("port"), "    port: 1  # the port\n", ""),
        (cut("long"), "    long: |\n        text\n\n", ""),
        (cut("map", "b"), "{a: 1,  # in it\n        b: 2}", "{a: 1}"),
        (cut("list", 0), "    list:\n    - x: 1  # of the list\n", "    list: []\n"),
        (Edit(0, ("tags",), ["a", "b", "c", "d"]), "- c  # three\n", "- c  # three\n- d\n"),
        # Comments beside entries that stay are kept where several come and go.
        (
            Edit(0, ("tags",), ["b", "d", "e"]),
            "- a  # one\n- b  # two\n- c  # three\n",
            "- b  # two\n- d\n- e\n",
        ),
        (Edit(0, ("moved_from",), "old"), "- c  # three\n", "- c  # three\nmoved_from: old\n"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_was_not_meant_stays_byte_for_byte(line_end: str, one: Edit, before: str, after: str) -> None:
    """
    Comments wherever they stand, line ends, indentation and blank lines: an edit leaves them alone.
    """
    text = FILE.replace("\n", line_end)
    assert 1 == FILE.count(before)

    result = edit(text.encode(), [one])

    assert FILE.replace(before, after).replace("\n", line_end) == result.decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"inputs": {"p": 1, "q": [{"a": "b"}]}}\n', '{"inputs": {"p": 1, "q": [{"a": "b"}], "new": "x"}}\n'),
        ('{\n  "inputs": {\n    "p": 1\n  }\n}\n', '{\n  "inputs": {\n    "p": 1, "new": "x"\n  }\n}\n'),
        ("inputs:\n  p: 1", "inputs:\n  p: 1\n  new: x\n"),
        ("# nothing yet\n", "# nothing yet\ninputs:\n  new: x\n"),
        ("inputs:  # none\n", "inputs:  # none\n  new: x\n"),
        ("inputs: {}  # none\n", "inputs:  # none\n  new: x\n"),
        ('inputs:\n  p: +5\n  q: ~\n  r: "\\u00e9"\n', 'inputs:\n  p: +5\n  q: ~\n  r: "\\u00e9"\n  new: x\n'),
        ("inputs:\n  p: 1\n  : 2\n  null: 3\n", "inputs:\n  p: 1\n  : 2\n  null: 3\n  new: x\n"),
    ],
)
def test_a_body_of_any_form_gets_one_more_input(before: str, after: str) -> None:
    """
    JSON stays JSON, an empty body gets its first input, and other values are written as they were.
    """
    front = "---\nkind: k\n---\n"

    assert front + after == edit((front + before).encode(), [put("new", value="x")]).decode()


FORMS = [
    "", "# c", "inputs:", "inputs: {}", "inputs: {p: 1, # c\n}", "inputs: {p}", "inputs: [\n1,\n]", 'inputs: {"p":1}',
    '{"inputs": {"p": 1}}', "inputs:\n  p: |\n    a\n    b\n", "inputs:\n  p: >-\n    a\n\n  z: ~\n...",
    "inputs:\n  ? p\n  : 1\n", "inputs:\n  p:\n  : 2\n",
    "inputs: # c\n  'p': 1 # d\n  l:\n  - 1\n  - x: 2\n    y: 3\n  # e\n",
    'inputs:\n  p: "a: b"\n  m:\n    n: {q: [1,\n      2]}\n', "null", "[]",
]  # fmt: skip
PLACES = [(), ("p",), ("new",), ("m", "n"), ("l", 0), ("l", 2), ("l", 1, "x"), ("p", "deep"), ("z",), ("", "x")]
VALUES = [1, "a", None, [1, 2], {"a": {"b": 1}}, {}, "x: y", "a\nb", "\u2028", "true"]


@pytest.mark.parametrize("form", FORMS)
def test_every_edit_is_made_as_meant_or_refused(form: str) -> None:
    """
    Any value at any place of any form: what comes of it says what was meant, or the edit is refused with a hint.
    """
    for text in (form, form + "\n", form.replace("\n", "\r\n") + "\r\n"):
        data = ("---\nkind: k\n---\n" + text).encode()
        for at in PLACES:
            for one in [cut(*at), *(put(*at, value=value) for value in VALUES)]:
                try:
                    result = load(edit(data, [one]))[1]
                except StagectlError as error:
                    assert error.message, one
                    continue
                *above, last = "inputs", *at
                for step in above:
                    result = result[_key(result, step)]
                if not one.delete:
                    assert one.value == result[_key(result, last)], (text, one)
                elif isinstance(result, dict):
                    assert last not in result, (text, one)


def _key(inside: Any, step: Any) -> Any:
    """What a number means: the index of a list, in a mapping the key of that name."""
    return step if isinstance(inside, list) else str(step)
