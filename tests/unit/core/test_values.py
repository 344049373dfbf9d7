"""JSON values, and strings with parts that are only known later."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest
from hypothesis import given

from stagectl.core.values import (
    EnvVariable,
    Reference,
    Template,
    canonical,
    differing,
    digest,
    format_path,
    leaves,
    map_leaves,
    map_strings,
    pack,
    same,
    unpack,
)
from stagectl.core.variables import variables, with_environment
from tests.unit.strategies import inputs_with_variables, templates, values, values_with_variables

X = EnvVariable("X")


@given(values_with_variables)
def test_what_is_packed_comes_back(value: Any) -> None:
    """
    unpack(*pack(v)) == v, through the JSON text of a state file.
    """
    packed, beside = json.loads(json.dumps(pack(value)))

    assert same(value, unpack(packed, beside))


@given(templates)
def test_no_literal_imitates_a_template(template: Template) -> None:
    """
    The same text as a literal is packed, compared and digested as something else.
    """
    literal = str(template)

    assert pack(template) != pack(literal)
    assert digest(template) != digest(literal)
    assert not same(template, literal)


@given(values_with_variables, values_with_variables)
def test_the_digest_is_the_same_for_the_same_values_only(one: Any, other: Any) -> None:
    """
    What `same` shows apart, by value or by type, the digest shows apart.
    """
    assert same(one, other) == (digest(one) == digest(other))


def test_a_literal_that_looks_like_the_encoding_is_no_encoding() -> None:
    """
    Neither keys that look like pointers nor mappings that look like parts.
    """
    value = {"/a": [{"env": "X"}], "a": ["${env:X}"], "env": {"/a": [{"env": "X"}]}, "~1": {"~0": "x"}}

    assert (value, {}) == pack(value)
    assert value == unpack(*pack(value))


@pytest.mark.parametrize(
    "beside", [{"/b": [{"env": "X"}]}, {"/l": [{"env": "X"}]}, {"/l/1": ["x"]}, {"": ["x"]}, {"/a": [{"no": 1}]}]
)
def test_parts_that_do_not_fit_the_values_are_an_error(beside: Dict[str, Any]) -> None:
    """
    A state file that was edited by hand is noticed.
    """
    with pytest.raises((KeyError, TypeError, ValueError)):
        unpack({"a": "x", "l": ["y"]}, beside)


def test_what_expand_fills_in() -> None:
    """
    Variables everywhere, literals that look like them nowhere; a value is not expanded again.
    """
    value = {"a": Template((X,)), "l": ["${env:X}", Template(("u:", X, "@", EnvVariable("Y")))], "n": 1}

    assert ["X", "Y"] == variables(value)
    assert {"a": "${env:Y}", "l": ["${env:X}", "u:${env:Y}@2"], "n": 1} == with_environment(
        value, {"X": "${env:Y}", "Y": "2"}
    )
    with pytest.raises(KeyError):
        with_environment(value, {"X": "1"})


@given(values)
def test_values_without_variables_need_no_environment(value: Any) -> None:
    """
    expand and map_leaves with nothing to do give the value back.
    """
    assert same(value, with_environment(value, {}))
    assert same(value, map_leaves(value, lambda leaf: leaf))
    assert same(value, map_strings(value, lambda _, text: text))


@given(values)
def test_canonical_text_reads_back_and_does_not_depend_on_order(value: Any) -> None:
    """
    One JSON text per value.
    """
    assert same(value, json.loads(canonical(value)))
    assert canonical(value) == canonical(backwards(value))
    assert canonical(value) == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def backwards(value: Any) -> Any:
    """A copy with the keys of all mappings in the other order."""
    if isinstance(value, dict):
        return {key: backwards(inner) for key, inner in reversed(list(value.items()))}
    return [backwards(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_canonical_refuses_what_json_has_not(number: float) -> None:
    """
    A NaN would be a text no reader takes.
    """
    with pytest.raises(ValueError):
        canonical({"a": number})


@pytest.mark.parametrize(
    "one, other, equal",
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        (0, False, False),
        (0.0, -0.0, False),
        ("1", 1, False),
        ([1, {"a": None}], [1, {"a": None}], True),
        ([1], [True], False),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        (None, {}, False),
        ([], {}, False),
    ],
)
def test_same_means_equal_with_equal_types(one: Any, other: Any, equal: bool) -> None:
    """
    JSON's true, 1 and 1.0 are three values, order of keys is none of them.
    """
    assert equal == same(one, other) == same(other, one)


@given(inputs_with_variables, inputs_with_variables)
def test_differing_names_the_keys_that_are_not_the_same(one: Dict[str, Any], other: Dict[str, Any]) -> None:
    """
    Missing on one side counts, null on one side too.
    """
    expected = {key for key in {**one, **other} if not (key in one and key in other and same(one[key], other[key]))}

    assert sorted(expected) == differing(one, other)


@pytest.mark.parametrize(
    "path, text",
    [
        (("port",), "port"),
        (("urls", 0, "port"), "urls.0.port"),
        (("labels", "a.b"), 'labels["a.b"]'),
        (("a b",), '["a b"]'),
        (("é", "x"), '["é"].x'),
        (("", "x"), '[""].x'),
        (('a"b\\',), r'["a\"b\\"]'),
        ((), ""),
    ],
)
def test_paths_as_people_write_them(path: Any, text: str) -> None:
    """
    Dotted, and in quotes what is not a plain word.
    """
    assert text == format_path(path)


def test_leaves() -> None:
    """
    Empty containers are leaves; a value without any structure is one leaf at the empty path.
    """
    value = {"a": [], "b": {"c": {}, "d": [1, None]}}

    assert {("a",): [], ("b", "c"): {}, ("b", "d", 0): 1, ("b", "d", 1): None} == dict(leaves(value))
    assert [((), 1)] == list(leaves(1))


def test_a_reference_reads_as_it_is_written() -> None:
    """
    Steps that are no plain words come back in quotes.
    """
    assert '${cm.labels["app.io/x"].0}' == str(Reference("cm", ("labels", "app.io/x", "0")))
    assert "u:${env:X}" == str(Template(("u:", X)))
