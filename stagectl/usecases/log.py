"""`log`: the audit trail, from commits and their trailers alone."""

from __future__ import annotations

from typing import List, Optional

from stagectl.core.model import ChangeId, Name, Oid, split_change
from stagectl.core.reports import LogEntry
from stagectl.usecases.workspace import Workspace

_FIELDS = ("%H", "%an <%ae>", "%cI", "%ct", "%s", "%(trailers:only,unfold)")


def log(workspace: Workspace, name: Optional[str] = None, count: Optional[int] = None) -> List[LogEntry]:
    """Return staging and apply commits in one timeline, newest first; only those about *name* if one is given."""
    entries: List[LogEntry] = []
    if workspace.git.head() is not None:
        entries += _entries(workspace, ["--no-merges", "--grep=^Staged: ", "--grep=^Restaged: ", "HEAD"], "stage")
    tip = workspace.branch.tip
    if tip is not None:
        entries += _entries(workspace, ["--first-parent", "--grep=^Run: ", tip], "apply")
    entries.sort(key=lambda entry: (-entry.time, entry.type))
    if name is not None:
        entries = [entry for entry in entries if _is_about(entry, name)]
    return entries[:count]


def _entries(workspace: Workspace, arguments: List[str], kind: str) -> List[LogEntry]:
    return [_entry(fields, kind) for fields in workspace.git.log(arguments, _FIELDS)]


def _entry(fields: List[str], kind: str) -> LogEntry:
    commit, author, date, time, subject, text = fields
    trailers = [line.partition(": ")[::2] for line in text.splitlines()]
    first = dict(reversed(trailers))
    results = dict(value.rpartition(" ")[::2] for key, value in trailers if key == "Change")
    staged = [ChangeId(value) for key, value in trailers if key == "Staged"]
    return LogEntry(
        type=kind,
        commit=Oid(commit),
        author=author,
        date=date,
        time=int(time),
        subject=subject,
        changes=tuple(map(ChangeId, results)) if kind == "apply" else tuple(staged),
        names=tuple(Name(value) for key, value in trailers if key in ("Restaged", "Recorded")),
        results={ChangeId(change): state for change, state in results.items()},
        run=first.get("Run") if kind == "apply" else None,
        plan=first.get("Plan") if kind == "apply" else None,
    )


def _is_about(entry: LogEntry, name: str) -> bool:
    return name in entry.names or any(split_change(change)[0] == name for change in entry.changes)
