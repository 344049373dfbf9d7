"""What a plan is made from, read as far as the plan can be about it: see core/planning/impact.py.

Where that cannot be told for certain, and whenever it makes no plan, every file is read instead: that tells everything
that is wrong, and tells it right.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, Mapping, Optional

from stagectl.adapters.applied.index import Index, Key
from stagectl.adapters.applied.index_files import opened
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree import changed_files as edited
from stagectl.adapters.worktree import tree
from stagectl.adapters.worktree.changed_files import Edits, Looked
from stagectl.core.errors import FlawedFile
from stagectl.core.model import APPLIED, KINDS, STAGED, Name, Oid, Resource, staged_path
from stagectl.core.planning.impact import narrowed
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection, World
from stagectl.core.schemas import schema
from stagectl.usecases.repository.workspace import Workspace


@dataclass(frozen=True)
class Narrow:
    """A situation without what takes no part in it; head, dirty: as in a plan."""

    situation: Situation
    head: Oid
    dirty: bool
    index: Index
    edits: Mapping[Name, Optional[Resource]]
    vocabulary: FrozenSet[str] = frozenset()

    def with_staged(self, wanted: Mapping[Name, Optional[Resource]]) -> Optional[Narrow]:
        """Return what it will be when these are staged, too; None where only reading every file can tell."""
        there = [resource for resource in wanted.values() if resource is not None]
        if _have_twins(self.index, {**self.edits, **wanted}) or any(r.kind not in self.index.kinds for r in there):
            return None
        states = self.index.states(wanted)
        merged = {**self.edits, **wanted}
        gone = {name for name in wanted if wanted[name] is None and name not in states}  # staged, and never applied
        edits = {name: resource for name, resource in merged.items() if name not in gone}
        situation = narrowed(self.index, edits, self.index.kinds)
        return replace(self, situation=follow_moves(situation), edits=edits) if _has_kinds(situation) else None

    def has_moves(self) -> bool:
        """Return whether something has another name now, under which the index does not know it."""
        return any(resource is not None and resource.moved_from for resource in self.edits.values())

    def world(self, selection: Selection) -> Optional[World]:
        """Return what a selection chooses from, None for one that takes everything."""
        if not selection.names and not selection.tags:
            return None
        is_graph = any("+" in name for name in selection.names)
        here = {name: self.situation.tags(name) for name in self.situation.names()}
        tags: Dict[Name, FrozenSet[str]] = {**self.index.tags(), **here}
        parents = self.index.parents() if is_graph else {}
        for resource in self.edits.values() if is_graph else ():
            if resource is not None:
                parents[resource.name] = parents.get(resource.name, frozenset()) | resource.parents
        return World(tags, parents, vocabulary=self.vocabulary)


def narrow(
    workspace: Workspace, head: Optional[str] = None, *, complete: bool = False, looked: Optional[Looked] = None
) -> Optional[Narrow]:
    """Return what a plan is made from, None where only reading every file can tell.

    head: a revision instead of the working tree. complete: with the bytes of staged files, which an apply stores.
    looked: what the working tree has otherwise than HEAD, if that is known already.
    """
    git, tip = workspace.git, workspace.branch.tip
    commit = git.resolve(head) if head is not None else git.head()
    if tip is None or commit is None or git.cache() is None:
        return None
    asked = [f"{name}:{folder}" for name in (tip, commit) for folder in (STAGED, APPLIED)]
    applied, states, staged, stray = git.look_up(asked)
    is_strayed = stray is not None if head is not None else (workspace.root / APPLIED).exists()
    if applied is None or states is None or staged is None or is_strayed:
        return None
    files = _kind_files(workspace, commit if head else None)
    if files is None:
        return None
    key = Key(applied, states, _digest(files))
    index = opened(git, key)  # while git looks at the files
    if head is not None:
        edits = edited.of_commit(git, applied, staged)
    else:
        looked = looked or edited.look(git)
        edits = edited.of_working_tree(git, looked, applied, staged) if looked is not None else None
    if edits is None:
        return None
    index = index or _made(git, key, files)
    resources = _resources(edits, index) if index is not None else None
    if index is None or resources is None:
        return None
    situation = narrowed(index, resources, index.kinds)
    if not _has_kinds(situation):
        return None
    if complete:
        situation = _completed(git, tip, situation)
    words = frozenset(workspace.config.vocabulary)
    return Narrow(follow_moves(situation), commit, edits.dirty, index, resources, words)


def _kind_files(workspace: Workspace, commit: Optional[Oid]) -> Optional[tree.Files]:
    """Return the files of the kinds of the working tree or a commit, None where something is wrong with one."""
    if commit is None:
        files, problems = tree.read_working_tree(workspace.root, [KINDS])
        files = {**tree.read_not_checked_out(workspace.git, [KINDS], problems), **files}
    else:
        files, problems = tree.read_commit(workspace.git, commit, [KINDS])
    return None if problems else files


def kinds_digest(workspace: Workspace) -> Optional[str]:
    """Return what tells the kinds of the working tree from others, None where something is wrong with them."""
    files = _kind_files(workspace, None)
    return None if files is None else _digest(files)


def _digest(files: tree.Files) -> str:
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(b"%s\0%d\0" % (path.encode("utf-8", "surrogateescape"), len(content)) + content)
    return digest.hexdigest()


def _made(git: Git, key: Key, files: tree.Files) -> Optional[Index]:
    """Return the index of an applied state and kinds, made now; None where none can be made."""
    from stagectl.adapters.applied.indexing import made
    from stagectl.adapters.worktree.snapshot import parse_snapshot

    snapshot = parse_snapshot(files)
    return None if snapshot.problems else made(git, key, snapshot.kinds)


def _resources(edits: Edits, index: Index) -> Optional[Dict[Name, Optional[Resource]]]:
    """Return what was edited as resources, None where something is wrong with one of them."""
    if not edits.contents:
        return {}
    from stagectl.adapters.yamlfile import BadYaml, load

    found: Dict[Name, Optional[Resource]] = {}
    for name, content in edits.contents.items():
        try:
            found[name] = None if content is None else schema.resource(name, load(content), content, staged=True)
        except (BadYaml, FlawedFile):
            return None
    there = [resource for resource in found.values() if resource is not None]
    is_wrong = _have_twins(index, found) or any(resource.kind not in index.kinds for resource in there)
    return None if is_wrong else found


def _have_twins(index: Index, edits: Mapping[Name, Optional[Resource]]) -> bool:
    """Return whether two names that will be staged differ in case alone."""
    names = {name for name, resource in edits.items() if resource is not None}
    names |= {twin for twin in index.twins(names) if edits.get(twin, twin) is not None}
    return len({name.casefold() for name in names}) < len(names)


def _has_kinds(situation: Situation) -> bool:
    """Return whether every kind is there that a live resource still needs."""
    states = situation.applied.values()
    needed = {state.resource.kind for state in states if state.resource is not None}
    needed |= {state.unfinished.kind for state in states if state.unfinished is not None}
    return needed <= situation.kinds.keys()


def _completed(git: Git, tip: Oid, situation: Situation) -> Situation:
    """Return a situation in which every resource that may be in a plan has the bytes of its file."""
    lacking = {
        name: state.resource
        for name, state in situation.applied.items()
        if state.resource is not None and name not in situation.settled
    }
    blobs = git.blobs(Oid(f"{tip}:{staged_path(name)}") for name in lacking)
    full = {
        name: replace(resource, content=blobs[Oid(f"{tip}:{staged_path(name)}")]) for name, resource in lacking.items()
    }
    applied = {
        name: replace(state, resource=full.get(name, state.resource)) for name, state in situation.applied.items()
    }
    staged = {
        name: full[name] if resource is lacking.get(name) else resource for name, resource in situation.staged.items()
    }
    return replace(situation, applied=applied, staged=staged)
