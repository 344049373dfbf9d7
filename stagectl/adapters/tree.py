"""Files by path, from the working tree or from a commit: the same checks on both sides."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from stagectl.adapters.git import Entry, Git
from stagectl.core.errors import Problem
from stagectl.core.model import LARGEST_FILE, Oid

Files = Dict[str, bytes]  # path from the repository root, with "/" -> content
Content = Optional[bytes]  # of a file, None where there is none

REGULAR = ("100644", "100755")


def read_working_tree(root: Path, paths: Sequence[str]) -> Tuple[Files, List[Problem]]:
    """Return the YAML files under some paths of the working tree, and what may not be read."""
    files: Files = {}
    problems: List[Problem] = []
    for path in paths:
        for found in _walk(root, path, problems):
            try:
                files[found] = read_file(root / found)
            except OSError as error:
                problems.append(_unreadable(found, error.strerror or str(error)))
    return files, problems


def read_not_checked_out(git: Git, paths: Sequence[str], problems: List[Problem]) -> Files:
    """Return the YAML files under some paths that a sparse checkout leaves out, as the index has them."""
    return _read_entries(git, git.not_checked_out(paths), problems)


def _walk(root: Path, path: str, problems: List[Problem]) -> Iterator[str]:
    """Yield the YAML files at or under a path, sorted; links and special files are problems, never followed."""
    try:
        mode = os.lstat(root / path).st_mode
        names = sorted(os.listdir(root / path)) if stat.S_ISDIR(mode) else []
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(_unreadable(path, error.strerror or str(error)))
        return
    if stat.S_ISDIR(mode):
        for name in names:
            if not name.startswith("."):
                yield from _walk(root, f"{path}/{name}", problems)
    elif not stat.S_ISREG(mode):
        problems.append(_not_regular(path))
    elif _is_wanted(path, problems):
        yield path


def read_file(path: Path) -> bytes:
    """Return a file's bytes, a little more than are allowed at the most; a link swapped in is not followed."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LARGEST_FILE + 1)


def read_commit(git: Git, commit: Oid, paths: Sequence[str]) -> Tuple[Files, List[Problem]]:
    """Return the YAML files under some paths of a commit, and what may not be read."""
    problems: List[Problem] = []
    return _read_entries(git, git.entries(commit, paths), problems), problems


def changed_files(git: Git, before: Optional[Oid], after: Oid, folder: str) -> Dict[str, Tuple[Content, Content]]:
    """Return the files in a folder that differ between two commits, as both have them; before: None for nothing."""
    old = {entry.path: entry.oid for entry in git.entries(before, [folder])} if before else {}
    new = {entry.path: entry.oid for entry in git.entries(after, [folder])}
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
    contents = git.blobs(oid for path in paths for oid in (old.get(path), new.get(path)) if oid)
    sides = ([contents[oid] if oid else None for oid in map(side.get, paths)] for side in (old, new))
    return dict(zip(paths, zip(*sides)))


def _read_entries(git: Git, found: Iterable[Entry], problems: List[Problem]) -> Files:
    entries = []
    for entry in found:
        if any(part.startswith(".") for part in entry.path.split("/")[1:]):
            continue
        if entry.mode not in REGULAR:
            problems.append(_not_regular(entry.path))
        elif _is_wanted(entry.path, problems):
            entries.append(entry)
    contents = git.blobs(entry.oid for entry in entries)
    return {entry.path: contents[entry.oid] for entry in entries}


def _is_wanted(path: str, problems: List[Problem]) -> bool:
    if path.endswith(".yaml"):
        return True
    if path.lower().endswith((".yml", ".yaml")):
        problems.append(Problem(path, 1, 1, "the file's name has to end in .yaml"))
    return False


def _not_regular(path: str) -> Problem:
    return Problem(path, 1, 1, "a link or special file: only regular files are read here")


def _unreadable(path: str, reason: str) -> Problem:
    return Problem(path, 1, 1, f"cannot be read: {reason}")
