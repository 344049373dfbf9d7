"""The part of a situation that a plan can be about: what was edited, what that may change, and what these look at.

Of everything else it is known that it is *settled*: live, staged as it was applied, with the values that its parents,
settled too, would give it again. A settled resource shows its applied values and takes no part in a plan, so that
planning costs what was changed, and not what there is. docs/decisions/applied-index.md says why that is enough.
"""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set

from stagectl.core.indexing.line import LinesByName
from stagectl.core.model import Applied, Kind, Name, Resource, split_change
from stagectl.core.planning.resolve import InputId
from stagectl.core.planning.situation import Situation
from stagectl.core.values import Inputs, same

ChangedForms = Mapping[Name, Optional[Resource]]  # staged files that are not as applied; None for one that is gone


class Source:
    """Where what is known of an applied state is looked up; this one knows nothing."""

    def lines(self, names: Iterable[Name]) -> LinesByName:
        """Return the lines of those of the names that have one."""
        return {}

    def in_folders(self, folders: Iterable[str]) -> LinesByName:
        """Return every line of some folders, not of those below."""
        return {}

    def states(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        """Return the states of those of the names that have one, without the bytes of their files."""
        return {}

    def outside(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        """Return the same of settled resources: no edge of them acts, so their forms have only a kind and tags."""
        forms = {name: (state, state.resource) for name, state in self.states(names).items()}
        return {
            name: state if form is None else replace(state, resource=Resource(name, form.kind, form.tags))
            for name, (state, form) in forms.items()
        }

    def claims(self) -> Mapping[Name, Sequence[Name]]:
        """Return for each name that something live had before the names of what had it."""
        return {}

    def naming(self, names: Iterable[Name]) -> LinesByName:
        """Return those that read or name one of these."""
        lines = self.lines(names)
        found = self.lines({reader for line in lines.values() for reader in line.by})
        many = {name: line for name, line in lines.items() if line.many}
        if many:
            inside = self.in_folders({folder for line in many.values() for folder in line.many})
            found.update({reader: line for reader, line in inside.items() if line.names() & many.keys()})
        return found


def reduce_situation(
    source: Source,
    open_now: AbstractSet[Name],
    changed: ChangedForms,
    kinds: Mapping[str, Kind],
    also: AbstractSet[Name] = frozenset(),
) -> Situation:
    """Return the situation that makes the same plan as everything would.

    open_now: the resources that are not settled, whatever is edited. kinds: at least those of what is in it.
    also: resources that are asked for, whether or not anything reaches them.
    """
    active = _Region(source, open_now, changed).active()
    active |= {name for name in also if name in changed} | source.states(also - active).keys()
    states = source.states(active)
    # What is settled names only what is live.
    if _names_lost(source, {name: state for name, state in states.items() if name in open_now}):
        active |= {
            name for names in source.claims().values() for name in names
        }  # under an old name of something, which is not open for that
        states = source.states(active)
    staged = {name: changed[name] if name in changed else states[name].resource for name in active}
    there = {name: resource for name, resource in staged.items() if resource is not None}
    forms = [*there.values(), *(form for state in states.values() for form in state.forms)]
    parents = {parent for form in forms for parent in (*form.parents, *form.unordered)} - active
    beside = {name: state for name, state in source.outside(parents).items() if state.resource is not None}
    there.update({name: state.resource for name, state in beside.items() if state.resource is not None})
    return Situation({**beside, **states}, there, kinds, settled=frozenset(beside))


def _names_lost(source: Source, states: Mapping[Name, Applied]) -> bool:
    """Return whether something, as applied, tried or owed, names what is not live."""
    forms = [form for state in states.values() for form in state.forms]
    owed = [change for state in states.values() for behind in state.owed.values() for change in behind]
    named = {name for form in forms for name in (*form.parents, *form.unordered)} | {split_change(c)[0] for c in owed}
    left = named - {name for name, state in states.items() if state.live}
    return bool(left - {name for name, line in source.lines(left).items() if line.is_live})


class _Region:
    """Follows changes from what was edited, or is open, to all that they may reach."""

    def __init__(self, source: Source, open_now: AbstractSet[Name], changed: ChangedForms) -> None:
        self._source = source
        self._open = open_now
        self._changed = changed
        self._own_readers: Dict[InputId, List[InputId]] = {}
        self._own_related: Dict[Name, Set[Name]] = {}
        for name, resource in changed.items():
            for key, references in resource.references.items() if resource else ():
                for reference in references:
                    node = (Name(reference.name), reference.path[0])
                    self._own_readers.setdefault(node, []).append((name, key))
            for parent in resource.parents if resource else ():
                self._own_related.setdefault(parent, set()).add(name)

    def active(self) -> Set[Name]:
        """Return every resource that may be part of a plan."""
        starts = self._changed.keys() | self._open | self._source.states(self._claimed_names()).keys()
        before = self._source.states(starts)
        nodes = {node for name in starts for node in self._changed_inputs(name, before.get(name))}
        names = set(starts)
        names |= self._related_names(self._shaken_names(before), reacting=False)
        fresh_nodes, fresh_names = set(nodes), set(names)
        while fresh_nodes or fresh_names:
            reached = self._readers(fresh_nodes)
            reached |= self._readers(self._reported_outputs(fresh_names))
            reached |= {node for start in fresh_nodes for node in self._own_readers.get(start, ())}
            fresh_nodes = reached - nodes
            nodes |= fresh_nodes
            joined = {name for name, _ in fresh_nodes} | self._related_names(fresh_names, reacting=True)
            joined |= {name for start in fresh_names for name in self._own_related.get(start, ())}
            fresh_names = joined - names
            names |= fresh_names
        return names

    def _readers(self, nodes: AbstractSet[InputId]) -> Set[InputId]:
        """Return the inputs that, as applied, read one of these inputs."""
        naming = self._source.naming({name for name, _ in nodes})
        reads = ((name, own, read) for name, line in naming.items() for own, read in line.reads.items())
        return {(name, own) for name, own, read in reads if not nodes.isdisjoint(read)}

    def _reported_outputs(self, names: AbstractSet[Name]) -> Set[InputId]:
        """Return the outputs of resources that may act: any action may report them anew."""
        return {(name, output) for name, line in self._source.lines(names).items() for output in line.outputs}

    def _related_names(self, names: AbstractSet[Name], *, reacting: bool) -> Set[Name]:
        """Return the resources that name one of these in a relation; reacting: in `react_on` alone."""
        naming = self._source.naming(names)
        return {
            name
            for name, line in naming.items()
            if (names & {*line.reacts} if reacting else names & (line.names() - {name}))
        }

    def _changed_inputs(self, name: Name, state: Optional[Applied]) -> Iterator[InputId]:
        """Yield the inputs of a start whose values may not be those last applied."""
        before: Inputs = state.resource.inputs if state and state.resource else {}
        if name not in self._changed or self._is_shaken(name, state):
            edited = self._changed.get(name)
            keys: AbstractSet[str] = before.keys() | (state.inputs.keys() if state else set())
            keys |= edited.inputs.keys() if edited else set()
        else:
            resource = self._changed[name]
            after: Inputs = resource.inputs if resource else {}
            keys = {
                key
                for key in before.keys() | after.keys()
                if key not in before or key not in after or not same(before[key], after[key])
            }
        yield from ((name, key) for key in keys)

    def _is_shaken(self, name: Name, state: Optional[Applied]) -> bool:
        """Return whether an edit makes a resource come, go, move or become one of another kind."""
        edited, before = self._changed.get(name), state.resource if state else None
        if edited is None or before is None:
            return name in self._changed
        return edited.kind != before.kind or edited.moved_from != before.moved_from

    def _shaken_names(self, before: Mapping[Name, Applied]) -> Set[Name]:
        """Return the names of which every mention has to be looked at, with those that were moved."""
        names = {name for name in self._changed if self._is_shaken(name, before.get(name))}
        return names | self._open | self._claimed_names()

    def _claimed_names(self) -> Set[Name]:
        """Return the old names that what was edited claims."""
        return {old for edited in self._changed.values() if edited is not None for old in edited.moved_from}
