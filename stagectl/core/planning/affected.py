"""What a change of a plan does to readers: what it affects, and what it takes away (docs/design.md, section 5, rule 5).

What was not selected, and differs from its applied values for another reason than a change of the plan, is a bystander.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import Name, Resource
from stagectl.core.planning.intents import intent_of
from stagectl.core.planning.resolve import LACKING, find_value
from stagectl.core.planning.view import View
from stagectl.core.values import Reference, Value, same


def changing_parents(view: View, name: Name) -> Mapping[Name, List[Reference]]:
    """Return the parents whose changes change what the differing inputs of a resource read, with these references."""
    references, intent = view.effective[name].references, intent_of(view, name)
    read = (one for key in (intent.inputs if intent.actions else ()) for one in references.get(key, ()))
    others = (one for one in read if one.name != name and one.name not in view.situation.settled)
    return group_pairs((Name(one.name), one) for one in others if value_changes(view, one))


def value_changes(view: View, reference: Reference) -> bool:
    """Return whether a reference has another value here than its parent was applied with."""
    there, value = view.resolver.value_of(reference)
    was_there, was = value_before(view, reference)
    return there != was_there or (there and not same(value, was))


def value_before(view: View, reference: Reference) -> Tuple[bool, Value]:
    """Return whether a reference names a value that its parent was applied with or reported, and the value."""
    applied = view.applied_state(Name(reference.name))
    there, value = find_value(applied.inputs, reference)
    return (there, value) if there else find_value(applied.outputs, reference)


def without_bystanders(view: View) -> View:
    """Return the view in which all that is stale for another reason than a change of the plan shows what is applied."""
    forms = {name: view.applied_state(name).resource for name in view.situation.names if not view.is_selected(name)}
    reads = {name: form.reads for name, form in forms.items() if form is not None and not view.is_left_alone(name)}
    view = replace(view, bystanders=frozenset(reads.keys() - _affected(view, reads)))
    while True:
        names = sorted(reads.keys() - view.bystanders - view.holds.keys())
        stale = {name: changing_parents(view, name) for name in names if intent_of(view, name).actions}
        left = stale.keys() - _affected(view, stale)
        if not left:
            return view
        first = view.not_through_others({name: view.effective[name].every_reference for name in left})
        view = replace(view, bystanders=view.bystanders | first)


def _affected(view: View, parents: Mapping[Name, Iterable[Name]]) -> Set[Name]:
    """Return what reads, directly or through others of these, a resource that is in effect as staged."""
    children = group_pairs((parent, name) for name, some in parents.items() for parent in some)
    # What only reacts may report a value, too; that does not make it affected itself.
    reporting = {name for name, _ in view.reports.by}
    starts = [name for name in children if view.is_staged_here(name) or name in reporting]
    first = (child for name in starts for child in children[name])
    return reachable(first, lambda name: children.get(name, ()))


# --- what a reader would lose

Lost = Tuple[Name, Optional[Reference]]  # what a change of a parent takes away; None: the parent itself, not read


def find_taken(view: View, full: View, reader: Name) -> Set[Lost]:
    """Return what changes of its parents would take from a resource that is not in effect as staged."""
    forms = view.applied_state(reader).forms
    going = {parent for form in forms for parent in form.depends_on if parent != reader and view.is_going(parent)}
    missed = (ref for form in forms for _, ref, is_taken in _misses(view, reader, form) if is_taken)
    read = {(Name(ref.name), ref) for ref in missed if not _is_error(full, reader, ref)}
    return {*((parent, None) for parent in going), *read}


def is_broken(view: View, reader: Name) -> bool:
    """Return whether a live reader, as applied, misses something that no change takes."""
    resource = view.applied_state(reader).resource
    return resource is not None and not all(is_taken for *_, is_taken in _misses(view, reader, resource))


def find_lost(view: View, full: View, reader: Name) -> Iterator[Tuple[str, Reference]]:
    """Yield what a live reader that shows applied values would lose, though it reads it as staged, too: an error."""
    resource = view.applied_state(reader).resource
    for key, reference, is_taken in _misses(view, reader, resource) if resource is not None else ():
        if is_taken and _is_error(full, reader, reference):
            yield key, reference


def _misses(view: View, reader: Name, form: Resource) -> Iterator[Tuple[str, Reference, bool]]:
    """Yield the input and the reference of what a form no longer finds, and whether its parent's change takes that."""
    for key, reference, why in view.resolver.misses(form):
        if why in LACKING:
            yield key, reference, reference.name != reader and _takes(view, Name(reference.name), reference)


def _takes(view: View, parent: Name, reference: Reference) -> bool:
    """Return whether it is a change of a parent that takes away a value which is no longer there."""
    if view.is_going(parent):
        return True
    return parent not in view.shown and view.situation.is_live(parent) and value_before(view, reference)[0]


def _is_error(full: View, reader: Name, reference: Reference) -> bool:
    """Return whether a reader as staged reads a value that is gone also when everything is selected."""
    staged = full.situation.staged.get(reader)
    reads = staged is not None and reference in staged.every_reference
    return reads and not full.resolver.value_of(reference)[0]
