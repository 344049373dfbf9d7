"""What is affected by a change of a plan, and what is stale for another reason (docs/design.md, section 5, rule 5).

What was not selected joins only where a change of the plan changes a value it reads. What differs from its applied
values without that is a bystander: it shows what is applied, and is left to plans that select it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, FrozenSet, Iterator, List, Mapping, Set, Tuple

from stagectl.core.graph import reachable
from stagectl.core.model import Name
from stagectl.core.planning.intents import intent_of
from stagectl.core.planning.resolve import find_value
from stagectl.core.planning.situation import Intent
from stagectl.core.planning.view import View
from stagectl.core.values import Reference, Value, same


def changing_parents(view: View, name: Name, intent: Intent) -> Mapping[Name, List[Reference]]:
    """Return the parents whose changes change what the differing inputs of a resource read, with these references."""
    resource = view.effective[name]
    found: Dict[Name, List[Reference]] = {}
    for key in intent.inputs if intent.actions else ():
        for reference in resource.references.get(key, ()):
            parent = Name(reference.name)
            if parent != name and parent not in view.situation.settled and value_changes(view, reference):
                found.setdefault(parent, []).append(reference)
    return found


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
    others = _others(view)
    view = replace(view, bystanders=frozenset(others - _within_reach(view, others)))
    while True:
        behind = dict(_stale(view, others))
        left = behind.keys() - _find_affected(view, behind)
        if not left:
            return view
        first = {name for name in left if not (_through(view, name) - {name}) & left}
        view = replace(view, bystanders=view.bystanders | (first or left))


def _others(view: View) -> FrozenSet[Name]:
    situation = view.situation
    live = (name for name in situation.names() if situation.is_live(name) and not view.is_selected(name))
    return frozenset(name for name in live if not view.is_left_alone(name))


def _within_reach(view: View, others: FrozenSet[Name]) -> Set[Name]:
    """Return what reads, through others, a resource that is in effect as staged."""
    children: Dict[Name, List[Name]] = {}
    for name in others:
        resource = view.applied_state(name).resource
        for parent in resource.reads if resource is not None else ():
            children.setdefault(parent, []).append(name)
    starts = [name for name in children if view.is_staged_here(name) or name in view.reports.by]
    return reachable(starts, lambda name: children.get(name, ()))


def _stale(view: View, others: FrozenSet[Name]) -> Iterator[Tuple[Name, Set[Name]]]:
    """Yield what would be updated though it was not selected, with the parents whose values change for it."""
    for name in sorted(others - view.bystanders):
        intent = intent_of(view, name)
        if intent.actions and name not in view.holds:
            yield name, set(changing_parents(view, name, intent))


def _find_affected(view: View, behind: Mapping[Name, Set[Name]]) -> Set[Name]:
    """Return those that are affected by what is in effect as staged, directly or through another one of them."""
    children: Dict[Name, List[Name]] = {}
    for name, parents in behind.items():
        for parent in parents:
            children.setdefault(parent, []).append(name)
    # What only reacts may report a value, too.
    starts = [name for name in children if view.is_staged_here(name) or name in view.reports.by]
    return reachable(starts, lambda name: children.get(name, ())) & behind.keys()


def _through(view: View, name: Name) -> Set[Name]:
    references = (reference for group in view.effective[name].references.values() for reference in group)
    return {source for reference in references for source in view.resolver.sources(reference)}
