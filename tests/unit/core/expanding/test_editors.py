"""The schemas for editors know templates, what is like them, and `each`."""

from __future__ import annotations

from typing import Any, List

import pytest
from jsonschema import Draft7Validator

from stagectl.core.model import Kind
from stagectl.core.schemas.file_schemas import file_schema

PORT = {"type": "integer"}
LIMITS = {"type": "object", "required": ["cpu"], "properties": {"cpu": {"type": "integer"}}}
SERVICE = Kind(
    "service",
    schema={
        "type": "object",
        "required": ["image", "port"],
        "properties": {"image": {"type": "string"}, "port": PORT, "limits": LIMITS, "in": {"enum": ["a"]}},
        "additionalProperties": False,
        "minProperties": 2,
    },
)  # fmt: skip


def against(value: Any, *schemas: Any) -> List[str]:
    """What schemas have against a document."""
    for schema in schemas:
        Draft7Validator.check_schema(schema)
    return [error.message for schema in schemas for error in Draft7Validator(schema).iter_errors(value)]


@pytest.mark.parametrize(
    "document",
    [
        {"template": True},
        {"template": True, "kind": "service", "tags": ["a"], "like": "base/common"},
        {"like": "base/web"},
        {"like": "base/web", "each": ["blue"], "kind": "service"},
        {"kind": "service", "each": {"blue": {"port": 1, "moved_from": "a/b"}, "green": None}},
        {"inputs": {}},
        {"inputs": {"port": None, "limits": {"cpu": None}}},
        {"inputs": {"port": "${each.port}", "limits": "${each.limits}"}},
        {"inputs": {"limits": {}}},
        None,
    ],
)
def test_what_is_accepted_is_accepted_while_it_is_typed(document: Any) -> None:
    """
    By the schema of any definition, and by that of its kind's templates: nothing need be there, and null takes out.
    """
    assert [] == against(document, file_schema("definition"), file_schema("template", only=SERVICE))


@pytest.mark.parametrize(
    "document",
    [
        {"tags": ["a"]},
        {"template": False, "kind": "service"},
        {"like": "./web"},
        {"kind": "service", "each": {}},
        {"kind": "service", "each": []},
        {"kind": "service", "each": {"a b": {}}},
        {"kind": "service", "each": {"a": 5}},
        {"kind": "service", "each": {"a": {"key": 1}}},
        {"inputs": {"prot": 1}},
        {"inputs": {"port": "x"}},
        {"inputs": {"in": "b"}},
        {"inputs": {"limits": {"cpu": "x"}}},
    ],
)
def test_what_is_wrong_is_seen_while_it_is_typed(document: Any) -> None:
    """
    Also in a template: its inputs are those of the kind.
    """
    assert against(document, file_schema("template", only=SERVICE))


def test_a_whole_definition_and_a_staged_file_need_everything() -> None:
    """
    There nothing comes from elsewhere; a staged file is no template, and names those it came from.
    """
    for which in ("definition", "staged"):
        assert against({"inputs": {"image": "a"}}, file_schema(which, only=SERVICE))
        assert against({"inputs": {"image": "a", "port": None}}, file_schema(which, only=SERVICE))
    assert against({"kind": "service", "like": "a"}, file_schema("staged"))
    assert against({"kind": "service", "template": True}, file_schema("staged"))
    assert [] == against({"kind": "service", "template": ["base/web"]}, file_schema("staged"))


def test_editors_are_offered_the_inputs_of_the_kind_in_templates_too() -> None:
    """
    Each with what the kind says of it.
    """
    found = file_schema("template", only=SERVICE)["definitions"]["inputs"]["properties"]

    assert {"image", "port", "limits", "in"} == found.keys()
