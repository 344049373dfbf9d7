"""Writing an applied commit: the states that changed, and what their index has of them; nothing else is touched."""

from __future__ import annotations

from typing import Dict, Mapping, NamedTuple, Optional

from stagectl.adapters.applied.index import OF, USAGE, VARIABLES, Index, Of, of_text, open_index
from stagectl.adapters.applied.store import load_states, root_commit, state_bytes
from stagectl.adapters.git.git import Git
from stagectl.adapters.git.objects import BLOB, TREE, Item, NewCommit, Objects, write_commit
from stagectl.adapters.worktree import tree
from stagectl.core.indexing import shards, usage
from stagectl.core.indexing.advance import Advance, Changed, States
from stagectl.core.model import APPLIED, INDEX, KINDS, STAGED, Kind, Oid

_MANY = 1000  # files: of fewer it takes longer to ask which are stored than to store them once more


class StateTrees(NamedTuple):
    """The three folders of an applied state; None for one that is empty."""

    staged: Optional[Oid]
    applied: Optional[Oid]
    lines: Optional[Oid]


class Lineage(NamedTuple):
    """What an applied commit comes from: the one it follows, and the commit that was applied; one there is."""

    tip: Optional[Oid]
    source: Optional[Oid] = None

    @property
    def like(self) -> Oid:
        """The commit whose files it has, but for the applied state."""
        found = self.source or self.tip
        assert found is not None, "something was applied, now or before"
        return found


def write(git: Git, lineage: Lineage, states: States, message: str, *, sign: bool = False) -> Oid:
    """Store one more applied commit and return it; no branch moves.

    states: per resource that changed its new state, None for one that is gone.
    """
    tip, source = lineage
    tree = write_tree(git, lineage, states)
    parents = [tip or root_commit(git), *([source] if source else [])]
    return write_commit(git, NewCommit(tree, parents, message, sign))


def write_tree(git: Git, lineage: Lineage, states: States) -> Oid:
    """Store and return the tree of such a commit."""
    like = lineage.like
    objects = Objects(git, like)
    folders = zip((STAGED, APPLIED, INDEX), state_trees(git, objects, lineage.tip, states, like))
    items = {f"{git.folder_in(like)}{path}": None if oid is None else Item(TREE, oid) for path, oid in folders}
    made = objects.edit_tree(git.look_up([f"{like}^{{tree}}"])[0], items)
    assert made is not None, "an index is never empty"
    objects.store()
    return made


def state_trees(git: Git, objects: Objects, tip: Optional[Oid], states: States, like: Oid) -> StateTrees:
    """Return the folders of the applied state after some states changed, to be stored. like: whose kinds count."""
    before, index = open_index(git, tip) if tip is not None else None, None
    if before is not None and tip is not None:
        (index,) = git.look_up([git.at(tip, INDEX)])
    else:  # what is there has no index yet
        everything = {**(load_states(git, tip) if tip is not None else {}), **states}
        states = {name: state for name, state in everything.items() if state is not None}
        before = Index(git, Of(None, None), {}, {})
    there = {name: state for name, state in states.items() if state is not None}
    ids, (advance, files) = objects.blobs(
        state_bytes, [*there.values()], lambda: (Advance(before, states), _staged_files(git, objects, states, like))
    )
    oids = dict(zip(there, ids))
    documents = {f"{name}.json": Item(BLOB, oids[name]) if name in oids else None for name in states}
    staged, applied = objects.edit_tree(before.of.staged, files), objects.edit_tree(before.of.applied, documents)
    step = advance.with_ids(oids)
    live = before.of.live + sum(after.is_live - was.is_live for was, after in step.pairs)
    heads = {
        OF: of_text(Of(staged, applied, live)),
        USAGE: usage.encode_usage(_usage(git, step, like, before.usage)),
        VARIABLES: usage.encode_variables(usage.advance_counts(before.variables, step.pairs, usage.variables_read)),
    }
    return StateTrees(staged, applied, _index(objects, before, index, heads, step))


def _staged_files(git: Git, objects: Objects, states: States, like: Oid) -> Dict[str, Optional[Item]]:
    """Return the entries of the staged files, to be stored unless the commit that they come from has them."""
    kept = {entry.oid for entry in git.entries(like, [STAGED])} if len(states) > _MANY else ()  # of most files
    found = ((name, state.resource if state is not None else None) for name, state in states.items())
    return {f"{name}.yaml": Item(BLOB, objects.blob(one.content, kept)) if one else None for name, one in found}


def _index(objects: Objects, before: Index, tree: Optional[Oid], heads: Mapping[str, str], step: Changed) -> Oid:
    """Return the tree of the index after a step, to be stored. tree: that of before; heads: the files beside shards."""
    items: Dict[str, Optional[Item]] = {path: Item(BLOB, objects.blob(text.encode())) for path, text in heads.items()}
    changes = {name: line if line.is_needed else None for name, line in step.after.items()}
    gone: Dict[str, Optional[Item]] = {}
    for place, lines in shards.redistribute(changes, before.shards, before.shard_lines).items():
        if place.bits in before.shards.get(place.folder, ()):
            gone[shards.file_name(place, has_open=before.shards[place.folder][place.bits][1])] = None
        if lines:
            path = shards.file_name(place, has_open=any(line.is_open for line in lines.values()))
            items[path] = Item(BLOB, objects.blob(shards.shard_text(lines).encode()))
    made = objects.edit_tree(tree, {**gone, **items})
    assert made is not None, "it has files"
    return made


def _usage(git: Git, step: Changed, like: Oid, before: usage.Usage) -> usage.Usage:
    """Return what is needed of the kinds after a step, with the id of those of a commit if they have it."""
    now = usage.Usage(usage.advance_counts(before.counts, step.pairs, usage.needs))
    (oid,) = git.look_up([git.at(like, KINDS)])
    if oid is None:
        return now
    if before.fits == oid and before.counts == now.counts:
        return now._replace(fits=oid)
    kinds = kinds_of(git, like)
    fits = kinds is not None and now.kinds <= kinds.keys() and not usage.contradicting(now, kinds)
    return now._replace(fits=oid) if fits else now


def kinds_of(git: Git, commit: Oid) -> Optional[Mapping[str, Kind]]:
    """Return the kinds of a commit, None where something is wrong with one."""
    from stagectl.adapters.worktree.snapshot import parse_snapshot

    found = parse_snapshot(*tree.read_commit(git, commit, [KINDS]))
    return None if found.problems else found.kinds
