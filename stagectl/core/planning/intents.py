"""Inferred actions: what follows from a difference, and why (docs/design.md, section 5, rules 1, 4, 7, 13)."""

from __future__ import annotations

from typing import Dict, Iterable

from stagectl.core.model import REMOVE, RENAME, REPLACE, RUN, UPDATE, Applied, Name, Resource
from stagectl.core.planning.moves import renames
from stagectl.core.planning.situation import Intent
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import CauseType
from stagectl.core.values import differing, same


def intents_of(view: View) -> Dict[Name, Intent]:
    """Return what each resource does of its own accord."""
    return {name: intent_of(view, name) for name in view.situation.names()}


def intent_of(view: View, name: Name) -> Intent:
    """Return the inferred actions of a resource (rules 1, 4, 7) and their cause (rule 13)."""
    applied = view.applied(name)
    if name not in view.effective:
        gone = view.is_staged_here(name) and (applied.live or applied.unfinished is not None)
        return Intent((REMOVE,), _first_cause(not applied.live)) if gone else Intent()
    resource = view.effective[name]
    before = applied.resource
    if before is None:
        tried = applied.unfinished
        again = tried is not None and tried.kind == resource.kind and same(dict(tried.inputs), view.inputs(name))
        return Intent((RUN,), _first_cause(again), tuple(sorted(resource.inputs)))
    intent = _intent_of_live(view, name, resource, applied, before)
    if name in view.situation.moves and view.is_staged_here(name) and renames(before, view.situation.kinds):
        return Intent((RENAME, *intent.actions), intent.cause or CauseType.STAGED, intent.inputs)
    return intent


def _intent_of_live(view: View, name: Name, resource: Resource, applied: Applied, before: Resource) -> Intent:
    after = view.inputs(name)
    unresolved = [key for key in resource.inputs if key not in after]
    if name in view.shown:  # what a parent took away is the parent's matter: it is held for it
        after.update({key: applied.inputs[key] for key in unresolved if key in applied.inputs})
        unresolved = []
    changed = tuple(sorted({*differing(applied.inputs, after), *unresolved}))
    selected = view.is_staged_here(name)
    if (not selected and not changed) or view.is_left_alone(name):
        return Intent()
    if _is_replace(view, name, resource, before, changed, selected):
        return Intent((REMOVE, RUN), CauseType.REPLACE, changed)
    unfinished = applied.unfinished
    if not changed and unfinished is None:
        return Intent()
    action = RUN if unfinished is not None and unfinished.action in (REMOVE, RUN) else UPDATE
    if selected and any(_raw_differs(before, resource, key) for key in changed):
        return Intent((action,), CauseType.STAGED, changed)
    return Intent((action,), CauseType.CHILD if unfinished is None else CauseType.UNFINISHED, changed)


def _first_cause(is_unfinished: bool) -> CauseType:
    return CauseType.UNFINISHED if is_unfinished else CauseType.STAGED


def _is_replace(
    view: View, name: Name, resource: Resource, before: Resource, changed: Iterable[str], selected: bool
) -> bool:
    kind = view.situation.kinds.get(resource.kind)
    explicit = selected and REPLACE in view.explicit(name)
    return explicit or resource.kind != before.kind or bool(kind and kind.replace_on.intersection(changed))


def _raw_differs(before: Resource, after: Resource, key: str) -> bool:
    if key not in before.inputs or key not in after.inputs:
        return True
    return not same(before.inputs[key], after.inputs[key])
