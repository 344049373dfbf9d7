"""What is held back: going from view to view until nothing more has to be (docs/design.md, section 5, rules 5, 10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterable, List, Optional, Sequence, Set, Tuple

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import REMOVE, RUN, UPDATE, ChangeId, Name, change_id
from stagectl.core.planning.changes import Universe
from stagectl.core.planning.intents import (
    changing_parents,
    find_taken,
    intent_of,
    is_broken,
    needed_parents,
    value_before,
    without_bystanders,
)
from stagectl.core.planning.moves import together
from stagectl.core.planning.order import gate
from stagectl.core.planning.outputs import expect_reports, has_outputs, reports_of, wait_of
from stagectl.core.planning.resolve import LACKING, NO_RESOURCE, InputId, find_value, input_of, inputs_read
from stagectl.core.planning.situation import Hold, Scope, Situation
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import Reason
from stagectl.core.values import Reference

_ROUNDS = 101  # each follows what is reported by one resource further; where two undo each other, none is right


def everything(situation: Situation) -> Universe:
    """Return the universe in which everything is selected: nothing is held there but what waits for an output."""
    return _converge(View(situation, Scope()))


def universe_of(scope: Scope, full: Universe) -> Universe:
    """Return the universe that a scope makes of a situation, given the one in which everything is selected."""
    view = View(full.view.situation, scope)
    return _converge(replace(view, holds=_without_parents(view), barred=_without_run(view)), full)


def _converge(view: View, full: Optional[Universe] = None) -> Universe:
    """Return the universe that is made of a view with all that its own changes may report (section 9).

    What may be reported brings in readers, and their changes may report. Where no kind has outputs, one look will do.
    """
    found = _look(view, full)
    if not has_outputs(view):
        return found
    reports = expect_reports(found.view)
    for _ in range(_ROUNDS):
        found = _look(replace(view, reports=reports), full)
        after = reports_of(found.view, found.drafts.by_id)
        if after == reports:
            break
        reports = after
    return found


def _look(view: View, full: Optional[Universe]) -> Universe:
    """Return the universe of a view. full: the one in which everything is selected; None for that one itself."""
    while True:
        view = _settle(view, full.view if full else None)
        holds = {**_complete(view, full.view), **_outside(view)} if full else view.holds
        universe = Universe(view, holds, full)
        after = gate(universe) if full or view.holds else view
        if after is view:
            return universe
        view = after


def _settle(view: View, full: Optional[View]) -> View:
    """Return the view in which all is held that has to be."""
    while True:
        view = without_bystanders(view) if full else view
        holds = _held_with(view) or (_held_next(view, full or view) if full or has_outputs(view) else {})
        passive = view.passive | _passive(view) if full and not holds else view.passive
        if not holds and passive == view.passive:
            return view
        view = replace(view, holds={**view.holds, **holds}, passive=passive)


def _outside(view: View) -> Dict[Name, Hold]:
    """Return the holds of the affected resources that the selection's tags leave out (rule 5)."""
    situation = view.situation
    others = (name for name in situation.names if name not in view.holds and not view.is_selected(name))
    outside = (name for name in others if not view.in_scope(name) and situation.is_live(name))
    return {name: Hold(Reason.OUTSIDE) for name in outside if changing_parents(view, name)}


def _without_parents(view: View) -> Dict[Name, Hold]:
    """Return what is not live and needs a parent that is neither live nor in the plan: no value can change that."""
    situation = view.situation
    needed = {
        name: needed_parents(staged, _needing(view, name, [RUN]))
        for name, staged in situation.staged.items()
        if not situation.is_live(name) and view.is_selected(name)
    }
    children = group_pairs((parent, name) for name, parents in needed.items() for parent in parents)
    absent = [parent for parent in children if parent in situation.staged and view.is_absent(parent)]
    lost = reachable(absent, lambda name: children.get(name, ()))
    blockers = {name: frozenset(lost & parents) for name, parents in needed.items()}
    return {name: Hold(Reason.NEEDS_PARENT, some) for name, some in blockers.items() if some}


def _without_run(view: View) -> Dict[ChangeId, Hold]:
    """Return the actions that were asked for alone, of what is not live: its own run has to come first."""
    absent = [name for name in view.scope.alone if name in view.situation.staged and view.is_absent(name)]
    holds = {name: Hold(Reason.NEEDS_PARENT, frozenset({name})) for name in absent}
    return {change_id(name, action): hold for name, hold in holds.items() for action in view.scope.alone[name]}


# --- one round


def _held_next(view: View, full: View) -> Dict[Name, Hold]:
    """Return the holds of what has to be held next."""
    missing = ((name, _missing(view, full, name)) for name in view.situation.names if name not in view.holds)
    candidates = {**_still_read(view, full), **{name: hold for name, hold in missing if hold is not None}}
    first = view.not_through_others({name: one.reads for name, one in candidates.items()}) if candidates else ()
    return {name: candidates[name] for name in sorted(first)}


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


def _passive(view: View) -> Set[Name]:
    """Return what cannot be resolved and is no mistake, and what has yet to wait for a parent, unedited itself."""
    names = set(view.situation.names)
    idle = {name for name in names if view.is_staged_here(name) and _waits_unchanged(view, name)}
    return idle | {name for name in names - view.shown.keys() if not view.is_selected(name) and is_broken(view, name)}


def _waits_unchanged(view: View, name: Name) -> bool:
    """Return whether nothing of a live resource is staged, and a parent it reads has yet to be run again."""
    situation = view.situation
    if not situation.is_live(name) or situation.is_edited(name):
        return False
    misses = view.resolver.misses(situation.staged[name])
    parents = {Name(reference.name) for _, reference, why in misses if why == NO_RESOURCE}
    return any(map(view.is_absent, parents))


def _missing(view: View, full: View, name: Name) -> Optional[Hold]:
    """Return why a resource has to be held for a parent which is not there, or not there as staged."""
    situation = view.situation
    if not view.is_selected(name):
        return _missing_as_applied(view, name)
    resource = situation.staged.get(name)
    if resource is None or _waits_unchanged(view, name):
        return None
    misses = [(ref, why) for _, ref, why in view.resolver.misses(resource) if why in LACKING]
    intent = intent_of(full if name in view.holds else view, name)
    actions = _needing(view, name, intent.actions)
    if not misses and not actions and not situation.is_edited(name):
        return None
    absent = {*filter(view.is_absent, needed_parents(resource, actions))}
    lacking = [ref for ref, why in misses if why != NO_RESOURCE and full.resolver.value_of(ref)[0]]
    blockers = absent | _sources(view, lacking)
    if not blockers:
        return wait_of(view, name)
    return Hold(Reason.NEEDS_PARENT, frozenset(blockers), reads=() if absent else tuple(lacking))


def _missing_as_applied(view: View, name: Name) -> Optional[Hold]:
    """Return why a resource that acts as applied has to be held: a parent's removal was tried and failed."""
    resource, half_removed = view.effective.get(name), view.situation.has_unfinished_removal
    if resource is None or not any(map(half_removed, resource.parents)):
        return None
    actions = _needing(view, name, intent_of(view, name).actions)
    # What is moved, and not selected, is live under the name that it reads.
    needed = needed_parents(resource, actions) if actions and view.in_scope(name) else ()
    absent = [parent for parent in needed if half_removed(parent) and view.is_absent(parent)]
    return Hold(Reason.NEEDS_PARENT, frozenset(absent)) if absent else None


def _needing(view: View, name: Name, inferred: Sequence[str]) -> Set[str]:
    """Return the actions that need parents: never a removal; a run of what was there is an update too."""
    is_update = RUN in inferred and (REMOVE in inferred or view.applied_state(name).is_run_again)
    return {*inferred, *((UPDATE,) if is_update else ())} - {REMOVE} | view.pending_actions(name).keys()


def _sources(view: View, references: Iterable[Reference]) -> Set[Name]:
    """Return the nearest resources behind references whose staged form is not in effect and would differ."""
    situation = view.situation

    def is_left_out(name: Name) -> bool:
        return name in situation.staged and not view.is_staged_here(name) and situation.is_edited(name)

    def step(node: InputId) -> List[InputId]:
        return [] if is_left_out(node[0]) else inputs_read(situation.staged.get(node[0]), node[1])

    return {name for name, _ in reachable(map(input_of, references), step) if is_left_out(name)}


def _still_read(view: View, full: View) -> Dict[Name, Hold]:
    """Return the parents which would take away what a reader, as applied or as tried, still reads or names."""
    readers = (name for name in view.situation.names if not view.is_staged_here(name))
    lost = ((parent, (reader, ref)) for reader in readers for parent, ref in find_taken(view, full, reader))
    found: Dict[Name, Hold] = {}
    for parent, taken in group_pairs(lost).items():
        reads = tuple(reference for _, reference in taken if reference is not None)
        found[parent] = Hold(Reason.NEEDS_READER, frozenset(reader for reader, _ in taken), reads=reads)
    return found


def _complete(view: View, full: View) -> Dict[Name, Hold]:
    """Return the holds, each with everything that is missing now that all of them are known."""
    readers = _readers(view)
    tied = {name: hold.moved_with for name, hold in view.holds.items() if hold.moved_with}
    found: Dict[Name, Hold] = {}
    for name, hold in view.holds.items():
        if name in tied:
            continue
        if hold.reason == Reason.NEEDS_PARENT:
            now = _missing(view, full, name) or hold
        else:
            lost = {reader for reader, ref in readers.get(name, ()) if _would_lack(view, name, ref)} - {name}
            now = Hold(Reason.NEEDS_READER, frozenset(lost))
        others = now.blockers.difference(one for one, other in tied.items() if other == name)
        found[name] = now._replace(gates=hold.gates, blockers=others or hold.blockers)
    for name, with_it in tied.items():
        found[name] = found[with_it]._replace(why=f"it is moved together with {with_it}, which is held back")
    return found


def _readers(view: View) -> Dict[Name, List[Tuple[Name, Optional[Reference]]]]:
    """Return for each parent what reads or names it, as applied or tried, and is not in effect as staged."""
    others = (name for name in view.situation.names if not view.is_staged_here(name))
    forms = [(reader, form) for reader in others for form in view.applied_state(reader).forms]
    read = ((Name(one.name), (reader, one)) for reader, form in forms for one in form.every_reference)
    return group_pairs([*read, *((parent, (reader, None)) for reader, form in forms for parent in form.depends_on)])


def _would_lack(view: View, name: Name, reference: Optional[Reference]) -> bool:
    """Return whether a held resource's change would take away a value, or the resource that is named."""
    resource = view.situation.staged.get(name) if view.is_selected(name) else view.applied_state(name).resource
    if resource is None or reference is None:
        return resource is None
    if reference.path[0] in view.situation.kind_of(resource).output_names - resource.inputs.keys():
        return False
    return value_before(view, reference)[0] and not find_value(view.resolver.inputs_of(resource), reference)[0]
