"""Whether a run was interrupted: every command asks that, and not all of them need what recovers it."""

from __future__ import annotations

from typing import Dict, List, Optional

from stagectl.adapters.running.run_folders import folder_of_run, unclosed_runs
from stagectl.core.model import ChangeId
from stagectl.usecases.repository.workspace import Workspace


def find_interrupted(workspace: Workspace) -> Optional[str]:
    """Return the first run that was interrupted and was not recovered, None if there is none."""
    return next(iter(unclosed_runs(workspace.git.own_place)), None)


def outliving(workspace: Workspace, run: Optional[str]) -> Dict[ChangeId, int]:
    """Return the processes that an interrupted run has left behind, by the changes whose end they are."""
    if run is None:
        return {}
    from stagectl.adapters.running.processes import living

    return living(folder_of_run(workspace.git.own_place, run))


def restore_write_intent(workspace: Workspace) -> Optional[List[str]]:
    """Put back what a killed command left half staged, and return the files; None if nothing was left of one.

    Raises GitError where git's index is locked.
    """
    note = workspace.git.staging_note
    if not note.exists() or not note.stat().st_size:
        return None
    from stagectl.adapters.worktree import write_intent

    taken = write_intent.take_back(workspace.git)
    workspace.git.prefetch.drop()  # the answers are about what was there before
    return taken
