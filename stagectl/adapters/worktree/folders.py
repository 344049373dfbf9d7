"""Whether anything came or went in some folders since git last found nothing in them that it does not know.

Looking for untracked files means reading every folder and git's whole index; a folder in which a file came or went has
another time of modification and another time of change, and the latter cannot be set. So a few hundred of these are
compared instead.
"""

from __future__ import annotations

import hashlib
import os
import sys
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Union

from stagectl.adapters.files import recall, remember
from stagectl.core.model import CONFIG

RACY = 2_000_000_000  # nanoseconds: a folder this young may change again without another time

Stat = List[int]
FolderStats = Mapping[str, Optional[Stat]]  # by path; None for one that is looked into in any case


class Folders:
    """The folders of one working tree that a plan looks into, as they were when nothing was untracked in them."""

    def __init__(self, memo: Path, root: Path, index: Path, tops: Iterable[str]) -> None:
        self._root = root
        self._index = index
        self._tops = tuple(tops)
        # For other folders git was asked at another time: what is noted of them is noted elsewhere.
        about = "\0".join([str(root), *self._tops])
        self._memo = memo / f"folders-{hashlib.sha256(os.fsencode(about)).hexdigest()[:24]}.json"
        self._on_the_way = {str(above) for top in self._tops for above in PurePosixPath(top).parents} - {"."}
        # Of the time when nothing was untracked; None where it is not known.
        self.noted: Optional[Dict[str, Any]] = recall(self._memo, self._is_good)
        self._noting: Dict[str, Any] = {}
        self._files: Sequence[str] = ()  # in the folders that are not as they were

    def are_as_before(self) -> bool:
        """Return whether nothing came or went, in the folders or in git's index."""
        if self.noted is None or self.noted["index"] != stat_of(self._index):
            return False
        return all(stat_of(self._root / path) == stat for path, stat in self.noted["folders"].items())

    def look(self, listed: bytes, began: int) -> bool:
        """Note how the folders are now. What happens later, while git looks, is seen the next time.

        listed: the files that git knows, each behind a NUL, the letter that says whether git looks at it, and a space;
        began: when it was asked, in nanoseconds since the epoch. Returns whether all in them is regular: no link, no
        other repository, nothing special or closed.
        """
        digest = hashlib.sha256(listed).hexdigest()
        # Where git knows the same files as before, what is unknown to it is in a folder that changed.
        is_known = self.noted is not None and self.noted["listed"] == digest
        before: Dict[str, Optional[Stat]] = self.noted["folders"] if self.noted is not None and is_known else {}
        on_the_way = {path: stat_of(self._root / path) for path in self._on_the_way}
        seen = walk(self._root, self._tops, {**before, **on_the_way})
        self._began, self._files = began, seen.files
        self._noting = {"index": stat_of(self._index), "folders": seen.stats, "listed": digest}
        return seen.is_regular

    def are_known(self, listed: bytes) -> bool:
        """Return whether git knows all files that were seen, and looks at them; listed: as for `look`."""
        return not self._files or frozenset(os.fsdecode(listed[3:-1]).split("\0H ")).issuperset(self._files)

    def remember(self, attributes: List[str]) -> None:
        """Keep what was noted, unless a folder, or the index, is so young that it may have changed since.

        attributes: the files of git's attributes among those looked at.
        """
        noted = {**self._noting, "attributes": attributes}
        stats = [stat for stat in (*noted["folders"].values(), noted["index"]) if stat is not None]
        if noted["index"] is not None and all(max(stat[:2]) <= self._began - RACY for stat in stats):
            remember(self._memo, noted)

    def _is_good(self, known: Dict[str, Any]) -> bool:
        good = {*self._tops, *self._on_the_way} <= known["folders"].keys() and len(known["index"]) == 4
        good = good and all(isinstance(path, str) for path in known["attributes"])
        return good and "listed" in known

    @property
    def stats(self) -> FolderStats:
        """How all the folders are: as they were, where nothing had to be looked at."""
        found: FolderStats = (self._noting or self.noted or {"folders": {}})["folders"]
        return found


class Walked(NamedTuple):
    """What is in some folders. stats: of all of them; files: in those that are not as they were.

    is_regular: whether all in these is: no link, no other repository, nothing special or closed.
    """

    stats: Dict[str, Optional[Stat]]
    files: List[str]
    is_regular: bool


def walk(root: Path, tops: Iterable[str], before: FolderStats, most: int = sys.maxsize) -> Walked:
    """Look into all folders at or below some that are not as they were *before*, until there are more than *most*."""
    stats: Dict[str, Optional[Stat]] = {}
    files: List[str] = []
    is_regular, left = True, [*tops, *before]
    while left and len(stats) + len(files) <= most:
        path = left.pop()
        if path not in stats:
            stats[path] = stat = stat_of(f"{root}/{path}")
            if stat is not None and stat != before.get(path):
                is_regular = _look_into(root, path, left, files, most) and is_regular
    return Walked(stats, files, is_regular)


def _look_into(root: Path, path: str, folders: List[str], files: List[str], most: int) -> bool:
    """Add the folders and files in a folder, up to so many, to those known; return whether all in it is regular."""
    is_regular, place = True, f"{root}/{path}"
    if os.path.realpath(place) != place:
        return False
    try:
        with os.scandir(place) as entries:
            for entry in islice(entries, most):
                if entry.is_file(follow_symlinks=False) and entry.name != ".git":
                    files.append(f"{path}/{entry.name}")  # most are: it has to be short
                    continue
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.name == ".git" or (not is_folder and not entry.name.startswith(".")):
                    is_regular = False
                else:
                    (folders if is_folder else files).append(f"{path}/{entry.name}")
    except FileNotFoundError:
        pass
    except NotADirectoryError:
        files.append(path)
        return PurePosixPath(path).name == CONFIG  # else a folder belongs there
    except OSError:
        return False
    return is_regular


def stat_of(path: Union[Path, str]) -> Optional[Stat]:
    """Return what differs where a file or a folder does, times first; None where there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
