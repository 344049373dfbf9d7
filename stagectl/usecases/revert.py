"""`revert`: stage the inverse of staging commits and of applies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.git import Git
from stagectl.adapters.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core import schema
from stagectl.core.errors import StagectlError
from stagectl.core.model import (
    NAME,
    STAGED,
    STANDARD_ACTIONS,
    Applied,
    Name,
    Oid,
    Resource,
    change_id,
    is_pending,
    split_change,
)
from stagectl.core.schema import BODY, FRONT
from stagectl.core.undo import MISSING, Conflict, says_the_same, undo
from stagectl.core.values import canonical, dotted
from stagectl.usecases.commit import Staging, commit_staged
from stagectl.usecases.log import log
from stagectl.usecases.stage import path_tags, rendered
from stagectl.usecases.workspace import Workspace

Content = Optional[bytes]


@dataclass(frozen=True)
class Reverting:
    """What a revert did. notes: what has no inverse."""

    staging: Staging
    notes: Tuple[str, ...] = ()


@dataclass
class _Work:
    """The staged files as they become, one commit after the other taken back."""

    contents: Dict[Name, Content]
    actions: Dict[Name, Dict[str, str]]
    conflicts: List[str]
    notes: List[str]


def revert(workspace: Workspace, revisions: Sequence[str]) -> Reverting:
    """Stage the inverse of commits (A..B for a range), the newest first; raises StagectlError, changing nothing.

    What was changed again since is a conflict: all of them are told, value by value.
    """
    workspace.git.check_identity()
    snapshot = workspace.snapshot(definitions=True)
    _, applied = workspace.applied()
    work = _Work(
        {name: resource.content for name, resource in snapshot.staged.items()},
        {name: dict(resource.actions) for name, resource in snapshot.staged.items()},
        [],
        [],
    )
    commits = _commits(workspace, revisions)
    for commit in commits:
        _take_back(workspace, commit, work, applied)
    if work.conflicts:
        raise StagectlError("changed again since:\n" + "\n".join(work.conflicts), "nothing was staged; edit by hand")
    wanted = _wanted(snapshot, work, applied)
    edits = _definitions(workspace, snapshot, wanted)
    left = {path: text for path, text in snapshot.files.items() if edits.get(path, text) is not None}
    left.update({path: text for path, text in edits.items() if text is not None})
    paths = dict(snapshot.definition_paths)
    trailers = [f"Reverts: {commit}" for commit in commits]
    staging = commit_staged(
        workspace,
        replace(snapshot, files=left, definition_paths=paths),
        wanted,
        applied,
        edits,
        verb="revert",
        trailers=trailers,
    )
    return Reverting(staging, tuple(work.notes))


def _commits(workspace: Workspace, revisions: Sequence[str]) -> List[Oid]:
    """Return the commits meant, the newest first; raises StagectlError for one that staged and applied nothing."""
    known = {entry.commit: entry for entry in log(workspace)}
    order = list(known)
    found: List[Oid] = []
    for revision in revisions:
        if ".." in revision:
            inside = workspace.git.run("rev-list", "--end-of-options", revision).decode().split()
            found += [Oid(oid) for oid in inside if oid in known]
        else:
            found.append(workspace.git.resolve(revision))
    for commit in found:
        if commit not in known:
            raise StagectlError(
                f"{commit[:12]} staged nothing and applied nothing", "see what can be reverted: stagectl log"
            )
    if not found:
        raise StagectlError(f"{' '.join(revisions)}: nothing was staged or applied there", "see: stagectl log")
    return sorted(set(found), key=order.index)


def _take_back(workspace: Workspace, commit: Oid, work: _Work, applied: Mapping[Name, Applied]) -> None:
    """Take one commit out of the work."""
    changed = _changed(workspace.git, commit)
    for entry in log(workspace):
        if entry.commit == commit and entry.type == "apply":
            ran = [change for change in entry.changes if split_change(change)[1] not in STANDARD_ACTIONS]
            work.notes += [f"{change} ran in {commit[:12]}; it has no inverse" for change in ran]
    for name, (back, then) in sorted(changed.items()):
        _take_back_file(name, back, then, work)
        _take_back_actions(name, back, then, work, applied.get(name, Applied()), commit)


def _changed(git: Git, commit: Oid) -> Dict[Name, Tuple[Content, Content]]:
    """Return the staged files that a commit changed, before and after it, against its first parent."""
    parents = git.parents(commit)
    before = {entry.path: entry.oid for entry in git.entries(parents[0], [STAGED])} if parents else {}
    after = {entry.path: entry.oid for entry in git.entries(commit, [STAGED])}
    paths = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    blobs = git.blobs(oid for path in paths for oid in (before.get(path), after.get(path)) if oid)
    found: Dict[Name, Tuple[Content, Content]] = {}
    for path in paths:
        name = path[len(STAGED) + 1 : -len(".yaml")]
        if path.endswith(".yaml") and NAME.fullmatch(name):
            one, other = before.get(path), after.get(path)
            found[Name(name)] = (blobs[one] if one else None, blobs[other] if other else None)
    return found


def _load(content: Content) -> Optional[List[Any]]:
    return None if content is None else yamlfile.load(content)


def _take_back_file(name: Name, back: Content, then: Content, work: _Work) -> None:
    now = work.contents.get(name)
    mine, theirs, base = _load(now), _load(back), _load(then)
    if says_the_same(mine, theirs):
        return
    if says_the_same(mine, base):
        work.contents[name] = back
    elif now is None or mine is None or theirs is None or base is None:
        state = "was removed" if now is None else "was changed"
        work.conflicts.append(f"  {name}: it {state} again since")
    else:
        undoing = undo(mine, base, theirs)
        work.conflicts += [f"  {name}: {_conflict_text(conflict)}" for conflict in undoing.conflicts]
        edits = [Edit(*place, None if value is MISSING else value, value is MISSING) for place, value in undoing.sets]
        # Deepest list indexes go first, so that the ones before them stay where they are.
        edits.sort(key=lambda one: (one.delete, [-step if isinstance(step, int) else 0 for step in one.at]))
        work.contents[name] = edit(now, edits) if not undoing.conflicts else now


def _conflict_text(conflict: Conflict) -> str:
    document, path = conflict.place
    where = dotted(path[1:] if document == BODY and path[0] == "inputs" else path)
    sides = (conflict.then, conflict.back, conflict.now)
    then, back, now = ("gone" if side is MISSING else canonical(side) for side in sides)
    return f"{where} should go back from {then} to {back}, and is {now} now"


def _take_back_actions(name: Name, back: Content, then: Content, work: _Work, state: Applied, commit: Oid) -> None:
    """Drop the actions that a commit staged by name, as far as they did not run."""
    before, after = (_actions(content) for content in (back, then))
    for action, stamp in sorted(after.items()):
        if before.get(action) == stamp:
            continue
        if not is_pending(stamp, state.stamps.get(action)):
            work.notes.append(f"{change_id(name, action)}, staged in {commit[:12]}, ran already; it has no inverse")
        elif work.actions.get(name, {}).get(action) == stamp:
            del work.actions[name][action]


def _actions(content: Content) -> Dict[str, str]:
    documents = _load(content)
    return dict((documents[FRONT] or {}).get("actions") or {}) if documents else {}


def _wanted(snapshot: Snapshot, work: _Work, applied: Mapping[Name, Applied]) -> Dict[Name, Optional[Resource]]:
    """Return the staged forms that differ from what there is."""
    wanted: Dict[Name, Optional[Resource]] = {}
    moves: Dict[str, Name] = {}
    for name, content in sorted(work.contents.items()):
        staged = snapshot.staged.get(name)
        if content is None:
            wanted.update({name: None} if staged is not None else {})
            if staged is not None and staged.moved_from is not None and name in applied and applied[name].live:
                moves[staged.moved_from] = name
            continue
        resource = schema.resource(name, yamlfile.load(content), content, staged=True)
        kept = work.actions.get(name, {})
        if staged is None or content != staged.content or kept != dict(staged.actions):
            wanted[name] = rendered(replace(resource, actions=kept))
    for old, new in moves.items():  # a move that was applied is taken back by a move
        back = wanted.get(Name(old))
        if back is not None:
            wanted[Name(old)] = rendered(replace(back, moved_from=new))
    return wanted


def _definitions(
    workspace: Workspace, snapshot: Snapshot, wanted: Mapping[Name, Optional[Resource]]
) -> Dict[str, Content]:
    """Return how the definitions change with the staged files; raises StagectlError where edits would be lost."""
    edits: Dict[str, Content] = {}
    for name, resource in wanted.items():
        defined, staged = snapshot.defined.get(name), snapshot.staged.get(name)
        if defined is not None and (staged is None or not _is_copy(workspace, defined, staged)):
            raise StagectlError(
                f"the definition of {name} has edits that are not staged",
                f"stage them, or drop them: stagectl discard {name}",
            )
        path = snapshot.definition_paths.get(name)
        if resource is None:
            edits.update({path: None} if path is not None else {})
        elif resource.source is not None:
            content = _definition(workspace, resource, defined)
            if defined is None or content != defined.content:
                edits[path or resource.source] = content
    return edits


def _is_copy(workspace: Workspace, defined: Resource, staged: Resource) -> bool:
    return says_the_same(
        yamlfile.load(_definition(workspace, staged, defined)), yamlfile.load(defined.content)
    ) and yamlfile.body_of(defined.content) == yamlfile.body_of(staged.content)


def _definition(workspace: Workspace, staged: Resource, defined: Optional[Resource]) -> bytes:
    """Return the definition that is staged as *staged*; the present one's front matter stays if that says the same."""
    added = path_tags(workspace.config, staged.name)
    mine = set(defined.tags) if defined is not None else set()
    tags = [tag for tag in staged.tags if tag not in added or tag in mine]
    body = yamlfile.body_of(staged.content)
    if defined is not None and (defined.kind, list(defined.tags), defined.moved_from) == (
        staged.kind,
        tags,
        staged.moved_from,
    ):
        return defined.content[: len(defined.content) - len(yamlfile.body_of(defined.content))] + body
    return yamlfile.front_matter(staged.kind, tags, staged.moved_from) + body
