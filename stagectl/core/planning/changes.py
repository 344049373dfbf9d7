"""Which changes are in a plan: inferred, explicit, owed, reacting (docs/design.md, section 5, rules 6 to 8 and 13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import AbstractSet, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from stagectl.core.model import REMOVE, RENAME, REPLACE, RUN, UPDATE, ChangeId, Name, change_id, split_change
from stagectl.core.planning.affected import changing_parents
from stagectl.core.planning.resolve import find_value
from stagectl.core.planning.situation import Hold
from stagectl.core.planning.universe import Universe
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import CauseType, Reason
from stagectl.core.values import Reference, references_in, same


@dataclass(repr=False, eq=False)
class Draft:
    """A change before it has an order. follows: own earlier changes; triggers: what it reacts on, with when."""

    name: Name
    action: str
    cause: CauseType
    inputs: Tuple[str, ...] = ()
    of: Set[ChangeId] = field(default_factory=set)
    follows: Set[ChangeId] = field(default_factory=set)
    triggers: Dict[ChangeId, str] = field(default_factory=dict)
    stamps: Dict[str, str] = field(default_factory=dict)
    conditional: bool = False

    @property
    def id(self) -> ChangeId:
        """The id of the change."""
        return change_id(self.name, self.action)


@dataclass(repr=False, eq=False)
class HeldReaction:
    """A reaction that is held back or out of scope, or an action that was asked for without the run it needs."""

    hold: Hold
    triggers: Dict[ChangeId, str] = field(default_factory=dict)


class Drafts(NamedTuple):
    """The changes of a universe, by id, and the reactions that are held."""

    by_id: Mapping[ChangeId, Draft]
    held: Mapping[ChangeId, HeldReaction]
    again: AbstractSet[Name] = frozenset()  # what a run makes again: seen to be gone, or removed by a replace

    def actions_seen(self, name: str, action: str) -> Set[str]:
        """Return the action names that relations may call a change by: a run of what was there counts as `update`."""
        replaced = action == RUN and (change_id(name, REMOVE) in self.by_id or name in self.again)
        return {RUN, UPDATE} if replaced else {action}


def draft_changes(universe: Universe) -> Drafts:
    """Return all changes of a universe: own ones, then those that are owed, then whatever reacts on any of them."""
    drafting = _Drafting(universe)
    for name in universe.view.situation.names():
        if name not in universe.holds:
            drafting.add_own(name)
    drafting.add_owed()
    drafting.add_reactions()
    return drafting.drafts


class _Drafting:
    """Changes while they are collected."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._view = universe.view
        self._by_id: Dict[ChangeId, Draft] = {}
        self._held: Dict[ChangeId, HeldReaction] = {}
        states = universe.view.situation.applied
        self.drafts = Drafts(self._by_id, self._held, {name for name, state in states.items() if state.is_run_again})

    # --- inferred and explicit changes

    def add_own(self, name: Name) -> None:
        intent = self._universe.intents[name]
        previous: List[ChangeId] = []
        for action in intent.actions:
            bare = action == RENAME or (action == REMOVE and RUN not in intent.actions)
            cause = CauseType.STAGED if action == RENAME else intent.cause
            draft = Draft(name, action, cause, () if bare else intent.inputs, follows=set(previous))
            draft.conditional = action in intent.conditional
            previous = [self._add(draft)]
        if intent.actions != (REMOVE,):
            self._add_explicit(name, intent.actions, previous)

    def _add_explicit(self, name: Name, inferred: Tuple[str, ...], previous: List[ChangeId]) -> None:
        for action, stamp in self._view.pending_actions(name).items():
            if action in (RUN, REPLACE):
                if RUN in inferred:  # the run does what they ask for; a live resource without one has nothing to run
                    self._by_id[change_id(name, RUN)].stamps[action] = stamp
            elif change_id(name, action) in self._view.barred:
                self._hold(name, action, self._view.barred[change_id(name, action)])
            elif action in inferred:
                draft = self._by_id[change_id(name, action)]
                draft.stamps[action], draft.conditional = stamp, False
            else:
                draft = Draft(name, action, CauseType.EXPLICIT, follows=set(previous), stamps={action: stamp})
                previous = [self._add(draft)]

    def _add(self, draft: Draft) -> ChangeId:
        identity = draft.id
        self._by_id[identity] = draft
        return identity

    def _inferred_changes(self, name: Name) -> List[ChangeId]:
        """Return the last inferred change of a resource, if it has any."""
        actions = self._universe.intents[name].actions
        return [change_id(name, actions[-1])] if actions else []

    # --- owed and reacting changes

    def add_owed(self) -> None:
        owing = {name: state for name, state in self._view.situation.applied.items() if state.owed}
        for name, applied in sorted(owing.items()):
            for action, behind in sorted(applied.owed.items()):
                if not self._can_react(name, action) or not self._is_due(name, action):
                    continue
                hold = self._hold_of(name, action)
                if hold is not None:
                    self._hold(name, action, hold)
                elif self._is_satisfied(name, action):
                    self._by_id[change_id(name, RUN)].conditional = False
                else:
                    draft = Draft(name, action, CauseType.OWED, follows=set(self._inferred_changes(name)))
                    draft = self._by_id.setdefault(draft.id, draft)
                    draft.conditional = False
                    if draft.cause == CauseType.OWED:
                        draft.of.update(behind)

    def _is_due(self, name: Name, action: str) -> bool:
        """Return whether a debt is asked for, or its resource is affected in scope; others are left to other plans."""
        view = self._view
        affected = name not in self._universe.holds and bool(self._universe.intents[name].actions)
        return view.is_asked(name, action) or (not view.is_selected(name) and affected)

    def _hold(self, name: Name, action: str, hold: Hold) -> Optional[HeldReaction]:
        """Note a held reaction, unless a run, held or not, does what it would."""
        is_held = name in self._universe.holds
        if self._is_satisfied(name, action) or (
            action == UPDATE and is_held and RUN in held_actions(self._universe, name)
        ):
            return None
        return self._held.setdefault(change_id(name, action), HeldReaction(hold))

    def _can_react(self, name: Name, action: str) -> bool:
        """Return whether a resource exists after the plan, or is waited for, and so can do more than be removed."""
        view = self._view
        if change_id(name, action) in view.barred:
            return True
        if name not in view.effective or view.is_left_alone(name):
            return False
        runs = change_id(name, RUN) in self._by_id
        if not view.situation.is_live(name) and not runs:
            return False
        return action != RUN or runs

    def _hold_of(self, name: Name, action: str) -> Optional[Hold]:
        if name in self._universe.holds:
            return self._universe.holds[name]
        if change_id(name, action) in self._view.barred:
            return self._view.barred[change_id(name, action)]
        outside = not self._view.is_selected(name) and not self._view.in_scope(name)
        return Hold(Reason.OUTSIDE) if outside else None

    def _is_satisfied(self, name: Name, action: str) -> bool:
        """Return whether a run, which is in the plan, does what the wanted update would."""
        return action == UPDATE and change_id(name, RUN) in self._by_id and change_id(name, UPDATE) not in self._by_id

    def add_reactions(self) -> None:
        readers = self._reactions()
        left = sorted(self._by_id, reverse=True) if readers else []
        while left:
            trigger = left.pop()
            name, action = split_change(trigger)
            for seen in sorted(self.drafts.actions_seen(name, action)):
                for reacting, own, when in readers.get(change_id(name, seen), ()):
                    left += self._react(reacting, own, trigger, when)

    def _reactions(self) -> Dict[ChangeId, List[Tuple[Name, str, str]]]:
        """Return what reacts on which change: change id -> (resource, own action, when)."""
        found: Dict[ChangeId, List[Tuple[Name, str, str]]] = {}
        reacting = {name: resource for name, resource in self._view.effective.items() if resource.react_on}
        for name, resource in sorted(reacting.items()):
            for action, triggers in sorted(resource.react_on.items()):
                for trigger in triggers:
                    found.setdefault(trigger.on, []).append((name, action, trigger.when))
        return found

    def _react(self, name: Name, action: str, trigger: ChangeId, when: str) -> Iterator[ChangeId]:
        """Let a resource react; yield the id of the change if it is new."""
        if not self._can_react(name, action):
            return
        own = change_id(name, action)
        hold = self._hold_of(name, action)
        if hold is not None:
            held = self._hold(name, action, hold)
            if held is not None:
                _note(held.triggers, trigger, when)
            return
        if self._is_satisfied(name, action):
            run = self._by_id[change_id(name, RUN)]
            if run.conditional:  # it has another reason then
                _note(run.triggers, trigger, when)
            return
        if own not in self._by_id:
            self._add(Draft(name, action, CauseType.REACTION, follows=set(self._inferred_changes(name))))
            yield own
        draft = self._by_id[own]
        _note(draft.triggers, trigger, when)
        if draft.cause == CauseType.REACTION:
            draft.of.add(trigger)


def behind(universe: Universe, drafts: Drafts, draft: Draft) -> Set[ChangeId]:
    """Return the changes in the plan that brought a draft in: of parents whose values differ, or its triggers."""
    if draft.cause not in (CauseType.CHILD, CauseType.REPLACE) or draft.name not in universe.view.effective:
        return draft.of
    view = universe.view
    parents = changing_parents(view, draft.name, universe.intents[draft.name])
    found = {
        change_id(parent, universe.intents[parent].actions[-1])
        for parent, references in parents.items()
        if _acts(universe, parent)
        # Only where something may be reported is a value known after a change.
        and not (view.reports.by and all(_is_later(view, reference) for reference in references))
    }
    if view.reports.by:
        inputs = view.inputs(draft.name)
        read = [one for key in draft.inputs for one in references_in(inputs.get(key))]
        found |= {one for ref in read for one in view.reports.by.get(Name(ref.name), {}).get(ref.path[0], ())}
    return {change for change in found & drafts.by_id.keys() if split_change(change)[0] != draft.name}


def _acts(universe: Universe, name: Name) -> bool:
    return name in universe.intents and bool(universe.intents[name].actions)


def _is_later(view: View, reference: Reference) -> bool:
    """Return whether a value is known after other changes only, which are behind it themselves."""
    return bool(references_in(view.resolver.value_of(reference)[1]))


def read_changes(universe: Universe, drafts: Drafts, name: Name) -> Set[ChangeId]:
    """Return the changes in the plan that change, or may change, a value which a resource reads."""
    view, resource = universe.view, universe.view.effective.get(name)
    read = [one for some in (resource.references.values() if resource else ()) for one in some]
    found = {
        change_id(Name(one.name), universe.intents[Name(one.name)].actions[-1])
        for one in read
        if _acts(universe, Name(one.name)) and _differs(view, one)
    }
    return found & drafts.by_id.keys()


def _differs(view: View, reference: Reference) -> bool:
    """Return whether a value is, or may turn out to be, another one than the one last applied."""
    there, value = view.resolver.value_of(reference)
    applied = view.applied_state(Name(reference.name))
    was_there, was = find_value({**applied.outputs, **applied.inputs}, reference)
    return there != was_there or bool(there and (references_in(value) or not same(value, was)))


def held_actions(universe: Universe, name: Name) -> List[str]:
    """Return what a held resource would have done; what would only be recorded has the name of its edit."""
    view = universe.view
    is_selected = view.is_selected(name)
    inferred = list((universe.full if is_selected else universe).intents[name].actions)
    explicit = [] if inferred == [REMOVE] else [a for a in view.pending_actions(name) if a not in (RUN, REPLACE)]
    return list(dict.fromkeys(inferred + explicit)) or ([recording_action(view, name)] if is_selected else [])


def recording_action(view: View, name: Name) -> str:
    """Return the action that a staged edit, or removal, is named by though nothing runs for it."""
    if name not in view.situation.staged:
        return REMOVE  # of what is gone already
    return UPDATE if view.situation.is_live(name) else RUN


def _note(triggers: Dict[ChangeId, str], trigger: ChangeId, when: str) -> None:
    """Note what a reaction waits for; of two conditions on one change the weaker one counts."""
    triggers[trigger] = "success" if "success" in (when, triggers.get(trigger)) else when
