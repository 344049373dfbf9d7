"""`log`: the audit trail, from commits and their trailers alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import AbstractSet, List, Optional, Set, Tuple

from stagectl.core.model import ChangeId, Name, Oid, split_change
from stagectl.core.planner import world_of
from stagectl.core.reports import LogEntry
from stagectl.core.selection import Selection, World, match_names, select
from stagectl.usecases.workspace import Workspace

_FIELDS = ("%H", "%an <%ae>", "%cI", "%s", "%P", "%(trailers:only,unfold)")


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for. tags: expressions over the tags resources have now; since: as git reads dates."""

    name: Optional[str] = None
    tags: Tuple[str, ...] = ()
    action: Optional[str] = None
    since: Optional[str] = None
    count: Optional[int] = None


def log(workspace: Workspace, name: Optional[str] = None, count: Optional[int] = None) -> List[LogEntry]:
    """Return staging and apply commits in one timeline, newest first; only those about *name* if one is given."""
    return entries(workspace, Wanted(name=name, count=count))


def entries(workspace: Workspace, wanted: Wanted) -> List[LogEntry]:
    """Return the staging and apply commits that are asked for in one timeline, newest first."""
    tip = workspace.branch.tip
    starts = [commit for commit in (workspace.git.head(), tip) if commit is not None]
    applies = set(workspace.git.first_parents(tip)) if tip else set()
    # Every apply has the commit it applied as a parent: in date order it stands above what was staged for it.
    arguments = ["--date-order", "--grep=^Staged: ", "--grep=^Restaged: ", "--grep=^Run: ", "--grep=^Discarded: "]
    arguments += [f"--since={wanted.since}"] if wanted.since else []
    commits = workspace.git.log([*arguments, *starts], _FIELDS) if starts else []
    found = [_entry(fields, applies) for fields in commits]
    found = [entry for entry in found if entry.type == "apply" or entry.changes or entry.names]
    if wanted.name is not None:
        found = _about(workspace, found, wanted.name)
    if wanted.tags:
        names = select(Selection((), wanted.tags), _world(workspace)) or frozenset()
        found = [kept for kept in (_only(entry, names) for entry in found) if kept is not None]
    if wanted.action is not None:
        found = [entry for entry in found if any(split_change(c)[1] == wanted.action for c in entry.changes)]
    return found[: wanted.count]


def _world(workspace: Workspace) -> World:
    return world_of(workspace.situation(workspace.snapshot(), workspace.applied()[1]))


def _about(workspace: Workspace, found: List[LogEntry], name: str) -> List[LogEntry]:
    kept = [entry for entry in found if _is_about(entry, name)]
    if not kept:
        match_names(name, _world(workspace))
    return kept


def _only(entry: LogEntry, names: AbstractSet[Name]) -> Optional[LogEntry]:
    """Return an entry with what is about some resources, None if nothing of it is."""
    changes = tuple(change for change in entry.changes if split_change(change)[0] in names)
    others = tuple(name for name in entry.names if name in names)
    results = {change: entry.results[change] for change in changes if change in entry.results}
    return replace(entry, changes=changes, names=others, results=results) if changes or others else None


def _entry(fields: List[str], applies: Set[Oid]) -> LogEntry:
    commit, author, date, subject, parents, text = fields
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
        discarded=tuple(ChangeId(value) for key, value in trailers if key == "Discarded") if kind == "apply" else (),
        source=_source(parents, kind),
        results={ChangeId(change): state for change, state in results.items()},
        run=first.get("Run") if kind == "apply" else None,
        plan=first.get("Plan") if kind == "apply" else None,
        record_only=kind == "apply" and "Record-only" in first,
    )


def _source(parents: str, kind: str) -> Optional[Oid]:
    listed = parents.split()
    return Oid(listed[1]) if kind == "apply" and len(listed) > 1 else None


def _is_about(entry: LogEntry, name: str) -> bool:
    return name in entry.names or any(split_change(change)[0] == name for change in entry.changes + entry.discarded)
