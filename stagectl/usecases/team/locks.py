"""`locks`, `lock` and `unlock`: who may not apply now, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, FrozenSet

from stagectl.adapters.remote.remote_lock import LockRef, drop, look_at_locks, new_lock, take
from stagectl.adapters.running import lock as machine
from stagectl.core.errors import StagectlError, UsageError
from stagectl.core.locks import WHOLE, Lock, Portion
from stagectl.core.model import NAME, Name
from stagectl.core.pictures.reports import Locks
from stagectl.core.plans.selection import Selection, World, select
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.planning.names import choose_from
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import remote_of


def locks(workspace: Workspace) -> Locks:
    """Return who holds what on this machine, and on the remote; raises StagectlError if it does not answer."""
    here = tuple((other.words, other.part) for other in machine.holders(workspace.git.own_scratch()))
    if workspace.config.remote not in workspace.git.remotes():
        return Locks(here, "")
    at = _lock_ref(workspace)
    return Locks(here, at.remote.name, look_at_locks(at).holders)


def _lock_ref(workspace: Workspace) -> LockRef:
    return LockRef(remote_of(workspace), workspace.config.lock_ref)


def lock(workspace: Workspace, reason: str, selection: Selection, note: Callable[[str], None]) -> Lock:
    """Lock what is selected (nothing: all there is) on the remote until it is unlocked; raises Busy where it is."""
    if not reason.strip():
        raise UsageError("say why, for those who wait: --reason TEXT")
    part = _part(workspace, selection)
    wanted = new_lock(workspace.git.check_identity(), reason, 0, part=part)
    return take(_lock_ref(workspace), wanted, note).newest(wanted)


def _part(workspace: Workspace, selection: Selection) -> Portion:
    """Return what a selection locks: what it means now, and what fits the same words later."""
    if not (selection.names or selection.tags):
        return WHOLE
    later = all(NAME.fullmatch(name.replace("*", "x").replace("?", "x")) for name in selection.names)
    words = selection if later else Selection()  # what graph operators mean later is not known
    chosen = quickest(
        "lock",
        lambda: choose_from(read_incrementally(workspace), selection),
        lambda: _choose_in_full(workspace, selection),
    )
    return Portion(chosen, names=words.names, tags=words.tags)


def _choose_in_full(workspace: Workspace, selection: Selection) -> FrozenSet[Name]:
    """Return what words mean now, also of what is only defined."""
    snapshot = workspace.snapshot(definitions=True)
    _, applied = workspace.applied_state()
    live = {name: state.resource for name, state in applied.items() if state.resource}
    tags = {name: state.tags for name, state in applied.items() if name not in {**snapshot.staged, **snapshot.defined}}
    world = World.of(snapshot.staged, snapshot.defined, live, tags=tags, vocabulary=workspace.config.vocabulary)
    return select(replace(selection, names=selection.of_resources(world).names), world) or frozenset()


def unlock(workspace: Workspace, identity: str) -> Lock:
    """Take a lock away from its holder, and return it; raises StagectlError if there is none, or another one."""
    at = _lock_ref(workspace)
    remote, board = at.remote, drop(at, identity)
    found = board.find(identity)
    if found is not None:
        return found
    if not board.holders:
        raise StagectlError(f"the lock on {remote.name} is not held", "nothing to do")
    others = "; ".join(f"{lock.id}, of {lock.holder}: {lock.purpose}" for lock in board.holders)
    is_one = len(board.holders) == 1
    what = f"the lock on {remote.name} is another one" if is_one else f"the locks on {remote.name} are others"
    raise StagectlError(f"{what}: {others}", "look again: stagectl locks")
