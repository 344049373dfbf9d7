"""Which resources words mean: found in the index, and in all files only where that is not certain."""

from __future__ import annotations

from contextlib import suppress
from typing import Dict, FrozenSet, Optional

from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import NAME, Applied, Name, split_change, staged_path
from stagectl.core.planning.scoping import world_of
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection, World, match_one, select
from stagectl.usecases.planning.incremental import IncrementalRead, index_of, quickest, read_incrementally, with_bytes
from stagectl.usecases.repository.workspace import Workspace


def choose(workspace: Workspace, selection: Selection) -> FrozenSet[Name]:
    """Return the resources that words mean, staged or applied; raises StagectlError for what nothing has."""
    return quickest(
        "the selection",
        lambda: choose_from(read_incrementally(workspace), selection),
        lambda: select(selection, _world(workspace)) or frozenset(),
    )


def choose_from(found: IncrementalRead, selection: Selection) -> FrozenSet[Name]:
    """Return the resources that words mean, staged or applied; raises ReadInFull where all files have to explain it."""
    names = frozenset(map(Name, selection.names))
    if names and not selection.tags and all(map(NAME.fullmatch, names)) and not found.has_moves():
        known = {name for name, line in found.index.lines(names).items() if line.oid is not None}
        if names <= known | found.edited.keys():
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


def name_now(workspace: Workspace, name: str) -> Name:
    """Return what a resource is called now, staged or applied; a name that none ever had stays as it is."""
    if not NAME.fullmatch(name) or (workspace.root / staged_path(name)).is_file():
        return Name(name)

    def incremental_way() -> Name:
        world = read_incrementally(workspace).world(Selection((name,)))
        return world.now(name) if world is not None else Name(name)

    return quickest("names", incremental_way, lambda: _world(workspace).now(name))


def resolve_name(workspace: Workspace, plan: Plan, text: str, head: Optional[str], base: Optional[str]) -> Name:
    """Return the resource that a name or a change id means; raises StagectlError for one that does not exist."""
    name = split_change(text)[0] if "." in text else text
    moved = dict(plan.moved)
    if name in moved:
        return moved[Name(name)]
    check_name(workspace, plan, name, head, base)
    return name_now(workspace, name) if head is None and base is None else Name(name)


def is_known(workspace: Workspace, name: str, head: Optional[str] = None, base: Optional[str] = None) -> bool:
    """Return whether there certainly is a resource, staged or applied; False where that takes reading everything."""
    if workspace.git.cache() is None or not NAME.fullmatch(name):
        return False
    with suppress(ReadInFull):
        index = index_of(workspace, workspace.branch.tip if base is None else workspace.applied_commit(base))
        if any(line.oid is not None for line in index.lines([Name(name)]).values()):
            return True
    if head is None:
        return (workspace.root / staged_path(name)).is_file()
    return workspace.git.look_up([workspace.git.at(workspace.git.resolve(head), staged_path(name))]) != [None]


def check_name(
    workspace: Workspace, plan: Plan, name: str, head: Optional[str] = None, base: Optional[str] = None
) -> None:
    """Raise StagectlError for a name that does not exist; where it seems not to, everything is read."""
    if all(change.resource != name for change in plan.changes) and not is_known(workspace, name, head, base):
        match_one(name, _world(workspace, head, base), "named")


def _world(workspace: Workspace, head: Optional[str] = None, base: Optional[str] = None) -> World:
    return world_of(workspace.situation(workspace.snapshot(head), workspace.applied_state(base)[1]))
