"""The resources about whose staging there may be something to say, without reading those about which there is not.

Of everything else the definition is what is staged, and both are as HEAD has them. Which resources were not so in an
earlier state of the repository is remembered; git says which files differ since.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import (
    Any,
    Dict,
    FrozenSet,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)

from stagectl.adapters.files import recall, remember
from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.worktree.changed_files import Looked, look, name_at
from stagectl.adapters.worktree.new_files import note_new_files
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import ReadInFull
from stagectl.core.model import STAGED, Name, Oid
from stagectl.usecases.planning.incremental import IncrementalRead, read_incrementally
from stagectl.usecases.planning.kind_files import kind_files
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.family import Family

_MOST_NEW = 100  # files: of more, everything is read


class Trees(NamedTuple):
    """What a statement about the staging of a repository rests on: the trees of HEAD, config and kinds."""

    staged: Optional[Oid]
    roots: Dict[str, Optional[Oid]]
    rules: str

    @classmethod
    def of(cls, workspace: Workspace, kinds: str) -> Trees:
        """Return those of HEAD; kinds: a digest of the kinds."""
        roots = workspace.config.roots
        head = workspace.git.head() or "HEAD"
        staged, *found = workspace.git.look_up([workspace.git.at(head, path) for path in (STAGED, *roots)])
        rules = hashlib.sha256(f"2 {workspace.config!r} {kinds}".encode("utf-8", "surrogatepass")).hexdigest()
        return cls(staged, dict(zip(roots, found)), rules)


def restage_candidates(workspace: Workspace, trees: Trees, looked: Looked) -> Tuple[FrozenSet[Name], Family]:
    """Return the names of all whose definition may not be what is staged and committed; raises ReadInFull.

    Also which definitions are like which, as it was noted.
    """
    known = recall(_memo(workspace))
    if known is None or known["rules"] != trees.rules or known["roots"].keys() != trees.roots.keys():
        known = _note_now(workspace, trees)
    names = set(map(Name, known["names"]))
    try:
        names |= _between(workspace.git, known["staged"], trees.staged)
        for root, oid in trees.roots.items():
            names |= _between(workspace.git, known["roots"][root], oid)
    except GitError as error:  # git may have forgotten a tree that was HEAD's once
        raise ReadInFull(error.message) from None
    names |= names_at((entry.path for entry in (*looked.here, *looked.fresh)), (STAGED, *trees.roots))
    new = [entry.path for entry in (*looked.here, *looked.fresh) if entry.old_oid is None]
    if new and _have_twins(workspace.git, new):
        raise ReadInFull("two files differ in case alone")
    family = Family.from_note(known)
    return frozenset(family.reach_of(names)), family


def _note_now(workspace: Workspace, trees: Trees) -> Any:
    """Return what is to be known of HEAD, and note it: this clone has not yet, or the config or the kinds changed."""
    from stagectl.usecases.staging.unread import not_as_staged

    head = workspace.git.head()
    assert head is not None, "there are commits"
    names, family = not_as_staged(workspace, head)
    if trees != Trees.of(workspace, kind_files(workspace).digest):
        raise ReadInFull("HEAD moved meanwhile")
    note_names(workspace, trees, names, family)
    return {"staged": trees.staged, "roots": trees.roots, "names": sorted(names), **family._asdict()}


def current_trees(workspace: Workspace) -> Optional[Trees]:
    """Return what will be noted, once everything was read; None where nothing will be."""
    git = workspace.git
    if git.cache() is None or git.is_on("core.sparseCheckout"):
        return None
    with suppress(ReadInFull):
        return Trees.of(workspace, kind_files(workspace).digest)
    return None


def note_unstaged(workspace: Workspace, before: Optional[Trees], unstaged: Iterable[Name], snapshot: Snapshot) -> None:
    """Remember, when everything was read and found right, of what there is something to say.

    before: how all stood before it was read. unstaged: the names of those whose definition is not what is staged.
    snapshot: what was read.
    """
    roots = workspace.config.roots
    with suppress(ReadInFull):
        dirty = names_at(workspace.git.dirty([STAGED, *roots]), (STAGED, *roots)) if before is not None else ()
        if before is not None and before == current_trees(workspace):  # else it is not known what was read
            note_names(workspace, before, {*unstaged, *dirty}, Family.of(snapshot))


def note_names(workspace: Workspace, trees: Trees, names: Iterable[Name], family: Family) -> None:
    """Note which names there is something to say about: of everything else the definition is staged and committed."""
    noted = {"staged": trees.staged, "roots": trees.roots, "rules": trees.rules, "names": sorted(names)}
    noted.update(family._asdict())
    remember(_memo(workspace), noted)


def names_at(paths: Iterable[str], folders: Iterable[str]) -> Set[Name]:
    """Return the resources whose staged files or definitions are at some paths; raises ReadInFull for a bad name."""
    starts = [f"{folder}/" for folder in folders]
    named = (name_at(path[len(start) :]) for path in paths for start in starts if path.startswith(start))
    return {name for name in named if name is not None}


def _have_twins(git: Git, paths: List[str]) -> bool:
    """Return whether git knows a file whose path differs from one of these in case alone."""
    if len(paths) > _MOST_NEW:
        raise ReadInFull(f"more than {_MOST_NEW} files are new")
    words = [f":(icase){path}" for path in paths]
    known = git.ours(git.run("ls-files", "-z", *git.only(words)))
    return len({path.casefold() for path in {*known, *paths}}) < len({*known, *paths})


def _between(git: Git, before: Optional[str], after: Optional[str]) -> Set[Name]:
    """Return the resources whose files differ between two trees."""
    if before == after:
        return set()
    if before is None or after is None:
        raise ReadInFull("a folder came or went")
    named = (name_at(entry.path) for entry in git.changes_between(Oid(before), Oid(after)))
    return {name for name in named if name is not None}


def _memo(workspace: Workspace) -> Path:
    here = hashlib.sha256(os.fsencode(workspace.root)).hexdigest()[:24]
    return workspace.git.scratch() / "cache" / f"staging-{here}.json"


def noted_family(workspace: Workspace) -> Optional[Family]:
    """Return which definitions are like which, as it was noted; None where it was not."""
    known = recall(_memo(workspace))
    return None if known is None else Family.from_note(known)


class Known(NamedTuple):
    """What is known without reading all: what git says differs, and of what there may be something to say."""

    looked: Looked
    incremental: IncrementalRead
    trees: Trees
    names: FrozenSet[Name]
    family: Family


def look_around(workspace: Workspace) -> Known:
    """Return what is known without reading all; raises ReadInFull where nothing is."""
    git = workspace.git
    if git.head() is None or git.is_on("core.sparseCheckout"):
        raise ReadInFull("there is no commit yet" if git.head() is None else "the checkout is sparse")
    began = git.prefetch.began()
    try:
        looked = look(git, workspace.config.roots)
    except GitError as error:
        raise ReadInFull(error.message) from None
    new = [entry.path for entry in (*looked.here, *looked.fresh) if entry.old_oid is None]
    note_new_files(git, workspace.config.roots, looked.folders, new, began)
    found = read_incrementally(workspace, looked=looked)
    trees = Trees.of(workspace, found.kinds.digest)
    return Known(looked, found, trees, *restage_candidates(workspace, trees, looked))
