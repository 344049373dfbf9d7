"""The projects of a repository: its folders with a `stagectl.yaml`."""

from __future__ import annotations

import os
from typing import List, Optional

from stagectl.adapters.git.git import Git, words_of
from stagectl.adapters.git.project import MARK
from stagectl.core.model import Oid


def folders(git: Git, commit: Optional[Oid] = None) -> List[str]:
    """Return the folders of projects, sorted, "" or ending in `/`: of the working tree (not ignored), or a commit."""
    if commit is None:
        is_sparse = git.is_on("core.sparseCheckout")
        specs = (MARK, f":(glob)**/{MARK}")
        out = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *specs)
        paths = [path for path in words_of(out) if is_sparse or os.path.lexists(git.top / path)]
    else:
        paths = words_of(git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit))
    return sorted({path[: -len(MARK)] for path in paths if path == MARK or path.endswith(f"/{MARK}")})


def changed_paths(git: Git, commit: Oid) -> List[str]:
    """Return the files, from the top folder, that the working tree has otherwise than a commit, untracked ones too."""
    options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-color", "--ignore-submodules=dirty")
    known = git.run("diff", *options, commit, "--")
    fresh = git.run("ls-files", "-z", "--others", "--exclude-standard")
    return sorted({*words_of(known), *words_of(fresh)})
