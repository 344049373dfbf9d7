"""`schema`: the JSON Schemas of the files, and the folder in a repository where editors find them."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional

from stagectl.adapters.files import content_of, write_all
from stagectl.core.errors import UsageError, nearest, no_kind
from stagectl.core.model import Kind
from stagectl.core.schemas.file_schemas import FILES, file_schema
from stagectl.usecases.repository.workspace import Workspace

FOLDER = ".stagectl/schema"
_OF_KINDS = f"{FOLDER}/kinds"
_OF_TEMPLATES = f"{FOLDER}/templates"


def schemas(which: Optional[str]) -> Any:
    """Return the schema of one kind of file, or those of all by name; raises UsageError for another word."""
    if which is None:
        return {name: file_schema(name) for name in FILES}
    if which == "template":
        raise UsageError("a template has the schema of its kind", "for example: schema template --kind service")
    if which not in FILES:
        near = nearest(which, FILES)
        raise UsageError(f"there is no schema '{which}'{near}", f"there are: {', '.join(FILES)}")
    return file_schema(which)


def schema_of_kind(workspace: Workspace, which: Optional[str], name: str) -> Any:
    """Return the schema of definitions, or of staged files, of one kind of a repository, with its inputs."""
    kinds = workspace.read().kinds
    if name not in kinds:
        raise no_kind(name, kinds)
    if which not in (None, "definition", "template", "staged"):
        raise UsageError(f"--kind says nothing of '{which}'", "for example: schema definition --kind service")
    return file_schema(which or "definition", only=kinds[name])


def write_schemas(workspace: Workspace) -> List[str]:
    """Write the schemas that editors read into the repository; return the paths that were written or are gone."""
    writes = _stale_files(workspace)
    write_all(workspace.root, writes)
    return sorted(writes)


def outdated_files(workspace: Workspace) -> List[str]:
    """Return the schema files that are not what the kinds say; none where a repository has no such files."""
    return sorted(_stale_files(workspace)) if (workspace.root / FOLDER).is_dir() else []


def _stale_files(workspace: Workspace) -> Dict[str, Optional[bytes]]:
    desired: Dict[str, Optional[bytes]] = dict(_desired_files(workspace.read().kinds))
    folders = [folder for folder in (_OF_KINDS, _OF_TEMPLATES) if (workspace.root / folder).is_dir()]
    there = [f"{folder}/{path.name}" for folder in folders for path in (workspace.root / folder).glob("*.json")]
    desired.update({path: None for path in there if path not in desired})
    return {path: content for path, content in desired.items() if content_of(workspace.root / path) != content}


def _desired_files(kinds: Mapping[str, Kind]) -> Dict[str, bytes]:
    """Return the files: one of each, and two per kind: of whole definitions, and of templates and what is like them."""
    found = {f"{FOLDER}/{which}.json": file_schema(which, kinds) for which in FILES}
    for folder, which in ((_OF_KINDS, "definition"), (_OF_TEMPLATES, "template")):
        found.update({f"{folder}/{name}.json": file_schema(which, only=kind) for name, kind in kinds.items()})
    return {path: (json.dumps(schema, indent=1) + "\n").encode() for path, schema in sorted(found.items())}


def modeline(path: str, schema: str) -> str:
    """Return the comment by which editors find the schema of the file at *path*."""
    return f"# yaml-language-server: $schema={'../' * path.count('/')}{FOLDER}/{schema}"


def kind_modeline(workspace: Workspace, path: str, kind: str, folder: str = "kinds") -> str:
    """Return a line for a new definition: where its kind's schema is, nothing where the repository has none."""
    there = (workspace.root / FOLDER / folder / f"{kind}.json").is_file()
    return f"{modeline(path, f'{folder}/{kind}.json')}\n" if there else ""
