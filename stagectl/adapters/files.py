"""Writing files so that each is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Mapping, Optional

MAKING = "making-"  # how folders begin that are there for a moment, and that nobody needs once their maker is gone


def content_of(path: Path) -> Optional[bytes]:
    """Return a file's bytes, None if there is none."""
    return path.read_bytes() if path.exists() else None


def write_all(root: Path, writes: Mapping[str, Optional[bytes]]) -> None:
    """Write files below a folder; None deletes one, and the folders it leaves empty."""
    for path, content in writes.items():
        if content is None:
            _delete(root, root / path)
        else:
            write_file(root / path, content)


def write_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".stagectl-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _delete(root: Path, path: Path) -> None:
    path.unlink(missing_ok=True)
    folder = path.parent
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
