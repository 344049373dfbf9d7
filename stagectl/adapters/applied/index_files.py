"""The files of indexes: written beside their place and renamed, so that one is there whole or not at all, nobody
waits for anybody, and a reader keeps the one it opened.

A file's name has what it is about, so it cannot be out of date, and the digest of its bytes. These are read again
whenever the file is not the one, with the times, that they were last read of. What does not fit is nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import List, Optional

from stagectl.adapters.applied.index import MALFORMED, TABLES, Index, Key, make_lookups
from stagectl.adapters.files import read_file
from stagectl.adapters.git.git import Git
from stagectl.core.errors import FlawedFile

KEPT = 4  # files
_UNREADABLE = (sqlite3.Error, FlawedFile, OSError, *MALFORMED)


def opened(git: Git, key: Key) -> Optional[Index]:
    """Return the index of a key, None if there is none that can be read."""
    cache = git.cache()
    for path in sorted(cache.glob(f"index-{key.word}.*.sqlite")) if cache is not None else ():
        with suppress(*_UNREADABLE):
            if _is_whole(path):
                return Index(path).load()
    return None


def nearest_index(git: Git, kinds: str) -> Optional[Index]:
    """Return the newest index of some applied state that was judged by the same kinds."""
    for path in _newest_first(_folder(git)):
        with suppress(*_UNREADABLE):
            found = Index(path).load() if _is_whole(path) else None
            if found is not None and found.meta["kinds"] == kinds:
                return found
    return None


def begun(git: Git, like: Optional[Index]) -> Index:
    """Return a new index that nobody sees yet, empty or with what another one has."""
    folder = _folder(git)
    handle, name = tempfile.mkstemp(dir=folder, prefix="new-", suffix=".sqlite")
    os.close(handle)
    path = Path(name)
    if like is not None:
        shutil.copyfile(like.path, path)
    found = Index(path, write=True)
    if like is None:
        found.db.executescript("PRAGMA page_size=4096; BEGIN;" + TABLES)
    else:
        found.db.execute("BEGIN")
    return found


def published(git: Git, index: Index, key: Key, *, fresh: bool) -> None:
    """Put an index that is finished into its place, and take away the oldest ones."""
    if fresh:
        make_lookups(index)
    index.db.execute("COMMIT")
    index.db.close()
    folder = _folder(git)
    digest = _digest(index.path)
    place = folder / f"index-{key.word}.{digest}.sqlite"
    os.replace(index.path, place)
    _note(place)
    for path in _newest_first(folder)[KEPT:]:
        path.unlink(missing_ok=True)
    for path in folder.glob("index-*.seen"):
        if not path.with_suffix(".sqlite").exists():
            path.unlink(missing_ok=True)


def _newest_first(folder: Path) -> List[Path]:
    return sorted(folder.glob("index-*.sqlite"), key=lambda path: -path.stat().st_mtime_ns)


def _folder(git: Git) -> Path:
    cache = git.cache()
    if cache is None:
        raise OSError("the cache is off")
    cache.mkdir(exist_ok=True)
    return cache


def _is_whole(path: Path) -> bool:
    """Return whether a file has the bytes it was made with; one that has not is taken away."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(f"{path} is no file")
    if _stat(path) == _noted(path):
        return True
    if path.name.split(".")[1] != _digest(path):
        path.unlink()
        return False
    _note(path)
    return True


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=12)
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _seen(path: Path) -> Path:
    return path.with_suffix(".seen")


def _note(path: Path) -> None:
    """Note that a file, as it is now, has the bytes that its name says."""
    with suppress(OSError):
        making = path.with_suffix(f".{os.getpid()}")
        making.write_text(json.dumps(_stat(path)))
        os.replace(making, _seen(path))


def _noted(path: Path) -> Optional[List[int]]:
    try:
        found: List[int] = json.loads(read_file(_seen(path), 1000))
    except (OSError, ValueError, RecursionError):
        return None
    return found


def _stat(path: Path) -> List[int]:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev]
