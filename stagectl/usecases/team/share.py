"""Sharing with the team: the lock on the remote, and the applied branch fetched before an apply and pushed after it."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import Callable, Iterator, List, Optional, TypeVar

from stagectl.adapters.git.git import Git, GitError, Locked
from stagectl.adapters.remote import own_locks
from stagectl.adapters.remote.remote import Remote
from stagectl.adapters.remote.remote_lock import Holding, Refused, Seen, new_lock, take
from stagectl.core.errors import StagectlError
from stagectl.core.model import Oid
from stagectl.core.pictures.reports import SharedCommit
from stagectl.usecases.repository.workspace import Workspace

Note = Callable[[str], None]
T = TypeVar("T")


class Alone:
    """An apply that shares nothing: there is no remote, or --offline was given."""

    def begin(self, run: str) -> None:
        """Learn the run."""

    def lost(self) -> str:
        """Return why nothing more may start, "" while nothing speaks against it."""
        return ""

    def publish(self) -> str:
        """Share the applied branch; return why that did not work, "" when it did."""
        return ""


class Shared(Alone):
    """An apply that holds the lock on the remote and has what all others applied."""

    def __init__(self, workspace: Workspace, remote: Remote, holding: Holding, theirs: Optional[Oid]) -> None:
        self._workspace, self._remote, self._holding, self._theirs = workspace, remote, holding, theirs

    def begin(self, run: str) -> None:
        """Put the run's name on the lock; raises Locked if it is lost already."""
        self._holding.name_run(run)

    def lost(self) -> str:
        """Return that the lock is lost, and why."""
        why = self._holding.assured()
        return f"the lock on {self._remote.name} was lost: {why}" if why else ""

    def publish(self) -> str:
        """Push the applied branch; return why that did not work, "" when it did."""
        git, ref = self._workspace.git, applied_ref(self._workspace)
        ours = git.find(ref)
        if ours is None or ours == self._theirs or (self._theirs and git.is_ancestor(ours, self._theirs)):
            return ""
        try:
            if push(self._workspace, self._remote, ours, self._theirs):
                return ""
            theirs = fetch(self._workspace, self._remote)
        except StagectlError as error:
            return error.message
        others = ", ".join(commit.named for commit in commits_since(git, theirs, ours)) or "an unknown change"
        return f"{ref} moved on {self._remote.name} meanwhile: {others}"


@contextmanager
def shared(workspace: Workspace, what: str, note: Note, *, offline: bool) -> Iterator[Alone]:
    """Hold the lock on the remote, and have its applied branch fetched; nothing of it without a remote, or offline.

    Raises Locked where another holds it, and GitError when the remote does not answer. The caller reads the
    applied branch anew.
    """
    if offline or workspace.config.remote not in workspace.git.remotes():
        yield Alone()
        return
    if not workspace.branch.is_known:
        workspace.refuse_unfetched()
    remote = remote_of(workspace, note)
    seen = _or_offline(remote, lambda: _take(workspace, remote, what, note))
    holding = Holding(remote, workspace.config.lock_ref, seen)
    try:
        yield Shared(workspace, remote, holding, _or_offline(remote, lambda: fetch(workspace, remote)))
    finally:
        if _is_released(remote, holding, note):
            own_locks.note_own(workspace.git.own_scratch(), ())


def _take(workspace: Workspace, remote: Remote, what: str, note: Note) -> Seen:
    """Take the lock on the remote, also from a process of this clone that left it: the caller is the only one now."""
    scratch = workspace.git.own_scratch()
    lock = new_lock(workspace.git.check_identity(), socket.gethostname(), what, workspace.config.lock_term)
    left = own_locks.find_left_locks(scratch)
    own_locks.note_own(scratch, {*left, lock.id})
    seen = take(remote, workspace.config.lock_ref, lock, note, left)
    own_locks.note_own(scratch, {lock.id})
    return seen


def _or_offline(remote: Remote, ask: Callable[[], T]) -> T:
    """Return what a remote answers; raises GitError with the way out when it does not."""
    try:
        return ask()
    except (Refused, Locked):
        raise
    except GitError as error:
        raise GitError(
            f"{remote.name} does not answer: {error.message}",
            "--offline applies without it; share that later with: stagectl sync",
        ) from None


def _is_released(remote: Remote, holding: Holding, note: Note) -> bool:
    """Give the lock back, unless it was lost; return whether it is held from here no more."""
    try:
        holding.release()
    except GitError as error:
        note(f"warning: the lock on {remote.name} could not be given back, and ends with its term: {error.message}")
        return False
    if holding.lost:
        note(f"warning: the lock on {remote.name} was lost: {holding.lost}; nothing more was started")
    return True


# --- the applied branch, here and there


def remote_of(workspace: Workspace, note: Note = lambda text: None) -> Remote:
    """Return the remote that the team shares; raises StagectlError if this clone has none.

    note: gets what is waited for.
    """
    name = workspace.config.remote
    if name not in workspace.git.remotes():
        raise StagectlError(
            f"there is no remote '{name}' here",
            f"add it: git remote add {name} URL; or name another one in stagectl.yaml: remote",
        )
    return Remote(workspace.git, name, workspace.config.remote_timeout, note)


def applied_ref(workspace: Workspace) -> str:
    """Return the full name of the applied branch, the same here and on the remote."""
    return f"refs/heads/{workspace.config.applied_branch}"


def tracking_ref(workspace: Workspace) -> str:
    """Return the full name of the copy of the remote's applied branch."""
    return f"refs/remotes/{workspace.config.remote}/{workspace.config.applied_branch}"


def fetch(workspace: Workspace, remote: Remote) -> Optional[Oid]:
    """Fetch the applied branch, and nothing else, into its remote-tracking branch; None if the remote has none."""
    return remote.fetch(applied_ref(workspace), tracking_ref(workspace))


def push(workspace: Workspace, remote: Remote, new: Oid, expected: Optional[Oid]) -> bool:
    """Push an applied commit that contains what the remote had; return whether no other clone was faster."""
    if remote.advance(applied_ref(workspace), new, expected) != new:
        return False
    tracking = tracking_ref(workspace)
    workspace.git.move_ref(tracking, new, workspace.git.find(tracking), "push")  # where no fetch rule has git do it
    return True


def commits_since(git: Git, tip: Optional[Oid], known: Optional[Oid]) -> List[SharedCommit]:
    """Return the applied commits of *tip* that *known* does not have, the oldest first."""
    if tip is None:
        return []
    before = set(git.first_parents(known)) if known else set()
    new = [commit for commit in git.first_parents(tip) if commit not in before]
    return [_described(git, commit) for commit in reversed(new) if git.parents(commit)]


def _described(git: Git, commit: Oid) -> SharedCommit:
    (fields,) = git.log(["-1", commit], ("%an <%ae>", "%(trailers:only,unfold)"))
    trailers = dict(line.partition(": ")[::2] for line in reversed(fields[1].splitlines()))
    return SharedCommit(commit, trailers.get("Run", ""), trailers.get("Applied-by", fields[0]))
