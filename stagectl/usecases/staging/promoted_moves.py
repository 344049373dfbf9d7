"""Renames in the folder that is promoted, made in the target, too."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.model import Name, Resource
from stagectl.usecases.repository.workspace import Writes
from stagectl.usecases.staging.ground import Ground
from stagectl.usecases.staging.move import move_writes
from stagectl.usecases.staging.promotion_gate import Taken

_ASIDE = "-moving"  # what one of a ring is called while the others move; no file has that name in the end


def promote_moves(ground: Ground, moved: Sequence[Taken], folders: Tuple[str, str]) -> Tuple[Writes, Tuple[Name, ...]]:
    """Return the files of moves in the target that follow moves in the source, and whose files they are.

    Each is made on top of the ones before: what names several of them follows all.
    """
    before = snapshot = ground.snapshot
    left = _moves(_there(snapshot), moved, folders)
    if left:
        ground.need_everything("something is renamed in the target")
    writes: Dict[str, Optional[bytes]] = {}
    touched: List[Name] = []
    while left:
        new = next((name for name in left if name not in _there(snapshot)), None)
        old = left.pop(new) if new is not None else next(iter(left))
        aside = new is None
        if new is None:  # a ring: one steps aside
            new = Name(old + _ASIDE)
            left = {taker: new if taken == old else taken for taker, taken in left.items()}
        more, names = move_writes(snapshot, ground.applied, {old: new})
        writes.update(more)
        touched += [name for name in names if not (aside and name == new)]
        snapshot = ground.workspace.snapshot(definitions=True, writes=writes)
    writes = {path: content for path, content in writes.items() if content is not None or path in before.files}
    return writes, tuple(name for name in dict.fromkeys(touched) if not name.endswith(_ASIDE))


def _there(snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return what a snapshot defines, and what is staged without a definition."""
    in_place = {name: one for name, one in snapshot.staged.items() if one.source is None}
    return {**in_place, **snapshot.defined}


def _moves(there: Mapping[Name, Resource], moved: Sequence[Taken], folders: Tuple[str, str]) -> Dict[Name, Name]:
    """Return the moves, new name -> old one, that the target has not made yet, and can make."""
    found: Dict[Name, Name] = {}
    for resource, new in moved:
        made = there[new].moved_from if new in there else ()
        olds = [_other(old, *folders) for old in resource.moved_from if old.startswith(f"{folders[0]}/")]
        old = next((old for old in olds if old in there and old not in made), None)
        found.update({} if old is None or old in found.values() else {new: old})
    while True:
        stuck = [new for new in found if new in there and new not in found.values()]
        stuck += [new for new, old in found.items() if old in {one.new for one in moved} and old not in found]
        if not stuck:
            return found
        for new in stuck:
            found.pop(new, None)


def _other(name: str, folder: str, other: str) -> Name:
    return Name(f"{other}/{name[len(folder) + 1 :]}")
