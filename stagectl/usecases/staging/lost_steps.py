"""Moves by hand: the next one must not forget a step that was never applied, nor the new name the old one."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.alike import move_hint, pair_names
from stagectl.core.errors import Flaw, InvalidFiles, Problem
from stagectl.core.model import Applied, Name, Resource, staged_path
from stagectl.core.planning.moves import names_before, new_claims, together
from stagectl.core.schemas.schema import FRONT
from stagectl.core.values import digest
from stagectl.usecases.staging.desired import Desired


def claimed_names(snapshot: Snapshot) -> FrozenSet[Name]:
    """Return every name that a definition or a staged file says it had."""
    resources = [*snapshot.defined.values(), *snapshot.staged.values()]
    return frozenset(old for resource in resources for old in resource.moved_from)


def with_steps(names: FrozenSet[Name], snapshot: Snapshot, applied: Mapping[Name, Applied]) -> FrozenSet[Name]:
    """Return names with those of what was staged, never applied, and has another one now: neither goes alone."""
    steps = {
        name: next((old for old in one.moved_from if _is_step(snapshot, name, old, applied)), name)
        for name, one in snapshot.defined.items()
        if one.moved_from
    }
    return together(steps, names)


def _is_step(snapshot: Snapshot, name: Name, old: Name, applied: Mapping[Name, Applied]) -> bool:
    """Return whether what is staged under an old name goes on under another one; that name may be another's by now."""
    staged, defined = snapshot.staged.get(old), snapshot.defined.get(old)
    if staged is None or defined is None or applied.get(old, Applied()).live:
        return staged is not None and defined is None and not applied.get(old, Applied()).live
    is_new = old in new_claims(snapshot.defined[name].moved_from, names_before(applied, name))
    return is_new and bool(_lost_names(staged, defined.moved_from, applied))


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
    return [
        move_hint(old, new, f", and {old if old in desired else new[0]} alone is staged")
        for old, new in find_renamed(snapshot, applied).items()
        if any((old in desired) != (one in desired) for one in new)
    ]


def renamed_hint(found: Mapping[Name, Tuple[Name, ...]]) -> str:
    """Return what to do where files were renamed, and what reads them was not; "" where none was."""
    if len(found) == 1:
        return "; ".join(move_hint(old, new) for old, new in found.items())
    pairs = [f"{' or '.join(new[:3])} looks like {old} moved" for old, new in list(found.items())[:3]]
    more = f", and {len(found) - 3} more" if len(found) > 3 else ""
    todo = "to keep what is applied, write 'moved_from: OLD_NAME' into each, and the new names into what reads them"
    return f"{', '.join(pairs)}{more}; {todo}" if pairs else ""


def find_renamed(snapshot: Snapshot, applied: Mapping[Name, Applied]) -> Dict[Name, Tuple[Name, ...]]:
    """Return the names of what is live and whose file is gone, each with that of the new file that says the same.

    Where several say it, and none has the more similar name, with all of these.
    """
    gone = [one for name, one in sorted(snapshot.staged.items()) if one.source and name not in snapshot.defined]
    gone = [one for one in gone if applied.get(one.name, Applied()).live]
    fresh = [
        one for name, one in sorted(snapshot.defined.items()) if name not in snapshot.staged and not one.moved_from
    ]
    if not gone or not fresh:
        return {}
    found: Dict[Name, Tuple[Name, ...]] = {}
    for saying in (_words, _values):  # the same words mean others of their own folders, where these were renamed
        alike: Dict[Tuple[str, object], Tuple[List[Name], List[Name]]] = {}
        for side, resources in enumerate((gone, fresh)):
            for one in resources:
                alike.setdefault((one.kind, saying(one)), ([], []))[side].append(one.name)
        pairs = [pair for old, new in alike.values() if new for pair in pair_names(old, new).items()]
        found.update(pairs)
        gone = [one for one in gone if one.name not in found]
        fresh = [one for one in fresh if (one.name,) not in found.values()]
    return dict(sorted(found.items()))


def _words(resource: Resource) -> bytes:
    """Return what stands behind the front matter of a file."""
    return resource.content.partition(b"\n---")[2]


def _values(resource: Resource) -> str:
    return digest(dict(resource.inputs))
