"""Whether anything came or went in some folders since git last found nothing in them that it does not know.

Looking for untracked files means reading every folder; a folder in which a file came or went has another time of
modification and another time of change, and the latter nobody can set. So a few hundred of these are compared instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

_RACY = 2_000_000_000  # nanoseconds: a folder this young may change again without another time

Stat = List[int]


class Folders:
    """The folders of one working tree that a plan looks into, as they were when nothing was untracked in them."""

    def __init__(self, memo: Path, root: Path, tops: Iterable[str]) -> None:
        self._memo = memo / f"folders-{hashlib.sha256(os.fsencode(root)).hexdigest()[:24]}.json"
        self._root = root
        self._tops = tuple(tops)
        self._known = self._read()

    def are_as_before(self) -> bool:
        """Return whether nothing came or went, in the folders or in git's index."""
        if not self._known:
            return False
        index, before = self._known["index"], self._known["folders"]
        return index == self._index() and all(_stat(self._root / path) == stat for path, stat in before.items())

    def look(self) -> None:
        """Note how the folders are now. What happens later, while git looks, is seen the next time."""
        before: Dict[str, Stat] = self._known["folders"] if self._known else {}
        self._now = time.time_ns()
        self._index_now = self._index()
        self._seen: Dict[str, Optional[Stat]] = {}
        left = [*self._tops, *before]
        while left:
            path = left.pop()
            if path not in self._seen:
                self._seen[path] = stat = _stat(self._root / path)
                if stat is not None and stat != before.get(path):
                    left += _below(self._root, path)

    def remember(self) -> None:
        """Keep what was noted, unless a folder is so young that it may have changed since."""
        stats = [stat for stat in self._seen.values() if stat is not None]
        if self._index_now is None or any(max(stat[:2]) > self._now - _RACY for stat in stats):
            return
        text = json.dumps({"index": self._index_now, "folders": self._seen}, sort_keys=True)
        with suppress(OSError):
            self._memo.parent.mkdir(exist_ok=True)
            making = self._memo.with_suffix(f".{os.getpid()}")
            making.write_text(text)
            os.replace(making, self._memo)

    def _read(self) -> Any:
        try:
            known = json.loads(self._memo.read_bytes())
            good = set(self._tops) <= known["folders"].keys() and len(known["index"]) == 3
            return known if good else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _index(self) -> Optional[List[int]]:
        """Return what tells one state of git's index from another, None where it is not the usual one."""
        place = self._root / ".git"
        try:
            if "GIT_INDEX_FILE" in os.environ or "GIT_DIR" in os.environ:
                return None
            if place.is_file():
                place = Path(place.read_text(encoding="utf-8").partition("gitdir: ")[2].strip())
            found = os.stat(place / "index")
        except (OSError, ValueError):
            return None
        return [found.st_mtime_ns, found.st_size, found.st_ino]


def _stat(path: Path) -> Optional[Stat]:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]


def _below(root: Path, path: str) -> List[str]:
    """Return the folders in a folder."""
    try:
        with os.scandir(root / path) as entries:
            return [f"{path}/{entry.name}" for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
