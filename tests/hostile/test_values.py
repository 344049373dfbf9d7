"""Values, schemas and selections that grow, explode or lead elsewhere."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Tuple

import pytest

from stagectl.core.errors import UsageError
from stagectl.core.plans.tags import parse_expression
from tests.build import Repo
from tests.hostile.conftest import Bounded

pytestmark = pytest.mark.once

# --- references


def doubling(repo: Repo) -> None:
    """Each of 40 resources has the text of the one before it twice: a terabyte in the end."""
    repo.define("r0", "plain", inputs={"x": "x" * 10})
    for number in range(1, 41):
        repo.define(f"r{number}", "plain", inputs={"x": f"${{r{number - 1}.x}}${{r{number - 1}.x}}"})


def listing(repo: Repo) -> None:
    """The same with lists in lists, whose values are whole."""
    repo.define("r0", "plain", inputs={"x": ["x" * 10]})
    for number in range(1, 41):
        repo.define(f"r{number}", "plain", inputs={"x": [f"${{r{number - 1}.x}}"] * 9})


def beside(repo: Repo) -> None:
    """Many inputs that are each nearly as large as may be."""
    repo.define("big", "plain", inputs={"x": "x" * 200_000})
    repo.define("five", "plain", inputs={"x": "${big.x}" * 5})
    for number in range(40):
        repo.define(f"r{number}", "plain", inputs={f"k{key}": "${five.x}" for key in range(40)})


def long_path(repo: Repo) -> None:
    repo.define("a", "plain", inputs={"x": {"y": 1}}).define("b", "plain", inputs={"x": "${a" + ".x" * 10_000 + "}"})


def long_index(repo: Repo) -> None:
    repo.define("a", "plain", inputs={"x": [1]}).define("b", "plain", inputs={"x": "${a.x." + "9" * 10_000 + "}"})


def unknown(repo: Repo) -> None:
    """A hundred thousand pairs of words to compare, each nearly right."""
    for number in range(400):
        repo.define(f"resource-number-{number}", "plain", inputs={"x": f"${{resource-numbr-{number}x.x}}"})


def unlike(repo: Repo) -> None:
    """As many to be like."""
    for number in range(400):
        front = f"kind: plain\nlike: resource-numbr-{number}x"
        repo.write(f"resources/resource-number-{number}.yaml", f"---\n{front}\n---\ninputs: {{}}\n")


def ring(repo: Repo) -> None:
    for number in range(300):
        repo.define(f"r{number}", "plain", inputs={"x": f"${{r{(number + 1) % 300}.x}}"})


REFERENCES: Dict[str, Tuple[Callable[[Repo], None], str]] = {
    "a text that doubles": (doubling, "the value grows beyond 1048576 characters or 256 levels"),
    "lists in lists": (listing, "the value grows beyond 1048576 characters or 256 levels"),
    "many large inputs": (beside, "the value grows beyond 1048576 characters or 256 levels"),
    "a path of 10,000 steps": (long_path, "resources/b.yaml:7:8: "),
    "an index of 10,000 digits": (long_index, "resources/b.yaml:7:8: "),
    "many names that are nearly right": (unknown, "resources/resource-number-0.yaml:"),
    "many to be like that are nearly right": (unlike, "resources/resource-number-0.yaml:3:7: there is no definition"),
    "a ring of 300": (ring, "this input needs itself: r0.x -> r1.x"),
}


@pytest.mark.parametrize("what", REFERENCES)
def test_references_are_bounded(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    What a value would become is never made larger than may be; the place is reported.
    """
    build, message = REFERENCES[what]
    build(repo)

    done = bounded(repo, "validate")

    assert done.code == 1 and message in done.err, done.err[:500]


# --- schemas


def many(depth: int, make: Callable[[str], Any]) -> Dict[str, Any]:
    """A schema that asks about itself twice on each of many levels."""
    inner = {f"d{n}": make(f"#/$defs/d{n + 1}") for n in range(depth)}
    return {"$defs": {**inner, f"d{depth}": {"type": "integer"}}, "$ref": "#/$defs/d0"}


SCHEMAS: Dict[str, Tuple[Any, Any, str]] = {
    "a pattern that explodes": (
        {"properties": {"x": {"pattern": "^(a+)+$"}}},
        "a" * 60 + "!",
        "did not come to an end",
    ),
    "a key's pattern that explodes": (
        {"patternProperties": {"^(a|a)*$": {}}},
        {"a" * 60 + "!": 1},
        "did not come to an end",
    ),
    "alternatives that explode": (
        many(40, lambda ref: {"anyOf": [{"$ref": ref}, {"$ref": ref}]}),
        1,
        "did not come to an end within 1 seconds",
    ),
    "conditions that explode": (
        many(40, lambda ref: {"allOf": [{"not": {"$ref": ref}}, {"not": {"$ref": ref}}]}),
        1,
        "did not come to an end within 1 seconds",
    ),
    "all different": ({"properties": {"x": {"uniqueItems": True}}}, [{"n": n} for n in range(15_000)], "did not come"),
    "itself": ({"$ref": "#"}, 1, "needs itself without end"),
    "itself, further on": (
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
        1,
        "needs itself",
    ),
    "itself, by another name": ({"$id": "x:a", "$dynamicAnchor": "a", "allOf": [{"$dynamicRef": "#a"}]}, 1, "itself"),
    "an address": ({"$ref": "http://192.0.2.1/schema.json"}, 1, "the schema of kind odd cannot be used"),
    "an address on this machine": ({"$ref": "http://localhost:1/x"}, 1, "the schema of kind odd cannot be used"),
    "a file": ({"$ref": "file:///etc/passwd"}, 1, "the schema of kind odd cannot be used"),
    "a path": ({"$ref": "../../../etc/passwd"}, 1, "the schema of kind odd cannot be used"),
    "another language": ({"$schema": "http://192.0.2.1/language", "type": "object"}, 1, ""),
    "nowhere": ({"$ref": "#/$defs/nothing"}, 1, "the schema of kind odd cannot be used"),
    "a pattern with a huge count": ({"properties": {"x": {"pattern": "a{99999999999999999999}"}}}, "a", "odd"),
    "a pattern in a pattern": ({"properties": {"x": {"pattern": "(" * 5_000 + ")" * 5_000}}}, "a", "odd"),
    "counts of counts": ({"properties": {"x": {"pattern": "((a{1000}){1000}){1000}"}}}, "a" * 1000, "odd"),
    "no pattern": ({"properties": {"x": {"pattern": "("}}}, "a", "kinds/odd.yaml:1:"),
    "a multiple of nearly nothing": ({"properties": {"x": {"multipleOf": 5e-324}}}, 10**399, "odd"),
    "a huge number as a limit": ({"properties": {"x": {"maximum": 10**399}}}, 1.5, ""),
    "a huge schema": ({"allOf": [{"properties": {f"k{n}": {"type": "string"}}} for n in range(5_000)]}, 1, ""),
    "a huge choice": ({"properties": {"x": {"enum": list(range(30_000))}}}, "x", "kind odd"),
    "nested deep": (json.loads('{"not": ' * 60 + "{}" + "}" * 60), 1, ""),
}


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_schema_is_used_or_refused(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    Nothing is fetched or opened, nothing goes on for ever; what comes to no end within a second is stopped.
    """
    schema, value, message = SCHEMAS[what]
    repo.write("kinds/odd.yaml", json.dumps({"inputs": schema}))
    inputs = {"inputs": value if isinstance(value, dict) else {"x": value}}
    repo.write("resources/a.yaml", f"---\nkind: odd\n---\n{json.dumps(inputs, separators=(',', ':'))}\n")

    done = bounded(repo, "validate", seconds=2.0)  # one of the schema, and one to read and to report

    assert message in done.err and (not message or done.code == 1), done.err[:500]


@pytest.mark.parametrize("head", [False, True])
def test_a_plan_of_another_authors_branch_is_bounded_too(repo: Repo, bounded: Bounded, head: bool) -> None:
    """
    The pattern that explodes, as staged in a pull request: `plan` of the working tree, and with --head.
    """
    schema, value, message = SCHEMAS["a pattern that explodes"]
    repo.define("a", "plain", inputs={"x": value}).commit()
    repo.stage().write("kinds/plain.yaml", json.dumps({"inputs": schema})).commit()

    done = bounded(repo, "plan", *(["--head", "HEAD"] if head else []), seconds=2.0)

    assert (1, True) == (done.code, message in done.err)


def test_two_explosions_share_a_budget(repo: Repo, bounded: Bounded) -> None:
    """
    Each kind and each resource adds a few milliseconds, not a second of its own.
    """
    for number in range(20):
        repo.write(f"kinds/k{number}.yaml", json.dumps({"inputs": SCHEMAS["a pattern that explodes"][0]}))
        repo.define(f"r{number}", f"k{number}", inputs={"x": "a" * 60 + "!"})

    assert "did not come to an end" in bounded(repo, "validate", seconds=2.1).err


# --- selections


LONG = 120_000  # characters: the system gives no program a longer word
SELECTIONS = {
    "words": "a or " * (LONG // 5) + "a",
    "brackets": "(" * LONG,
    "not": "!" * (LONG - 1) + "a",
    "one word": "a" * LONG,
    "brackets that close": "(" * 1_500 + "a" + ")" * 1_500,
    "controls": "\x1b[2J\u202e\n::error::x",
}


@pytest.mark.parametrize("what", SELECTIONS)
def test_a_tag_expression_is_read_or_refused(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    A tenth of a megabyte on the command line; what it says of it is short, and cannot act.
    """
    done = bounded(repo.define("x", "plain", tags=["a"]).stage(), "plan", "-t", SELECTIONS[what])

    assert done.code in (0, 1, 64) and len(done.err) < 10_000
    assert "\n::" not in done.err


def test_a_tag_expression_of_a_megabyte_is_refused_at_once() -> None:
    """
    As Python code can give it, which no command line can.
    """
    with pytest.raises(UsageError, match="a tag expression of 1000000 characters: at most 4096 are read"):
        parse_expression("a" * 1_000_000)


NAMES = {
    "stars": "*a" * 50_000,
    "double stars": "**/" * 40_000 + "x",
    "a huge depth": "x+" + "9" * 100_000,
    "an option": "--output=x",
    "controls": "\x1b[2J\u202e\n::error::x",
    "a path": "../../etc/passwd",
}


@pytest.mark.parametrize("what", NAMES)
def test_a_name_is_found_or_refused(repo: Repo, bounded: Bounded, what: str) -> None:
    """
    Globs take no time, whatever they are, and a depth of many digits is a depth.
    """
    done = bounded(repo.define("x", "plain").stage(), "plan", NAMES[what])

    assert len(done.err) < 130_000 and "\n::" not in done.err
    assert done.code == (0 if what in ("a huge depth", "double stars") else 64 if what == "an option" else 1)
