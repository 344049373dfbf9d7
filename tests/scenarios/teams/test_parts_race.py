"""Applies of random parts that race: nothing is lost, what touches never meets, and what does not touch overlaps."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import pytest

from tests.build import LOCK, Ran, Repo, ended
from tests.proofs import record
from tests.scenarios.teams.world import Team, applied_values

pytestmark = pytest.mark.once

NAMES = [f"r{number}" for number in range(8)]
AFTER = {"r1": "r0", "r3": "r2"}  # child -> parent, an order alone
READS = {"r6": "r7"}  # child -> parent, whose value it reads
ONE_TARGET = {"r4", "r5"}
TOUCHING = {frozenset(pair) for pair in (*AFTER.items(), *READS.items(), ONE_TARGET)}


class Act(NamedTuple):
    """One action, in nanoseconds of the machine's clock."""

    run: str
    resource: str
    start: int
    end: int


def edited(repo: Repo, value: int) -> None:
    """Stage another value of every resource, and let the others have it."""
    for name in NAMES:
        inputs: Dict[str, object] = {"v": value}
        inputs.update({"target": "node"} if name in ONE_TARGET else {})
        inputs.update({"read": f"${{{READS[name]}.v}}"} if name in READS else {})
        repo.define(name, inputs=inputs, depends_on=[AFTER[name]] if name in AFTER else [])
    repo.stage().git("push", "-q", "origin", "main")


def parts_of(chance: random.Random, people: int) -> List[List[str]]:
    """Return what each applies; together that is everything."""
    parts = [chance.sample(NAMES, chance.randint(1, 2)) for _ in range(people)]
    for name in set(NAMES) - {name for part in parts for name in part}:
        chance.choice(parts).append(name)
    return parts


def acts_in(log: Path) -> List[Act]:
    begun: Dict[str, int] = {}
    found = []
    for run, resource, what, at in (line.split() for line in log.read_text().splitlines()):
        if what == "start":
            begun[f"{run} {resource}"] = int(at)
        else:
            found.append(Act(run, resource, begun.pop(f"{run} {resource}"), int(at)))
    assert begun == {}, "every action ended"
    return found


def meetings(acts: Sequence[Act]) -> Counter:
    """Return how many pairs of actions of two runs were at work at once, and how many of these touch each other."""
    found: Counter = Counter()
    for one, other in combinations(acts, 2):
        if one.run != other.run and one.start < other.end and other.start < one.end:
            pair = frozenset((one.resource, other.resource))
            found["touching" if len(pair) == 1 or pair in TOUCHING else "apart"] += 1
    return found


def raced(folder: Path, people: int, rounds: int) -> Counter:
    team, chance, log = Team(folder, "lock_term: 120\n"), random.Random(people), folder / "log"
    line = "$STAGECTL_RUN $STAGECTL_RESOURCE {} $(date +%s%N)"
    act = f'echo "{line.format("start")}" >> {log}; sleep 1; echo "{line.format("end")}" >> {log}'
    kind = json.dumps({"actions": {"update": ["sh", "-c", act]}})
    team.ada.kind("service").write("kinds/service.yaml", f"{kind}\n").commit()
    edited(team.ada, 0)
    team.ada.ok("apply", "--yes")
    repos = [team.join(f"p{number}") for number in range(people)]
    reported: Counter = Counter()
    for number in range(1, rounds + 1):
        edited(team.ada, number)
        for repo in repos:
            repo.git("pull", "-q", "origin", "main")
        parts = parts_of(chance, people)
        processes = [repo.begin("apply", "--yes", "--wait", *part) for repo, part in zip(repos, parts)]
        rans: List[Ran] = [ended(process) for process in processes]
        assert [0] * people == [ran.code for ran in rans], rans
        reported["applies"] += people
        team.ada.ok("sync")
        assert [number] * len(NAMES) == applied_values(team.ada, *NAMES)
        assert team.ada.plan().ids == []
    acts = acts_in(log)
    assert {act.run for act in acts} <= set(team.runs()), "every run that acted is on the branch"
    assert len(team.runs()) == len(set(team.runs()))
    assert ("", True) == (team.at(LOCK), team.is_sound())
    team.ada.ok("verify")
    reported["actions"] += len(acts)
    reported.update({f"at once {what}": count for what, count in meetings(acts).items()})
    return reported


def test_applies_of_random_parts_that_race(tmp_path: Path) -> None:
    """
    Four people, one round: all is applied, no two were at once on a resource, its parent or its target.
    """
    assert raced(tmp_path, 4, 1)["at once touching"] == 0


@pytest.mark.slow
def test_twelve_applies_of_random_parts_that_race(tmp_path: Path) -> None:
    """
    The same, long; what has nothing in common did overlap in time.
    """
    reported = raced(tmp_path, 12, 4)

    words = sorted({*reported, "at once touching"})
    record("twelve random parts race", ", ".join(f"{what} {reported[what]}" for what in words))
    assert reported["at once touching"] == 0
    assert reported["at once apart"] > 0
