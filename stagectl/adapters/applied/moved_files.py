"""Files of the applied state after a move: what reads an old name reads the new one, applied with it or not.

Else they would read whatever gets the old name later. What was moved says so, also where its new file is not stored
because something of it failed: else its claim would count once more, and a swap would be swapped back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping, Optional

from stagectl.core.model import Applied, Name, Resource
from stagectl.core.plans.plan import Plan, Target
from stagectl.core.running.outcome import Outcomes, finished_moves, settle


def settle_files(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Dict[Name, Optional[Applied]]:
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
            resource = replace(resource, content=content)
            resource = _claiming(resource, plan.targets.get(name)) if name in moved else resource
            if resource != state.resource:
                states[name] = replace(state, resource=resource)
    return states


def _claiming(resource: Resource, target: Optional[Target]) -> Resource:
    """Return a moved resource with the claims of the file that moved it."""
    if target is None or resource.moved_from == target.resource.moved_from:
        return resource
    from stagectl.adapters.yamlfile.edit import Edit, edit
    from stagectl.core.schemas.schema import FRONT

    claims = target.resource.moved_from
    value = claims[0] if len(claims) == 1 else list(claims)
    content = edit(resource.content, [Edit(FRONT, ("moved_from",), value)])
    return replace(resource, content=content, moved_from=claims)


def _content(resource: Resource, before: Name, new_names: Mapping[Name, Name]) -> bytes:
    """Return the file of a resource; where it names others than are meant, it was written before the move."""
    from stagectl.adapters import yamlfile
    from stagectl.adapters.yamlfile.names import rename_resource
    from stagectl.core.schemas import schema

    data = resource.content
    written = schema.resource(resource.name, yamlfile.load(data), data, staged=True)
    if (written.parents, set(written.unordered)) == (resource.parents, set(resource.unordered)):
        return data
    return rename_resource(data, before, resource.name, new_names)
