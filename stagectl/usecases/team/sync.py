"""`sync`: bring the applied branch here and on the remote in step; what both did is put together where it can be."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from stagectl.adapters.applied.replay import keep
from stagectl.adapters.git.git import GitError, GitLocked
from stagectl.adapters.remote.remote import Note, Remote
from stagectl.adapters.running.lock import BRANCH, moment, only_one
from stagectl.core.errors import StagectlError
from stagectl.core.model import Oid
from stagectl.core.pictures.reports import SharedCommit, Syncing
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import applied_ref, fetch, push, remote_of, tracking_ref
from stagectl.usecases.team.together import commits_since, put_on_top

TRIES = 5  # how often a push is tried again where another clone was faster


def sync(workspace: Workspace, note: Note = lambda text: None) -> Syncing:
    """Fetch the applied branch, put what only this clone has on top, and push; raises StagectlError.

    Where both changed the same resource nothing moves, and the result names it. note gets what is waited for.
    """
    remote = remote_of(workspace, note)
    if workspace.git.branch() == applied_ref(workspace):
        raise StagectlError(f"{workspace.config.applied_branch} is checked out here", "go back to your own branch")
    scratch = workspace.git.own_scratch()
    with only_one(scratch, "sync"), moment(scratch, BRANCH):
        before = workspace.git.find(applied_ref(workspace)) or workspace.git.find(tracking_ref(workspace))
        done = Syncing(remote.name, workspace.config.applied_branch)
        for _ in range(TRIES):
            theirs = _theirs(workspace, remote)
            done, is_over = _step(workspace, remote, done._replace(fetched=()), theirs)
            done = done._replace(fetched=tuple(commits_since(workspace.git, theirs, before)))
            if is_over:
                return done
    raise StagectlError(f"the applied branch keeps moving on {remote.name}", "try again: stagectl sync")


def _theirs(workspace: Workspace, remote: Remote) -> Optional[Oid]:
    try:
        return fetch(workspace, remote)
    except GitLocked:  # it did answer
        raise
    except GitError as error:
        raise GitError(
            f"{remote.name} does not answer: {error.message}", "nothing moved; try again: stagectl sync"
        ) from None


def _step(workspace: Workspace, remote: Remote, done: Syncing, theirs: Optional[Oid]) -> Tuple[Syncing, bool]:
    """Try once to get in step; return what was done, and whether it is over: it is not if another clone was faster."""
    git, ours = workspace.git, workspace.git.find(applied_ref(workspace))
    known = theirs or git.find(tracking_ref(workspace))  # a branch that the remote lost is not lost here
    new = ours or known
    if new is None:
        return done, True
    if ours is not None and known is not None:
        if git.is_ancestor(ours, known):
            new = known
        elif not git.is_ancestor(known, ours):
            done, merged = _merge(workspace, done, ours, known)
            if merged is None:
                return done, True
            new = merged
    if not _move(workspace, new):
        return done, False
    pushed = tuple(commits_since(git, new, theirs))
    if new != theirs and not push(workspace, remote, new, theirs):
        return done, False
    return done._replace(commit=new, pushed=pushed), True


def _move(workspace: Workspace, new: Oid) -> bool:
    """Move the branch here; return whether no other process did."""
    git, ref = workspace.git, applied_ref(workspace)
    local = git.find(ref)
    return local == new or git.move_ref(ref, new, local, "sync")


def _merge(workspace: Workspace, done: Syncing, ours: Oid, theirs: Oid) -> Tuple[Syncing, Optional[Oid]]:
    """Put what only this clone has on top of what the remote has; None where both changed the same resource."""
    git = workspace.git
    found = put_on_top(git, ours, theirs, f"{applied_ref(workspace)} here and on {done.remote}")
    if found.conflicts:
        ref = keep(git, ours, found.mine[-1].run)  # a reset to theirs would lose it
        return done._replace(conflicts=found.conflicts, ours=found.mine, theirs=found.others, kept=ref), None
    # What a second round puts on top again is reported under the commit it first had.
    first: Dict[Oid, SharedCommit] = {new: old for old, new in done.replayed}
    replayed = tuple((first.get(commit.commit, commit), found.became[commit.commit]) for commit in found.mine)
    return done._replace(replayed=replayed), found.tip
