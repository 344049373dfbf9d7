"""Renames: what was applied under a resource's old name is its own (`moved_from` in the front matter).

A claim acts once. It counts while the old name is live, the new one is not (or is itself moved away), and the file
applied under the new one does not make the claim already; then it is spent, and may stay where it stands. Claims that
take each other's names, swaps and chains, are one thing: what is wrong with one of them keeps all from moving.
"""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Any, Dict, FrozenSet, Iterable, List, Mapping, Optional, Set, Tuple

from stagectl.core.model import RENAME, Applied, ChangeId, Kind, Name, Resource, Trigger, change_id, split_change
from stagectl.core.model import staged_path as path_of
from stagectl.core.planning.situation import Situation
from stagectl.core.values import Reference, Template, map_leaves, same

Aliases = Mapping[Name, Name]  # old name -> new name
Claims = Mapping[Name, Name]  # new name -> the old one that it claims
Resources = Mapping[Name, Resource]


def follow_moves(situation: Situation) -> Situation:
    """Return the situation with applied states under their new names, and what is applied reading the new names."""
    claims = counting_claims(situation.staged, situation.applied)
    wrong = _wrong_claims(situation, claims)
    moves = {new: old for new, old in claims.items() if not _together(claims, {new}) & wrong.keys()}
    aliases = _aliases(situation, moves)
    if not aliases:
        return replace(situation, wrong_claims=wrong) if wrong else situation
    taken, new_names = frozenset(moves), {old: new for new, old in moves.items()}
    applied: Dict[Name, Applied] = {}
    for name, state in situation.applied.items():
        # What is left of an earlier try under the new name gives way to what is live.
        if name in new_names or name not in taken:
            new = new_names.get(name, name)
            applied[new] = _renamed_state(state, new, aliases)
    return replace(situation, applied=applied, moves=moves, wrong_claims=wrong)


def counting_claims(staged: Resources, applied: Mapping[Name, Applied]) -> Dict[Name, Name]:
    """Return for each resource the first name of its `moved_from` that is live and that it has not taken yet."""
    found: Dict[Name, Name] = {}
    for name, resource in sorted(staged.items()) if any(one.moved_from for one in staged.values()) else ():
        before = applied[name].resource if name in applied else None
        spent = before.moved_from if before is not None else ()
        for old in resource.moved_from:
            if old in applied and applied[old].live and old not in spent:
                found[name] = old
                break
    return found


def find_renames(old: Resources, new: Resources) -> Dict[Name, Name]:
    """Return for each resource of one side that the other has under another name that name; sides may be reversed."""
    forth = _free_claims(new, old)
    return forth or {before: after for after, before in _free_claims(old, new).items()}


def _free_claims(new: Resources, old: Resources) -> Dict[Name, Name]:
    claims = counting_claims(new, {name: Applied(resource) for name, resource in old.items()})
    taken = set(claims.values())
    return {
        name: before
        for name, before in claims.items()
        if (before not in new or before in claims) and (name not in old or name in taken)
    }


def together(claims: Claims, names: Iterable[Name]) -> FrozenSet[Name]:
    """Return names with all that are moved with them: what takes a name of theirs, or leaves one to them."""
    return frozenset(names) | _together(claims, frozenset(names))


def _together(claims: Claims, names: AbstractSet[Name]) -> Set[Name]:
    found = set(names)
    while True:
        linked = {name for new, old in claims.items() if {new, old} & found for name in (new, old)}
        if linked <= found:
            return found
        found |= linked


# --- what is wrong with claims


def _wrong_claims(situation: Situation, claims: Claims) -> Dict[Name, str]:
    """Return for each claim that cannot be followed why not."""
    claimants: Dict[Name, List[Name]] = {}
    for new, old in claims.items():
        claimants.setdefault(old, []).append(new)
    found = {}
    for new, old in claims.items():
        why = _why_wrong(situation, claims, new, claimants)
        if why:
            found[new] = f"'moved_from: {old}' cannot be followed: {why}"
    return found


def _why_wrong(situation: Situation, claims: Claims, new: Name, claimants: Mapping[Name, List[Name]]) -> str:
    old = claims[new]
    others = [other for other in claimants[old] if other != new]
    if others:
        places = ", ".join(f"{other} ({_place(situation, other)})" for other in others)
        return f"{places} claim{'s' if len(others) == 1 else ''} it, too"
    if old in situation.staged and old not in claims:
        return f"{old} is still there ({_place(situation, old)}); delete it, or drop the claim"
    if situation.is_live(new) and new not in claimants:
        return f"both are live, and {new} is not moved away; remove one of the two, and apply that, first"
    kind = situation.kinds.get(_kind_of(situation, old))
    if kind is not None and RENAME in kind.actions and _is_swap(claims, new):
        return f"the names are swapped, and the kind {kind.name} renames one by one; move one to a third name first"
    return ""


def _place(situation: Situation, name: Name) -> str:
    staged = situation.staged[name]
    return staged.source or path_of(name)


def _kind_of(situation: Situation, old: Name) -> str:
    resource = situation.applied[old].resource
    return resource.kind if resource is not None else ""


def _is_swap(claims: Claims, new: Name) -> bool:
    name, seen = claims[new], {new}
    while name in claims and name not in seen:
        seen.add(name)
        name = claims[name]
    return name == new


# --- what is moved together


def with_moved(situation: Situation, names: FrozenSet[Name]) -> FrozenSet[Name]:
    """Return a selection with what moves together with it, and with moves, and nothing else, that it needs.

    A resource that names a new name is stored with it: where that resource does nothing of its own, it moves along.
    """
    moves = situation.moves
    chosen = together(moves, names) & frozenset(situation.names()) if moves else names
    for new in sorted(moves.keys() - chosen):
        if is_bare(situation, new) and any(_takes_along(situation, name, new) for name in chosen):
            chosen |= together(moves, {new})
    return chosen


def _takes_along(situation: Situation, name: Name, new: Name) -> bool:
    resource = situation.staged.get(name)
    return resource is not None and new in resource.parents and situation.is_edited(name)


def is_bare(situation: Situation, new: Name) -> bool:
    """Return whether a move is all that is staged of a resource: nothing runs for it."""
    group = together(situation.moves, {new}) & situation.moves.keys()
    return all(_is_bare(situation, name) for name in group)


def _is_bare(situation: Situation, name: Name) -> bool:
    state, staged = situation.applied[name], situation.staged[name]
    before = state.resource
    if before is None or state.unfinished or state.owed or renames(before, situation.kinds):
        return False
    return (
        before.kind == staged.kind
        and before.tags == staged.tags
        and same(dict(before.inputs), dict(staged.inputs))
        and all(state.stamps.get(action) == stamp for action, stamp in staged.actions.items())
    )


def renames(applied: Optional[Resource], kinds: Mapping[str, Kind]) -> bool:
    """Return whether a live resource's kind has an action that carries out a move."""
    kind = kinds.get(applied.kind) if applied is not None else None
    return kind is not None and RENAME in kind.actions


# --- names in what is applied


def _aliases(situation: Situation, moves: Claims) -> Dict[Name, Name]:
    """Return the new name for each old one that may stand in what is applied; of names gone, wherever they lead."""
    new_names = {old: new for new, old in moves.items()}
    gone: Dict[Name, Name] = {}
    applied = [state.resource for _, state in sorted(situation.applied.items()) if state.resource is not None]
    for resource in [*applied, *(resource for _, resource in sorted(situation.staged.items()))]:
        for old in resource.moved_from:
            if old not in situation.staged and not situation.is_live(old):
                gone[old] = resource.name
    found = dict(new_names)
    for old in sorted(gone):
        name, seen = gone[old], {old}
        while name in gone and name not in seen:
            seen.add(name)
            name = gone[name]
        found[old] = new_names.get(name, name)
    return found


def old_names(resources: Iterable[Resource]) -> Dict[Name, Name]:
    """Return for each name that a resource had before the one that it has now."""
    found: Dict[Name, Name] = {}
    for resource in sorted(resources, key=lambda resource: resource.name):
        found.update(dict.fromkeys(resource.moved_from, resource.name))
    return found


def _renamed_state(state: Applied, name: Name, aliases: Aliases) -> Applied:
    resource = None if state.resource is None else _rename(state.resource, name, aliases)
    owed = {action: tuple(_change(change, aliases) for change in behind) for action, behind in state.owed.items()}
    tried = state.unfinished
    if tried is not None and tried.form is not None:
        tried = replace(tried, form=_rename(tried.form, tried.form.name, aliases))
    return replace(state, resource=resource, owed=owed, unfinished=tried)


def _rename(resource: Resource, name: Name, aliases: Aliases) -> Resource:
    if name == resource.name and not (resource.parents | frozenset(resource.unordered)) & aliases.keys():
        return resource

    def rename(leaf: Any) -> Any:
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
        inputs=map_leaves(resource.inputs, rename),
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
