"""Gates: what waits for an action of a parent that has yet to succeed (docs/design.md, section 5, rule 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import FrozenSet, Iterator

from stagectl.core.graph import grouped
from stagectl.core.model import REMOVE, REPLACE, RUN, UPDATE, ChangeId, Name, change_id, split_change
from stagectl.core.planning.changes import Draft, Drafts, draft_changes
from stagectl.core.planning.situation import Hold
from stagectl.core.planning.view import Universe, View
from stagectl.core.plans.plan import CauseType, Reason

_ALONE = (CauseType.OWED, CauseType.REACTION)  # held by itself; with any other change all of the resource are


def gate(universe: Universe) -> View:
    """Return the universe's view with what waits for a gate held, the same view if nothing more does."""
    view = universe.view
    closing = frozenset(_closing(view))
    if not closing:
        return view
    drafts = draft_changes(universe)
    found = [(draft, gates) for draft in drafts.by_id.values() if (gates := _gates(view, drafts, draft) & closing)]
    barred = {draft.id: Hold(Reason.NEEDS_PARENT, gates=gates) for draft, gates in found if draft.cause in _ALONE}
    whole = grouped((draft.name, gates) for draft, gates in found if draft.cause not in _ALONE)
    holds = {name: Hold(Reason.NEEDS_PARENT, gates=frozenset().union(*gates)) for name, gates in whole.items()}
    return replace(view, holds={**view.holds, **holds}, barred={**view.barred, **barred}) if found else view


def _closing(view: View) -> Iterator[ChangeId]:
    """Yield the actions that a mapping form names and that are owed, unfinished, or staged and not done."""
    before = (form for state in view.situation.applied.values() for form in state.forms)
    for resource in (*view.effective.values(), *before):
        for changes in resource.depends_on_changes.values():
            yield from (change for change in changes if _is_open(view, *split_change(change)))


def _is_open(view: View, name: Name, action: str) -> bool:
    state, explicit = view.applied_state(name), view.situation.explicit(name)
    unfinished = state.unfinished.action if state.unfinished else None
    is_replaced = REPLACE in explicit and action in (RUN, UPDATE)
    return action in state.owed or action == unfinished or action in explicit or is_replaced


def _gates(view: View, drafts: Drafts, draft: Draft) -> FrozenSet[ChangeId]:
    """Return the actions that a change has to come after by the mapping form and that are not in the plan."""
    here = view.effective.get(draft.name)
    forms = [*(view.applied_state(draft.name).forms if draft.action == REMOVE else ()), *([here] if here else ())]
    called = drafts.actions_seen(draft.name, draft.action)
    mapped = [named for form in forms for action, named in form.depends_on_changes.items() if action in called]
    return frozenset(change for named in mapped for change in named if not _is_there(drafts, change))


def _is_there(drafts: Drafts, change: ChangeId) -> bool:
    name, action = split_change(change)
    return change in drafts.by_id or (action == UPDATE and change_id(name, RUN) in drafts.by_id)
