"""Moves by hand, step upon step: one that was staged and never applied must not be forgotten by the next."""

from __future__ import annotations

from typing import FrozenSet, List, Mapping, Optional, Sequence

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import Flaw, InvalidFiles, Problem
from stagectl.core.model import Applied, Name, Resource, staged_path
from stagectl.core.planning.claims import names_before, new_claims, together
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.staging.desired import Desired


def claimed_names(snapshot: Snapshot) -> FrozenSet[Name]:
    """Return every name that a definition or a staged file says it had."""
    resources = [*snapshot.defined.values(), *snapshot.staged.values()]
    return frozenset(old for resource in resources for old in resource.moved_from)


def with_steps(names: FrozenSet[Name], snapshot: Snapshot, applied: Mapping[Name, Applied]) -> FrozenSet[Name]:
    """Return names with those of what was staged, never applied, and has another one now: neither goes alone."""
    steps = {
        name: next((old for old in one.moved_from if _is_step(snapshot, old, applied)), name)
        for name, one in snapshot.defined.items()
        if one.moved_from
    }
    return together(steps, names)


def _is_step(snapshot: Snapshot, old: Name, applied: Mapping[Name, Applied]) -> bool:
    return old in snapshot.staged and old not in snapshot.defined and not applied.get(old, Applied()).live


def refuse_lost_steps(snapshot: Snapshot, desired: Desired, applied: Mapping[Name, Applied]) -> None:
    """Raise InvalidFiles where a resource claims what was never applied, and leaves out what that one claimed."""
    problems: List[Problem] = []
    for name, resource in sorted(desired.items()):
        claimed = resource.moved_from if resource is not None else ()
        for step in new_claims(claimed, names_before(applied, name)):
            after = desired[step] if step in desired else snapshot.defined.get(step)
            kept = after.moved_from if after is not None else ()
            lost = _lost_names(snapshot.staged.get(step), (*claimed, *kept), applied)
            if lost:
                path = snapshot.definition_paths.get(name, staged_path(name))
                message = f"{step} was never applied, and was moved itself: write [{', '.join((step, *lost))}]"
                problems.append(snapshot.problem(path, Flaw(FRONT, ("moved_from",), message), name))
    if problems:
        raise InvalidFiles(problems)


def _lost_names(step: Optional[Resource], claimed: Sequence[Name], applied: Mapping[Name, Applied]) -> List[Name]:
    """Return the live names that a step on the way claimed, and nothing at its end does."""
    if step is None or applied.get(step.name, Applied()).live:
        return []
    live = {old for old in step.moved_from if applied.get(old, Applied()).live}
    return sorted(live - frozenset(claimed))
