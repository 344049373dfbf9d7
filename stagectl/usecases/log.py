"""`log`: the audit trail, from commits and their trailers alone."""

from __future__ import annotations

from typing import List, Optional, Set

from stagectl.core.model import ChangeId, Name, Oid, split_change
from stagectl.core.planner import world_of
from stagectl.core.reports import LogEntry
from stagectl.core.selection import match_names
from stagectl.usecases.workspace import Workspace

_FIELDS = ("%H", "%an <%ae>", "%cI", "%s", "%(trailers:only,unfold)")


def log(workspace: Workspace, name: Optional[str] = None, count: Optional[int] = None) -> List[LogEntry]:
    """Return staging and apply commits in one timeline, newest first; only those about *name* if one is given."""
    tip = workspace.branch.tip
    starts = [commit for commit in (workspace.git.head(), tip) if commit is not None]
    applies = set(workspace.git.first_parents(tip)) if tip else set()
    # Every apply has the commit it applied as a parent: in date order it stands above what was staged for it.
    arguments = ["--date-order", "--grep=^Staged: ", "--grep=^Restaged: ", "--grep=^Run: ", *starts]
    commits = workspace.git.log(arguments, _FIELDS) if starts else []
    entries = [_entry(fields, applies) for fields in commits]
    entries = [entry for entry in entries if entry.type == "apply" or entry.changes or entry.names]
    if name is not None:
        entries = [entry for entry in entries if _is_about(entry, name)]
        if not entries:
            match_names(name, world_of(workspace.situation(workspace.snapshot(), workspace.applied()[1])))
    return entries[:count]


def _entry(fields: List[str], applies: Set[Oid]) -> LogEntry:
    commit, author, date, subject, text = fields
    kind = "apply" if commit in applies else "stage"
    trailers = [line.partition(": ")[::2] for line in text.splitlines()]
    first = dict(reversed(trailers))
    results = dict(value.rpartition(" ")[::2] for key, value in trailers if key == "Change")
    staged = [ChangeId(value) for key, value in trailers if key == "Staged"]
    return LogEntry(
        type=kind,
        commit=Oid(commit),
        author=author,
        date=date,
        subject=subject,
        changes=tuple(map(ChangeId, results)) if kind == "apply" else tuple(staged),
        names=tuple(Name(value) for key, value in trailers if key in ("Restaged", "Recorded")),
        results={ChangeId(change): state for change, state in results.items()},
        run=first.get("Run") if kind == "apply" else None,
        plan=first.get("Plan") if kind == "apply" else None,
        record_only=kind == "apply" and "Record-only" in first,
    )


def _is_about(entry: LogEntry, name: str) -> bool:
    return name in entry.names or any(split_change(change)[0] == name for change in entry.changes)
