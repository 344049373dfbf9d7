"""What is held back: going from view to view until nothing more has to be (docs/design.md, section 5, rules 5 and 10).

What is held shows its applied values, which may change what others see. In each round only those are held whose reason
does not itself pass through another one that is about to be: the result does not depend on the order of looking.
"""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.core.model import REMOVE, RUN, UPDATE, ChangeId, Name, Resource, change_id
from stagectl.core.planning.affected import changing_parents, value_before, without_bystanders
from stagectl.core.planning.claims import together
from stagectl.core.planning.dropped import Dropped, find_dropped
from stagectl.core.planning.gates import gate
from stagectl.core.planning.intents import intent_of, intents_of, needed_parents
from stagectl.core.planning.resolve import LACKING, NO_RESOURCE, find_value
from stagectl.core.planning.situation import NOTHING_REPORTED, Hold, Reports, Scope, Situation
from stagectl.core.planning.universe import Universe
from stagectl.core.planning.unreported import wait_of, waiting
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import Reason
from stagectl.core.values import Reference


class _Candidate(NamedTuple):
    """A resource that may have to be held, with the reads that say so (none: nothing can change it)."""

    hold: Hold
    reads: Tuple[Reference, ...] = ()


def whole_universe(situation: Situation, reports: Reports = NOTHING_REPORTED) -> Universe:
    """Return the universe in which everything is selected: nothing is held there but what waits for an output."""
    view = View(situation, Scope(), reports=reports)
    while True:
        universe = Universe(view, view.holds, intents_of(view))
        holds = waiting(view) or _held_with(view)
        after = replace(view, holds={**view.holds, **holds}) if holds else gate(universe) if view.holds else view
        if after is view:
            return universe
        view = after


def settle_universe(scope: Scope, full: Universe, reports: Reports = NOTHING_REPORTED) -> Universe:
    """Return the universe that a scope makes of a situation, given the one in which everything is selected.

    reports: what its changes may report.
    """
    if scope.selected is None:
        return full
    view = View(full.view.situation, scope, reports=reports)
    view = _settle(replace(view, holds=_without_parents(view), barred=_without_run(view)), full)
    while True:
        universe = Universe(view, {**_complete(view, full), **_outside(view)}, intents_of(view), full)
        gated = gate(universe)
        if gated is view:
            return universe
        view = _settle(gated, full)


def _settle(view: View, full: Universe) -> View:
    """Return the view in which all is held that has to be."""
    view = without_bystanders(view)
    after = _next(view, full)
    while after is not view:
        view = without_bystanders(after)
        after = _next(view, full)
    return view


def _outside(view: View) -> Dict[Name, Hold]:
    """Return the holds of the affected resources that the selection's tags leave out (rule 5)."""
    names = (name for name in view.situation.names() if name not in view.holds and _is_outside(view, name))
    return {name: Hold(Reason.OUTSIDE) for name in names if changing_parents(view, name, intent_of(view, name))}


def _is_outside(view: View, name: Name) -> bool:
    return not view.is_selected(name) and not view.in_scope(name) and view.situation.is_live(name)


def _without_parents(view: View) -> Dict[Name, Hold]:
    """Return what is not live and needs a parent that is neither live nor in the plan: no value can change that."""
    situation = view.situation
    children: Dict[Name, List[Name]] = {}
    for name, staged in situation.staged.items():
        if not situation.is_live(name) and view.is_selected(name):
            for parent in needed_parents(staged, {*_needing(view, name, [RUN]), *view.pending_actions(name)}):
                children.setdefault(parent, []).append(name)
    absent = [parent for parent in children if parent in situation.staged and view.is_absent(parent)]
    holds: Dict[Name, Hold] = {}
    while absent:
        parent = absent.pop()
        for child in children.get(parent, ()):
            if child not in holds:
                absent.append(child)
            known = holds[child].blockers if child in holds else frozenset()
            holds[child] = Hold(Reason.NEEDS_PARENT, known | {parent})
    return holds


def _without_run(view: View) -> Dict[ChangeId, Hold]:
    """Return the actions that were asked for alone, of what is not live: its own run has to come first."""
    absent = (name for name in view.scope.alone if name in view.situation.staged and view.is_absent(name))
    return {
        change_id(name, action): Hold(Reason.NEEDS_PARENT, frozenset({name}))
        for name in absent
        for action in view.scope.alone[name]
    }


# --- one round


def _next(view: View, full: Universe) -> View:
    """Return the view with what has to be held next, the same one when nothing has to."""
    together_held = _held_with(view)
    if together_held:
        return replace(view, holds={**view.holds, **together_held})
    names = view.situation.names()
    lost = {name: find_dropped(view, full, name) for name in names if not view.is_staged_here(name)}
    missing = {name: _missing(view, full, name) for name in names if name not in view.holds}
    candidates = {
        **_still_read(view, lost),
        **{name: candidate for name, candidate in missing.items() if candidate is not None},
    }
    if not candidates:
        passive = view.passive | _passive(view, lost)
        return view if passive == view.passive else replace(view, passive=passive)
    first = [name for name, candidate in candidates.items() if _is_first(view, name, candidate, candidates)]
    holds = {name: candidates[name].hold for name in first or candidates}
    return replace(view, holds={**view.holds, **holds})


def _held_with(view: View) -> Dict[Name, Hold]:
    """Return the holds of what is moved together with something that is held: a name is not taken before it is free."""
    moves = view.situation.moves
    found: Dict[Name, Hold] = {}
    for name in sorted(view.holds.keys() & {*moves, *moves.values()}):
        tied = (other for other in together(moves, {name}) & moves.keys() if view.is_staged_here(other))
        hold = view.holds[name]
        hold = hold if hold.moved_with else hold._replace(moved_with=name)
        found.update((other, hold) for other in tied if other not in found)
    return found


def _is_first(view: View, name: Name, candidate: _Candidate, others: Mapping[Name, _Candidate]) -> bool:
    through = {source for reference in candidate.reads for source in view.resolver.sources(reference)}
    return not (through - {name}) & others.keys()


def _passive(view: View, dropped: Mapping[Name, Dropped]) -> Set[Name]:
    """Return what cannot be resolved and is no mistake, and what has yet to wait for a parent, unedited itself."""
    idle = {name for name in view.situation.names() if view.is_staged_here(name) and _waits_unchanged(view, name)}
    broken = {
        name
        for name, found in dropped.items()
        if found.is_broken and name not in view.shown and not view.is_selected(name)
    }
    return idle | broken


def _waits_unchanged(view: View, name: Name) -> bool:
    """Return whether nothing of a live resource is staged, and a parent it reads has yet to be run again."""
    situation = view.situation
    if not situation.is_live(name) or situation.is_edited(name):
        return False
    misses = view.resolver.misses(situation.staged[name])
    parents = {Name(reference.name) for _, reference, why in misses if why == NO_RESOURCE}
    return any(view.is_absent(parent) and _may_come(situation, parent) for parent in parents)


def _may_come(situation: Situation, name: Name) -> bool:
    return name in situation.staged or situation.has_unfinished_removal(name)


def _missing(view: View, full: Universe, name: Name) -> Optional[_Candidate]:
    """Return why a resource has to be held for a parent which is not there, or not there as staged."""
    situation = view.situation
    if not view.is_selected(name):
        return _missing_as_applied(view, name)
    resource = situation.staged.get(name)
    if resource is None or _waits_unchanged(view, name):
        return None
    misses = [(ref, why) for _, ref, why in view.resolver.misses(resource) if why in LACKING]
    intent = full.intents[name] if name in view.holds else intent_of(view, name)
    actions = _needing(view, name, intent.actions) | view.pending_actions(name).keys()
    if not misses and not actions and not situation.is_edited(name):
        return None
    absent = _absent(view, resource, actions)
    lacking = [ref for ref, why in misses if why != NO_RESOURCE and full.view.resolver.value_of(ref)[0]]
    blockers = absent | {blocker for ref in lacking for blocker in _sources(view, ref)}
    if not blockers:
        wait = wait_of(view, name)
        return _Candidate(wait) if wait else None
    return _Candidate(Hold(Reason.NEEDS_PARENT, frozenset(blockers)), () if absent else tuple(lacking))


def _missing_as_applied(view: View, name: Name) -> Optional[_Candidate]:
    """Return why a resource that acts as applied has to be held: a parent's removal was tried and failed."""
    resource, half_removed = view.effective.get(name), view.situation.has_unfinished_removal
    if resource is None or not any(map(half_removed, resource.parents)):
        return None
    actions = _needing(view, name, intent_of(view, name).actions) | view.pending_actions(name).keys()
    # What is moved, and not selected, is live under the name that it reads.
    absent = [*filter(half_removed, _absent(view, resource, actions))] if actions and view.in_scope(name) else []
    return _Candidate(Hold(Reason.NEEDS_PARENT, frozenset(absent))) if absent else None


def _absent(view: View, resource: Resource, actions: AbstractSet[str]) -> Set[Name]:
    """Return the parents that these actions need, and that are neither live nor in the plan."""
    situation = view.situation
    known = (p for p in needed_parents(resource, actions) if _may_come(situation, p))
    return {parent for parent in known if view.is_absent(parent)}


def _needing(view: View, name: Name, inferred: Sequence[str]) -> Set[str]:
    """Return the inferred actions that need parents: never a removal; a run of what was there is an update too."""
    needing = set(inferred) - {REMOVE}
    was_there = REMOVE in inferred or view.applied_state(name).is_run_again
    return needing | {UPDATE} if was_there and RUN in needing else needing


def _sources(view: View, reference: Reference) -> Set[Name]:
    """Return the nearest resources behind a reference whose staged form is not in effect and would differ."""
    found: Set[Name] = set()
    seen: Set[Tuple[str, str]] = set()
    left = [reference]
    while left:
        here = left.pop()
        name = Name(here.name)
        if (name, here.path[0]) in seen or name not in view.situation.staged:
            continue
        seen.add((name, here.path[0]))
        if not view.is_staged_here(name) and view.situation.is_edited(name):
            found.add(name)
        else:
            left += view.situation.staged[name].references.get(here.path[0], ())
    return found


def _still_read(view: View, dropped: Mapping[Name, Dropped]) -> Dict[Name, _Candidate]:
    """Return the parents which would take away what a reader, as applied or as tried, still reads or names."""
    found: Dict[Name, _Candidate] = {}
    for reader, lost in dropped.items():
        for parent, reference in lost.taken:
            hold, reads = found.get(parent, _Candidate(Hold(Reason.NEEDS_READER)))
            more = reads if reference is None else (*reads, reference)
            found[parent] = _Candidate(hold._replace(blockers=hold.blockers | {reader}), more)
    return found


def _complete(view: View, full: Universe) -> Dict[Name, Hold]:
    """Return the holds, each with everything that is missing now that all of them are known."""
    readers = _readers(view)
    found: Dict[Name, Hold] = {}
    tied = sorted((name, hold.moved_with) for name, hold in view.holds.items() if hold.moved_with)
    for name, hold in view.holds.items():
        if hold.moved_with:
            continue
        if hold.reason == Reason.NEEDS_PARENT:
            missing = _missing(view, full, name)
            found[name] = missing.hold._replace(gates=hold.gates) if missing else hold
        else:
            lost = {reader for reader, ref in readers.get(name, ()) if _would_lack(view, name, ref)} - {name}
            found[name] = Hold(Reason.NEEDS_READER, frozenset(lost) or hold.blockers)
        others = found[name].blockers.difference(one for one, other in tied if other == name)
        found[name] = found[name]._replace(blockers=others or hold.blockers)
    for name, other in tied:
        found[name] = found[other]._replace(why=f"it is moved together with {other}, which is held back")
    return found


def _readers(view: View) -> Dict[Name, List[Tuple[Name, Optional[Reference]]]]:
    """Return for each parent what reads or names it, as applied or tried, and is not in effect as staged."""
    readers: Dict[Name, List[Tuple[Name, Optional[Reference]]]] = {}
    for reader in view.situation.names():
        for form in view.applied_state(reader).forms if not view.is_staged_here(reader) else ():
            for reference in (ref for group in form.references.values() for ref in group):
                readers.setdefault(Name(reference.name), []).append((reader, reference))
            for parent in form.depends_on:
                readers.setdefault(parent, []).append((reader, None))
    return readers


def _would_lack(view: View, name: Name, reference: Optional[Reference]) -> bool:
    """Return whether a held resource's change would take away a value, or the resource that is named."""
    resource = view.situation.staged.get(name) if view.is_selected(name) else view.applied_state(name).resource
    if resource is None or reference is None:
        return resource is None
    kind = view.situation.kinds.get(resource.kind)
    if kind is not None and reference.path[0] in kind.output_names - resource.inputs.keys():
        return False
    return value_before(view, reference)[0] and not find_value(view.resolver.inputs_of(resource), reference)[0]
