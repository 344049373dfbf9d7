"""What every part of the Python API stands on: the repository, opened anew by each method."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Union

from stagectl.usecases.applying.interrupted import restore_write_intent
from stagectl.usecases.repository.workspace import Workspace

FilePath = Union[str, "os.PathLike[str]"]


def ignore_news(*anything: Any) -> None:
    """Let a change pass that starts or ends, or a note."""


class Opened:
    """The git repository around a folder."""

    def __init__(self, path: FilePath = ".") -> None:
        self._path = Path(path)
        self.root = self._workspace().root

    def _workspace(self) -> Workspace:
        return Workspace(self._path)

    def _to_stage(self) -> Workspace:
        """Return the repository, in which a staging that was killed is taken back."""
        found = self._workspace()
        restore_write_intent(found)
        return found
