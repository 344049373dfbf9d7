"""Planning what was edited and all that it may reach makes the plan that planning everything makes."""

from __future__ import annotations

from random import Random
from typing import Dict, Iterable, Optional, Set

from hypothesis import given, settings
from hypothesis import strategies as st

from stagectl.core.errors import StagectlError
from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.impact import Known, Node, narrowed, open_names
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.scoping import world_of
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from tests.build import share
from tests.random_worlds import random_case
from tests.unit.core.planning.test_second_planner import told


class InMemory(Known):
    """What is known of an applied state, held in dictionaries."""

    def __init__(self, situation: Situation) -> None:
        self._applied = situation.applied
        self.open = frozenset(open_names(situation.applied, situation.kinds, situation.applied))

    def states(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        return {name: self._applied[name] for name in names if name in self._applied}

    def _resources(self) -> Iterable[Resource]:
        return (state.resource for state in self._applied.values() if state.resource is not None)

    def readers(self, nodes: Iterable[Node]) -> Set[Node]:
        wanted = set(nodes)
        return {
            (resource.name, own)
            for resource in self._resources()
            for own, references in resource.references.items()
            if any((Name(reference.name), reference.path[0]) in wanted for reference in references)
        }

    def related(self, names: Iterable[Name], *, reacting: bool) -> Set[Name]:
        wanted = set(names)

        def named(resource: Resource) -> Set[str]:
            if reacting:
                return {t.on.rpartition(".")[0] for triggers in resource.react_on.values() for t in triggers}
            return {*resource.parents, *resource.unordered}

        return {resource.name for resource in self._resources() if named(resource) & wanted}


def planned(situation: Situation, case_selection: object, world: object = None) -> Optional[Plan]:
    try:
        return make_plan(situation, case_selection, world)  # type: ignore[arg-type]
    except StagectlError:
        return None


def edits_of(situation: Situation) -> Dict[Name, Optional[Resource]]:
    return {
        name: situation.staged.get(name)
        for name in situation.names()
        if situation.is_edited(name) and (name in situation.staged or situation.is_live(name))
    }


@settings(max_examples=share(400))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=24))
def test_a_narrowed_situation_makes_the_same_plan(seed: int, most: int) -> None:
    """
    Whatever is edited, held, failed, owed or selected: what was left out has no part in the plan.
    """
    case = random_case(Random(seed), most)
    everything = case.situation()
    small = narrowed(InMemory(everything), edits_of(everything), everything.kinds)

    full = planned(everything, case.selection())
    found = planned(small, case.selection(), world_of(everything))

    if full is not None:  # what makes no plan is planned in full, to say why
        assert found is not None
        assert (told(full), full.id) == (told(found), found.id)


def test_what_nothing_reaches_is_left_out() -> None:
    """
    The law above would hold, too, if nothing were ever left out.
    """
    cases = [random_case(Random(seed), 24).situation() for seed in range(200)]
    settled = sum(len(narrowed(InMemory(s), edits_of(s), s.kinds).settled) for s in cases)
    left_out = sum(len(s.names()) - len(narrowed(InMemory(s), edits_of(s), s.kinds).staged) for s in cases)

    assert settled > 50
    assert left_out > 50
