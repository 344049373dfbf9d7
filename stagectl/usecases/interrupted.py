"""Whether a run was interrupted: every command asks that, and not all of them need what recovers it."""

from __future__ import annotations

from typing import Optional

from stagectl.adapters import journal as journals
from stagectl.adapters.lock import is_held
from stagectl.usecases.workspace import Workspace


def interrupted(workspace: Workspace) -> Optional[str]:
    """Return the run that was interrupted and that nobody recovered, None if there is none."""
    scratch = workspace.git.common / "stagectl"
    run = journals.unclosed(scratch)
    return None if run is None or is_held(scratch) else run
