"""Which new name may be the one that an old name has by now, where their resources say the same."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Sequence, Tuple

from stagectl.core.model import Name

_MOST_SHOWN = 3  # new names of which one may be the one


def pair_names(gone: Sequence[Name], fresh: Sequence[Name]) -> Dict[Name, Tuple[Name, ...]]:
    """Return for each old name the new one that it may have, or all that it may have where none is more like it.

    Parts of the names decide, the last ones first: who renames a folder leaves the rest as it was.
    """
    pairs: Dict[Name, Tuple[Name, ...]] = {}
    old, new = sorted(gone), sorted(fresh)
    most = max((name.count("/") + 1 for name in (*old, *new)), default=0)
    for key in (_last, _first):
        for parts in range(most, 0, -1):
            found = _only_ones(old, new, lambda name, key=key, parts=parts: key(name, parts))  # type: ignore[misc]
            pairs.update({before: (after,) for before, after in found.items()})
            old = [name for name in old if name not in found]
            new = [name for name in new if name not in found.values()]
    pairs.update({name: tuple(new) for name in old if new})
    return dict(sorted(pairs.items()))


def move_hint(old: Name, new: Sequence[Name], what: str = "") -> str:
    """Return what keeps a resource that looks moved; new: its name, or those that may be it; what: said of it, too."""
    shown = [*new[:_MOST_SHOWN], *(["..."] if len(new) > _MOST_SHOWN else [])]
    name = new[0] if len(new) == 1 else "NEW_NAME"
    return f"{' or '.join(shown)} looks like {old} moved{what}; to keep what is applied: stagectl move {old} {name}"


def _last(name: Name, parts: int) -> Tuple[str, ...]:
    return tuple(name.split("/")[-parts:])


def _first(name: Name, parts: int) -> Tuple[str, ...]:
    return tuple(name.split("/")[:parts])


def _only_ones(old: Sequence[Name], new: Sequence[Name], key: Callable[[Name], Tuple[str, ...]]) -> Dict[Name, Name]:
    """Return the pairs of names with a key that one of the old and one of the new ones has."""
    before, after = _by_key(old, key), _by_key(new, key)
    both = before.keys() & after.keys()
    return {before[one][0]: after[one][0] for one in sorted(both) if len(before[one]) == len(after[one]) == 1}


def _by_key(names: Sequence[Name], key: Callable[[Name], Tuple[str, ...]]) -> Mapping[Tuple[str, ...], List[Name]]:
    found: Dict[Tuple[str, ...], List[Name]] = {}
    for name in names:
        found.setdefault(key(name), []).append(name)
    return found
