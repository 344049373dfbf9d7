"""A plan as a comment on a pull request (docs/design.md, section 6), in as much detail as the hosting site takes."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from stagectl.core.diff import Difference, Op
from stagectl.core.errors import UsageError
from stagectl.core.model import REMOVE, ChangeId
from stagectl.core.pictures.reports import Against
from stagectl.core.plans.document import selection_json
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.range_diff import RangeDiff
from stagectl.core.references import folder_of
from stagectl.core.standing import commands_here
from stagectl.core.values import format_path
from stagectl.views.comments.since_markdown import since_lines
from stagectl.views.markdown import code, details, fence, marker_line, prose, table
from stagectl.views.pages.plan_graph import fitting, mermaid
from stagectl.views.plans.against import against_markdown
from stagectl.views.plans.destroys import destroying, destroys_text, going_lines, pair_replaces, shown_differences
from stagectl.views.plans.plan_text import counts_text, summary_text, why_text
from stagectl.views.plans.range_diff import SHORT
from stagectl.views.text import both_texts, list_words, pluralize, selection_words, sign_of_change

MOST_BYTES = 65_000  # a comment's limit on the large hosting sites is 65,536 characters
LEVELS = 4  # 0: everything; 1: rows and values folded into groups; 2: counts by folder and kind; 3: counts alone
_NAMED = 20  # ids that are named of a group
_LONGEST = 300  # characters of a warning
_LONGEST_HEAD = 80  # characters of the selection in the headline


_OPEN_ROWS, _OPEN_LINES = 20, 40  # of a table, and of values: what is longer is folded


def plan_markdown(
    plan: Plan,
    *,
    since: Optional[RangeDiff] = None,
    against: Optional[Against] = None,
    max_bytes: int = MOST_BYTES,
) -> str:
    """Return a plan as Markdown of at most *max_bytes* bytes; raises UsageError where not even its head fits in.

    since: what became of a plan that was reviewed before, shown first; against: how it gets along with other branches.
    """
    for level in range(LEVELS):
        text = "\n".join(_sections(plan, since, against, level)) + "\n"
        if len(text.encode("utf-8")) <= max_bytes:
            return text
    raise UsageError(f"{max_bytes} bytes are too few for this plan", "allow more with --max-bytes")


def _sections(plan: Plan, since: Optional[RangeDiff], against: Optional[Against], level: int) -> Iterator[str]:
    parts: List[Iterable[str]] = [[marker(plan)], _head(plan, level), _shorten(level), _removals(plan, level)]
    parts += [since_lines(since, level)] if since is not None else []
    parts += [against_markdown(against, (60, 20, 5, 0)[level])] if against is not None else []
    parts += [
        _destroys(plan, level),
        _changes(plan, level),
        _values(plan, level),
        _held_rows(plan, level),
        _rest(plan, level),
        _graph(plan, level),
    ]
    parts += [_files(plan, level), _how_to_apply(plan)]
    for part in parts:
        lines = list(part)
        if lines:
            yield from ("", *lines) if part is not parts[0] else lines


def marker(plan: Plan) -> str:
    """Return the hidden first line by which a bot finds its comment: command, plan id, project and selection."""
    place = {"project": plan.project} if plan.project else {}
    fields = {"command": "plan", "plan_id": plan.id, **place, "selection": selection_json(plan.selection)}
    return marker_line("plan", fields)


def _head(plan: Plan, level: int) -> Iterator[str]:
    words = " ".join(map(shlex.quote, selection_words(plan.selection)))
    of = f"Plan in {code(_cut(plan.project, _LONGEST_HEAD))}" if plan.project else "Plan"
    of += f" of {code(_cut(words, _LONGEST_HEAD))}" if words else ""
    yield f"### {of}: {summary_text(plan) if plan.is_empty else counts_text(plan)}"
    yield ""
    yield f"- selection: {code(words) if words else 'everything that is staged'}"
    yield f"- plan id: {code(plan.id)}"
    base = f"the applied commit {code(plan.base[:SHORT])}" if plan.base else "nothing applied"
    head = code(plan.head[:SHORT]) if plan.head else "what is not committed yet"
    yield f"- from {base} to {head}{', with uncommitted changes' if plan.dirty else ''}"
    most = (10, 5, 2, 1)[level]
    yield from (f"- **warning:** {code(_cut(warning))}" for warning in plan.warnings[:most])
    if len(plan.warnings) > most:
        yield f"- ... and {pluralize(len(plan.warnings) - most, 'more warning')}"


def _shorten(level: int) -> Iterator[str]:
    """Yield what a comment that does not hold everything leaves out."""
    left_out = (
        "",
        "changes are grouped, and of many values the first ones are shown",
        "changes are counted by folder and kind, and values are left out",
        "changes are counted, and everything else but removals is left out",
    )[level]
    if left_out:
        yield f"*Shortened to fit in: {left_out}. All of it: {_plan_command()}*"


def _plan_command() -> str:
    return commands_here("`stagectl plan`")


def _removals(plan: Plan, level: int) -> Iterator[str]:
    """Yield every removal, whatever else is left out; a table of all changes names them, too."""
    removals = [change.id for change in plan.changes if change.action == REMOVE]
    if len(removals) > (len(removals), 15, 5, 0)[level]:  # the block of `_destroys` names fewer
        yield f"**Removed, or replaced:** {', '.join(map(code, removals))}"


def _cut(text: str, most: int = _LONGEST) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _destroys(plan: Plan, level: int) -> Iterator[str]:
    """Yield a block that stands out: what is removed or replaced, with the values that go."""
    found = destroying(plan)
    if not found or level == LEVELS - 1:
        return
    most, most_values = ((len(found), 15, 5)[level], (20, 5, 0)[level])
    yield "> [!WARNING]"
    yield f"> **This plan {destroys_text(plan)}.**"
    for change, removal in found[:most]:
        yield ">"
        yield f"> {' '.join(_row(change, removal, plan)[:2])}: {_fate(change, removal, plan)}"
        lines = list(going_lines(change, removal, most_values)) if most_values else []
        if lines:
            yield ">"
            yield from (f"> {line}" for line in fence("diff", (f"- {line}" for line in lines)).split("\n"))
    if len(found) > most:
        yield f">\n> ... and {len(found) - most} more"


def _fate(change: Change, removal: Optional[Change], plan: Plan) -> str:
    fate = why_text(change, plan.kinds, code) if removal else "removed"
    return fate + ("; **protected**" if change.protected or (removal and removal.protected) else "")


def _changes(plan: Plan, level: int) -> Iterable[str]:
    if not plan.changes:
        return []
    rows = [_row(change, removal, plan) for change, removal in pair_replaces(plan)]
    if level == 0:
        shown = table(("", "change", "because"), rows)
        return shown if len(rows) <= _OPEN_ROWS else details(pluralize(len(rows), "change"), shown)
    if level == 1:
        return _group_rows(plan)
    return _count(plan) if level == 2 else []


def _sign(change: Change, removal: Optional[Change]) -> str:
    return sign_of_change(change, removal)


def _row(change: Change, removal: Optional[Change], plan: Plan) -> Sequence[str]:
    identity = f"{code(removal.id)}, {code(change.id)}" if removal else code(change.id)
    return (code(_sign(change, removal)), identity, why_text(change, plan.kinds, code))


def _group_rows(plan: Plan) -> Iterator[str]:
    """Yield a row per folder, kind, action and type of cause, with the first ids of each."""
    groups: Dict[Tuple[str, str, str, str], List[ChangeId]] = {}
    for change, removal in pair_replaces(plan):
        key = (folder_of(change.resource), change.kind, _sign(change, removal), change.cause.type)
        groups.setdefault(key, []).append(change.id)
    rows = [
        (code(sign), str(len(ids)), code(f"{folder or '.'}/"), code(kind), cause, list_words(ids, 3, code))
        for (folder, kind, sign, cause), ids in groups.items()
    ]
    most = 150
    yield from table(("", "changes", "folder", "kind", "cause", "which"), rows[:most])
    if len(rows) > most:
        yield f"\n... and {len(rows) - most} more groups; all of them: {_plan_command()}"


def _count(plan: Plan) -> Iterator[str]:
    counts = Counter((f"{folder_of(change.resource) or '.'}/", change.kind, change.action) for change in plan.changes)
    rows = [(*map(code, words), str(number)) for words, number in counts.items()]
    most = 200
    yield from table(("folder", "kind", "action", "changes"), rows[:most])
    if len(rows) > most:
        yield f"\n... and {len(rows) - most} more rows; all of them: {_plan_command()}"


def _values(plan: Plan, level: int) -> Iterable[str]:
    groups: Dict[Tuple[str, ...], List[ChangeId]] = {}
    for change, removal in pair_replaces(plan):
        differences = shown_differences(change, removal)
        if differences:
            lines = tuple(line for entry in differences for line in _diff_lines(entry, change))
            groups.setdefault(lines, []).append(change.id)
    if not groups or level > 1:
        return []
    most_lines = (10_000, 12)[level]
    shown = list(groups.items())[: (len(groups), 40)[level]]
    text = [line for group in shown for line in ("", *_group(*group, most_lines))][1:]
    left_out = len(groups) - len(shown)
    text += [f"... and {pluralize(left_out, 'more difference')}; all of them: {_plan_command()}"] if left_out else []
    title = f"Values that change in {pluralize(sum(map(len, groups.values())), 'resource')}"
    return details(title, text, is_open=sum(map(len, groups)) <= _OPEN_LINES)


def _group(lines: Tuple[str, ...], ids: List[ChangeId], most: int) -> Iterator[str]:
    same = f"the same difference in {len(ids)} resources: " if len(ids) > 1 else ""
    yield f"{same}{list_words(ids, _NAMED, code)}"
    yield ""
    more = (f"  ... and {pluralize(len(lines) - most, 'more line')}",) if len(lines) > most else ()
    yield fence("diff", lines[:most] + more)


def _diff_lines(entry: Difference, change: Change) -> Iterator[str]:
    path = format_path(entry.path)
    if entry.path[0] in change.sensitive:
        yield f"! {path}: (sensitive)"
        return
    before, after = both_texts(entry)
    if entry.op != Op.ADD:
        yield f"- {path}: {before}"
    if entry.op != Op.REMOVE:
        yield f"+ {path}: {after}"


def _held_rows(plan: Plan, level: int) -> Iterator[str]:
    if not plan.held:
        return
    most = (len(plan.held), 40, 10, 0)[level]
    rows = [
        (code(held.id), prose(commands_here(held.message)), list_words(held.of, 8, code) or "")
        for held in plan.held[:most]
    ]
    yield f"**Held back:** {pluralize(len(plan.held), 'change')}"
    if rows:
        shown = table(("change", "because", "it would follow"), rows)
        yield ""
        yield from shown if len(rows) <= _OPEN_ROWS else details("All that is held back", shown)
    if most and len(plan.held) > most:
        yield f"\n... and {len(plan.held) - most} more"


def _rest(plan: Plan, level: int) -> Iterator[str]:
    most = (60, 20, 5, 0)[level]
    for title, names in (("Recorded, nothing runs", plan.recorded), ("Staged, not selected", plan.pending)):
        if names:
            yield f"**{title}:** {list_words(names, most, code) if most else len(names)}"
            yield ""
    if plan.moved:
        moves = [f"{code(old)} to {code(new)}" for old, new in plan.moved]
        yield f"**Moved:** {list_words(moves, most, str) if most else len(moves)}"


def _graph(plan: Plan, level: int) -> Iterable[str]:
    if len(plan.changes) + len(plan.held) < 2 or level == LEVELS - 1:
        return []
    shown = fitting(plan) if level == 0 else fitting(plan, most_edges=100, most_bytes=(12_000, 4_000)[level - 1])
    if shown is None:
        return []
    title = "Graph of the changes" if not shown.collapsed else "Graph of the changes, by folder"
    return details(title, [fence("mermaid", mermaid(shown).splitlines())])


def _files(plan: Plan, level: int) -> Iterable[str]:
    """Return the files that act, with the beginning of their digests."""
    most = (400, 100, 20, 0)[level]
    if not plan.files:
        return []
    if not most:
        return [f"{pluralize(len(plan.files), 'file')} of the repository act here, by their digests."]
    rows = [f"- {code(path)} {digest[:12]}" for path, digest in sorted(plan.files.items())]
    rows[most:] = [f"- ... and {len(rows) - most} more"] if len(rows) > most else []
    return details("Files that act", rows)


def _how_to_apply(plan: Plan) -> Iterator[str]:
    if plan.is_empty:
        return
    words = ["stagectl", "apply", *selection_words(plan.selection), "--expect", plan.id]
    protected = plan.protected_names()
    words += [word for name in protected for word in ("--allow-remove", name)]
    if protected:
        yield f"**Protected, removed or replaced only because the command allows it:** {list_words(protected, 8, code)}"
        yield ""
    yield "To apply exactly this:"
    yield ""
    yield fence("sh", [" ".join(map(shlex.quote, words))])
