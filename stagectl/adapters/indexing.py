"""Making indexes: from nothing, or from the one of an earlier applied state and what differs since."""

from __future__ import annotations

import json
import sqlite3
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from stagectl.adapters import index as indexes
from stagectl.adapters import yamlfile
from stagectl.adapters.edits import between
from stagectl.adapters.git import Git
from stagectl.adapters.index import Index, Key, Row
from stagectl.core.errors import StagectlError
from stagectl.core.model import NAME, Applied, Kind, Name, Oid
from stagectl.core.region import open_names

_AT_ONCE = 5000  # files in memory

Filled = Tuple[int, Set[Name]]


def made(git: Git, key: Key, kinds: Mapping[str, Kind]) -> Optional[Index]:
    """Make and return the index of an applied state; None where none can be made."""
    try:
        like = indexes.nearest(git, key.kinds)
        index = indexes.begun(git, like)
        try:
            fill = _fill(git, index, key, kinds) if like is None else _advance(git, index, like, key, kinds)
            index.finish(key, kinds, *fill)
            indexes.published(git, index, fresh=like is None)
        finally:
            index.db.close()
            index.path.unlink(missing_ok=True)
    except (sqlite3.Error, OSError, StagectlError, ValueError, KeyError, TypeError):
        return None  # those who read every file say what is wrong
    return indexes.opened(git, key)


def _fill(git: Git, index: Index, key: Key, kinds: Mapping[str, Kind]) -> Filled:
    """Write everything; return how many are live, and what is open."""
    staged = dict(_files(git, key.staged, ".yaml"))
    states = dict(_files(git, key.applied, ".json"))
    if staged.keys() - states.keys():
        raise KeyError("a staged file without its state")
    for some in _batches(sorted(states)):
        blobs = git.blobs([*(states[name] for name in some), *(staged[name] for name in some if name in staged)])
        index.put(
            (name, yamlfile.load(blobs[staged[name]]) if name in staged else None, json.loads(blobs[states[name]]))
            for name in some
        )
    applied = index.states(states)
    return len(staged), open_names(applied, kinds, applied)


def _files(git: Git, tree: Oid, ending: str) -> Iterator[Tuple[Name, Oid]]:
    for entry in git.entries(tree, []):
        name = entry.path[: -len(ending)]
        if not entry.path.endswith(ending) or not NAME.fullmatch(name) or entry.mode != "100644":
            raise ValueError(entry.path)
        yield Name(name), entry.oid


def _batches(names: List[Name]) -> Iterator[List[Name]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def _advance(git: Git, index: Index, like: Index, key: Key, kinds: Mapping[str, Kind]) -> Filled:
    """Bring an index in step with another applied state; return how many are live then, and what is open."""
    staged = _changes(git, Oid(like.meta["staged"]), key.staged, ".yaml")
    states = _changes(git, Oid(like.meta["applied"]), key.applied, ".json")
    changed = sorted(staged.keys() | states.keys())
    blobs = git.blobs(oid for oid in (*staged.values(), *states.values()) if oid is not None)
    before = like.rows(changed)
    around = index.related(changed, reacting=False) | index.load().open
    index.drop(changed)
    after = [row for name in changed for row in _row(name, staged, states, blobs, before)]
    index.put(after)
    live = like.live() + sum(row[1] is not None for row in after) - sum(row[1] is not None for row in before.values())
    around |= index.related(changed, reacting=False) | set(changed)
    looked_at = index.states(around)
    parents = {
        parent
        for state in looked_at.values()
        if state.resource is not None
        for parent in (*state.resource.parents, *state.resource.unordered)
    }
    applied: Dict[Name, Applied] = {**index.states(parents), **looked_at}
    return live, open_names(applied, kinds, looked_at)


def _changes(git: Git, before: Oid, after: Oid, ending: str) -> Dict[Name, Optional[Oid]]:
    """Return the files that differ between two trees, by name; None for one that is gone."""
    return {Name(entry.path[: -len(ending)]): entry.oid for entry in between(git, before, after)}


def _row(
    name: Name,
    staged: Mapping[Name, Optional[Oid]],
    states: Mapping[Name, Optional[Oid]],
    blobs: Mapping[Oid, bytes],
    before: Mapping[Name, Row],
) -> Iterable[Row]:
    """Yield the new row of a resource, nothing if it has no applied state any more."""
    _, documents, raw = before.get(name, (name, None, None))
    if name in staged:
        oid = staged[name]
        documents = None if oid is None else yamlfile.load(blobs[oid])
    if name in states:
        oid = states[name]
        raw = None if oid is None else json.loads(blobs[oid])
    if raw is not None:
        yield name, documents, raw
