"""Which inputs are never to be shown: those a kind declares, and all that read them (docs/design.md, section 3)."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Set

from stagectl.core.model import Name
from stagectl.core.planning.resolve import InputId
from stagectl.core.planning.view import View


def sensitive_inputs(view: View) -> Mapping[Name, FrozenSet[str]]:
    """Return the sensitive inputs of each resource that has any."""
    marked: Set[InputId] = set()
    for name, resource in view.effective.items():
        kind = view.situation.kinds.get(resource.kind)
        declared = kind.sensitive if kind else ()
        marked.update((name, key) for key in declared)
        marked.update((name, key) for key in view.applied_state(name).sensitive if name in view.shown)
    if not marked:
        return {}
    readers: Dict[InputId, List[InputId]] = {}
    for name, resource in view.effective.items():
        for key, references in resource.references.items():
            for reference in references:
                readers.setdefault((Name(reference.name), reference.path[0]), []).append((name, key))
    left = list(marked)
    while left:
        fresh = [reader for reader in readers.get(left.pop(), ()) if reader not in marked]
        marked.update(fresh)
        left += fresh
    found: Dict[Name, Set[str]] = {}
    for name, key in marked:
        found.setdefault(name, set()).add(key)
    return {name: frozenset(keys) for name, keys in found.items()}
