"""Readers of what goes, with the last applied values written into them, and without relations to it."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Set

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import StagectlError
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.resolve import Resolver, reported_outputs
from stagectl.core.references import absolute, folder_of
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import Reference, Template, Value, canonical, leaves
from stagectl.usecases.staging.naming import path_of
from stagectl.usecases.staging.overriding import Overriding


def detach_readers(
    snapshot: Snapshot, resources: Mapping[Name, Resource], gone: Set[Name], applied: Mapping[Name, Applied]
) -> Dict[str, Optional[bytes]]:
    """Return the readers' files with the last applied values written in, and without relations to what goes."""
    values = Resolver(
        resources, {name: state.inputs for name, state in applied.items() if state.live}, reported_outputs(applied)
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
            overriding.writes[path] = edit(data, edits)
    return overriding.writes


def _value_edits(resource: Resource, gone: Set[Name], values: Resolver) -> List[Edit]:
    edits = []
    for key, value in resource.inputs.items():
        for at, leaf in leaves(value, (key,)):
            if isinstance(leaf, Template) and any(isinstance(p, Reference) and p.name in gone for p in leaf.parts):
                edits.append(Edit(BODY, ("inputs", *at), _fill(leaf, gone, values)))
    return edits


def _fill(template: Template, gone: Set[Name], values: Resolver) -> Value:
    """Return a template as it is written once the values of what goes stand in it."""
    if len(template.parts) == 1:
        part = template.parts[0]
        assert isinstance(part, Reference), "a template of one part that reads is a reference"
        return _escape(_last_value(part, values))
    text = ""
    for part in template.parts:
        if isinstance(part, Reference) and part.name in gone:
            value = _last_value(part, values)
            text += _escape(value) if isinstance(value, (str, Template)) else canonical(value)
        else:
            text += part.replace("${", "$${") if isinstance(part, str) else str(part)
    return text


def _last_value(reference: Reference, values: Resolver) -> Value:
    there, value = values.value_of(reference)
    if not there:
        raise StagectlError(f"{reference} has no value that could be written into its reader")
    return value


def _escape(value: Value) -> Value:
    """Return a resolved value as a file has to say it."""
    if isinstance(value, dict):
        return {key: _escape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escape(inner) for inner in value]
    if isinstance(value, Template):
        return "".join(_escape(part) if isinstance(part, str) else str(part) for part in value.parts)
    return value.replace("${", "$${") if isinstance(value, str) else value


def _relation_edits(resource: Resource, gone: Set[Name], data: bytes) -> List[Edit]:
    """Return the edits that take every relation to what goes out of a file."""
    documents = yamlfile.load(data)
    body = documents[BODY] or {}
    folder = folder_of(resource.name)
    edits: List[Edit] = []
    for key in ("depends_on", "react_on", "unordered"):
        if key in body:
            kept = _keep(body[key], gone, folder)
            if kept != body[key]:
                edits.append(Edit(BODY, (key,), kept, delete=not kept))
    return edits


def _keep(relations: Any, gone: Set[Name], folder: str) -> Any:
    if isinstance(relations, dict):
        found = {action: _keep(entries, gone, folder) for action, entries in relations.items()}
        return {action: entries for action, entries in found.items() if entries}
    return [entry for entry in relations if _name_in(entry, folder) not in gone]


def _name_in(entry: Any, folder: str) -> Name:
    text = entry["on"] if isinstance(entry, dict) else entry
    last = text.rpartition("/")[2]
    return absolute(text.rpartition(".")[0] if "." in last.lstrip(".") else text, folder)
