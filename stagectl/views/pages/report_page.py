"""A run over time, as a page: a bar per change, the chain of changes that made it as long as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

from stagectl.core.model import ChangeId
from stagectl.core.running.outcome import ERROR, UNKNOWN, Outcome
from stagectl.core.running.runs import Record, critical_chain
from stagectl.views.pages.html import asset, html_page
from stagectl.views.pages.svg import text_of
from stagectl.views.report import duration, outcome_of, output_lines, run_state, seconds_of, total_of
from stagectl.views.text import list_words, pluralize, safe, sign_of

_ROW, _TOP, _WIDTH, _CHARACTER = 22, 26, 760, 7.3
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_MOST_LINES = 20  # of output, per change


@dataclass(frozen=True)
class _TimelineBar:
    """One change. start: seconds after the run's; seconds: how long it took; both mean nothing if it never started."""

    id: ChangeId
    action: str
    outcome: Outcome
    start: float
    seconds: float
    started: bool


def report_page(record: Record, now: float) -> str:
    """Return a run as a page; now: seconds since the epoch, for a run that goes on."""
    header = record.header
    total = max(total_of(record, now), 0.0)
    seconds = {identity: seconds_of(record, identity, now) for identity in record.outcomes}
    bars = _bars(record, now)
    chain = critical_chain(header.plan, seconds)
    states = Counter(bar.outcome.state for bar in bars)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    path = sum(seconds[identity] for identity in chain)
    lines = [
        f"<h1>Run {text_of(header.run)}: {run_state(record)}</h1>",
        f"<p>By {text_of(safe(header.by))}, of commit {header.source[:12]}.</p>",
    ]
    if header.plan.recorded:
        lines += [f"<p>Recorded, nothing ran: {text_of(list_words(header.plan.recorded))}.</p>"]
    if bars:
        lines += [
            f"<p>{pluralize(len(bars), 'change')}: {counts}.</p>",
            f"<p>Took {duration(total)}; the longest chain of changes {duration(path)}, drawn in bold:</p>",
            f"<p>{' &rarr; '.join(map(text_of, chain)) or 'nothing ran'}</p>",
            *_failures(bars),
            "<h2>Over time</h2>",
            '<div class="scroll">',
            *_timeline(bars, chain, total),
            "</div>",
            "<h2>Changes</h2>",
            *_table(bars),
        ]
    return html_page(f"stagectl: run {header.run}", asset("report.css"), "\n".join(lines))


def _bars(record: Record, now: float) -> List[_TimelineBar]:
    """Return the changes that started, by time, then those that did not, in the order of the plan."""
    bars = []
    for change in record.header.plan.changes:
        outcome, begun = outcome_of(record, change.id), record.begun.get(change.id)
        took = seconds_of(record, change.id, now)
        start = 0.0 if begun is None else max(begun - record.header.started, 0.0)
        bars.append(_TimelineBar(change.id, change.action, outcome, start, max(took, 0.0), begun is not None))
    return sorted(bars, key=lambda bar: (not bar.started, bar.start))


def _timeline(bars: Sequence[_TimelineBar], chain: Sequence[ChangeId], total: float) -> Iterator[str]:
    left = 20 + _CHARACTER * max((len(bar.id) + 2 for bar in bars), default=10)
    end = max([total, *(bar.start + bar.seconds for bar in bars), 0.1])
    scale = _WIDTH / end
    width, height = left + _WIDTH + 60, _TOP + _ROW * len(bars) + 6
    yield f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height}">'
    yield f"<title>{pluralize(len(bars), 'change')} over {duration(total)}</title>"
    step = next((step for step in _STEPS if end / step <= 10), end / 10)
    for tick in range(int(end / step) + 1):
        x = left + tick * step * scale
        yield f'<line class="axis" x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{height}"/>'
        yield f'<text class="time" x="{x:.1f}" y="14">{duration(tick * step)}</text>'
    places: Dict[ChangeId, Tuple[float, float, float]] = {}
    for row, bar in enumerate(bars):
        y, x, long = _TOP + row * _ROW, left + bar.start * scale, max(bar.seconds * scale, 3.0)
        places[bar.id] = (x, x + long, y + _ROW / 2 - 2)
        bold = " critical" if bar.id in chain else ""
        words = text_of(f"{bar.id}: {bar.outcome.state}, {_when(bar)}\n{safe(bar.outcome.message)}".strip())
        yield f"<g><title>{words}</title>"
        yield f'<text class="name{bold}" x="10" y="{y + 13}">{text_of(sign_of(bar.action))} {text_of(bar.id)}</text>'
        if bar.started:
            box = f'x="{x:.1f}" y="{y}" width="{long:.1f}" height="{_ROW - 5}" rx="2"'
            yield f'<rect class="{bar.outcome.state}{bold}" {box}/>'
        else:
            yield f'<text class="time" x="{left:.1f}" y="{y + 13}">{bar.outcome.state}</text>'
        yield "</g>"
    for earlier, later in zip(chain, chain[1:]):
        (_, right, top), (begin, _, bottom) = places[earlier], places[later]
        yield f'<path class="link" d="M{right:.1f} {top:.1f}H{(right + begin) / 2:.1f}V{bottom:.1f}H{begin:.1f}"/>'
    yield "</svg>"


def _when(bar: _TimelineBar) -> str:
    return f"at {duration(bar.start)}, took {duration(bar.seconds)}" if bar.started else "never started"


def _failures(bars: Sequence[_TimelineBar]) -> Iterator[str]:
    """Yield what failed, or whose end is unknown, before everything else."""
    found = [bar for bar in bars if bar.outcome.state in (ERROR, UNKNOWN)]
    if found:
        yield "<h2>What failed</h2>"
        yield from _table(found)


def _table(bars: Sequence[_TimelineBar]) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Change", "State", "Start", "Took", "Said"))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for bar in bars:
        start, took = (duration(bar.start), duration(bar.seconds)) if bar.started else ("", "")
        lines = [*output_lines(bar.outcome), *map(safe, bar.outcome.output.splitlines()[-_MOST_LINES:])]
        last = "\n".join(lines)
        said = text_of(safe(bar.outcome.message)) + (f"<pre>{text_of(last)}</pre>" if last else "")
        yield (
            f"<tr><td>{text_of(bar.id)}</td><td>{bar.outcome.state}</td>"
            f'<td class="number">{start}</td><td class="number">{took}</td><td>{said}</td></tr>'
        )
    yield "</tbody></table>"
