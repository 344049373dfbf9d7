"""`${...}` in strings, names relative to a folder, and what references resolve to."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any, Dict, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.planning.resolve import (
    CYCLE,
    LARGEST,
    NO_VALUE,
    NOT_SCALAR,
    PASSED_ON,
    TOO_LARGE,
    Resolver,
)
from stagectl.core.references import absolute, folder_of, parse_template, relative, rewrite
from stagectl.core.values import EnvVariable, Reference, Template
from tests.build import resource

segments = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,3}", fullmatch=True)
names = st.lists(segments, min_size=1, max_size=4).map("/".join)
folders = st.one_of(st.just(""), names)
texts = st.lists(
    st.sampled_from(["$", "{", "}", "${", "$${", "a", ".", "env:", "db.port", "${db.port}", " "]), max_size=8
).map("".join)


def template(*parts: Any) -> Template:
    return Template(parts)


def inside(name: str, *path: str) -> Reference:
    return Reference(name, path, inside=True)


PARSED = [
    ("", ""),
    ("plain", "plain"),
    ("$", "$"),
    ("$x ${", None),
    ("${db.port}", template(Reference("db", ("port",)))),
    ("${prod/db.a.0.b-c}", template(Reference("prod/db", ("a", "0", "b-c")))),
    ('${cm.labels["app.io/x"]}', template(Reference("cm", ("labels", "app.io/x")))),
    ('${cm["a\\"}{b"]}', template(Reference("cm", ('a"}{b',)))),
    ("http://${db.host}:${db.port}/", template("http://", inside("db", "host"), ":", inside("db", "port"), "/")),
    ("${a.x}${b.y}", template(inside("a", "x"), inside("b", "y"))),
    ("${env:PW}", template(EnvVariable("PW"))),
    ("x${env:A_1}${a.b}", template("x", EnvVariable("A_1"), inside("a", "b"))),
    ("$${", "${"),
    ("$${db.port}", "${db.port}"),
    ("$$${db.port}", "$${db.port}"),
    ("$${${db.port}", template("${", inside("db", "port"))),
    ("${db.port", None),
    ("${}", None),
    ("${db}", None),
    ("${.port}", None),
    ("${db.}", None),
    ("${db..x}", None),
    ("${db.port }", None),
    ("${ db.port}", None),
    ("${db port}", None),
    ("${-db.port}", None),
    ("${/db.port}", None),
    ("${db/.port}", None),
    ("${env:}", None),
    ("${env:1}", None),
    ("${env:A-B}", None),
    ("${env:É}", None),
    ("${dé.port}", None),
    ("${db.é}", None),
    ("${db[0]}", None),
    ("${db['a']}", None),
    ('${db["a]}', None),
    ('${db["\\x"]}', None),
    ("${db.x\n}", None),
]


@pytest.mark.parametrize("text, expected", PARSED)
def test_strings_with_references(text: str, expected: Any) -> None:
    """
    A string, a template, or (None) an error.
    """
    if expected is None:
        with pytest.raises(ValueError):
            parse_template(text, "")
    else:
        assert expected == parse_template(text, "")


@given(texts | st.text(max_size=12))
def test_every_literal_can_be_written(text: str) -> None:
    """
    With `$${` for each `${`, any text reads as itself.
    """
    assert text == parse_template(text.replace("${", "$${"), "")


@given(texts)
def test_what_parses_is_parsed_completely(text: str) -> None:
    """
    A string comes back only where no `${` is left but the escaped ones, never with a reference inside.
    """
    try:
        parsed = parse_template(text, "")
    except ValueError as error:
        assert "${" in str(error)
        return
    if isinstance(parsed, str):
        assert parsed == text.replace("$${", "${")
    else:
        assert any(not isinstance(part, str) for part in parsed.parts)
        assert all(part != "" for part in parsed.parts)


@given(texts | st.text(max_size=12))
def test_rewriting_to_the_same_names_changes_nothing(text: str) -> None:
    """
    Also in what is no reference at all.
    """
    assert text == rewrite(text, lambda name: name)


def test_rewriting_touches_names_of_references_only() -> None:
    """
    Neither escaped ones, nor variables, nor keys.
    """
    text = 'db ${db.db} $${db.x} ${env:db} ${prod/db["${db.x}"]}'

    assert 'db ${new.db} $${db.x} ${env:db} ${new["${db.x}"]}' == rewrite(text, lambda name: "new")


ABSOLUTE = [
    ("db", "prod", "db"),
    ("prod/db", "test", "prod/db"),
    ("./db", "prod", "prod/db"),
    ("./db", "", "db"),
    ("./a/b", "prod", "prod/a/b"),
    ("../db", "prod/eu", "prod/db"),
    ("../../db", "prod/eu", "db"),
    ("././db", "prod", "prod/db"),
    (".././db", "prod", "db"),
    ("../db", "", None),
    ("../../db", "prod", None),
    ("", "prod", None),
    (".", "prod", None),
    ("./", "prod", None),
    ("a/../b", "prod", None),
    ("a//b", "prod", None),
    ("/a", "prod", None),
    ("a/", "prod", None),
    ("a.b", "prod", None),
    ("-a", "prod", None),
    ("a\n", "prod", None),
]


@pytest.mark.parametrize("text, folder, expected", ABSOLUTE)
def test_names_relative_to_a_folder(text: str, folder: str, expected: Any) -> None:
    """
    `./` and `../` start at the resource's own folder and do not leave the root.
    """
    if expected is None:
        with pytest.raises(ValueError):
            absolute(text, folder)
    else:
        assert expected == absolute(text, folder)


@given(names, folders)
def test_relative_and_absolute_are_inverse(name: str, folder: str) -> None:
    """
    A name written relative to any folder means the same name there.
    """
    written = relative(name, folder)

    assert written.startswith(("./", "../"))
    assert name == absolute(written, folder)


@given(names, names, folders)
def test_a_folder_that_is_copied_keeps_its_inner_references(inner: str, env: str, other: str) -> None:
    """
    `./x` in prod/ means prod/x, in a copy of it the copy's x.
    """
    text = f"${{./{inner}.port}}"

    for folder in (env, other):
        (reference,) = parse_template(text, folder).parts  # type: ignore[union-attr]
        assert (f"{folder}/{inner}" if folder else inner) == reference.name


def test_folders() -> None:
    """
    Of a name at the root it is the empty one.
    """
    assert ("", "a", "a/b") == (folder_of("x"), folder_of("a/x"), folder_of("a/b/x"))


# --- resolving


def resolver(**all_inputs: Mapping[str, Any]) -> Resolver:
    documents = {name: resource(name, inputs=inputs) for name, inputs in all_inputs.items()}
    return Resolver(documents, {})  # type: ignore[arg-type]


def resolved(**all_inputs: Mapping[str, Any]) -> Any:
    """The inputs of `a`, with nothing failed."""
    found = resolver(**all_inputs)
    inputs = found.inputs("a")  # type: ignore[arg-type]
    assert {} == found.failures
    return inputs


def failure(**all_inputs: Mapping[str, Any]) -> Any:
    """Why the input x of `a` has no value, and where that is written."""
    found = resolver(**all_inputs)
    found.inputs("a")  # type: ignore[arg-type]
    failed = found.failures["a", "x"]  # type: ignore[index]
    return failed.why, failed.at


PARENT = {"n": 1, "f": 1.5, "t": True, "z": None, "s": "text", "l": [1, {"k": "v"}], "m": {"a.b": 2, "0": "zero"}}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("${b.n}", 1),
        ("${b.f}", 1.5),
        ("${b.t}", True),
        ("${b.z}", None),
        ("${b.s}", "text"),
        ("${b.l}", [1, {"k": "v"}]),
        ("${b.l.1.k}", "v"),
        ('${b.m["a.b"]}', 2),
        ("${b.m.0}", "zero"),
        ("<${b.n} ${b.f} ${b.t} ${b.z} ${b.s}>", "<1 1.5 true null text>"),
        ("${b.n}${b.n}", "11"),
        ("$${b.n}", "${b.n}"),
        (["${b.n}", {"k": "x${b.n}"}], [1, {"k": "x1"}]),
    ],
)
def test_what_a_reference_stands_for(text: Any, expected: Any) -> None:
    """
    Alone a value keeps its type; inside a string scalars stand as JSON, strings bare.
    """
    assert {"x": expected} == resolved(a={"x": text}, b=PARENT)


@pytest.mark.parametrize(
    "text, why, at",
    [
        ("${b.nope}", NO_VALUE, ("x",)),
        ("${b.l.2}", NO_VALUE, ("x",)),
        ("${b.l.-1}", NO_VALUE, ("x",)),
        ("${b.l.k}", NO_VALUE, ("x",)),
        ('${b.l["²"]}', NO_VALUE, ("x",)),
        ('${b.l["١"]}', NO_VALUE, ("x",)),
        ("${b.l.99999999999999999999}", NO_VALUE, ("x",)),
        ("${b.s.0}", NO_VALUE, ("x",)),
        ("${b.n.x}", NO_VALUE, ("x",)),
        ("${b.z.x}", NO_VALUE, ("x",)),
        ("u:${b.l}", NOT_SCALAR, ("x",)),
        ([1, {"k": "u:${b.m}"}], NOT_SCALAR, ("x", 1, "k")),
        ("${a.x}", CYCLE, ("x",)),
        ("${b.fails}", PASSED_ON, ("x",)),
    ],
)
def test_references_without_a_value(text: Any, why: str, at: Any) -> None:
    """
    Each with the place where it is written; none with an exception.
    """
    assert (why, at) == failure(a={"x": text}, b={**PARENT, "fails": "${b.nope}"})


def test_two_resources_may_feed_each_other_through_different_inputs() -> None:
    """
    Resolution is per input.
    """
    found = resolver(a={"x": "${b.y}", "z": 1}, b={"y": 2, "w": "${a.z}"})

    assert ({"x": 2, "z": 1}, {"y": 2, "w": 1}) == (found.inputs("a"), found.inputs("b"))  # type: ignore[arg-type]


def test_an_input_that_needs_itself_fails_and_nothing_else() -> None:
    """
    The ring is reported from its smallest input on; what reads it is passed on, what does not has its value.
    """
    found = resolver(a={"x": "${b.x}", "y": 1}, b={"x": "${c.x}"}, c={"x": "${a.x}"}, d={"x": "${a.x}", "y": "${a.y}"})

    assert {"y": 1} == found.inputs("d")  # type: ignore[arg-type]
    ring = ("a.x", "b.x", "c.x", "a.x")
    assert {ring} == {found.failures[name, "x"].ring for name in "abc"}  # type: ignore[index]
    assert PASSED_ON == found.failures["d", "x"].why  # type: ignore[index]


def test_a_variable_stays_a_variable_through_references() -> None:
    """
    Also inside strings, and beside text that looks like one.
    """
    inputs = resolved(a={"x": "${b.v}", "y": "u:${b.v}", "z": "u:${b.l}"}, b={"v": "${env:V}", "l": "$${env:V}"})

    variable = EnvVariable("V")
    assert {"x": Template((variable,)), "y": Template(("u:", variable)), "z": "u:${env:V}"} == inputs


@given(
    st.dictionaries(
        segments,
        st.one_of(st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3)),
        min_size=1,
        max_size=4,
    )
)
def test_an_alias_of_every_input_is_the_input(inputs: Dict[str, Any]) -> None:
    """
    References alone copy values, whatever they are, over two steps.
    """
    literal = {key: value.replace("${", "$${") if isinstance(value, str) else value for key, value in inputs.items()}

    assert inputs == resolved(
        a={key: f"${{b.{key}}}" for key in inputs}, b={key: f"${{c.{key}}}" for key in inputs}, c=literal
    )


def chain(length: int, wrap: Any = lambda text: text) -> Dict[str, Mapping[str, Any]]:
    links: Dict[str, Mapping[str, Any]] = {f"n{i}": {"x": wrap(f"${{n{i + 1}.x}}")} for i in range(length)}
    return {"a": {"x": "${n0.x}"}, **links, f"n{length}": {"x": 7}}


def test_a_chain_of_10000_references_resolves() -> None:
    """
    No recursion, and no time that grows with the square.
    """
    start = time.process_time()  # of the processor: waiting for others counts for nothing

    assert {"x": 7} == resolved(**chain(10_000))
    assert time.process_time() - start < 5


def test_a_ring_of_10000_references_is_reported() -> None:
    """
    The whole ring, without a recursion error.
    """
    links: Dict[str, Mapping[str, Any]] = {f"n{i}": {"x": f"${{n{(i + 1) % 10_000}.x}}"} for i in range(10_000)}
    found = resolver(a={"x": "${n5.x}"}, **links)
    found.inputs("a")  # type: ignore[arg-type]

    assert 10_001 == len(found.failures["n5", "x"].ring)  # type: ignore[index]


def test_values_that_grow_with_each_link_are_bounded() -> None:
    """
    A chain of lists within lists ends with an error, not with the recursion limit.
    """
    found = resolver(**chain(2_000, wrap=lambda text: [text]))
    found.inputs("a")  # type: ignore[arg-type]

    assert {TOO_LARGE, PASSED_ON} == {failed.why for failed in found.failures.values()}


def bomb(step: Any, first: Any, levels: int) -> Resolver:
    """Each level has the one below twice."""
    all_inputs: Dict[str, Mapping[str, Any]] = {"n0": {"x": first}}
    for level in range(1, levels):
        all_inputs[f"n{level}"] = {"x": step(f"${{n{level - 1}.x}}")}
    return resolver(a={"x": f"${{n{levels - 1}.x}}"}, **all_inputs)


@pytest.mark.parametrize(
    "step, first",
    [
        (lambda text: text + text, "12345678"),
        (lambda text: [text, text], 1),
        (lambda text: {"a": text, "b": text}, "x"),
        (lambda text: [text, text], []),
        (lambda text: text + text, "${env:X}"),
        (lambda text: text + text, "x${env:X}"),
    ],
    ids=["text", "lists", "mappings", "empty-lists", "variables", "text-and-variables"],
)
def test_a_reference_bomb_is_bounded(step: Any, first: Any) -> None:
    """
    Twenty-two doublings of anything: the input that grows too large fails, at the latest at a million pieces.
    """
    found = bomb(step, first, 22)

    assert [] == list(found.inputs("a"))  # type: ignore[arg-type]
    assert TOO_LARGE in {failed.why for failed in found.failures.values()}


def test_a_text_that_would_be_too_large_is_not_made() -> None:
    """
    Sixty-four times half of what is allowed: that it is too much is known before there is such a text.
    """
    found = resolver(a={"x": "${b.x}" * 64}, b={"x": "x" * (LARGEST // 2)})
    tracemalloc.start()
    found.inputs("a")  # type: ignore[arg-type]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert TOO_LARGE == found.failures["a", "x"].why  # type: ignore[index]
    assert most < LARGEST


def test_all_inputs_of_a_resource_together_are_bounded() -> None:
    """
    A hundred inputs that each read a large one do not make a hundred large ones.
    """
    found = resolver(a={f"i{n}": "${b.x}!" for n in range(100)}, b={"x": "${c.x}" * 5}, c={"x": "x" * 200_000})

    total = sum(len(value) for value in found.inputs("a").values())  # type: ignore[arg-type]

    assert total < 64 * LARGEST


def test_sources_are_all_that_a_value_passes_through() -> None:
    """
    But no input that is not read.
    """
    found = resolver(a={"x": "${b.y}"}, b={"y": "${c.z}", "no": "${d.w}"}, c={"z": 1}, d={"w": 1})

    assert {"b", "c"} == found.sources([Reference("b", ("y",))])


def test_a_fixed_resource_shows_its_values_whatever_it_says() -> None:
    """
    A held resource keeps its applied values for everything downstream.
    """
    documents = {name: resource(name, inputs=inputs) for name, inputs in {"a": {"x": "${b.y}"}, "b": {"y": 2}}.items()}
    found = Resolver(documents, {"b": {"y": 1}})  # type: ignore[arg-type,dict-item]

    assert {"x": 1} == found.inputs("a")  # type: ignore[arg-type]
    assert {"y": 1} == found.inputs("b")  # type: ignore[arg-type]
