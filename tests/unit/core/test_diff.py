"""Differences of inputs."""

from __future__ import annotations

from typing import Any, Dict, Sequence, Tuple

import pytest
from hypothesis import given

from stagectl.core.diff import Difference, Op, diff
from stagectl.core.values import format_path, leaves, same
from tests.unit.strategies import inputs, inputs_with_variables

TABLE = [
    ({}, {}, []),
    (None, {"a": 1}, [(("a",), Op.ADD, None, 1)]),
    ({"a": 1}, None, [(("a",), Op.REMOVE, 1, None)]),
    ({"a": 1}, {"a": 2}, [(("a",), Op.REPLACE, 1, 2)]),
    ({"a": 1}, {"a": 1.0}, [(("a",), Op.REPLACE, 1, 1.0)]),
    ({"a": 1}, {"a": True}, [(("a",), Op.REPLACE, 1, True)]),
    ({"a": None}, {}, [(("a",), Op.REMOVE, None, None)]),
    ({"a": []}, {"a": {}}, [(("a",), Op.REPLACE, [], {})]),
    ({"a": []}, {"a": [None]}, [(("a",), Op.REMOVE, [], None), (("a", 0), Op.ADD, None, None)]),
    ({"a": [1, 2]}, {"a": [1]}, [(("a", 1), Op.REMOVE, 2, None)]),
    ({"a": {"b": 1}}, {"a": 1}, [(("a",), Op.ADD, None, 1), (("a", "b"), Op.REMOVE, 1, None)]),
    ({"a": ["x"]}, {"a": {"0": "x"}}, [(("a", 0), Op.REMOVE, "x", None), (("a", "0"), Op.ADD, None, "x")]),
]


@pytest.mark.parametrize("before, after, expected", TABLE)
def test_one_entry_per_leaf(before: Any, after: Any, expected: Any) -> None:
    """
    Empty lists and mappings are leaves, and types count.
    """
    assert [Difference(*entry) for entry in expected] == list(diff(before, after))


def test_entries_are_ordered_by_path_and_indexes_by_number() -> None:
    """
    The tenth element does not come before the second.
    """
    after = {"b": 1, "a": {"l": list(range(12)), "a.b": 1}}

    paths = [format_path(entry.path) for entry in diff({}, after)]

    assert ['a["a.b"]', *(f"a.l.{index}" for index in range(12)), "b"] == paths


@given(inputs_with_variables)
def test_nothing_differs_from_itself(value: Dict[str, Any]) -> None:
    """
    diff(a, a) == ().
    """
    assert () == diff(value, value)


@given(inputs, inputs)
def test_a_diff_is_empty_only_for_what_is_the_same(one: Dict[str, Any], other: Dict[str, Any]) -> None:
    """
    No difference is missed, and none is made up.
    """
    assert same(one, other) == (not diff(one, other))


@given(inputs_with_variables, inputs_with_variables)
def test_a_patch_made_of_the_diff_turns_one_into_the_other(one: Dict[str, Any], other: Dict[str, Any]) -> None:
    """
    patch(a, diff(a, b)) == b, with every type.
    """
    assert same(other, patch(one, diff(one, other)))


@given(inputs, inputs)
def test_the_other_way_round_is_the_inverse(one: Dict[str, Any], other: Dict[str, Any]) -> None:
    """
    Additions become removals, and before and after change places.
    """
    inverse = {Op.ADD: Op.REMOVE, Op.REMOVE: Op.ADD, Op.REPLACE: Op.REPLACE}

    assert [Difference(e.path, inverse[e.op], e.after, e.before) for e in diff(one, other)] == list(diff(other, one))


def patch(value: Dict[str, Any], entries: Sequence[Difference]) -> Dict[str, Any]:
    """Return *value* with the entries made: by its leaves, from which it is put together again."""
    found = dict(leaves(value)) if value else {}
    for entry in entries:
        if entry.op == Op.REMOVE:
            del found[entry.path]
        else:
            assert (entry.path in found) == (entry.op == Op.REPLACE)
            found[entry.path] = entry.after
    return together(found) if found else {}


def together(found: Dict[Tuple[Any, ...], Any]) -> Any:
    """Return the value that has these leaves."""
    if () in found:
        return found[()]
    parts: Dict[Any, Dict[Tuple[Any, ...], Any]] = {}
    for path, leaf in found.items():
        parts.setdefault(path[0], {})[path[1:]] = leaf
    if all(isinstance(step, int) for step in parts):
        assert sorted(parts) == list(range(len(parts)))
        return [together(parts[index]) for index in range(len(parts))]
    return {step: together(inner) for step, inner in parts.items()}
