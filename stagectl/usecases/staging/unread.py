"""Of which definitions there may be something to say, in a clone that has not noted it: without parsing the others.

A staged file that is, byte by byte, what staging its definition writes needs no look; its own form was found right
when it was staged, or it is among what is not as applied, and parsed.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree import tree
from stagectl.adapters.worktree.snapshot import parse_snapshot
from stagectl.core.config import Config
from stagectl.core.errors import FlawedFile, ReadInFull
from stagectl.core.model import STAGED, Name, Oid, staged_path
from stagectl.core.schemas import schema
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.desired import path_tags
from stagectl.usecases.staging.family import Family

_MARK = b"---\n"
_SOURCE = b"\nsource: "


class _Front(NamedTuple):
    """What the front matter of a definition says; is_plain: whether that, and the body, is all that is staged."""

    kind: str = ""
    tags: Tuple[str, ...] = ()
    is_plain: bool = False
    is_reuse: bool = False


def not_as_staged(workspace: Workspace, head: Oid) -> Tuple[Set[Name], Family]:
    """Return the names of all whose definition in a commit may not be what is staged there, and which is like which.

    Raises ReadInFull for files that have no good names.
    """
    config, roots = workspace.config, workspace.config.roots
    files, problems = tree.read_commit(workspace.git, head, [STAGED, *roots])
    if problems:
        raise ReadInFull(f"something is wrong with {problems[0].path}")
    paths = _definitions(files, roots)
    fronts: Dict[bytes, _Front] = {}
    reuse: tree.Files = {}
    found: Set[Name] = set()
    for name, path in paths.items():
        data = files[path]
        front = _front(name, data, fronts)
        if front.is_reuse:
            reuse[path] = data
        if not front.is_plain or files.get(staged_path(name)) != _stage(config, name, path, data, front):
            found.add(name)
    start = len(f"{STAGED}/")
    staged = {Name(path[start : -len(".yaml")]): data for path, data in files.items() if path.startswith(f"{STAGED}/")}
    found |= {name for name, data in staged.items() if name not in paths and _SOURCE in data}
    family = Family.of(parse_snapshot(reuse, config=config, kinds={})) if reuse else Family({}, {})
    return family.reach_of(found), family


def _definitions(files: tree.Files, roots: Tuple[str, ...]) -> Dict[Name, str]:
    """Return the path of each definition; raises ReadInFull where two may be one."""
    found: Dict[Name, str] = {}
    for path in files:
        root = next((root for root in roots if path.startswith(f"{root}/")), None)
        if root is not None:
            name = Name(path[len(root) + 1 : -len(".yaml")])
            if name in found:
                raise ReadInFull(f"{name} is defined twice")
            found[name] = path
    if len({name.casefold() for name in found}) < len(found):
        raise ReadInFull("two names differ in case alone")
    return found


def _front(name: Name, data: bytes, known: Dict[bytes, _Front]) -> _Front:
    """Return what the front matter says; many definitions have the same, which is parsed once."""
    end = data.find(b"\n" + _MARK, len(_MARK) - 1)
    if not data.startswith(_MARK) or end < 0:
        return _parse(name, data)
    if data[:end] not in known:
        known[data[:end]] = _parse(name, data)
    return known[data[:end]]


def _parse(name: Name, data: bytes) -> _Front:
    try:
        documents = yamlfile.load(data)
        if schema.is_reuse(documents):
            return _Front(is_reuse=True)
        resource = schema.resource(name, documents, data, staged=False)
    except (yamlfile.BadYaml, FlawedFile):
        return _Front()
    return _Front(resource.kind, resource.tags, is_plain=not resource.moved_from)


def _stage(config: Config, name: Name, path: str, data: bytes, front: _Front) -> Optional[bytes]:
    """Return what staging a definition writes, where no action was ever staged on it."""
    end = data.find(b"\n" + _MARK, len(_MARK) - 1)
    unknown = set(front.tags) - set(config.vocabulary) if config.vocabulary else set()
    if end < 0 or unknown:
        return None
    tags = list(dict.fromkeys([*front.tags, *path_tags(config, name)]))
    return yamlfile.front_matter(yamlfile.FrontMatter(front.kind, tags, source=path)) + data[end + 1 :]
