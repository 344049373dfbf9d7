"""Files of the applied state after a move: what reads an old name reads the new one, applied with it or not.

Else they would read whatever gets the old name later.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping, Optional

from stagectl.core.model import Applied, Name, Resource
from stagectl.core.plans.plan import Plan
from stagectl.core.running.outcome import Outcomes, finished_moves, settle


def settled(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Dict[Name, Optional[Applied]]:
    """Return what `settle` does, with files that say what their resources mean now that others have other names."""
    states = settle(plan, outcomes, applied)
    moved = finished_moves(plan, outcomes) if plan.moved else {}
    new_names = {old: new for new, old in moved.items()}
    for name, state in sorted({**applied, **states}.items()) if moved else ():
        resource = state.resource if state is not None else None
        if state is None or resource is None:
            continue
        if name in moved or (resource.parents | frozenset(resource.unordered)) & moved.keys():
            content = _content(resource, moved.get(name, name), new_names)
            if content != resource.content:
                states[name] = replace(state, resource=replace(resource, content=content))
    return states


def _content(resource: Resource, before: Name, new_names: Mapping[Name, Name]) -> bytes:
    """Return the file of a resource; where it names others than are meant, it was written before the move."""
    from stagectl.adapters import yamlfile
    from stagectl.adapters.yamlfile.names import renamed
    from stagectl.core.schemas import schema

    data = resource.content
    written = schema.resource(resource.name, yamlfile.load(data), data, staged=True)
    if (written.parents, set(written.unordered)) == (resource.parents, set(resource.unordered)):
        return data
    return renamed(data, before, resource.name, new_names)
