"""A plan as JSON (the form is in core/plans/document.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Sequence, Tuple

from stagectl.core.plans.document import json_pieces, selection_json
from stagectl.core.plans.plan import Plan

if TYPE_CHECKING:  # a plan alone is shown without them
    from stagectl.core.pictures.reports import Against
    from stagectl.core.plans.range_diff import RangeDiff


def plan_json(plan: Plan, since: Optional[RangeDiff] = None, against: Optional[Against] = None) -> str:
    """Return a plan as one JSON document.

    since: what became of a plan that was reviewed before; against: how it gets along with other branches.
    """
    return "".join(plan_json_pieces(plan, since, against))


def plan_json_pieces(plan: Plan, since: Optional[RangeDiff] = None, against: Optional[Against] = None) -> Iterator[str]:
    """Return the document piece by piece: a plan of a hundred thousand changes is no one string."""
    more = {} if since is None else {"since": _since_json(since)}
    if against is not None:
        from stagectl.views.plans.against import against_json

        more["against"] = against_json(against)
    return json_pieces(plan, more)


def _came_and_went(entries: Sequence[Tuple[Any, bool]]) -> Dict[str, Any]:
    return {"came": [entry for entry, came in entries if came], "went": [entry for entry, came in entries if not came]}


def _since_json(since: RangeDiff) -> Dict[str, Any]:
    return {
        "plan_id": since.reviewed.id,
        "unchanged": since.is_empty,
        "came": [change.id for change in since.came],
        "went": [change.id for change in since.went],
        "differ": [{"id": pair.after.id, "in": list(pair.aspects)} for pair in since.differ],
        "held": {
            "came": [held.id for held in since.held],
            "went": [held.id for held in since.freed],
            "differ": [held.id for _, held in since.reheld],
        },
        "recorded": _came_and_went(since.recorded),
        "moved": _came_and_went(since.moved),
        "kinds": list(since.kinds),
        "files": list(since.files),
        "selection": selection_json(since.reviewed.selection),
    }
