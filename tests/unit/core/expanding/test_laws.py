"""Laws of expanding: in which order keys stand never matters, and what comes out says what a whole definition would."""

from __future__ import annotations

import json
from typing import Any, Dict

from hypothesis import given
from hypothesis import strategies as st

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.write import canonical_body
from stagectl.core.expanding.merge import lay_over, patch
from stagectl.core.expanding.override import override, with_value, without_empty
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import Name, Resource
from stagectl.core.values import leaves, same
from tests.unit import strategies
from tests.unit.core.expanding.build import definition, good

WORDS = st.sampled_from(["a", "b", "no", "1", "", "x y", "two\nlines\n", "${./db.port}", "$${each.key}", "  in"])
SCALARS = st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, 1.0]) | WORDS
KEYS = st.sampled_from(["a", "b", "c", "a.b"])


def nested(leaf: Any) -> Any:
    return st.recursive(leaf, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))


VALUES = nested(SCALARS)
OVERRIDES = nested(SCALARS | st.none())
INPUTS = st.dictionaries(KEYS, VALUES, max_size=3)


def turned(value: Any) -> Any:
    """A value with the keys of its mappings the other way round."""
    if isinstance(value, dict):
        return {key: turned(inner) for key, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


def meaning(resource: Resource) -> Dict[str, Any]:
    """What a resource says, apart from its bytes and where it comes from."""
    found = {key: value for key, value in vars(resource).items() if key not in ("content", "template", "source")}
    return {**found, "tags": sorted(resource.tags)}


@given(strategies.inputs)
def test_what_is_written_reads_back(inputs: Dict[str, Any]) -> None:
    """
    Whatever the values: text of several lines, keys of any length, numbers that look alike.
    """
    for body in ({"inputs": inputs}, {"inputs": {"x": [inputs, {"k" * 200: inputs}, [[inputs]]]}}):
        text = canonical_body(body)
        assert same(without_empty(body), without_empty(yamlfile.load(b"---\nkind: a\n" + text)[1]))
        assert text == canonical_body(turned(body))


@given(st.text("ab :#-\n\t|>'\"", max_size=12))
def test_text_of_several_lines_reads_back(text: str) -> None:
    """
    As a block where it can be one, else in quotes.
    """
    body = {"inputs": {"a": text, "b": [text, {"c": text}]}}

    assert body == yamlfile.load(b"---\nkind: a\n" + canonical_body(body))[1]


@given(INPUTS, st.dictionaries(KEYS, OVERRIDES, max_size=3))
def test_what_is_like_another_means_what_a_whole_one_does(base: Dict[str, Any], own: Dict[str, Any]) -> None:
    """
    A definition that says everything itself and one that is `like` stage the same meaning.
    """
    front = {"kind": "service", "tags": ["t", "own"]}
    whole = good(web=definition(front, {"inputs": lay_over(base, own)}))
    like = good(
        base=definition({"template": True, "kind": "service", "tags": ["t"]}, {"inputs": base}),
        web=definition({"like": "base", "tags": ["own"]}, {"inputs": own}),
    )

    assert meaning(whole.defined[Name("web")]) == meaning(like.defined[Name("web")])
    assert ["web"] == list(like.defined)


@given(INPUTS, st.dictionaries(KEYS, OVERRIDES, max_size=3))
def test_expanding_twice_changes_nothing(base: Dict[str, Any], own: Dict[str, Any]) -> None:
    """
    What came out is a definition that means the same; one that is like that and says nothing more has its very bytes.
    """
    texts = {
        "base": definition({"template": True, "kind": "service"}, {"inputs": base}),
        "web": definition({"like": "base", "tags": ["own"]}, {"inputs": own}),
    }
    once = good(**texts).defined[Name("web")]
    twice = good(web=once.content.decode(), copy=definition({"like": "web"}))

    assert meaning(once) == meaning(twice.defined[Name("web")])
    assert once.content == twice.defined[Name("copy")].content
    turned_round = {name: definition(*map(turned, yamlfile.load(text.encode()))) for name, text in texts.items()}
    assert once.content == good(**turned_round).defined[Name("web")].content


@given(VALUES, VALUES)
def test_a_patch_on_top_says_what_is_wanted(base: Any, wanted: Any) -> None:
    """
    Values without null can always be said on top of others.
    """
    assert same(wanted, lay_over(base, patch(base, wanted)))


@given(INPUTS, st.dictionaries(KEYS, OVERRIDES, max_size=3), VALUES | st.just(MISSING), st.data())
def test_an_override_gives_the_value_and_nothing_else(
    base: Dict[str, Any], own: Dict[str, Any], value: Any, data: st.DataObject
) -> None:
    """
    At any place of the resource, whichever definition has said so far what is there.
    """
    found = good(
        base=definition({"template": True, "kind": "service"}, {"inputs": base}),
        web=definition({"like": "base"}, {"inputs": own}),
    )
    one = found.expanded[Name("web")]
    places = [("inputs", *path) for path, _ in leaves(one.body.get("inputs") or {}) if path]
    at = data.draw(
        st.sampled_from([*places, *([] if value is MISSING else [("inputs", "new")])] or [("inputs", "new")])
    )
    if value is MISSING and at not in places:
        return

    (document, place), new = override(one, at, value)

    assert 1 == document
    after = lay_over({"inputs": base}, with_value({"inputs": own}, place, new))
    assert same(without_empty(with_value(one.body, at, value)), without_empty(after))


@given(INPUTS)
def test_an_entry_that_says_all_is_the_whole_definition(inputs: Dict[str, Any]) -> None:
    """
    Whatever an entry's values are, alone they keep their types.
    """
    body = {"inputs": {key: f"${{each.v[{json.dumps(key)}]}}" for key in inputs}}
    found = good(
        shop=definition({"kind": "service", "each": {"blue": {"v": inputs}}}, body),
        whole=definition({"kind": "service"}, {"inputs": inputs}),
    )

    assert found.defined[Name("shop/blue")].inputs.keys() == inputs.keys()
    assert same(found.expanded[Name("shop/blue")].body["inputs"], inputs)
