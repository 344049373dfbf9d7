"""Planning what was edited and all that it may reach makes the plan that planning everything makes."""

from __future__ import annotations

from random import Random
from typing import Dict, Optional

from hypothesis import given, settings
from hypothesis import strategies as st

from stagectl.core.errors import StagectlError
from stagectl.core.indexing.impact import reduce_situation
from stagectl.core.model import Name, Resource
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.scoping import world_of
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from tests.build import share
from tests.random_worlds import REPORTING, random_case
from tests.unit.core.indexing.memory import InMemory
from tests.unit.core.planning.test_second_planner import reported


def planned(situation: Situation, case_selection: object, world: object = None) -> Optional[Plan]:
    try:
        return make_plan(situation, case_selection, world)  # type: ignore[arg-type]
    except StagectlError:
        return None


def reduce(situation: Situation) -> Situation:
    index = InMemory().after(situation.applied)
    return reduce_situation(index, index.open_with(situation.kinds), edits_of(situation), situation.kinds)


def edits_of(situation: Situation) -> Dict[Name, Optional[Resource]]:
    return {
        name: situation.staged.get(name)
        for name in situation.names
        if situation.is_edited(name) and (name in situation.staged or situation.is_live(name))
    }


@settings(max_examples=share(400))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=24))
def test_a_reduced_situation_makes_the_same_plan(seed: int, most: int) -> None:
    """
    Whatever is edited, held, failed, owed or selected: what was left out has no part in the plan.
    """
    case = random_case(Random(seed), most)
    everything = case.situation()
    small = reduce(everything)

    full = planned(everything, case.selection())
    found = planned(small, case.selection(), world_of(everything))

    if full is not None:  # what makes no plan is planned in full, to say why
        assert found is not None
        assert (reported(full), full.id) == (reported(found), found.id)


@settings(max_examples=share(400))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=24))
def test_a_reduced_situation_makes_the_same_plan_of_worlds_with_outputs(seed: int, most: int) -> None:
    """
    What may be reported brings in readers, whose changes may report in turn: none of them is left out.
    """
    case = random_case(Random(seed), most, REPORTING)
    everything = case.situation()

    full = planned(everything, case.selection())
    found = planned(reduce(everything), case.selection(), world_of(everything))

    if full is not None:
        assert found is not None
        assert (reported(full), full.id) == (reported(found), found.id)


def test_what_nothing_reaches_is_left_out() -> None:
    """
    The law above would hold, too, if nothing were ever left out.
    """
    cases = [random_case(Random(seed), 24).situation() for seed in range(200)]
    settled = sum(len(reduce(s).settled) for s in cases)
    left_out = sum(len(s.names) - len(reduce(s).staged) for s in cases)

    assert settled > 50
    assert left_out > 50
