"""The part of a working tree that some names are about: their files, and the definitions these are like."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import AbstractSet, Iterable, Mapping, Optional

from stagectl.adapters.files import read_file
from stagectl.adapters.worktree import tree
from stagectl.adapters.worktree.snapshot import Snapshot, parse_snapshot
from stagectl.core.errors import ReadInFull
from stagectl.core.model import KINDS, LARGEST_FILE, STAGED, Name, staged_path
from stagectl.core.references import folder_of
from stagectl.usecases.planning.kind_files import KindFiles, kind_files
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.family import Family, have_twins, templates_of


def part_of(
    workspace: Workspace,
    kinds: KindFiles,
    names: Iterable[Name],
    family: Family,
    writes: Optional[Mapping[str, Optional[bytes]]] = None,
) -> Snapshot:
    """Return what the working tree says about some names; raises ReadInFull where every file has to be read.

    writes: files about to be written, None for one that goes.
    """
    config, writes = workspace.config, writes or {}
    files = _files_of(workspace, names, family, writes)
    every = kinds.every() if files else {}
    found = parse_snapshot(files, config=config, kinds=every)
    wanted = {*names, *(name for name, one in found.expanded.items() if one.definition.name in names)}
    new = wanted - {*names}
    if new and have_twins(workspace.root, config.roots, new):
        raise ReadInFull("two files differ in case alone")
    if new:  # a definition makes more than it did
        found = parse_snapshot({**_files_of(workspace, new, family, writes), **files}, config=config, kinds=every)
    if found.problems:
        raise ReadInFull(f"something is wrong with {found.problems[0].path}")
    return _only(found, wanted)


def part_of_one(workspace: Workspace, name: Name) -> Snapshot:
    """Return what the working tree says about one resource; raises ReadInFull where all have to be read."""
    git = workspace.git
    if git.cache() is None or git.is_on("core.sparseCheckout"):
        raise ReadInFull("files may be left out here, or STAGECTL_CACHE=off")
    if git.submodules([STAGED, KINDS, *workspace.config.roots]):
        raise ReadInFull("there are submodules")
    maker = Name(folder_of(name))  # the only definition that can have made it, beside its own
    return part_of(workspace, kind_files(workspace), [name], Family({}, {maker: []} if maker else {}))


def _files_of(
    workspace: Workspace, names: Iterable[Name], family: Family, writes: Mapping[str, Optional[bytes]]
) -> tree.Files:
    """Return the staged files and definitions of some names, with the definitions these are like; raises ReadInFull."""
    roots = workspace.config.roots
    files: tree.Files = {}
    left, seen = {*names, *family.makers(names)}, set()
    while left:
        definitions = [f"{root}/{name}.yaml" for name in left for root in roots]
        read = _read_files(workspace.root, definitions, writes)
        files.update(read)
        seen |= left
        left = templates_of(read) - seen
    files.update(_read_files(workspace.root, map(staged_path, names), writes))
    return files


def _read_files(root: Path, paths: Iterable[str], writes: Mapping[str, Optional[bytes]]) -> tree.Files:
    """Return the files at some paths, with writes made, as far as they are there; raises ReadInFull for others."""
    files: tree.Files = {}
    for path in paths:
        try:
            place = root / path
            if not stat.S_ISREG(os.lstat(place).st_mode) or os.path.realpath(place) != str(place):
                raise ReadInFull(f"{path} is no file, or a folder on the way is a link")
            files[path] = read_file(place, LARGEST_FILE + 1)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise ReadInFull(f"{path}: {error.strerror}") from None
        content = writes.get(path, files.get(path))
        files.pop(path, None)
        files.update({} if content is None else {path: content})
    return files


def _only(found: Snapshot, names: AbstractSet[Name]) -> Snapshot:
    """Return a snapshot without definitions that were read only because others are like them, or stand beside them."""
    defined = {name: resource for name, resource in found.defined.items() if name in names}
    paths = {name: found.definition_paths[name] for name in defined}
    return found._replace(defined=defined, definition_paths=paths)
