"""What a JSON Schema has against a value, in words for the people who wrote the value."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

from stagectl.core.errors import Step, nearest
from stagectl.core.values import canonical

LONGEST = 60  # characters of one value in a message
Mismatch = Tuple[Tuple[Step, ...], str, bool]  # where, below the value that was checked; the message; points at the key

_TYPES = {
    "string": "a string", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "array": "a list", "object": "a mapping", "null": "null",
}  # fmt: skip
_LIMITS: Dict[str, str] = {
    "minimum": "must be at least {limit}, not {value}",
    "maximum": "must be at most {limit}, not {value}",
    "exclusiveMinimum": "must be above {limit}, not {value}",
    "exclusiveMaximum": "must be below {limit}, not {value}",
    "multipleOf": "must be a multiple of {limit}, not {value}",
    "minLength": "must have at least {limit} characters: {value}",
    "maxLength": "must have at most {limit} characters: {value}",
    "minItems": "must have at least {limit} entries: {value}",
    "maxItems": "must have at most {limit} entries: {value}",
    "minProperties": "must have at least {limit} keys: {value}",
    "maxProperties": "must have at most {limit} keys: {value}",
    "pattern": "{value} does not match the pattern {limit}",
    "format": "{value} is no {limit}",
    "const": "must be {limit}, not {value}",
}


def in_words(error: Any) -> Iterator[Mismatch]:
    """Yield what one `jsonschema.ValidationError` says, a message per thing to mend."""
    at = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and error.validator_value is False:
        for key in _unknown_keys(error.schema, error.instance):
            near = nearest(key, error.schema.get("properties", {})) or _known_words(error.schema)
            yield (*at, key), f"unknown key '{key[:LONGEST]}'{near}", True
    else:
        yield at, _text(error), False


def _text(error: Any) -> str:
    say: Callable[[Any], str] = _SAY.get(error.validator, lambda other: str(other.message[:300]))
    if error.validator in _LIMITS:
        limit = error.validator_value
        shown = limit if isinstance(limit, str) and error.validator != "const" else _show(limit)
        return _LIMITS[error.validator].format(limit=shown[:200], value=_show(error.instance))
    return say(error)


def _type(error: Any) -> str:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    return f"must be {' or '.join(_TYPES.get(word, str(word)) for word in wanted)}, not {_show(error.instance)}"


def _enum(error: Any) -> str:
    allowed = [_show(value) for value in error.validator_value]
    words = [value for value in error.validator_value if isinstance(value, str)]
    near = nearest(error.instance, words) if isinstance(error.instance, str) else ""
    return f"{_show(error.instance)} is none of {', '.join(allowed[:12])}{', ...' if len(allowed) > 12 else ''}{near}"


def _lacking(error: Any) -> str:
    # jsonschema reports one missing key an error, and names it in its message only.
    missing = [key for key in error.validator_value if error.message.startswith(repr(key))]
    return f"the key '{missing[0]}' is missing" if missing else str(error.message)


def _branches(error: Any) -> str:
    """Return what each allowed form has against a value, the first thing of each."""
    firsts: Dict[Any, str] = {}
    for inner in sorted(error.context, key=lambda inner: (str(inner.schema_path[0]), list(map(str, inner.path)))):
        place = "".join(f"{step}: " for step in inner.path)
        firsts.setdefault(inner.schema_path[0], place + "; ".join(message for _, message, _ in in_words(inner)))
    if not firsts:
        return "fits more than one of the forms that exclude each other"
    return f"fits none of the allowed forms: {' / '.join(list(firsts.values())[:4])}"


_SAY: Dict[str, Callable[[Any], str]] = {
    "type": _type,
    "enum": _enum,
    "required": _lacking,
    "anyOf": _branches,
    "oneOf": _branches,
    "uniqueItems": lambda error: f"has an entry twice: {_show(error.instance)}",
    "not": lambda error: f"{_show(error.instance)} has a form that is not allowed",
}


def _unknown_keys(schema: Mapping[str, Any], instance: Mapping[str, Any]) -> List[str]:
    patterns = schema.get("patternProperties", {})
    known = schema.get("properties", {})
    return [key for key in instance if key not in known and not any(re.search(pattern, key) for pattern in patterns)]


def _known_words(schema: Mapping[str, Any]) -> str:
    known = sorted(schema.get("properties", {}))
    return f"; known keys: {', '.join(known)}"[:300] if known else ""


def _show(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
