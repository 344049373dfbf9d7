"""Files that are made out of sight: what a killed command left goes, what another one is making stays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from stagectl.adapters import files


@pytest.mark.parametrize(("owner", "step"), [(files.fcntl, "flock"), (os, "replace")])
def test_what_a_killed_command_left_goes_and_what_another_one_makes_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, step: str
) -> None:
    """
    An apply tidies while `stage` writes a file, before it is locked or after: the file comes to its place. One that no
    process locks goes.
    """
    scratch, real, times = tmp_path / "scratch", getattr(owner, step), []
    scratch.mkdir()
    (scratch / "making-0123456789abcdef").write_bytes(b"half")

    def tidied(*words: Any, **more: Any) -> None:
        if not times:
            times.append(1)
            files.remove_unfinished(scratch)
        real(*words, **more)

    monkeypatch.setattr(owner, step, tidied)
    files.write_all(tmp_path, {"folder/a": b"new"}, scratch)

    assert b"new" == (tmp_path / "folder/a").read_bytes()
    assert ([], [1]) == (list(scratch.iterdir()), times)
