"""Where a line stands: shards of at most 64 lines, in the folder of the name, by the bits of a hash of its last part.

A folder's shards are the leaves of a tree of bits: the one of some bits is split by the next bit when it has too many
lines. So they are a function of the names alone, and one name that comes or goes changes one or two of them.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Callable, Collection, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set

from stagectl.core.indexing.line import Line, LinesByName, encode
from stagectl.core.model import Name
from stagectl.core.references import folder_of

MOST_LINES = 64  # in one shard
_DEEPEST = 32  # bits
STARTS = SETTLED, OPEN = ".b", ".o"  # how the names of shards begin: whether all in it is settled


class Shard(NamedTuple):
    """Where a shard is: its folder and its bits."""

    folder: str
    bits: str


def bits_of(name: Name) -> str:
    """Return the bits of a name's last part; names that differ in case alone have the same ones."""
    return _bits_of(name.rpartition("/")[2].lower())


@lru_cache(maxsize=1 << 14)  # a name is looked up each time that its shard is split
def _bits_of(last: str) -> str:
    return format(int.from_bytes(hashlib.sha256(last.encode()).digest()[:4], "big"), "032b")


def place_in(name: Name, folder: str, forks: Collection[str]) -> Shard:
    """Return the shard in which a name stands, or would stand. forks: those of its folder."""
    bits = bits_of(name)
    length = 0
    while bits[:length] in forks:
        length += 1
    return Shard(folder, bits[:length])


def forks_of(there: Iterable[str]) -> Set[str]:
    """Return the bits by which the shards of a folder part, given the bits of these."""
    return {bits[:length] for bits in there for length in range(len(bits))}


def file_name(place: Shard, *, has_open: bool) -> str:
    """Return the path of a shard in the index; has_open: whether a resource in it is not settled."""
    return f"{place.folder}/" * bool(place.folder) + (OPEN if has_open else SETTLED) + place.bits


def shard_text(lines: LinesByName) -> str:
    """Return the text of a shard."""
    return "".join(encode(name, lines[name]) for name in sorted(lines))


def redistribute(
    changes: Mapping[Name, Optional[Line]],
    there: Mapping[str, Collection[str]],
    read: Callable[[List[Shard]], Mapping[Shard, LinesByName]],
) -> Dict[Shard, LinesByName]:
    """Return the shards that change, with their lines; one without lines goes.

    changes: lines that are other than before, None for one that goes. there: the bits of each folder's shards.
    """
    by_folder: Dict[str, Dict[Name, Optional[Line]]] = {}
    for name, line in changes.items():
        by_folder.setdefault(folder_of(name), {})[name] = line
    placed: Dict[str, Dict[Name, Shard]] = {}
    for folder, some in by_folder.items():
        forks = forks_of(there.get(folder, ()))
        placed[folder] = {name: place_in(name, folder, forks) for name in some}
    touched = sorted({place for places in placed.values() for place in places.values()})
    before = read([place for place in touched if place.bits in there.get(place.folder, ())])
    found: Dict[Shard, LinesByName] = {}
    for folder, some in by_folder.items():
        shards = {place.bits: dict(before.get(place, {})) for place in set(placed[folder].values())}
        for name, line in some.items():
            lines = shards[placed[folder][name].bits]
            if line is None:
                lines.pop(name, None)
            else:
                lines[name] = line
        found.update(_balance(folder, shards, there.get(folder, ()), read))
    return found


def _balance(
    folder: str,
    shards: Dict[str, LinesByName],
    there: Collection[str],
    read: Callable[[List[Shard]], Mapping[Shard, LinesByName]],
) -> Dict[Shard, LinesByName]:
    """Return a folder's changed shards, split where they have too many lines and put together where they have few."""
    found: Dict[str, LinesByName] = dict(shards)
    left = set(there) - found.keys()
    for bits in sorted(shards, key=len, reverse=True):
        while bits and bits in found:
            above = bits[:-1]
            beside = [other for other in left if other.startswith(above)]
            mine = [other for other in found if other.startswith(above)]
            total = sum(len(found[other]) for other in mine)
            if total > MOST_LINES or total + len(beside) > MOST_LINES:  # each of them has a line at least
                break
            more = read([Shard(folder, other) for other in beside])
            if total + sum(map(len, more.values())) > MOST_LINES:
                break
            merged = {name: line for other in mine for name, line in found[other].items()}
            merged.update({name: line for lines in more.values() for name, line in lines.items()})
            found.update({other: {} for other in (*mine, *beside)})
            left -= set(beside)
            found[above] = merged
            bits = above
    result: Dict[Shard, LinesByName] = {Shard(folder, bits): {} for bits in found}
    for bits, lines in found.items():
        for part, some in _split(bits, lines).items():
            result[Shard(folder, part)] = some
    return result


def _split(bits: str, lines: LinesByName) -> Dict[str, LinesByName]:
    if len(lines) <= MOST_LINES or len(bits) == _DEEPEST:
        return {bits: lines} if lines else {}
    parts: Dict[str, LinesByName] = {bits + "0": {}, bits + "1": {}}
    for name, line in lines.items():
        parts[bits_of(name)[: len(bits) + 1]][name] = line
    return {part: some for inner, their in parts.items() for part, some in _split(inner, their).items()}
