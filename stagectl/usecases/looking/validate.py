"""`validate`: everything that is wrong in the files, in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Tuple

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
                more, error = _wrong_with(workspace, replace(snapshot, staged=staged), applied, paths)
            problems += more
            if error is not None and error.message not in [known.message for known in general]:
                general.append(error)
    return Validation(
        len(snapshot.defined), len(snapshot.staged), len(snapshot.kinds), tuple(sorted(set(problems))), tuple(general)
    )


def _all_staged(workspace: Workspace, snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return the staging area as it would be after staging everything."""
    names = frozenset({*snapshot.defined, *snapshot.staged})
    wanted = desired(workspace.config, snapshot, names)
    return {name: resource for name, resource in wanted.items() if resource is not None}


def _wrong_with(
    workspace: Workspace, snapshot: Snapshot, applied: Dict[Name, Applied], paths: Dict[Name, str]
) -> Tuple[Tuple[Problem, ...], Optional[StagectlError]]:
    """Return what is wrong with a staging area: problems with their places, or an error without one."""
    try:
        situation = workspace.situation(snapshot, applied)
        universe = everything(situation)
        troubles = all_troubles(universe)
        if troubles:
            raise located(ImpossiblePlan(troubles), snapshot, paths)
        if find_still_read(universe):
            raise still_read_error(find_still_read(universe))
        make_plan(situation, Selection())
    except InvalidFiles as error:
        return tuple(error.problems), None
    except StagectlError as error:
        return (), error
    return (), None
