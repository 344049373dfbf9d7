"""What a commit that is reverted calls otherwise than it is called now."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Set, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.worktree.tree import Content
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.adapters.yamlfile.names import rename_resource
from stagectl.core.model import Applied, Name
from stagectl.core.planning.moves import old_names
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.staging.merge import documents_of


def names_now(snapshot: Snapshot, applied: Mapping[Name, Applied]) -> Dict[Name, Name]:
    """Return for each name that a resource had before, and that nothing has now, the one that it has."""
    live = {name: state.resource for name, state in applied.items() if state.resource is not None}
    resources = [*live.values(), *snapshot.staged.values()]
    found = old_names(resource for resource in resources if resource.name in snapshot.staged)
    return {old: new for old, new in found.items() if old not in snapshot.staged}


def moved_names(changed: Mapping[Name, Tuple[Content, Content]]) -> Set[Name]:
    """Return the names, old and new, of what a commit moved: that is taken back as it is."""
    found: Set[Name] = set()
    for name, (back, then) in changed.items():
        claims = _front(then).get("moved_from", ()) if back is None else ()
        olds: Set[Name] = {Name(claims)} if isinstance(claims, str) else {*claims}
        found |= {name, *(olds & changed.keys())} if olds & changed.keys() else set()
    return found


def _front(content: Content) -> Mapping[str, Any]:
    documents = documents_of(content)
    return (documents[FRONT] or {}) if documents else {}


def as_called_now(old: Name, content: Content, names: Mapping[Name, Name], now: Content) -> Content:
    """Return a file of a resource as it would be today, where it, or what it names, has other names now.

    now: what is staged of it.
    """
    if content is None or not names:
        return content
    new = names.get(old, old)
    found = rename_resource(content, old, new, names)
    front, today = (_front(content), _front(now)) if new != old else ({}, {})
    # Where it comes from, and that it was moved, is no part of what the commit changed.
    kept = [key for key in ("moved_from", "source") if key in today and today[key] != front.get(key)]
    return edit(found, [Edit(FRONT, (key,), today[key]) for key in kept])
