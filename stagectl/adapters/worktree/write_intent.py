"""Files that are written for a commit which has not come about yet: noted first, so that a kill leaves no half.

A note per working tree, in its own part of git's folder, and locked by the writer: what a dead writer left there is
taken back by the next command that stages, whichever project's that is, so the paths in it are from the top folder.
Nothing is flushed: a note is about processes that die, and git commits nothing before its own files are on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64decode, b64encode
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Dict, Iterator, List, Mapping, Optional, Sequence

from stagectl.adapters import files
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.tree import Contents
from stagectl.core.errors import StagectlError


@contextmanager
def noted(git: Git, after: Contents, paths: Sequence[str]) -> Iterator[Contents]:
    """Hold the note that files are about to be as *after*, and yield how they are; raises StagectlError if it is held.

    paths: what is about to be committed.

    Whatever happens inside leaves them as one or the other; only a kill does not.
    """
    with open(_place(git), "a+b") as file:
        if not files.try_lock(file):
            raise _busy()
        before = {path: files.content_of(git.root / path) for path in after}
        file.truncate(0)
        file.write(_note(git, before, after, paths))
        file.flush()
        is_whole = False
        try:
            yield before
            is_whole = True
        finally:
            # Not everything can be put back on a full disk, or under a lock: the next command does it.
            is_whole = is_whole or all(files.content_of(git.root / path) == before[path] for path in before)
            if is_whole and not git.is_out_of_step:
                file.truncate(0)


@contextmanager
def unless_busy(git: Git) -> Iterator[None]:
    """Say that another stagectl is staging here, rather than what its half written files were taken for."""
    before = git.head()
    is_busy = files.probe_lock(_place(git))
    try:
        yield
    except StagectlError:
        if is_busy or files.probe_lock(_place(git)) or git.head() != before:
            raise _busy() from None
        raise


def _busy() -> StagectlError:
    return StagectlError("another stagectl is staging here", "wait until it has ended, and try again")


def take_back(git: Git) -> Optional[List[str]]:
    """Put back the files that a killed command left half written, and return which, from the top folder.

    None if nothing was left of one.

    A file that was changed since stays. Raises GitError where git's index is locked.
    """
    place = _place(git)
    if not place.exists() or not place.stat().st_size:
        return None
    with open(place, "r+b") as file:
        if not files.try_lock(file):
            return None
        found = _read(file)
        if found is None:  # torn: nothing was written before the note was whole
            file.truncate(0)
            return None
        git.reset(sorted({*found["before"], *found["paths"]}))
        back = {} if git.head() != found["head"] else _to_put_back(git.top, found)
        files.write_all(git.top, back, making_place(git))
        file.truncate(0)
    return sorted(back)


def making_place(git: Git) -> Path:
    """Return the file as which files are made, one after the other, by the one that holds the note."""
    return git.staging_note.with_name("making")


def _place(git: Git) -> Path:
    try:
        git.staging_note.parent.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise StagectlError(
            f"git's index cannot be written: there is no folder {git.index.parent}",
            "make it, or: unset GIT_INDEX_FILE",
        ) from None
    return git.staging_note


def _note(git: Git, before: Contents, after: Contents, paths: Sequence[str]) -> bytes:
    old = {git.path(at): None if content is None else b64encode(content).decode() for at, content in before.items()}
    new = {git.path(at): _digest(content) for at, content in after.items()}
    note = {"head": git.head(), "before": old, "after": new, "paths": list(map(git.path, paths))}
    return os.fsencode(json.dumps(note, ensure_ascii=False)) + b"\n"


def _read(file: IO[bytes]) -> Optional[Dict[str, Any]]:
    data = file.read()
    try:
        found = json.loads(os.fsdecode(data)) if data.endswith(b"\n") else None
        if found is None or found["before"].keys() != found["after"].keys():
            return None
        found["before"] = {path: None if text is None else b64decode(text) for path, text in found["before"].items()}
        return {key: found[key] for key in ("head", "before", "after", "paths")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _to_put_back(root: Path, note: Mapping[str, Any]) -> Dict[str, Optional[bytes]]:
    now = {path: files.content_of(root / path) for path in note["before"]}
    return {
        path: content
        for path, content in note["before"].items()
        if now[path] != content and _digest(now[path]) == note["after"][path]
    }


def _digest(content: Optional[bytes]) -> Optional[str]:
    return None if content is None else hashlib.sha256(content).hexdigest()
