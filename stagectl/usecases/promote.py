"""`promote`: stage in one environment folder what is applied in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.diff import Difference, diff
from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import DEFINITIONS, NAME, Applied, Name, Resource, staged_path
from stagectl.core.schema import BODY
from stagectl.core.selection import Selection, glob_test
from stagectl.core.values import Path, Value
from stagectl.usecases.commit import Staging
from stagectl.usecases.stage import path_tags, stage
from stagectl.usecases.workspace import Workspace


@dataclass(frozen=True)
class Promotion:
    """What a promotion did. differ: per resource what stays different; left: names only the target has; notes."""

    staging: Staging
    differ: Tuple[Tuple[Name, Tuple[Difference, ...]], ...] = ()
    left: Tuple[Name, ...] = ()
    notes: Tuple[str, ...] = ()


def promote(
    workspace: Workspace, source: str, target: str, names: Sequence[str] = (), *, from_staged: bool = False
) -> Promotion:
    """Stage in folder *target* what is applied in folder *source*; raises StagectlError, and then nothing changed.

    names: which resources, with or without the folder; globs are fine. from_staged: what is staged there, applied or
    not. Input paths that a target definition lists under `overrides` keep the target's values.
    """
    source, target = (_folder(text) for text in (source, target))
    if source == target:
        raise StagectlError(f"{source} cannot be promoted to itself", "name two folders")
    snapshot = workspace.snapshot(definitions=True)
    _, applied = workspace.applied()
    origin = _origin(snapshot, applied, source, from_staged)
    chosen = _chosen(origin, source, names)
    edits: Dict[str, Optional[bytes]] = {}
    for name in chosen:
        new = Name(f"{target}/{name[len(source) + 1 :]}")
        path, content = _promoted(workspace, snapshot, origin[name], new, (source, target))
        if snapshot.files.get(path) != content:
            edits[path] = content
    targets = [Name(f"{target}/{name[len(source) + 1 :]}") for name in chosen]
    staging = stage(workspace, Selection(tuple(targets)), edits=edits, verb="promote")
    left = [name for name in sorted(snapshot.defined) if name.startswith(f"{target}/")]
    left = [name for name in left if _other(name, target, source) not in origin]
    notes = _notes(snapshot, applied, origin, chosen, source, from_staged)
    return Promotion(staging, tuple(_differ(workspace, origin, chosen, source, target)), tuple(left), tuple(notes))


def _other(name: str, folder: str, other: str) -> Name:
    return Name(f"{other}/{name[len(folder) + 1 :]}")


def _folder(text: str) -> str:
    folder = text.rstrip("/")
    if not NAME.fullmatch(folder):
        raise StagectlError(f"'{text}' is no folder of resources", "for example: stagectl promote staging prod")
    return folder


def _origin(
    snapshot: Snapshot, applied: Mapping[Name, Applied], source: str, from_staged: bool
) -> Dict[Name, Resource]:
    """Return what there is to promote, by name."""
    live = {name: state.resource for name, state in applied.items() if state.resource is not None}
    found = {name: resource for name, resource in live.items() if name.startswith(f"{source}/")}
    staged = {name: resource for name, resource in snapshot.staged.items() if name.startswith(f"{source}/")}
    if from_staged:
        return staged
    if not found and staged:
        raise StagectlError(
            f"nothing in {source} is applied yet", "apply it first; --from-staged promotes what is only staged"
        )
    if not found:
        folders = {name.rpartition("/")[0] for name in {**live, **snapshot.staged} if "/" in name}
        near = nearest(source, folders)
        raise StagectlError(f"there is nothing in the folder '{source}'{near}", "see: stagectl graph")
    return found


def _chosen(origin: Mapping[Name, Resource], source: str, names: Sequence[str]) -> List[Name]:
    if not names:
        return sorted(origin)
    found: List[Name] = []
    for text in names:
        pattern = text if text.startswith(f"{source}/") else f"{source}/{text}"
        matches = [name for name in sorted(origin) if glob_test(pattern)(name)]
        if not matches:
            raise StagectlError(
                f"nothing that could be promoted is called '{pattern}'{nearest(pattern, origin)}",
                "what is staged and not applied takes --from-staged",
            )
        found += matches
    return sorted(set(found))


def _promoted(
    workspace: Workspace, snapshot: Snapshot, resource: Resource, new: Name, folders: Tuple[str, str]
) -> Tuple[str, bytes]:
    """Return the target's definition, and where it is."""
    now = snapshot.defined.get(new) or snapshot.staged.get(new)
    path = snapshot.definition_paths.get(new) or (staged_path(new) if now is not None else None)
    if path is None:
        root = workspace.config.roots[0] if workspace.config.roots else DEFINITIONS
        path = f"{root}/{new}.yaml"
    added = path_tags(workspace.config, new)
    if now is not None:
        tags = [tag for tag in now.tags if tag not in added or new in snapshot.defined]
    else:
        of_source = path_tags(workspace.config, resource.name)
        tags = [_retagged(tag, folders) for tag in resource.tags if tag not in of_source]
        tags = [tag for tag in tags if tag not in added]
    source = now.source if now is not None and new not in snapshot.defined else None
    actions = list(now.actions.items()) if now is not None and new not in snapshot.defined else ()
    moved_from = now.moved_from if now is not None else None
    front = yamlfile.front_matter(resource.kind, tags, moved_from, source, actions)
    return path, _with_overrides(front + yamlfile.body_of(resource.content), now)


def _retagged(tag: str, folders: Tuple[str, str]) -> str:
    """Return a tag of a resource that is new in the target: one that names the environment names the other one."""
    source, target = (folder.rpartition("/")[2] for folder in folders)
    key, equals, value = tag.rpartition("=")
    return f"{key}{equals}{target}" if value == source else tag


def _with_overrides(content: bytes, now: Optional[Resource]) -> bytes:
    """Return a definition in which the target keeps what its overrides name, and these."""
    documents = yamlfile.load(content)
    edits: List[Edit] = []
    if "overrides" in (documents[BODY] or {}):
        edits.append(Edit(BODY, ("overrides",), delete=True))  # the source's own are about where it came from
    if now is not None and now.overrides:
        mine = yamlfile.load(now.content)[BODY] or {}
        for path in now.overrides:
            there, value = _at(mine.get("inputs") or {}, path)
            over, _ = _at(documents[BODY].get("inputs") or {}, path)
            if there:
                edits.append(Edit(BODY, ("inputs", *_steps(mine.get("inputs"), path)), value))
            elif over:
                edits.append(Edit(BODY, ("inputs", *_steps(documents[BODY].get("inputs"), path)), delete=True))
        edits.append(Edit(BODY, ("overrides",), mine["overrides"]))
    return edit(content, edits)


def _steps(value: Value, path: Sequence[str]) -> Path:
    """Return a path with the steps into lists as numbers."""
    steps: List[object] = []
    for step in path:
        is_index = isinstance(value, list) and step.isdigit()
        steps.append(int(step) if is_index else step)
        there, value = _at(value, (step,))
        value = value if there else None
    return tuple(steps)  # type: ignore[arg-type]


def _at(value: Value, path: Sequence[str]) -> Tuple[bool, Value]:
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False, None
    return True, value


def _differ(
    workspace: Workspace, origin: Mapping[Name, Resource], chosen: Sequence[Name], source: str, target: str
) -> List[Tuple[Name, Tuple[Difference, ...]]]:
    """Return what stays different, as written."""
    staged = workspace.snapshot().staged
    found = []
    for name in chosen:
        new = staged.get(_other(name, source, target))
        differences = diff(_written(origin[name]), _written(new)) if new is not None else ()
        if new is not None and differences:
            found.append((new.name, differences))
    return found


def _written(resource: Resource) -> Dict[str, Value]:
    return dict((yamlfile.load(resource.content)[BODY] or {}).get("inputs") or {})


def _notes(
    snapshot: Snapshot,
    applied: Mapping[Name, Applied],
    origin: Mapping[Name, Resource],
    chosen: Sequence[Name],
    source: str,
    from_staged: bool,
) -> List[str]:
    notes = []
    for name in chosen:
        staged = snapshot.staged.get(name)
        if not from_staged and staged is not None and staged.content != origin[name].content:
            notes.append(f"{name} has staged changes that are not applied, and not promoted")
        inside = sorted(parent for parent in _full_names(origin[name]) if parent.startswith(f"{source}/"))
        if inside:
            notes.append(f"{name} names {', '.join(inside)} in full; write it relative (./x) and it moves along")
    if not from_staged:
        staged_here = [name for name in snapshot.staged if name.startswith(f"{source}/")]
        fresh = [name for name in staged_here if not applied.get(name, Applied()).live]
        notes += [f"{name} is not applied in {source}, and not promoted" for name in sorted(fresh)]
    return notes


def _full_names(resource: Resource) -> List[Name]:
    """Return the parents that a file names in full, and not relative to its folder."""
    text = yamlfile.body_of(resource.content).decode("utf-8", "replace")
    return [parent for parent in resource.parents if f"{{{parent}." in text or f"{{{parent}[" in text]
