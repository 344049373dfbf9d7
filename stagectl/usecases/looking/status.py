"""`status`: where everything stands, from the definitions to what is applied."""

from __future__ import annotations

import time
from typing import Mapping, NamedTuple, Optional, Tuple

from stagectl.core.model import STAGED, Applied, ChangeId, Name, change_id
from stagectl.core.observed import Observed
from stagectl.core.pictures.status import Status
from stagectl.core.plans.plan import OWN, CauseType, Plan
from stagectl.core.plans.selection import Selection
from stagectl.usecases.applying.interrupted import find_interrupted, outliving
from stagectl.usecases.planning.incremental import quickest
from stagectl.usecases.planning.plan import checked_plan, plan_incrementally
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.desired import Unstaged, find_unstaged
from stagectl.usecases.staging.part import part_of
from stagectl.usecases.staging.restage import Trees, current_trees, look_around, names_at, note_names, note_unstaged


def status(workspace: Workspace) -> Status:
    """Return where everything stands; raises StagectlError for files that cannot be read."""
    return quickest("status", lambda: _incremental_status(workspace), lambda: _full_status(workspace))


def _incremental_status(workspace: Workspace) -> Status:
    """Return the status from what git says differs; raises ReadInFull where every file has to be read."""
    looked, found, trees, names, family = look_around(workspace)
    part = part_of(workspace, found.kinds, names, family)
    plan = plan_incrementally(found, Selection())
    unstaged, dirty = find_unstaged(workspace.config, part), looked.dirty(workspace.git)
    folders = (STAGED, *workspace.config.roots)
    if trees == Trees.of(workspace, found.kinds.digest):  # else it is not known of which this is true
        said = {*(name for name, _ in unstaged), *names_at(dirty, folders)}
        note_names(workspace, trees, said, family.update(part, names))
    edits = _Edits(unstaged, tuple(path for path in dirty if path.startswith(f"{STAGED}/")))
    return _status_of(workspace, plan, edits, found.index.states(found.open_now), live=found.index.of.live)


def _full_status(workspace: Workspace) -> Status:
    before = current_trees(workspace)
    snapshot = workspace.snapshot(definitions=True)
    _, applied = workspace.applied_state()
    plan = checked_plan(workspace.situation(snapshot, applied), Selection(), snapshot, {})
    edits = _Edits(find_unstaged(workspace.config, snapshot), tuple(workspace.git.dirty([STAGED])))
    note_unstaged(workspace, before, (name for name, _ in edits.unstaged), snapshot)
    return _status_of(workspace, plan, edits, applied, live=sum(state.live for state in applied.values()))


class _Edits(NamedTuple):
    """What was edited: definitions that are not staged, with what staging would do; staged files no commit has."""

    unstaged: Unstaged
    uncommitted: Tuple[str, ...]


def _status_of(
    workspace: Workspace, plan: Plan, edits: _Edits, applied: Mapping[Name, Applied], *, live: int
) -> Status:
    """Return a status; applied: at least what is unfinished or owed."""
    run = find_interrupted(workspace)
    return Status(
        applied=workspace.branch.tip,
        unstaged=edits.unstaged,
        uncommitted=edits.uncommitted,
        pending=tuple((change.id, change.cause.type) for change in plan.changes if change.cause.type in OWN),
        held=tuple((held.id, str(held.reason.value), held.message) for held in plan.held),
        affected=tuple(
            change.id for change in plan.changes if change.cause.type in (CauseType.CHILD, CauseType.REACTION)
        ),
        recorded=plan.recorded,
        unfinished=_unfinished_changes(applied),
        drifted=tuple(
            (name, _describe_look(state.observed)) for name, state in sorted(applied.items()) if state.observed
        ),
        looked=last_look(workspace) if any(state.observed for state in applied.values()) else None,
        owed=tuple(change_id(name, action) for name, state in sorted(applied.items()) for action in sorted(state.owed)),
        live=live,
        interrupted=run,
        outliving=outliving(workspace, run),
    )


def _describe_look(observed: Observed) -> str:
    return "gone" if observed.gone else "drifted"


def last_look(workspace: Workspace) -> Optional[Tuple[str, float]]:
    """Return when something of a check was last recorded, ISO 8601, and how many seconds ago that is."""
    arguments = ["-1", "--first-parent", "--grep=^Checked: ", str(workspace.branch.tip)]
    for date, seconds in workspace.git.log(arguments, ("%cI", "%ct")):
        return date, max(0.0, time.time() - float(seconds))
    return None


def _unfinished_changes(applied: Mapping[Name, Applied]) -> Tuple[ChangeId, ...]:
    return tuple(
        change_id(name, state.unfinished.action) for name, state in sorted(applied.items()) if state.unfinished
    )
