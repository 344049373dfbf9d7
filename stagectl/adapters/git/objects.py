"""Git objects made without a working tree: blobs, trees and commits that no branch has yet, flushed to the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Iterable, List, Mapping, Optional, Sequence

from stagectl.adapters.files import MAKING
from stagectl.adapters.git.git import DURABLE, Entry, Git
from stagectl.core.model import Oid


def write_blobs(git: Git, contents: Sequence[bytes]) -> List[Oid]:
    """Store contents as blobs and return their ids, in order."""
    with tempfile.TemporaryDirectory(dir=git.scratch(), prefix=MAKING) as folder:
        paths = [os.path.join(folder, str(index)) for index in range(len(contents))]
        for path, content in zip(paths, contents):
            Path(path).write_bytes(content)
        listed = "".join(f"{path}\n" for path in paths).encode()
        out = git.run(*DURABLE, "hash-object", "-w", "--no-filters", "--stdin-paths", data=listed)
    return [Oid(oid) for oid in out.decode().split()]


def write_tree(git: Git, source: Optional[Oid], without: Sequence[str], entries: Iterable[Entry]) -> Oid:
    """Store a commit's tree with some folders replaced by entries; the user's index is not touched."""
    with tempfile.TemporaryDirectory(dir=git.scratch(), prefix=MAKING) as folder:
        env = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        git.run("read-tree", *([source] if source else ["--empty"]), env=env)
        gone = git.entries(source, without) if source else []
        lines = "".join(f"0 {'0' * len(entry.oid)}\t{entry.path}\0" for entry in gone)
        lines += "".join(f"{entry.mode} {entry.oid}\t{entry.path}\0" for entry in entries)
        git.run("update-index", "-z", "--index-info", data=lines.encode("utf-8", "surrogateescape"), env=env)
        return Oid(git.run(*DURABLE, "write-tree", env=env).decode().strip())


def empty_tree(git: Git) -> Oid:
    """Store and return the empty tree; git knows it anyway, but `git fsck` misses the object."""
    return Oid(git.run(*DURABLE, "hash-object", "-t", "tree", "-w", "--stdin").decode().strip())


def write_commit(
    git: Git,
    tree: Oid,
    parents: Sequence[Oid],
    message: str,
    env: Optional[Mapping[str, str]] = None,
    *,
    sign: bool = False,
) -> Oid:
    """Store a commit, signed as the user is set up to sign, and return its id."""
    named = [argument for parent in parents for argument in ("-p", parent)] + (["-S"] if sign else [])
    utf8 = ("-c", "i18n.commitEncoding=UTF-8")
    out = git.run(*DURABLE, *utf8, "commit-tree", tree, *named, data=message.encode(), env=env)
    return Oid(out.decode().strip())
