"""What an apply does and did, as text."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping

from stagectl.core.model import ChangeId
from stagectl.core.plans.plan import Change
from stagectl.core.running.outcome import ERROR, INPROGRESS, NOOP, SKIPPED, STATES, SUCCESS, UNKNOWN, Outcome
from stagectl.core.running.runs import Application
from stagectl.views.text import BOLD, list_words, paint, pluralize, safe, state_text

_LAST_LINES = 5
_BEHIND = "after "  # how the message of a change begins that was skipped because of another


def progress_line(change: Change, outcome: Outcome, *, colour: bool = False) -> str:
    """Return one step of a run: what started or ended; of a failure with the last lines of its output."""
    line = f"{change.id}: {state_text(outcome.state, colour)}"
    line += f" ({safe(outcome.message)})" if outcome.message else ""
    return "\n".join([line, *_last_lines(outcome)])


def _last_lines(outcome: Outcome) -> List[str]:
    ended_badly = outcome.state in (ERROR, UNKNOWN)
    return [f"    {safe(text)}" for text in outcome.output.splitlines()[-_LAST_LINES:]] if ended_badly else []


def apply_text(done: Application, *, record_only: bool = False, colour: bool = False) -> str:
    """Return the result of a run: what failed first, what that skipped, counts, the commit, and the next command."""
    lines = [*_failures(done, colour), *_skipped_lines(done, colour)]
    states = [outcome.state for outcome in done.outcomes.values()]
    counts = {state: f"{states.count(state)} {state_text(state, colour)}" for state in STATES if state in states}
    parts = list(counts.values())
    if record_only:
        left_out = [said for state, said in counts.items() if state != SUCCESS]
        parts = [f"{states.count(SUCCESS)} recorded as applied, nothing ran", *left_out]
        parts += [f"outputs stored: {list_words(done.given)}"] if done.given else []
    else:
        parts += [f"{len(done.plan.recorded)} recorded"] if done.plan.recorded else []
    lines.append(f"Applied: {', '.join(parts)}. Run {done.run}")
    commit = done.commit
    lines.append(f"The applied state is in commit {commit[:12]}." if commit else "The applied state did not move.")
    lines += [f"Next: {command}" for command in _next(done)]
    return "\n".join(lines) + "\n"


def _failures(done: Application, colour: bool) -> Iterator[str]:
    """Yield every change that failed or whose end is unknown, with the last lines of its output."""
    for change in done.plan.changes:
        outcome = done.outcomes[change.id]
        if outcome.state in (ERROR, UNKNOWN):
            name = paint(change.id, BOLD, colour)
            yield f"  {name}  {state_text(outcome.state, colour)}  {safe(outcome.message)}".rstrip()
            yield from (f"  {line}" for line in _last_lines(outcome))


def _skipped_lines(done: Application, colour: bool) -> Iterator[str]:
    """Yield what was skipped, a line for each cause: the change that failed, or what was said on the command line."""
    causes: Dict[str, List[ChangeId]] = {}
    for change in done.plan.changes:
        if done.outcomes[change.id].state == SKIPPED:
            causes.setdefault(_cause(change.id, done.outcomes), []).append(change.id)
    for cause, changes in causes.items():
        yield f"  {pluralize(len(changes), 'change')}  {state_text(SKIPPED, colour)}  {cause}: {list_words(changes)}"


def _cause(identity: ChangeId, outcomes: Mapping[ChangeId, Outcome]) -> str:
    """Return why a change was skipped: the first one of its chain that was not, or what its message says."""
    message = outcomes[identity].message
    behind = ChangeId(message[len(_BEHIND) :])
    if not message.startswith(_BEHIND) or behind not in outcomes:
        return safe(message) or "left out"
    return _cause(behind, outcomes) if outcomes[behind].state == SKIPPED else safe(message)


def _next(done: Application) -> Iterator[str]:
    """Yield the command that goes on from here, where something is left."""
    states = {outcome.state for outcome in done.outcomes.values()}
    if UNKNOWN in states:
        yield "stagectl resume"
    elif not done.is_complete and (ERROR in states or done.interrupted):
        yield f"stagectl retry {done.run}, or mend what failed, and: stagectl stage && stagectl apply"
    elif states - {SUCCESS, NOOP, INPROGRESS}:
        yield "stagectl plan (what was left out is pending)"
