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
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Union

from stagectl.core.model import CONFIG

RACY = 2_000_000_000  # nanoseconds: a folder this young may change again without another time

Stat = List[int]
FolderStats = Mapping[str, Optional[Stat]]  # by path; None for one that is looked into in any case


def are_as_before(root: Path, folders: FolderStats) -> bool:
    """Return whether folders are as they were, so that nothing came or went in them."""
    return all(stat_of(f"{root}/{path}") == stat for path, stat in folders.items())


def is_settled(stat: Stat, began: int) -> bool:
    """Return whether what changes after a look has another stat than this; began: the look, as `time_ns` has it."""
    return max(stat[:2]) <= began - RACY


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
