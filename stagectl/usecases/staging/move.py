"""`move`: rename a resource without removing it; everything that names it is rewritten."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Set

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import StagectlError
from stagectl.core.model import NAME, Name, Resource, staged_path
from stagectl.core.plans.selection import Selection
from stagectl.core.references import absolute, folder_of, relative, rewrite
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.values import map_strings
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.define import path_of
from stagectl.usecases.staging.stage import stage

Rename = Callable[[str], str]  # a name as written -> the name as it shall be written


def move(workspace: Workspace, old: str, new: str) -> Staging:
    """Rename a resource and stage it, with everything that names it, in one commit."""
    snapshot = workspace.snapshot(definitions=True)
    path = path_of(snapshot, old)
    if not NAME.fullmatch(new):
        raise StagectlError(f"'{new}' is no name for a resource", "letters, digits, '_' and '-', folders with '/'")
    _, applied = workspace.applied()
    if new in snapshot.defined or new in snapshot.staged or (Name(new) in applied and applied[Name(new)].live):
        raise StagectlError(f"{new} exists already", "move to a name that nothing has")
    is_live = Name(old) in applied and applied[Name(old)].live
    new_path = staged_path(new) if path == staged_path(old) else f"{path[: -len(old + '.yaml')]}{new}.yaml"
    edits: Dict[str, Optional[bytes]] = {path: None, new_path: _moved(snapshot, old, new, is_live)}
    touched = [Name(old), Name(new)]
    for name in sorted((_readers(snapshot.staged, old) | _readers(snapshot.defined, old)) - {old}):
        reader = path_of(snapshot, name)
        edits[reader] = rewritten(snapshot.files[reader], _renaming(name, name, old, new))
        touched.append(name)
    return stage(workspace, Selection(tuple(touched)), edits=edits)


def _readers(resources: Mapping[Name, Resource], old: str) -> Set[Name]:
    return {name for name, resource in resources.items() if old in resource.parents | frozenset(resource.unordered)}


def _moved(snapshot: Snapshot, old: str, new: str, is_live: bool) -> bytes:
    """Return the moved file: its relative names mean what they meant, and it says where it comes from if it is live."""
    data = rewritten(snapshot.files[path_of(snapshot, old)], _renaming(old, new, old, new))
    return edit(data, [Edit(FRONT, ("moved_from",), old)]) if is_live else data


def _renaming(reader: str, reader_after: str, old: str, new: str) -> Rename:
    def rename(written: str) -> str:
        meant = absolute(written, folder_of(reader))
        after = new if meant == old else meant
        if meant == after and folder_of(reader) == folder_of(reader_after):
            return written
        return relative(after, folder_of(reader_after)) if written.startswith(".") else after

    return rename


def rewritten(data: bytes, rename: Rename) -> bytes:
    """Return a file with every name in it put through *rename*."""
    body = yamlfile.load(data)[BODY] or {}
    edits: List[Edit] = []

    def changed(path: Any, text: str) -> str:
        after = rewrite(text, rename)
        if after != text:
            edits.append(Edit(BODY, ("inputs", *path), after))
        return after

    map_strings(body.get("inputs") or {}, changed)
    for key in ("depends_on", "react_on", "unordered"):
        if key in body:
            after = _relations(body[key], rename)
            edits += [Edit(BODY, (key,), after)] if after != body[key] else []
    return edit(data, edits)


def _relations(value: Any, rename: Rename) -> Any:
    if isinstance(value, dict):
        return {key: inner if key == "when" else _relations(inner, rename) for key, inner in value.items()}
    if isinstance(value, list):
        return [_relations(inner, rename) for inner in value]
    folder, slash, last = value.rpartition("/")
    name, dot, action = last.partition(".")
    return rename(f"{folder}{slash}{name}") + dot + action
