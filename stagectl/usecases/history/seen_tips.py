"""The tips of the applied branch that this clone saw: one that is gone shows that the branch was rewritten."""

from __future__ import annotations

import errno
from typing import Iterator, List, Sequence, Tuple

from stagectl.adapters.applied.replay import kept_commits, replayed_commits
from stagectl.adapters.git.git import Git
from stagectl.adapters.running import journal as journals
from stagectl.adapters.running import run_folders
from stagectl.core.model import Oid
from stagectl.core.pictures.reports import Finding
from stagectl.usecases.repository.workspace import Workspace


def find_rewritten(workspace: Workspace, chain: Sequence[Oid]) -> Tuple[List[Finding], List[Finding]]:
    """Return the tips that an earlier verification or a run on this machine saw, and that are not there now.

    Apart from them, those that were given up here for what others applied: a ref of this clone keeps them.
    """
    scratch = workspace.git.own_scratch()
    seen = dict(_recorded_tips(workspace, run_folders.run_ids(scratch)))
    verified = scratch / "verified-tip"
    if verified.exists():
        seen["an earlier verification"] = Oid(verified.read_text(encoding="ascii").strip())
    known, became, kept = set(chain), replayed_commits(workspace.git), kept_commits(workspace.git)
    gone, given_up = [], []
    for where, commit in sorted(seen.items()):
        now = commit
        while now not in known and now in became:
            now = became[now]
        if now in kept - known:
            given_up.append(
                Finding(commit, f"{where} recorded this commit, and it was given up for what others applied")
            )
        elif now not in known:
            gone.append(Finding(commit, f"{where} saw this commit, and it is gone: the branch was rewritten"))
    return gone, given_up


def _recorded_tips(workspace: Workspace, runs: Sequence[str]) -> Iterator[Tuple[str, Oid]]:
    for run in runs:
        commit = journals.commit_of(workspace.git.own_scratch(), run)
        if commit is not None:
            yield f"run {run}", commit


def remember_verified(git: Git, tip: Oid) -> None:
    """Note the tip that was verified, where anything may be written."""
    try:
        (git.own_scratch() / "verified-tip").write_text(f"{tip}\n", encoding="ascii")
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):  # what may only be read is verified as well
            raise
