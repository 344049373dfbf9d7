"""What certainly is a JSON Schema, and which values one certainly allows: of plain keywords, without the library.

Loading the library takes longer than a plan of a hundred changes, and asking it is slower than planning them. So it is
asked about the others only: those that are refused here, or whose schema has more than plain keywords.
"""

from __future__ import annotations

import re
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

    def test_all(value: Value) -> bool:
        if not isinstance(value, Template):
            for test in tests:  # not `all`, which takes longer than most tests
                if not test(value):
                    return False
        return True

    return test_all


def is_plain_schema(schema: Any) -> bool:
    """Return whether a value certainly is a JSON Schema (draft 2020-12): true, false, or keywords that lead nowhere."""
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    return all(word in _FORMS and _FORMS[word](limit) for word, limit in schema.items())


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


# --- what a keyword's own value has to be


def _is_text(limit: Any) -> bool:
    return isinstance(limit, str)


def _is_length(limit: Any) -> bool:
    return type(limit) is int and limit >= 0


def _is_list(limit: Any) -> bool:
    return isinstance(limit, list)


def _is_word_list(limit: Any) -> bool:
    return _is_list(limit) and all(map(_is_text, limit)) and len(set(limit)) == len(limit)


def _is_type(limit: Any) -> bool:
    words = [limit] if _is_text(limit) else limit
    return _is_word_list(words) and bool(words) and set(words) <= _TYPES.keys()


def _is_pattern(limit: Any) -> bool:
    try:
        return _is_text(limit) and bool(re.compile(limit))
    except (re.error, OverflowError, RecursionError):
        return False


def _is_schema_list(limit: Any) -> bool:
    return _is_list(limit) and bool(limit) and all(map(is_plain_schema, limit))


def _is_schema_map(limit: Any, is_key: Callable[[Any], bool] = _is_text) -> bool:
    return isinstance(limit, dict) and all(map(is_key, limit)) and all(map(is_plain_schema, limit.values()))


_FORMS: Dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("$comment", "title", "description", "format"), _is_text),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_length),
    **dict.fromkeys(("additionalProperties", "contains", "items", "not", "propertyNames"), is_plain_schema),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _is_schema_list),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("enum", "examples"), _is_list),
    **dict.fromkeys(("const", "default"), lambda limit: True),
    **dict.fromkeys(("deprecated", "uniqueItems"), lambda limit: isinstance(limit, bool)),
    "pattern": _is_pattern,
    "patternProperties": lambda limit: _is_schema_map(limit, _is_pattern),
    "properties": _is_schema_map,
    "required": _is_word_list,
    "type": _is_type,
}
