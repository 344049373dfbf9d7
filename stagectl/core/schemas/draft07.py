"""A kind's JSON Schema (draft 2020-12) as draft-07, for values as they are written and not yet resolved."""

from __future__ import annotations

from typing import Any, Dict

# Where a reference, or text with one, may stand instead of the value it means.
REFERENCE = {"type": "string", "pattern": r"\$\{"}

_BY_KEY = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_ONE = ("additionalProperties", "contains", "propertyNames", "items", "additionalItems")
_SAME_PLACE = ("allOf", "anyOf", "oneOf")
# What draft-07 does not have, or what a value that is only known later may make untrue.
_LEFT_OUT = (
    "$schema", "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment", "unevaluatedProperties",
    "unevaluatedItems", "format", "minContains", "maxContains", "contentSchema", "not", "if", "then", "else",
    "uniqueItems",
)  # fmt: skip
_OF_THE_WHOLE = frozenset(("required", "minProperties", "dependencies"))
_SAYS_NOTHING_OF_TEXT = frozenset(("type", "title", "description", "default", "examples", "deprecated"))


def convert(schema: Any, place: str) -> Any:
    """Return a schema in the words of draft-07; place: the pointer at which it will stand."""
    if not isinstance(schema, dict):
        return schema
    found = {key: _convert(key, value, place) for key, value in schema.items() if key not in _LEFT_OUT}
    if "prefixItems" in found:
        found["additionalItems"] = found.pop("items", True)
        found["items"] = found.pop("prefixItems")
    if "$defs" in found:
        found["definitions"] = {**found.get("definitions", {}), **found.pop("$defs")}
    together = {**found.pop("dependentRequired", {}), **found.pop("dependentSchemas", {})}
    if together:
        found["dependencies"] = together
    if "oneOf" in found:  # a reference fits several of them
        found["allOf"] = [*found.get("allOf", []), {"anyOf": found.pop("oneOf")}]
    if "contains" in schema and schema.get("minContains") == 0:
        found.pop("contains")
    if "$ref" in found and len(found) > 1:  # draft-07 looks at nothing beside it
        found["allOf"] = [*found.get("allOf", []), {"$ref": found.pop("$ref")}]
    return found


def _convert(key: str, value: Any, place: str) -> Any:
    if key == "$ref" and isinstance(value, str):
        return _move(value, place)
    if key in _BY_KEY and isinstance(value, dict):
        return {name: convert(inner, place) for name, inner in value.items()}
    if key in _SAME_PLACE or key == "prefixItems" or (key == "items" and isinstance(value, list)):
        return [convert(inner, place) for inner in value]
    return convert(value, place) if key in _ONE else value


def _move(reference: str, place: str) -> str:
    """Return a reference as it reads where the schema will stand; one that leads out of it means anything."""
    if reference != "#" and not reference.startswith("#/"):
        return "#/definitions/anything"
    return place + reference[1:].replace("/$defs/", "/definitions/")


def relax(schema: Any) -> Any:
    """Return a schema of draft-07 in which every value below its own may be a reference."""
    if not isinstance(schema, dict):
        return schema
    return {key: _relax(key, value) for key, value in schema.items()}


def _relax(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties") and isinstance(value, dict):
        return {name: _or_reference(inner) for name, inner in value.items()}
    if key == "items" and isinstance(value, list):
        return [_or_reference(inner) for inner in value]
    if key in ("items", "additionalItems", "additionalProperties", "contains"):
        return _or_reference(value)
    if key in ("definitions", "dependencies") and isinstance(value, dict):
        return {name: relax(inner) for name, inner in value.items()}
    if key in _SAME_PLACE:
        return [relax(inner) for inner in value]
    return value


def _or_reference(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    inner = relax(schema)
    if inner.keys() <= _SAYS_NOTHING_OF_TEXT and inner.get("type", "string") == "string":
        return inner
    about: Dict[str, Any] = {key: inner[key] for key in ("title", "description", "default") if key in inner}
    return {**about, "anyOf": [inner, REFERENCE]}


def partial(schema: Any) -> Any:
    """Return a schema of draft-07 for part of a value: more may stand elsewhere, and null takes a key out."""
    if not isinstance(schema, dict):
        return schema
    said = {key: value for key, value in schema.items() if key not in _OF_THE_WHOLE}
    if any("{" in repr(said.get(key)) for key in ("const", "enum")):  # whole mappings
        said = {key: value for key, value in said.items() if key not in ("const", "enum")}
    return {key: _partial(key, value) for key, value in said.items()}


def _partial(key: str, value: Any) -> Any:
    if key in ("properties", "patternProperties") and isinstance(value, dict):
        return {name: _or_null(inner) for name, inner in value.items()}
    if key == "additionalProperties":
        return _or_null(value)
    if key == "definitions" and isinstance(value, dict):
        return {name: partial(inner) for name, inner in value.items()}
    return [partial(inner) for inner in value] if key in _SAME_PLACE else value


def _or_null(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    about: Dict[str, Any] = {key: schema[key] for key in ("title", "description", "default") if key in schema}
    return {**about, "anyOf": [partial(schema), {"type": "null"}]}
