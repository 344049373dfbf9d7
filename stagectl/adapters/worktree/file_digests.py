"""The digests of files and folders that inputs name, in a commit or as the working tree has them."""

from __future__ import annotations

import hashlib
import os
from typing import Dict, FrozenSet, Iterable, List, Optional, Tuple

from stagectl.adapters.files import read_file
from stagectl.adapters.git.git import SUBMODULE, Git
from stagectl.core.errors import StagectlError
from stagectl.core.model import LARGEST_STATE, Oid, Resource

_PROGRAM = "100755"
HashedFile = Tuple[bool, str]  # whether it may be executed, and the SHA-256 in hex


def look_at_files(git: Git, paths: Iterable[str], commit: Optional[Oid]) -> Tuple[Dict[str, str], FrozenSet[str]]:
    """Return the digests of files and folders, and the files of them that HEAD has otherwise than the working tree.

    commit: whose files they are, None for the working tree; of a commit nothing is uncommitted.
    """
    wanted = sorted(set(paths))
    if not wanted:
        return {}, frozenset()
    base = commit or git.head()
    entries = [one for one in git.entries(base, wanted) if one.mode != SUBMODULE] if base is not None else []
    blobs = git.blobs({one.oid for one in entries}, LARGEST_STATE)
    found = {one.path: (one.mode == _PROGRAM, _sha256(one.path, blobs[one.oid])) for one in entries}
    wrong = uncommitted_files(git, wanted, base) if commit is None else []
    for path in wrong:
        found.pop(path, None)
        found.update(_here(git, path))
    return {path: digest for path in wanted for digest in _digest_of(path, found)}, frozenset(wrong)


def read_among(forms: Iterable[Resource], files: Iterable[str]) -> List[str]:
    """Return those of some files that inputs of these resources have the digest of, alone or in a folder."""
    paths = {path for form in forms for named in form.files.values() for path in named}
    folders = tuple(path for path in paths if path.endswith("/"))
    return sorted(file for file in files if file in paths or file.startswith(folders))


def _digest_of(path: str, found: Dict[str, HashedFile]) -> List[str]:
    if not path.endswith("/"):
        return [found[path][1]] if path in found else []
    inside = sorted(name for name in found if name.startswith(path))
    lines = (f"{name[len(path) :]}\0{'x' if found[name][0] else '-'}\0{found[name][1]}\n" for name in inside)
    text = "".join(lines).encode("utf-8", "surrogateescape")
    return [hashlib.sha256(text).hexdigest()] if inside else []


def _sha256(path: str, content: bytes) -> str:
    if len(content) > LARGEST_STATE:
        most = LARGEST_STATE >> 20
        raise StagectlError(f"{path} has more than {most} MiB: too large for ${{sha256:...}}", "name a smaller file")
    return hashlib.sha256(content).hexdigest()


def _here(git: Git, path: str) -> Dict[str, HashedFile]:
    """Return a file of the working tree, nothing where there is none."""
    place = git.root / path
    try:
        if place.is_symlink():
            return {path: (False, hashlib.sha256(os.fsencode(os.readlink(place))).hexdigest())}
        return {path: (os.access(place, os.X_OK), _sha256(path, read_file(place, LARGEST_STATE + 1)))}
    except OSError:
        return {}


def uncommitted_files(git: Git, paths: Iterable[str], commit: Optional[Oid]) -> List[str]:
    """Return the files, at or below some paths (one at least), that the working tree has otherwise than a commit.

    What git ignores is in no tree, so it counts only where it is named itself.
    """
    wanted = sorted(set(paths))
    named = [path for path in wanted if not path.endswith("/") and os.path.lexists(git.root / path)]
    ignored = git.differing(None, named, ignored=True) if named else []
    return sorted({*git.differing(commit, wanted), *ignored})
