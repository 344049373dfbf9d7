"""The schemas for editors: draft-07, and never against what stagectl accepts."""

from __future__ import annotations

from random import Random
from typing import Any, Callable, Dict, List

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.tree import read_working_tree
from stagectl.core.model import Kind
from stagectl.core.schemas import schema as reader
from stagectl.core.schemas import settings
from stagectl.core.schemas.draft07 import convert, relax
from stagectl.core.schemas.file_schemas import FILES, file_schema
from tests.build import ROOT
from tests.random_worlds import random_case


def judging(schema: Any) -> Callable[[Any], List[str]]:
    """What returns what a schema, which is one, has against a value."""
    Draft7Validator.check_schema(schema)
    judge = Draft7Validator(schema)
    return lambda value: [error.message for error in judge.iter_errors(value)]


def against(schema: Any, value: Any) -> List[str]:
    """What a schema has against a value."""
    return judging(schema)(value)


def kinds_of(folder: str) -> Dict[str, Kind]:
    files, _ = read_working_tree(ROOT / folder, ["kinds"])
    return {path[6:-5]: settings.kind(path[6:-5], yamlfile.load(data)) for path, data in files.items()}


@pytest.mark.parametrize("folder", ["fixtures/shop", "fixtures/openstack"])
def test_real_files_are_accepted(folder: str) -> None:
    """
    Every definition by the schema of its kind, every kind, the config; each of the two documents by itself.
    """
    kinds = kinds_of(folder)
    files, _ = read_working_tree(ROOT / folder, ["resources", "kinds", "stagectl.yaml"])

    assert len(files) > 15
    own = {name: judging(file_schema("definition", only=kind)) for name, kind in kinds.items()}
    schemas = (file_schema("definition", kinds), file_schema("definition"), file_schema("staged"))
    of_any = [judging(one) for one in schemas]
    others = {which: [judging(file_schema(which))] for which in ("kind", "config")}
    for path, data in files.items():
        documents = yamlfile.load(data)
        if path.startswith("resources/"):
            judges = [own[documents[0]["kind"]], *of_any]
        else:
            judges = others["kind" if path.startswith("kinds/") else "config"]
        assert [] == [(path, found) for judge in judges for document in documents for found in judge(document)]


def test_every_key_is_known() -> None:
    """
    And no other: the schemas list what the readers of the files take.
    """
    definition, staged, kind, config = (file_schema(which) for which in FILES)

    assert set(reader.DEFINITION_KEYS) == definition["then"]["properties"].keys()
    assert definition == file_schema("template"), "which differ in what a kind's inputs are"
    assert set(reader.STAGED_KEYS) == staged["then"]["properties"].keys()
    assert set(reader.BODY_KEYS) == staged["else"]["properties"].keys()
    assert set(settings._KIND_KEYS) == kind["properties"].keys()
    assert set(settings._CONFIG_KEYS) == config["properties"].keys()


@pytest.mark.parametrize("seed", range(60))
def test_staged_files_of_random_worlds_are_accepted(seed: int) -> None:
    """
    With all forms of relations and stamps.
    """
    for raw in random_case(Random(seed)).staged.values():
        front = {key: raw[key] for key in ("kind", "tags", "actions") if key in raw}
        body = {key: value for key, value in raw.items() if key in reader.BODY_KEYS}
        assert [] == against(file_schema("staged"), front) + against(file_schema("staged"), body)


@pytest.mark.parametrize(
    "which, document",
    [
        ("definition", {"kind": "a b"}),
        ("definition", {"kind": "a", "tgas": []}),
        ("definition", {"tags": ["a"]}),
        ("definition", {"kind": "a", "tags": ["a b"]}),
        ("definition", {"kind": "a", "actions": {}}),
        ("staged", {"kind": "a", "actions": {"restart": "1"}}),
        ("staged", {"kind": "a", "actions": {"remove": "1-a"}}),
        ("definition", {"inputs": []}),
        ("definition", {"input": {}}),
        ("definition", {"depends_on": ["a.b"]}),
        ("definition", {"depends_on": {"run": ["a"]}}),
        ("definition", {"react_on": {"remove": ["a.update"]}}),
        ("definition", {"react_on": {"restart": [{"on": "a.update", "when": "always"}]}}),
        ("kind", {"actions": {"replace": ["true"]}}),
        ("kind", {"actions": {"run": "sh -c true"}}),
        ("kind", {"timeout": 0}),
        ("config", {"lock_term": 3601}),
        ("config", {"root": ["resources"]}),
    ],
)
def test_what_is_wrong_is_seen_while_it_is_typed(which: str, document: Any) -> None:
    """
    A sample of what the reader refuses, too.
    """
    assert against(file_schema(which), document)


PORT = {"type": "object", "properties": {"port": {"type": "integer", "minimum": 1}}, "additionalProperties": False}


def test_inputs_are_checked_by_the_schema_of_the_kind() -> None:
    """
    As they are written: a reference may stand for any value, alone or inside of text, at any depth.
    """
    schema = {**PORT, "required": ["port"], "properties": {**PORT["properties"], "urls": {"items": PORT}}}
    found = file_schema("definition", only=Kind("web", schema=schema))

    assert [] == against(found, {"inputs": {"port": 80}})
    assert [] == against(found, {"inputs": {"port": "${./app.port}"}})
    assert [] == against(found, {"inputs": {"port": 1, "urls": [{"port": "${env:PORT}"}, "${./lb.url}"]}})
    assert [] == against(found, {"inputs": {"port": 1, "urls": "${./lb.urls}"}})
    assert against(found, {"inputs": {"port": "80"}})
    assert against(found, {"inputs": {"prt": 80, "port": 80}})
    assert against(found, {"inputs": {"port": 1, "urls": [{"port": "x"}]}})
    assert against(found, {"inputs": {}})
    assert against(found, {"kind": "wbe"})
    assert against(found, {"react_on": {"restart": ["./a.update"]}})  # this kind has no such action


KIND_SCHEMAS: List[Any] = [
    True,
    {},
    PORT,
    {"properties": {"a": {"$ref": "#/$defs/port", "description": "beside"}}, "$defs": {"port": {"type": "integer"}}},
    {"properties": {"a": {"$ref": "#"}, "b": {"type": "integer"}}},
    {"properties": {"a": {"$ref": "https://example.com/x"}, "b": {"$ref": "#anchor"}}},
    {"properties": {"a": {"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False}}},
    {"properties": {"a": {"type": "array", "items": {"enum": [1, "x"]}, "uniqueItems": True}}},
    {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"b": {"properties": {"a": {"const": 1}}}}},
    {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
    {"not": {"properties": {"a": {"const": 1}}, "required": ["a"]}},
    {"oneOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"a": {"const": 2}}}]},
    {"properties": {"a": {"contains": {"const": 1}, "minContains": 0}}},
    {"properties": {"a": {"type": "string", "format": "ipv4"}}, "unevaluatedProperties": False},
    {"patternProperties": {"^a": {"type": ["integer", "array"]}}, "propertyNames": {"maxLength": 1}},
]  # fmt: skip
VALUES: List[Any] = [
    {"a": value, **more}
    for value in (1, 2, "x", "1.2.3.4", [], [1], [1, "x"], [1, 1], {"b": 1}, {"a": {"a": {}}}, None)
    for more in ({}, {"b": 1}, {"c": "y"}, {"b": "${r.x}", "c": [1]})
] + [{}]


@pytest.mark.parametrize("schema", KIND_SCHEMAS, ids=str)
def test_an_editor_never_refuses_what_the_kind_accepts(schema: Any) -> None:
    """
    Whatever of draft 2020-12 a kind's schema uses; and not either once a value is a reference instead.
    """
    import referencing

    registry: Any = referencing.Registry().with_resource(
        "https://example.com/x", referencing.jsonschema.DRAFT202012.create_resource({})
    )
    anchored = {**schema, "$defs": {"z": {"$anchor": "anchor"}}} if "#anchor" in str(schema) else schema
    judge = Draft202012Validator(anchored, registry=registry)
    against_it = judging(file_schema("definition", only=Kind("k", schema=schema)))

    accepted = [value for value in VALUES if judge.is_valid(value)]
    assert accepted
    for value in accepted:
        assert [] == against_it({"inputs": value})
        for key in value:
            assert [] == against_it({"inputs": {**value, key: "${other.value}"}})


def test_text_is_left_as_simple_as_it_is() -> None:
    """
    A reference is text already.
    """
    plain = {"type": "string", "description": "a name"}

    assert {"properties": {"a": plain}} == relax(convert({"properties": {"a": plain}}, "#"))
