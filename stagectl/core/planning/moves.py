"""Renames: what was applied under a resource's old name is its own (`moved_from` in the front matter)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Mapping, Tuple

from stagectl.core.model import Applied, ChangeId, Name, Resource, Trigger, change_id, split_change
from stagectl.core.planning.situation import Situation
from stagectl.core.values import Reference, Template, map_leaves

Aliases = Mapping[Name, Name]  # old name -> new name


def follow_moves(situation: Situation) -> Situation:
    """Return the situation with applied states under their new names, and what is applied reading the new names."""
    aliases = _aliases(situation)
    if not aliases:
        return situation
    moves = {new: old for old, new in aliases.items() if situation.is_live(old) and not situation.is_live(new)}
    applied: Dict[Name, Applied] = {}
    for name, state in situation.applied.items():
        if name not in moves:  # what is left of an earlier try under the new name gives way to what is live
            new = aliases[name] if name in moves.values() else name
            applied[new] = _renamed_state(state, new, aliases)
    return replace(situation, applied=applied, moves=moves)


def _aliases(situation: Situation) -> Dict[Name, Name]:
    resources = [state.resource for state in situation.applied.values() if state.resource is not None]
    found: Dict[Name, Name] = {}
    for resource in [*resources, *situation.staged.values()]:
        if resource.moved_from is not None and resource.moved_from not in situation.staged:
            found[resource.moved_from] = resource.name
    return {old: _last(new, found) for old, new in sorted(found.items())}


def _last(name: Name, aliases: Aliases) -> Name:
    seen = {name}
    while name in aliases and aliases[name] not in seen:
        name = aliases[name]
        seen.add(name)
    return name


def _renamed_state(state: Applied, name: Name, aliases: Aliases) -> Applied:
    resource = None if state.resource is None else _renamed(state.resource, name, aliases)
    owed = {action: tuple(_change(change, aliases) for change in behind) for action, behind in state.owed.items()}
    return replace(state, resource=resource, owed=owed)


def _renamed(resource: Resource, name: Name, aliases: Aliases) -> Resource:
    if name == resource.name and not (resource.parents | frozenset(resource.unordered)) & aliases.keys():
        return resource

    def renamed(leaf: Any) -> Any:
        if not isinstance(leaf, Template):
            return leaf
        parts = (
            replace(part, name=aliases.get(Name(part.name), part.name)) if isinstance(part, Reference) else part
            for part in leaf.parts
        )
        return Template(tuple(parts))

    return replace(
        resource,
        name=name,
        inputs=map_leaves(resource.inputs, renamed),
        depends_on=_names(resource.depends_on, aliases),
        depends_on_changes={
            action: tuple(_change(change, aliases) for change in changes)
            for action, changes in resource.depends_on_changes.items()
        },
        react_on={
            action: tuple(Trigger(_change(trigger.on, aliases), trigger.when) for trigger in triggers)
            for action, triggers in resource.react_on.items()
        },
        unordered=_names(resource.unordered, aliases),
    )


def _names(names: Tuple[Name, ...], aliases: Aliases) -> Tuple[Name, ...]:
    return tuple(aliases.get(name, name) for name in names)


def _change(change: ChangeId, aliases: Aliases) -> ChangeId:
    name, action = split_change(change)
    return change_id(aliases.get(name, name), action)
