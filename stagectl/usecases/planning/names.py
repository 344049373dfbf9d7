"""Names in questions about resources: whether they exist, and which ones they are now."""

from __future__ import annotations

from typing import Optional

from stagectl.adapters.applied.index import open_index
from stagectl.core.model import NAME, Name, split_change, staged_path
from stagectl.core.planning.scoping import world_of
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection, World, match_names
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.repository.workspace import Workspace


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
    tip = workspace.branch.tip if base is None else workspace.applied_commit(base)
    if workspace.git.cache() is None or not NAME.fullmatch(name):
        return False
    index = open_index(workspace.git, tip) if tip is not None else None
    lines = index.lines([Name(name)]) if index is not None else {}
    if any(line.oid is not None for line in lines.values()):
        return True
    if head is None:
        return (workspace.root / staged_path(name)).is_file()
    return workspace.git.look_up([workspace.git.at(workspace.git.resolve(head), staged_path(name))]) != [None]


def check_name(
    workspace: Workspace, plan: Plan, name: str, head: Optional[str] = None, base: Optional[str] = None
) -> None:
    """Raise StagectlError for a name that does not exist; where it seems not to, everything is read."""
    if all(change.resource != name for change in plan.changes) and not is_known(workspace, name, head, base):
        match_names(name, _world(workspace, head, base))


def _world(workspace: Workspace, head: Optional[str] = None, base: Optional[str] = None) -> World:
    return world_of(workspace.situation(workspace.snapshot(head), workspace.applied_state(base)[1]))
