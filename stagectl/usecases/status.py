"""`status`: where everything stands, from the definitions to what is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import edits as edited
from stagectl.core.errors import StagectlError
from stagectl.core.model import STAGED, Applied, ChangeId, Name, change_id, staged_path
from stagectl.core.plan import Plan
from stagectl.core.reports import Status
from stagectl.core.selection import Selection
from stagectl.usecases.commit import OWN_CAUSES
from stagectl.usecases.interrupted import interrupted, outliving
from stagectl.usecases.narrow import kinds_digest, narrow
from stagectl.usecases.plan import checked_plan, planned
from stagectl.usecases.stage import desired
from stagectl.usecases.unsettled import Trees, names_at, part_of, remember, unsettled
from stagectl.usecases.workspace import Workspace

if TYPE_CHECKING:
    from stagectl.adapters.snapshot import Snapshot

Unstaged = Tuple[Tuple[Name, str], ...]


def status(workspace: Workspace) -> Status:
    """Return where everything stands; raises StagectlError for files that cannot be read."""
    return _narrow_status(workspace) or _full_status(workspace)


def _narrow_status(workspace: Workspace) -> Optional[Status]:
    """Return the status from what git says differs, None where only reading every file can tell."""
    roots = workspace.config.roots
    looked = None if workspace.git.config("core.sparseCheckout") == ["true"] else edited.look(workspace.git, roots)
    found = narrow(workspace, looked=looked) if looked is not None else None
    if looked is None or found is None:
        return None
    trees = Trees.of(workspace, found.index.meta["kinds"])
    names = unsettled(workspace, trees, looked)
    part = part_of(workspace, found.index, names) if names is not None else None
    if part is None:
        return None
    try:
        plan = planned(found, Selection())
    except StagectlError:
        return None
    unstaged, dirty = _unstaged(workspace, part), looked.dirty(workspace.git)
    remember(workspace, trees, {*(name for name, _ in unstaged), *names_at(dirty, (STAGED, *roots))})
    uncommitted = [path for path in dirty if path.startswith(f"{STAGED}/")]
    return _told(workspace, plan, unstaged, uncommitted, found.index.states(found.index.open), found.index.live())


def _full_status(workspace: Workspace) -> Status:
    snapshot = workspace.snapshot(definitions=True)
    _, applied = workspace.applied()
    plan = checked_plan(workspace.situation(snapshot, applied), Selection(), snapshot, {})
    unstaged, uncommitted = _unstaged(workspace, snapshot), workspace.git.dirty([STAGED])
    _note(workspace, snapshot, unstaged, uncommitted)
    return _told(workspace, plan, unstaged, uncommitted, applied, sum(state.live for state in applied.values()))


def _note(workspace: Workspace, snapshot: Snapshot, unstaged: Unstaged, uncommitted: Sequence[str]) -> None:
    """Remember about which resources there was something to say, so that the next status need not read the others."""
    digest = kinds_digest(workspace)
    if digest is not None and workspace.git.config("core.sparseCheckout") != ["true"]:
        roots = workspace.config.roots
        dirty = names_at([*uncommitted, *workspace.git.dirty(roots)], (STAGED, *roots))
        remember(workspace, Trees.of(workspace, digest), {*(name for name, _ in unstaged), *dirty})


def _unstaged(workspace: Workspace, snapshot: Snapshot) -> Unstaged:
    """Return the names whose definition is not what is staged, and what happened to it."""
    found = []
    names = frozenset({*snapshot.defined, *snapshot.staged})
    for name, wanted in sorted(desired(workspace.config, snapshot, names).items()):
        current = snapshot.files.get(staged_path(name))
        if current != (wanted.content if wanted else None):
            found.append((name, "gone" if wanted is None else "changed" if current is not None else "new"))
    return tuple(found)


def _told(
    workspace: Workspace,
    plan: Plan,
    unstaged: Unstaged,
    uncommitted: Sequence[str],
    applied: Mapping[Name, Applied],
    live: int,
) -> Status:
    """Return a status; applied: at least what is unfinished or owed."""
    run = interrupted(workspace)
    return Status(
        applied=workspace.branch.tip,
        unstaged=unstaged,
        uncommitted=tuple(uncommitted),
        pending=tuple((change.id, change.cause.type) for change in plan.changes if change.cause.type in OWN_CAUSES),
        affected=tuple(change.id for change in plan.changes if change.cause.type in ("child", "reaction")),
        recorded=plan.recorded,
        unfinished=_unfinished(applied),
        owed=tuple(change_id(name, action) for name, state in sorted(applied.items()) for action in sorted(state.owed)),
        live=live,
        interrupted=run,
        outliving=outliving(workspace, run),
    )


def _unfinished(applied: Mapping[Name, Applied]) -> Tuple[ChangeId, ...]:
    return tuple(
        change_id(name, state.unfinished.action) for name, state in sorted(applied.items()) if state.unfinished
    )
