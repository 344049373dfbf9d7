"""`status`: where everything stands, from the definitions to what is applied."""

from __future__ import annotations

from typing import Mapping, Tuple

from stagectl.core.model import STAGED, Applied, ChangeId, Name, change_id, staged_path
from stagectl.core.reports import Status
from stagectl.core.selection import Selection
from stagectl.usecases.commit import OWN_CAUSES
from stagectl.usecases.interrupted import interrupted, outliving
from stagectl.usecases.plan import checked_plan
from stagectl.usecases.stage import desired
from stagectl.usecases.workspace import Workspace


def status(workspace: Workspace) -> Status:
    """Return where everything stands; raises StagectlError for files that cannot be read."""
    snapshot = workspace.snapshot(definitions=True)
    tip, applied = workspace.applied()
    plan = checked_plan(workspace.situation(snapshot, applied), Selection(), snapshot, {})
    run = interrupted(workspace)
    names = frozenset({*snapshot.defined, *snapshot.staged})
    unstaged = []
    for name, wanted in sorted(desired(workspace.config, snapshot, names).items()):
        current = snapshot.files.get(staged_path(name))
        if current != (wanted.content if wanted else None):
            unstaged.append((name, "gone" if wanted is None else "changed" if current is not None else "new"))
    return Status(
        applied=tip,
        unstaged=tuple(unstaged),
        uncommitted=tuple(workspace.git.dirty([STAGED])),
        pending=tuple((change.id, change.cause.type) for change in plan.changes if change.cause.type in OWN_CAUSES),
        affected=tuple(change.id for change in plan.changes if change.cause.type in ("child", "reaction")),
        recorded=plan.recorded,
        unfinished=_unfinished(applied),
        owed=tuple(change_id(name, action) for name, state in sorted(applied.items()) for action in sorted(state.owed)),
        live=sum(state.live for state in applied.values()),
        interrupted=run,
        outliving=outliving(workspace, run),
    )


def _unfinished(applied: Mapping[Name, Applied]) -> Tuple[ChangeId, ...]:
    return tuple(
        change_id(name, state.unfinished.action) for name, state in sorted(applied.items()) if state.unfinished
    )
