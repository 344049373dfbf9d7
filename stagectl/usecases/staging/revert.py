"""`revert`: stage the inverse of staging commits and of applies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.worktree.tree import Content
from stagectl.core.errors import StagectlError
from stagectl.core.model import (
    Applied,
    Name,
    Oid,
    Resource,
    staged_path,
)
from stagectl.core.pictures.reports import LogEntry
from stagectl.core.planning.moves import claims_for, counting_claims
from stagectl.core.schemas import schema
from stagectl.usecases.history.log import log
from stagectl.usecases.planning.incremental import IncrementalRead
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Prepared, Staging, commit_staged
from stagectl.usecases.staging.definitions import definition_of
from stagectl.usecases.staging.desired import copy_definition, render
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.reverted_names import Renaming, Since, StagedChanges, changes_in, names_since
from stagectl.usecases.staging.taken_back import Work, left_staged, take_back_commit, unsuccessful

_SEE = "see what can be reverted: stagectl log"


@dataclass(frozen=True)
class Reverting:
    """What a revert did. notes: what has no inverse."""

    staging: Staging
    notes: Tuple[str, ...] = ()


def revert(workspace: Workspace, revisions: Sequence[str]) -> Reverting:
    """Stage the inverse of commits (A..B for a range), the newest first; raises StagectlError, changing nothing.

    What was changed again since is a conflict: all of them are reported, value by value.
    """
    workspace.git.check_identity()
    meant = _commits(workspace, revisions)
    changed = {entry.commit: _changed_files(workspace.git, entry.commit) for entry in meant}
    since = {entry.commit: _since(workspace, entry) for entry in meant}
    failed = {name for entry in meant for name in unsuccessful(entry).values()}
    names = failed.union(*changed.values(), *(one.names().values() for one in since.values()))

    def act(ground: Ground) -> Tuple[Prepared, Sequence[str]]:
        snapshot, applied = ground.snapshot, ground.applied
        contents: Dict[Name, Content] = {name: resource.content for name, resource in snapshot.staged.items()}
        actions = {name: dict(resource.actions) for name, resource in snapshot.staged.items()}
        claims = counting_claims(snapshot.staged, applied)
        work = Work(contents, actions, applied, claims)
        for entry in meant:
            ahead = Renaming({old: new for new, old in claims.items()}, frozenset())
            later = since[entry.commit]
            take_back_commit(
                entry, changed[entry.commit], work, later.with_step(ahead) if entry.type == "apply" else later
            )
        _refuse_conflicts(work)
        desired = _desired_state(snapshot, work)
        _refuse_uncommitted(workspace, desired)
        writes = _definitions(workspace, snapshot, desired)
        work.notes += [said for entry in meant for said in left_staged(entry, work)]
        return Prepared.of(ground.after(writes), _as_expanded(ground, desired, writes), writes), work.notes

    def beside(found: IncrementalRead) -> Set[Name]:
        claims = found.index.claims()  # what it calls otherwise than it is called now
        return {*names, *claims, *(name for had in claims.values() for name in had)}

    about = About(by_definition=True, beside=beside, has_bytes=bool(failed))
    ready, notes = on_ground("revert", workspace, about, act)
    trailers = [f"Reverts: {entry.commit}" for entry in meant]
    return Reverting(commit_staged(ready, "revert", trailers=trailers), tuple(notes))


def _refuse_conflicts(work: Work) -> None:
    if work.conflicts:
        message = "changed again since:\n" + "\n".join(work.conflicts)
        raise StagectlError(message, "nothing was staged; edit by hand")


def _commits(workspace: Workspace, revisions: Sequence[str]) -> List[LogEntry]:
    """Return the commits meant, the newest first; raises StagectlError for one that staged and applied nothing."""
    known = {entry.commit: entry for entry in log(workspace)}
    found: Set[Oid] = set()
    for revision in revisions:
        if ".." in revision:
            inside = _inside(workspace, revision) & known.keys()
            if not inside:
                raise StagectlError(f"nothing was staged or applied in {revision}", _SEE)
            found |= inside
        else:
            commit = workspace.git.resolve(revision)
            if commit not in known:
                raise StagectlError(f"{commit[:12]} staged nothing and applied nothing", _way(workspace, commit))
            found.add(commit)
    return [entry for commit, entry in known.items() if commit in found]


def _inside(workspace: Workspace, revision: str) -> Set[Oid]:
    """Return the commits of a range; of the applied branch only those that applied, not what they applied."""
    git, tip = workspace.git, workspace.branch.tip
    first, _, last = revision.partition("..")
    end = git.resolve(last.lstrip(".") or "HEAD")
    if first:
        git.resolve(first)
    of_applies = tip is not None and end in git.first_parents(tip)
    options = ["--first-parent"] if of_applies else []
    return {Oid(oid) for oid in git.run("rev-list", *options, "--end-of-options", revision).decode().split()}


def _way(workspace: Workspace, commit: Oid) -> str:
    if len(workspace.git.parents(commit)) > 1:
        return f"it is a merge; to revert what it merged: stagectl revert {commit[:12]}^1..{commit[:12]}"
    return _SEE


def _changed_files(git: Git, commit: Oid) -> StagedChanges:
    """Return the staged files that a commit changed, before and after it, against its first parent."""
    return changes_in(git, next(iter(git.parents(commit)), None), commit)


def _since(workspace: Workspace, entry: LogEntry) -> Since:
    """Return what was moved since a commit, on the branch that it is on."""
    git, tip = workspace.git, workspace.branch.tip
    end = git.head() if entry.type == "stage" else tip
    assert end is not None, "there are entries"
    found = names_since(git, entry.commit, end, is_applied=entry.type != "stage")
    return found if found.is_applied or tip is None else found.with_removed(git, entry.commit, tip)


def _desired_state(snapshot: Snapshot, work: Work) -> Dict[Name, Optional[Resource]]:
    """Return the staged forms that differ from what there is."""
    desired: Dict[Name, Optional[Resource]] = {}
    for name, content in sorted(work.contents.items()):
        staged = snapshot.staged.get(name)
        if content is None:
            desired.update({name: None} if staged is not None else {})
            continue
        resource = schema.resource(name, yamlfile.load(content), content, staged=True)
        kept = work.actions.get(name, {})
        if staged is None or content != staged.content or kept != dict(staged.actions):
            same_actions = list(kept.items()) == list(resource.actions.items())
            desired[name] = resource if same_actions else render(replace(resource, actions=kept))
    for before, name in work.moved.items():  # a move that was applied is taken back by a move
        live, back = work.live.get(before, before), desired.get(name)
        if back is not None and live != name and work.applied.get(live, Applied()).live:
            desired[name] = render(replace(back, moved_from=claims_for(work.applied, live, name)))
    return desired


def _refuse_uncommitted(workspace: Workspace, desired: Mapping[Name, Optional[Resource]]) -> None:
    edited = workspace.git.dirty([staged_path(name) for name in sorted(desired)]) if desired else []
    if edited:
        raise StagectlError(f"not committed: {', '.join(edited)}", "commit it first, or drop it with git checkout")


def _definitions(
    workspace: Workspace, snapshot: Snapshot, desired: Mapping[Name, Optional[Resource]]
) -> Dict[str, Content]:
    """Return how the definitions change with the staged files; raises StagectlError where edits would be lost."""
    overriding = Overriding(snapshot)
    for name, resource in desired.items():
        defined, staged = snapshot.defined.get(name), snapshot.staged.get(name)
        if not _is_copy(workspace, defined, staged):
            raise StagectlError(
                f"the definition of {name} has edits that are not staged",
                f"stage them, or drop them: stagectl discard {name}",
            )
        overriding.become(workspace.config, name, resource)
    return overriding.writes


def _as_expanded(
    ground: Ground, desired: Mapping[Name, Optional[Resource]], writes: Dict[str, Content]
) -> Dict[Name, Optional[Resource]]:
    """Return the desired forms as they come out of their definitions, where these are expanded."""
    found = dict(desired)
    if any(resource is not None and resource.template for resource in desired.values()):
        ground.need_everything("what comes back is expanded from definitions")
        after = ground.workspace.snapshot(definitions=True, writes=writes)
        for name, resource in desired.items():
            if resource is not None and name in after.expanded:
                found[name] = copy_definition(ground.workspace.config, after, name, resource.actions)
    return found


def _is_copy(workspace: Workspace, defined: Optional[Resource], staged: Optional[Resource]) -> bool:
    if defined is None or staged is None:
        return defined is None and (staged is None or staged.source is None)
    return definition_of(workspace.config, staged, defined) == defined.content
