"""Whether something was applied though its branch is nowhere: deleted here and on the remote, or called otherwise."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Optional, Tuple

from stagectl.core.errors import StagectlError
from stagectl.core.model import REMOVE, RENAME, UPDATE, ChangeId, Oid, split_change
from stagectl.core.trailers import trailers_about
from stagectl.usecases.repository.workspace import Workspace

_OF_LIVE = (UPDATE, REMOVE, RENAME)  # what is staged of nothing but what is applied
_SAID = rf"^[ {chr(9)}*-]*Staged: .*[.]({'|'.join(_OF_LIVE)})"
_MOST = 50  # commits of other projects of the repository before one of this


def lost_branch(workspace: Workspace, head: Optional[Oid]) -> Optional[StagectlError]:
    """Return the error for an applied branch that is nowhere, None where there is one, or nothing says there was."""
    if workspace.branch.tip is not None or head is None:
        return None
    branch = workspace.config.applied_branch
    run, commit = _recorded(workspace.git.own_place)
    why = f"run {run} recorded {commit[:12]} here" if commit is not None else _staged_of_live(workspace, head)
    if not why:
        return None
    is_here = commit is not None and workspace.git.find(commit) is not None
    back = f"git branch {branch} {commit}" if is_here else "stagectl sync, in a clone that has it"
    hint = f"have it back: {back}; or record what there is: stagectl apply --record-only; --allow-rollback runs it all"
    message = f"the branch {branch} is nowhere, and there was one: {why}; everything would be run again"
    return StagectlError(message, hint)


def _recorded(scratch: Path) -> Tuple[str, Optional[Oid]]:
    """Return a run of this clone with the applied commit that it recorded, None for none; scratch: of the project."""
    from stagectl.adapters.running.journal import commit_of
    from stagectl.adapters.running.run_folders import run_ids

    for run in run_ids(scratch):
        with suppress(StagectlError):  # of a journal that cannot be read another command says so
            commit = commit_of(scratch, run)
            if commit is not None:
                return run, commit
    return "", None


def _staged_of_live(workspace: Workspace, head: Oid) -> str:
    """Return which commit staged a change of what was applied then, "" for none."""
    git = workspace.git
    options = [f"-{_MOST}", "--extended-regexp", f"--grep={_SAID}", head]
    for commit, subject, message in git.log(options, ("%h", "%s", "%B")):
        said = (ChangeId(value) for key, value in trailers_about(message, {git.folder[:-1]}) if key == "Staged")
        if any(split_change(change)[1] in _OF_LIVE for change in said):
            return f"{commit} ({subject}) staged a change of what is applied"
    return ""
