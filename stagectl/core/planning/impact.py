"""The part of a situation that a plan can be about: what was edited, what that may change, and what these look at.

Of everything else it is known that it is *settled*: live, staged as it was applied, with the values that its parents,
settled too, would give it again. A settled resource shows its applied values and takes no part in a plan, so that
planning costs what was changed, and not what there is. docs/decisions/cache.md says why that is enough.
"""

from __future__ import annotations

from typing import AbstractSet, Dict, FrozenSet, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from stagectl.core.model import REPLACE, Applied, Kind, Name, Resource, is_pending, split_change
from stagectl.core.planning.resolve import Node, Resolver, reported
from stagectl.core.planning.situation import Situation
from stagectl.core.values import EnvVariable, Inputs, Reference, Template, Value, same

Edits = Mapping[Name, Optional[Resource]]  # staged files that are not as applied; None for one that is gone


class Known:
    """What is known of an applied state. open: the resources that are not settled, whatever is edited."""

    open: FrozenSet[Name] = frozenset()

    def states(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        """Return the applied state of those of the names that have one."""
        raise NotImplementedError

    def beside(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        """Return the same of settled resources: of their files only kind and tags are of interest."""
        return self.states(names)

    def readers(self, nodes: Iterable[Node]) -> Set[Node]:
        """Return the inputs that, as applied, read one of these inputs."""
        raise NotImplementedError

    def related(self, names: Iterable[Name], *, reacting: bool) -> Set[Name]:
        """Return the resources that name one of these in a relation; reacting: in `react_on` alone."""
        raise NotImplementedError


def narrowed(known: Known, edits: Edits, kinds: Mapping[str, Kind]) -> Situation:
    """Return the situation that makes the same plan as everything would."""
    active = _Region(known, edits, kinds).active()
    states = known.states(active)
    staged = {name: edits[name] if name in edits else states[name].resource for name in active}
    there = {name: resource for name, resource in staged.items() if resource is not None}
    forms = [*there.values(), *(form for state in states.values() for form in state.forms)]
    parents = {parent for form in forms for parent in (*form.parents, *form.unordered)} - active
    beside = {name: state for name, state in known.beside(parents).items() if state.resource is not None}
    there.update({name: state.resource for name, state in beside.items() if state.resource is not None})
    return Situation({**beside, **states}, there, kinds, settled=frozenset(beside))


class _Region:
    """Follows changes from what was edited, or is open, to all that they may reach."""

    def __init__(self, known: Known, edits: Edits, kinds: Mapping[str, Kind]) -> None:
        self._known = known
        self._edits = edits
        self._reporting = {name: kind.output_names for name, kind in kinds.items() if kind.outputs}
        self._own_readers: Dict[Node, List[Node]] = {}
        self._own_related: Dict[Name, Set[Name]] = {}
        for name, resource in edits.items():
            for key, references in resource.references.items() if resource else ():
                for reference in references:
                    node = (Name(reference.name), reference.path[0])
                    self._own_readers.setdefault(node, []).append((name, key))
            for parent in resource.parents if resource else ():
                self._own_related.setdefault(parent, set()).add(name)

    def active(self) -> Set[Name]:
        """Return every resource that may be part of a plan."""
        starts = self._edits.keys() | self._known.open | self._known.states(self._claimed()).keys()
        before = self._known.states(starts)
        nodes = {node for name in starts for node in self._changed(name, before.get(name))}
        names = set(starts)
        names |= self._known.related(self._shaken(before), reacting=False)
        fresh_nodes, fresh_names = set(nodes), set(names)
        while fresh_nodes or fresh_names:
            fresh_nodes |= self._outputs(fresh_names) - nodes
            nodes |= fresh_nodes
            reached = self._known.readers(fresh_nodes)
            reached |= {node for start in fresh_nodes for node in self._own_readers.get(start, ())}
            fresh_nodes = reached - nodes
            nodes |= fresh_nodes
            joined = {name for name, _ in fresh_nodes} | self._known.related(fresh_names, reacting=True)
            joined |= {name for start in fresh_names for name in self._own_related.get(start, ())}
            fresh_names = joined - names
            names |= fresh_names
        return names

    def _outputs(self, names: AbstractSet[Name]) -> Set[Node]:
        """Return the outputs that may change if something is done with these resources."""
        if not self._reporting or not names:
            return set()
        found: Set[Node] = set()
        states = self._known.states(names)
        for name in names:
            state = states.get(name, Applied())
            forms = [form for form in (self._edits.get(name), state.resource) if form is not None]
            found.update((name, key) for key in state.outputs)
            found.update((name, key) for form in forms for key in self._reporting.get(form.kind, ()))
        return found

    def _changed(self, name: Name, state: Optional[Applied]) -> Iterator[Node]:
        """Yield the inputs of a start whose values may not be those last applied."""
        before: Inputs = state.resource.inputs if state and state.resource else {}
        if name not in self._edits or self._is_shaken(name, state):
            edited = self._edits.get(name)
            keys: AbstractSet[str] = before.keys() | (state.inputs.keys() if state else set())
            keys |= edited.inputs.keys() if edited else set()
        else:
            resource = self._edits[name]
            after: Inputs = resource.inputs if resource else {}
            keys = {
                key
                for key in before.keys() | after.keys()
                if key not in before or key not in after or not same(before[key], after[key])
            }
        yield from ((name, key) for key in keys)

    def _is_shaken(self, name: Name, state: Optional[Applied]) -> bool:
        """Return whether an edit makes a resource come, go, move or become one of another kind."""
        edited, before = self._edits.get(name), state.resource if state else None
        if edited is None or before is None:
            return name in self._edits
        return edited.kind != before.kind or edited.moved_from != before.moved_from

    def _shaken(self, before: Mapping[Name, Applied]) -> Set[Name]:
        """Return the names of which whoever mentions them has to be looked at, with those that were moved."""
        names = {name for name in self._edits if self._is_shaken(name, before.get(name))}
        return names | self._known.open | self._claimed()

    def _claimed(self) -> Set[Name]:
        """Return the old names that what was edited claims."""
        return {old for edited in self._edits.values() if edited is not None for old in edited.moved_from}


def open_names(applied: Mapping[Name, Applied], kinds: Mapping[str, Kind], among: Iterable[Name]) -> Set[Name]:
    """Return the resources, of some, that are not settled; the others have no part in any plan until an edit.

    Each is looked at with what its parents show as applied: where these are settled too, that is what they are.
    """
    fixed = {name: state.inputs for name, state in applied.items() if state.live}
    settled = _Settled(applied, kinds, Resolver({}, fixed, reported(applied)))
    return {name for name in among if not settled.is_settled(name)}


class _Settled:
    def __init__(self, applied: Mapping[Name, Applied], kinds: Mapping[str, Kind], resolver: Resolver) -> None:
        self._applied = applied
        self._kinds = kinds
        self._resolver = resolver

    def is_settled(self, name: Name) -> bool:
        """Return whether no plan has anything to do with a resource as long as nothing it reads is edited."""
        state = self._applied[name]
        resource = state.resource
        if resource is None or state.unfinished or state.owed or resource.moved_from:
            return False
        return (
            resource.kind in self._kinds
            and not any(is_pending(stamp, state.stamps.get(action)) for action, stamp in resource.actions.items())
            and self._has_parents(resource)
            and self._knows_actions(resource)
            and self._keeps_secrets(state, resource)
            and same(dict(state.inputs), self._resolver.inputs_of(resource))
        )

    def _has_parents(self, resource: Resource) -> bool:
        names = (*resource.parents, *resource.unordered)
        return all(name in self._applied and self._applied[name].live for name in names)

    def _knows_actions(self, resource: Resource) -> bool:
        """Return whether all actions that are named exist."""
        own = {*resource.depends_on_changes, *resource.react_on, *resource.actions} - {REPLACE}
        changes = [change for group in resource.depends_on_changes.values() for change in group]
        changes += [trigger.on for group in resource.react_on.values() for trigger in group]
        if not own <= set(self._verbs(resource)):
            return False
        named = [split_change(change) for change in changes]
        return all(action in self._verbs(self._applied[name].resource) for name, action in named)

    def _verbs(self, resource: Optional[Resource]) -> Tuple[str, ...]:
        kind = self._kinds.get(resource.kind) if resource else None
        return kind.verbs() if kind else ()

    def _keeps_secrets(self, state: Applied, resource: Resource) -> bool:
        """Return whether what is sensitive was so when it was applied, and is no literal."""
        declared = self._kinds[resource.kind].sensitive
        reading = {
            key
            for key, references in resource.references.items()
            if any(self._is_sensitive(reference) for reference in references)
        }
        if (declared | reading) != state.sensitive:
            return False
        return all(self._is_secret(resource.inputs[key]) for key in declared & resource.inputs.keys())

    def _is_secret(self, value: Value) -> bool:
        parts = value.parts if isinstance(value, Template) else ()
        if value is None:
            return True
        return len(parts) == 1 and (isinstance(parts[0], EnvVariable) or self._is_sensitive(parts[0]))

    def _is_sensitive(self, part: object) -> bool:
        return isinstance(part, Reference) and part.path[0] in self._applied[Name(part.name)].sensitive
