"""The values that a plan changes, and what it destroys: removals and replaces, which every view puts first."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Tuple

from stagectl.core.diff import Difference, Op, join_replace
from stagectl.core.model import REMOVE, RUN, ChangeId, change_id
from stagectl.core.plans.plan import Change, Plan
from stagectl.views.differences import by_entries
from stagectl.views.text import dotted_path, pluralize, value_text


def shown_differences(change: Change, removal: Optional[Change] = None) -> Tuple[Difference, ...]:
    """Return the values of a change worth showing; removal: the first half of the replace it ends, if it does."""
    if removal is None and change.action == REMOVE:
        return ()  # a resource that goes takes its values with it
    found = change.diff if removal is None else join_replace(removal.diff, change.diff)
    return by_entries(found, change.inputs, change.sensitive)


def pair_replaces(plan: Plan) -> List[Tuple[Change, Optional[Change]]]:
    """Return the changes as they are shown, a replace once: its run, with the removal before it."""
    by_id: Dict[ChangeId, Change] = {change.id: change for change in plan.changes}
    found = []
    for change in plan.changes:
        if change.action == REMOVE and change_id(change.resource, RUN) in by_id:
            continue
        removal = by_id.get(change_id(change.resource, REMOVE)) if change.action == RUN else None
        found.append((change, removal))
    return found


def destroying(plan: Plan) -> List[Tuple[Change, Optional[Change]]]:
    """Return the removals, and the replaces as pairs of run and removal."""
    if not any(change.action == REMOVE for change in plan.changes):
        return []
    return [
        (change, removal) for change, removal in pair_replaces(plan) if removal is not None or change.action == REMOVE
    ]


def going(change: Change, removal: Optional[Change]) -> Tuple[Difference, ...]:
    """Return the values that go with a removal, or with a replace those that come otherwise or not at all."""
    if removal is None:
        return change.diff
    return tuple(entry for entry in shown_differences(change, removal) if entry.op != Op.ADD)


def going_lines(change: Change, removal: Optional[Change], most: int) -> Iterator[str]:
    """Yield the values that go, one a line, and how many more there are."""
    found = going(change, removal)
    for entry in found[:most]:
        value = "(sensitive)" if entry.path[0] in change.sensitive else value_text(entry.before)
        yield f"{dotted_path(entry.path)}: {value}"
    if len(found) > most:
        yield f"... and {pluralize(len(found) - most, 'more value')}"


def destroys_text(plan: Plan) -> str:
    """Return how much a plan destroys, in words; "" where it destroys nothing."""
    found = destroying(plan)
    replaced = sum(removal is not None for _, removal in found)
    removed = len(found) - replaced
    words = [f"removes {pluralize(removed, 'resource')}"] if removed else []
    return " and ".join([*words, *([f"replaces {pluralize(replaced, 'resource')}"] if replaced else [])])
