"""What a change of a plan does to readers: what it affects, and what it takes away (docs/design.md, section 5, rule 5).

What was not selected joins only where a change of the plan changes a value it reads. What differs from its applied
values without that is a bystander: it shows what is applied, and is left to plans that select it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import Name, Resource
from stagectl.core.planning.intents import intent_of
from stagectl.core.planning.resolve import LACKING, find_value
from stagectl.core.planning.view import Universe, View
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
    """Return the view in which all that is stale for another reason than a change of the plan shows what is applied.

    In each round only those are set aside whose values do not pass through another one that is about to be.
    """
    forms = {name: view.applied_state(name).resource for name in view.situation.names() if not view.is_selected(name)}
    reads = {name: form.reads for name, form in forms.items() if form is not None and not view.is_left_alone(name)}
    view = replace(view, bystanders=frozenset(reads.keys() - _affected(view, reads)))
    while True:
        names = sorted(reads.keys() - view.bystanders - view.holds.keys())
        stale = {name: changing_parents(view, name) for name in names if intent_of(view, name).actions}
        left = stale.keys() - _affected(view, stale)
        if not left:
            return view
        through = {name: view.resolver.sources(view.effective[name].every_reference) - {name} for name in left}
        first = {name for name in left if not through[name] & left}
        view = replace(view, bystanders=view.bystanders | (first or left))


def _affected(view: View, parents: Mapping[Name, Iterable[Name]]) -> Set[Name]:
    """Return what reads, directly or through others of these, a resource that is in effect as staged."""
    children = group_pairs((parent, name) for name, some in parents.items() for parent in some)
    # What only reacts may report a value, too; that does not make it affected itself.
    starts = [name for name in children if view.is_staged_here(name) or name in view.reports.by]
    first = (child for name in starts for child in children[name])
    return reachable(first, lambda name: children.get(name, ()))


# --- what a reader would lose

Lost = Tuple[Name, Optional[Reference]]  # what a change of a parent takes away; None: the parent itself, not read


class Dropped(NamedTuple):
    """What a live reader, as applied, would no longer find.

    taken: what its parents' changes would take away; is_broken: whether something is missing that no change takes.
    """

    taken: FrozenSet[Lost]
    is_broken: bool


def find_dropped(view: View, full: Universe, reader: Name) -> Dropped:
    """Return what a resource that is not in effect as staged would no longer find in its parents."""
    state = view.applied_state(reader)
    named = {parent for form in state.forms for parent in form.depends_on if parent != reader}
    taken: Set[Lost] = {(parent, None) for parent in named if _is_going(view, parent)}
    is_broken = False
    for form in state.forms:
        for _, reference, is_taken in _misses(view, reader, form):
            if not is_taken:
                is_broken |= form is state.resource
            elif not _is_error(full, reader, reference):
                taken.add((Name(reference.name), reference))
    return Dropped(frozenset(taken), is_broken)


def find_lost(view: View, full: Universe, reader: Name) -> Iterator[Tuple[str, Reference]]:
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
    if _is_going(view, parent):
        return True
    return parent not in view.shown and view.situation.is_live(parent) and value_before(view, reference)[0]


def _is_going(view: View, name: Name) -> bool:
    """Return whether a resource is removed in this view, live or half made."""
    state = view.applied_state(name)
    is_gone = view.is_staged_here(name) and name not in view.situation.staged
    return is_gone and (state.live or state.unfinished is not None)


def _is_error(full: Universe, reader: Name, reference: Reference) -> bool:
    """Return whether a reader as staged reads a value that is gone also when everything is selected."""
    staged = full.view.situation.staged.get(reader)
    reads = staged is not None and reference in staged.every_reference
    return reads and not full.view.resolver.value_of(reference)[0]
