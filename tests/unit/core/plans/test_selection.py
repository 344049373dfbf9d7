"""Which resources a command is about."""

from __future__ import annotations

import itertools
import re
import time
from typing import Any, Dict, FrozenSet, List, Optional, Set

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.errors import StagectlError, UsageError
from stagectl.core.model import Name
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.selection import (
    Selection,
    World,
    match_names,
    select,
)
from stagectl.core.plans.tags import parse_expression, tag_test

TAGS = ("a", "b", "c", "d")


def holds(text: str, *tags: str) -> bool:
    return parse_expression(text).holds(frozenset(tags))


@pytest.mark.parametrize(
    "text, python",
    [
        ("a or b and c", "a or (b and c)"),
        ("a and b or c", "(a and b) or c"),
        ("not a and b", "(not a) and b"),
        ("not a or b", "(not a) or b"),
        ("not (a or b) and c", "(not (a or b)) and c"),
        ("a and not b and c", "a and (not b) and c"),
        ("not not a", "a"),
        ("!a&b|c", "((not a) and b) or c"),
        ("a,b|c,d", "(a and b) or (c and d)"),
        ("a|b,c|d", "a or (b and c) or d"),
        ("!(a|b),c", "(not (a or b)) and c"),
        ("(((a)))", "a"),
        ("(a or b) and (c or d)", "(a or b) and (c or d)"),
        (" a\tand\n b ", "a and b"),
        ("! a", "not a"),
        ("a and(b)", "a and b"),
        ("not(a)", "not a"),
    ],
)
def test_not_binds_before_and_before_or(text: str, python: str) -> None:
    """
    For all sixteen sets of tags the expression says what Python's says.
    """
    expression = parse_expression(text)
    for chosen in itertools.product((False, True), repeat=4):
        present = dict(zip(TAGS, chosen))
        assert eval(python, {}, present) == expression.holds({tag for tag, there in present.items() if there})


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> str:
    """An expression in parentheses everywhere, so that no precedence matters."""
    op = draw(st.sampled_from(["tag", "not", "and", "or"])) if depth else "tag"
    if op == "tag":
        return draw(st.sampled_from(TAGS))
    if op == "not":
        return f"(not {draw(expressions(depth - 1))})"
    return f"({draw(expressions(depth - 1))} {op} {draw(expressions(depth - 1))})"


@given(expressions(), st.sets(st.sampled_from(TAGS)))
def test_signs_and_words_mean_the_same(text: str, tags: Set[str]) -> None:
    """
    `!`, `&`, `,` and `|` for not, and, and, or; and both mean what Python means.
    """
    meaning = eval(text, {}, {tag: tag in tags for tag in TAGS})

    for conjunction in ("&", ","):
        signs = text.replace("not ", "!").replace(" and ", conjunction).replace(" or ", "|")
        assert meaning == parse_expression(text).holds(tags) == parse_expression(signs).holds(tags)


@pytest.mark.parametrize(
    "text, tags, expected",
    [
        ("tier=web", {"tier=web"}, True),
        ("tier=web", {"tier=db"}, False),
        ("tier=web", {"tier"}, False),
        ("tier", {"tier=web"}, False),
        ("tier=*", {"tier=web"}, True),
        ("tier=*", {"tier"}, False),
        ("tier=*", {"tier2=web"}, False),
        ("tier=* and x", {"tier=web", "x"}, True),
        ("app.io/name:x=a/b", {"app.io/name:x=a/b"}, True),
        ("not-canary", {"not-canary"}, True),
        ("order", {"order"}, True),
        ("nothing", set(), False),
        ("android and orbit", {"android", "orbit"}, True),
        ("and=or", {"and=or"}, True),
        ("or:x", {"or:x"}, True),
        ("1", {"1"}, True),
        ("PROD", {"prod"}, False),
    ],
)
def test_tags_in_expressions(text: str, tags: Set[str], expected: bool) -> None:
    """
    Keys with values, any value of a key, and words that only begin like an operator.
    """
    assert expected == holds(text, *tags)


@pytest.mark.parametrize(
    "text, place",
    [
        ("", 1),
        ("a and", 6),
        ("(a", 3),
        ("a b", 3),
        ("a)", 2),
        ("and a or", 1),
        ("a && b", 4),
        ("=a", 1),
        ("a=", 2),
        ("*", 1),
        ("tier=w*", 7),
        ("a='b'", 2),
        ("-a", 1),
        ("é", 1),
        ("()", 2),
        ("not", 4),
    ],
)
def test_what_is_no_expression_is_reported_with_its_place(text: str, place: int) -> None:
    """
    The whole message; never a silent nothing.
    """
    with pytest.raises(UsageError) as caught:
        parse_expression(text)

    assert f"the tag expression '{text}' cannot be read at character {place}" == caught.value.message
    assert "write for example -t 'prod and (tier=web or tier=*) and not canary'" == caught.value.hint


@pytest.mark.parametrize(
    "text", ["!" * 400 + "a", "(" * 2000 + "a" + ")" * 2000, "a or " * 800 + "a", "a," * 2000 + "a"]
)
def test_long_expressions_are_read(text: str) -> None:
    """
    4096 characters are allowed, so they work.
    """
    assert holds(text, "a")


@given(st.integers(1, 4200))
def test_however_deep_an_expression_is_it_is_read_or_refused(depth: int) -> None:
    """
    What is read can be evaluated; what is too deep or too long is a usage error.
    """
    try:
        expression = parse_expression("!" * depth + "a")
    except UsageError:
        return
    assert (depth % 2 == 0) == expression.holds({"a"})
    assert ["a"] == expression.words()


def test_several_expressions_mean_or() -> None:
    """
    And none at all means no test.
    """
    test = tag_test(["a and b", "c"])

    assert test is not None
    assert [True, False, True] == [test({"a", "b"}), test({"a"}), test({"c"})]
    assert tag_test([]) is None


@pytest.mark.parametrize(
    "glob, yes, no",
    [
        ("db", ["db"], ["db2", "prod/db", "xdb"]),
        ("*", ["db", "a-b"], ["prod/db"]),
        ("prod/*", ["prod/db"], ["prod/eu/db", "prod", "xprod/db"]),
        ("prod/**", ["prod/db", "prod/eu/db"], ["prod", "prod2/db"]),
        ("**", ["db", "prod/eu/db"], []),
        ("**/db", ["db", "prod/db", "prod/eu/db"], ["xdb", "prod/xdb"]),
        ("prod/**/db", ["prod/db", "prod/eu/db", "prod/eu/1/db"], ["proddb", "prod/eudb"]),
        ("d?", ["db"], ["d", "dbb", "d/"]),
        ("*b", ["db", "b"], ["x/b"]),
        ("p*/d*", ["prod/db"], ["prod/eu/db", "p"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_globs(glob: str, yes: List[str], no: List[str]) -> None:
    """
    `*` stops at `/`, `**` does not, and everything else is literal.
    """
    test = glob_test(glob)

    assert (yes, []) == ([name for name in yes if test(name)], [name for name in no if test(name)])


@given(
    st.lists(st.sampled_from(["*", "**", "**/", "?", "/", "a", "b", "a.b"]), max_size=6).map("".join),
    st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join),
)
def test_a_glob_means_a_regular_expression(glob: str, name: str) -> None:
    """
    The same names as with the expression it stands for, only without the time that one may take.
    """
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(pieces.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob))

    assert (re.fullmatch(expression, name) is not None) == glob_test(glob)(name)


def test_a_hostile_glob_takes_no_time() -> None:
    """
    A config may hold one, and it comes from any author's pull request.
    """
    start = time.process_time()  # of the processor: waiting for others counts for nothing

    assert not glob_test("**/" * 9 + "zz")("/".join("a" * 24))
    assert not glob_test("*a" * 40 + "z")("a" * 200)

    assert time.process_time() - start < 3


def world(parents: Optional[Dict[str, str]] = None, **tags: str) -> World:
    """Resources with their tags, as words; and who reads whom."""
    every = {Name(name): frozenset(words.split()) for name, words in tags.items()}
    edges: Dict[Name, FrozenSet[Name]] = {
        Name(name): frozenset(map(Name, words.split())) for name, words in (parents or {}).items()
    }
    return World(every, edges)


CHAIN = world({"b": "a", "c": "b gone", "d": "c"}, a="", b="", c="", d="", e="")


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("b", "b"),
        ("b+", "bcd"),
        ("+b", "ab"),
        ("+b+", "abcd"),
        ("b+1", "bc"),
        ("b+0", "b"),
        ("1+c", "bc"),
        ("2+d", "bcd"),
        ("1+b+1", "abc"),
        ("e+", "e"),
        ("+e", "e"),
        ("[ab]+", None),
        ("?+1", "abcde"),
        ("c+99999999999", "cd"),
    ],
)
def test_graph_operators(pattern: str, expected: Optional[str]) -> None:
    """
    Descendants after, ancestors before, with a number of steps; a parent that is not there is passed over.
    """
    if expected is None:
        with pytest.raises(StagectlError):
            match_names(pattern, CHAIN)
    else:
        assert set(expected) == match_names(pattern, CHAIN)


def chosen(names: str = "", *tags: str, of: Optional[World] = None) -> Any:
    some = of or world(a="x", b="x y", c="y k=v", d="")
    return select(Selection(tuple(names.split()), tags), some)


def test_names_and_tags_intersect_and_each_means_or() -> None:
    """
    No selection is everything, which is not the same as all names.
    """
    assert None is chosen()
    assert {"a", "d"} == chosen("a d")
    assert {"a", "b"} == chosen("", "x")
    assert {"a", "b", "c"} == chosen("", "x", "y")
    assert {"b"} == chosen("b c d", "x")
    assert {"c"} == chosen("", "k=*")
    assert {"a", "d"} == chosen("", "not y")


@pytest.mark.parametrize(
    "names, tags, message",
    [
        ("aa", [], "there is no resource 'aa'; did you mean 'a'?"),
        ("a zzz", [], "there is no resource 'zzz'"),
        ("q*", [], "no resource matches 'q*'"),
        ("a b-", [], "there is no resource 'b-'; did you mean 'b'?"),
        ("B", [], "there is no resource 'B'; did you mean 'b'?"),
        ("a.run", [], "'a.run' is not a resource name; the resource of that change is 'a'"),
        ("", ["zzz"], "no resource has the tag 'zzz'"),
        ("", ["not zzz"], "no resource has the tag 'zzz'"),
        ("", ["x or zzz"], "no resource has the tag 'zzz'"),
        ("", ["zzz=*"], "no resource has the tag 'zzz=*'"),
        ("", ["k"], "no resource has the tag 'k'; did you mean 'k=*'?"),
        ("a", ["y"], "no resource matches a and -t 'y'"),
        ("", ["x and not x"], "no resource matches -t 'x and not x'"),
    ],
)
def test_what_matches_nothing_is_an_error(names: str, tags: List[str], message: str) -> None:
    """
    Names, globs, tags and keys, also after `not`; and an empty intersection.
    """
    with pytest.raises(StagectlError) as caught:
        chosen(names, *tags)

    assert message == caught.value.message


@pytest.mark.parametrize("name", ["prod", "prod/"])
def test_a_folder_for_a_name_gets_the_glob_that_means_it(name: str) -> None:
    """
    The hint can be pasted, quotes and all.
    """
    world = World({Name("prod/db"): frozenset(), Name("web"): frozenset()}, {})

    with pytest.raises(StagectlError) as caught:
        match_names(name, world)

    assert "all in this folder: 'prod/**'" == caught.value.hint
    assert {"prod/db"} == match_names("prod/**", world)
