"""Whether anything came or went in some folders since git last found nothing in them that it does not know.

Looking for untracked files means reading every folder and git's whole index; a folder in which a file came or went has
another time of modification and another time of change, and the latter cannot be set. So a few hundred of these are
compared instead.
"""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from stagectl.core.model import CONFIG

RACY = 2_000_000_000  # nanoseconds: a folder this young may change again without another time

_AS_SORTED = "{}/".format  # what git sorts a folder by, among files and folders
Stat = List[int]
FolderStats = Mapping[str, Optional[Stat]]  # by path; None for one that is looked into in any case


def are_as_before(root: Path, folders: FolderStats) -> bool:
    """Return whether folders are as they were, so that nothing came or went in them."""
    return all(stat_of(f"{root}/{path}") == stat for path, stat in folders.items())


def is_settled(stat: Stat, began: int) -> bool:
    """Return whether what changes after a look has another stat than this; began: the look, as `time_ns` has it."""
    return max(stat[:2]) <= began - RACY


class Walked(NamedTuple):
    """What is in some folders. stats: of all of them; files: in those that changed, from one not listed on.

    is_regular: whether all in these is: no link, no other repository, nothing special or closed.
    """

    stats: Dict[str, Optional[Stat]]
    files: List[str]
    is_regular: bool


class Listed:
    """The files that git knows, sorted, each behind a NUL, the letter that says whether git looks at it, and a space.

    Folders are asked about in the same order.
    """

    def __init__(self, listed: bytes) -> None:
        self._listed, self._at = listed, 0

    def find_all(self, start: str, names: Sequence[str]) -> bool:
        """Return whether these files, sorted, behind a path, are found; after the first that is not, none is."""
        step = f"\0H {start}"
        self._at = at = self._listed.find(os.fsencode(step), self._at)  # from -1 on, nothing is found
        if not self._listed.startswith(os.fsencode(f"{step}{step.join(names)}\0"), at):
            for name in names:  # there are folders between them
                at = self._listed.find(os.fsencode(f"{step}{name}\0"), at)
            self._at = min(self._at, at)
        return at >= 0


def walk(root: Path, tops: Iterable[str], before: FolderStats, listed: Listed, most: int = sys.maxsize) -> Walked:
    """Look into all folders at or below some that are not as they were *before*, until there are more than *most*.

    listed: files that are known.
    """
    stats: Dict[str, Optional[Stat]] = {}
    files: List[str] = []
    is_regular, left = True, sorted({*tops, *before}, key=_AS_SORTED, reverse=True)
    while left and len(stats) + len(files) <= most:
        path = left.pop()
        if path not in stats:
            stats[path] = stat = stat_of(f"{root}/{path}")
            if stat is not None and stat != before.get(path):
                start, names, folders, is_plain = _look_into(root, path, most)
                left += folders
                if names and not listed.find_all(start, names):
                    files += [f"{start}{name}" for name in names]
                is_regular = is_regular and is_plain
    return Walked(stats, files, is_regular)


def _look_into(root: Path, path: str, most: int) -> Tuple[str, List[str], List[str], bool]:
    """Return how all files of a folder start, how they go on, sorted, its folders, and whether all in it is regular.

    most: as many entries are looked at.
    """
    start, place, others = f"{path}/", f"{root}/{path}", []
    if os.path.realpath(place) != place:
        return start, [], [], False
    try:
        with os.scandir(place) as scanned:
            entries = list(islice(scanned, most))
        # Most folders hold files alone, for none of which a line of Python is run.
        if any(map(os.DirEntry.is_symlink, entries)) or not all(map(os.DirEntry.is_file, entries)):
            others = [entry for entry in entries if not entry.is_file(follow_symlinks=False)]
        inner = {entry.name for entry in others if entry.is_dir(follow_symlinks=False)}
        left_out = inner.union(entry.name for entry in others if not entry.name.startswith("."))
    except NotADirectoryError:
        return path, [""], [], PurePosixPath(path).name == CONFIG  # else a folder belongs there
    except OSError as error:
        return start, [], [], isinstance(error, FileNotFoundError)
    names = [entry.name for entry in entries]
    is_regular = left_out == inner and ".git" not in names
    folders = [f"{start}{name}" for name in sorted(inner, key=_AS_SORTED, reverse=True)]
    return start, sorted(set(names) - left_out if left_out else names), folders, is_regular


def stat_of(path: Union[Path, str]) -> Optional[Stat]:
    """Return what differs where a file or a folder does, times first; None where there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
