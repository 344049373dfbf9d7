"""What is moved together with something that is removed: the name that it was to have is not free yet."""

from __future__ import annotations

from typing import AbstractSet, Dict, FrozenSet, Mapping, NamedTuple, Optional, Set

from stagectl.core.model import Name
from stagectl.core.planning.moves import counting_claims
from stagectl.usecases.repository.workspace import Writes
from stagectl.usecases.staging.ground import Ground
from stagectl.usecases.staging.move import move_writes


class TakenBack(NamedTuple):
    """writes: the files; touched: whose files they are; moves: from the name that goes to the one that comes back.

    The moves are in the order in which they can be made again.
    """

    writes: Writes
    touched: FrozenSet[Name]
    moves: Mapping[Name, Name]


def take_back_moves(ground: Ground, going: AbstractSet[Name], writes: Writes) -> TakenBack:
    """Return the files of a removal, and of moves that are taken back because of it.

    In a swap each takes the other's name. Where one of the two is removed, the other keeps the name that it has until
    that is applied. writes: the files of the removal.
    """
    snapshot = ground.snapshot
    claims = counting_claims({**snapshot.staged, **snapshot.defined}, ground.applied)
    left = _blocked(claims, going)
    back: Dict[Name, Name] = {}
    touched = frozenset(going)
    if left:
        ground.need_everything("something keeps the name that it has")
    while left:
        now = ground.workspace.snapshot(definitions=True, writes=writes)
        name = next(name for name, old in left.items() if old not in now.defined)
        back = {name: left.pop(name), **back}
        more, names = move_writes(now, ground.applied, {name: back[name]})
        writes, touched = {**writes, **more}, touched.union(names)
    return TakenBack(writes, touched, back)


def _blocked(claims: Mapping[Name, Name], going: AbstractSet[Name]) -> Dict[Name, Name]:
    """Return the moves of what stays to names under which something that goes is live, and all that follows."""
    taken: Set[Optional[Name]] = {claims[name] for name in going if name in claims}
    found: Dict[Name, Name] = {}
    while True:
        more = {name: old for name, old in claims.items() if name in taken and name not in {*going, *found}}
        if not more:
            return found
        found.update(more)
        taken |= set(more.values())
