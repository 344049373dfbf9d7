"""What a run did, as text and JSON."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Dict, List

from stagectl.core.model import ChangeId
from stagectl.core.pictures.status import outliving_text
from stagectl.core.printable import json_text
from stagectl.core.running.outcome import ERROR, INPROGRESS, PENDING, SKIPPED, UNKNOWN, Outcome
from stagectl.core.running.runs import Record, critical_path
from stagectl.core.values import leaves
from stagectl.views.text import BOLD, dotted_path, list_words, paint, safe, state_text, value_text

FORMAT_VERSION = "1.0"
_LAST_LINES = 5


def run_state(record: Record) -> str:
    """Return `running`, `interrupted`, `done` or `incomplete`."""
    if record.is_running:
        return "running"
    if record.is_interrupted:
        return "interrupted"
    if record.kept is not None:
        return "incomplete"
    states = {outcome_of(record, change.id).state for change in record.header.plan.changes}
    return "incomplete" if states & {ERROR, SKIPPED, UNKNOWN, PENDING} else "done"


def outcome_of(record: Record, identity: ChangeId) -> Outcome:
    """Return how a change ended, as far as is known."""
    outcome = record.outcomes.get(identity) or Outcome(PENDING)
    if outcome.state != INPROGRESS or record.is_running:
        return outcome
    process = record.outliving.get(identity)
    message = f"still runs, process {process}" if process else "its end was not seen"
    return replace(outcome, state=UNKNOWN, message=message)


def seconds_of(record: Record, identity: ChangeId, now: float) -> float:
    """Return how long a change took, or how long it has been running."""
    outcome = record.outcomes.get(identity) or Outcome(PENDING)
    is_going_on = outcome.state == INPROGRESS and record.is_running
    return now - record.begun[identity] if is_going_on else outcome.seconds


def total_of(record: Record, now: float) -> float:
    """Return how long a run took or has been going on; one that was interrupted, until the last that is known of it."""
    last = (begun + record.outcomes[identity].seconds for identity, begun in record.begun.items())
    until = now if record.is_running else max(last, default=record.header.started)
    return (until if record.ended is None else record.ended) - record.header.started


def _critical_path(record: Record, now: float) -> float:
    return critical_path(
        record.header.plan, {identity: seconds_of(record, identity, now) for identity in record.outcomes}
    )


def report_json(record: Record, now: float) -> str:
    """Return a run as one JSON document; now: seconds since the epoch, for a run that goes on."""
    header = record.header
    raw: Dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "run": header.run,
        "state": run_state(record),
        "plan_id": header.plan.id,
        "source": header.source,
        "base": header.base,
        "commit": record.commit,
        "kept": record.kept,
        "by": header.by,
        "record_only": header.record_only,
        "retries": header.retries or None,
        "started": _time(header.started),
        "ended": None if record.ended is None else _time(record.ended),
        "seconds": round(total_of(record, now), 3),
        "critical_path_seconds": round(_critical_path(record, now), 3),
        "changes": [_change_json(record, change.id, now) for change in header.plan.changes],
        "recorded": list(header.plan.recorded),
    }
    return json_text(raw, indent=2) + "\n"


def _change_json(record: Record, identity: ChangeId, now: float) -> Dict[str, Any]:
    outcome = outcome_of(record, identity)
    begun = record.begun.get(identity)
    return {
        "id": identity,
        "state": outcome.state,
        "started": None if begun is None else _time(begun),
        "seconds": round(seconds_of(record, identity, now), 3),
        "changed": outcome.reported,
        "message": outcome.message,
        "output": outcome.output.splitlines(),
        **({"outputs": dict(outcome.outputs)} if outcome.outputs else {}),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def report_text(record: Record, now: float, *, colour: bool = False) -> str:
    """Return a run for people: what failed first, then a line per change in its order, the time it took."""
    header = record.header
    lines = [f"Run {header.run}: {run_state(record)}, by {safe(header.by)}, of commit {header.source[:12]}"]
    ids = [change.id for change in header.plan.changes]
    for identity in sorted(ids, key=lambda identity: outcome_of(record, identity).state not in (ERROR, UNKNOWN)):
        lines += change_lines(record, identity, now, colour)
    if header.plan.recorded:
        lines.append(f"  Recorded, nothing ran: {list_words(header.plan.recorded)}")
    took = "Has been going on for" if record.is_running else "Took"
    path = _critical_path(record, now)
    lines.append(f"{took} {duration(total_of(record, now))}; the longest chain of changes {duration(path)}.")
    if record.kept is not None:
        lines.append(f"It could not be recorded; the commit {record.kept[:12]} keeps what it did.")
    elif record.is_interrupted:
        lines.extend(outliving_text(record.outliving))
        lines.append("It was interrupted. Next: stagectl resume")
    elif run_state(record) == "incomplete":
        lines.append(f"Next: stagectl retry {header.run}")
    return "\n".join(lines) + "\n"


def change_lines(record: Record, identity: ChangeId, now: float, colour: bool = False) -> List[str]:
    """Return what became of one change; times count from the start of the run."""
    outcome = outcome_of(record, identity)
    begun = record.begun.get(identity)
    when = "" if begun is None else f"  at {duration(begun - record.header.started)}"
    if begun is not None and outcome.state != UNKNOWN:
        when += f", {duration(seconds_of(record, identity, now))}"
    message = f"  {safe(outcome.message)}" if outcome.message else ""
    last = outcome.output.splitlines()[-_LAST_LINES:] if outcome.state in (ERROR, INPROGRESS, UNKNOWN) else []
    below = [*output_lines(outcome), *map(safe, last)]
    state = state_text(outcome.state, colour, 10)
    return [f"  {state} {paint(identity, BOLD, colour)}{when}{message}", *(f"      {line}" for line in below)]


def output_lines(outcome: Outcome) -> List[str]:
    """Return what an action reported, a line per value."""
    found = leaves(outcome.outputs) if outcome.outputs else ()
    return [f"{dotted_path(path)} = {value_text(leaf)}" for path, leaf in found]


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(max(seconds, 0.0), 60)
    return f"{int(minutes)} min {rest:.0f} s" if minutes else f"{rest:.1f} s"
