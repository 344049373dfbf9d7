"""`create`, `update` and `remove`: edit definitions, comments kept, and stage them in the same commit."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import ReadInFull, StagectlError, nearest
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import DEFINITIONS, NAME, Applied, Name, Resource, staged_path
from stagectl.core.planning.checks import still_read_error
from stagectl.core.planning.moves import old_names
from stagectl.core.planning.resolve import Resolver, reported
from stagectl.core.plans.selection import Selection, World, match_names
from stagectl.core.references import absolute, folder_of
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.values import EnvVariable, Reference, Template, Value, canonical, leaves
from stagectl.usecases.planning.edges import Edges
from stagectl.usecases.planning.incremental import Narrow, quickest
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.setup.schemas import kind_modeline
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.part import part_of_one
from stagectl.usecases.staging.settings import Settings, meant, settings_edits
from stagectl.usecases.staging.stage import refuse_definition, stage


def create(
    workspace: Workspace, name: str, kind: Optional[str], settings: Settings, like: Optional[str] = None
) -> Staging:
    """Write a definition and stage it; raises StagectlError where there is such a resource already.

    like: the definition it starts from, which may give it its kind.
    """

    def act(ground: Ground) -> None:
        snapshot = ground.snapshot
        if name in snapshot.defined or name in snapshot.staged:
            raise StagectlError(f"{name} exists already", f"to change it: stagectl update {name} --set ...")
        refuse_definition(snapshot, name)

    if not NAME.fullmatch(name):
        raise StagectlError(f"'{name}' is no name for a resource", "letters, digits, '_' and '-', folders with '/'")
    on_ground("create", workspace, About(by_definition=True, beside=lambda _: [Name(name)], is_plain=False), act)
    kinds = workspace.kinds()
    if kind is not None and kind not in kinds:
        raise StagectlError(f"there is no kind '{kind}'{nearest(kind, kinds)}", "see: stagectl kinds")
    root = workspace.config.roots[0] if workspace.config.roots else DEFINITIONS
    path = f"{root}/{name}.yaml"
    if like is not None:
        edits = _created_like(workspace, Name(name), path, (like, kind), settings)
        return stage(workspace, Selection((name,)), edits=edits)
    tags = ", ".join(yamlfile.quote(tag) for tag in settings.tags)
    schema = kind_modeline(workspace, path, str(kind))  # an editor looks for it in each of the two documents
    text = f"---\n{schema}kind: {kind}\ntags: [{tags}]\n---\n{schema}inputs:\n"
    content = edit(text.encode(), settings_edits(settings, text.encode()))
    return stage(workspace, Selection((name,)), edits={path: content})


def _created_like(
    workspace: Workspace, name: Name, path: str, start: Tuple[str, Optional[str]], settings: Settings
) -> Writes:
    """Return a new definition that is like another one; start: that one, and a kind of its own."""
    like, kind = start
    front = f"like: {yamlfile.quote(like)}\n" + (f"kind: {kind}\n" if kind else "")
    text = f"---\n{{0}}{front}---\n{{0}}inputs:\n"
    found = workspace.snapshot(definitions=True, edits={path: text.format("").encode()})
    schema = kind_modeline(workspace, path, found.defined[name].kind, "templates")
    return _overrides(found, name, settings, {path: text.format(schema).encode()})


def update(workspace: Workspace, name: str, settings: Settings) -> Staging:
    """Edit a definition (or a file staged in place) and stage it; raises StagectlError for an unknown name or path."""
    snapshot = quickest("update", lambda: _one(workspace, name), lambda: workspace.snapshot(definitions=True))
    name = named(snapshot, name)
    path = path_of(snapshot, name)
    if name in snapshot.expanded:
        return stage(workspace, Selection((name,)), edits=_overrides(snapshot, name, settings))
    resource = snapshot.defined.get(name) or snapshot.staged[name]
    edits = settings_edits(settings, snapshot.files[path]) + _tag_edits(resource, settings)
    content = edit(snapshot.files[path], edits)
    changed: Writes = {path: content} if content != snapshot.files[path] else {}
    return stage(workspace, Selection((name,)), edits=changed)


def _one(workspace: Workspace, name: str) -> Snapshot:
    """Return what there is to say of one resource; raises ReadInFull where every file has to be read."""
    found = part_of_one(workspace, Name(name)) if NAME.fullmatch(name) else None
    if found is None or name not in {**found.defined, **found.staged} or name in found.expanded:
        raise ReadInFull("it is no plain name, or of nothing that has a file of its own")
    return found


def _overrides(snapshot: Snapshot, name: Name, settings: Settings, edits: Optional[Writes] = None) -> Writes:
    """Return how the definition of an expanded resource has to change; edits: made already."""
    overriding = Overriding(snapshot, dict(edits or {}))
    for steps, value in meant(settings, snapshot.defined[name].content):
        overriding.set(name, ("inputs", *steps), value)
    for steps in settings.unset:
        overriding.set(name, ("inputs", *steps), MISSING)
    overriding.tag(name, _tags(snapshot.defined[name], settings))
    return overriding.edits


def named(snapshot: Snapshot, text: str) -> Name:
    """Return the one resource that is meant, by its name or by one it had before; raises StagectlError for others."""
    world = world_here(snapshot)
    refuse_definition(snapshot, text)
    match_names(text, world)
    if not NAME.fullmatch(text):  # a glob, or a graph operator: discarding what it matches is no way out
        raise StagectlError(f"'{text}' may be several resources, and one is edited at a time", "name one: prod/db")
    return world.now(text)


def world_here(snapshot: Snapshot, live: Optional[Mapping[Name, Resource]] = None) -> World:
    """Return what can be named: what is defined or staged (or live, where asked), under old names, too."""
    aliases = old_names([*(live or {}).values(), *snapshot.staged.values(), *snapshot.defined.values()])
    return World.of(snapshot.defined, snapshot.staged, live or {}, aliases=aliases)


def path_of(snapshot: Snapshot, name: str) -> str:
    """Return the file a resource is edited in: its definition, or its staged file; raises StagectlError for neither."""
    name = named(snapshot, name)
    if Name(name) in snapshot.definition_paths:
        return snapshot.definition_paths[Name(name)]
    if Name(name) in snapshot.staged and snapshot.staged[Name(name)].source is None:
        return staged_path(name)
    raise StagectlError(f"the definition of {name} is gone", f"to have it back: stagectl discard {name}")


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

    def beside(found: Narrow) -> Set[Name]:
        plain = {Name(name) for name in names if NAME.fullmatch(name)}
        if len(plain) < len(names):
            raise ReadInFull("it is not asked about plain names alone")
        if not recursive:
            return plain | found.readers(plain)
        below = Edges(found.index, found.edits).below(plain)
        return below | found.readers(below)

    def act(ground: Ground) -> Tuple[Writes, Selection]:
        return _removal(ground, names, recursive=recursive, detach=detach)

    edits, selection = on_ground("remove", workspace, About(by_definition=True, beside=beside), act)
    return stage(workspace, selection, edits=edits)


def _removal(ground: Ground, names: Sequence[str], *, recursive: bool, detach: bool) -> Tuple[Writes, Selection]:
    """Return the edits that remove resources, and whose files they are."""
    snapshot, applied = ground.snapshot, ground.applied
    world = world_here(snapshot, {name: state.resource for name, state in applied.items() if state.resource})
    chosen = {name for pattern in names for name in match_names(pattern, world)}
    resources = {**snapshot.staged, **snapshot.defined}
    edits: Dict[str, Optional[bytes]] = {}
    if not (recursive or detach):
        _check_readers(snapshot, chosen)
    if recursive:
        chosen |= {name for root in sorted(chosen) for name in match_names(f"{root}+", world)}
    if detach:
        gone = _gone_readers(snapshot, chosen)
        if gone:
            ground.need_everything("a reader's definition is gone, too, and whoever reads that one is detached")
        chosen |= gone
        edits.update(_detached(snapshot, resources, chosen, applied))
    overriding = Overriding(snapshot, edits)
    for name in sorted(chosen):
        if name in snapshot.expanded:
            overriding.remove(name)
        else:
            edits.update(dict.fromkeys(_file_of(snapshot, name)))
    touched = {name for name, resource in resources.items() if resource.parents & chosen} if detach else set()
    return edits, Selection(tuple(sorted(chosen | touched)))


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


def _detached(
    snapshot: Snapshot, resources: Mapping[Name, Resource], gone: Set[Name], applied: Mapping[Name, Applied]
) -> Dict[str, Optional[bytes]]:
    """Return the readers' files with the last applied values written in, and without relations to what goes."""
    values = Resolver(
        resources, {name: state.inputs for name, state in applied.items() if state.live}, reported(applied)
    )
    overriding = Overriding(snapshot)
    for name, resource in sorted(resources.items()):
        if name in gone or not (resource.parents | frozenset(resource.unordered)) & gone:
            continue
        path = path_of(snapshot, name)
        data = resource.content if name in snapshot.expanded else snapshot.files[path]
        edits = list(_value_edits(resource, gone, values)) + _relation_edits(resource, gone, data)
        if name in snapshot.expanded:
            for one in edits:
                overriding.set(name, one.at, MISSING if one.delete else one.value)
        else:
            overriding.edits[path] = edit(data, edits)
    return overriding.edits


def _value_edits(resource: Resource, gone: Set[Name], values: Resolver) -> List[Edit]:
    edits = []
    for key, value in resource.inputs.items():
        for at, leaf in leaves(value, (key,)):
            if isinstance(leaf, Template) and any(isinstance(p, Reference) and p.name in gone for p in leaf.parts):
                edits.append(Edit(BODY, ("inputs", *at), _written(leaf, gone, values)))
    return edits


def _written(template: Template, gone: Set[Name], values: Resolver) -> Value:
    """Return a template as it is written once the values of what goes stand in it."""
    if len(template.parts) == 1:
        part = template.parts[0]
        assert isinstance(part, Reference), "a template of one part that reads is a reference"
        return _escaped(_last_value(part, values))
    text = ""
    for part in template.parts:
        if isinstance(part, Reference) and part.name in gone:
            value = _last_value(part, values)
            text += _escaped(value) if isinstance(value, (str, Template)) else canonical(value)
        else:
            text += part.replace("${", "$${") if isinstance(part, str) else str(part)
    return text


def _last_value(reference: Reference, values: Resolver) -> Value:
    there, value = values.value_of(reference)
    if not there:
        raise StagectlError(f"{reference} has no value that could be written into its reader")
    return value


def _escaped(value: Value) -> Value:
    """Return a resolved value as a file has to say it."""
    if isinstance(value, dict):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    if isinstance(value, Template):
        return "".join(str(part) if isinstance(part, EnvVariable) else _escaped(part) for part in value.parts)
    return value.replace("${", "$${") if isinstance(value, str) else value


def _relation_edits(resource: Resource, gone: Set[Name], data: bytes) -> List[Edit]:
    """Return the edits that take every relation to what goes out of a file."""
    documents = yamlfile.load(data)
    body = documents[BODY] or {}
    folder = folder_of(resource.name)
    edits: List[Edit] = []
    for key in ("depends_on", "react_on", "unordered"):
        if key in body:
            kept = _kept(body[key], gone, folder)
            if kept != body[key]:
                edits.append(Edit(BODY, (key,), kept, delete=not kept))
    return edits


def _kept(relations: Any, gone: Set[Name], folder: str) -> Any:
    if isinstance(relations, dict):
        found = {action: _kept(entries, gone, folder) for action, entries in relations.items()}
        return {action: entries for action, entries in found.items() if entries}
    return [entry for entry in relations if _name_in(entry, folder) not in gone]


def _name_in(entry: Any, folder: str) -> Name:
    text = entry["on"] if isinstance(entry, dict) else entry
    last = text.rpartition("/")[2]
    return absolute(text.rpartition(".")[0] if "." in last.lstrip(".") else text, folder)
