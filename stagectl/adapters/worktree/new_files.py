"""Definitions that HEAD does not have, for a plan, which is not made from them: found without reading git's index.

In which folders HEAD has everything is noted. Only those that changed since, or from which HEAD lost something, are
looked into.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import AbstractSet, Dict, FrozenSet, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters.files import recall, remember
from stagectl.adapters.git.git import ABSENT, Git, GitError
from stagectl.adapters.worktree.folders import RACY, Stat, stat_of
from stagectl.core.model import Oid

_MOST = 2000  # files and folders: where nothing is noted, to look at more takes longer than a plan may

RootTrees = Mapping[str, Optional[Oid]]  # what HEAD has at each root
# By path in the project; None for one that is looked into in any case.
FolderStats = Mapping[str, Optional[Stat]]


def find_new_files(git: Git, roots: Sequence[str], head: Optional[Oid]) -> List[str]:
    """Return the files under some roots that a commit does not have, ignored ones included.

    Where nothing is noted yet, and there is much to look at, none.
    """
    trees = _trees(git, roots, head)
    before = _known(git, trees)
    began = time.time_ns()
    # Without notes everything is read anyway.
    seen = _walk(git.root, roots, before, math.inf if before or git.cache() is None else _MOST)
    if seen is None:
        return []
    stats, files = seen
    new = sorted(files - _paths_of(git, head, {path.rpartition("/")[0] for path in files}))
    _note(git, trees, stats, new, began)
    return new


def note_new_files(git: Git, roots: Sequence[str], folders: FolderStats, new: Iterable[str], began: int) -> None:
    """Note what another look found. folders: all of them, from the top folder; new: files that HEAD does not have.

    began: the look.
    """
    inside = tuple(git.path(f"{root}/") for root in roots)
    ours = {path[len(git.folder) :]: stat for path, stat in folders.items() if f"{path}/".startswith(inside)}
    _note(git, _trees(git, roots, git.head()), ours, new, began)


def _trees(git: Git, roots: Sequence[str], head: Optional[Oid]) -> RootTrees:
    found = git.look_up([git.at(head, root) for root in roots]) if head is not None else [None] * len(roots)
    return dict(zip(roots, found))


# --- what is there


def _walk(
    root: Path, roots: Sequence[str], before: FolderStats, most: float
) -> Optional[Tuple[Dict[str, Optional[Stat]], Set[str]]]:
    """Return how all folders are, and the files in those looked into; None where there is more than *most* to look at.

    before: folders that are known.
    """
    stats: Dict[str, Optional[Stat]] = {}
    files: Set[str] = set()
    left = [*roots, *before]
    while left:
        path = left.pop()
        if path in stats:
            continue
        stats[path] = stat = stat_of(f"{root}/{path}")
        if stat is None or stat == before.get(path):
            continue
        for name, is_folder in _inside(f"{root}/{path}"):
            most -= 1
            if most < 0:
                return None
            if is_folder:
                left.append(f"{path}/{name}")
            elif name.endswith(".yaml"):
                files.add(f"{path}/{name}")
    return stats, files


def _inside(path: str) -> Iterator[Tuple[str, bool]]:
    """Yield what is in a folder, and whether it is a folder; hidden things, links and special files are left out."""
    if os.path.realpath(path) != path:
        return
    with suppress(OSError), os.scandir(path) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if not entry.name.startswith(".") and (is_folder or entry.is_file(follow_symlinks=False)):
                yield entry.name, is_folder


def _paths_of(git: Git, head: Optional[Oid], folders: AbstractSet[str]) -> FrozenSet[str]:
    """Return what a commit has in some folders."""
    if head is None or not folders:
        return frozenset()
    words = ("ls-tree", "-z", "--name-only", "--full-tree", head, "--")
    return frozenset(git.ours(git.run_once(*words, *(git.path(f"{folder}/") for folder in sorted(folders)))))


# --- what is noted


def _known(git: Git, trees: RootTrees) -> FolderStats:
    """Return the folders, as they were, in which HEAD had everything and has it still."""

    def is_good(known: Mapping[str, RootTrees]) -> bool:
        return known["trees"].keys() == trees.keys() and len(known["folders"].keys()) > 0

    memo = _memo(git, trees)
    noted = recall(memo, is_good) if memo is not None else None
    if noted is None or any((oid is None) != (noted["trees"][root] is None) for root, oid in trees.items()):
        return {}
    pairs = [(root, noted["trees"][root], oid) for root, oid in trees.items() if oid is not None]
    try:
        lost = {
            f"{root}/{entry.path}".rpartition("/")[0]
            for root, old, new in pairs
            for entry in git.changes_between(Oid(old), new)
            if entry.mode == ABSENT
        }
    except GitError:  # git may have forgotten a tree that was HEAD's once
        return {}
    folders: Dict[str, Optional[Stat]] = noted["folders"]
    return {path: None if path in lost else stat for path, stat in folders.items()}


def _note(git: Git, trees: RootTrees, folders: FolderStats, new: Iterable[str], began: int) -> None:
    """Note in which folders HEAD has everything, but for those so young that they may have changed since."""
    memo, others = _memo(git, trees), {path.rpartition("/")[0] for path in new}
    there = {path: stat for path, stat in folders.items() if stat is not None}
    settled = {path: stat for path, stat in there.items() if max(stat[:2]) <= began - RACY}
    if memo is not None and settled:
        noted = {path: None if path in others else settled.get(path) for path in there}
        remember(memo, {"trees": trees, "folders": noted})


def _memo(git: Git, trees: RootTrees) -> Optional[Path]:
    cache = git.cache()
    about = hashlib.sha256(os.fsencode("\0".join([str(git.root), *trees]))).hexdigest()
    return None if cache is None else cache / f"new-{about[:24]}.json"
