"""Making indexes: from nothing, or from the one of an earlier applied state and what differs since."""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.applied import index_files
from stagectl.adapters.applied.index import Damaged, Index, Key, Prepared, Row, meant, prepared
from stagectl.adapters.applied.store import parse_state, raw_state
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.changed_files import between
from stagectl.core.errors import StagectlError
from stagectl.core.model import LARGEST_STATE, NAME, Applied, Kind, Name, Oid, Resource
from stagectl.core.planning.impact import open_names

_MANY = 10_000  # resources: of fewer, other processes cost more than they bring
_AT_ONCE = 2000  # files in memory

Filled = Tuple[int, Set[Name]]


def made(git: Git, key: Key, kinds: Mapping[str, Kind]) -> Optional[Index]:
    """Make and return the index of an applied state; None where none can be made."""
    try:
        like = index_files.nearest_index(git, key.kinds)
        index = index_files.begun(git, like)
        try:
            fill = _fill(git, index, key, kinds) if like is None else _advance(git, index, like, key, kinds)
            index.finish(key, kinds, *fill)
            index_files.published(git, index, key, fresh=like is None)
        finally:
            index.db.close()
            index.path.unlink(missing_ok=True)
    except (sqlite3.Error, Damaged, OSError, StagectlError, ValueError, KeyError, TypeError, AttributeError):
        return None  # those who read every file say what is wrong
    return index_files.opened(git, key)


def _fill(git: Git, index: Index, key: Key, kinds: Mapping[str, Kind]) -> Filled:
    """Write everything; return how many are live, and what is open."""
    staged = dict(_files(git, key.staged, ".yaml"))
    states = dict(_files(git, key.applied, ".json"))
    if staged.keys() - states.keys():
        raise KeyError("a staged file without its state")
    raw = {
        name: raw_state(blobs[states[name]])
        for some in _batches(sorted(states))
        for blobs in [git.blobs((states[name] for name in some), LARGEST_STATE)]
        for name in some
    }
    open_now: Set[Name] = set()
    doubtful: Set[Name] = set()
    for rows, not_settled, in_doubt in _in_parallel(_Reading(git, staged, raw, kinds), _batches(sorted(raw))):
        index.put(rows)
        open_now |= not_settled
        doubtful |= in_doubt
    return len(staged), open_now | _still_open(index, kinds, doubtful)


Read = Tuple[List[Prepared], Set[Name], Set[Name]]


@dataclass(frozen=True)
class _Reading:
    """Reading an applied state, in one process or in several that share what is here."""

    git: Git
    staged: Mapping[Name, Oid]
    raw: Mapping[Name, Any]  # `.applied/<name>.json`, parsed
    kinds: Mapping[str, Kind]

    def read(self, names: Sequence[Name]) -> Read:
        """Return some resources as the index holds them, who of them is open, and of whom only all others can tell."""
        blobs = self.git.blobs(self.staged[name] for name in names if name in self.staged)
        rows: List[Row] = [
            (name, yamlfile.load(blobs[self.staged[name]]) if name in self.staged else None, self.raw[name])
            for name in names
        ]
        own = {row[0]: meant(row) for row in rows}
        applied = {**self._beside(own), **own}
        in_doubt = {
            name
            for name, state in own.items()
            if state.resource is not None and (state.resource.react_on or state.resource.depends_on_changes)
        }
        not_settled = open_names(applied, self.kinds, own.keys() - in_doubt)
        return [prepared(row, own[row[0]]) for row in rows], not_settled, in_doubt

    def _beside(self, own: Mapping[Name, Applied]) -> Dict[Name, Applied]:
        """Return the parents of some: whether they are live, and with which values; not what they are like."""
        parents = {parent for state in own.values() if state.resource for parent in _named(state.resource)}
        return {
            name: parse_state(self.raw[name], Resource(name, "") if name in self.staged else None)
            for name in parents - own.keys()
            if name in self.raw
        }


def _named(resource: Resource) -> Set[Name]:
    return {*resource.parents, *resource.unordered}


_reading: Optional[_Reading] = None  # set before processes are forked, for them


def _read(names: Sequence[Name]) -> Read:
    assert _reading is not None, "set before the processes were forked"
    return _reading.read(names)


def _in_parallel(reading: _Reading, batches: Iterable[List[Name]]) -> Iterator[Read]:
    """Yield what reading each batch gives, in order; many are read by all cores there are."""
    is_worth_it = len(reading.raw) >= _MANY and (os.cpu_count() or 1) > 1 and hasattr(os, "fork")
    if not is_worth_it or threading.active_count() > 1:  # a fork knows nothing of other threads and their locks
        yield from map(reading.read, batches)
        return
    import multiprocessing

    global _reading
    _reading = reading
    try:
        with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
            yield from pool.imap(_read, batches)
    finally:
        _reading = None


def _still_open(index: Index, kinds: Mapping[str, Kind], doubtful: Set[Name]) -> Set[Name]:
    """Return who of some is open, looked at with all of what their parents are."""
    looked_at = index.states(doubtful)
    parents = {parent for state in looked_at.values() if state.resource for parent in _named(state.resource)}
    applied: Dict[Name, Applied] = {**index.states(parents), **looked_at}
    return open_names(applied, kinds, looked_at)


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
    blobs = git.blobs((oid for oid in (*staged.values(), *states.values()) if oid is not None), LARGEST_STATE)
    before = like.rows(changed)
    around = index.related(changed, reacting=False) | index.load().open
    index.drop(changed)
    after = [row for name in changed for row in _row(name, staged, states, blobs, before)]
    index.put(prepared(row, meant(row)) for row in after)
    live = like.live() + sum(row[1] is not None for row in after) - sum(row[1] is not None for row in before.values())
    around |= index.related(changed, reacting=False) | set(changed)
    return live, _still_open(index, kinds, around)


def _changes(git: Git, before: Oid, after: Oid, ending: str) -> Dict[Name, Optional[Oid]]:
    """Return the files that differ between two trees, by name; None for one that is gone."""
    found = {entry.path[: -len(ending)]: entry.oid for entry in between(git, before, after)}
    return {Name(name): oid for name, oid in found.items() if NAME.fullmatch(name)}


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
        raw = None if oid is None else raw_state(blobs[oid])
    if raw is not None:
        yield name, documents, raw
    elif documents is not None:
        raise KeyError("a staged file without its state")
