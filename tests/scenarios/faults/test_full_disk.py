"""A disk that gets full while a run goes on: what finished is known, and the message says what to do."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from stagectl.adapters.running import journal as journals
from tests.build import Repo

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def a_full_disk(monkeypatch: pytest.MonkeyPatch, repo: Repo, *, spare: bool) -> None:
    """Once `full` is there no journal can grow, but by what the run reserved; spare: whether giving that up helps."""
    real = os.write

    def write(descriptor: int, data: Any) -> int:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        reserved = (path.parent / journals.RESERVE).exists()
        if path.name == "journal" and (repo.root / "full").exists() and (reserved or not spare):
            real(descriptor, data[:5])
            raise FULL
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)


def a_repo(repo: Repo) -> Repo:
    """Two changes, one after the other; the disk is full once the first has run."""
    script = 'echo "$STAGECTL_RESOURCE" >> actions.log; touch full'
    repo.write("kinds/filler.yaml", json.dumps({"actions": {"run": ["sh", "-c", script]}}))
    repo.write(".gitignore", "actions.log\nfull\n")
    repo.define("a", "filler").define("b", "filler", depends_on=["a"]).commit()
    return repo.stage()


def test_what_ended_on_a_full_disk_is_known_and_nothing_more_starts(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The room that the run reserved takes the ends; `resume` goes on from there once there is room again.
    """
    a_repo(repo)
    with monkeypatch.context() as patched:
        a_full_disk(patched, repo, spare=True)
        ran = repo.apply()
    assert (1, ["a"]) == (ran.code, repo.log())
    assert "error: the journal of run " in ran.err and " cannot be written: No space left on device\n" in ran.err
    assert "hint: nothing more was started, and what finished is known; make room, then: stagectl resume\n" in ran.err
    report = json.loads(repo.ok("report", "--json").out)
    assert ["SUCCESS", "PENDING"] == [change["state"] for change in report["changes"]]

    repo.root.joinpath("full").unlink()
    repo.ok("resume")
    assert ["a", "b"] == repo.log()
    assert repo.plan().ids == []


def test_an_end_that_nothing_can_hold_is_unknown(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No traceback, no half line: the next command can read the journal.
    """
    a_repo(repo)
    with monkeypatch.context() as patched:
        a_full_disk(patched, repo, spare=False)
        ran = repo.apply()
    assert (1, ["a"]) == (ran.code, repo.log())
    assert "this is a bug" not in ran.err and "No space left on device" in ran.err

    report = json.loads(repo.ok("report", "--json").out)
    assert ["UNKNOWN", "PENDING"] == [change["state"] for change in report["changes"]]
    repo.ok("resume", "--unknown", "done")
    assert ["a", "b"] == repo.log()


def test_a_run_that_cannot_begin_for_want_of_room_runs_nothing(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It says so, and leaves nothing that looks like a run.
    """

    def refuse(*_: Any) -> None:
        raise FULL

    a_repo(repo)
    with monkeypatch.context() as patched:
        patched.setattr(journals, "_reserve", refuse)
        ran = repo.apply()
    assert (1, []) == (ran.code, repo.log())
    assert ran.err.endswith(
        "error: the run cannot begin: No space left on device: the journal\n"
        "hint: make room on the disk, and try again\n"
    )
    assert repo.ok("status", "--json").json()["interrupted"] is None
    repo.ok("apply", "--yes")


def test_a_torn_line_is_cut_off_before_anything_is_added(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It would be the beginning of the next line, and the journal could not be read any more.
    """
    a_repo(repo)
    with monkeypatch.context() as patched:
        a_full_disk(patched, repo, spare=True)
        repo.apply()
    (path,) = (repo.place / "runs").glob("*/journal")
    with open(path, "ab") as file:
        file.write(b'{"change": "b.run", "at"')

    repo.ok("resume")
    assert repo.ok("report", "--json").json()["state"] == "done"
