"""`log --blame`: which commit staged each value of a resource, and which apply made it live."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Mapping, Optional

from stagectl.adapters import yamlfile
from stagectl.adapters.git import Git
from stagectl.adapters.store import state_path
from stagectl.core.model import Name, Oid, staged_path
from stagectl.core.planner import world_of
from stagectl.core.reports import Blame
from stagectl.core.schema import BODY
from stagectl.core.selection import match_names
from stagectl.core.values import Path, Value, leaves, same, step_order
from stagectl.usecases.workspace import Workspace

Values = Mapping[Path, Value]


def blame(workspace: Workspace, name: str) -> List[Blame]:
    """Return every input of a resource, leaf by leaf, with where its value comes from; raises StagectlError."""
    snapshot = workspace.snapshot()
    situation = workspace.situation(snapshot, workspace.applied()[1])
    match_names(name, world_of(situation))
    git, head, tip = workspace.git, workspace.git.head(), workspace.branch.tip
    staged = _history(git, _touching(git, head, staged_path(Name(name))), staged_path(Name(name)), _staged_values)
    live = _history(git, git.first_parents(tip) if tip else [], state_path(name), _live_values)
    now = staged[0][1] if staged else {}
    applied = live[0][1] if live else {}
    return [
        Blame(path, now.get(path), _since(staged, path), applied.get(path), _since(live, path))
        for path in sorted({*now, *applied}, key=step_order)
    ]


def _touching(git: Git, head: Optional[Oid], path: str) -> List[Oid]:
    if head is None:
        return []
    return [Oid(oid) for oid in git.run("rev-list", "--first-parent", head, "--", path).decode().split()]


def _history(git: Git, commits: List[Oid], path: str, read: Callable[[bytes], Values]) -> List[Any]:
    """Return (commit, values) for every commit, the newest first; no values where the file is not there."""
    entries = [(commit, git.entries(commit, [path])) for commit in commits]
    contents = git.blobs(entry.oid for _, found in entries for entry in found)
    parsed: Dict[str, Values] = {oid: read(data) for oid, data in contents.items()}
    return [(commit, parsed[found[0].oid] if found else {}) for commit, found in entries]


def _staged_values(data: bytes) -> Values:
    documents = yamlfile.load(data)
    return dict(leaves((documents[BODY] or {}).get("inputs") or {})) if len(documents) > BODY else {}


def _live_values(data: bytes) -> Values:
    raw = json.loads(data)
    plain: Dict[Path, Value] = dict(leaves(raw.get("inputs") or {}))
    for key in raw.get("sensitive", ()):
        plain = {path: value for path, value in plain.items() if path[0] != key}
    return plain


def _since(history: List[Any], path: Path) -> Optional[Oid]:
    """Return the oldest commit since which a value is what it is now."""
    found = None
    for commit, values in history:
        if path not in values or (found is not None and not same(values[path], history[0][1][path])):
            break
        if path not in history[0][1]:
            break
        found = commit
    return found
