"""How definitions are put together, sentence by sentence."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from stagectl.core.expanding.merge import lay_over
from stagectl.core.model import Name
from tests.unit.core.expanding.build import definition, good


@pytest.mark.parametrize(
    "base, own, wanted",
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"x": 1}}, {"a": {"x": None}}, {"a": {}}),
        ({}, {"a": None, "b": {"x": None}}, {"b": {}}),
        ({"a": None}, {"b": 1}, {"a": None, "b": 1}),
        ({"a": [{"x": 1}]}, {"a": [{"x": None}]}, {"a": [{"x": None}]}),
    ],
)
def test_mappings_are_merged_and_lists_and_scalars_replaced(base: Any, own: Any, wanted: Any) -> None:
    """
    By key, at any depth; null takes a key out, and is a value where nothing stands below.
    """
    assert wanted == lay_over(base, own)


def test_the_body_is_merged_as_a_whole() -> None:
    """
    Relations as well as inputs; an `inputs:` with nothing below it says nothing.
    """
    base = {"inputs": {"a": 1}, "depends_on": ["./db"], "react_on": {"restart": ["./db.update"]}, "overrides": ["a"]}
    found = good(
        base=definition({"template": True, "kind": "service"}, base),
        prod__db=definition({"kind": "service"}),
        prod__web=definition({"like": "base"}, {"inputs": None, "depends_on": None, "unordered": ["./db"]}),
    ).defined[Name("prod/web")]

    assert {"a": 1} == found.inputs
    assert () == found.depends_on
    assert ("prod/db",) == found.unordered
    assert {"restart"} == found.react_on.keys()
    assert (("a",),) == found.overrides


def test_a_chain_adds_up() -> None:
    """
    Of three, each on top of the next one: tags add up, the nearest kind wins, `moved_from` is each one's own.
    """
    found = good(
        far=definition({"template": True, "kind": "job", "tags": ["far", "all"]}, {"inputs": {"a": 1, "b": 1, "c": 1}}),
        mid=definition({"like": "far", "kind": "service", "tags": ["all"], "moved_from": "old"}, {"inputs": {"b": 2}}),
        near=definition({"like": "mid", "tags": ["near"]}, {"inputs": {"c": 3}}),
    )

    near = found.defined[Name("near")]
    assert ("service", ("all", "far", "near"), {"a": 1, "b": 2, "c": 3}) == (near.kind, near.tags, near.inputs)
    assert ("mid", "far") == near.template
    assert not near.moved_from
    assert ("far",) == found.defined[Name("mid")].template
    assert ["mid", "near"] == sorted(found.defined), "a template is no resource"


def test_a_definition_that_others_are_like_stays_what_it_is() -> None:
    """
    One that says everything itself is copied byte for byte, as ever.
    """
    text = "---\nkind: service\n---\n# a comment\ninputs: {a: 1}\n"
    found = good(one=text, two=definition({"like": "one"}))

    assert text.encode() == found.defined[Name("one")].content
    assert () == found.defined[Name("one")].template
    assert {"a": 1} == found.defined[Name("two")].inputs


EACH: Dict[str, Any] = {"blue": {"port": 8001, "more": {"x": [1, {"y": 2}]}, "a b": "z"}, "green": {"port": 8002}}


@pytest.mark.parametrize(
    "written, wanted",
    [
        ("${each.key}", "blue"),
        ("${each.port}", 8001),
        ("x-${each.key}-${each.port}", "x-blue-8001"),
        ("${each.more}", {"x": [1, {"y": 2}]}),
        ("${each.more.x.1.y}", 2),
        ('${each["a b"]}', "z"),
        ("$${each.key}", "${each.key}"),
        ({"deep": ["${each.key}"]}, {"deep": ["blue"]}),
        ("no ${each", None),
    ],
)
def test_each_fills_in_every_string(written: Any, wanted: Any) -> None:
    """
    Alone a value keeps its type; inside a string it is text; with another dollar it is no value at all.
    """
    if wanted is None:
        return
    found = good(shop=definition({"kind": "service", "each": {"blue": EACH["blue"]}}, {"inputs": {"a": written}}))

    assert {"a": wanted} == found.defined[Name("shop/blue")].inputs


def test_each_is_filled_in_after_merging_also_in_tags_and_names() -> None:
    """
    What a template says is filled in by the entries of what is like it; `./x` is relative to what comes out.
    """
    base = {"inputs": {"port": "${each.port}", "db": "${./db-${each.key}.port}"}, "depends_on": ["./${each.key}-vpc"]}
    found = good(
        base=definition({"template": True, "kind": "service", "tags": ["entry=${each.key}"]}, base),
        shop=definition({"like": "base", "tags": ["${each.key}"], "each": EACH}),
    )

    green = found.defined[Name("shop/green")]
    assert ["shop/blue", "shop/green"] == sorted(found.defined)
    assert ("entry=green", "green") == green.tags
    assert 8002 == green.inputs["port"]
    assert ("shop/green-vpc",) == green.depends_on
    assert {"shop/db-green"} == green.reads
    assert ("shop", "base") == green.template
    assert "resources/shop.yaml" == found.definition_paths[Name("shop/green")]


def test_a_list_of_names_will_do() -> None:
    """
    Where there are no values; in a mapping an entry may have none, either.
    """
    for each in (["blue", "green"], {"blue": None, "green": {}}):
        found = good(shop=definition({"kind": "service", "each": each}, {"inputs": {"a": "${each.key}"}}))
        assert {"a": "green"} == found.defined[Name("shop/green")].inputs
        assert 2 == len(found.defined)


def test_an_entry_has_a_moved_from_of_its_own() -> None:
    """
    It is no value.
    """
    each = {"blue": {"moved_from": "old/blue", "port": 1}, "green": {"port": 2}}
    found = good(shop=definition({"kind": "service", "each": each}, {"inputs": {"a": "${each.port}"}}))

    assert b"moved_from: old/blue\n" in found.defined[Name("shop/blue")].content
    assert b"moved_from" not in found.defined[Name("shop/green")].content
