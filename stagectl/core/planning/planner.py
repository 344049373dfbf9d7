"""From a situation and a selection to a plan (design, section 5); the parts are in universe, changes and order."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Optional, Tuple

from stagectl.core.diff import diff
from stagectl.core.errors import StagectlError
from stagectl.core.graph import Ring, topological, waves
from stagectl.core.model import REMOVE, RUN, UPDATE, ChangeId, Name, change_id, split_change
from stagectl.core.planning.changes import Draft, Drafts, held_actions
from stagectl.core.planning.checks import (
    ImpossiblePlan,
    Schemas,
    Sensitive,
    all_troubles,
    find_still_read,
    find_troubles,
    still_read_error,
)
from stagectl.core.planning.order import predecessors
from stagectl.core.planning.situation import Hold, Scope, Situation
from stagectl.core.planning.universe import Universe
from stagectl.core.plans.document import with_id
from stagectl.core.plans.plan import NEEDS_PARENT, NEEDS_READER, OUTSIDE, Cause, Change, Held, Plan, Target
from stagectl.core.plans.selection import Selection, World, select, tag_test
from stagectl.core.values import Inputs, differing


class CyclicPlan(StagectlError):
    """The order of the changes goes round in a circle; path is the circle, its first change repeated at the end."""

    def __init__(self, path: Tuple[str, ...]) -> None:
        super().__init__(
            f"the order of the changes goes in a circle: {' -> '.join(path)}",
            "each of these waits for the one before it: drop one of the relations, or name it under 'unordered'",
        )
        self.path = path


def world_of(situation: Situation) -> World:
    """Return what a selection chooses from: staged and live resources, staged tags first."""
    live = {name: applied.resource for name, applied in situation.applied.items() if applied.resource is not None}
    tags = {name: situation.tags(name) for name in situation.names()}
    return World.of(situation.staged, live, tags=tags)


def make_plan(situation: Situation, selection: Selection, world: Optional[World] = None) -> Plan:
    """Return the plan; raises StagectlError for a selection that matches nothing, and for every impossible plan.

    world: what the selection chooses from, where that is more than what is in the situation.
    """
    universe = universe_for(situation, selection, world)
    still_read = find_still_read(universe)
    if still_read:
        raise still_read_error(still_read)
    if find_troubles(universe):
        raise ImpossiblePlan(all_troubles(universe))
    return _Planner(universe).plan(selection)


def universe_for(situation: Situation, selection: Selection, world: Optional[World] = None) -> Universe:
    """Return the situation as a selection sees it, parents pulled in where it asks for them."""
    is_all = not selection.names and not selection.tags
    selected = None if is_all else select(selection, world or world_of(situation))
    while True:
        universe = Universe(situation, Scope(selected, tag_test(selection.tags), selection.with_children))
        missing = missing_parents(universe) if selection.with_parents and selected is not None else frozenset()
        if selected is None or not missing - selected:
            return universe
        selected |= missing


def missing_parents(universe: Universe) -> FrozenSet[Name]:
    """Return the resources whose staged changes others wait for."""
    holds = [hold for hold in universe.holds.values() if hold.reason == NEEDS_PARENT]
    return frozenset(blocker for hold in holds for blocker in hold.blockers)


class _Planner:
    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._drafts = Drafts(universe)
        self._sensitive = Sensitive(universe)

    def plan(self, selection: Selection) -> Plan:
        before = predecessors(self._universe, self._drafts)
        try:
            order = topological(before)
        except Ring as ring:
            raise CyclicPlan(ring.path) from None
        wave = waves(order, before)
        changes = tuple(
            self._change(self._drafts.by_id[identity], tuple(sorted(before[identity])), wave[identity])
            for identity in order
        )
        self._check_schemas(changes)
        recorded = self._recorded()
        kinds = self._universe.situation.kinds
        plan = Plan(
            selection=selection,
            changes=changes,
            held=self._held(),
            recorded=recorded,
            pending=self._pending(),
            moved=self._moved(),
            targets=self._targets(changes, recorded),
            kinds={change.kind: kinds[change.kind] for change in changes if change.kind in kinds},
        )
        return with_id(plan)

    def _change(self, draft: Draft, after: Tuple[ChangeId, ...], wave: int) -> Change:
        name = draft.name
        applied = self._universe.applied(name)
        resource = self._universe.effective.get(name)
        before: Optional[Inputs] = applied.inputs if applied.live else None
        inputs: Optional[Inputs] = self._universe.inputs(name) if resource is not None else None
        kind = resource.kind if resource else ""
        if draft.action == REMOVE:
            kind = (
                applied.resource.kind if applied.resource else applied.unfinished.kind if applied.unfinished else kind
            )
            if before is None and applied.unfinished is not None:
                before = applied.unfinished.inputs
        return Change(
            id=draft.id,
            resource=name,
            action=draft.action,
            kind=kind,
            tags=tuple(sorted(self._universe.situation.tags(name))),
            cause=Cause(draft.cause, tuple(sorted(self._drafts.behind(draft))), draft.inputs),
            diff=_diff_of(draft, before, inputs),
            after=after,
            wave=wave,
            before=before,
            inputs=before if draft.action == REMOVE else inputs,
            sensitive=self._sensitive_of(name),
            triggers=tuple(sorted(draft.triggers.items())),
            stamps=draft.stamps,
        )

    def _sensitive_of(self, name: Name) -> FrozenSet[str]:
        applied = self._universe.applied(name)
        tried = applied.unfinished.sensitive if applied.unfinished else frozenset()
        return self._sensitive.of(name) | applied.sensitive | tried

    def _check_schemas(self, changes: Tuple[Change, ...]) -> None:
        kinds, schemas = self._universe.situation.kinds, Schemas()
        troubles = [
            trouble
            for change in changes
            if change.action in (RUN, UPDATE) and change.kind in kinds and change.inputs is not None
            for trouble in schemas.troubles(change.resource, kinds[change.kind], change.inputs)
        ]
        if troubles:
            raise ImpossiblePlan(troubles)

    # --- what is held back, recorded and pending

    def _held(self) -> Tuple[Held, ...]:
        found: Dict[ChangeId, Held] = {}
        for name, hold in self._universe.holds.items():
            for action in held_actions(self._universe, name):
                held = self._held_change(name, action, hold)
                found[held.id] = held
        for identity, reaction in self._drafts.held.items():
            held = self._held_change(*split_change(identity), reaction.hold, tuple(sorted(reaction.triggers.items())))
            found[identity] = held
        return tuple(found[identity] for identity in sorted(found))

    def _held_change(
        self, name: Name, action: str, hold: Hold, triggers: Tuple[Tuple[ChangeId, str], ...] = ()
    ) -> Held:
        needs = tuple(sorted(need for blocker in hold.blockers for need in self._staged_changes(blocker)))
        tags = tuple(sorted(self._universe.situation.tags(name)))
        message = _message(hold.reason, needs, triggers)
        return Held(change_id(name, action), name, action, tags, hold.reason, needs, message, triggers)

    def _staged_changes(self, name: Name) -> List[ChangeId]:
        """Return what a resource would do if everything were selected; `update` also if it is only recorded."""
        actions = self._universe.full.intents[name].actions or (UPDATE,)
        return [change_id(name, action) for action in actions]

    def _recorded(self) -> Tuple[Name, ...]:
        """Return the resources whose staged file differs from the applied one in nothing that acts."""
        universe = self._universe
        acting = {draft.name for draft in self._drafts.by_id.values() if draft.cause not in ("reaction", "owed")}
        return tuple(
            name
            for name in universe.situation.names()
            if universe.is_staged_here(name)
            and universe.situation.is_live(name)
            and name in universe.situation.staged
            and name not in acting
            and universe.situation.is_edited(name)
        )

    def _moved(self) -> Tuple[Tuple[Name, Name], ...]:
        universe = self._universe
        moves = universe.situation.moves.items()
        return tuple((old, new) for new, old in sorted(moves) if universe.is_staged_here(new))

    def _pending(self) -> Tuple[ChangeId, ...]:
        """Return what an unselected plan would do of its own accord with resources that were not selected."""
        universe = self._universe
        if universe.scope.selected is None:
            return ()
        found = [
            draft.id
            for draft in Drafts(universe.full).by_id.values()
            if draft.cause in ("staged", "explicit", "replace", "unfinished") and not universe.is_selected(draft.name)
        ]
        return tuple(sorted(found))

    def _targets(self, changes: Tuple[Change, ...], recorded: Tuple[Name, ...]) -> Dict[Name, Target]:
        names = {change.resource for change in changes} | set(recorded)
        return {
            name: Target(self._universe.effective[name], self._universe.inputs(name), self._sensitive.of(name))
            for name in sorted(names)
            if name in self._universe.effective
        }


def _diff_of(draft: Draft, before: Optional[Inputs], inputs: Optional[Inputs]):  # type: ignore[no-untyped-def]
    if draft.cause in ("explicit", "reaction", "owed"):
        return ()
    if draft.action == REMOVE:
        return diff(before, None)
    if draft.action == RUN or before is None or inputs is None:
        return diff(None if draft.action == RUN else before, inputs)
    changed = differing(before, inputs)  # most inputs of most resources are as they were
    return diff(*({key: side[key] for key in changed if key in side} for side in (before, inputs)))


def _message(reason: str, needs: Tuple[ChangeId, ...], triggers: Tuple[Tuple[ChangeId, str], ...]) -> str:
    if reason == OUTSIDE:
        why = f"reacts on {', '.join(trigger for trigger, _ in triggers)}" if triggers else "reads what changes here"
        return f"it {why}, and its tags are not selected; --with-children takes it in"
    if reason == NEEDS_READER:
        return f"a live resource still reads it; select {', '.join(needs)} too"
    which, them = ("which is", "it") if len(needs) == 1 else ("which are", "them")
    return f"it needs {', '.join(needs)}, {which} not selected; --with-parents takes {them} in"
