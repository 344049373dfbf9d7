"""Which resources a selection means: found in the index, and in all files only where that is not certain."""

from __future__ import annotations

from typing import Dict, FrozenSet, Optional

from stagectl.adapters.applied.index import Index, open_index
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import NAME, Applied, Name, Oid
from stagectl.core.planning.scoping import world_of
from stagectl.core.plans.selection import Selection, World, select
from stagectl.usecases.planning.incremental import IncrementalRead, quickest, read_incrementally, with_bytes
from stagectl.usecases.repository.workspace import Workspace


def choose(workspace: Workspace, selection: Selection) -> FrozenSet[Name]:
    """Return the resources that words mean, staged or applied; raises StagectlError for what nothing has."""

    def in_full() -> FrozenSet[Name]:
        situation = workspace.situation(workspace.snapshot(), workspace.applied_state()[1])
        return select(selection, world_of(situation)) or frozenset()

    return quickest("the selection", lambda: choose_from(read_incrementally(workspace), selection), in_full)


def choose_from(found: IncrementalRead, selection: Selection) -> FrozenSet[Name]:
    """Return the resources that words mean, staged or applied; raises ReadInFull where all files have to explain it."""
    names = frozenset(map(Name, selection.names))
    if names and not selection.tags and all(map(NAME.fullmatch, names)) and not found.has_moves():
        known = {name for name, line in found.index.lines(names).items() if line.oid is not None}
        if names == known | {name for name in names if found.changed.get(name) is not None}:
            return names  # and no other is looked at
    world = found.world(selection)
    if world is None:
        raise ReadInFull("it is about everything")
    return _select(selection, world)


def choose_live(workspace: Workspace, selection: Selection) -> Dict[Name, Applied]:
    """Return the live resources that words mean, with the bytes of their files; raises ReadInFull."""
    if not (selection.names or selection.tags):
        raise ReadInFull("it is about everything")
    index = index_of(workspace, workspace.branch.tip)
    parents = index.parents() if any("+" in name for name in selection.names) else {}
    words = frozenset(workspace.config.vocabulary)
    chosen = _select(selection, World(index.tags(live_only=True), parents, index.claims(), words))
    return with_bytes(workspace, dict(sorted(index.states(chosen).items())))


def _select(selection: Selection, world: World) -> FrozenSet[Name]:
    try:
        return select(selection, world) or frozenset()
    except StagectlError as error:
        raise ReadInFull(error.message) from None


def index_of(workspace: Workspace, commit: Optional[Oid]) -> Index:
    """Return the index of an applied commit; raises ReadInFull where there is none that counts."""
    if workspace.git.cache() is None:
        raise ReadInFull("STAGECTL_CACHE=off")
    index = open_index(workspace.git, commit) if commit is not None else None
    if index is None:
        raise ReadInFull("the applied commit has no index of its state" if commit else "nothing is applied")
    return index
