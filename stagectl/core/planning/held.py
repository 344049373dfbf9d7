"""Changes that belong in a plan and may not run in it, with what is missing (docs/design.md, section 5)."""

from __future__ import annotations

from typing import Dict, List, Tuple

from stagectl.core.model import ChangeId, Name, change_id, split_change
from stagectl.core.planning.changes import Drafts, held_actions, read_changes, recording_action
from stagectl.core.planning.intents import intent_of
from stagectl.core.planning.situation import Hold
from stagectl.core.planning.view import Universe
from stagectl.core.plans.plan import Held, Reason

Triggers = Tuple[Tuple[ChangeId, str], ...]


def held_changes(universe: Universe, drafts: Drafts) -> Tuple[Held, ...]:
    """Return what is held back, in the order of the ids: resources with all they would do, and reactions."""
    found: Dict[ChangeId, Held] = {}
    for name, hold in universe.holds.items():
        of = tuple(sorted(read_changes(universe, drafts, name)))
        for action in held_actions(universe, name):
            found[change_id(name, action)] = _hold(universe, change_id(name, action), hold, of=of)
    for identity, draft in drafts.held.items():
        assert draft.hold is not None, "that is why it is among these"
        found[identity] = _hold(universe, identity, draft.hold, tuple(sorted(draft.triggers.items())))
    return tuple(found[identity] for identity in sorted(found))


def _hold(
    universe: Universe, identity: ChangeId, hold: Hold, triggers: Triggers = (), of: Tuple[ChangeId, ...] = ()
) -> Held:
    name, action = split_change(identity)
    missing = {need for blocker in hold.blockers for need in _staged_changes(universe, blocker)}
    needs = tuple(sorted(missing | hold.gates))
    tags = tuple(sorted(universe.view.situation.tags(name)))
    message = hold.why or _message(universe, hold, needs, triggers)
    of = of or tuple(trigger for trigger, _ in triggers)
    return Held(identity, name, action, tags, hold.reason, needs, message, triggers, of)


def _staged_changes(universe: Universe, name: Name) -> List[ChangeId]:
    """Return what a resource would do if everything were selected, also if it is only recorded."""
    actions = intent_of(universe.full.view, name).actions or (recording_action(universe.view, name),)
    return [change_id(name, action) for action in actions]


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
