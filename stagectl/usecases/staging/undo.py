"""`unstage` and `discard`: put staged files, and definitions, back to what is applied."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Tuple

from stagectl.adapters.applied import store
from stagectl.adapters.git.git import GitError
from stagectl.adapters.running.lock import only_one
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import StagectlError, UsageError
from stagectl.core.model import Applied, ChangeId, Name, Oid, Resource, change_id, is_pending
from stagectl.core.plans.selection import Selection, World, select
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Staging, commit_staged
from stagectl.usecases.staging.definitions import definition_of, refuse_loss
from stagectl.usecases.staging.desired import rendered


@dataclass(frozen=True)
class Discarding:
    """What a discard did: the staging commit's part, and the debts dropped by an applied commit."""

    staging: Staging
    debts: Tuple[ChangeId, ...] = ()
    applied: Optional[Oid] = None


def unstage(workspace: Workspace, selection: Selection, *, everything: bool = False) -> Staging:
    """Put the staged files of a selection back to what is applied, pending actions taken out; definitions stay."""
    snapshot, applied, _, wanted = _aim(workspace, selection, everything)
    return commit_staged(workspace, snapshot, wanted, applied, {}, verb="unstage")


def discard(workspace: Workspace, selection: Selection, *, everything: bool = False, force: bool = False) -> Discarding:
    """Put staged files and definitions of a selection back to what is applied, and drop what is owed.

    Raises StagectlError, and changes nothing, where text would be lost that no commit has (`force` drops it).
    """
    snapshot, applied, chosen, wanted = _aim(workspace, selection, everything)
    edits = {path: text for name in chosen for path, text in _definition(workspace, snapshot, name, applied).items()}
    if not force:
        refuse_loss(workspace, edits, "discarding", "commit it first, or drop it with --force")
    left = {path: text for path, text in snapshot.files.items() if path not in edits}
    left.update({path: text for path, text in edits.items() if text is not None})
    staging = commit_staged(workspace, replace(snapshot, files=left), wanted, applied, edits, verb="discard")
    debts, commit = _drop_debts(workspace, chosen, applied)
    return Discarding(staging, debts, commit)


def _aim(
    workspace: Workspace, selection: Selection, everything: bool
) -> Tuple[Snapshot, Dict[Name, Applied], List[Name], Dict[Name, Optional[Resource]]]:
    """Return what there is, what was chosen of it, and the staged forms that are as applied."""
    snapshot = workspace.snapshot(definitions=True)
    if not workspace.branch.is_known:
        with suppress(GitError):  # a remote that does not answer: everything here is a commit that can be taken back
            workspace.refuse_unfetched()
    _, applied = workspace.applied()
    workspace.git.check_identity()
    chosen = _chosen(selection, everything, snapshot, applied)
    wanted = {name: _as_applied(applied.get(name)) for name in chosen}
    wanted = {name: form for name, form in wanted.items() if form is not None or name in snapshot.staged}
    return snapshot, applied, chosen, wanted


def _chosen(selection: Selection, everything: bool, snapshot: Snapshot, applied: Mapping[Name, Applied]) -> List[Name]:
    if everything == bool(selection.names or selection.tags):
        raise UsageError("say what: NAMEs, -t EXPR, or --all", "the names there are: stagectl status")
    live = {name: state.resource for name, state in applied.items() if state.resource}
    tags = {name: state.tags for name, state in applied.items() if name not in {**snapshot.staged, **snapshot.defined}}
    world = World.of(snapshot.staged, snapshot.defined, live, tags=tags)
    found = select(selection, world)
    return sorted(world.tags if found is None else found)


def _as_applied(state: Optional[Applied]) -> Optional[Resource]:
    """Return the staged form of what is applied: the file last applied, without actions that were not done."""
    if state is None or state.resource is None:
        return None
    resource = state.resource
    done = {a: stamp for a, stamp in resource.actions.items() if not is_pending(stamp, state.stamps.get(a))}
    return resource if done == dict(resource.actions) else rendered(replace(resource, actions=done))


def _definition(
    workspace: Workspace, snapshot: Snapshot, name: Name, applied: Mapping[Name, Applied]
) -> Dict[str, Optional[bytes]]:
    """Return how a definition has to change so that staging it would give what is applied; nothing if it does."""
    resource = _as_applied(applied.get(name))
    path = snapshot.definition_paths.get(name)
    if resource is None:
        return {path: None} if path is not None else {}
    if resource.source is None:
        return {}
    defined = snapshot.defined.get(name)
    content = definition_of(workspace.config, resource, defined)
    return {} if defined is not None and content == defined.content else {path or resource.source: content}


def _drop_debts(
    workspace: Workspace, chosen: List[Name], applied: Mapping[Name, Applied]
) -> Tuple[Tuple[ChangeId, ...], Optional[Oid]]:
    owing = {name: applied[name] for name in chosen if name in applied and applied[name].owed}
    if not owing:
        return (), None
    debts = tuple(change_id(name, action) for name in sorted(owing) for action in sorted(owing[name].owed))
    trailers = [f"Discarded-by: {workspace.git.check_identity()}", *(f"Discarded: {debt}" for debt in debts)]
    message = f"discard: {debts[0]}" + (f" and {len(debts) - 1} more" if len(debts) > 1 else "")
    states: Dict[Name, Optional[Applied]] = {name: replace(state, owed={}) for name, state in owing.items()}
    git, branch = workspace.git, workspace.branch
    with only_one(git.scratch(), "discard"):
        commit = store.write(git, branch.tip, None, states, message + "\n\n" + "\n".join(trailers) + "\n")
        if not git.move_ref(branch.ref, commit, branch.local, "discard"):
            raise StagectlError(f"{branch.ref} moved meanwhile; the debts are still there", "discard again")
    return debts, commit
