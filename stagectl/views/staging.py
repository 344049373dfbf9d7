"""What a stage did, as text."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from stagectl.core.diff import Difference, Op, diff
from stagectl.core.model import ChangeId, Name, Oid, Resource, split_change
from stagectl.core.values import canonical, format_path
from stagectl.views.differences import by_entries
from stagectl.views.text import LONGEST, difference_line, list_words, safe, sign_of

NOTHING = "Nothing to stage. The staged files are as the definitions say.\n"


def staging_text(
    commit: Optional[Oid], changes: Sequence[ChangeId], names: Sequence[Name], gone: Sequence[Name] = ()
) -> str:
    """Return what was staged, a line per change, and the commit; gone: those of the names that are not staged now."""
    if commit is None:
        return NOTHING
    lines = _lines(changes, names, gone)
    files = f"Staged {len(names)} file{'s' if len(names) != 1 else ''}"
    lines.append(f"{files if names else 'Only definitions changed,'} in commit {commit[:12]}. Next: stagectl plan")
    return "\n".join(lines) + "\n"


def check_text(changes: Sequence[ChangeId], names: Sequence[Name], gone: Sequence[Name]) -> str:
    """Return what would be staged."""
    if not names:
        return NOTHING
    return "\n".join([*_lines(changes, names, gone), "Not staged yet. Next: stagectl stage"]) + "\n"


def _lines(changes: Sequence[ChangeId], names: Sequence[Name], gone: Sequence[Name]) -> List[str]:
    acting = {split_change(change)[0] for change in changes}
    lines = [f"{sign_of(split_change(change)[1])} {change}" for change in changes]
    return lines + [f"= {name}  ({_quiet(name in gone)})" for name in names if name not in acting]


def _quiet(is_gone: bool) -> str:
    return "no longer staged" if is_gone else "staged without a change"


def choice_text(name: Name, action: Optional[str], before: Optional[Resource], after: Optional[Resource]) -> str:
    """Return what staging one resource would change, or which action would be staged, as it is written in the files."""
    if action is not None:
        return f"! {name}.{action}"
    sign = "+" if before is None else "-" if after is None else "~"
    lines = [f"{sign} {name}"]
    if before is not None and after is not None and set(before.tags) != set(after.tags):
        lines.append(f"    tags: {', '.join(before.tags) or 'none'} -> {', '.join(after.tags) or 'none'}")
    values = after.inputs if after else None
    differences = by_entries(diff(before.inputs if before else None, values), values)
    lines += [f"    {difference_line(difference, False)}" for difference in differences]
    return "\n".join(lines)


def choice_question(name: Name, action: Optional[str]) -> str:
    """Return the question about one resource or action."""
    return f"Stage {name}?" if action is None else f"Stage the action {name}.{action}?"


def promotion_text(differ: Sequence[Tuple[Name, Sequence[Difference]]], left: Sequence[Name], target: str) -> str:
    """Return what stays different after a promotion, as it is written in the files."""
    lines = ["Stays different:"] if differ else []
    for name, differences in differ:
        lines += [f"  {name}", *(f"      {_as_it_stands(entry)}" for entry in differences)]
    lines += [f"Only in {target}: {list_words(left)}"] if left else []
    return "".join(f"{line}\n" for line in lines)


def _as_it_stands(entry: Difference) -> str:
    """Return a difference of two files: their text is shown as it is, references and all."""
    sides = [
        None if op == entry.op else canonical(value) for op, value in ((Op.ADD, entry.before), (Op.REMOVE, entry.after))
    ]
    before, after = (safe(side)[:LONGEST] if side is not None else "(nothing)" for side in sides)
    return f"{safe(format_path(entry.path))}: {before} -> {after}"
