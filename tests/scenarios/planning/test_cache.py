"""The cache: never believed, never in the way, and what is planned with it is what is planned without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.build import Repo
from tests.scenarios.planning.world import edited


def folder(repo: Repo) -> Path:
    return repo.top / ".git/stagectl/cache"


NO_NOTES = [b"", b"{", b"[]", b'{"names": 3}', b'{"index": [1, 2, 3], "folders": {"x": 1}}', b"null", b"\xff\xfe"]


def test_damaged_notes_are_no_notes(repo: Repo) -> None:
    """
    What is noted of folders and of staging may be anything; and a file may stand where the cache's folder would be.
    """
    edited(repo)
    expected = repo.run("status"), repo.run("plan")
    for text in NO_NOTES:
        notes = [*folder(repo).glob("*.json")]
        for path in notes:
            path.write_bytes(text)
        assert notes and expected == (repo.run("status"), repo.run("plan")), text
    shutil.rmtree(folder(repo))
    folder(repo).write_text("in the way")

    assert expected == (repo.run("status"), repo.run("plan"))


def test_it_can_be_turned_off(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    STAGECTL_CACHE=off: no file is written, none is read.
    """
    edited(repo)
    repo.run("status")
    for path in folder(repo).iterdir():
        path.unlink()
    monkeypatch.setenv("STAGECTL_CACHE", "off")

    assert ["db.update", "app.update"] == repo.plan().ids
    assert 0 == repo.run("status").code
    assert [] == list(folder(repo).iterdir())
