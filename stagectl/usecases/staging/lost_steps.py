"""Moves by hand, step upon step: one that was staged and never applied must not be forgotten by the next."""

from __future__ import annotations

from typing import FrozenSet, List, Mapping, Optional

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import Flaw, InvalidFiles, Problem
from stagectl.core.model import Applied, Name, Resource, staged_path
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.staging.desired import Desired


def claimed_names(snapshot: Snapshot) -> FrozenSet[Name]:
    """Return every name that a definition or a staged file says it had."""
    resources = [*snapshot.defined.values(), *snapshot.staged.values()]
    return frozenset(old for resource in resources for old in resource.moved_from)


def refuse_lost_steps(snapshot: Snapshot, desired: Desired, applied: Mapping[Name, Applied]) -> None:
    """Raise InvalidFiles where a resource claims what was never applied, and leaves out what that one claimed."""
    problems: List[Problem] = []
    for name, resource in sorted(desired.items()):
        for step in resource.moved_from if resource is not None else ():
            is_going = step not in snapshot.defined if step not in desired else desired[step] is None
            lost = _lost_names(snapshot.staged.get(step), resource, applied) if is_going else []
            if lost:
                path = snapshot.definition_paths.get(name, staged_path(name))
                message = f"{step} was never applied, and was moved itself: write [{', '.join((step, *lost))}]"
                problems.append(snapshot.problem(path, Flaw(FRONT, ("moved_from",), message), name))
    if problems:
        raise InvalidFiles(problems)


def _lost_names(step: Optional[Resource], resource: Optional[Resource], applied: Mapping[Name, Applied]) -> List[Name]:
    """Return the live names that a step on the way claimed, and that the resource at its end does not."""
    if step is None or resource is None or applied.get(step.name, Applied()).live:
        return []
    live = {old for old in step.moved_from if applied.get(old, Applied()).live}
    return sorted(live - frozenset(resource.moved_from))
