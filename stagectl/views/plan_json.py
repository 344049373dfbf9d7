"""A plan as JSON, `format_version` 1.0 (design, section 6)."""

from __future__ import annotations

import json
from typing import Any, Dict

from stagectl.core.diff import Difference
from stagectl.core.plan import FORMAT_VERSION, Change, Held, Plan, selection_json
from stagectl.core.values import as_written, dotted


def plan_json(plan: Plan) -> str:
    """Return a plan as one JSON document."""
    return json.dumps(plan_dict(plan), indent=2, ensure_ascii=False) + "\n"


def plan_dict(plan: Plan) -> Dict[str, Any]:
    """Return a plan as plain JSON values; keys may be added in later versions."""
    return {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.id,
        "base": {"commit": plan.base},
        "head": {"commit": plan.head, "dirty": plan.dirty},
        "selection": selection_json(plan.selection),
        "changes": [_change(change) for change in plan.changes],
        "held": [_held(held) for held in plan.held],
        "recorded": list(plan.recorded),
        "pending": list(plan.pending),
        "moved": [{"from": old, "to": new} for old, new in plan.moved],
        "summary": plan.summary(),
    }


def _change(change: Change) -> Dict[str, Any]:
    cause = change.cause
    return {
        "id": change.id,
        "resource": change.resource,
        "action": change.action,
        "kind": change.kind,
        "tags": list(change.tags),
        "cause": {"type": cause.type, "of": list(cause.of), "inputs": list(cause.inputs)},
        "diff": [difference_dict(entry, entry.path[0] in change.sensitive) for entry in change.diff],
        "after": list(change.after),
        "wave": change.wave,
    }


def difference_dict(difference: Difference, sensitive: bool) -> Dict[str, Any]:
    """Return one difference; a sensitive one without its values."""
    found: Dict[str, Any] = {"path": dotted(difference.path), "op": difference.op, "before": None, "after": None}
    if sensitive:
        return {**found, "sensitive": True}
    return {**found, "before": as_written(difference.before), "after": as_written(difference.after)}


def _held(held: Held) -> Dict[str, Any]:
    return {
        "id": held.id,
        "resource": held.resource,
        "action": held.action,
        "tags": list(held.tags),
        "reason": held.reason,
        "needs": list(held.needs),
        "message": held.message,
    }
