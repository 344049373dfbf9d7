"""Files of the applied state after a move: what reads an old name reads the new one, applied with it or not.

Else they would read whatever gets the old name later. What was moved says so, also where its new file is not stored
because something of it failed: else its claim would count once more, and a swap would be swapped back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Mapping, Optional, Sequence

from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.moves import Aliases, renamed_state
from stagectl.core.plans.plan import Plan, Target
from stagectl.core.running.outcome import Outcomes, finished_moves, settle


def settle_files(plan: Plan, outcomes: Outcomes, applied: Mapping[Name, Applied]) -> Dict[Name, Optional[Applied]]:
    """Return what `settle` does, with files that say what their resources mean now that others have other names.

    What is moved, and the move is no part of the plan or failed, stays under the name that it has.
    """
    states = settle(plan, outcomes, applied)
    moved = finished_moves(plan, outcomes) if plan.moved else {}
    stored = {name: state.resource.stored for name, state in applied.items() if state.resource is not None}
    waiting = {name: old for name, old in stored.items() if old is not None and name not in moved}
    if not moved and not waiting:
        return states
    new_names = {old: new for new, old in moved.items()}
    found: Dict[Name, Optional[Applied]] = {}
    stuck = {new: old for old, new in plan.moved if new not in moved}
    keys = {name: stuck.get(name, name) for name in applied}  # of each in the states: what stays has its old name there
    others = {(name, name) for name in states.keys() - {*keys.values()}}
    for name, key in sorted({*keys.items()} | others):
        state = states[key] if key in states else applied[name]
        if state is None or state.resource is None:
            found.update({key: state} if key in states else {})
        elif key in states or name in moved or moved.keys() & {*state.resource.parents, *state.resource.unordered}:
            place = waiting.get(name, key)
            state = renamed_state(state, place, waiting) if waiting else state
            before = moved.get(name, place)
            after = _written_anew(state, before, (waiting, new_names), plan.targets.get(name))
            if key in states or after != state:
                found[place] = after
    return found


def _written_anew(state: Applied, before: Name, ways: Sequence[Aliases], target: Optional[Target]) -> Applied:
    """Return a state whose file names others as they are called now. before: the name that its resource had.

    ways: the names that others have now by those in the file, of one from after the moves, and of one from before them.
    """
    assert state.resource is not None, "only what is live has a file"
    resource = replace(state.resource, content=_content(state.resource, before, ways), stored=None)
    if before != resource.name:
        resource = _claiming(resource, target)
    return replace(state, resource=resource)


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


def _content(resource: Resource, before: Name, ways: Sequence[Aliases]) -> bytes:
    """Return the file of a resource; where it names others than are meant, it was written before a move, or for one."""
    from stagectl.adapters import yamlfile
    from stagectl.adapters.yamlfile.edit import rename_resource
    from stagectl.core.schemas import schema

    data = resource.content
    for names in (None, *ways):
        data = data if names is None else rename_resource(resource.content, before, resource.name, names)
        front, *body = yamlfile.load(data)
        front = {key: value for key, value in front.items() if key != "moved_from"}  # it may name what it is now
        written = schema.resource(resource.name, [front, *body], data, staged=True)
        if (written.relations(), written.react_on) == (resource.relations(), resource.react_on):
            break
    return data
