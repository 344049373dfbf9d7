"""From a selection to a scope: which resources, and of which only some changes (section 5, rule 2; section 11)."""

from __future__ import annotations

from typing import Dict, FrozenSet, List

from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import CHANGE, REPLACE, STANDARD_ACTIONS, ChangeId, Name, change_id, split_change
from stagectl.core.planning.changes import Universe
from stagectl.core.planning.checks import ImpossiblePlan, claim_troubles
from stagectl.core.planning.intents import intent_of
from stagectl.core.planning.moves import old_names, together
from stagectl.core.planning.situation import Scope, Situation
from stagectl.core.plans.plan import CauseType
from stagectl.core.plans.selection import Selection, World, match_names, select
from stagectl.core.plans.tags import tag_test


def world_of(situation: Situation) -> World:
    """Return what a selection chooses from: staged and live resources, staged tags first."""
    live = {name: applied.resource for name, applied in situation.applied.items() if applied.resource is not None}
    tags = {name: situation.tags(name) for name in situation.names}
    aliases = old_names(situation.staged.values(), live.values(), moves=situation.moves)
    return World.of(situation.staged, live, tags=tags, aliases=aliases, vocabulary=situation.vocabulary)


def renamed_notes(selection: Selection, world: World) -> List[str]:
    """Return for each name asked for that a resource had before what it is called now, in words."""
    globs = (split_change(ChangeId(n))[0] if CHANGE.fullmatch(n) else n.strip("+0123456789") for n in selection.names)
    return [f"{old} is {world.now(old)} now" for old in dict.fromkeys(globs) if world.now(old) != old]


def scope_of(selection: Selection, world: World, full: Universe) -> Scope:
    """Return what a selection asks for; raises StagectlError for what does not exist, and for nothing."""
    selection = selection.with_current_names(world)
    chosen = select(selection.of_resources(world), world)
    in_tags = None if selection.with_children else tag_test(selection.tags)
    changes = selection.changes(world)
    if chosen is None or not changes:
        return Scope(chosen, in_tags)
    whole = {name for pattern in selection.names if pattern not in changes for name in match_names(pattern, world)}
    alone: Dict[Name, FrozenSet[str]] = {}
    wrong = claim_troubles(full.view.situation, {split_change(change)[0] for change in changes}.__contains__)
    if wrong:
        raise ImpossiblePlan(wrong)
    for name, action in map(split_change, changes):
        if name in chosen and name not in whole:
            alone[name] = alone.get(name, frozenset()) | _asked_actions(full, name, action)
    moves = full.view.situation.moves
    for name in sorted(alone.keys() & {*moves, *moves.values()}):  # a move is applied whole
        why = f"{name} is moved, which is not applied yet; none of its changes can be selected alone"
        raise StagectlError(why, f"apply the move as well: stagectl apply {' '.join(sorted(together(moves, {name})))}")
    as_applied = {name for name, actions in alone.items() if actions.isdisjoint(intent_of(full.view, name).actions)}
    return Scope(chosen - as_applied, in_tags, alone)


def _asked_actions(full: Universe, name: Name, action: str) -> FrozenSet[str]:
    """Return the actions that a change which was asked for stands for: a replace is taken whole."""
    identity = change_id(name, action)
    draft = full.drafts.by_id.get(identity)
    if draft is None:
        _check_action(full, name, action)
    elif draft.cause == CauseType.REACTION:
        triggers = ", ".join(sorted(draft.of))
        raise StagectlError(f"{identity} follows from {triggers}, and cannot be selected alone", f"select {triggers}")
    inferred = intent_of(full.view, name).actions
    return frozenset({*inferred, action, REPLACE} if action in inferred else {action})


def _check_action(full: Universe, name: Name, action: str) -> None:
    """Raise StagectlError for an action that a resource cannot have, or that was never staged."""
    situation, state = full.view.situation, full.view.applied_state(name)
    resource = situation.staged.get(name) or state.resource
    kind = situation.kinds.get(resource.kind) if resource is not None else None
    if kind is not None and action not in kind.verbs():
        near = nearest(action, kind.verbs())
        hint = f"the actions of kind {kind.name} are: {', '.join(kind.verbs())}"
        raise StagectlError(f"'{name}' has no action '{action}'{near}", hint)
    # What was done already is nothing to do, so that a job may run again; what was never asked for is a mistake.
    asked = situation.staged[name].actions if name in situation.staged else {}
    if action not in {*STANDARD_ACTIONS, *asked, *state.stamps}:
        hint = f"stage it: stagectl stage {name} -a {action}"
        raise StagectlError(f"nothing is staged for {name}.{action}, and it was never done", hint)
