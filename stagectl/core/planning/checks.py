"""What makes a plan impossible: problems of the resources that are in effect as staged (design, sections 3 and 5)."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from stagectl.core.errors import StagectlError, Step, nearest
from stagectl.core.model import REPLACE, Kind, Name, Resource, split_change
from stagectl.core.planning import resolve
from stagectl.core.planning.resolve import Failure
from stagectl.core.planning.universe import Universe
from stagectl.core.schemas.quick import Test, quick_test
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.schemas.words import told
from stagectl.core.values import EnvVariable, Inputs, Reference, Template, Value


class Trouble(NamedTuple):
    """One thing wrong with one resource; at, on_key and document: as in a Flaw."""

    name: Name
    at: Tuple[Step, ...]
    message: str
    on_key: bool = False
    document: int = BODY


class ImpossiblePlan(StagectlError):
    """The staged resources make no plan: every reason, with the resource and the place in it."""

    def __init__(self, troubles: Iterable[Trouble], hint: str = "") -> None:
        self.troubles = tuple(troubles)
        super().__init__("\n".join(f"{trouble.name}: {trouble.message}" for trouble in self.troubles), hint)


def find_troubles(universe: Universe) -> List[Trouble]:
    """Return everything that is wrong with the resources in effect as staged, in name order."""
    troubles: List[Trouble] = []
    for name in universe.situation.names():
        resource = universe.effective.get(name)
        if name in universe.holds and universe.is_selected(name):
            troubles += _dangling(universe, name)
        if resource is None:
            continue
        if universe.is_staged_here(name):
            troubles += _named(universe, resource)
            troubles += _output_names(universe, resource)
            troubles += _literal_secrets(universe, resource)
        if name not in universe.shown:
            troubles += _values(universe, resource)
    return sorted(set(troubles), key=lambda trouble: (trouble.name, str(trouble.at), trouble.message))


def all_troubles(universe: Universe) -> List[Trouble]:
    """Return `find_troubles`, and what the kinds' schemas have against the inputs that do resolve."""
    troubles = find_troubles(universe)
    unresolved, schemas = {trouble.name for trouble in troubles}, Schemas()
    for name, resource in sorted(universe.effective.items()):
        kind = universe.situation.kinds.get(resource.kind)
        if kind is not None and universe.is_staged_here(name) and name not in unresolved:
            inputs = universe.inputs(name)
            if inputs.keys() == resource.inputs.keys():
                troubles += schemas.troubles(name, kind, inputs)
    return troubles


def find_still_read(universe: Universe) -> Dict[Name, List[Resource]]:
    """Return the selected removals whose resource is still named by kept resources as staged (rule 10)."""
    situation = universe.situation
    gone = {name for name in situation.applied if name not in situation.staged and universe.is_selected(name)}
    found: Dict[Name, List[Resource]] = {}
    for _, resource in sorted(situation.staged.items()) if gone else ():
        for parent in sorted(resource.parents & gone):
            found.setdefault(parent, []).append(resource)
    return found


def still_read_error(found: Mapping[Name, List[Resource]]) -> StagectlError:
    """Return the error for removals that would leave readers behind, with the two ways out."""
    lines = []
    for name, readers in sorted(found.items()):
        verb = "read" if all(name in reader.reads for reader in readers) else "name"
        names = ", ".join(reader.name for reader in readers)
        lines.append(f"{name} cannot be removed: {names} still {verb}{'s' if len(readers) == 1 else ''} it")
    first = min(found)
    hint = (
        f"either remove them too (stagectl remove {first} --recursive), "
        f"or write the last applied values into them (stagectl remove {first} --detach)"
    )
    return StagectlError("\n".join(lines), hint)


def _named(universe: Universe, resource: Resource) -> Iterator[Trouble]:
    """Yield names and actions in relations that do not exist."""
    for at, name, action in _relations(resource):
        situation = universe.situation
        other = situation.staged.get(name)
        if name in situation.broken or not name:
            continue  # what cannot be read has its own problem
        if other is None and not (situation.is_live(name) and not universe.is_selected(name)):
            if not situation.is_live(name):
                yield Trouble(resource.name, at, _unknown(universe, name, resource.name))
        elif action is not None:
            kind = situation.kinds.get(other.kind if other else "")
            if kind is not None and action not in kind.verbs():
                yield Trouble(resource.name, at, _unknown_action(action, kind))
    own = universe.situation.kinds.get(resource.kind)
    for key, actions in (("depends_on", resource.depends_on_changes), ("react_on", resource.react_on)):
        for action in actions if own else ():
            if own and action not in own.verbs():
                yield Trouble(resource.name, (key, action), _unknown_action(action, own), on_key=True)
    for action in universe.explicit(resource.name) if own else ():
        if own and action != REPLACE and action not in own.verbs():
            at = ("actions", action)
            yield Trouble(resource.name, at, _unknown_action(action, own), on_key=True, document=FRONT)


def _relations(resource: Resource) -> Iterator[Tuple[Tuple[Step, ...], Name, Optional[str]]]:
    for key, names in (("depends_on", resource.depends_on), ("unordered", resource.unordered)):
        yield from (((key, index), name, None) for index, name in enumerate(names))
    for action, changes in resource.depends_on_changes.items():
        for index, change in enumerate(changes):
            yield (("depends_on", action, index), *split_change(change))
    for action, triggers in resource.react_on.items():
        for index, trigger in enumerate(triggers):
            yield (("react_on", action, index), *split_change(trigger.on))


def _unknown(universe: Universe, name: str, reader: Name) -> str:
    if name in universe.situation.defined:
        return f"'{name}' is only defined: stage it too"
    return f"there is no resource '{name}'{nearest(name, universe.situation.staged.keys() - {reader})}"


def _unknown_action(action: str, kind: Kind) -> str:
    near = nearest(action, kind.verbs())
    return f"'{action}' is no action of kind {kind.name}{near or '; it has: ' + ', '.join(kind.verbs())}"


def _values(universe: Universe, resource: Resource) -> Iterator[Trouble]:
    """Yield inputs without a value; what a parent's own failure passed on is told there."""
    universe.resolver.inputs(resource.name)
    for key in resource.inputs:
        failure = universe.resolver.failures.get((resource.name, key))
        reference = failure.reference if failure else None
        if reference is not None and reference.name in universe.situation.broken:
            continue  # what cannot be read has its own problem
        if failure is not None and failure.why != resolve.PASSED_ON:
            yield Trouble(resource.name, ("inputs", *failure.at), _failure_text(universe, failure, resource.name))


def _dangling(universe: Universe, name: Name) -> Iterator[Trouble]:
    """Yield what a held resource as staged reads though nothing has it, however much is selected."""
    staged = universe.situation.staged.get(name)
    yield from _named(universe, staged) if staged else ()
    for key, reference, why in universe.resolver.misses(staged) if staged else ():
        if why in resolve.LACKING and not universe.full.resolver.value_of(reference)[0]:
            yield Trouble(name, ("inputs", key), _missing_text(universe.full, reference, name))


def _failure_text(universe: Universe, failure: Failure, reader: Name) -> str:
    if failure.why == resolve.CYCLE:
        return f"this input needs itself: {' -> '.join(failure.ring)}"
    if failure.why == resolve.TOO_LARGE:
        return f"the value grows beyond {resolve.LARGEST} characters or {resolve.DEEPEST} levels"
    if failure.why == resolve.NOT_SCALAR:
        return f"{failure.reference} is a list or a mapping; inside a string only scalars can stand"
    assert failure.reference is not None, "every other failure is of a reference"
    return _missing_text(universe, failure.reference, reader)


def _missing_text(universe: Universe, reference: Reference, reader: Name) -> str:
    """Return what to tell people about a reference that has no value."""
    parent = Name(reference.name)
    if parent not in universe.effective:
        if universe.situation.is_live(parent):
            return f"{reference} reads '{parent}', which is being removed"
        return f"{reference}: {_unknown(universe, parent, reader)}"
    known = universe.resolver.inputs(parent)
    definition = universe.situation.defined.get(parent)
    if definition is not None and reference.path[0] in definition.inputs.keys() - known.keys():
        return f"{reference}: only the definition of '{parent}' has that input: stage it too"
    if reference.path[0] not in known:
        near = nearest(reference.path[0], known) or f"; it has: {', '.join(sorted(known)) or 'none'}"
        return f"{reference}: '{parent}' has no input '{reference.path[0]}'{near}"
    return f"{reference}: '{parent}' has no such value in its input '{reference.path[0]}'"


def _output_names(universe: Universe, resource: Resource) -> Iterator[Trouble]:
    """Yield inputs with the name of an output of their kind: nobody would know which of the two a reader means."""
    kind = universe.situation.kinds.get(resource.kind)
    for key in sorted(kind.output_names & resource.inputs.keys()) if kind else ():
        yield Trouble(resource.name, ("inputs", key), f"'{key}' is an output of kind {resource.kind}", on_key=True)


def _literal_secrets(universe: Universe, resource: Resource) -> Iterator[Trouble]:
    """Yield sensitive inputs written as literals: git would keep them for ever."""
    kind = universe.situation.kinds.get(resource.kind)
    for key in sorted(kind.sensitive & resource.inputs.keys()) if kind else ():
        value = resource.inputs[key]
        parts = value.parts if isinstance(value, Template) else ()
        is_secret = len(parts) == 1 and (isinstance(parts[0], EnvVariable) or _reads_secret(universe, parts[0]))
        if value is not None and not is_secret:
            message = f"'{key}' is sensitive: write ${{env:NAME}} or a reference to a sensitive value, never a literal"
            yield Trouble(resource.name, ("inputs", key), message)


def _reads_secret(universe: Universe, part: object) -> bool:
    return isinstance(part, Reference) and part.path[0] in Sensitive(universe).of(Name(part.name))


class Sensitive:
    """Which inputs of a universe are never to be shown: those a kind declares, and all that read them."""

    def __init__(self, universe: Universe) -> None:
        self._marked: Set[Tuple[Name, str]] = set()
        readers: Dict[Tuple[Name, str], List[Tuple[Name, str]]] = {}
        for name, resource in universe.effective.items():
            kind = universe.situation.kinds.get(resource.kind)
            declared = set(kind.sensitive) if kind else set()
            if name in universe.shown:
                declared |= universe.applied(name).sensitive
            self._marked.update((name, key) for key in declared)
            for key, references in resource.references.items():
                for reference in references:
                    readers.setdefault((Name(reference.name), reference.path[0]), []).append((name, key))
        left = list(self._marked)
        while left:
            fresh = [reader for reader in readers.get(left.pop(), ()) if reader not in self._marked]
            self._marked.update(fresh)
            left += fresh
        self._by_name: Dict[Name, Set[str]] = {}
        for name, key in self._marked:
            self._by_name.setdefault(name, set()).add(key)

    def of(self, name: Name) -> FrozenSet[str]:
        """Return the sensitive inputs of a resource."""
        return frozenset(self._by_name.get(name, ()))


class Schemas:
    """What the kinds' JSON Schemas have against resolved inputs; what is only known at run time is not judged."""

    def __init__(self) -> None:
        self._quick: Dict[str, Test] = {}
        self._validators: Dict[str, Any] = {}

    def troubles(self, name: Name, kind: Kind, inputs: Inputs) -> List[Trouble]:
        """Return what the schema of a resource's kind has against its inputs."""
        if kind.name not in self._quick:
            self._quick[kind.name] = quick_test(kind.schema)
        return [] if self._quick[kind.name](inputs) else self._troubles(name, kind, inputs)

    def _troubles(self, name: Name, kind: Kind, inputs: Inputs) -> List[Trouble]:
        from referencing.exceptions import Unresolvable

        found = []
        try:
            for error in self._validator(kind).iter_errors(_readable(inputs)):
                if not isinstance(error.instance, _Later):
                    found += [
                        Trouble(name, ("inputs", *at), f"kind {kind.name}: {message}", on_key)
                        for at, message, on_key in told(error)
                    ]
        except StagectlError:  # the time is over
            raise
        except Exception as error:  # whatever the library makes of a schema, or of a number
            why = "it needs itself without end" if isinstance(error, RecursionError) else str(error)[:300]
            if isinstance(error, Unresolvable):
                why = f"'{getattr(error, 'anchor', error.ref)}' is nowhere in it, and nothing else is read"
            found.append(Trouble(name, ("inputs",), f"the schema of kind {kind.name} cannot be used: {why}"))
        return found

    def _validator(self, kind: Kind) -> Any:
        from jsonschema import Draft202012Validator
        from referencing import Registry

        if kind.name not in self._validators:
            # An empty registry: a schema that points elsewhere is an error, never a download.
            self._validators[kind.name] = Draft202012Validator(kind.schema, registry=Registry())
        return self._validators[kind.name]


class _Later(str):
    """A string whose text is only known when an action runs."""


def _readable(value: Value) -> Any:
    if isinstance(value, dict):
        return {key: _readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    return _Later(str(value)) if isinstance(value, Template) else value
