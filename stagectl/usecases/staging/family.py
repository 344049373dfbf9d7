"""Which definitions are like which, and what each of them makes, as it was noted when all of them were read.

So the edit of one definition leads to all whose staged files it changes, without a look at the others.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Set

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.worktree.tree import Files
from stagectl.core.model import NAME, SEGMENT, STAGED, Name
from stagectl.core.references import folder_of

# What a definition may be like, whatever the style it is written in; what this does not see, reading everything does.
_LIKE = re.compile(rb"""["']?like["']?\s*:\s*["']?([A-Za-z0-9_/-]+)""")


class Family(NamedTuple):
    """likes: by definition the one it is like; entries: by definition the keys of its `each`."""

    likes: Mapping[Name, Name]
    entries: Mapping[Name, List[str]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> Family:
        """Return what the definitions of a snapshot say of each other."""
        return cls({}, {}).update(snapshot, ())

    @classmethod
    def from_note(cls, raw: Any) -> Family:
        """Return what was noted; raises KeyError, TypeError, AttributeError or ValueError for what cannot have been."""
        likes, entries = raw["likes"], raw["entries"]
        good = all(NAME.fullmatch(name) for pair in likes.items() for name in pair)
        if not good or not all(re.fullmatch(SEGMENT, key) for keys in entries.values() for key in keys):
            raise ValueError("no names")
        return cls(likes, entries)

    def update(self, snapshot: Snapshot, names: Iterable[Name]) -> Family:
        """Return it with what part of the definitions say now. names: of all resources in that part."""
        seen = {*names, *snapshot.definitions}
        likes = {name: like for name, like in self.likes.items() if name not in seen}
        entries = {name: keys for name, keys in self.entries.items() if name not in seen}
        for name, one in snapshot.definitions.items():
            likes.update({} if one.like is None else {name: one.like})
            entries.update({name: list(one.each)} if one.each else {})
        return Family(likes, entries)

    def reach_of(self, names: Iterable[Name]) -> Set[Name]:
        """Return definitions, those that are like them, and the resources that they make."""
        alike: Dict[Name, List[Name]] = {}
        for name, like in self.likes.items():
            alike.setdefault(like, []).append(name)
        found, left = set(names), list(names)
        while left:
            new = [name for name in alike.get(left.pop(), ()) if name not in found]
            found.update(new)
            left += new
        return found | {Name(f"{name}/{key}") for name in found for key in self.entries.get(name, ())}

    def makers(self, names: Iterable[Name]) -> Set[Name]:
        """Return the definitions with `each` that make some of the resources."""
        return {Name(folder) for folder in map(folder_of, names) if folder in self.entries}


def templates_of(files: Files) -> Set[Name]:
    """Return the names of all that some definitions may be like."""
    found = {match.decode() for data in files.values() if b"like" in data for match in _LIKE.findall(data)}
    return {Name(name) for name in found if NAME.fullmatch(name)}


def have_twins(root: Path, roots: Iterable[str], names: Iterable[Name]) -> bool:
    """Return whether a file is there whose name differs from that of a resource in case alone."""
    for folder, inside in _by_folder(names).items():
        for top in (STAGED, *roots):
            try:
                there = os.listdir(root / top / folder)
            except OSError:
                continue
            wanted = {f"{name}.yaml".casefold(): f"{name}.yaml" for name in inside}
            if any(wanted.get(name.casefold(), name) != name for name in there):
                return True
    return False


def _by_folder(names: Iterable[Name]) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for name in names:
        found.setdefault(folder_of(name), []).append(name.rpartition("/")[2])
    return found
