"""The other projects of a repository, as far as a command for one of them has to know."""

from __future__ import annotations

from typing import Iterator, Tuple

from stagectl.adapters.git.git import Git, Meant
from stagectl.adapters.git.project import folders
from stagectl.core.errors import InvalidFiles
from stagectl.usecases.repository.workspace import Workspace


def applied_branches(git: Git) -> Iterator[Tuple[str, str]]:
    """Yield the folder and the applied branch of each other project whose config can be read."""
    for folder in folders(git):
        if folder != git.folder:
            try:
                yield folder, Workspace(git.top / folder, Meant(is_project=True)).config.applied_branch
            except InvalidFiles:
                continue
