"""Which claims on old names (`moved_from` in the front matter) count.

A claim acts once: what the file applied under the new name says already, or that of a run that failed there, is spent,
unless what is applied there moves away. So what comes back says so: a `moved_from` is the names that it had, the newest
first, its own name among them.
"""

from __future__ import annotations

from collections import Counter
from typing import AbstractSet, Dict, FrozenSet, Iterable, Mapping, Optional, Sequence, Tuple

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import NOT_APPLIED, Applied, Name, Resource

Claims = Mapping[Name, Name]  # new name -> the old one that it claims
Resources = Mapping[Name, Resource]
OldNames = Tuple[Name, ...]


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
