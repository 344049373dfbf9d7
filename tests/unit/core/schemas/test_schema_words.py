"""The words in which a kind's JSON Schema is reported."""

from __future__ import annotations

from typing import Any

import pytest

from stagectl.core.schemas.words import in_words


@pytest.mark.parametrize(
    "schema, value, messages",
    [
        ({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 3}]}, 1.5,
         ["fits none of the allowed forms: must be a string, not 1.5 / must be a whole number, not 1.5"]),
        ({"oneOf": [{"required": ["a"]}, {"properties": {"b": {"type": "null"}}, "required": ["b"]}]}, {"b": 1},
         ["fits none of the allowed forms: the key 'a' is missing / b: must be null, not 1"]),
        ({"oneOf": [{"type": "integer"}, {"minimum": 1}]}, 2,
         ["fits more than one of the forms that exclude each other"]),
        ({"enum": ["blue", "green", 3]}, "bleu", ['"bleu" is none of "blue", "green", 3; did you mean \'blue\'?']),
        ({"required": ["it's", "it's more"]}, {"it's": 1}, ["the key 'it's more' is missing"]),
        ({"maxLength": 2}, "x" * 99, [f'must have at most 2 characters: "{"x" * 59}...']),
        ({"uniqueItems": True}, [1, 1], ["has an entry twice: [1,1]"]),
        ({"multipleOf": 5}, 7, ["must be a multiple of 5, not 7"]),
        ({"const": "a"}, "b", ['must be "a", not "b"']),
        ({"not": {}}, 1, ["1 has a form that is not allowed"]),
        ({"additionalProperties": False, "properties": {"port": {}}, "patternProperties": {"^x": {}}},
         {"prt": 1, "x1": 1, "z": 1}, ["unknown key 'prt'; did you mean 'port'?", "unknown key 'z'; known keys: port"]),
    ],
)  # fmt: skip
def test_what_a_schema_has_against_a_value_is_reported_in_words(schema: Any, value: Any, messages: Any) -> None:
    """
    One message per thing to mend, without the words of JSON Schema.
    """
    from jsonschema import Draft202012Validator

    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=str)

    assert messages == [message for error in errors for _, message, _ in in_words(error)]
