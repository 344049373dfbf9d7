"""Changes that belong in a plan and may not run in it, with what is missing (docs/design.md, section 5)."""

from __future__ import annotations

from typing import Dict, List, Tuple

from stagectl.core.model import UPDATE, ChangeId, Name, change_id, split_change
from stagectl.core.planning.changes import Drafts, held_actions
from stagectl.core.planning.situation import Hold, Intent
from stagectl.core.planning.universe import Universe
from stagectl.core.plans.plan import Held, Reason

Triggers = Tuple[Tuple[ChangeId, str], ...]


def held_changes(universe: Universe, drafts: Drafts) -> Tuple[Held, ...]:
    """Return what is held back, in the order of the ids: resources with all they would do, and reactions."""
    found: Dict[ChangeId, Held] = {}
    for name, hold in universe.holds.items():
        for action in held_actions(universe, name):
            found[change_id(name, action)] = _held(universe, change_id(name, action), hold)
    for identity, reaction in drafts.held.items():
        found[identity] = _held(universe, identity, reaction.hold, tuple(sorted(reaction.triggers.items())))
    return tuple(found[identity] for identity in sorted(found))


def _held(universe: Universe, identity: ChangeId, hold: Hold, triggers: Triggers = ()) -> Held:
    name, action = split_change(identity)
    needs = tuple(sorted(need for blocker in hold.blockers for need in _staged_changes(universe, blocker)))
    tags = tuple(sorted(universe.view.situation.tags(name)))
    message = hold.why or _message(hold.reason, needs, triggers)
    return Held(identity, name, action, tags, hold.reason, needs, message, triggers)


def _staged_changes(universe: Universe, name: Name) -> List[ChangeId]:
    """Return what a resource would do if everything were selected; `update` also if it is only recorded."""
    return [change_id(name, action) for action in universe.full.intents.get(name, Intent()).actions or (UPDATE,)]


def _message(reason: Reason, needs: Tuple[ChangeId, ...], triggers: Triggers) -> str:
    if reason == Reason.OUTSIDE:
        why = f"reacts on {', '.join(trigger for trigger, _ in triggers)}" if triggers else "reads what changes here"
        return f"it {why}, and its tags are not selected; --with-children takes it in"
    if reason == Reason.NEEDS_READER:
        return f"a live resource still reads it; select {', '.join(needs)} too"
    which, them = ("which is", "it") if len(needs) == 1 else ("which are", "them")
    return f"it needs {', '.join(needs)}, {which} not selected; --with-parents takes {them} in"
