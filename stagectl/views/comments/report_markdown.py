"""A run as Markdown, for the comment of a pull request and the page of a job: what failed first, then what is left."""

from __future__ import annotations

from typing import Dict, Iterator, List

from stagectl.core.model import ChangeId
from stagectl.core.running.outcome import ERROR, SKIPPED, STATES, UNKNOWN
from stagectl.core.running.runs import Record
from stagectl.views.markdown import code, details, fence, prose, table
from stagectl.views.report import duration, outcome_of, run_state, seconds_of
from stagectl.views.text import list_words, pluralize

_MOST_FAILED, _MOST_ROWS, _LAST_LINES, _LONGEST = 20, 200, 15, 300


def report_markdown(record: Record, now: float) -> str:
    """Return a run as Markdown; now: seconds since the epoch, for a run that goes on."""
    parts = [_head(record), _failed_rows(record), _skipped_rows(record), _changes(record, now), _next(record)]
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def _head(record: Record) -> Iterator[str]:
    header = record.header
    states = [outcome_of(record, change.id).state for change in header.plan.changes]
    counts = ", ".join(f"{states.count(state)} {state}" for state in STATES if state in states)
    recorded = f"{len(header.plan.recorded)} recorded" if header.plan.recorded else ""
    yield f"### Applied: {', '.join(filter(None, (counts, recorded))) or 'nothing'}"
    yield ""
    yield f"- run {code(header.run)}: {run_state(record)}, by {code(header.by)}, of commit {code(header.source[:12])}"
    yield f"- plan id: {code(header.plan.id)}"
    if header.plan.recorded:
        yield f"- recorded, nothing ran: {list_words(header.plan.recorded, 8, code)}"
    yield f"- applied commit: {code(record.commit[:12]) if record.commit else 'none, the applied state did not move'}"


def _failed_rows(record: Record) -> Iterator[str]:
    found = [change.id for change in record.header.plan.changes if _state(record, change.id) in (ERROR, UNKNOWN)]
    for identity in found[:_MOST_FAILED]:
        outcome = outcome_of(record, identity)
        yield f"**{outcome.state}** {code(identity)}: {code(outcome.message[:_LONGEST])}"
        lines = [line[:_LONGEST] for line in outcome.output.splitlines()[-_LAST_LINES:]]
        if lines:
            yield ""
            yield fence("text", lines)
        yield ""
    if len(found) > _MOST_FAILED:
        yield f"... and {len(found) - _MOST_FAILED} more"


def _skipped_rows(record: Record) -> Iterator[str]:
    behind: Dict[str, List[ChangeId]] = {}
    for change in record.header.plan.changes:
        if _state(record, change.id) == SKIPPED:
            behind.setdefault(outcome_of(record, change.id).message[:_LONGEST], []).append(change.id)
    for message, changes in list(behind.items())[:_MOST_FAILED]:
        yield f"- **{SKIPPED}** {prose(message)}: {list_words(changes, 8, code)}"


def _changes(record: Record, now: float) -> Iterator[str]:
    changes = record.header.plan.changes
    if not changes:
        return
    rows = [
        (code(change.id), _state(record, change.id), _took(record, change.id, now)) for change in changes[:_MOST_ROWS]
    ]
    more = [f"\n... and {len(changes) - _MOST_ROWS} more"] if len(changes) > _MOST_ROWS else []
    yield from details(pluralize(len(changes), "change"), [*table(("change", "state", "took"), rows), *more])


def _took(record: Record, change: ChangeId, now: float) -> str:
    return duration(seconds_of(record, change, now)) if change in record.begun else ""  # else it never started


def _next(record: Record) -> Iterator[str]:
    if run_state(record) in ("incomplete", "interrupted"):
        yield "What did not succeed stays pending, and is in the next plan. Mend it, and open a pull request with that;"
        yield "to try the same again, run the plan of what is left by hand."


def _state(record: Record, identity: ChangeId) -> str:
    return outcome_of(record, identity).state
