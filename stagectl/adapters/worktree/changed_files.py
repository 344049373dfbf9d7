"""Which staged files are not as they were applied, as git says: no file is read that is as it was.

Whatever is out of the ordinary (a link, a conflict, line ends that git changes) is left to those that read every file:
it raises ReadInFull.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

from stagectl.adapters.files import read_file
from stagectl.adapters.git.git import ABSENT, DiffEntry, Git, diff_entries, words_of
from stagectl.adapters.git.objects import object_id
from stagectl.adapters.git.prefetch import changed_words
from stagectl.adapters.worktree import tree
from stagectl.adapters.worktree.folders import FolderStats
from stagectl.adapters.worktree.untracked import see
from stagectl.core.errors import ReadInFull
from stagectl.core.model import CONFIG, KINDS, LARGEST_FILE, NAME, STAGED, Name, Oid

Entries = Mapping[str, DiffEntry]  # by path
_FOR_A_PLAN = (f"{STAGED}/", f"{KINDS}/", CONFIG)


class ChangedFiles(NamedTuple):
    """What is not as applied. contents: by name, None for a file that is gone; dirty: whether HEAD has it otherwise."""

    contents: Mapping[Name, Optional[bytes]] = {}
    dirty: bool = False


class Looked(NamedTuple):
    """What a working tree has otherwise than HEAD. here: files that HEAD or the index knows; fresh: untracked ones.

    folders: all that were looked into, from the top folder, with what differs where a folder does.
    """

    here: Sequence[DiffEntry]
    fresh: Sequence[DiffEntry]
    folders: FolderStats = {}

    def dirty(self, git: Git) -> List[str]:
        """Return the paths, sorted, that `git status` would name."""
        ignored = git.find_ignored(entry.path for entry in self.fresh)
        return sorted({entry.path for entry in self.here} | {entry.path for entry in self.fresh}.difference(ignored))


def look(git: Git, roots: Sequence[str] = ()) -> Looked:
    """Return what a plan is made from, and what is under some roots, as far as HEAD has it otherwise.

    Raises ReadInFull where git's word is not enough.
    """
    misplaced = [start for start in (CONFIG, KINDS, STAGED, *roots) if tree.is_misplaced(git.root, start)]
    if misplaced:
        raise ReadInFull(f"{misplaced[0]} is not what it should be")
    untracked, changes_line_ends, folders = see(git, roots)
    listed = diff_entries(words_of(git.run(*changed_words(git.folder, roots))))
    here = _really_changed(git, listed)
    if changes_line_ends and (len(here) < len(listed) or any(b"\r" in (entry.content or b"") for entry in here)):
        raise ReadInFull("git changes line ends, and may say of the same bytes that they are changed")
    return Looked(here, [DiffEntry(path, "100644", None) for path in untracked], folders)


def changed_since(git: Git, applied: Oid, staged: Oid, looked: Looked) -> ChangedFiles:
    """Return what differs between two trees of staged files: of what is applied, and of a commit; raises ReadInFull.

    looked: what the working tree has otherwise than the commit; nothing where it is not meant.
    """
    committed = {f"{STAGED}/{entry.path}": entry for entry in git.changes_between(applied, staged)}
    here = {entry.path: entry for entry in looked.here}
    for entry in looked.fresh:  # HEAD may know what the index has forgotten
        before = here.get(entry.path, entry)
        here[entry.path] = entry._replace(old_mode=before.old_mode, old_oid=before.old_oid)
    contents = _contents(git, committed, here)
    return ChangedFiles(contents, any(path.startswith(_FOR_A_PLAN) for path in looked.dirty(git)))


def _really_changed(git: Git, entries: Sequence[DiffEntry]) -> List[DiffEntry]:
    """Return entries with what the working tree has, without those that were merely touched."""
    found = []
    for entry in entries:
        if entry.oid is None and entry.mode in tree.REGULAR:
            entry = entry._replace(content=_read(git.root / entry.path))
            if entry.mode == entry.old_mode and _is_content(entry.content, entry.old_oid):
                continue
        found.append(entry)
    return found


def _is_content(content: Optional[bytes], oid: Optional[Oid]) -> bool:
    return content is not None and oid is not None and object_id("blob", content, oid) == oid


def _contents(git: Git, committed: Entries, here: Entries) -> Dict[Name, Optional[bytes]]:
    """Return the staged files that are not as applied, by name.

    committed: what HEAD has otherwise than the applied state; here: what the working tree has otherwise than HEAD.
    """
    found: Dict[Name, Optional[bytes]] = {}
    stored: Dict[Name, Oid] = {}
    for path, entry in {**committed, **here}.items():
        name = _name(git, path, entry)
        if name is None:
            continue
        applied = committed[path].old_oid if path in committed else entry.old_oid
        if entry.mode == ABSENT:
            if not _is_gone(git.root / path) and path in here:
                raise ReadInFull(f"{path} is gone, and something is in its place or looking is forbidden")
            if applied is not None:
                found[name] = None
        elif entry.oid is not None:
            if entry.oid != applied:
                stored[name] = entry.oid
        else:
            content = entry.content if entry.content is not None else _read(git.root / path)
            if not _is_content(content, applied):
                found[name] = content
    blobs = git.blobs(stored.values())
    found.update({name: blobs[oid] for name, oid in stored.items()})
    return found


def _name(git: Git, path: str, entry: DiffEntry) -> Optional[Name]:
    """Return the name of the resource staged at a path, None if the file is none of ours; raises ReadInFull."""
    folder, _, rest = path.partition("/")
    if folder != STAGED or is_hidden(rest):
        return None
    name = name_at(rest)
    is_regular = entry.mode in ((*tree.REGULAR, ABSENT) if name else ("100644",))
    if not is_regular or (name is None and os.path.islink(git.root / path)):
        raise ReadInFull(f"{path} is no staged file")
    return name


def is_hidden(path: str) -> bool:
    """Return whether a file is not looked at, because its name, or that of a folder of it, begins with a dot."""
    return any(step.startswith(".") for step in path.split("/"))


def name_at(path: str) -> Optional[Name]:
    """Return the name of the resource in a file, by its path from its root; None for a file that is not read.

    Raises ReadInFull for one whose name is wrong.
    """
    if is_hidden(path):
        return None
    if path.endswith(".yaml") and NAME.fullmatch(path[: -len(".yaml")]):
        return Name(path[: -len(".yaml")])
    if path.lower().endswith((".yml", ".yaml")):
        raise ReadInFull(f"{path} is no name of a file that is read")
    return None


def _is_gone(path: Path) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return isinstance(error, (FileNotFoundError, NotADirectoryError))
    return False


def _read(path: Path) -> bytes:
    try:
        if os.path.realpath(path.parent) != str(path.parent):
            raise ReadInFull(f"a folder on the way to {path} is a link")
        return read_file(path, LARGEST_FILE + 1)
    except OSError as error:
        raise ReadInFull(f"{path}: {error.strerror}") from None
