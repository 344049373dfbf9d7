"""A commit in a folder of its own, for actions that run where nothing is edited."""

from __future__ import annotations

import math
from pathlib import Path

from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.remote.remote import ASK_SECONDS, Remote
from stagectl.adapters.running.lock import moment
from stagectl.core.model import Oid

_LOCK = "checkout.lock"  # keeps other workers out: git fails where it finds another working tree half made
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


def checkout(git: Git, commit: Oid, remote: str, folder: Path) -> None:
    """Check out a commit into a folder that is not there yet, fetched from the remote if it is not here either.

    Raises GitError. The folder is a working tree of its own beside the clone's, which is left alone. Its name should be
    unlike all others, because git registers it by that.
    """
    with moment(git.scratch(), _LOCK, math.inf):
        if git.find(commit) is None:
            _fetch(git, commit, remote)
        git.run(*_NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(folder), commit)


def _fetch(git: Git, commit: Oid, remote: str) -> None:
    if remote in git.remotes():
        try:
            Remote(git, remote).bring(commit)
        except GitError as error:  # some servers give branches only
            options = ("--quiet", "--no-write-fetch-head", "--end-of-options")
            if git.try_run("fetch", *options, remote, env={"GIT_TERMINAL_PROMPT": "0"}, seconds=ASK_SECONDS)[0]:
                raise GitError(f"{remote} does not answer: {error.message}") from None
    if git.find(commit) is None:
        raise GitError(f"the commit {commit[:12]} is neither here nor on {remote}", "push it, and apply again")


def remove_checkout(git: Git, folder: Path) -> None:
    """Remove what `checkout` made."""
    with moment(git.scratch(), _LOCK, math.inf):
        git.run("worktree", "remove", "--force", "--force", str(folder), check=False)
