"""From a situation and a selection to a plan (docs/design.md, section 5).

A view shows the situation as the selection sees it, holding finds what may not act there, changes are what the rest
does, order puts them in one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Optional, Tuple

from stagectl.core.diff import Difference, Op, diff
from stagectl.core.errors import StagectlError
from stagectl.core.graph import Ring, topological, waves
from stagectl.core.model import REMOVE, RENAME, RUN, UPDATE, Applied, ChangeId, Name, split_change
from stagectl.core.planning.changes import Draft, Universe, behind, held_changes
from stagectl.core.planning.checks import ImpossiblePlan, refuse_impossible
from stagectl.core.planning.holding import everything, universe_of
from stagectl.core.planning.intents import intent_of, is_as_seen
from stagectl.core.planning.moves import with_moved
from stagectl.core.planning.order import predecessors
from stagectl.core.planning.schema_checks import Schemas
from stagectl.core.planning.scoping import renamed_notes, scope_of, world_of
from stagectl.core.planning.situation import Situation
from stagectl.core.planning.view import View
from stagectl.core.plans.document import with_id
from stagectl.core.plans.plan import WITHOUT_VALUES, Cause, CauseType, Change, Held, Plan, Reason, Target
from stagectl.core.plans.selection import Selection, World
from stagectl.core.values import Inputs, Template, Value, as_written, leaves, references_in


class CyclicPlan(StagectlError):
    """The order of the changes goes round in a circle."""


def make_plan(situation: Situation, selection: Selection, world: Optional[World] = None) -> Plan:
    """Return the plan; raises StagectlError for a selection that matches nothing, and for every impossible plan.

    world: what the selection chooses from, where that is more than what is in the situation.
    """
    full = everything(situation)
    if not selection.names and not selection.tags:
        return _plan(full, selection)  # what a selection chooses from costs as much as reading it
    world = world or world_of(situation)
    plan = _plan(_universe_for(selection, world, full), selection)
    return replace(plan, warnings=tuple(renamed_notes(selection, world)))


def _universe_for(selection: Selection, world: World, full: Universe) -> Universe:
    """Return a situation as a selection sees it, parents and readers pulled in where it asks for them."""
    scope = scope_of(selection, world, full)
    selected = scope.selected or frozenset()
    wanted = {Reason.NEEDS_PARENT: selection.with_parents, Reason.NEEDS_READER: selection.with_children}
    while True:
        selected = with_moved(full.view.situation, selected)
        universe = universe_of(scope._replace(selected=selected), full)
        holds = [one for one in (*universe.holds.values(), *universe.view.barred.values()) if wanted.get(one.reason)]
        gates = {split_change(gate)[0] for hold in holds for gate in hold.gates}
        more = gates.union(*(hold.blockers for hold in holds)) - selected
        if not more:
            return universe
        selected |= more
        scope = scope._replace(alone={name: actions for name, actions in scope.alone.items() if name not in more})


def _plan(universe: Universe, selection: Selection) -> Plan:
    refuse_impossible(universe)
    view, situation, effective = universe.view, universe.view.situation, universe.view.effective
    changes = _changes(universe)
    recorded = _recorded_names(universe)
    _check_schemas(view, changes, recorded)
    held = held_changes(universe)
    plan = Plan(
        selection=selection,
        changes=changes,
        held=held,
        recorded=recorded,
        pending=_pending(universe, held),
        moved=tuple((old, new) for new, old in sorted(situation.moves.items()) if view.is_staged_here(new)),
        targets={
            name: Target(effective[name], view.inputs(name), view.sensitive.get(name, frozenset()))
            for name in sorted({*recorded, *[change.resource for change in changes]} & effective.keys())
        },
        kinds={one.kind: situation.kinds[one.kind] for one in changes if one.kind in situation.kinds},
    )
    return with_id(plan)


def _changes(universe: Universe) -> Tuple[Change, ...]:
    """Return the changes in order; raises CyclicPlan."""
    before, drafts = predecessors(universe), universe.drafts.by_id
    try:
        order = topological(before)
    except Ring as ring:
        why = f"the order of the changes goes in a circle: {' -> '.join(ring.path)}"
        hint = "each of these waits for the one before it: drop a relation, or name what is only read under 'unordered'"
        raise CyclicPlan(why, hint) from None
    wave = waves(order, before)
    return tuple(_change(universe, drafts[one], tuple(sorted(before[one])), wave[one]) for one in order)


def _change(universe: Universe, draft: Draft, after: Tuple[ChangeId, ...], wave: int) -> Change:
    """Return a draft with its values, its cause and its place in the order."""
    view, name = universe.view, draft.name
    applied = view.applied_state(name)
    kind, before, inputs = _values(view, draft, applied)
    sensitive = view.sensitive.get(name, frozenset())
    # Not to be shown as it was applied or tried, or as a check saw it.
    hidden = applied.sensitive, applied.drift.differs, applied.unfinished.sensitive if applied.unfinished else ()
    return Change(
        id=draft.id,
        resource=name,
        action=draft.action,
        kind=kind,
        tags=tuple(sorted(view.situation.tags(name))),
        cause=_cause(universe, draft),
        diff=_differences(view, draft, before, inputs),
        after=after,
        wave=wave,
        before=before,
        inputs=inputs,
        sensitive=sensitive.union(*hidden) if any(hidden) else sensitive,
        triggers=tuple(sorted(draft.triggers.items())),
        stamps=draft.stamps,
        protected=draft.action == REMOVE and _is_protected(view, name, kind),
        conditional=draft.conditional,
    )


def _cause(universe: Universe, draft: Draft) -> Cause:
    of = tuple(sorted(behind(universe, draft)))
    if draft.cause not in (CauseType.REPLACE, CauseType.UNFINISHED):
        return Cause(draft.cause, of, draft.inputs)
    view, is_replace = universe.view, draft.cause == CauseType.REPLACE
    applied, resource = view.applied_state(draft.name), view.effective.get(draft.name)
    kind_before = applied.kind if is_replace and resource and applied.kind != resource.kind else ""
    is_of_try = draft.cause == CauseType.UNFINISHED or (is_replace and not applied.live)
    tried = applied.unfinished.action if applied.unfinished is not None and is_of_try else ""
    keys = applied.drift.keys if is_replace and view.is_staged_here(draft.name) else ()
    drifted = tuple(key for key in draft.inputs if key in keys)
    return Cause(draft.cause, of, draft.inputs, kind_before, tried, drifted)


def _is_protected(view: View, name: Name, kind: str) -> bool:
    """Return whether a resource goes only where that is allowed by name: by its kind as applied, or as staged."""
    resource, kinds = view.effective.get(name), view.situation.kinds
    staged = {kind, resource.kind if resource is not None else kind}
    return view.applied_state(name).protect or any(kinds[each].protect for each in staged if each in kinds)


def _values(view: View, draft: Draft, applied: Applied) -> Tuple[str, Optional[Inputs], Optional[Inputs]]:
    """Return the kind a change acts as, and its inputs before and after; None where there are none."""
    before = applied.inputs if applied.live else None
    if draft.action in (RENAME, REMOVE):  # with what is there, or was tried to be
        there = applied.unfinished.inputs if before is None and applied.unfinished is not None else before
        return applied.kind, there, there
    resource = view.effective.get(draft.name)
    return resource.kind if resource else "", before, view.inputs(draft.name) if resource is not None else None


def _check_schemas(view: View, changes: Tuple[Change, ...], recorded: Iterable[Name]) -> None:
    """Raise ImpossiblePlan where kinds refuse what is run or updated, or recorded as a check saw it."""
    kinds, schemas = view.situation.kinds, Schemas()
    names = [one.resource for one in changes if one.action in (RUN, UPDATE)]
    names += [name for name in recorded if name in view.effective and is_as_seen(view, name)]
    known = [(name, kinds.get(view.effective[name].kind)) for name in names]
    troubles = [one for name, kind in known if kind for one in schemas.troubles(name, kind, view.inputs(name))]
    if troubles:
        raise ImpossiblePlan(troubles)


def _recorded_names(universe: Universe) -> Tuple[Name, ...]:
    """Return the resources whose staged file differs from the applied one in nothing that acts."""
    view, passing = universe.view, (CauseType.REACTION, CauseType.OWED)
    acting = {draft.name for draft in universe.drafts.by_id.values() if draft.cause not in passing}
    return tuple(
        name
        for name in view.situation.names
        if name not in acting
        and view.is_staged_here(name)
        and view.situation.is_live(name)
        and ((name in view.situation.staged and view.situation.is_edited(name)) or is_as_seen(view, name))
        and RENAME not in intent_of(view, name).actions  # which may be owed
    )


def _pending(universe: Universe, held: Iterable[Held]) -> Tuple[ChangeId, ...]:
    """Return what an unselected plan would do with resources that were not selected and have no part in this one."""
    if universe.everything is None:
        return ()
    view = universe.view
    part = {*universe.drafts.by_id, *(entry.id for entry in held)}
    resources = {split_change(identity)[0] for identity in part}
    others = (
        draft.id
        for draft in universe.everything.drafts.by_id.values()
        if (draft.name in view.scope.alone and draft.id not in part)
        or (not view.is_selected(draft.name) and draft.name not in resources)
    )
    return tuple(sorted(others))


def _differences(
    view: View, draft: Draft, before: Optional[Inputs], inputs: Optional[Inputs]
) -> Tuple[Difference, ...]:
    """Return what a change changes, leaf by leaf, with the inputs that drifted and cannot be shown."""
    if draft.cause in WITHOUT_VALUES or draft.action == RENAME:
        return ()
    if draft.action == RUN:
        return _marked(view, draft, diff(None, inputs))
    applied, is_seen = view.applied_state(draft.name), view.is_staged_here(draft.name)
    before = (applied.seen if is_seen and applied.live else before) or {}  # of others, what was applied
    hidden = applied.drift.differs if is_seen else frozenset()
    if draft.action == REMOVE:
        return diff({**before, **dict.fromkeys(hidden & before.keys())}, None)
    # Most inputs of most resources are as they were.
    sides = [{key: side[key] for key in draft.inputs if key in side} for side in (before, inputs or {})]
    found = _marked(view, draft, diff(*sides))
    return (*found, *[Difference((key,), Op.REPLACE) for key in sorted(hidden)]) if hidden else found


def _marked(view: View, draft: Draft, found: Tuple[Difference, ...]) -> Tuple[Difference, ...]:
    """Return differences in which values that are known after other changes say so."""
    if not view.reports.by:
        return found
    own = dict(leaves(view.effective[draft.name].inputs))
    return tuple(_mark(view, entry, own.get(entry.path)) for entry in found)


def _mark(view: View, entry: Difference, own: Value) -> Difference:
    """Return a difference in which a value that is known after other changes says so, as its file has it."""
    references = references_in(entry.after)
    if not references:
        return entry
    as_it_is = own if isinstance(own, Template) else entry.after  # it may stand in what a parent's input has
    known_after = tuple(sorted(view.reports.of(references)))
    return entry._replace(after=None, known_after=known_after, written=str(as_written(as_it_is)))
