"""Applied commits that no branch has: a ref of their own keeps each of them, for git throws away what has no name."""

from __future__ import annotations

from typing import FrozenSet

from stagectl.adapters.git.git import Git, GitError
from stagectl.core.model import Oid

KEPT = "refs/stagectl/kept"  # of this clone; nothing fetches or pushes it


def keep(git: Git, commit: Oid, run: str) -> str:
    """Give a commit a ref, named by its run, and return that; a later commit of the same run takes its place."""
    ref = f"{KEPT}/{run or commit[:12]}"
    if not git.move_ref(ref, commit, git.find(ref), "kept: it is in no applied branch"):
        raise GitError(f"{ref} keeps moving", "try again")
    return ref


def kept_commits(git: Git) -> FrozenSet[Oid]:
    """Return the commits that were kept, with those before them."""
    tips = git.run("for-each-ref", "--format=%(objectname)", KEPT).decode().split()
    return frozenset(commit for tip in tips for commit in git.first_parents(Oid(tip)))
