"""Which resource reads, comes after or reacts on which, followed step by step without reading the others."""

from __future__ import annotations

from typing import AbstractSet, Callable, Mapping, Optional, Set

from stagectl.core.indexing.impact import Source
from stagectl.core.model import Name, Resource


class Edges:
    """The edges of what is applied and of what was edited since."""

    def __init__(self, source: Source, changed: Mapping[Name, Optional[Resource]]) -> None:
        self._source = source
        self._edited = {name: resource for name, resource in changed.items() if resource is not None}

    def parents(self, names: AbstractSet[Name]) -> Set[Name]:
        """Return all that some resources read, come after or react on, staged or applied."""
        found = {p for name, line in self._source.lines(names).items() if line.is_live for p in line.parents(name)}
        return found | {p for name in names & self._edited.keys() for p in self._edited[name].parents}

    def children(self, names: AbstractSet[Name]) -> Set[Name]:
        """Return all that read, come after or react on one of these, staged or applied."""
        naming = self._source.naming(names).items()
        found = {name for name, line in naming if line.is_live and line.parents(name) & names}
        return found | {name for name, resource in self._edited.items() if resource.parents & names}

    @staticmethod
    def reach(starts: Set[Name], step: Callable[[AbstractSet[Name]], Set[Name]]) -> Set[Name]:
        """Return all that steps from some resources lead to, these included."""
        found, fresh = set(starts), set(starts)
        while fresh:
            fresh = step(fresh) - found
            found |= fresh
        return found

    def below(self, starts: Set[Name]) -> Set[Name]:
        """Return some resources with all their descendants."""
        return self.reach(starts, self.children)
