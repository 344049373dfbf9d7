"""Which resources are settled by the applied state alone: no plan has anything to do with them until an edit."""

from __future__ import annotations

from typing import AbstractSet, Dict, FrozenSet, Iterable, Mapping

from stagectl.core.indexing.line import LITERAL, READS, Line, is_secret, needed_actions
from stagectl.core.model import STANDARD_ACTIONS, Applied, Name, Resource
from stagectl.core.planning.resolve import Resolver, reported_outputs
from stagectl.core.stamps import is_pending
from stagectl.core.values import Reference, same


class Judge:
    """Judges resources by what their parents show as applied: where these are settled too, that is what they are."""

    def __init__(self, applied: Mapping[Name, Applied]) -> None:
        """Take the states of all that are judged, and of all they read or name."""
        self._applied = applied
        fixed = {name: state.inputs for name, state in applied.items() if state.live}
        self._live = fixed.keys()
        self._resolver = Resolver({}, fixed, reported_outputs(applied))
        self._has_secrets = any(state.sensitive for state in applied.values())

    def judge(self, name: Name, line: Line) -> Line:
        """Return a resource's line with what follows from its state and its parents'."""
        state = self._applied[name]
        resource = state.resource
        if resource is None:
            return line._replace(is_open=True)
        reading = self._reading(resource)
        is_open = not self._is_settled(state, resource, reading, line.names())
        marks = self._marks(state, resource, reading) if state.sensitive else {}
        verbs = tuple(sorted(self._verbs(resource))) if resource.has_relations else ()
        if (is_open, marks, verbs) == (line.is_open, line.sensitive, line.verbs):  # of most there is nothing to say
            return line
        return line._replace(is_open=is_open, sensitive=marks, verbs=verbs)

    def _is_settled(
        self, state: Applied, resource: Resource, reading: FrozenSet[str], named: AbstractSet[Name]
    ) -> bool:
        if state.unfinished or state.owed or state.observed or not reading <= state.sensitive:
            return False
        if any(is_pending(stamp, state.stamps.get(action)) for action, stamp in resource.actions.items()):
            return False
        return named <= self._live and self._resolves(state, resource)

    def _resolves(self, state: Applied, resource: Resource) -> bool:
        """Return whether the inputs as written give what the resource was applied with."""
        values = {**resource.inputs, **self._resolver.inputs_of(resource)} if resource.references else resource.inputs
        return values.keys() == state.inputs.keys() and same(values, dict(state.inputs))

    def _reading(self, resource: Resource) -> FrozenSet[str]:
        """Return the inputs that read a sensitive value."""
        if not self._has_secrets:
            return frozenset()
        return frozenset(
            key for key, references in resource.references.items() if any(map(self._is_sensitive, references))
        )

    def _is_sensitive(self, reference: Reference) -> bool:
        name = Name(reference.name)
        return name in self._applied and reference.path[0] in self._applied[name].sensitive

    def _marks(self, state: Applied, resource: Resource, reading: FrozenSet[str]) -> Dict[str, str]:
        return {
            key: READS * (key in reading)
            + LITERAL * (key in resource.inputs and not is_secret(resource.inputs[key], self._is_sensitive))
            for key in sorted(state.sensitive)
        }

    def _verbs(self, resource: Resource) -> Iterable[str]:
        """Return the actions, beyond those that every kind has, that have to exist, as `kind.action`."""
        for name, action in needed_actions(resource):
            owner = resource if name == resource.name else self._applied.get(name, Applied()).resource
            if owner is not None and action not in STANDARD_ACTIONS:
                yield f"{owner.kind}.{action}"
