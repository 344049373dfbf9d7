"""Journals that are torn, damaged, or no files at all."""

from __future__ import annotations

import os
from typing import Tuple

import pytest

from tests.build import Repo
from tests.scenarios.runs.world import chain, failed, killed, newest, runs, staged, states

pytestmark = pytest.mark.once


@pytest.mark.parametrize("command", [("resume", "--unknown", "rerun"), ("apply", "--yes")])
def test_a_torn_last_line_counts_as_not_written(repo: Repo, command: Tuple[str, ...]) -> None:
    """
    The power went while it was written; what comes after it is read again.
    """
    chain(repo)
    killed(repo, "b.run")
    journal = runs(repo) / newest(repo) / "journal"
    journal.write_bytes(journal.read_bytes() + b'{"change": "b.run", "at": 17')

    repo.ok(*command)

    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert "SUCCESS" in states(repo).values()
    assert repo.ok("status", "--json").json()["interrupted"] is None


def test_a_damaged_journal_is_named_and_only_stops_what_needs_it(repo: Repo) -> None:
    """
    status, plan and older reports go on; apply says where it is, and goes on once it is moved away.
    """
    staged(repo.define("x")).ok("apply", "--yes")
    older = newest(repo)
    chain(repo)
    run = killed(repo, "b.run")
    (runs(repo) / run / "run.json").write_text('{"run": ')

    for command in (("apply", "--yes"), ("resume",), ("report",), ("retry",)):
        assert failed(repo.run(*command)).err == (
            f"error: the journal of run {run} cannot be read: "
            "JSONDecodeError: Expecting value: line 1 column 9 (char 8)\n"
            f"hint: look at it, and move it away: {runs(repo) / run}\n"
        )
    assert "SUCCESS" in states(repo, older).values()
    assert repo.ok("plan").out
    assert run in repo.ok("status").out

    (runs(repo) / run).rename(repo.root.parent / "damaged")
    repo.ok("apply", "--yes")
    assert repo.plan().ids == []


@pytest.mark.parametrize("file", ["journal", "run.json"])
@pytest.mark.parametrize("what", ["pipe", "link"])
def test_a_journal_that_is_a_pipe_or_a_link_hangs_nothing(repo: Repo, file: str, what: str) -> None:
    """
    No command waits for a writer, and what a link leads to may have no end.
    """
    chain(repo)
    run = killed(repo, "b.run")
    path = runs(repo) / run / file
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")

    for command in ("resume", "report"):
        reported = failed(repo.run(command)).err
        assert reported.startswith(f"error: the journal of run {run} cannot be read: OSError: ")
        assert reported.endswith(f"hint: look at it, and move it away: {runs(repo) / run}\n")
    for command in ("status", "plan", "log"):
        repo.ok(command)


def test_a_run_whose_commit_is_gone_can_be_given_up(repo: Repo) -> None:
    """
    A commit that was amended and collected: apply and resume say what to do, and it works.
    """
    chain(repo)
    run = killed(repo, "b.run")
    source = repo.git("rev-parse", "HEAD")
    repo.git("commit", "--amend", "-m", "another")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")

    for command in (("apply", "--yes"), ("resume", "--unknown", "done")):
        assert failed(repo.run(*command)).err == (
            f"error: the commit {source[:12]} that run {run} applies is gone from this repository\n"
            f"hint: fetch it from where it still is, or give the run up: see `stagectl report {run}`, and move this "
            f"folder away: {runs(repo) / run}\n"
        )
    repo.ok("report", run)
    (runs(repo) / run).rename(repo.root.parent / "given-up")
    repo.ok("apply", "--yes")
