"""The planner agrees with a second one that was written from the design alone (tests/oracle.py).

`python -m tests.unit.core.planning.test_second_planner FIRST COUNT` goes through more worlds.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any, Callable, Dict, Optional, Tuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stagectl.core.errors import StagectlError
from stagectl.core.planning.planner import make_plan
from stagectl.core.plans.plan import Plan
from tests import oracle
from tests.build import share
from tests.oracle_moves import followed
from tests.random_worlds import (
    KINDS,
    RENAMING,
    REPORTING,
    Case,
    alone,
    looked_at,
    moved,
    random_case,
    tags_of,
    wandered,
)


def real(case: Case) -> Optional[Dict[str, Any]]:
    try:
        return reported(make_plan(case.situation(), case.selection()))
    except StagectlError:
        return None


def reported(plan: Plan) -> Dict[str, Any]:
    """A plan in the oracle's form."""
    return {
        "changes": {
            change.id: {
                "cause": change.cause.type,
                "of": list(change.cause.of),
                "inputs": list(change.cause.inputs),
                "after": list(change.after),
            }
            for change in plan.changes
        },
        "order": [change.id for change in plan.changes],
        "conditional": sorted(change.id for change in plan.changes if change.conditional),
        "held": {held.id: {"reason": held.reason, "needs": list(held.needs)} for held in plan.held},
        "recorded": list(plan.recorded),
        "moved": sorted(plan.moved),
        "pending": list(plan.pending),
    }


def second(case: Case) -> Optional[Dict[str, Any]]:
    """The second planner's plan, None for a refusal; raises Undecided: docs/testing.md has where."""
    applied, moves, _ = followed(case.kinds, case.applied, case.staged, case.truth)
    known = applied.keys() | case.staged.keys()
    test = (lambda tags: any(tag in tags for tag in case.tags)) if case.tags else None
    selected = None
    named = None if case.names is None and not case.single else {*(case.names or ())}
    now = {old: new for new, old in moves.items() if old not in known}
    single = [f"{now.get(name, name)}.{action}" for name, action in (one.split(".") for one in case.single)]
    single = [change for change in single if change.rpartition(".")[0] not in (named or ())]
    if named is not None or test is not None:
        named = None if named is None else named | {change.rpartition(".")[0] for change in single}
        selected = {
            name
            for name in known
            if (named is None or name in named) and (test is None or test(tags_of(name, applied, case.staged)))
        }
        if not selected:
            return None
    try:
        return oracle.plan(
            case.kinds,
            case.applied,
            case.staged,
            selected=selected,
            expression=test,
            with_children=case.with_children,
            with_parents=case.with_parents,
            single=single,
            truth=case.truth,
        )
    except oracle.Refused:
        return None


def reporting(random: Random, most: int) -> Case:
    """A world with values that are known after a change, conditional changes, and what is held for an output."""
    return random_case(random, most, REPORTING)


def drifted(random: Random, most: int) -> Case:
    """A world of which checks saw values, some as staged, what cannot be shown or named, and what is gone."""
    return looked_at(random, random_case(random, most))


def drifted_reporting(random: Random, most: int) -> Case:
    """And other outputs."""
    return looked_at(random, reporting(random, most))


def coming_back(random: Random, most: int) -> Case:
    """A world in which resources had other names before and get others now; some rename in an action, some drifted."""
    case = wandered(random, random_case(random, most, random.choice((KINDS, REPORTING, RENAMING, RENAMING))))
    return looked_at(random, case) if random.random() < 0.3 else case


def moved_anyhow(random: Random, most: int) -> Case:
    """A world with moves, also wrong ones, of kinds that report or rename, or of what was seen otherwise."""
    case = moved(random, random_case(random, most, random.choice((KINDS, REPORTING, RENAMING))))
    return looked_at(random, case) if random.random() < 0.5 else case


def half_renamed(random: Random, most: int) -> Case:
    """A world with moves in which a `rename` was tried before, to the name that is claimed or to another one."""
    case = random.choice((coming_back, moved_anyhow))(random, most)
    applied = {name: dict(state) for name, state in case.applied.items()}
    for state in applied.values():
        if state["resource"] and random.random() < 0.4:
            tried = random.choice([*sorted({*applied, *case.staged}), "elsewhere"])
            state["owed"] = {**state["owed"], "rename": [f"{tried}.rename"]}
    return replace(case, applied=applied)


def one_by_one(random: Random, most: int) -> Case:
    """A world of which single changes are asked for, beside resources, moves or nothing; also what there is not."""
    case = random_case(random, most)
    chance = random.random()
    case = moved(random, case) if chance < 0.3 else wandered(random, case) if chance < 0.5 else case
    everything = real(replace(case, names=None, tags=())) or {"order": []}
    return alone(random, case, everything["order"])


def compare(case: Case) -> str:
    """Both plan the same, or both refuse; return how it ended."""
    try:
        expected = second(case)
    except oracle.Undecided:  # the rules have no answer
        return "undecided"
    assert expected == real(case)
    return "refused" if expected is None else "planned"


@pytest.mark.parametrize(
    ("sort", "examples", "sizes"),
    [
        (random_case, 300, (3, 10)),  # connections, orders, reactions, tags, selections, failures and debts
        (random_case, 25, (20, 300)),  # long chains, and many holds at once
        (reporting, 200, (3, 10)),
        (drifted, 150, (3, 10)),
        (drifted_reporting, 150, (3, 10)),
        (moved_anyhow, 150, (3, 10)),
        (coming_back, 150, (3, 10)),
        (half_renamed, 150, (3, 10)),
        (one_by_one, 300, (3, 10)),
    ],
)
def test_both_planners_agree(sort: Callable[[Random, int], Case], examples: int, sizes: Tuple[int, int]) -> None:
    """
    On random graphs of every sort.
    """

    @settings(max_examples=share(examples))
    @given(st.integers(min_value=0, max_value=2**40), st.integers(*sizes))
    def law(seed: int, most: int) -> None:
        assume(compare(sort(Random(seed), most)) != "undecided")

    law()


@pytest.mark.parametrize(
    ("sort", "seed", "most"),
    [
        (moved_anyhow, 1590, 7),  # what is renamed, and may turn out to have nothing else to do
        (coming_back, 1032, 7),  # a child reads what is moved and not selected, and what was removed by half
        (coming_back, 102851, 10),  # a resource is held with another one, which needs it
        (drifted_reporting, 1030041, 10),  # it reacts, is stale, and may report what others read
        (one_by_one, 9858, 5),  # an old name that one claims, and that another one claims as well, but had before
    ],
)
def test_both_planners_agree_where_they_did_not(sort: Callable[[Random, int], Case], seed: int, most: int) -> None:
    """
    Worlds that once were found.
    """
    random = Random(seed)
    assert "undecided" != compare(sort(random, most if sort is one_by_one else random.randint(3, most)))


def go_through(first: int, number: int) -> str:
    """Compare both planners on numbered worlds of each sort in turn; say how many there were."""
    sorts, ends = (drifted, drifted_reporting, one_by_one, moved_anyhow, coming_back), Counter()
    for seed in range(first, first + number):
        random = Random(seed)
        ends[compare(sorts[seed % len(sorts)](random, random.randint(3, 10)))] += 1
    return f"{number:,} worlds: {', '.join(f'{ends[end]:,} {end}' for end in ('planned', 'refused', 'undecided'))}"


if __name__ == "__main__":
    print(go_through(*map(int, sys.argv[1:])))
