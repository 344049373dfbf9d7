"""`revert`: stage the inverse of staging commits and of applies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.worktree.tree import Content, changed_files
from stagectl.core.errors import StagectlError
from stagectl.core.merging.inverse import Conflict, Spot, inverse, says_the_same, where
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import (
    STAGED,
    STANDARD_ACTIONS,
    Applied,
    Name,
    Oid,
    Resource,
    change_id,
    names_of,
    split_change,
    staged_path,
)
from stagectl.core.pictures.reports import LogEntry
from stagectl.core.running.outcome import ERROR, SUCCESS, UNKNOWN
from stagectl.core.schemas import schema
from stagectl.core.stamps import is_pending
from stagectl.core.values import canonical
from stagectl.usecases.history.log import log
from stagectl.usecases.planning.incremental import IncrementalRead
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Prepared, Staging, commit_staged
from stagectl.usecases.staging.definitions import definition_of
from stagectl.usecases.staging.desired import copy_definition, render
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.merge import actions_of, apply_inverse, documents_of
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.reverted_names import as_called_now, moved_names, names_now

_SEE = "see what can be reverted: stagectl log"
Changed = Mapping[Name, Tuple[Content, Content]]  # by name, before and after
_TRIED = (SUCCESS, ERROR, UNKNOWN)  # results of an action that started


@dataclass(frozen=True)
class Reverting:
    """What a revert did. notes: what has no inverse."""

    staging: Staging
    notes: Tuple[str, ...] = ()


@dataclass
class _Work:
    """The staged files as they become, one commit after the other taken back.

    names: what names that resources had before are now.
    """

    contents: Dict[Name, Content]
    actions: Dict[Name, Dict[str, str]]
    conflicts: List[str]
    notes: List[str]
    names: Mapping[Name, Name]

    def now(self, name: Name) -> Name:
        """Return what a resource is called now; a name that something is staged under is its own."""
        after = self.names.get(name, name)
        return name if self.contents.get(name) is not None or self.contents.get(after) is None else after


def revert(workspace: Workspace, revisions: Sequence[str]) -> Reverting:
    """Stage the inverse of commits (A..B for a range), the newest first; raises StagectlError, changing nothing.

    What was changed again since is a conflict: all of them are reported, value by value.
    """
    workspace.git.check_identity()
    meant = _commits(workspace, revisions)
    changed = {entry.commit: _changed_files(workspace.git, entry.commit) for entry in meant}
    names = {name for files in changed.values() for name in files}

    def act(ground: Ground) -> Tuple[Prepared, Sequence[str]]:
        snapshot, applied = ground.snapshot, ground.applied
        contents: Dict[Name, Content] = {name: resource.content for name, resource in snapshot.staged.items()}
        actions = {name: dict(resource.actions) for name, resource in snapshot.staged.items()}
        work = _Work(contents, actions, [], [], names_now(snapshot, applied))
        for entry in meant:
            _take_back(entry, changed[entry.commit], work, applied)
        if work.conflicts:
            message = "changed again since:\n" + "\n".join(work.conflicts)
            raise StagectlError(message, "nothing was staged; edit by hand")
        desired = _desired_state(snapshot, work, applied)
        _refuse_uncommitted(workspace, desired)
        writes = _definitions(workspace, snapshot, desired)
        return Prepared.of(ground.after(writes), _as_expanded(ground, desired, writes), writes), work.notes

    def beside(found: IncrementalRead) -> Set[Name]:
        claims = found.index.claims()  # what it calls otherwise than it is called now
        return {*names, *claims, *claims.values()}

    about = About(by_definition=True, beside=beside)
    ready, notes = on_ground("revert", workspace, about, act)
    staging = commit_staged(ready, "revert", trailers=[f"Reverts: {entry.commit}" for entry in meant])
    return Reverting(staging, tuple(notes))


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


def _take_back(entry: LogEntry, changed: Changed, work: _Work, applied: Mapping[Name, Applied]) -> None:
    """Take one commit out of the work. changed: the staged files that it changed."""
    for change in entry.changes if entry.type == "apply" and not entry.record_only else ():
        if split_change(change)[1] not in STANDARD_ACTIONS and entry.results.get(change) in _TRIED:
            work.notes.append(f"{change} ran in {entry.commit[:12]}; it has no inverse")
    names = {name: work.now(name) for name in work.names.keys() - moved_names(changed)}
    for old, (back, then) in sorted(changed.items()):
        name = names.get(old, old)
        now = work.contents.get(name)
        back, then = as_called_now(old, back, names, now), as_called_now(old, then, names, now)
        state = applied.get(name, Applied())
        _take_back_file(name, back, then, work, state)
        if entry.type == "stage":
            gone = {
                action: stamp for action, stamp in actions_of(then).items() if actions_of(back).get(action) != stamp
            }
            _take_back_actions(name, gone, work, state, entry.commit)


def _changed_files(git: Git, commit: Oid) -> Changed:
    """Return the staged files that a commit changed, before and after it, against its first parent."""
    before = next(iter(git.parents(commit)), None)
    changed = changed_files(git, before, commit, STAGED)
    return {name: both for path, both in changed.items() for name in names_of(path)}


def _take_back_file(name: Name, back: Content, then: Content, work: _Work, state: Applied) -> None:
    now = work.contents.get(name)
    mine, theirs, base = documents_of(now), documents_of(back), documents_of(then)
    is_as_it_was = says_the_same(mine, base)
    if now is None and is_as_it_was:  # it comes back, with the actions staged by name that only a removal ended
        work.actions[name] = actions_of(back) if state.live else {}
    if is_as_it_was and (now is None or then is None or yamlfile.body_of(now) == yamlfile.body_of(then)):
        work.contents[name] = back
    elif says_the_same(mine, theirs):
        return
    elif now is None or mine is None or theirs is None or base is None:
        if is_as_it_was:
            work.contents[name] = back
        else:
            work.conflicts += _whole_conflict(name, mine, theirs, base)
    else:
        undoing = inverse(mine, base, theirs)
        work.conflicts += [f"  {name}: {_conflict_text(conflict)}" for conflict in undoing.conflicts]
        work.contents[name] = apply_inverse(now, undoing) if not undoing.conflicts else now


def _whole_conflict(
    name: Name, mine: Optional[List[Any]], theirs: Optional[List[Any]], base: Optional[List[Any]]
) -> List[str]:
    """Return why a resource can neither go nor come back, value by value where it is there."""
    if mine is None:
        return [f"  {name}: it was removed since"]
    if base is None:
        return [] if theirs is None else [f"  {name}: it was created again since"]
    changed = inverse(mine, mine, base)  # what makes of it what it was
    return [
        f"  {name}: {where(place)} should go with it, was {_side(was)}, and is {_side(_at(mine, place))} now"
        for place, was in changed.steps
    ]


def _at(documents: List[Any], place: Spot) -> Any:
    value = documents[place[0]] or {}
    for step in place[1]:
        inside = step in value if isinstance(value, dict) else isinstance(step, int) and step < len(value)
        if not inside:
            return MISSING
        value = value[step]
    return value


def _conflict_text(conflict: Conflict) -> str:
    then, back, now = map(_side, (conflict.then, conflict.back, conflict.now))
    return f"{where(conflict.place)} should go back from {then} to {back}, and is {now} now"


def _side(value: Any) -> str:
    return "gone" if value is MISSING else canonical(value)


def _take_back_actions(name: Name, staged: Mapping[str, str], work: _Work, state: Applied, commit: Oid) -> None:
    """Drop the actions that a commit staged by name, with their stamps, as far as they did not run."""
    for action, stamp in sorted(staged.items()):
        if not is_pending(stamp, state.stamps.get(action)):
            work.notes.append(f"{change_id(name, action)}, staged in {commit[:12]}, ran already; it has no inverse")
        elif work.actions.get(name, {}).get(action) == stamp:
            del work.actions[name][action]


def _desired_state(snapshot: Snapshot, work: _Work, applied: Mapping[Name, Applied]) -> Dict[Name, Optional[Resource]]:
    """Return the staged forms that differ from what there is."""
    desired: Dict[Name, Optional[Resource]] = {}
    moves: Dict[str, Name] = {}
    for name, content in sorted(work.contents.items()):
        staged = snapshot.staged.get(name)
        if content is None:
            desired.update({name: None} if staged is not None else {})
            if staged is not None and name in applied and applied[name].live:
                moves.update(dict.fromkeys(staged.moved_from, name))
            continue
        resource = schema.resource(name, yamlfile.load(content), content, staged=True)
        kept = work.actions.get(name, {})
        if staged is None or content != staged.content or kept != dict(staged.actions):
            same_actions = list(kept.items()) == list(resource.actions.items())
            desired[name] = resource if same_actions else render(replace(resource, actions=kept))
    for old, new in moves.items():  # a move that was applied is taken back by a move
        back = desired.get(Name(old))
        if back is not None:
            desired[Name(old)] = render(replace(back, moved_from=(new,)))
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
