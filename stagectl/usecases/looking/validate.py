"""`validate`: everything that is wrong in the files, in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Tuple

from stagectl.adapters.clock import time_budget
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import InvalidFiles, Problem, StagectlError
from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.checks import ImpossiblePlan, all_troubles, find_still_read, still_read_error
from stagectl.core.planning.outlook import everything
from stagectl.core.planning.planner import make_plan
from stagectl.core.plans.selection import Selection
from stagectl.usecases.repository.workspace import Workspace, located, more_problems
from stagectl.usecases.staging.desired import desired


@dataclass(frozen=True)
class Validation:
    """How many files were checked, and what is wrong. general: problems that belong to no single place."""

    definitions: int
    staged: int
    kinds: int
    problems: Tuple[Problem, ...] = ()
    general: Tuple[StagectlError, ...] = ()


def validate(workspace: Workspace) -> Validation:
    """Return what is wrong with definitions, staged files, kinds and config, as staged now and once all is staged."""
    snapshot = workspace.read(definitions=True)
    problems: List[Problem] = [*snapshot.problems, *(more_problems(snapshot) if snapshot.problems else ())]
    general: List[StagectlError] = []
    if not problems:
        _, applied = workspace.applied()
        later = _all_staged(workspace, snapshot)
        for staged, paths in ((dict(snapshot.staged), {}), (later, dict(snapshot.definition_paths))):
            with time_budget("checking the inputs", len(staged)):
                _check(workspace, snapshot, applied, staged, paths, problems, general)
    return Validation(
        len(snapshot.defined), len(snapshot.staged), len(snapshot.kinds), tuple(sorted(set(problems))), tuple(general)
    )


def _all_staged(workspace: Workspace, snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return the staging area as it would be after staging everything."""
    names = frozenset({*snapshot.defined, *snapshot.staged})
    wanted = desired(workspace.config, snapshot, names)
    return {name: resource for name, resource in wanted.items() if resource is not None}


def _check(
    workspace: Workspace,
    snapshot: Snapshot,
    applied: Dict[Name, Applied],
    staged: Dict[Name, Resource],
    paths: Dict[Name, str],
    problems: List[Problem],
    general: List[StagectlError],
) -> None:
    try:
        situation = workspace.situation(replace(snapshot, staged=staged), applied)
        universe = everything(situation)
        troubles = all_troubles(universe)
        if troubles:
            raise located(ImpossiblePlan(troubles), snapshot, paths)
        if find_still_read(universe):
            raise still_read_error(find_still_read(universe))
        make_plan(situation, Selection())
    except InvalidFiles as error:
        problems += error.problems
    except StagectlError as error:
        if error.message not in [known.message for known in general]:
            general.append(error)
