"""`stage`: bring the staging area up to date with the definitions, for a selection, and commit it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters import files, yamlfile
from stagectl.adapters.git import GitError
from stagectl.adapters.snapshot import Snapshot, problem_at
from stagectl.core import schema
from stagectl.core.errors import Flaw, InvalidFiles, Problem, StagectlError, nearest
from stagectl.core.model import (
    REMOVE,
    REPLACE,
    RUN,
    STAGED,
    Applied,
    ChangeId,
    Config,
    Kind,
    Name,
    Oid,
    Resource,
    is_pending,
    staged_path,
    stamp_count,
)
from stagectl.core.plan import Plan
from stagectl.core.selection import Selection, World, glob_test, select
from stagectl.usecases.plan import checked_plan
from stagectl.usecases.workspace import Edits, Workspace

OWN_CAUSES = ("staged", "explicit", "replace", "unfinished")


Choose = Callable[["Choice"], bool]


@dataclass(frozen=True)
class Choice:
    """One thing that a stage would do: bring a resource up to date (action: None), or stage an action on it."""

    name: Name
    action: Optional[str]
    before: Optional[Resource]
    after: Optional[Resource]


@dataclass(frozen=True)
class Staging:
    """What a stage did. commit: None when nothing was to do; changes: what it staged; files: names written or gone."""

    commit: Optional[Oid] = None
    changes: Tuple[ChangeId, ...] = ()
    files: Tuple[Name, ...] = ()
    warnings: Tuple[str, ...] = ()


def stage(
    workspace: Workspace,
    selection: Selection,
    actions: Sequence[str] = (),
    *,
    force: bool = False,
    edits: Optional[Edits] = None,
    choose: Choose = lambda change: True,
) -> Staging:
    """Stage the selected definitions, and explicit actions on them; raises StagectlError, and then nothing changed.

    edits: definitions (or files staged in place) to write first; they are part of the commit.
    choose: asked for every resource that would change and every action that would be staged on it.
    """
    edits = edits or {}
    snapshot = workspace.snapshot(definitions=True, edits=edits)
    _refuse_twins(snapshot)
    workspace.git.check_identity()
    _, applied = workspace.applied()
    chosen = _chosen(workspace.config, selection, snapshot, applied)
    wanted = desired(workspace.config, snapshot, chosen)
    if actions:
        wanted = _with_actions(wanted, actions, snapshot, applied)
    wanted = _picked(wanted, snapshot, choose)
    _refuse_edited(workspace, snapshot, wanted, force)
    return commit_staged(workspace, snapshot, wanted, applied, edits)


def commit_staged(
    workspace: Workspace,
    snapshot: Snapshot,
    wanted: Mapping[Name, Optional[Resource]],
    applied: Mapping[Name, Applied],
    edits: Edits,
    verb: str = "stage",
) -> Staging:
    """Write and commit the wanted staged forms with the edits; what would make no possible plan is refused."""
    plan = _plan_of(workspace, snapshot, wanted, applied)
    changed = [name for name in sorted(wanted) if _content(wanted[name]) != snapshot.files.get(staged_path(name))]
    paths = sorted({*_paths_to_commit(workspace, snapshot, wanted, changed), *edits})
    if not paths:
        return Staging(warnings=_warnings(workspace))
    names = sorted({*changed, *(_name_of(path) for path in paths if path.startswith(f"{STAGED}/"))})
    staged = tuple(c.id for c in plan.changes if c.resource in names and c.cause.type != "reaction")
    writes = {**edits, **{staged_path(name): _content(wanted[name]) for name in changed}}
    commit = commit_files(workspace, writes, paths, _message(verb, names, staged))
    return Staging(commit, staged, tuple(names), _warnings(workspace))


def desired(config: Config, snapshot: Snapshot, chosen: FrozenSet[Name]) -> Dict[Name, Optional[Resource]]:
    """Return what the staged form of each chosen resource should be, None for one whose definition is gone."""
    wanted: Dict[Name, Optional[Resource]] = {}
    for name in sorted(chosen):
        staged = snapshot.staged.get(name)
        if name in snapshot.defined:
            wanted[name] = _copied(config, snapshot, name, staged.actions if staged else {})
        elif staged is not None:
            wanted[name] = staged if staged.source is None else None
    return wanted


def _chosen(
    config: Config, selection: Selection, snapshot: Snapshot, applied: Mapping[Name, Applied]
) -> FrozenSet[Name]:
    live = {name: state.resource for name, state in applied.items() if state.resource}
    tags = {name: _tags_of(config, resource) for name, resource in snapshot.defined.items()}
    world = World.of(snapshot.defined, snapshot.staged, live, tags=tags)
    chosen = select(selection, world)
    return frozenset(world.tags) if chosen is None else chosen


def _copied(config: Config, snapshot: Snapshot, name: Name, stamps: Mapping[str, str]) -> Resource:
    """Return a definition as it is staged: tags copied and completed, the body byte for byte."""
    defined = snapshot.defined[name]
    tags = _tags_of(config, defined)
    return rendered(replace(defined, tags=tags, source=snapshot.definition_paths[name], actions=dict(stamps)))


def _tags_of(config: Config, defined: Resource) -> Tuple[str, ...]:
    """Return the tags a definition is staged with: its own, then those the config gives its path."""
    return tuple(dict.fromkeys([*defined.tags, *path_tags(config, defined.name)]))


def path_tags(config: Config, name: Name) -> List[str]:
    """Return the tags that the config gives a resource by its path."""
    return [tag for glob, tags in config.tags if glob_test(glob)(name) for tag in tags]


def rendered(resource: Resource) -> Resource:
    """Return a resource with its staged file's bytes: front matter in one form, the body as it is."""
    front = yamlfile.front_matter(resource.kind, resource.tags, resource.source, list(resource.actions.items()))
    return replace(resource, content=front + yamlfile.body_of(resource.content))


def _content(resource: Optional[Resource]) -> Optional[bytes]:
    return None if resource is None else resource.content


# --- explicit actions


def _with_actions(
    wanted: Mapping[Name, Optional[Resource]],
    actions: Sequence[str],
    snapshot: Snapshot,
    applied: Mapping[Name, Applied],
) -> Dict[Name, Optional[Resource]]:
    result = dict(wanted)
    for action in actions:
        _refuse_action(action, result, snapshot.kinds, applied)
        for name, resource in result.items():
            assert resource is not None, "an action on a resource that goes was refused"
            result[name] = _stamped(resource, action, applied.get(name, Applied()).stamps)
    return result


def _refuse_action(
    action: str,
    wanted: Mapping[Name, Optional[Resource]],
    kinds: Mapping[str, Kind],
    applied: Mapping[Name, Applied],
) -> None:
    if action == REMOVE:
        raise StagectlError(
            "'remove' is not staged with -a", "delete the definition and stage it, or: stagectl remove NAME"
        )
    gone = sorted(name for name, resource in wanted.items() if resource is None)
    if gone:
        raise StagectlError(f"{', '.join(gone)}: its definition is gone, so it can only be removed")
    for name, resource in sorted(wanted.items()):
        kind = kinds[resource.kind] if resource else Kind("")
        if action != REPLACE and action not in kind.verbs():
            near = nearest(action, kind.verbs())
            message = f"'{action}' is no action of {name}, which is of kind {kind.name}{near}"
            raise StagectlError(message, f"its actions: {', '.join(kind.verbs())}")
        if action == RUN and name in applied and applied[name].live:
            raise StagectlError(
                f"{name} is live already, so it cannot be run", "to remove and run it again: -a replace"
            )


def _stamped(resource: Resource, action: str, done: Mapping[str, str]) -> Resource:
    """Return a resource with an action staged last; one that is pending already stays as it is."""
    old = resource.actions.get(action)
    if old is not None and is_pending(old, done.get(action)):
        return resource
    count = 1 + max(stamp_count(stamp) for stamp in (old or "0-0", done.get(action, "0-0")))
    stamps = {other: stamp for other, stamp in resource.actions.items() if other != action}
    stamps[action] = f"{count}-{secrets.token_hex(2)}"
    return rendered(replace(resource, actions=stamps))


def _picked(
    wanted: Mapping[Name, Optional[Resource]], snapshot: Snapshot, choose: Choose
) -> Dict[Name, Optional[Resource]]:
    """Return what of the wanted forms was chosen, resource by resource and action by action."""
    picked: Dict[Name, Optional[Resource]] = {}
    for name, after in wanted.items():
        before = snapshot.staged.get(name)
        if _content(after) == _content(before):
            picked[name] = after
            continue
        stamps = dict(before.actions) if before else {}
        plain = rendered(replace(after, actions=stamps)) if after else None
        up_to_date = _content(plain) == _content(before) or choose(Choice(name, None, before, plain))
        base = plain if up_to_date else before
        for action, stamp in after.actions.items() if after and base else ():
            if stamps.get(action) != stamp and choose(Choice(name, action, before, after)):
                stamps = {**{key: value for key, value in stamps.items() if key != action}, action: stamp}
        if base is not None and stamps != dict(base.actions):
            base = rendered(replace(base, actions=stamps))
        if up_to_date or base is not before:
            picked[name] = base
    return picked


# --- what is refused


def _refuse_twins(snapshot: Snapshot) -> None:
    problems = []
    for name, resource in sorted(snapshot.staged.items()):
        if resource.source is None and name in snapshot.defined:
            message = (
                f"this file is edited in place (it has no 'source'), and {snapshot.definition_paths[name]} defines it"
            )
            path = staged_path(name)
            problems.append(problem_at(snapshot.files[path], path, Flaw(schema.FRONT, (), message)))
    if problems:
        raise InvalidFiles(problems, "delete one of the two")


def _refuse_edited(
    workspace: Workspace, snapshot: Snapshot, wanted: Mapping[Name, Optional[Resource]], force: bool
) -> None:
    """Refuse to overwrite staged copies that somebody edited by hand."""
    copies = [
        name
        for name in sorted(wanted)
        if name in snapshot.staged
        and snapshot.staged[name].source is not None
        and _content(wanted[name]) != snapshot.staged[name].content
    ]
    edited = set(workspace.git.dirty([staged_path(name) for name in copies])) if copies and not force else set()
    if edited:
        problems = [Problem(path, 1, 1, "this staged copy was edited by hand") for path in edited]
        hint = "edit its definition instead; --force overwrites the copy, git checkout brings the committed one back"
        raise InvalidFiles(problems, hint)


def _plan_of(
    workspace: Workspace,
    snapshot: Snapshot,
    wanted: Mapping[Name, Optional[Resource]],
    applied: Mapping[Name, Applied],
) -> Plan:
    """Return the unselected plan of the resulting staging area, which must be possible."""
    merged = {**snapshot.staged, **{name: resource for name, resource in wanted.items() if resource is not None}}
    staged = {name: resource for name, resource in merged.items() if wanted.get(name, resource) is not None}
    situation = workspace.situation(replace(snapshot, staged=staged), applied)
    paths = {name: snapshot.definition_paths[name] for name in wanted if name in snapshot.definition_paths}
    return checked_plan(situation, Selection(), snapshot, paths)


# --- writing


def _paths_to_commit(
    workspace: Workspace, snapshot: Snapshot, wanted: Mapping[Name, Optional[Resource]], changed: Sequence[Name]
) -> List[str]:
    """Return the staged files to commit, with the uncommitted definitions they were copied from."""
    staged = [staged_path(name) for name in wanted]
    uncommitted = set(workspace.git.dirty([STAGED])) if staged else set()
    paths = {staged_path(name) for name in changed} | (uncommitted & set(staged))
    sources: Set[str] = set()
    for name in (_name_of(path) for path in paths):
        resource = wanted[name] or snapshot.staged.get(name)
        if resource is not None and resource.source is not None:
            sources.add(resource.source)
    return sorted(paths | (set(workspace.git.dirty(sorted(sources))) if sources else set()))


def _name_of(path: str) -> Name:
    return Name(path[len(STAGED) + 1 : -len(".yaml")])


def commit_files(
    workspace: Workspace, writes: Mapping[str, Optional[bytes]], paths: Sequence[str], message: str
) -> Oid:
    """Write files (None deletes) and commit *paths* only; when git or a hook refuses, the files are as they were."""
    before = {path: files.content_of(workspace.root / path) for path in writes}
    try:
        files.write_all(workspace.root, writes)
        return workspace.git.commit_only(paths, message)
    except BaseException as error:
        files.write_all(workspace.root, before)
        if isinstance(error, GitError):
            raise GitError(error.message, "nothing was staged; mend that and stage again") from None
        raise


def _message(verb: str, names: Sequence[Name], staged: Sequence[ChangeId]) -> str:
    """Return a commit message whose trailers name every staged change."""
    acting = {change.rpartition(".")[0] for change in staged}
    trailers = [f"Staged: {change}" for change in staged]
    trailers += [f"Restaged: {name}" for name in names if name not in acting]
    what = staged[0] if len(staged) == 1 == len(names) else names[0] if names else "definitions"
    subject = f"{verb}: {what}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return subject + "\n\n" + "\n".join(trailers) + "\n"


def _warnings(workspace: Workspace) -> Tuple[str, ...]:
    uncommitted = [path for path in workspace.dirty() if not path.startswith(f"{STAGED}/")]
    if not uncommitted:
        return ()
    return (f"not committed yet, and `apply` asks for it: {', '.join(uncommitted[:5])}",)
