"""The real input: 74 resources of OpenStack on two nodes, and what Solar itself computed for them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Mapping, Set, Tuple

import pytest

from stagectl.adapters.worktree.snapshot import parse_snapshot
from stagectl.adapters.worktree.tree import read_working_tree
from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.resolve import Resolver
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection
from tests.build import ROOT, Repo

FIXTURE = ROOT / "fixtures" / "openstack"
SOLAR = FIXTURE / "solar"

FILES, _ = read_working_tree(FIXTURE, ["resources", "kinds"])
SNAPSHOT = parse_snapshot(FILES)
EXPECTED = [json.loads(line) for line in (SOLAR / "openstack-expected.jsonl").read_text().splitlines()]
FIRST_PLAN = json.loads((SOLAR / "openstack-first-plan.json").read_text())["first_plan"]


def closure(edges: List[Tuple[str, str]]) -> Set[Tuple[str, str]]:
    """Every pair of which the first has to come before the second."""
    before: Dict[str, Set[str]] = {}
    for earlier, later in edges:
        before.setdefault(later, set()).add(earlier)
    found: Set[Tuple[str, str]] = set()
    for later in before:
        left, seen = [later], set()
        while left:
            for earlier in before.get(left.pop(), ()):
                if earlier not in seen:
                    seen.add(earlier)
                    left.append(earlier)
        found |= {(earlier, later) for earlier in seen}
    return found


def order_of(plan: Plan) -> Set[Tuple[str, str]]:
    return closure([(earlier, change.id) for change in plan.changes for earlier in change.after])


def everything_applied() -> Dict[Name, Applied]:
    resolver = Resolver(SNAPSHOT.defined, {})
    return {name: Applied(resource, resolver.inputs(name)) for name, resource in SNAPSHOT.defined.items()}


def edited(resource: Resource, key: str, value: Any) -> Resource:
    from dataclasses import replace

    return replace(resource, inputs={**resource.inputs, key: value}, content=b"edited")


def plan_of(staged: Mapping[Name, Resource], applied: Mapping[Name, Applied]) -> Plan:
    return make_plan(Situation(applied, staged, SNAPSHOT.kinds), Selection())


def test_the_fixture_is_what_the_converter_makes(tmp_path: Path) -> None:
    """
    The definitions and kinds are derived from the topology, byte for byte.
    """
    copy = tmp_path / "openstack"
    shutil.copytree(FIXTURE, copy)
    shutil.rmtree(copy / "resources")
    shutil.rmtree(copy / "kinds")

    subprocess.run([sys.executable, str(copy / "convert.py")], check=True, capture_output=True)

    made, problems = read_working_tree(copy, ["resources", "kinds"])
    assert (made, problems) == (FILES, [])


def test_the_fixture_has_all_of_the_topology() -> None:
    """
    74 resources, 526 connections, no problem in any file.
    """
    references = [
        ref for resource in SNAPSHOT.defined.values() for refs in resource.references.values() for ref in refs
    ]

    assert (len(SNAPSHOT.defined), len(references), SNAPSHOT.problems) == (74, 526, ())


def test_the_first_plan_is_the_one_solar_computed() -> None:
    """
    The same 74 changes, and the same order between any two of them.
    """
    plan = plan_of(SNAPSHOT.defined, {})

    assert {change.id for change in plan.changes} == set(FIRST_PLAN["nodes"])
    assert order_of(plan) == closure([(earlier, later) for earlier, later in FIRST_PLAN["edges"]])


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda case: f"{case['resource']}.{case['input']}")
def test_an_update_has_the_children_reactions_and_order_solar_computed(expected: Dict[str, Any]) -> None:
    """
    One input changes after everything was applied: the same changes, for the same reasons, in the same order.
    """
    name = Name(expected["resource"])
    assert SNAPSHOT.defined[name].inputs[expected["input"]] == expected["before"]
    staged = {**SNAPSHOT.defined, name: edited(SNAPSHOT.defined[name], expected["input"], expected["after"])}

    plan = plan_of(staged, everything_applied())

    by_value = {change.id for change in plan.changes if change.cause.type in ("staged", "child")}
    assert by_value == set(expected["staged"])
    assert {change.id for change in plan.changes} == set(expected["nodes"])
    assert order_of(plan) == closure([(earlier, later) for earlier, later in expected["edges"]])


def test_applying_it_runs_every_action_in_order(repo: Repo) -> None:
    """
    Through the command line: 74 shell actions append to a log, and no order of Solar's plan is violated.
    """
    for folder in ("resources", "kinds"):
        shutil.copytree(FIXTURE / folder, repo.root / folder, dirs_exist_ok=True)
    repo.commit()
    repo.stage()

    done = repo.apply()

    log = (repo.root / "actions.log").read_text().split()
    assert (done.code, sorted(log)) == (0, sorted(FIRST_PLAN["nodes"]))
    assert [edge for edge in FIRST_PLAN["edges"] if log.index(edge[0]) > log.index(edge[1])] == []
    assert repo.run("plan").out == "No changes. The applied state matches what is staged.\n"


def test_a_plan_is_the_same_bytes_under_any_hash_seed(repo: Repo) -> None:
    """
    Sets and dicts have no say in a plan.
    """
    for folder in ("resources", "kinds"):
        shutil.copytree(FIXTURE / folder, repo.root / folder, dirs_exist_ok=True)
    repo.commit()
    repo.stage()

    plans = {repo.ok("plan", "--format", "json", env={"PYTHONHASHSEED": seed}).out for seed in ("1", "2")}

    assert len(plans) == 1
