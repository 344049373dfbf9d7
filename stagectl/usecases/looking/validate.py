"""`validate`: everything that is wrong in the files, in one go."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from stagectl.adapters.clock import time_budget
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import InvalidFiles, Problem, StagectlError
from stagectl.core.model import KINDS, Applied, Name, Resource
from stagectl.core.planning.checks import ImpossiblePlan, all_troubles
from stagectl.core.planning.holding import everything
from stagectl.core.planning.planner import make_plan
from stagectl.core.plans.selection import Selection
from stagectl.core.standing import from_here
from stagectl.usecases.repository.troubles import locate_troubles, more_problems
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.desired import desired_state


@dataclass(frozen=True)
class Validation:
    """How many files were checked, and what is wrong. general: problems that belong to no single place.

    warnings: what may be meant, and cannot work on this machine.
    """

    definitions: int
    staged: int
    kinds: int
    problems: Tuple[Problem, ...] = ()
    general: Tuple[StagectlError, ...] = ()
    warnings: Tuple[str, ...] = ()


def validate(workspace: Workspace) -> Validation:
    """Return what is wrong with definitions, staged files, kinds and config, as staged now and once all is staged."""
    snapshot = workspace.read(definitions=True)
    problems: List[Problem] = [*snapshot.problems, *(more_problems(snapshot) if snapshot.problems else ())]
    general: List[StagectlError] = []
    if not problems:
        _, applied = workspace.applied_state()
        now, later = dict(snapshot.staged), _all_staged(workspace, snapshot)
        for staged, paths in ((now, {}), (later, dict(snapshot.definition_paths))):
            if staged is later and later == now and not (problems or general):
                break  # mostly all is staged, and nothing is wrong with it
            with time_budget("checking the inputs", len(staged)):
                more, error = _wrong_with(workspace, snapshot._replace(staged=staged), applied, paths)
            problems += more
            if error is not None and error.message not in [known.message for known in general]:
                general.append(error)
    counts = len(snapshot.defined), len(snapshot.staged), len(snapshot.kinds)
    warnings = tuple(_nothing_acts(workspace.root, snapshot))
    return Validation(*counts, tuple(sorted(set(problems))), tuple(general), warnings)


def _nothing_acts(root: Path, snapshot: Snapshot) -> Iterator[str]:
    """Yield a warning for every entry of a kind that names neither a file of the repository nor a program."""
    for name, kind in sorted(snapshot.kinds.items()):
        for action, does in sorted(kind.actions.items()):
            path = f"{from_here(f'{KINDS}/{name}.yaml')}: {action}"
            if kind.handler == "shell" and not _is_program(root, does[0]):
                yield f"{path}: there is no file {does[0]} in the repository, and no such program on the path"
            if kind.handler == "ansible" and not (root / does).is_file():
                yield f"{path}: there is no playbook {does}"


def _is_program(root: Path, word: str) -> bool:
    return (root / word).is_file() if "/" in word else shutil.which(word) is not None


def _all_staged(workspace: Workspace, snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return the staging area as it would be after staging everything."""
    names = frozenset({*snapshot.defined, *snapshot.staged})
    wanted = desired_state(workspace.config, snapshot, names)
    return {name: resource for name, resource in wanted.items() if resource is not None}


def _wrong_with(
    workspace: Workspace, snapshot: Snapshot, applied: Dict[Name, Applied], paths: Dict[Name, str]
) -> Tuple[Tuple[Problem, ...], Optional[StagectlError]]:
    """Return what is wrong with a staging area: problems with their places, or an error without one."""
    try:
        situation = workspace.situation(snapshot, applied)
        troubles = all_troubles(everything(situation))
        if troubles:
            raise locate_troubles(ImpossiblePlan(troubles), snapshot, paths)
        make_plan(situation, Selection())
    except InvalidFiles as error:
        return tuple(error.problems), None
    except StagectlError as error:
        return (), error
    return (), None
