"""A run as events, one JSON document per line (`--json`)."""

from __future__ import annotations

from typing import Any, Dict

from stagectl.core.plans.plan import Change
from stagectl.core.printable import json_text
from stagectl.core.running.outcome import ERROR, INPROGRESS, SKIPPED, UNKNOWN, Outcome
from stagectl.core.running.runs import Application

FORMAT_VERSION = "1.0"
_TYPES = {INPROGRESS: "change_start", ERROR: "change_failed", UNKNOWN: "change_failed", SKIPPED: "change_skipped"}


def version_event(version: str) -> str:
    """Return the first event of every stream."""
    return _line({"type": "version", "format_version": FORMAT_VERSION, "stagectl": version})


def change_event(run: str, change: Change, outcome: Outcome) -> str:
    """Return the event of a change that starts or ends."""
    event: Dict[str, Any] = {
        "type": _TYPES.get(outcome.state, "change_complete"),
        "run": run,
        "id": change.id,
        "resource": change.resource,
        "action": change.action,
        "state": outcome.state,
    }
    if outcome.state != INPROGRESS:
        event.update(changed=outcome.reported, message=outcome.message, seconds=round(outcome.seconds, 3))
        event.update(output=outcome.output.splitlines())
        event.update({"outputs": dict(outcome.outputs)} if outcome.outputs else {})
    return _line(event)


def summary_event(done: Application) -> str:
    """Return the last event."""
    states = [outcome.state for outcome in done.outcomes.values()]
    return _line(
        {
            "type": "summary",
            "run": done.run,
            "plan_id": done.plan.id,
            "commit": done.commit,
            "complete": done.is_complete,
            "interrupted": done.interrupted,
            **({"unshared": done.unshared} if done.unshared else {}),
            "states": {state: states.count(state) for state in sorted(set(states))},
            "recorded": list(done.plan.recorded),
            **({"outputs": list(done.given)} if done.given else {}),
        }
    )


def _line(event: Dict[str, Any]) -> str:
    return json_text(event) + "\n"
