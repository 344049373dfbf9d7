"""An index held in dictionaries, as lines and, beside them, as the texts of its shards."""

from __future__ import annotations

import hashlib
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional

from stagectl.adapters.applied.store import state_bytes
from stagectl.core.indexing import shards
from stagectl.core.indexing.advance import Advance, States
from stagectl.core.indexing.impact import Source
from stagectl.core.indexing.line import Line, LinesByName
from stagectl.core.indexing.shards import Shard
from stagectl.core.indexing.usage import (
    Counts,
    Usage,
    advance_counts,
    contradicting,
    is_contradicted,
    needs,
    variables_read,
)
from stagectl.core.model import Applied, Kind, Name, Oid
from stagectl.core.references import folder_of


def oid_of(state: Applied) -> Oid:
    return Oid(hashlib.sha1(state_bytes(state)).hexdigest())


class InMemory(Source):
    """The index after some commits; `after` gives the one after another."""

    def __init__(self) -> None:
        self.applied: Dict[Name, Applied] = {}
        self.all_lines: LinesByName = {}
        self.texts: Dict[Shard, LinesByName] = {}
        self.counts: Counts = {}
        self.variables: Counts = {}
        self.looked_at: List[Name] = []

    def lines(self, names: Iterable[Name]) -> LinesByName:
        wanted = list(names)
        self.looked_at += wanted
        return {name: self.all_lines[name] for name in wanted if name in self.all_lines}

    def in_folders(self, folders: Iterable[str]) -> LinesByName:
        wanted = set(folders)
        return {name: line for name, line in self.all_lines.items() if folder_of(name) in wanted}

    def states(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        return {name: self.applied[name] for name in names if name in self.applied}

    def claims(self) -> Mapping[Name, Name]:
        return {old: name for name, line in sorted(self.all_lines.items()) for old in line.moved_from}

    def open_with(self, kinds: Mapping[str, Kind]) -> FrozenSet[Name]:
        found = {name for name, line in self.all_lines.items() if line.is_open}
        if contradicting(Usage(self.counts), kinds):
            found |= {name for name, line in self.all_lines.items() if is_contradicted(line, kinds)}
        return frozenset(found)

    def after(self, states: States) -> InMemory:
        """The index after some states changed."""
        step = Advance(self, states).with_ids({name: oid_of(one) for name, one in states.items() if one is not None})
        found = InMemory()
        kept: Dict[Name, Optional[Applied]] = {**self.applied, **states}
        found.applied = {name: state for name, state in kept.items() if state is not None}
        lines: Dict[Name, Line] = {**self.all_lines, **step.after}
        found.all_lines = {name: line for name, line in lines.items() if line.is_needed}
        found.counts = advance_counts(self.counts, step.pairs, needs)
        found.variables = advance_counts(self.variables, step.pairs, variables_read)
        there: Dict[str, List[str]] = {}
        for place in self.texts:
            there.setdefault(place.folder, []).append(place.bits)
        changes = {name: line if line.is_needed else None for name, line in step.after.items()}
        written = shards.redistribute(changes, there, lambda places: {place: self.texts[place] for place in places})
        found.texts = {place: lines for place, lines in {**self.texts, **written}.items() if lines}
        return found
