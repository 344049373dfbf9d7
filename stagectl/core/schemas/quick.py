"""Which values a JSON Schema certainly allows: decided for the plain keywords alone, and without the library.

Loading the library takes longer than a plan of a hundred changes, and asking it is slower than planning them. So it is
asked about the others only: those that it refuses, or whose schema has more than plain keywords.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping

from stagectl.core.values import Template, Value

Test = Callable[[Value], bool]  # whether a value is certainly allowed

_NOTES = {"$schema", "$comment", "title", "description", "default", "examples", "deprecated"}  # say nothing of values


def quick_test(schema: Any) -> Test:
    """Return a test that passes only what a schema (draft 2020-12) allows, and not all of it.

    What is only known when an action runs (a `Template`) passes, as in `checks.Schemas`.
    """
    if schema is None or schema is True:
        return lambda value: True
    if not isinstance(schema, dict) or not all(word in _NOTES or word in _TESTS for word in schema):
        return lambda value: False
    tests = [_TESTS[word](limit, schema) for word, limit in schema.items() if word not in _NOTES]
    return lambda value: isinstance(value, Template) or all(test(value) for test in tests)


def _type(limit: Any, schema: Mapping[str, Any]) -> Test:
    words = limit if isinstance(limit, list) else [limit]
    types = {kind for word in words for kind in _TYPES.get(word, ())}
    return lambda value: type(value) in types


def _properties(limit: Any, schema: Mapping[str, Any]) -> Test:
    tests = {key: quick_test(inner) for key, inner in limit.items()}

    def test(value: Value) -> bool:
        if not isinstance(value, dict):
            return True
        return all(test(value[key]) for key, test in tests.items() if key in value)

    return test


def _other_properties(limit: Any, schema: Mapping[str, Any]) -> Test:
    known = schema.get("properties", {})
    inner = quick_test(limit)
    return lambda value: not isinstance(value, dict) or all(inner(value[key]) for key in value if key not in known)


def _items(limit: Any, schema: Mapping[str, Any]) -> Test:
    inner = quick_test(limit)
    return lambda value: not isinstance(value, list) or all(map(inner, value))


def _require(limit: Any, schema: Mapping[str, Any]) -> Test:
    keys = frozenset(limit)
    return lambda value: not isinstance(value, dict) or keys <= value.keys()


def _enum(limit: Any, schema: Mapping[str, Any]) -> Test:
    words = {word for word in limit if isinstance(word, str)}  # of other values, equality is another matter
    return lambda value: isinstance(value, str) and value in words


def _at_least(limit: Any, schema: Mapping[str, Any]) -> Test:
    return lambda value: not _is_number(value) or value >= limit


def _at_most(limit: Any, schema: Mapping[str, Any]) -> Test:
    return lambda value: not _is_number(value) or value <= limit


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _no_shorter(*types: type) -> Callable[[Any, Mapping[str, Any]], Test]:
    return lambda limit, schema: lambda value: type(value) not in types or len(value) >= limit


def _no_longer(*types: type) -> Callable[[Any, Mapping[str, Any]], Test]:
    return lambda limit, schema: lambda value: type(value) not in types or len(value) <= limit


_TYPES: Dict[str, List[type]] = {
    "string": [str],
    "integer": [int],
    "number": [int, float],
    "boolean": [bool],
    "array": [list],
    "object": [dict],
    "null": [type(None)],
}
_TESTS: Dict[str, Callable[[Any, Mapping[str, Any]], Test]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _other_properties,
    "items": _items,
    "required": _require,
    "enum": _enum,
    "minimum": _at_least,
    "maximum": _at_most,
    "minLength": _no_shorter(str),
    "maxLength": _no_longer(str),
    "minItems": _no_shorter(list),
    "maxItems": _no_longer(list),
    "minProperties": _no_shorter(dict),
    "maxProperties": _no_longer(dict),
}
