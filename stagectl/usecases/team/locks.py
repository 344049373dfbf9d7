"""`locks`, `lock` and `unlock`: who may not apply now, and why."""

from __future__ import annotations

import socket
from typing import Callable

from stagectl.adapters.remote.remote_lock import TRIES, look_at_lock, new_lock, take
from stagectl.adapters.running import lock as machine
from stagectl.core.errors import StagectlError, UsageError
from stagectl.core.locks import Lock
from stagectl.core.pictures.reports import Locks
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import remote_of


def locks(workspace: Workspace) -> Locks:
    """Return who holds the lock of this machine, and that on the remote; raises StagectlError if it does not answer."""
    here = machine.holder(workspace.git.own_scratch())
    if workspace.config.remote not in workspace.git.remotes():
        return Locks(here, "")
    remote = remote_of(workspace)
    seen = look_at_lock(remote, workspace.config.lock_ref)
    return Locks(here, remote.name, seen.lock if seen else None)


def lock(workspace: Workspace, reason: str, note: Callable[[str], None]) -> Lock:
    """Lock the remote until it is unlocked; raises StagectlError if the lock is held."""
    if not reason.strip():
        raise UsageError("say why, for those who wait: --reason TEXT")
    wanted = new_lock(workspace.git.check_identity(), socket.gethostname(), reason, 0)
    return take(remote_of(workspace), workspace.config.lock_ref, wanted, note).lock


def unlock(workspace: Workspace, identity: str) -> Lock:
    """Take a lock away from its holder, and return it; raises StagectlError if there is none, or another one."""
    remote, ref = remote_of(workspace), workspace.config.lock_ref
    for _ in range(TRIES):
        seen = look_at_lock(remote, ref)
        if seen is None:
            raise StagectlError(f"the lock on {remote.name} is not held", "nothing to do")
        if seen.lock.id != identity:
            raise StagectlError(
                f"the lock on {remote.name} is another one: {seen.lock.id}, of {seen.lock.holder}: {seen.lock.purpose}",
                "look again: stagectl locks",
            )
        if remote.swap(ref, None, seen.commit) is None:
            return seen.lock
    raise StagectlError(f"the lock {identity} is renewed all the time", "unlock it again")
