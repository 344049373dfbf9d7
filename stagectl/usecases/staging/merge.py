"""Two changes of one staged file put together, value by value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterable, List, Optional, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.tree import Content
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.merging.inverse import Assignment, Inverse, put_together, says_the_same, where
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import Name, Resource
from stagectl.core.schemas import schema
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.staging.desired import render


def documents_of(content: Content) -> Optional[List[Any]]:
    """Return the documents of a file, None where there is none."""
    return None if content is None else yamlfile.load(content)


def actions_of(content: Content) -> Dict[str, str]:
    """Return the stamps of the actions staged by name in a file."""
    documents = documents_of(content)
    return dict((documents[FRONT] or {}).get("actions") or {}) if documents else {}


def apply_inverse(content: bytes, undoing: Inverse) -> bytes:
    """Return a file with what was found done to it; raises StagectlError for a place that cannot be edited."""
    return edit(content, edits_for(undoing.steps))


def edits_for(steps: Iterable[Assignment]) -> List[Edit]:
    """Return steps as edits of a file."""
    return [Edit(*place, delete=True) if value is MISSING else Edit(*place, value) for place, value in steps]


def merge_staged(name: Name, ours: Content, base: Content, theirs: Content) -> Tuple[Optional[Resource], List[str]]:
    """Return the resource of a staged file that was changed twice, and where the two disagree ("": all of it)."""
    if _same(base, theirs) or _same(ours, theirs):
        return _resource(name, ours), []
    if _same(ours, base):
        return _resource(name, theirs), []
    mine, before, others = documents_of(ours), documents_of(base), documents_of(theirs)
    if ours is None or mine is None or before is None or others is None:
        return _resource(name, ours), [""]
    undoing = put_together(mine, before, others)
    actions, clashes = _actions(*map(actions_of, (ours, base, theirs)))
    conflicts = [*(where(conflict.place) for conflict in undoing.conflicts), *clashes]
    if conflicts:
        return _resource(name, ours), conflicts
    both = _resource(name, apply_inverse(ours, undoing))
    return (render(replace(both, actions=actions)) if both is not None else None), []


def _same(one: Content, other: Content) -> bool:
    return one == other or (
        says_the_same(documents_of(one), documents_of(other)) and actions_of(one) == actions_of(other)
    )


def _resource(name: Name, content: Content) -> Optional[Resource]:
    return None if content is None else schema.resource(name, yamlfile.load(content), content, staged=True)


def _actions(ours: Dict[str, str], base: Dict[str, str], theirs: Dict[str, str]) -> Tuple[Dict[str, str], List[str]]:
    """Return the actions staged by name when both changes are made, and those that both staged, each for itself."""
    found, clashes = dict(ours), []
    for action in [*base, *(action for action in theirs if action not in base)]:
        stamp = theirs.get(action)
        if stamp == base.get(action) or stamp == ours.get(action):
            continue
        if ours.get(action) != base.get(action):
            clashes.append(f"actions.{action}")
        elif stamp is None:
            del found[action]
        else:
            found[action] = stamp
    return found, clashes
