"""The planner agrees with a second one that was written from the design alone (tests/oracle.py).

`python -m tests.unit.core.planning.test_second_planner FIRST COUNT` goes through more worlds.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from random import Random
from typing import Any, Dict, Optional

import pytest
from hypothesis import example, given, reject, settings
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


def drifted(random: Random, most: int, *, with_outputs: bool) -> Case:
    """A world that a check saw otherwise."""
    return looked_at(random, random_case(random, most, REPORTING if with_outputs else KINDS))


def coming_back(random: Random, most: int) -> Case:
    """A world in which resources had other names before and get others now; some rename in an action, some drifted."""
    case = wandered(random, random_case(random, most, random.choice((KINDS, REPORTING, RENAMING, RENAMING))))
    return looked_at(random, case) if random.random() < 0.3 else case


def moved_anyhow(random: Random, most: int) -> Case:
    """A world with moves, also wrong ones, of kinds that report or rename, or of what was seen otherwise."""
    case = moved(random, random_case(random, most, random.choice((KINDS, REPORTING, RENAMING))))
    return looked_at(random, case) if random.random() < 0.5 else case


def one_by_one(random: Random, most: int) -> Case:
    """A world of which single changes are asked for."""
    case = random_case(random, most)
    chance = random.random()
    case = moved(random, case) if chance < 0.3 else wandered(random, case) if chance < 0.5 else case
    everything = real(replace(case, names=None, tags=())) or {"order": []}
    return alone(random, case, everything["order"])


def expected(case: Case) -> Optional[Dict[str, Any]]:
    """The second planner's answer, where the rules have one."""
    try:
        return second(case)
    except oracle.Undecided:
        return reject()


@settings(max_examples=share(300))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=10))
def test_both_planners_agree(seed: int, most: int) -> None:
    """
    Random graphs with connections, orders, reactions, tags, selections, failures and debts.
    """
    case = random_case(Random(seed), most)

    assert expected(case) == real(case)


@settings(max_examples=share(200))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=10))
def test_both_planners_agree_on_outputs(seed: int, most: int) -> None:
    """
    Values known after a change, conditional changes and replaces, and what is held for an output.
    """
    case = random_case(Random(seed), most, REPORTING)

    assert expected(case) == real(case)


@settings(max_examples=share(300))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=10), st.booleans())
def test_both_planners_agree_on_drift(seed: int, most: int, with_outputs: bool) -> None:
    """
    What checks saw: values, some as staged, what cannot be shown or named, outputs, and what is gone.
    """
    case = drifted(Random(seed), most, with_outputs=with_outputs)

    assert expected(case) == real(case)


@settings(max_examples=share(300))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=10), st.booleans())
@example(1590, 7, False)  # what is renamed, and may turn out to have nothing else to do
@example(1032, 7, True)  # a child reads what is moved and not selected, and what was removed by half
@example(102851, 10, True)  # a resource is held with another one, which needs it
def test_both_planners_agree_on_moves(seed: int, most: int, is_back: bool) -> None:
    """
    Moves, swaps and chains, of what reports, renames or drifted; wrong claims; names that come back.
    """
    random = Random(seed)
    case = (coming_back if is_back else moved_anyhow)(random, random.randint(3, most))

    assert expected(case) == real(case)


@settings(max_examples=share(300))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=10))
@example(9858, 5)  # a change of an old name that one claims, and that another one claims as well, but had before
def test_both_planners_agree_on_single_changes(seed: int, most: int) -> None:
    """
    Changes asked for one by one, beside resources, moves or nothing; what there is not, or never was asked for.
    """
    case = one_by_one(Random(seed), most)

    assert expected(case) == real(case)


@settings(max_examples=share(25))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=20, max_value=300))
def test_both_planners_agree_on_large_graphs(seed: int, most: int) -> None:
    """
    Up to 300 resources: long chains, and many holds at once.
    """
    case = random_case(Random(seed), most)

    assert expected(case) == real(case)


SORTS = (
    lambda random, most: drifted(random, most, with_outputs=False),
    lambda random, most: drifted(random, most, with_outputs=True),
    one_by_one,
    moved_anyhow,
    coming_back,
)


def go_through(first: int, number: int) -> str:
    """Compare both planners on numbered worlds of each sort in turn; say how many there were."""
    ends = {"planned": 0, "refused": 0, "undecided": 0}
    for seed in range(first, first + number):
        random = Random(seed)
        case = SORTS[seed % len(SORTS)](random, random.randint(3, 10))
        try:
            planned = second(case)
        except oracle.Undecided:
            ends["undecided"] += 1
            continue
        assert planned == real(case), f"world {seed}"
        ends["refused" if planned is None else "planned"] += 1
    return f"{number:,} worlds: {', '.join(f'{count:,} {end}' for end, count in ends.items())}"


@pytest.mark.parametrize("number", [1030041])  # it reacts, is stale, and may report what others read
def test_worlds_of_which_one_planner_was_wrong(number: int) -> None:
    """
    Both make the same plan of them by now.
    """
    assert go_through(number, 1).startswith("1 worlds: 1 planned")


if __name__ == "__main__":
    print(go_through(*map(int, sys.argv[1:])))
