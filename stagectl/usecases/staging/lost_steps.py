"""Moves by hand: the next one must not forget a step that was never applied, nor the new name the old one."""

from __future__ import annotations

from typing import FrozenSet, List, Mapping, Optional, Sequence

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import Flaw, InvalidFiles, Problem
from stagectl.core.model import Applied, Name, Resource, staged_path
from stagectl.core.planning.claims import names_before, new_claims, together
from stagectl.core.schemas.schema import FRONT
from stagectl.core.values import same
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


def half_renames(snapshot: Snapshot, desired: Desired, applied: Mapping[Name, Applied]) -> List[str]:
    """Return for each file that was renamed, and claims nothing, what to do where one of the names alone is staged."""
    gone = [one for name, one in sorted(snapshot.staged.items()) if one.source and name not in snapshot.defined]
    fresh = [one for name, one in sorted(snapshot.defined.items()) if name not in snapshot.staged]
    alike = [
        (old.name, new.name)
        for old in gone
        for new in fresh
        if old.kind == new.kind and same(dict(old.inputs), dict(new.inputs)) and not new.moved_from
    ]
    return [
        f"{new} looks like {old} moved, and {old if old in desired else new} alone is staged; to keep what is applied: "
        f"add 'moved_from: {old}' to the front matter of {new}, then: stagectl stage {new}"
        for old, new in alike
        if (old in desired) != (new in desired) and applied.get(old, Applied()).live
    ]
