"""Files by path, from the working tree or from a commit: the same checks on both sides."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.files import read_file
from stagectl.adapters.git.git import SUBMODULE, DiffEntry, Entry, Git, check_amount
from stagectl.adapters.git.objects import object_id
from stagectl.core.errors import Problem
from stagectl.core.model import CONFIG, LARGEST_FILE, Oid

Files = Dict[str, bytes]  # path from the repository root, with "/" -> content
Content = Optional[bytes]  # of a file, None where there is none
Contents = Mapping[str, Content]  # by path

REGULAR = ("100644", "100755")


def read_working_tree(root: Path, paths: Sequence[str]) -> Tuple[Files, List[Problem]]:
    """Return the YAML files under some paths of the working tree, and what may not be read."""
    files: Files = {}
    problems: List[Problem] = []
    total = 0
    for found in (found for path in paths for found in _walk(root, path, problems)):
        try:
            files[found] = read_file(root / found, LARGEST_FILE + 1)
        except OSError as error:
            problems.append(_unreadable(found, error.strerror or str(error)))
        total += len(files.get(found, b""))
        check_amount(total)
    return files, problems


def submodule(path: str) -> Problem:
    """Return what is said of a submodule among the files that are read."""
    return Problem(path, 1, 1, "a submodule: its files are another repository's, and no commit of this one has them")


def _walk(root: Path, start: str, problems: List[Problem]) -> Iterator[str]:
    """Yield the YAML files at or under a path, sorted; links and special files are problems, never followed."""
    above = [str(folder) for folder in PurePosixPath(start).parents if os.path.islink(root / folder)]
    left = [] if above else [start]
    problems += [_not_regular(path) for path in above]
    while left:
        path = left.pop()
        try:
            mode = os.lstat(root / path).st_mode
            names = sorted(os.listdir(root / path), reverse=True) if stat.S_ISDIR(mode) else []
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(_unreadable(path, error.strerror or str(error)))
            continue
        if path == start and is_misplaced(root, path):
            problems.append(_misplaced_file(path))
        elif stat.S_ISDIR(mode):
            left += [f"{path}/{name}" for name in names if not name.startswith(".")]
        elif not stat.S_ISREG(mode):
            problems.append(_not_regular(path))
        elif _take_name(path, problems):
            yield path


def is_misplaced(root: Path, start: str) -> bool:
    """Return whether a file is where the folder of what is read should be, or a folder where the config should be."""
    try:
        mode = os.lstat(root / start).st_mode
    except OSError:  # not there, or looking is forbidden: what reads it says so
        return False
    return stat.S_ISDIR(mode) if start == CONFIG else stat.S_ISREG(mode)


def read_commit(git: Git, commit: Oid, paths: Sequence[str]) -> Tuple[Files, List[Problem]]:
    """Return the YAML files under some paths of a commit, and what may not be read."""
    problems: List[Problem] = []
    return read_entries(git, git.entries(commit, paths), paths, problems), problems


FilesChanged = Dict[str, Tuple[Content, Content]]  # by path, before and after


def changed_files(git: Git, before: Optional[Oid], after: Oid, folder: str) -> FilesChanged:
    """Return the files in a folder that differ between two commits, as both have them; before: None for nothing."""
    old, new = folder_trees(git, [before, after], folder)
    return read_both_sides(git, [git.changes_between(old, new)], folder)[0]


def folder_trees(git: Git, commits: Sequence[Optional[Oid]], folder: str) -> List[Oid]:
    """Return the tree of a folder in each of some commits, the empty one where there is none."""
    known = [commit for commit in commits if commit is not None]
    trees = dict(zip(known, git.look_up([git.at(commit, folder) for commit in known])))
    empty = object_id("tree", b"", known[0])
    return [(trees[commit] if commit else None) or empty for commit in commits]


def read_both_sides(git: Git, changes: Sequence[Sequence[DiffEntry]], folder: str) -> List[FilesChanged]:
    """Return lists of what differs between trees of a folder with the contents of the files, all read at once."""
    sides = {oid for changed in changes for one in changed for oid in (one.old_oid, one.oid)}
    found = git.blobs(oid for oid in sides if oid)
    contents = {oid: found[oid] if oid else None for oid in sides}
    return [{f"{folder}/{one.path}": (contents[one.old_oid], contents[one.oid]) for one in each} for each in changes]


def read_entries(git: Git, found: Iterable[Entry], starts: Sequence[str], problems: List[Problem]) -> Files:
    """Return the YAML files among those that git has under some paths; what may not be read is a problem more."""
    entries = []
    for entry in found:
        if any(part.startswith(".") for part in entry.path.split("/")[1:]):
            continue
        if entry.path.startswith(f"{CONFIG}/"):
            problems.append(_misplaced_file(CONFIG))
        elif entry.path in starts and entry.path != CONFIG and entry.mode in REGULAR:
            problems.append(_misplaced_file(entry.path))
        elif entry.mode == SUBMODULE:
            problems.append(submodule(entry.path))
        elif entry.mode not in REGULAR:
            problems.append(_not_regular(entry.path))
        elif _take_name(entry.path, problems):
            entries.append(entry)
    contents = git.blobs(entry.oid for entry in entries)
    return {entry.path: contents[entry.oid] for entry in entries}


def _take_name(path: str, problems: List[Problem]) -> bool:
    """Return whether a file is one of ours by its name; one that is nearly so is a problem."""
    if path.endswith(".yaml"):
        return True
    if path.lower().endswith((".yml", ".yaml")):
        problems.append(Problem(path, 1, 1, "the file's name has to end in .yaml"))
    return False


def _misplaced_file(start: str) -> Problem:
    # Nothing in there would mean that everything goes.
    return Problem(
        start, 1, 1, "a folder: here has to be a file" if start == CONFIG else "a file: here has to be a folder"
    )


def _not_regular(path: str) -> Problem:
    return Problem(path, 1, 1, "a link or special file: only regular files are read here")


def _unreadable(path: str, reason: str) -> Problem:
    return Problem(path, 1, 1, f"cannot be read: {reason}")
