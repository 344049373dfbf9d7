"""`move`: rename a resource without removing it; everything that names it is rewritten."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Set, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.adapters.yamlfile.names import renamed
from stagectl.core.errors import StagectlError
from stagectl.core.model import NAME, Applied, Name, Resource, staged_path
from stagectl.core.planning.moves import counting_claims
from stagectl.core.plans.selection import Selection
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.define import named, path_of
from stagectl.usecases.staging.definitions import refuse_expanded
from stagectl.usecases.staging.stage import stage

AppliedStates = Mapping[Name, Applied]


def move(workspace: Workspace, old: str, new: str) -> Staging:
    """Rename a resource and stage it, with everything that names it, in one commit.

    A move that is not applied yet is taken back by moving back.
    """
    snapshot = workspace.snapshot(definitions=True)
    name = named(snapshot, old)
    if not NAME.fullmatch(new):
        raise StagectlError(f"'{new}' is no name for a resource", "letters, digits, '_' and '-', folders with '/'")
    _, applied = workspace.applied()
    if new in snapshot.defined or new in snapshot.staged or not _is_free(snapshot, applied, Name(new)):
        raise StagectlError(f"{new} exists already", "move to a name that nothing has")
    edits, touched = move_edits(snapshot, applied, name, Name(new))
    refuse_expanded(snapshot, edits, "moving")
    return stage(workspace, Selection(touched), edits=edits)


def _is_free(snapshot: Snapshot, applied: AppliedStates, name: Name) -> bool:
    """Return whether nothing is live under a name, or what is will have another one."""
    is_live = name in applied and applied[name].live
    return not is_live or name in counting_claims({**snapshot.staged, **snapshot.defined}, applied).values()


def move_edits(
    snapshot: Snapshot, applied: AppliedStates, old: Name, new: Name
) -> Tuple[Dict[str, Optional[bytes]], Tuple[Name, ...]]:
    """Return the files of a move, None for one that goes, and the names of all whose files they are."""
    path = path_of(snapshot, old)
    new_path = staged_path(new) if path == staged_path(old) else f"{path[: -len(old + '.yaml')]}{new}.yaml"
    edits: Dict[str, Optional[bytes]] = {path: None, new_path: _moved(snapshot, applied, old, new)}
    touched = [old, new]
    for name in sorted((_readers(snapshot.staged, old) | _readers(snapshot.defined, old)) - {old}):
        reader = path_of(snapshot, name)
        edits[reader] = renamed(snapshot.files[reader], name, name, {old: new})
        touched.append(name)
    return edits, tuple(touched)


def _readers(resources: Mapping[Name, Resource], old: Name) -> Set[Name]:
    return {name for name, resource in resources.items() if old in resource.parents | frozenset(resource.unordered)}


def _moved(snapshot: Snapshot, applied: AppliedStates, old: Name, new: Name) -> bytes:
    """Return the moved file: its relative names mean what they meant, and it says what it was called before."""
    data = renamed(snapshot.files[path_of(snapshot, old)], old, new, {old: new})
    before = (snapshot.defined.get(old) or snapshot.staged[old]).moved_from
    after = _claims(snapshot, applied, old, new, before)
    if after == before:
        return data
    value = after[0] if len(after) == 1 else list(after)
    return edit(data, [Edit(FRONT, ("moved_from",), value, delete=not after)])


def _claims(
    snapshot: Snapshot, applied: AppliedStates, old: Name, new: Name, before: Tuple[Name, ...]
) -> Tuple[Name, ...]:
    """Return the names that a moved resource had, newest first: those that something is live under, here or elsewhere.

    A name that was never applied is none of them; neither is one that another resource has now.
    """
    back = applied[new].resource if new in applied and new in before else None
    if back is not None:
        return back.moved_from
    is_live = (
        old in applied
        and applied[old].live
        and old not in counting_claims({**snapshot.staged, **snapshot.defined}, applied)
    )
    names: List[Name] = [old] if is_live else []
    names += [name for name in before if name != new and name not in {**snapshot.staged, **snapshot.defined}]
    return tuple(names)
