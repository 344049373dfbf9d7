"""What passes without the library passes with it: schemas, and values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from stagectl.core.model import Kind, Name
from stagectl.core.planning.schema_checks import Schemas
from stagectl.core.schemas import quick
from stagectl.core.schemas.quick import quick_test
from stagectl.core.values import EnvVariable, Template

WORDS = st.sampled_from(["a", "b", "prod", "1", ""])
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([1.0, 2.5, -0.0]))
LATER = st.just(Template(("a", EnvVariable("A"))))
LITERALS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
VALUES = st.recursive(
    st.one_of(LITERALS, LATER),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
SIZES = st.integers(0, 3)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans(),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "title": WORDS,
            "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, unique=True)),
            "properties": st.dictionaries(WORDS, inner, max_size=3),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(WORDS, inner, max_size=1),
            "items": inner,
            "required": st.lists(WORDS, unique=True),
            "enum": st.lists(LITERALS, min_size=1),
            "minimum": NUMBERS,
            "maximum": NUMBERS,
            "minLength": SIZES,
            "maxLength": SIZES,
            "minItems": SIZES,
            "maxItems": SIZES,
            "minProperties": SIZES,
            "maxProperties": SIZES,
            "not": inner,
        },
    ),
    max_leaves=5,
)


# Schemas of which a part, or the whole, may be anything: most of them are none.
ODD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(LITERALS, st.lists(WORDS, max_size=2), TYPES),
    lambda inner: st.one_of(
        inner, st.lists(inner, max_size=2),
        st.dictionaries(st.one_of(st.sampled_from([*quick._FORMS, "if", "$ref"])), inner, max_size=3),
    ),
    max_leaves=5,
)  # fmt: skip


def is_refused(schema: Any) -> bool:
    """Whether the library says that a value is no JSON Schema."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        return True
    return False


@given(st.one_of(SCHEMAS, ODD))
def test_what_is_plainly_a_schema_is_one(schema: Any) -> None:
    """
    Whatever stands where a keyword's value has to be.
    """
    assume(quick.is_plain_schema(schema))

    assert not is_refused(schema)


@pytest.mark.parametrize("word", sorted(quick._FORMS))
def test_the_value_of_each_keyword_is_looked_at(word: str) -> None:
    """
    For each there is one that is refused, but for two that may be anything; and each may stand alone.
    """
    odd = [None, "x", "[", {"[": {}}, [{}], 1, -1, 1.5, [1], ["a", "a"], [], {"a": 1}, {"a": {"type": "x"}}, True]

    assert [each for each in odd if quick.is_plain_schema({word: each}) and is_refused({word: each})] == []
    assert (word in ("const", "default")) == all(quick.is_plain_schema({word: each}) for each in odd)
    assert any(quick.is_plain_schema({word: each}) for each in (*odd, "string", {"a": {}}))


class NoLibrary(Schemas):
    def _troubles(self, *arguments: Any) -> Any:
        raise AssertionError("the library was asked")


@given(SCHEMAS, st.dictionaries(WORDS, VALUES, max_size=4))
def test_what_passes_the_quick_test_is_what_the_library_allows(schema: Any, inputs: Any) -> None:
    """
    Whatever the schema says, and of whatever types the values are.
    """
    assume(quick_test(schema)(inputs))

    assert not Schemas()._troubles(Name("web"), Kind("service", schema), inputs)


@pytest.mark.parametrize(
    "schema, inputs",
    [
        ({"type": "object", "required": ["port"], "properties": {"port": {"type": "integer", "maximum": 9}}},
         {"port": 9, "more": [1.5]}),
        ({"properties": {"mode": {"enum": ["on", "off"]}}, "additionalProperties": False}, {"mode": "on"}),
        ({"properties": {"names": {"type": "array", "items": {"type": "string", "minLength": 1}}}}, {"names": ["a"]}),
        ({"description": "any", "properties": {"x": {"type": ["string", "null"]}}}, {"x": None}),
        ({"properties": {"secret": {"type": "string", "minLength": 8}}}, {"secret": Template((EnvVariable("KEY"),))}),
        (None, {"x": 1}),
    ],
)  # fmt: skip
def test_plain_schemas_are_checked_without_the_library(schema: Any, inputs: Any) -> None:
    """
    Loading it takes longer than the rest of a small plan.
    """
    assert not NoLibrary().troubles(Name("web"), Kind("service", schema), inputs)


@pytest.mark.parametrize(
    "schema, inputs",
    [
        ({"properties": {"port": {"type": "integer"}}}, {"port": True}),
        ({"properties": {"port": {"type": "integer"}}}, {"port": "80"}),
        ({"required": ["port"]}, {}),
        ({"properties": {"mode": {"enum": ["on"]}}}, {"mode": "off"}),
        ({"properties": {"port": {"maximum": 9}}}, {"port": 10}),
        ({"properties": {"port": {"pattern": "^x"}}}, {"port": "y"}),
        ({"additionalProperties": False}, {"x": 1}),
    ],
)
def test_what_a_schema_refuses_is_reported_by_the_library(schema: Any, inputs: Any) -> None:
    """
    So there is one place that has the words for it.
    """
    assert Schemas().troubles(Name("web"), Kind("service", schema), inputs)
