"""Inferred actions: what follows from a difference, and with which cause (design, section 5, rules 1, 4, 7, 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from stagectl.core.model import REMOVE, REPLACE, RUN, UPDATE, Applied, Name, Resource
from stagectl.core.planning.situation import Intent
from stagectl.core.values import differing, same

if TYPE_CHECKING:
    from stagectl.core.planning.universe import Universe


def intent_of(universe: Universe, name: Name) -> Intent:
    """Return the inferred actions of a resource (rules 1, 4, 7) and their cause (rule 13)."""
    applied = universe.applied(name)
    if name not in universe.effective:
        gone = universe.is_staged_here(name) and (applied.live or applied.unfinished is not None)
        return Intent((REMOVE,), "staged" if applied.live else "unfinished") if gone else Intent()
    resource = universe.effective[name]
    if applied.resource is None:
        tried = applied.unfinished
        again = tried is not None and tried.kind == resource.kind and same(dict(tried.inputs), universe.inputs(name))
        return Intent((RUN,), "unfinished" if again else "staged", tuple(sorted(resource.inputs)))
    return _intent_of_live(universe, name, resource, applied, applied.resource)


def _intent_of_live(universe: Universe, name: Name, resource: Resource, applied: Applied, before: Resource) -> Intent:
    after = universe.inputs(name)
    unresolved = [key for key in resource.inputs if key not in after]
    if name in universe.shown:  # what a parent took away is the parent's matter: it is held for it
        after.update({key: applied.inputs[key] for key in unresolved if key in applied.inputs})
        unresolved = []
    changed = tuple(sorted({*differing(applied.inputs, after), *unresolved}))
    selected = universe.is_staged_here(name)
    if (not selected and not changed) or universe.is_left_alone(name):
        return Intent()
    if _is_replace(universe, name, resource, before, changed, selected):
        return Intent((REMOVE, RUN), REPLACE, changed)
    unfinished = applied.unfinished
    if not changed and unfinished is None:
        return Intent()
    action = RUN if unfinished is not None and unfinished.action in (REMOVE, RUN) else UPDATE
    if selected and any(_raw_differs(before, resource, key) for key in changed):
        return Intent((action,), "staged", changed)
    return Intent((action,), "unfinished" if unfinished is not None else "child", changed)


def _is_replace(
    universe: Universe, name: Name, resource: Resource, before: Resource, changed: Iterable[str], selected: bool
) -> bool:
    kind = universe.situation.kinds.get(resource.kind)
    explicit = selected and REPLACE in universe.explicit(name)
    return explicit or resource.kind != before.kind or bool(kind and kind.replace_on.intersection(changed))


def _raw_differs(before: Resource, after: Resource, key: str) -> bool:
    if key not in before.inputs or key not in after.inputs:
        return True
    return not same(before.inputs[key], after.inputs[key])
