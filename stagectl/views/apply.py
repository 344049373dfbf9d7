"""What an apply does and did, as text."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional

from stagectl.core.model import ChangeId, Oid
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.running.outcome import ERROR, INPROGRESS, NOOP, SKIPPED, SUCCESS, Outcome
from stagectl.views.text import safe

_WORDS = {INPROGRESS: "started", SUCCESS: "done", ERROR: "FAILED", SKIPPED: "skipped", NOOP: "nothing to do"}
_LAST_LINES = 5


def progress_line(change: Change, outcome: Outcome) -> str:
    """Return one step of a run: what started or ended; of a failure with the last lines of its output."""
    line = f"{change.id}: {_WORDS.get(outcome.state, outcome.state.lower())}"
    line += f" ({safe(outcome.message)})" if outcome.message else ""
    if outcome.state != ERROR:
        return line
    return "\n".join([line, *(f"    {safe(text)}" for text in outcome.output.splitlines()[-_LAST_LINES:])])


def apply_text(
    plan: Plan, run: str, outcomes: Mapping[ChangeId, Outcome], commit: Optional[Oid], *, record_only: bool = False
) -> str:
    """Return the result of a run: counts per state, what failed, and the commit."""
    counts: Dict[str, int] = {}
    for outcome in outcomes.values():
        counts[outcome.state] = counts.get(outcome.state, 0) + 1
    told = [f"{counts[state]} {word}" for state, word in _WORDS.items() if state in counts]
    told += [f"{len(plan.recorded)} recorded"] if plan.recorded else []
    if record_only:
        told = [f"{len(outcomes)} recorded as applied, nothing ran"]
    lines: List[str] = [f"Applied: {', '.join(told)}. Run {run}"]
    lines += [
        f"  {change.id}  {outcomes[change.id].state}  {safe(outcomes[change.id].message)}".rstrip()
        for change in plan.changes
        if outcomes[change.id].state not in (SUCCESS, NOOP)
    ]
    lines.append(f"The applied state is in commit {commit[:12]}." if commit else "The applied state did not move.")
    return "\n".join(lines) + "\n"
