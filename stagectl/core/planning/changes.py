"""Which changes are in a plan: inferred, explicit, owed, reacting (docs/design.md, section 5, rules 6 to 8 and 13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import AbstractSet, Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

from stagectl.core.graph import group_pairs
from stagectl.core.model import REMOVE, RENAME, REPLACE, RUN, UPDATE, ChangeId, Name, change_id, split_change
from stagectl.core.once import cached_property
from stagectl.core.planning.intents import changing_parents, intent_of, value_changes
from stagectl.core.planning.situation import Hold
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import CauseType, Held, Reason
from stagectl.core.values import references_in

_OF_PARENTS = (CauseType.CHILD, CauseType.REPLACE)


@dataclass(repr=False, eq=False)
class Draft:
    """A change before it has an order. follows: own earlier changes; triggers: what it reacts on, with when.

    hold: of a reaction, a debt or an action that was asked for alone why it is held back or out of scope.
    """

    name: Name
    action: str
    cause: CauseType
    inputs: Tuple[str, ...] = ()
    of: FrozenSet[ChangeId] = frozenset()
    follows: Tuple[ChangeId, ...] = ()
    triggers: Dict[ChangeId, str] = field(default_factory=dict)
    stamps: Dict[str, str] = field(default_factory=dict)
    conditional: bool = False
    hold: Optional[Hold] = None

    @cached_property
    def id(self) -> ChangeId:
        """The id of the change."""
        return change_id(self.name, self.action)


@dataclass(frozen=True, repr=False, eq=False)
class Universe:
    """What a plan is made from: a view in which all that has to be held is held (rules 1 to 5).

    holds: those of the view with all that is missing, and affected resources that the selection's tags leave out.
    everything: the same situation with everything selected; None of that one itself.
    """

    view: View
    holds: Mapping[Name, Hold]
    everything: Optional[Universe] = None

    @property
    def full(self) -> View:
        """The same situation with everything selected."""
        return (self.everything or self).view

    @cached_property
    def drafts(self) -> Drafts:
        """All changes: own ones, then those that are owed, then whatever reacts on any of them."""
        drafts = Drafts(self)
        for name in self.view.situation.names:
            if name not in self.holds:
                drafts.add_own(name)
        drafts.add_owed()
        drafts.add_reactions()
        return drafts


class Drafts:
    """The changes of a universe, while they are collected: by_id those in the plan, held those held by themselves."""

    def __init__(self, universe: Universe) -> None:
        self._universe, self._view = universe, universe.view
        self.by_id: Dict[ChangeId, Draft] = {}
        self.held: Dict[ChangeId, Draft] = {}

    def actions_seen(self, name: Name, action: str) -> Set[str]:
        """Return the action names that relations may call a change by: a run of what was there counts as `update`."""
        is_again = action == RUN and (
            change_id(name, REMOVE) in self.by_id or self._view.applied_state(name).is_run_again
        )
        return {RUN, UPDATE} if is_again else {action}

    # --- inferred and explicit changes

    def add_own(self, name: Name) -> None:
        intent = intent_of(self._view, name)
        previous: Tuple[ChangeId, ...] = ()
        for action in intent.actions:
            bare = action == RENAME or (action == REMOVE and RUN not in intent.actions)
            draft = Draft(name, action, intent.cause, () if bare else intent.inputs, follows=previous)
            if action == RENAME:
                owed = self._view.applied_state(name).owed.get(RENAME, ())  # half done, it may be
                draft.of = frozenset(owed) - {draft.id}
                draft.cause = CauseType.OWED if draft.of else CauseType.STAGED
            draft.conditional = action in intent.conditional
            self.by_id[draft.id], previous = draft, (draft.id,)
        if intent.actions[-1:] != (REMOVE,):
            self._add_explicit(name, intent.actions, previous)

    def _add_explicit(self, name: Name, inferred: Tuple[str, ...], previous: Tuple[ChangeId, ...]) -> None:
        for action, stamp in self._view.pending_actions(name).items():
            if action in (RUN, REPLACE):
                if RUN in inferred:  # the run does what they ask for; a live resource without one has nothing to run
                    self.by_id[change_id(name, RUN)].stamps[action] = stamp
            elif change_id(name, action) in self._view.barred:
                self._hold(Draft(name, action, CauseType.EXPLICIT, hold=self._view.barred[change_id(name, action)]))
            elif action in inferred:
                draft = self.by_id[change_id(name, action)]
                draft.stamps[action], draft.conditional = stamp, False
            else:
                draft = Draft(name, action, CauseType.EXPLICIT, follows=previous, stamps={action: stamp})
                self.by_id[draft.id], previous = draft, (draft.id,)

    # --- owed and reacting changes

    def add_owed(self) -> None:
        view, holds = self._view, self._universe.holds
        owing = {name: state for name, state in view.situation.applied.items() if state.owed}
        for name, applied in sorted(owing.items()):
            for action, behind in sorted(applied.owed.items()):
                # What is not asked for is left to other plans, unless its resource is affected in scope.
                is_affected = not view.is_selected(name) and name not in holds and intent_of(view, name).actions
                draft = self._join(name, action, CauseType.OWED) if view.is_asked(name, action) or is_affected else None
                if draft is not None:
                    draft.conditional = False
                    draft.of = draft.of.union(behind if draft.cause == CauseType.OWED else ())

    def _join(self, name: Name, action: str, cause: CauseType) -> Optional[Draft]:
        """Return the change by which a resource does what it owes or reacts with, added or held; None without one."""
        if not self._can_react(name, action):
            return None
        holds = self._universe.holds.get(name) or self._view.barred.get(change_id(name, action))
        is_outside = not self._view.is_selected(name) and not self._view.in_scope(name)
        draft = Draft(name, action, cause, hold=holds or (Hold(Reason.OUTSIDE) if is_outside else None))
        if draft.hold is not None:
            return self._hold(draft)
        if self._is_satisfied(name, action):
            return self.by_id[change_id(name, RUN)]
        draft.follows = tuple(last_inferred(self._view, name))
        return self.by_id.setdefault(draft.id, draft)

    def _hold(self, draft: Draft) -> Optional[Draft]:
        """Note a change that is held by itself, unless a run, held or not, does what it would."""
        is_run_held = draft.name in self._universe.holds and RUN in held_actions(self._universe, draft.name)
        if self._is_satisfied(draft.name, draft.action) or (draft.action == UPDATE and is_run_held):
            return None
        return self.held.setdefault(draft.id, draft)

    def _can_react(self, name: Name, action: str) -> bool:
        """Return whether a resource exists after the plan, or is waited for, and so can do more than be removed."""
        view = self._view
        if change_id(name, action) in view.barred:
            return True
        if name not in view.effective or view.is_left_alone(name):
            return False
        return change_id(name, RUN) in self.by_id or (view.situation.is_live(name) and action != RUN)

    def _is_satisfied(self, name: Name, action: str) -> bool:
        """Return whether a run, which is in the plan, does what the wanted update would."""
        return action == UPDATE and change_id(name, RUN) in self.by_id and change_id(name, UPDATE) not in self.by_id

    def add_reactions(self) -> None:
        reacting = {name: resource for name, resource in self._view.effective.items() if resource.react_on}
        readers = group_pairs(
            (trigger.on, (name, own, trigger.when))
            for name, resource in sorted(reacting.items())
            for own, triggers in sorted(resource.react_on.items())
            for trigger in triggers
        )
        left = sorted(self.by_id, reverse=True) if readers else []
        while left:
            trigger = left.pop()
            name, action = split_change(trigger)
            for seen in sorted(self.actions_seen(name, action)):
                for reaction in readers.get(change_id(name, seen), ()):
                    left += self._react(trigger, *reaction)

    def _react(self, trigger: ChangeId, name: Name, action: str, when: str) -> List[ChangeId]:
        """Let a resource react; return the id of the change if it is new."""
        known = len(self.by_id)
        draft = self._join(name, action, CauseType.REACTION)
        if draft is None:
            return []
        if draft.action == action or draft.conditional:  # a run that is sure has another reason
            # Of two conditions on one change the weaker one counts.
            draft.triggers[trigger] = "success" if "success" in (when, draft.triggers.get(trigger)) else when
        draft.of = draft.of.union([trigger] if draft.cause == CauseType.REACTION else ())
        return [draft.id] if len(self.by_id) > known else []


def behind(universe: Universe, draft: Draft) -> AbstractSet[ChangeId]:
    """Return the changes in the plan that brought a draft in: of parents whose values differ, or its triggers."""
    view = universe.view
    if draft.cause not in _OF_PARENTS or draft.name not in view.effective:
        return draft.of
    found = {
        change
        for parent, references in changing_parents(view, draft.name).items()
        # Where something may be reported: not by changes of a parent that only passes on what is known after others.
        if not view.reports.by or not all(references_in(view.resolver.value_of(one)[1]) for one in references)
        for change in last_inferred(view, parent)
    }
    if view.reports.by:
        inputs = view.inputs(draft.name)
        found |= view.reports.of(one for key in draft.inputs for one in references_in(inputs.get(key)))
    planned = universe.drafts.by_id
    return {change for change in found if change in planned and planned[change].name != draft.name}


def last_inferred(view: View, name: Name) -> List[ChangeId]:
    """Return the last change that a resource does of its own accord, if it does any."""
    return [change_id(name, action) for action in intent_of(view, name).actions[-1:]]


def _read_changes(universe: Universe, name: Name) -> Set[ChangeId]:
    """Return the changes in the plan that change, or may change, a value which a resource reads."""
    view, planned = universe.view, universe.drafts.by_id
    read = view.effective[name].every_reference if name in view.effective else ()
    changed = (one for one in read if value_changes(view, one))
    return {change for one in changed for change in last_inferred(view, Name(one.name)) if change in planned}


def held_actions(universe: Universe, name: Name) -> List[str]:
    """Return what a held resource would have done; what would only be recorded has the name of its edit."""
    view, is_selected = universe.view, universe.view.is_selected(name)
    inferred = list(intent_of(universe.full if is_selected else view, name).actions)
    explicit = [] if inferred[-1:] == [REMOVE] else [a for a in view.pending_actions(name) if a not in (RUN, REPLACE)]
    return list(dict.fromkeys(inferred + explicit)) or ([recording_action(view, name)] if is_selected else [])


def recording_action(view: View, name: Name) -> str:
    """Return the action that a staged edit, or removal, is named by though nothing runs for it."""
    if name not in view.situation.staged:
        return REMOVE  # of what is gone already
    return UPDATE if view.situation.is_live(name) else RUN


# --- what is held, in words

Triggers = Tuple[Tuple[ChangeId, str], ...]


def held_changes(universe: Universe) -> Tuple[Held, ...]:
    """Return what is held back, in the order of the ids: resources with all they would do, and reactions."""
    held: Dict[ChangeId, Tuple[Hold, Triggers, Tuple[ChangeId, ...]]] = {}
    for name, hold in universe.holds.items():
        of = tuple(sorted(_read_changes(universe, name)))
        held.update((change_id(name, action), (hold, (), of)) for action in held_actions(universe, name))
    for draft in universe.drafts.held.values():
        assert draft.hold is not None, "that is why it is among these"
        held[draft.id] = draft.hold, tuple(sorted(draft.triggers.items())), tuple(sorted(draft.triggers))
    return tuple(_held(universe, identity, *held[identity]) for identity in sorted(held))


def _held(universe: Universe, identity: ChangeId, hold: Hold, triggers: Triggers, of: Tuple[ChangeId, ...]) -> Held:
    (name, action), view = split_change(identity), universe.view
    # What these would do if everything were selected, also if it is only recorded.
    would = {one: intent_of(universe.full, one).actions or (recording_action(view, one),) for one in hold.blockers}
    needs = tuple(sorted(hold.gates.union(change_id(one, action) for one, some in would.items() for action in some)))
    message = hold.why or _message(universe, hold, needs, triggers)
    return Held(
        identity, name, action, tuple(sorted(view.situation.tags(name))), hold.reason, needs, message, triggers, of
    )


def _message(universe: Universe, hold: Hold, needs: Tuple[ChangeId, ...], triggers: Triggers) -> str:
    if hold.reason == Reason.OUTSIDE:
        why = f"reacts on {', '.join(trigger for trigger, _ in triggers)}" if triggers else "reads what changes here"
        return f"it {why}, and its tags are not selected; --with-children takes it in"
    if hold.reason == Reason.NEEDS_READER:
        readers = ", ".join(sorted(hold.blockers))
        verb = "reads or names" if len(hold.blockers) == 1 else "read or name"
        return f"{readers} still {verb} it, as applied; select {', '.join(needs)} too, or take in --with-children"
    which, them = ("which is", "it") if len(needs) == 1 else ("which are", "them")
    if hold.gates:
        return f"it waits for {', '.join(sorted(hold.gates))}, {which} not done; --with-parents takes {them} in"
    gone = sorted(name for name in hold.blockers if universe.view.situation.has_unfinished_removal(name))
    if gone:
        return f"the removal of {', '.join(gone)} failed half-way: it needs {', '.join(needs)}, {which} not selected"
    return f"it needs {', '.join(needs)}, {which} not selected; --with-parents takes {them} in"
