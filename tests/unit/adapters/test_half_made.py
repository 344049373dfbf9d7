"""Files that are made out of sight: what a killed command left goes, what another one is making stays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from stagectl.adapters import files


def test_what_another_process_makes_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An apply tidies while `stage` writes a file: the file comes to its place all the same.
    """
    scratch, real = tmp_path / "scratch", os.replace
    scratch.mkdir()

    def tidied(*words: Any, **more: Any) -> None:
        files.remove_unfinished(scratch)
        real(*words, **more)

    monkeypatch.setattr(os, "replace", tidied)
    files.write_all(tmp_path, {"folder/a": b"new"}, scratch)

    assert b"new" == (tmp_path / "folder/a").read_bytes()
    assert [] == list(scratch.iterdir())


def test_a_file_that_goes_before_it_is_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Between making and locking the file an apply tidies: the maker begins again, and writes where it is seen.
    """
    scratch, real, times = tmp_path / "scratch", files.fcntl.flock, []
    scratch.mkdir()

    def late(*words: Any) -> None:
        if not times:
            times.append(1)
            files.remove_unfinished(scratch)
        real(*words)

    monkeypatch.setattr(files.fcntl, "flock", late)
    files.write_all(tmp_path, {"a": b"new"}, scratch)

    assert b"new" == (tmp_path / "a").read_bytes()


def test_what_a_killed_command_left_goes(tmp_path: Path) -> None:
    """
    A file of a process that is gone, which no process locks.
    """
    (tmp_path / "making-0123456789abcdef").write_bytes(b"half")

    files.remove_unfinished(tmp_path)

    assert [] == list(tmp_path.iterdir())
