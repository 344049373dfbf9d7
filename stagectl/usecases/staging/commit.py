"""What every verb that stages does last: refuse what makes no plan, write the files, commit them and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Callable, List, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.adapters import files
from stagectl.adapters.git.commits import commit_only, is_committed
from stagectl.adapters.git.git import GitError, GitLocked
from stagectl.adapters.worktree import write_intent
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.worktree.tree import Contents
from stagectl.core.errors import StagectlError
from stagectl.core.model import (
    CONFIG,
    KINDS,
    REMOVE,
    REPLACE,
    RUN,
    STAGED,
    ChangeId,
    Name,
    Oid,
    Resource,
    name_of,
    staged_path,
)
from stagectl.core.planning.moves import counting_claims
from stagectl.core.planning.situation import same_text
from stagectl.core.plans.plan import OWN, Change, Plan
from stagectl.core.trailers import staging_message
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.claimed import refuse_defined_again
from stagectl.usecases.staging.desired import Desired, render, staged_bytes
from stagectl.usecases.staging.ground import Ground

Dirty = Callable[[Sequence[str]], List[str]]


class Prepared(NamedTuple):
    """What is about to be staged: the desired forms, what is written to other files, and the plan that they make."""

    ground: Ground
    desired: Desired
    writes: Writes
    plan: Plan

    @classmethod
    def of(cls, ground: Ground, desired: Desired, writes: Writes) -> Prepared:
        """Return it where it makes a plan; raises StagectlError where it makes none."""
        plan = ground.plan(desired)
        refuse_defined_again(ground, plan, writes)
        return cls(ground, desired, writes, plan)


class Staging(NamedTuple):
    """What a stage did. commit: None when nothing was done; changes: what it staged; files: names written or gone.

    gone: those of the names whose staged file went; restored: files that are as HEAD has them again, without a commit.
    """

    commit: Optional[Oid] = None
    changes: Tuple[ChangeId, ...] = ()
    files: Tuple[Name, ...] = ()
    gone: Tuple[Name, ...] = ()
    restored: Tuple[str, ...] = ()
    warnings: Tuple[str, ...] = ()


def commit_staged(
    ready: Prepared,
    verb: str = "stage",
    *,
    check: bool = False,
    trailers: Sequence[str] = (),
    dirty: Optional[Dirty] = None,
) -> Staging:
    """Write and commit what is ready.

    check: only return what would be done. trailers: more lines for the commit's message. dirty: returns which of some
    paths HEAD has otherwise.
    """
    ground, desired, writes, _ = ready
    snapshot, dirty = ground.snapshot, dirty or ground.dirty
    now = snapshot.files
    changed = [
        name for name in sorted(desired) if not same_text(staged_bytes(desired[name]), now.get(staged_path(name)))
    ]
    # What is written and waits for a commit is staged: the hook that checks it runs while such a commit is made.
    written = map(staged_path, changed) if check else _paths_to_commit(dirty, snapshot, desired, changed)
    paths = sorted({*written, *writes})
    warnings = _warnings(dirty)
    if not paths:
        return Staging(warnings=warnings)
    names = sorted({*changed, *(name_of(path) for path in paths if path.startswith(f"{STAGED}/"))})
    staged = _staged_changes(ready, names, changed)
    everything = {**writes, **{staged_path(name): staged_bytes(desired[name]) for name in changed}}
    seen = {path: now.get(path) for path in map(staged_path, changed) if path not in writes}
    message = _message(verb, names, staged, trailers, ground.workspace.git.folder[:-1])
    commit = None if check else commit_files(ground.workspace, everything, paths, message, seen)
    gone = tuple(name for name in names if desired.get(name) is None)
    restored = tuple(paths) if commit is None and not check else ()
    return Staging(commit, staged, tuple(names), gone, restored, warnings)


def _staged_changes(ready: Prepared, names: Sequence[Name], changed: Sequence[Name]) -> Tuple[ChangeId, ...]:
    """Return what is staged of some resources; changed: those whose staged file is written.

    Of one that only gets actions, its other changes were staged before, maybe by another author.
    """
    got = {name: _actions_alone(ready.ground.snapshot.staged.get(name), ready.desired[name]) for name in changed}
    meant = {*names, *_names_left(ready, names)}
    own = [change for change in ready.plan.changes if change.resource in meant and change.cause.type in OWN]
    return tuple(one.id for one in own if not got.get(one.resource) or _is_of(one, got[one.resource]))


def _actions_alone(before: Optional[Resource], after: Optional[Resource]) -> AbstractSet[str]:
    """Return the actions that a staged form has and had not, if it differs in nothing else; else none."""
    if before is None or after is None or render(replace(before, actions=after.actions)).content != after.content:
        return frozenset()
    return {action for action, stamp in after.actions.items() if before.actions.get(action) != stamp}


def _is_of(change: Change, actions: AbstractSet[str]) -> bool:
    """Return whether a change is there for one of the actions that were staged."""
    return bool(actions & change.stamps.keys()) or (change.action in (REMOVE, RUN) and REPLACE in actions)


def _names_left(ready: Prepared, names: Sequence[Name]) -> Set[Name]:
    """Return the names under which something is live whose move is staged no longer: these are removed."""
    claims = counting_claims(ready.ground.snapshot.staged, ready.ground.applied)
    return {claims[name] for name in names if name in claims and (claims[name], name) not in ready.plan.moved}


def _paths_to_commit(dirty: Dirty, snapshot: Snapshot, desired: Desired, changed: Sequence[Name]) -> List[str]:
    """Return the staged files to commit, with the uncommitted definitions they were copied from."""
    staged = [staged_path(name) for name in desired]
    uncommitted = set(dirty([STAGED])) if staged else set()
    paths = {staged_path(name) for name in changed} | (uncommitted & set(staged))
    sources: Set[str] = set()
    for name in (name_of(path) for path in paths):
        resource = desired[name] or snapshot.staged.get(name)
        if resource is not None and resource.source is not None:
            sources.update({resource.source, *snapshot.sources(resource)})
    return sorted(paths | (set(dirty(sorted(sources))) if sources else set()))


def commit_files(
    workspace: Workspace, writes: Contents, paths: Sequence[str], message: str, seen: Contents
) -> Optional[Oid]:
    """Write files (None deletes) and commit *paths* only; when git or a hook refuses, the files are as they were.

    seen: how some of the files were when it was decided what to write; another stagectl may have staged since.

    None: what was written is what HEAD has already, and only text went that was not committed.
    """
    verb = workspace.git.unfinished_verb()
    if verb is not None:
        hint = f"finish it (git {verb} --continue) or give it up (git {verb} --abort), then stage again"
        raise GitError(f"a {verb} is going on here, in which git commits no single files", hint)
    with write_intent.noted(workspace.git, writes, paths) as before:
        _refuse_changed(before, writes, seen)
        return _commit_written(workspace, writes, before, paths, message)


def _refuse_changed(before: Contents, writes: Contents, seen: Contents) -> None:
    # A sparse checkout has files that were seen and are not there.
    changed = [path for path in seen if before[path] not in (seen[path], writes[path], None)]
    if changed:
        raise StagectlError(f"{', '.join(sorted(changed))} changed meanwhile", "nothing was staged; stage again")


def _commit_written(
    workspace: Workspace, writes: Contents, before: Contents, paths: Sequence[str], message: str
) -> Optional[Oid]:
    making, head = write_intent.making_place(workspace.git), workspace.git.head()
    try:
        files.write_all(workspace.root, writes, making)
        return commit_only(workspace.git, paths, message)
    except BaseException as error:
        if is_committed(workspace.git, head, message):  # it was interrupted, or could not clean up, afterwards
            if isinstance(error, Exception):
                return workspace.git.head()
            raise
        if isinstance(error, GitError) and not workspace.git.dirty(paths):
            return None
        files.write_all(workspace.root, before, making)
        if isinstance(error, GitError) and not isinstance(error, GitLocked):
            raise GitError(error.message, "nothing was staged; mend that and stage again") from None
        raise


def _message(verb: str, names: Sequence[Name], staged: Sequence[ChangeId], more: Sequence[str], folder: str) -> str:
    """Return a commit message whose trailers name every staged change; folder: that of the project."""
    acting = {change.rpartition(".")[0] for change in staged}
    trailers = [f"Staged: {change}" for change in staged]
    trailers += [f"Restaged: {name}" for name in names if name not in acting]
    what = staged[0] if len(staged) == 1 == len(names) else names[0] if names else "definitions"
    subject = f"{verb}: {what}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return staging_message(subject, [*trailers, *more], folder)


def _warnings(dirty: Dirty) -> Tuple[str, ...]:
    uncommitted = dirty([KINDS, CONFIG])
    if not uncommitted:
        return ()
    return (f"not committed yet, and `apply` asks for it: {', '.join(uncommitted[:5])}",)
