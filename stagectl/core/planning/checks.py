"""What makes a plan impossible: problems of resources in effect as staged (docs/design.md, sections 3 and 5)."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from stagectl.core.errors import StagectlError, Step, nearest
from stagectl.core.graph import group_pairs
from stagectl.core.model import REMOVE, REPLACE, Kind, Name, Resource, split_change
from stagectl.core.planning import resolve
from stagectl.core.planning.changes import Universe
from stagectl.core.planning.intents import find_lost, needed_parents
from stagectl.core.planning.outputs import is_output
from stagectl.core.planning.resolve import Failure
from stagectl.core.planning.schema_checks import Schemas, Trouble
from stagectl.core.planning.situation import Situation
from stagectl.core.planning.view import View
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.values import EnvVariable, FileDigest, Reference, Template


class ImpossiblePlan(StagectlError):
    """The staged resources make no plan: every reason, with the resource and the place in it."""

    def __init__(self, troubles: Iterable[Trouble], message: str = "", hint: str = "") -> None:
        """message: what says it all in other words than the troubles have."""
        self.troubles, self.is_said = tuple(troubles), bool(message)
        super().__init__(message or "\n".join(f"{one.name}: {one.message}" for one in self.troubles), hint)


def refuse_impossible(universe: Universe) -> None:
    """Raise ImpossiblePlan for a universe that makes no plan."""
    still_read = _find_still_read(universe)
    if still_read and not claim_troubles(universe.view.situation, universe.view.is_selected):
        raise still_read_error(still_read)
    if _find_troubles(universe):
        raise ImpossiblePlan(all_troubles(universe))


def _find_troubles(universe: Universe) -> List[Trouble]:
    """Return everything that is wrong with the resources in effect as staged, in name order."""
    view = universe.view
    troubles = claim_troubles(view.situation, view.is_selected)
    for name in view.situation.names:
        resource = view.effective.get(name)
        if name in universe.holds and view.is_selected(name):
            troubles += _dangling(view, universe.full, name)
        if resource is None:
            continue
        if view.is_staged_here(name):
            kind = view.situation.kind_of(resource)
            troubles += _check_names(view, resource) if resource.has_relations else ()
            troubles += _check_inputs(view, kind, resource) if kind.outputs or kind.sensitive else ()
        if name not in view.shown:
            view.resolver.inputs(resource.name)
            troubles += _values(view, resource) if view.resolver.failures else ()
        elif not view.is_selected(name):
            lost = find_lost(view, universe.full, name)
            troubles += [Trouble(name, ("inputs", key), _missing_text(view, ref, name)) for key, ref in lost]
    return sorted(set(troubles), key=lambda trouble: (trouble.name, str(trouble.at), trouble.message))


def claim_troubles(situation: Situation, is_meant: Callable[[Name], bool]) -> List[Trouble]:
    """Return what is wrong with claims on old names, where the claiming or the old name is meant."""
    return [
        Trouble(name, ("moved_from",), why, document=FRONT)
        for name, why in sorted(situation.wrong_claims.items())
        if any(map(is_meant, (name, *situation.staged[name].moved_from)))
    ]


def all_troubles(universe: Universe) -> List[Trouble]:
    """Return what is wrong with resources, and what the kinds' schemas have against the inputs that do resolve."""
    view = universe.view
    troubles, schemas = _find_troubles(universe), Schemas()
    for name, resource in sorted(view.effective.items()):
        kind = view.situation.kinds.get(resource.kind)
        if kind is not None and view.is_staged_here(name):
            inputs = view.inputs(name)
            found = schemas.troubles(name, kind, {**resource.inputs, **inputs})
            # Beside inputs that do not resolve, only what is wrong inside one that does is sure.
            is_whole = inputs.keys() == resource.inputs.keys()
            troubles += [one for one in found if is_whole or one.at[1:2] in [(key,) for key in inputs]]
    return troubles


def _find_still_read(universe: Universe) -> Dict[Name, List[Resource]]:
    """Return the selected removals whose resource is still named by kept resources as staged (rule 10)."""
    view, situation = universe.view, universe.view.situation
    gone = {name for name in situation.applied if name not in situation.staged and view.is_selected(name)}
    readers = [resource for _, resource in sorted(situation.staged.items())] if gone else []
    return group_pairs((parent, reader) for reader in readers for parent in sorted(_parents_kept(reader) & gone))


def _parents_kept(resource: Resource) -> Set[Name]:
    """Return the parents that have to stay: all but those that `depends_on` names by their `remove` alone."""
    reacts_on = {split_change(trigger.on)[0] for triggers in resource.react_on.values() for trigger in triggers}
    return needed_parents(resource, resource.depends_on_changes.keys()) | reacts_on - {resource.name}


def still_read_error(found: Mapping[Name, List[Resource]]) -> ImpossiblePlan:
    """Return the error for removals that would leave readers behind, with the two ways out."""
    lines, troubles = [], []
    for name, readers in sorted(found.items()):
        why = f"{name}, which it names, cannot be removed"
        troubles += [Trouble(reader.name, _place_of(reader, name), why) for reader in readers]
        verb = "read" if all(name in reader.reads for reader in readers) else "name"
        names = ", ".join(reader.name for reader in readers)
        lines.append(f"{name} cannot be removed: {names} still {verb}{'s' if len(readers) == 1 else ''} it")
    first = min(found)
    hint = f"either remove them too (stagectl remove {first} --recursive), "
    hint += f"or write the last applied values into them (stagectl remove {first} --detach)"
    return ImpossiblePlan(troubles, "\n".join(lines), hint)


def _place_of(reader: Resource, parent: Name) -> Tuple[Step, ...]:
    """Return where a resource names another: the first input that reads it, else the first relation."""
    reading = [("inputs", key) for key, read in reader.references.items() if any(r.name == parent for r in read)]
    return next(iter(reading), None) or next(at for at, name, _ in _relations(reader) if name == parent)


def _check_names(view: View, resource: Resource) -> Iterator[Trouble]:
    """Yield names and actions in relations that do not exist."""
    for at, name, action in _relations(resource):
        # A parent that is gone, and named by its `remove` alone, is what is waited for.
        is_awaited = at[0] == "depends_on" and action == REMOVE and name not in view.situation.staged
        if not name or name in view.situation.broken or is_awaited:  # what cannot be read has its own problem
            continue
        other = view.situation.staged.get(name)
        if other is None and not view.situation.is_live(name):
            yield Trouble(resource.name, at, _unknown(view, name, resource.name))
        elif action is not None and (other is not None or not view.is_selected(name)):
            kind = view.situation.kinds.get(other.kind if other else "")
            if kind is not None and action not in kind.verbs():
                yield Trouble(resource.name, at, _unknown_action(action, kind))
    own = view.situation.kinds.get(resource.kind)
    if own is None:
        return
    own_actions = [("depends_on", action, BODY) for action in resource.depends_on_changes]
    own_actions += [("react_on", action, BODY) for action in resource.react_on]
    own_actions += [
        ("actions", action, FRONT) for action in view.situation.explicit(resource.name) if action != REPLACE
    ]
    for key, action, document in own_actions:
        if action not in own.verbs():
            yield Trouble(resource.name, (key, action), _unknown_action(action, own), on_key=True, document=document)


def _relations(resource: Resource) -> Iterator[Tuple[Tuple[Step, ...], Name, Optional[str]]]:
    for key, names in (("depends_on", resource.depends_on), ("unordered", resource.unordered)):
        yield from (((key, index), name, None) for index, name in enumerate(names))
    for action, changes in resource.depends_on_changes.items():
        for index, change in enumerate(changes):
            yield (("depends_on", action, index), *split_change(change))
    for action, triggers in resource.react_on.items():
        for index, trigger in enumerate(triggers):
            yield (("react_on", action, index), *split_change(trigger.on))


def _unknown(view: View, name: str, reader: Name) -> str:
    if name in view.situation.defined:
        return f"'{name}' is only defined: stage it too"
    return f"there is no resource '{name}'{view.nearest.to(name, other=reader)}"


def _unknown_action(action: str, kind: Kind) -> str:
    near = nearest(action, kind.verbs())
    return f"'{action}' is no action of kind {kind.name}{near or '; it has: ' + ', '.join(kind.verbs())}"


def _values(view: View, resource: Resource) -> Iterator[Trouble]:
    """Yield inputs without a value; what a parent's own failure passed on is reported there."""
    for key in resource.inputs:
        failure = view.resolver.failures.get((resource.name, key))
        if failure is None or failure.why == resolve.PASSED_ON:
            continue
        parent = Name(failure.part.name) if isinstance(failure.part, Reference) else None
        read = view.effective.get(parent) if parent is not None else None
        # What cannot be read has its own problem; the file of a kind, too, which says what the outputs are.
        if parent not in view.situation.broken and (read is None or read.kind in view.situation.kinds):
            yield Trouble(resource.name, ("inputs", *failure.at), _failure_text(view, failure, resource.name))


def _dangling(view: View, full: View, name: Name) -> Iterator[Trouble]:
    """Yield what a held resource as staged reads though nothing has it, however much is selected."""
    staged = view.situation.staged.get(name)
    yield from _check_names(view, staged) if staged else ()
    for key, reference, why in view.resolver.misses(staged) if staged else ():
        parent, output = resolve.input_of(reference)
        is_awaited = parent in full.holds or (why == resolve.NO_VALUE and is_output(view, parent, output))
        if why in resolve.LACKING and not is_awaited and not full.resolver.value_of(reference)[0]:
            yield Trouble(name, ("inputs", key), _missing_text(full, reference, name))


def _failure_text(view: View, failure: Failure, reader: Name) -> str:
    if failure.why == resolve.CYCLE:
        return f"this input needs itself: {' -> '.join(failure.ring)}"
    if failure.why == resolve.TOO_LARGE:
        return f"the value grows beyond {resolve.LARGEST} characters or {resolve.DEEPEST} levels"
    if isinstance(failure.part, FileDigest):
        what = "no file in that folder" if failure.part.path.endswith("/") else "no such file"
        return f"{failure.part}: there is {what} in this tree; a path is relative to the project's folder"
    if failure.why == resolve.NOT_SCALAR:
        return f"{failure.part} is a list or a mapping; inside a string only scalars can stand"
    assert isinstance(failure.part, Reference), "every other failure is of a reference"
    return _missing_text(view, failure.part, reader)


def _missing_text(view: View, reference: Reference, reader: Name) -> str:
    """Return what to say about a reference that has no value."""
    parent = Name(reference.name)
    if parent not in view.effective:
        if view.situation.is_live(parent):
            return f"{reference} reads '{parent}', which is being removed"
        return f"{reference}: {_unknown(view, parent, reader)}"
    outputs = view.situation.kind_of(view.effective[parent]).output_names
    known = {**dict.fromkeys(outputs), **view.resolver.inputs(parent)}
    definition = view.situation.defined.get(parent)
    if definition is not None and reference.path[0] in definition.inputs.keys() - known.keys():
        return f"{reference}: only the definition of '{parent}' has that input: stage it too"
    if reference.path[0] not in known:
        near = nearest(reference.path[0], known) or f"; it has: {', '.join(sorted(known)) or 'none'}"
        return f"{reference}: '{parent}' has no input '{reference.path[0]}'{near}"
    return f"{reference}: '{parent}' has no such value in its input '{reference.path[0]}'"


def _check_inputs(view: View, kind: Kind, resource: Resource) -> Iterator[Trouble]:
    """Yield inputs with the name of an output, of which readers could mean either, and secrets that git would keep."""
    for key in kind.output_names & resource.inputs.keys():
        yield Trouble(resource.name, ("inputs", key), f"'{key}' is an output of kind {resource.kind}", on_key=True)
    for key in kind.sensitive & resource.inputs.keys():
        value = resource.inputs[key]
        only = value.parts[0] if isinstance(value, Template) and len(value.parts) == 1 else None
        is_read = isinstance(only, Reference) and only.path[0] in view.sensitive.get(Name(only.name), ())
        if value is not None and not is_read and not isinstance(only, EnvVariable):
            message = f"'{key}' is sensitive: write ${{env:NAME}} or a reference to a sensitive value, never a literal"
            yield Trouble(resource.name, ("inputs", key), message)
