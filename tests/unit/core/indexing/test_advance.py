"""The index that a chain of commits left is the one that is made from nothing, and only what changed is looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Dict, Iterable, List, Optional, Set

from hypothesis import given, settings
from hypothesis import strategies as st

from stagectl.core.indexing.line import MOST_NAMED, decode, encode
from stagectl.core.indexing.shards import MOST_LINES, bits_of
from stagectl.core.indexing.usage import Usage, decode_usage, decode_variables, encode_usage, encode_variables
from stagectl.core.model import Applied, Name
from stagectl.core.values import EnvVariable, Template
from tests.build import resource, share
from tests.random_worlds import KINDS, REPORTING, random_case
from tests.unit.core.indexing.memory import InMemory


def random_states(chance: Random, most: int) -> Dict[Name, Optional[Applied]]:
    """Some states of a random world, some of them sensitive, some gone: what they name need not be there."""
    found: Dict[Name, Optional[Applied]] = {}
    for name, state in random_case(chance, most, chance.choice((KINDS, REPORTING))).situation().applied.items():
        if chance.random() < 0.6:
            secret = frozenset(key for key in state.inputs if chance.random() < 0.2)
            found[name] = None if chance.random() < 0.2 else replace(with_variable(state, chance), sensitive=secret)
    return found


def with_variable(state: Applied, chance: Random) -> Applied:
    """A state of which one of four sides, or none, reads one of three variables, alone or inside a list."""
    value = Template((EnvVariable(chance.choice("ABC")),))
    inputs = {"secret": chance.choice([value, [value, 1]])}
    side = chance.choice(["state", "resource", "unfinished", "observed", ""])
    if side == "state":
        return replace(state, inputs={**state.inputs, **inputs})
    found = getattr(state, side, None)
    return state if found is None else replace(state, **{side: replace(found, inputs={**found.inputs, **inputs})})


def variables_of(states: Iterable[Applied]) -> Set[str]:
    """The variables in the texts of states, in which no other value looks like one."""
    return {name for state in states for name in re.findall(r"EnvVariable\(name='(\w+)'\)", repr(state))}


@settings(max_examples=share(300))
@given(st.integers(min_value=0, max_value=2**40), st.integers(min_value=3, max_value=24))
def test_a_chain_of_commits_leaves_what_is_made_from_nothing(seed: int, most: int) -> None:
    """
    Resources come, go, change, fail and become others: lines, counts and shards are a function of the state alone.
    """
    chance = Random(seed)
    index = InMemory()
    for _ in range(5):
        index = index.after(random_states(chance, most))

    anew = InMemory().after(index.applied)

    assert anew.all_lines == index.all_lines
    assert anew.counts == index.counts
    assert anew.variables == index.variables
    assert {name for (name,) in index.variables} == variables_of(index.applied.values())
    assert anew.texts == index.texts


@settings(max_examples=share(100))
@given(st.integers(min_value=0, max_value=2**40))
def test_lines_and_counts_are_read_as_they_were_written(seed: int) -> None:
    """
    A line and what is counted survive being texts.
    """
    chance = Random(seed)
    index = InMemory().after(random_states(chance, 24))

    for name, line in index.all_lines.items():
        assert encode(name, line) == encode(name, decode(encode(name, line).rstrip("\n")))
    usage = Usage(index.counts)
    assert usage == decode_usage(encode_usage(usage))
    assert index.variables == decode_variables(encode_variables(index.variables))


def crowd(count: int, folders: int = 1) -> Dict[Name, Optional[Applied]]:
    """A parent, and many that read it."""
    found: Dict[Name, Optional[Applied]] = {Name("db"): Applied(resource("db", inputs={"port": 1}), {"port": 1})}
    for index in range(count):
        name = Name(f"f{index % folders}/r{index}")
        found[name] = Applied(resource(name, inputs={"p": "${db.port}"}), {"p": 1})
    return found


@settings(max_examples=share(30))
@given(st.integers(min_value=0, max_value=2**40))
def test_shards_are_split_and_put_together(seed: int) -> None:
    """
    Hundreds that come and go, in any order, leave the shards that are made from nothing, each of 64 lines at most.
    """
    chance = Random(seed)
    everything = crowd(chance.randrange(1, 700), chance.randrange(1, 4))
    names: List[Name] = list(everything)
    index = InMemory()
    for _ in range(6):
        some = chance.sample(names, chance.randrange(1, len(names) + 1))
        index = index.after({name: None if chance.random() < 0.5 else everything[name] for name in some})

    assert InMemory().after(index.applied).texts == index.texts
    for place, lines in index.texts.items():
        assert 0 < len(lines) <= MOST_LINES
        assert all(bits_of(name).startswith(place.bits) for name in lines)


def test_of_very_many_readers_the_folders_are_known() -> None:
    """
    Up to 32 by name; beyond that each folder, with how many there are; and back again.
    """
    many = InMemory().after(crowd(MOST_NAMED + 1, 3))
    few = many.after({Name("f0/r0"): None})

    assert ((), {"f0": 11, "f1": 11, "f2": 11}) == (many.all_lines[Name("db")].by, many.all_lines[Name("db")].many)
    assert (MOST_NAMED, {}) == (len(few.all_lines[Name("db")].by), few.all_lines[Name("db")].many)


def test_one_change_looks_at_what_it_reaches_alone() -> None:
    """
    A thousand strangers are not asked for.
    """
    states = crowd(10)
    states.update({Name(f"s{n}"): Applied(resource(f"s{n}", inputs={"a": n}), {"a": n}) for n in range(1000)})
    index = InMemory().after(states)
    index.looked_at.clear()

    later = index.after({Name("db"): Applied(resource("db", inputs={"port": 2}), {"port": 2})})

    assert set(index.looked_at) == set(crowd(10))
    assert {name for name, line in later.all_lines.items() if line.is_open} == set(crowd(10)) - {"db"}
