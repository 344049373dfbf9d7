"""Renames: what was applied under a resource's old name is its own (`moved_from` in the front matter).

A claim acts once: what the file applied under the new name says already, or that of a run that failed there, is spent,
unless what is applied there moves away. So what comes back says so: a `moved_from` is the names that it had, the newest
first, its own name among them. Claims that take each other's names, swaps and chains, are one thing: what is wrong with
one of them keeps all from moving.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import AbstractSet, Any, Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Tuple

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import NOT_APPLIED, RENAME, Applied, ChangeId, Name, Resource, change_id, split_change
from stagectl.core.model import staged_path as path_of
from stagectl.core.planning.situation import Situation
from stagectl.core.values import Reference, Template, differing, map_leaves

Claims = Mapping[Name, Name]  # new name -> the old one that it claims
Resources = Mapping[Name, Resource]
OldNames = Tuple[Name, ...]
Aliases = Mapping[Name, Name]  # old name -> new name


def counting_claims(staged: Resources, applied: Mapping[Name, Applied]) -> Dict[Name, Name]:
    """Return for each resource that is live under another name that name: the first of its unspent claims, mostly."""
    claiming = [staged[name] for name in sorted(name for name, resource in staged.items() if resource.moved_from)]
    found: Dict[Name, Name] = {}
    while True:
        left = frozenset(found.values())
        claims = {one.name: _claimed_by(one, applied, left) for one in claiming if one.name not in found}
        more = {name: old for name, old in claims.items() if old is not None}
        if not more:
            return dict(sorted(found.items()))
        found.update(more)


def _claimed_by(resource: Resource, applied: Mapping[Name, Applied], left: AbstractSet[Name]) -> Optional[Name]:
    """Return the name that a resource claims. left: names from which what is applied there moves away."""
    name, names = resource.name, resource.moved_from
    unspent = new_claims(names, () if name in left else names_before(applied, name))
    live = [(at, old) for at, old in enumerate(unspent) if old in applied and applied[old].live]
    for at, old in live if name in names else ():  # it was here before: at which of these times was it applied?
        if _stand_within(names[at + 1 :], names_before(applied, old)) and not (old == name and name in left):
            return old if old != name else None
    return next((old for _, old in live if old != name), None)


def names_before(applied: Mapping[Name, Applied], name: Name) -> OldNames:
    """Return the `moved_from` of what is applied under a name, or was tried to be run there: it claims no more."""
    forms = applied.get(name, NOT_APPLIED).forms
    return forms[0].moved_from if forms else ()


def new_claims(names: OldNames, spent: OldNames) -> OldNames:
    """Return what a `moved_from` says before what another one says, too, of which it may leave out names."""
    return names[: next(at for at in range(len(names) + 1) if _stand_within(names[at:], spent))]


def _stand_within(some: Sequence[Name], names: Sequence[Name]) -> bool:
    """Return whether some names stand among others, in that order."""
    rest = iter(names)
    return all(name in rest for name in some)


def claims_for(applied: Mapping[Name, Applied], old: Name, new: Name) -> OldNames:
    """Return the `moved_from` with which what is live under a name goes on under another one.

    It is as short as it can be and not be spent: `[old]`, but where things come back in a ring.
    """
    spent, history = names_before(applied, new), (old, *names_before(applied, old))
    return next((history[:at] for at in range(1, len(history)) if new_claims(history[:at], spent)), history)


def claimed_once(claims: Claims) -> Dict[Name, Name]:
    """Return the old names that one resource alone claims, with its name."""
    number = Counter(claims.values())
    return {old: new for new, old in claims.items() if number[old] == 1}


def find_renames(old: Resources, new: Resources) -> Dict[Name, Name]:
    """Return for each resource of one side that the other has under another name that name; sides may be reversed."""
    forth = _free_claims(new, old)
    return forth or {before: after for after, before in _free_claims(old, new).items()}


def _free_claims(new: Resources, old: Resources) -> Dict[Name, Name]:
    claims = counting_claims(new, {name: Applied(resource) for name, resource in old.items()})
    taken = set(claims.values())
    return {
        name: before
        for before, name in claimed_once(claims).items()
        if (before not in new or before in claims) and (name not in old or name in taken)
    }


def together(claims: Claims, names: Iterable[Name]) -> FrozenSet[Name]:
    """Return names with all that are moved with them: what takes a name of theirs, or leaves one to them."""
    linked = group_pairs(pair for new, old in claims.items() for pair in ((new, old), (old, new)))
    return frozenset(reachable(names, lambda name: linked.get(name, ())))


# --- following them


def follow_moves(situation: Situation) -> Situation:
    """Return the situation with applied states under their new names, and what is applied reading the new names."""
    claims = counting_claims(situation.staged, situation.applied)
    wrong = _wrong_claims(situation, claims)
    staying = together(claims, wrong)
    moves = {new: old for new, old in claims.items() if new not in staying}
    aliases = _aliases(situation, moves)
    if not aliases:
        return replace(situation, wrong_claims=wrong) if wrong else situation
    new_names = {old: new for new, old in moves.items()}
    applied: Dict[Name, Applied] = {}
    for name, state in situation.applied.items():
        # What is left of an earlier try under the new name gives way to what is live.
        if name in new_names or name not in moves:
            new = new_names.get(name, name)
            state = renamed_state(state, new, aliases)
            if new != name and state.resource is not None:
                state = replace(state, resource=replace(state.resource, stored=name))
            applied[new] = state
    return replace(situation, applied=applied, moves=moves, wrong_claims=wrong)


# --- what is wrong with claims


def _wrong_claims(situation: Situation, claims: Claims) -> Dict[Name, str]:
    """Return for each claim that cannot be followed why not."""
    claimants = group_pairs((old, new) for new, old in claims.items())
    reasons = {new: _why_wrong(situation, claims, new, claimants) for new in claims}
    found = {new: f"'moved_from: {claims[new]}' cannot be followed: {why}" for new, why in reasons.items() if why}
    return {**found, **_exchanged(situation, claims)}


def _exchanged(situation: Situation, claims: Claims) -> Dict[Name, str]:
    """Return what is wrong with spent claims where two resources have changed places: it would update both."""
    found = {}
    spent = {name: one for name, one in situation.staged.items() if one.moved_from and name not in claims}
    for name, one in spent.items():
        for old in one.moved_from if not _is_form(situation, name, name) else ():
            is_mutual = old in spent and name in spent[old].moved_from
            if is_mutual and _is_form(situation, name, old) and _is_form(situation, old, name):
                lists = (claims_for(situation.applied, *names) for names in ((old, name), (name, old)))
                here, there = (f"[{', '.join(names)}]" for names in lists)
                why = f"it is spent, and {name} and {old} have each other's inputs; to swap them back, write"
                why += f" moved_from: {here} here and {there} there; to exchange their values, drop both claims"
                found[name] = f"'moved_from: {old}' cannot be followed: {why}"
    return found


def _is_form(situation: Situation, name: Name, other: Name) -> bool:
    """Return whether a resource is staged as another one is applied."""
    one, live = situation.staged[name], situation.applied.get(other, NOT_APPLIED).resource
    return live is not None and one.kind == live.kind and not differing(one.inputs, live.inputs)


def _why_wrong(situation: Situation, claims: Claims, new: Name, claimants: Mapping[Name, List[Name]]) -> str:
    old = claims[new]
    others = [other for other in claimants[old] if other != new]
    staged = situation.staged
    place = {name: staged[name].source or path_of(name) for name in (old, *others) if name in staged}
    if others:
        places = ", ".join(f"{other} ({place[other]})" for other in others)
        return f"{places} claim{'s' if len(others) == 1 else ''} it, too"
    if old in staged and old not in claims:
        return f"{old} is still there ({place[old]}); delete it, or drop the claim"
    if situation.is_live(new) and new not in claimants:
        return f"both are live, and {new} is not moved away; remove one of the two, and apply that, first"
    kind = situation.kind_of(situation.applied[old].resource)
    ring = reachable([old], lambda name: [claims[name]] if name in claims else [])
    if RENAME in kind.actions and new in ring:
        return f"the names are swapped, and the kind {kind.name} renames one by one; move one to a third name first"
    return ""


# --- what is moved together


def with_moved(situation: Situation, names: FrozenSet[Name]) -> FrozenSet[Name]:
    """Return a selection with what moves together with it, and with moves, and nothing else, that it needs.

    A resource that names a new name is stored with it: where that resource does nothing of its own, it moves along.
    """
    moves = situation.moves
    if not moves:
        return names
    chosen = together(moves, names)
    while True:
        edited = (situation.staged[name] for name in chosen & situation.staged.keys() if situation.is_edited(name))
        named = {parent for resource in edited for parent in resource.parents}
        more = {new for new in (moves.keys() - chosen) & named if _is_bare(situation, new)}
        if not more:
            return chosen & frozenset(situation.names)
        chosen |= together(moves, more)


def _is_bare(situation: Situation, new: Name) -> bool:
    """Return whether a move is all that is staged of a resource: nothing runs for it."""
    for name in together(situation.moves, {new}) & situation.moves.keys():
        state, staged = situation.applied[name], situation.staged[name]
        if not state.live or state.unfinished or state.owed or RENAME in situation.kind_of(state.resource).actions:
            return False
        is_asked = any(state.stamps.get(action) != stamp for action, stamp in staged.actions.items())
        if is_asked or state.tags != staged.tags or not _is_form(situation, name, name):
            return False
    return True


# --- names in what is applied


def _aliases(situation: Situation, moves: Claims) -> Dict[Name, Name]:
    """Return the new name for each old one that may stand in what is applied, also of names that nothing has now."""
    new_names = {old: new for new, old in moves.items()}
    live = [state.resource for state in situation.applied.values() if state.resource is not None]
    forms = [(new_names.get(one.name, one.name), one) for one in live if one.moved_from]
    forms += [(name, one) for name, one in situation.staged.items() if one.moved_from]
    there = situation.staged.keys() | situation.applied.keys()
    had = group_pairs({(old, name) for name, resource in forms for old in resource.moved_from if old not in there})
    gone = {old: names[0] for old, names in had.items() if len(names) == 1}  # of more, none is meant for sure
    return {**gone, **new_names}


def old_names(*sides: Iterable[Resource], moves: Claims = MappingProxyType({})) -> Dict[Name, Tuple[Name, ...]]:
    """Return for each name that resources had before the names of those that had it.

    sides: the newest first. moves: what moves now has its old name, whatever had it before.
    """
    found: Dict[Name, List[Name]] = {}
    for side in sides:
        forms = sorted(side, key=lambda resource: resource.name)
        found = {**group_pairs((old, form.name) for form in forms for old in form.moved_from), **found}
    found.update(group_pairs((old, new) for new, old in moves.items()))
    others = {old: tuple(name for name in names if name != old) for old, names in found.items()}
    return {old: names for old, names in others.items() if names}


def renamed_state(state: Applied, name: Name, aliases: Aliases) -> Applied:
    """Return an applied state as that of another name, with other names in place of those that its relations name."""
    resource = None if state.resource is None else _rename(state.resource, name, aliases)
    # A debt of a `rename` keeps the name that was tried.
    owed = {action: some if action == RENAME else _changes(some, aliases) for action, some in state.owed.items()}
    tried = state.unfinished
    if tried is not None and tried.form is not None:
        tried = replace(tried, form=_rename(tried.form, tried.form.name, aliases))
    return replace(state, resource=resource, owed=owed, unfinished=tried)


def _rename(resource: Resource, name: Name, aliases: Aliases) -> Resource:
    if name == resource.name and not (resource.parents | frozenset(resource.unordered)) & aliases.keys():
        return resource

    def now(name: str) -> Name:
        return aliases.get(Name(name), Name(name))

    def rename(leaf: Any) -> Any:
        if not isinstance(leaf, Template):
            return leaf
        parts = (replace(part, name=now(part.name)) if isinstance(part, Reference) else part for part in leaf.parts)
        return Template(tuple(parts))

    return replace(
        resource,
        name=name,
        inputs=map_leaves(resource.inputs, rename),
        depends_on=tuple(map(now, resource.depends_on)),
        depends_on_changes={own: _changes(some, aliases) for own, some in resource.depends_on_changes.items()},
        react_on={
            own: tuple(trigger._replace(on=_change(trigger.on, aliases)) for trigger in triggers)
            for own, triggers in resource.react_on.items()
        },
        unordered=tuple(map(now, resource.unordered)),
    )


def _changes(changes: Iterable[ChangeId], aliases: Aliases) -> Tuple[ChangeId, ...]:
    return tuple(_change(change, aliases) for change in changes)


def _change(change: ChangeId, aliases: Aliases) -> ChangeId:
    name, action = split_change(change)
    return change_id(aliases.get(name, name), action)
