"""An entry that comes to a list, or goes, is one difference; those that move up or down for it are none."""

from __future__ import annotations

from typing import Any, List, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagectl.core.diff import Difference, Op, diff
from stagectl.core.values import EnvVariable, Reference, Template
from stagectl.views.differences import by_entries
from stagectl.views.text import difference_line
from tests.build import share

SCALARS = st.lists(st.sampled_from(["a", "b", "c", "d", 1, 1.0, True, None]), max_size=9)
A, B, C = ({"name": name, "port": port} for name, port in (("a", 1), ("b", 2), ("c", 3)))
ENV = Template((EnvVariable("TOKEN"),))


def shown(old: Any, new: Any, sensitive: Sequence[str] = ()) -> List[str]:
    """The lines of a plan for an input that changes."""
    found = by_entries(diff({"x": old}, {"x": new}), {"x": new}, frozenset(sensitive))
    return [difference_line(entry, entry.path[0] in sensitive) for entry in found]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (["a", "b", "c", "d"], ["a", "c", "d"], ['x.1: "b" -> (gone)']),
        (["b", "c"], ["a", "b", "c"], ['x.0: "a"']),
        (["a", "b"], ["a", "b", "c"], ['x.2: "c"']),
        (["a", "b", "c", "d"], ["b", "c", "x", "d"], ['x.0: "a" -> (gone)', 'x.2: "x"']),
        (["a", "b", "c", "d"], ["b", "c", "D"], ['x.0: "a" -> (gone)', 'x.2: "d" -> "D"']),
        (["a", "b"], ["b", "a"], ['x.0: "a" -> "b"', 'x.1: "b" -> "a"']),
        (["a", "b", "c"], ["c", "a", "b"], ['x.0: "c"', 'x.2: "c" -> (gone)']),
        ([A, B, C], [A, C], ['x.1: {"name":"b","port":2} -> (gone)']),
        ([A, C], [A, B, C], ['x.1: {"name":"b","port":2}']),
        ([A, B], [{**B, "port": 9}], ['x.0: {"name":"a","port":1} -> (gone)', "x.0.port: 2 -> 9"]),
        ([A, {"rules": ["r", "s", "t"]}], [{"rules": ["s", "t"]}],
         ['x.0: {"name":"a","port":1} -> (gone)', 'x.0.rules.0: "r" -> (gone)']),
        ([["a", "b", "c"], ["d"]], [["b", "c"], ["d"]], ['x.0.0: "a" -> (gone)']),
        ([{"text": "t" * 200, "n": 1}, A], [A],
         ["x.0.n: 1 -> (gone)", f'x.0.text: "{"t" * 159}... (202 characters) -> (gone)']),
        ([1, True, 1.0], [True, 1.0], ["x.0: 1 -> (gone)"]),
        ([ENV, "${env:TOKEN}", "z"], ["${env:TOKEN}", "z"], ['x.0: "${env:TOKEN}" -> (gone)']),
        (["a", "b", "c"], [], ['x: []', 'x.0: "a" -> (gone)', 'x.1: "b" -> (gone)', 'x.2: "c" -> (gone)']),
        (["a", "b"], {"0": "a"}, ['x.0: "a" -> (gone)', 'x.0: "a"', 'x.1: "b" -> (gone)']),
        (None, ["a", "b"], ["x: null -> (gone)", 'x.0: "a"', 'x.1: "b"']),
    ],
    ids=[
        "from-the-middle", "to-the-front", "to-the-end", "both", "gone-and-changed", "exchanged", "moved-to-the-front",
        "a-mapping-gone", "a-mapping-more", "a-mapping-gone-and-one-changed", "lists-in-entries", "lists-in-lists",
        "too-long-for-a-line", "types-are-kept-apart", "a-variable-is-no-text", "emptied",
        "no-list-any-more", "no-list-before",
    ],
)  # fmt: skip
def test_what_came_or_went_is_shown(old: Any, new: Any, lines: List[str]) -> None:
    """
    With the index that it has, or had; an entry that became another one shows what of it changed.
    """
    assert lines == shown(old, new)


def test_of_a_sensitive_list_nothing_is_found_out() -> None:
    """
    Which of its entries are the same would say something of them.
    """
    assert ["x.0: (sensitive)", "x.1: (sensitive)"] == shown(["a", "b"], ["b"], ["x"])


def test_a_value_that_is_known_later_keeps_its_place() -> None:
    """
    Which entry it will be like nothing says yet.
    """
    later = Difference(("x", 0), Op.REPLACE, "a", None, ("db.run",), "${db.url}")
    found = (later, Difference(("x", 1), Op.REMOVE, "b"))

    assert found == by_entries(found, {"x": [Template((Reference("db", ("url",)),))]})


@settings(max_examples=share(500))
@given(SCALARS, SCALARS)
def test_what_is_shown_makes_the_new_list_of_the_old_one(old: List[Any], new: List[Any]) -> None:
    """
    Take out what is gone, put in what came, replace the rest; and it is never more than index by index.
    """
    leafwise = diff({"x": old or [0]}, {"x": new or [0]})
    found = by_entries(leafwise, {"x": new or [0]})

    gone = {entry.path[1] for entry in found if entry.op == Op.REMOVE}
    left = iter([value for at, value in enumerate(old or [0]) if at not in gone])
    come = {entry.path[1]: entry.after for entry in found if entry.op == Op.ADD}
    made = [come[at] if at in come else next(left, None) for at in range(len(new or [0]))]
    for entry in found:
        if entry.op == Op.REPLACE:
            assert repr(made[entry.path[1]]) == repr(entry.before)
            made[entry.path[1]] = entry.after
    assert repr(made) == repr(new or [0])
    assert len(found) <= len(leafwise)


def test_long_lists_are_quickly_compared() -> None:
    """
    Of thousands of entries, alike or not, one that is gone is one line; where too many differ, each stands for itself.
    """
    many = [f"host-{number}" for number in range(5000)]
    assert ['x.2500: "host-2500" -> (gone)'] == shown(many, many[:2500] + many[2501:])
    assert ['x.4999: "same" -> (gone)'] == shown(["same"] * 5000, ["same"] * 4999)
    others = [f"other-{number}" for number in range(4000)]
    assert 5000 == len(shown(many, others))
