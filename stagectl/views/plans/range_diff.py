"""What became of a reviewed plan, as text."""

from __future__ import annotations

from typing import Iterator, List, Sequence, Tuple

from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.range_diff import Differing, RangeDiff
from stagectl.views.plans.plan_text import cause_text, held_text
from stagectl.views.text import difference_line, list_words, one_line, selection_words

SHORT = 12  # characters of a plan id where people compare


def range_diff_text(found: RangeDiff) -> str:
    """Return a range-diff for people: `+` came, `-` went, `~` differs, with the lines that differ below."""
    if found.is_empty:
        return f"Unchanged since plan {found.reviewed.id[:SHORT]}.\n"
    head = f"Since plan {found.reviewed.id[:SHORT]} (now {found.now.id[:SHORT]}):"
    return "\n".join([head, *(f"  {line}" for line in range_diff_lines(found))]) + "\n"


def range_diff_lines(found: RangeDiff) -> Iterator[str]:
    """Yield what differs, a line each; lines that say more about the one before begin with two spaces."""
    for change in found.came:
        yield f"+ {change.id}  came ({cause_text(change, found.now.kinds)})"
    for change in found.went:
        yield f"- {change.id}  went"
    for pair in found.differ:
        yield f"~ {pair.after.id}  differs: {', '.join(pair.aspects)}"
        yield from (f"  {line}" for line in _pair_lines(pair, found))
    yield from _held_lines(found)
    for name, came in found.recorded:
        yield f"{'+' if came else '-'} {name}  {'recorded now' if came else 'no longer recorded'}"
    yield from (f"~ kinds/{name}.yaml  differs" for name in found.kinds)
    yield from (f"~ differs: files: {one_line(path)}" for path in found.files)
    for (old, new), came in found.moved:
        yield f"{'+' if came else '-'} {new}  {'moved' if came else 'no longer moved'} from {old}"
    if found.reviewed.selection != found.now.selection:
        yield f"~ the selection differs: {_selection(found.reviewed)} -> {_selection(found.now)}"


def _held_lines(found: RangeDiff) -> Iterator[str]:
    yield from (f"+ {held.id}  held back now ({held.reason}) {held_text(held)}" for held in found.held)
    yield from (f"- {held.id}  no longer held back ({held.reason})" for held in found.freed)
    for before, after in found.reheld:
        yield f"~ {after.id}  held back differently"
        yield from (f"  {line}" for line in _words("reason", [before.reason], [after.reason]))
        yield from (f"  {line}" for line in _words("needs", before.needs, after.needs))
        yield from (f"  {line}" for line in _words("tags", before.tags, after.tags))


def _pair_lines(pair: Differing, found: RangeDiff) -> Iterator[str]:
    old, new = _value_lines(pair.before), _value_lines(pair.after)
    yield from (f"- {line}" for line in old if line not in new)
    yield from (f"+ {line}" for line in new if line not in old)
    if "values" in pair.aspects and old == new:
        yield "it acts with other values, which are not shown"
    if "cause" in pair.aspects:
        yield from _cause_lines(pair, found)
    if "order" in pair.aspects:
        yield from _words("after", pair.before.after, pair.after.after)
    if "triggers" in pair.aspects:
        yield from _words("reacts on", *(list(map(_trigger, change.triggers)) for change in (pair.before, pair.after)))
    if "kind" in pair.aspects:
        yield from _words("kind", [pair.before.kind], [pair.after.kind])
    if "tags" in pair.aspects:
        yield from _words("tags", pair.before.tags, pair.after.tags)
    if "stamp" in pair.aspects:
        yield "it was staged by name again"


def _cause_lines(pair: Differing, found: RangeDiff) -> Iterator[str]:
    """Yield both causes; where they read the same, the inputs that are behind them."""
    both = ((pair.before, found.reviewed), (pair.after, found.now))
    causes = [[cause_text(change, plan.kinds)] for change, plan in both]
    if causes[0] != causes[1]:
        yield from _words("because", *causes)
    yield from _words("because of the inputs", pair.before.cause.inputs, pair.after.cause.inputs)


def _trigger(trigger: Tuple[str, str]) -> str:
    return f"{trigger[0]} ({trigger[1]})"


def _value_lines(change: Change) -> List[str]:
    return [difference_line(entry, entry.path[0] in change.sensitive) for entry in change.diff]


def _words(what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    rows: Tuple[Tuple[str, Sequence[str]], ...] = (("-", before), ("+", after))
    yield from (
        f"{sign} {what}: {list_words(words) or 'nothing'}" for sign, words in rows if list(before) != list(after)
    )


def _selection(plan: Plan) -> str:
    return one_line(" ".join(selection_words(plan.selection))) or "everything"
