"""Definitions that HEAD does not have, for a plan, which is not made from them: found without reading git's index.

In which folders HEAD has everything is noted. Only those that changed since, or from which HEAD lost something, are
looked into.
"""

from __future__ import annotations

import sys
import time
from typing import AbstractSet, Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence

from stagectl.adapters.files import recall, remember
from stagectl.adapters.git.git import ABSENT, Git, GitError
from stagectl.adapters.worktree.folders import FolderStats, Listed, Stat, is_settled, walk
from stagectl.core.model import Oid

_MOST = 2000  # files and folders: where nothing is noted, to look at more takes longer than a plan may

RootTrees = Mapping[str, Optional[Oid]]  # what HEAD has at each root


def find_new_files(git: Git, roots: Sequence[str], head: Optional[Oid]) -> List[str]:
    """Return the files under some roots that a commit does not have, ignored ones included.

    Where nothing is noted yet, and there is much to look at, none.
    """
    trees = _trees(git, roots, head)
    before = _known(git, trees)
    began = time.time_ns()
    # Without notes everything is read anyway.
    most = sys.maxsize if before or git.cache() is None else _MOST
    seen = walk(git.root, roots, before, Listed(b""), most)
    if len(seen.stats) + len(seen.files) > most:
        return []
    files = {path for path in seen.files if path.endswith(".yaml") and "/." not in path}
    new = sorted(files - _paths_of(git, head, {path.rpartition("/")[0] for path in files}))
    _note(git, trees, seen.stats, new, began)
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


def _paths_of(git: Git, head: Optional[Oid], folders: AbstractSet[str]) -> FrozenSet[str]:
    """Return what a commit has in some folders."""
    if head is None or not folders:
        return frozenset()
    words = ("ls-tree", "-z", "--name-only", "--full-tree", head, "--")
    return frozenset(git.ours(git.run_once(*words, *(git.path(f"{folder}/") for folder in sorted(folders)))))


def _known(git: Git, trees: RootTrees) -> FolderStats:
    """Return the folders, as they were, in which HEAD had everything and has it still."""
    memo = git.memo("new", git.root, *trees)
    noted = recall(memo) if memo is not None else None
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
    others = {path.rpartition("/")[0] for path in new}
    there = {path: stat for path, stat in folders.items() if stat is not None}
    settled = {path: stat for path, stat in there.items() if is_settled(stat, began)}
    memo = git.memo("new", git.root, *trees)
    if memo is not None and settled:
        noted = {path: None if path in others else settled.get(path) for path in there}
        remember(memo, {"trees": trees, "folders": noted})
