"""In which order changes run (docs/design.md, section 5, rule 9; section 3, depends_on and react_on).

Gates: what waits for an action of a parent that has yet to succeed (section 5, rule 5).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
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
    order = _ordering(universe.view, drafts)
    going = {name: actions for name, actions in order.actions.items() if REMOVE in actions}
    replaces = {actions[REMOVE]: actions[RUN] for actions in going.values() if RUN in actions}
    for earlier, later in order.edges():
        before[later].add(earlier)
    endings = {edge for name, (_, was) in order.forms.items() if was or name in going for edge in order.endings(name)}
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


def _ordering(view: View, drafts: Drafts) -> _Ordering:
    actions: Dict[Name, Dict[str, ChangeId]] = {}
    for identity, draft in drafts.by_id.items():
        actions.setdefault(draft.name, {})[draft.action] = identity
    was = {name: state.forms for name, state in view.situation.applied.items() if name in actions}
    here = {name: view.effective.get(name) for name in actions}
    forms = {name: (now, [form for form in was.get(name, ()) if form is not now]) for name, now in here.items()}
    return _Ordering(view, drafts, actions, forms)


class _Ordering(NamedTuple):
    """Orders between changes. actions: those of each resource in the plan, with the ids of the changes.

    forms: of each the form that it has here, and the others that it has as applied and as tried since.
    """

    view: View
    drafts: Drafts
    actions: Mapping[Name, Mapping[str, ChangeId]]
    forms: Mapping[Name, Tuple[Optional[Resource], List[Resource]]]

    def edges(self) -> Iterator[Precedence]:
        """Yield every order between two changes of different causes, but for the ends of readings."""
        for name, actions in self.actions.items():
            here, before = self.forms[name]
            if here is not None and here.ordered_after:
                # Any own action except `remove` comes after the parents' `run` and `update`.
                own = [change for action, change in actions.items() if action != REMOVE]
                making = [change for parent in here.ordered_after for change in self._making(parent)]
                yield from product(making, own)
            if here is not None and here.has_relations:
                yield from self._by_action(name, here, actions)
            for form in before if REMOVE in actions else ():
                yield from self._by_action(name, form, {REMOVE: actions[REMOVE]})
            if self.view.reports.by and here is not None:
                yield from self._after_reporters(name, actions)
        yield from self._after_freed()

    def _after_reporters(self, name: Name, actions: Mapping[str, ChangeId]) -> Iterator[Precedence]:
        """What reads an output comes after every change that may report it; a removal only if it goes by it."""
        earlier = self.view.reports.of(references_in(self.view.inputs(name)))
        for own, later in actions.items():
            before = deciders(self.view, name) if own == REMOVE else earlier
            yield from ((one, later) for one in sorted(before) if one != later)

    def _after_freed(self) -> Iterator[Precedence]:
        """A `rename` that frees a name comes before whatever is done under that name."""
        owed = {name: state.owed.get(RENAME, ()) for name, state in self.view.situation.applied.items() if state.owed}
        tried = [(name, split_change(one)[0]) for name, behind in owed.items() for one in behind]
        for new, old in [*self.view.situation.moves.items(), *(pair for pair in tried if pair[0] != pair[1])]:
            if RENAME in self.actions.get(new, ()):
                yield from ((self.actions[new][RENAME], change) for change in self.actions.get(old, {}).values())

    def is_going(self, name: Name) -> bool:
        """Return whether a resource is removed, or removed and run again."""
        return REMOVE in self.actions.get(name, ())

    def _making(self, name: Name) -> List[ChangeId]:
        return [change for action, change in self.actions.get(name, {}).items() if action in (RUN, UPDATE)]

    def _by_action(self, name: Name, resource: Resource, actions: Mapping[str, ChangeId]) -> Iterator[Precedence]:
        """Orders that name actions: the mapping form of `depends_on`, and `react_on`."""
        for own, later in actions.items():
            called = self.drafts.actions_seen(name, own)
            # A run without an update does what the reacting update would do.
            reacting = {RUN, UPDATE} if own == RUN and UPDATE not in actions else called
            named = named_changes(resource, called)
            named += [one.on for action, some in resource.react_on.items() if action in reacting for one in some]
            for parent, action in map(split_change, named):
                for other, earlier in self.actions.get(parent, {}).items():
                    if action in self.drafts.actions_seen(parent, other):
                        yield earlier, later

    def endings(self, name: Name) -> Iterator[Precedence]:
        """What ends a reading comes before the parent's `remove`, and before the update that drops the value."""
        actions, (here, before) = self.actions[name], self.forms[name]
        now: AbstractSet[Name] = here.ordered_after if here else frozenset()
        was = {parent for form in before for parent in form.ordered_after}
        ending = next((actions[action] for action in (REMOVE, UPDATE, RUN) if action in actions), None)
        if ending is None:
            return
        read = {parent for form in before for parent in form.reads}
        left = now | was if REMOVE in actions else (was | read) - now - (here.reads if here else frozenset())
        yield from ((ending, self.actions[parent][REMOVE]) for parent in left - {name} if self.is_going(parent))
        stay = {*now, name}
        for reference in (ref for form in before for ref in form.every_reference if ref.name not in stay):
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
