"""Claims on old names: which count, which are wrong, and that a move is one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.errors import StagectlError
from stagectl.core.model import RENAME, Applied, Name, Resource
from stagectl.core.planning.moves import claims_for, counting_claims, follow_moves, names_before
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection
from tests import build

PLAIN, RENAMING = build.kind("service"), build.kind("host", actions={RENAME: ["true"]})
KINDS = {kind.name: kind for kind in (PLAIN, RENAMING)}
NAMES = "abcd"


def thing(name: str, claims: Sequence[str] = (), n: int = 0, kind: str = "service", **body: object) -> Resource:
    """A resource that claims names; other content is another file, as it is on disk."""
    found = build.resource(name, kind, inputs={"n": n, **body})
    content = f"{found.content!r} {list(claims)}".encode()
    return replace(found, moved_from=tuple(map(Name, claims)), content=content)


def live(*resources: Resource) -> Dict[Name, Applied]:
    """All of them applied, with the values they have as written."""
    return {one.name: Applied(resource=one, inputs=dict(one.inputs)) for one in resources}


def world(applied: Mapping[Name, Applied], *staged: Resource) -> Situation:
    """The situation with moves followed, as a plan is made from it."""
    return follow_moves(Situation(applied, {one.name: one for one in staged}, KINDS))


COUNTING = [
    ("newest-first", live(thing("b")), [thing("c", "ba")], {"c": "b"}),
    ("a-ring", live(*map(thing, "abc")), [thing("a", "b"), thing("b", "c"), thing("c", "a")], dict(zip("abc", "bca"))),
    ("there-and-back-before-any-apply", live(thing("a"), thing("b")), [thing("a", "ba"), thing("b", "ab")], {}),
    ("one-claim-of-a-ring-is-new", live(thing("a", "b"), thing("b", "a")), [thing("a", "b"), thing("b", "ab")],
     {"a": "b", "b": "a"}),
    ("a-spent-claim-where-what-made-it-moves-away", live(thing("a", "b"), thing("b")),
     [thing("c", "a"), thing("a", "b")], {"a": "b", "c": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("applied", "staged", "moves"), [case[1:] for case in COUNTING], ids=[c[0] for c in COUNTING])
def test_which_claims_count(applied: Dict[Name, Applied], staged: List[Resource], moves: Dict[str, str]) -> None:
    """
    While the old name is live, and the file applied under the new one does not make the claim; nothing is wrong.
    """
    found = world(applied, *staged)

    assert (moves, {}) == (found.moves, found.wrong_claims)


WRONG = [
    ("two-claim-one", live(thing("b")), [thing("x", "b"), thing("y", "b")], {"x": "y (.staged/y.yaml) claims it, too",
     "y": "x (.staged/x.yaml) claims it, too"}),
    ("it-is-still-there", live(thing("a")), [thing("a"), thing("c", "a")],
     {"c": "a is still there (.staged/a.yaml); delete it, or drop the claim"}),
    ("both-are-live", live(thing("a"), thing("b")), [thing("a", "b")],
     {"a": "both are live, and a is not moved away; remove one of the two, and apply that, first"}),
    ("a-swap-back-with-the-same-claims", live(thing("a", "b", 1), thing("b", "a", 2)),
     [thing("a", "b", 2), thing("b", "a", 1)],
     {a: f"it is spent, and {a} and {b} have each other's inputs; to swap them back, write moved_from: [{b}, {a}] here"
         f" and [{a}, {b}] there; to exchange their values, drop both claims" for a, b in ("ab", "ba")}),
    ("a-swap-where-renames-run", live(thing("a", kind="host"), thing("b", kind="host")),
     [thing("a", "b", kind="host"), thing("b", "a", kind="host")],
     dict.fromkeys("ab", "the names are swapped, and the kind host renames one by one; move one to a third name first"),
     ),
]  # fmt: skip


@pytest.mark.parametrize(("applied", "staged", "why"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_which_claims_are_wrong(applied: Dict[Name, Applied], staged: List[Resource], why: Dict[str, str]) -> None:
    """
    Then nothing of theirs moves, and every plan that is about one of the names is an error.
    """
    found = world({**applied, **live(thing("other"))}, *staged, thing("other", n=2))

    reported = {name: text.partition("followed: ")[2] for name, text in found.wrong_claims.items()}
    assert (why, {}) == (reported, found.moves)
    for name in sorted({*why, *(old for new in why for old in found.staged[Name(new)].moved_from)}):
        with pytest.raises(StagectlError, match="cannot be followed"):
            make_plan(found, Selection((name,)))
    assert ["other.update"] == [change.id for change in make_plan(found, Selection(("other",))).changes]


@given(st.lists(st.tuples(st.permutations(NAMES), st.booleans()), min_size=1, max_size=8), st.booleans())
def test_a_resource_that_moves_again_and_again_is_known(steps: List[Tuple[List[str], bool]], is_short: bool) -> None:
    """
    Three things change places among four names, again and again, some of it applied and some not. With the name that it
    has before all that its applied file says, or as short as a command writes it, each is found where it is live.
    """
    places: Dict[int, str] = dict(enumerate("abc"))
    applied = live(*(thing(name, n=number) for number, name in places.items()))
    for order, is_applied in steps:
        names = dict(zip("abcd", order))
        places = {number: names[name] for number, name in places.items()}
        was = {int(state.inputs["n"]): name for name, state in applied.items()}
        staged = {}
        for number, name in places.items():
            before, history = was[number], names_before(applied, was[number])
            claims = claims_for(applied, before, Name(name)) if is_short else (before, *history)
            staged[Name(name)] = thing(name, history if name == before else claims, number)
        assert {name: was[number] for number, name in places.items() if was[number] != name} == counting_claims(
            staged, applied
        )
        applied = live(*staged.values()) if is_applied else applied


# --- what reads a moved name


def reader(parent: str, image: str = "a") -> Resource:
    return build.resource("app", inputs={"n": f"${{{parent}.n}}", "image": image})


@pytest.mark.parametrize(
    ("moved", "ids", "held", "gone"),
    [
        (thing("sql", ["db"], 1), ["app.update"], {}, True),
        (thing("sql", ["db"], 2), [], {"app.update": ["sql.update"]}, False),
        (thing("sql", ["db"], 1, kind="host"), [], {"app.update": ["sql.rename"]}, False),
    ],
    ids=["a-move-alone", "with-an-edit", "with-a-rename"],
)
def test_a_reader_alone_takes_a_bare_move_along(
    moved: Resource, ids: List[str], held: Dict[str, List[str]], gone: bool
) -> None:
    """
    What is stored names the new name, so that has to be there; where more than a move is staged, the reader waits.
    """
    old = replace(thing("db", n=1, kind=moved.kind))
    applied = {**live(old), Name("app"): Applied(resource=reader("db"), inputs={"n": 1, "image": "a"})}
    situation = world(applied, moved, reader("sql", "b"))

    plan = make_plan(situation, Selection(("app",)))

    assert (ids, held) == ([c.id for c in plan.changes], {one.id: list(one.needs) for one in plan.held})
    assert ([("db", "sql")] if gone else []) == list(plan.moved)
