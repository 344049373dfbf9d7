"""Claims on old names: which are wrong, and why; what moves with them, and waits, is in test_second_planner.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

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

KINDS = {"service": build.kind("service"), "host": build.kind("host", actions={RENAME: ["true"]})}


def thing(name: str, claims: Sequence[str] = (), n: int = 0, kind: str = "service") -> Resource:
    """A resource that claims names; other content is another file, as it is on disk."""
    found = build.resource(name, kind, inputs={"n": n})
    content = f"{found.content!r} {list(claims)}".encode()
    return replace(found, moved_from=tuple(map(Name, claims)), content=content)


def live(*resources: Resource) -> Dict[Name, Applied]:
    """All of them applied, with the values they have as written."""
    return {one.name: Applied(resource=one, inputs=dict(one.inputs)) for one in resources}


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
    desired = {one.name: one for one in (*staged, thing("other", n=2))}
    found = follow_moves(Situation({**applied, **live(thing("other"))}, desired, KINDS))

    reported = {name: text.partition("followed: ")[2] for name, text in found.wrong_claims.items()}
    assert (why, {}) == (reported, found.moves)
    for name in sorted({*why, *(old for new in why for old in found.staged[Name(new)].moved_from)}):
        with pytest.raises(StagectlError, match="cannot be followed"):
            make_plan(found, Selection((name,)))
    assert ["other.update"] == [change.id for change in make_plan(found, Selection(("other",))).changes]


@given(st.lists(st.tuples(st.permutations("abcd"), st.booleans()), min_size=1, max_size=8), st.booleans())
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
