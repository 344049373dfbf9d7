"""`create`, `update` and `remove`: edit definitions, comments kept, and stage them in the same commit."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import ReadInFull, StagectlError, UsageError, no_kind
from stagectl.core.graph import closure
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import DEFINITIONS, NAME, Name, Resource, staged_path
from stagectl.core.planning.checks import still_read_error
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection, match_names
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.planning.incremental import IncrementalRead, quickest
from stagectl.usecases.repository.troubles import refuse_claimed
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.setup.schemas import kind_modeline
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.definitions import refuse_loss
from stagectl.usecases.staging.detaching import detach_readers
from stagectl.usecases.staging.ground import About, Ground, follow_names, on_ground
from stagectl.usecases.staging.naming import find_resource, path_of, refuse_definition, world_here
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.part import part_of_one
from stagectl.usecases.staging.removed_moves import TakenBack, take_back_moves
from stagectl.usecases.staging.restage import Known
from stagectl.usecases.staging.settings import Settings, interpret, misread, settings_edits
from stagectl.usecases.staging.stage import Writing, write_and_stage


def create(
    workspace: Workspace, name: str, kind: Optional[str], settings: Settings, like: Optional[str] = None
) -> Staging:
    """Write a definition and stage it; raises StagectlError where there is such a resource already.

    like: the definition it starts from, which may give it its kind.
    """
    if kind is None and like is None:
        raise UsageError("a new resource needs --kind, or --like", "the kinds there are: stagectl kinds")

    def act(ground: Ground) -> Writing:
        snapshot = ground.snapshot
        if name in snapshot.defined or name in snapshot.staged:
            raise StagectlError(f"{name} exists already", f"to change it: stagectl update {name} --set ...")
        refuse_definition(snapshot, name)
        return Writing(Selection((name,)), {}, ground.known)

    if not NAME.fullmatch(name):
        raise StagectlError(f"'{name}' is no name for a resource", "letters, digits, '_' and '-', folders with '/'")
    about = About(by_definition=True, beside=lambda _: [Name(name)], is_plain=False)
    begun = on_ground("create", workspace, about, act)
    kinds = workspace.kinds()
    if kind is not None and kind not in kinds:
        raise no_kind(kind, kinds)
    root = workspace.config.roots[0] if workspace.config.roots else DEFINITIONS
    path = f"{root}/{name}.yaml"
    if like is not None:
        writes = _create_like(workspace, Name(name), path, (like, kind), settings)
        return _write(workspace, begun._replace(writes=writes), settings)
    tags = ", ".join(yamlfile.quote(tag) for tag in settings.tags)
    schema = kind_modeline(workspace, path, str(kind))  # an editor looks for it in each of the two documents
    text = f"---\n{schema}kind: {kind}\ntags: [{tags}]\n---\n{schema}inputs:\n"
    content = edit(text.encode(), settings_edits(settings, text.encode()))
    return _write(workspace, begun._replace(writes={path: content}), settings)


def _write(workspace: Workspace, writing: Writing, settings: Settings, before: bytes = b"") -> Staging:
    """Write and stage what settings make of a definition, with what to say of them; before: what it was."""
    done = write_and_stage(workspace, writing)
    return done._replace(warnings=(*done.warnings, *misread(settings, before)))


def _create_like(
    workspace: Workspace, name: Name, path: str, start: Tuple[str, Optional[str]], settings: Settings
) -> Writes:
    """Return a new definition that is like another one; start: that one, and a kind of its own."""
    like, kind = start
    front = f"like: {yamlfile.quote(like)}\n" + (f"kind: {kind}\n" if kind else "")
    text = f"---\n{{0}}{front}---\n{{0}}inputs:\n"
    found = workspace.snapshot(definitions=True, writes={path: text.format("").encode()})
    schema = kind_modeline(workspace, path, found.defined[name].kind, "templates")
    return _overrides(found, name, settings, {path: text.format(schema).encode()})


def update(workspace: Workspace, name: str, settings: Settings) -> Staging:
    """Edit a definition (or a file staged in place) and stage it; raises StagectlError for an unknown name or path."""
    snapshot = quickest("update", lambda: _one(workspace, name), lambda: workspace.snapshot(definitions=True))
    name = find_resource(snapshot, name)
    path = path_of(snapshot, name)
    if name in snapshot.expanded:
        writing = Writing(Selection((name,)), _overrides(snapshot, name, settings))
        return _write(workspace, writing, settings, snapshot.defined[name].content)
    resource = snapshot.defined.get(name) or snapshot.staged[name]
    edits = settings_edits(settings, snapshot.files[path]) + _tag_edits(resource, settings)
    content = edit(snapshot.files[path], edits)
    changed: Writes = {path: content} if content != snapshot.files[path] else {}
    return _write(workspace, Writing(Selection((name,)), changed), settings, snapshot.files[path])


def _one(workspace: Workspace, name: str) -> Snapshot:
    """Return what there is to say of one resource; raises ReadInFull where every file has to be read."""
    found = part_of_one(workspace, Name(name)) if NAME.fullmatch(name) else None
    if found is None or name not in {**found.defined, **found.staged} or name in found.expanded:
        raise ReadInFull("it is no plain name, or of nothing that has a file of its own")
    return found


def _overrides(snapshot: Snapshot, name: Name, settings: Settings, writes: Optional[Writes] = None) -> Writes:
    """Return how the definition of an expanded resource has to change; writes: made already."""
    overriding = Overriding(snapshot, dict(writes or {}))
    for steps, value in interpret(settings, snapshot.defined[name].content):
        overriding.set(name, ("inputs", *steps), value)
    for steps in settings.unset:
        overriding.set(name, ("inputs", *steps), MISSING)
    overriding.tag(name, _tags(snapshot.defined[name], settings))
    return overriding.writes


def _tag_edits(resource: Resource, settings: Settings) -> List[Edit]:
    tags = _tags(resource, settings)
    return [Edit(FRONT, ("tags",), tags)] if tags != list(resource.tags) else []


def _tags(resource: Resource, settings: Settings) -> List[str]:
    unknown = [tag for tag in settings.untags if tag not in resource.tags]
    if unknown:
        known = ", ".join(resource.tags) or "none"
        raise StagectlError(f"{resource.name} has no tag '{unknown[0]}'", f"its tags: {known}")
    kept = [tag for tag in resource.tags if tag not in settings.untags]
    return list(dict.fromkeys([*kept, *settings.tags]))


def remove(workspace: Workspace, names: Sequence[str], *, recursive: bool = False, detach: bool = False) -> Staging:
    """Delete definitions and stage the removals; readers are an error unless they go, too, or are detached."""
    if recursive and detach:
        raise UsageError("--recursive and --detach exclude each other")

    def beside(found: IncrementalRead) -> Set[Name]:
        plain = {Name(name) for name in names if NAME.fullmatch(name)}
        if len(plain) < len(names):
            raise ReadInFull("it is not asked about plain names alone")
        if not recursive:
            return plain | found.readers(plain)
        below = closure(plain, found.children)
        return below | found.readers(below)

    def act(ground: Ground) -> Tuple[TakenBack, Optional[Known]]:
        writes, touched, going = _removal(ground, names, recursive=recursive, detach=detach)
        _refuse_loss(ground, going)
        taken = take_back_moves(ground, going, writes)
        return taken._replace(touched=taken.touched | touched), ground.known

    taken, known = on_ground("remove", workspace, About(by_definition=True, beside=beside), act)
    done = write_and_stage(workspace, Writing(Selection(tuple(sorted(taken.touched))), taken.writes, known))
    notes = (
        f"{new} is {old} again: the name is not free before the removal is applied; then: stagectl move {old} {new}"
        for new, old in taken.moves.items()
    )
    return done._replace(warnings=(*done.warnings, *notes))


def _removal(
    ground: Ground, names: Sequence[str], *, recursive: bool, detach: bool
) -> Tuple[Writes, Set[Name], Set[Name]]:
    """Return the writes that remove resources, whose files they are, and which of these go."""
    snapshot, applied = ground.snapshot, ground.applied
    world = world_here(snapshot, {name: state.resource for name, state in applied.items() if state.resource})
    resources = {**snapshot.staged, **snapshot.defined}
    named = frozenset(name for pattern in names for name in match_names(pattern, world))
    following = follow_moves(Situation(applied, resources, snapshot.kinds))
    refuse_claimed(following, snapshot, named, snapshot.definition_paths)
    chosen = {*follow_names(named, following.moves, snapshot)}
    writes: Dict[str, Optional[bytes]] = {}
    if not (recursive or detach):
        _check_readers(snapshot, chosen)
    if recursive:
        chosen |= {name for root in sorted(chosen) for name in match_names(f"{root}+", world)}
    if detach:
        gone = _gone_readers(snapshot, chosen)
        if gone:
            ground.need_everything("a reader's definition is gone, too, and its own readers are detached")
        chosen |= gone
        writes.update(detach_readers(snapshot, resources, chosen, applied))
    overriding = Overriding(snapshot, writes)
    for name in sorted(chosen):
        if name in snapshot.expanded:
            overriding.remove(name)
        else:
            writes.update(dict.fromkeys(_file_of(snapshot, name)))
    touched = {name for name, resource in resources.items() if resource.parents & chosen} if detach else set()
    return writes, chosen | touched, chosen


def _refuse_loss(ground: Ground, going: Set[Name]) -> None:
    """Raise StagectlError where the definition of something that goes has text that no commit has."""
    paths = {name: ground.snapshot.definition_paths.get(name, staged_path(name)) for name in going}
    lost = {*ground.workspace.git.dirty(sorted(set(paths.values())))} if paths else set()
    names = " ".join(name for name, path in sorted(paths.items()) if path in lost)
    hint = f"commit it first, or drop it: stagectl discard {names} --force"
    refuse_loss(ground.workspace, dict.fromkeys(sorted(lost)), "removing", hint)


def _file_of(snapshot: Snapshot, name: Name) -> List[str]:
    """Return the file that goes with a resource, none where it is gone already."""
    if name in snapshot.definition_paths:
        return [snapshot.definition_paths[name]]
    return [staged_path(name)] if name in snapshot.staged and snapshot.staged[name].source is None else []


def _gone_readers(snapshot: Snapshot, gone: Set[Name]) -> Set[Name]:
    """Return the staged readers of what goes whose definitions are gone, too: nothing can be written into them."""
    return {
        name
        for name, resource in snapshot.staged.items()
        if (resource.parents | frozenset(resource.unordered)) & gone and not _file_of(snapshot, name)
    }


def _check_readers(snapshot: Snapshot, gone: Set[Name]) -> None:
    """Refuse to leave staged readers behind, also of what was never applied."""
    found: Dict[Name, List[Resource]] = {}
    for name, resource in sorted(snapshot.staged.items()):
        for parent in sorted(resource.parents & gone) if name not in gone else ():
            found.setdefault(parent, []).append(resource)
    if found:
        raise still_read_error(found)
