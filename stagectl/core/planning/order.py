"""In which order changes run (docs/design.md, section 5, rule 9; section 3, depends_on and react_on).

Gates: what waits for an action of a parent that has yet to succeed (section 5, rule 5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.core.graph import group_pairs, has_ring, reachable
from stagectl.core.model import REMOVE, RENAME, REPLACE, RUN, UPDATE, ChangeId, Name, Resource, change_id, split_change
from stagectl.core.planning.changes import Draft, Drafts, Universe
from stagectl.core.planning.intents import named_changes
from stagectl.core.planning.outputs import deciders
from stagectl.core.planning.situation import Hold
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import CauseType, Reason
from stagectl.core.values import references_in

Precedence = Tuple[ChangeId, ChangeId]  # (earlier, later)
_ALONE = (CauseType.OWED, CauseType.REACTION)  # held by itself; with any other change all of the resource are


def predecessors(universe: Universe) -> Dict[ChangeId, Set[ChangeId]]:
    """Return for each change the changes in the plan that come directly before it."""
    drafts = universe.drafts
    before: Dict[ChangeId, Set[ChangeId]] = {identity: set(draft.follows) for identity, draft in drafts.by_id.items()}
    order = _Ordering(universe.view, drafts, group_pairs((draft.name, draft.action) for draft in drafts.by_id.values()))
    going = {name: actions for name, actions in order.actions.items() if order.is_going(name)}
    replaces = {change_id(name, REMOVE): change_id(name, RUN) for name, actions in going.items() if RUN in actions}
    for earlier, later in order.edges():
        before[later].add(earlier)
    endings = {edge for name in order.actions for edge in order.endings(name)}
    # While a parent is replaced its readers stay, so the end of a reading comes before that where it can.
    wishes = sorted(edge for edge in endings if edge[1] in replaces)
    for earlier, later in endings.difference(wishes):
        before[later].add(earlier)
    # Nothing is removed that could not be run again, except where what it waits for goes itself.
    wishes += sorted(
        (earlier, remove)
        for remove, run in replaces.items()
        for earlier in before[run]
        if split_change(earlier)[0] not in going
    )
    return _with_wishes(before, wishes) if wishes else before


def _with_wishes(before: Dict[ChangeId, Set[ChangeId]], wishes: Sequence[Precedence]) -> Dict[ChangeId, Set[ChangeId]]:
    """Return an order with these edges added, without those that would close a ring; the first that fit stay.

    In a diamond, what is replaced cannot outlast a parent whose run it waits for, or has to, to know whether it goes.
    """
    wanted = {later: set(earlier) for later, earlier in before.items()}
    for earlier, later in wishes:
        wanted[later].add(earlier)
    if not has_ring(wanted):
        return wanted
    behind: Dict[ChangeId, Set[ChangeId]] = {}
    for earlier, later in wishes:
        if later not in behind.get(earlier, ()):
            behind[earlier] = reachable([earlier], lambda identity: before[identity])
        if later not in behind[earlier]:
            before[later].add(earlier)
    return before


class _Ordering(NamedTuple):
    """Orders between changes. actions: those of each resource in the plan."""

    view: View
    drafts: Drafts
    actions: Mapping[Name, List[str]]

    def edges(self) -> Iterator[Precedence]:
        """Yield every order between two changes of different causes, but for the ends of readings."""
        for name, actions in self.actions.items():
            here, before = self._forms(name)
            if here is not None:
                # Any own action except `remove` comes after the parents' `run` and `update`.
                own = [change_id(name, action) for action in actions if action != REMOVE]
                making = (change for parent in here.ordered_after for change in self._making(parent))
                yield from ((earlier, later) for earlier in making for later in own)
                yield from self._by_action(name, here, actions)
            for form in before:
                yield from self._by_action(name, form, [REMOVE] if REMOVE in actions else [])
            if self.view.reports.by and here is not None:
                yield from self._after_reporters(name, actions)
        yield from self._after_freed()

    def _forms(self, name: Name) -> Tuple[Optional[Resource], List[Resource]]:
        """Return the form of a resource here, and the others that it has as applied and as tried since."""
        here = self.view.effective.get(name)
        return here, [form for form in self.view.applied_state(name).forms if form is not here]

    def _after_reporters(self, name: Name, actions: List[str]) -> Iterator[Precedence]:
        """What reads an output comes after every change that may report it; a removal only if it goes by it."""
        earlier = self.view.reports.of(references_in(self.view.inputs(name)))
        for own in actions:
            later = change_id(name, own)
            before = deciders(self.view, name) if own == REMOVE else earlier
            yield from ((one, later) for one in sorted(before) if one != later)

    def _after_freed(self) -> Iterator[Precedence]:
        """A `rename` that frees a name comes before whatever is done under that name."""
        owed = {name: state.owed.get(RENAME, ()) for name, state in self.view.situation.applied.items() if state.owed}
        tried = [(name, split_change(one)[0]) for name, behind in owed.items() for one in behind]
        for new, old in [*self.view.situation.moves.items(), *(pair for pair in tried if pair[0] != pair[1])]:
            if RENAME in self.actions.get(new, ()):
                yield from ((change_id(new, RENAME), change_id(old, own)) for own in self.actions.get(old, ()))

    def is_going(self, name: Name) -> bool:
        """Return whether a resource is removed, or removed and run again."""
        return REMOVE in self.actions.get(name, ())

    def _making(self, name: Name) -> List[ChangeId]:
        return [change_id(name, action) for action in self.actions.get(name, ()) if action in (RUN, UPDATE)]

    def _by_action(self, name: Name, resource: Resource, actions: List[str]) -> Iterator[Precedence]:
        """Orders that name actions: the mapping form of `depends_on`, and `react_on`."""
        for own in actions if resource.has_relations else ():
            called = self.drafts.actions_seen(name, own)
            # A run without an update does what the reacting update would do.
            reacting = {RUN, UPDATE} if own == RUN and UPDATE not in actions else called
            named = named_changes(resource, called)
            named += [one.on for action, some in resource.react_on.items() if action in reacting for one in some]
            for parent, action in map(split_change, named):
                for other in self.actions.get(parent, ()):
                    if action in self.drafts.actions_seen(parent, other):
                        yield change_id(parent, other), change_id(name, own)

    def endings(self, name: Name) -> Iterator[Precedence]:
        """What ends a reading comes before the parent's `remove`, and before the update that drops the value."""
        actions, (here, before) = self.actions[name], self._forms(name)
        if not before and REMOVE not in actions:  # it read nothing
            return
        now: AbstractSet[Name] = here.ordered_after if here else frozenset()
        was = {parent for form in before for parent in form.ordered_after}
        ending = next((change_id(name, action) for action in (REMOVE, UPDATE, RUN) if action in actions), None)
        if ending is None:
            return
        read = {parent for form in before for parent in form.reads}
        left = now | was if REMOVE in actions else (was | read) - now - (here.reads if here else frozenset())
        yield from ((ending, change_id(parent, REMOVE)) for parent in left - {name} if self.is_going(parent))
        for reference in (ref for form in before for ref in form.every_reference if ref.name not in {*now, name}):
            parent = Name(reference.name)
            stays = parent in self.view.effective and not self.is_going(parent)
            if stays and self._making(parent) and not self.view.resolver.value_of(reference)[0]:
                yield from ((ending, drop) for drop in self._making(parent))


# --- gates


def gate(universe: Universe) -> View:
    """Return the universe's view with what waits for a gate held, the same view if nothing more does."""
    view = universe.view
    all_forms = (*view.effective.values(), *(form for one in view.situation.applied.values() for form in one.forms))
    named = {change for form in all_forms for changes in form.depends_on_changes.values() for change in changes}
    closed = {change for change in named if _is_open(view, *split_change(change))}
    if not closed:
        return view
    drafts = universe.drafts
    updated = {change_id(draft.name, UPDATE) for draft in drafts.by_id.values() if draft.action == RUN}
    closed -= updated | drafts.by_id.keys()
    found: List[Tuple[Draft, FrozenSet[ChangeId]]] = []
    for draft in drafts.by_id.values():
        here, called = view.effective.get(draft.name), drafts.actions_seen(draft.name, draft.action)
        forms = [*(view.applied_state(draft.name).forms if draft.action == REMOVE else ()), *([here] if here else ())]
        gates = frozenset(change for form in forms for change in named_changes(form, called)) & closed
        found += [(draft, gates)] if gates else []
    barred = {draft.id: Hold(Reason.NEEDS_PARENT, gates=gates) for draft, gates in found if draft.cause in _ALONE}
    whole = group_pairs((draft.name, gates) for draft, gates in found if draft.cause not in _ALONE)
    holds = {name: Hold(Reason.NEEDS_PARENT, gates=frozenset().union(*gates)) for name, gates in whole.items()}
    return replace(view, holds={**view.holds, **holds}, barred={**view.barred, **barred}) if found else view


def _is_open(view: View, name: Name, action: str) -> bool:
    """Return whether an action of a resource is owed, unfinished, or staged and not done."""
    state, explicit = view.applied_state(name), view.situation.explicit(name)
    unfinished = state.unfinished.action if state.unfinished else None
    is_replaced = REPLACE in explicit and action in (RUN, UPDATE)
    return action in state.owed or action == unfinished or action in explicit or is_replaced
