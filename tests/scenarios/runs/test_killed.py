"""After a kill nothing is lost and nothing runs twice: `resume` and the next apply."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Iterator, List

import pytest

from stagectl.adapters.running.processes import living, note_process
from stagectl.core.model import ChangeId
from tests.build import PATIENCE, Repo
from tests.scenarios.runs.world import (
    APPLIED,
    chain,
    failed,
    going,
    killed,
    newest,
    on_terminal,
    plain,
    recorded,
    results,
    runs,
    staged,
    states,
    until,
)

pytestmark = pytest.mark.once


def test_after_a_kill_every_command_says_so(repo: Repo) -> None:
    """
    status, plan, report and log; reading changes nothing.
    """
    chain(repo)
    run = killed(repo, "b.run")
    warning = f"warning: run {run} was interrupted; finish it: stagectl resume, see it: stagectl report\n"

    assert f"Run interrupted (stagectl resume):\n  {run}\n" in repo.ok("status").out
    assert repo.ok("status", "--json").json()["interrupted"] == run
    for command in ("plan", "log", "diff"):
        assert repo.ok(command).err == warning
    assert plain(repo.ok("report").out) == (
        "Run RUN: interrupted, by Ada <ada@example.com>, of commit COMMIT\n"
        "  UNKNOWN    b.run  at TIME  its end was not seen\n"
        "  SUCCESS    a.run  at TIME, TIME\n"
        "  PENDING    c.run\n"
        "Took TIME; the longest chain of changes TIME.\n"
        "It was interrupted. Next: stagectl resume\n"
    )
    assert repo.applied("a") is None


@contextlib.contextmanager
def orphaned(repo: Repo) -> Iterator[str]:
    """A run that was killed while an action of the kind `gate` goes on."""
    with going(repo, 1) as process:
        until(lambda: living(runs(repo) / newest(repo)))  # it is noted just after it started
        process.kill()
        process.wait(PATIENCE)
        yield newest(repo)


def test_an_action_that_outlives_stagectl_is_not_overlooked(repo: Repo) -> None:
    """
    While it runs every command names its process, and how to end it; resume does before it asks. Then it is unknown.
    """
    chain(repo, "gate")
    with orphaned(repo) as run:
        number = living(runs(repo) / run)[ChangeId("a.run")]
        line = f"a.run still runs, process {number}; wait for it, or end it: kill -- -{number}\n"
        assert repo.ok("plan").err.endswith(f"see it: stagectl report\nwarning: {line}")
        assert f"Run interrupted (stagectl resume):\n  {run}\n  {line}" in repo.ok("status").out
        assert repo.ok("status", "--json").json()["still_running"] == [{"id": "a.run", "process": number}]
        assert f"  a.run  at TIME  still runs, process {number}\n" in plain(repo.ok("report").out)
        assert failed(repo.run("resume"), 64).err.startswith(f"warning: {line}error: the end of a.run was not seen")
    until(lambda: not living(runs(repo) / run))

    assert "still runs" not in repo.ok("plan").err + repo.ok("status").out + repo.ok("report").out
    assert repo.ok("resume", "--unknown", "done").err == "b.run: SUCCESS\nc.run: SUCCESS\n"
    assert not (runs(repo) / run / "processes").exists()


def test_apply_shows_what_outlived_the_run_that_it_recovers(repo: Repo) -> None:
    """
    It goes on all the same: the change comes back as one whose end is unknown.
    """
    staged(repo.define("a", "gate"))
    with orphaned(repo) as run:
        number = living(runs(repo) / run)[ChangeId("a.run")]
        ran = repo.ok("apply", "--yes", "--record-only")

    assert f"warning: a.run still runs, process {number}; wait for it, or end it: kill -- -{number}\n" in ran.err


def test_a_process_that_has_the_number_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    """
    It was born after what was noted; nor is one of another boot, nor one that is dead and not buried, nor half a line.
    """
    note_process(tmp_path, ChangeId("we.run"), os.getpid())
    dead = subprocess.Popen(["true"])
    until(lambda: Path(f"/proc/{dead.pid}/stat").read_text().split()[2] == "Z")
    note_process(tmp_path, ChangeId("dead.run"), dead.pid)
    change, number, moment, boot = json.loads((tmp_path / "processes").read_text().splitlines()[0])
    later = [["later.run", number, 0.0, boot], ["elsewhere.run", number, moment, "another boot"]]
    with open(tmp_path / "processes", "a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in later) + '["torn.run", ')

    assert living(tmp_path) == {change: number} == {"we.run": os.getpid()}
    dead.wait(PATIENCE)
    assert living(tmp_path / "nowhere") == {}


def test_after_a_kill_apply_records_what_ended_and_goes_on(repo: Repo) -> None:
    """
    a is not run again; b, whose end was not seen, comes back as unfinished.
    """
    chain(repo)
    run = killed(repo, "b.run")

    ran = repo.ok("apply", "--yes")

    assert ran.err.startswith(f"run {run} was interrupted: 1 of 3 changes are recorded, how b.run ended is unknown\n")
    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert results(repo, f"{APPLIED}~1") == ["a.run SUCCESS", "b.run UNKNOWN", "c.run SKIPPED"]
    assert results(repo) == ["b.run SUCCESS", "c.run SUCCESS"]
    assert states(repo, run) == {"a.run": "SUCCESS", "b.run": "UNKNOWN", "c.run": "PENDING"}
    assert repo.ok("status").out.splitlines()[1:] == [
        "Nothing to do. What is defined is staged, committed and applied."
    ]


@pytest.mark.parametrize(
    ("answer", "code", "ran", "ends"),
    [
        ("done", 0, ["a.run", "c.run"], ["SUCCESS", "SUCCESS", "SUCCESS"]),
        ("failed", 1, ["a.run"], ["SUCCESS", "ERROR", "SKIPPED"]),
        ("rerun", 0, ["a.run", "b.run", "c.run"], ["SUCCESS", "SUCCESS", "SUCCESS"]),
    ],
)
def test_resume_finishes_a_killed_run(repo: Repo, answer: str, code: int, ran: List[str], ends: List[str]) -> None:
    """
    As one run with one commit; what became of the change that ran is as the operator says.
    """
    chain(repo)
    run = killed(repo, "b.run")

    failed(repo.run("resume", "--unknown", answer), code)

    assert repo.log() == ran
    assert results(repo) == [f"{name}.run {end}" for name, end in zip("abc", ends)]
    assert list(states(repo).values()) == ends
    assert f"Run: {run}\n" in repo.git("log", "-1", "--format=%B", APPLIED)
    assert repo.ok("resume").err == "Nothing to resume: no run was interrupted.\n"


def test_resume_asks_on_a_terminal_and_nowhere_else(repo: Repo) -> None:
    """
    Until it gets an answer that it knows; elsewhere exit code 64 and the options.
    """
    chain(repo)
    killed(repo, "b.run")
    assert failed(repo.run("resume"), 64).err == (
        "error: the end of b.run was not seen, and there is no terminal to ask on\n"
        "hint: look, and say: --unknown done, --unknown failed or --unknown rerun\n"
    )
    assert repo.ok("status", "--json").json()["interrupted"], "nothing was done yet"

    question = "The end of b.run was not seen: [d]one, [f]ailed, [r]erun? "
    asked = re.escape(question)
    code, screen = on_terminal(repo, "resume", answers=((asked, "what\n"), (f"what\r\n{asked}", "D\n")))

    assert code == 0, screen
    assert screen.count(question) == 2
    assert repo.log() == ["a.run", "c.run"]


def test_resume_runs_idempotent_kinds_again_without_asking(repo: Repo) -> None:
    """
    Their kind says that this does no harm.
    """
    chain(repo, "safe")
    killed(repo, "b.run")

    repo.ok("resume")

    assert repo.log() == ["a.run", "b.run", "c.run"]


def test_retry_after_a_kill(repo: Repo) -> None:
    """
    It records what is known, and runs what did not end, without asking.
    """
    chain(repo)
    killed(repo, "b.run")

    repo.ok("retry")

    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert repo.ok("status", "--json").json()["interrupted"] is None


def test_a_resumed_run_can_be_killed_and_resumed(repo: Repo) -> None:
    """
    Twice, at different changes; everything has run once.
    """
    chain(repo)
    run = killed(repo, "b.run")
    assert killed(repo, "c.run", "--unknown", "done", command=("resume",)) == run

    repo.ok("resume", "--unknown", "rerun")

    assert repo.log() == ["a.run", "c.run"]
    assert results(repo) == ["a.run SUCCESS", "b.run SUCCESS", "c.run SUCCESS"]


def test_a_killed_retry_is_resumed_as_a_retry(repo: Repo) -> None:
    """
    What is not of the run that is tried again does not run.
    """
    chain(repo.define("d", tags=["x"]).define("e", tags=["x"])).fail("d.run")
    failed(repo.apply("-t", "x"))
    repo.fail()
    killed(repo, "d.run", command=("retry",))

    repo.ok("resume", "--unknown", "rerun")

    assert sorted(repo.log()) == ["d.run", "e.run"]
    assert repo.plan().ids == ["a.run", "b.run", "c.run"]


def test_explicit_actions_and_reactions_whose_end_was_not_seen(repo: Repo) -> None:
    """
    The one is still staged, the other owed: both come back with the next apply.
    """
    recorded(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]}).define("job"))
    staged(repo.define("db", inputs={"x": 2}))
    killed(repo, "app.restart")
    failed(repo.apply("--skip", "app.restart"))
    assert repo.applied("app") == {"inputs": {}, "owed": {"restart": ["db.update"]}}
    assert repo.plan().cause("app.restart") == "owed"
    repo.ok("apply", "--yes")

    repo.ok("stage", "job", "-a", "test")
    killed(repo, "job.test")
    repo.ok("apply", "--yes")

    assert repo.log() == ["db.update", "app.restart", "job.test"]
    assert repo.plan().ids == []


def test_killed_after_the_branch_moved(repo: Repo) -> None:
    """
    The run is recorded, only its journal is open: resume closes it and runs nothing; an apply does the same.
    """
    chain(repo)
    repo.ok("apply", "--yes")
    journal = runs(repo) / newest(repo) / "journal"
    text, commit = journal.read_bytes(), repo.git("rev-parse", APPLIED)

    journal.write_bytes(b"".join(text.splitlines(keepends=True)[:-1]))
    assert repo.ok("status", "--json").json()["interrupted"] == newest(repo)
    repo.ok("resume")
    assert (journal.read_bytes().splitlines()[:-1], repo.log()) == (text.splitlines()[:-1], ["a.run", "b.run", "c.run"])

    journal.write_bytes(b"".join(text.splitlines(keepends=True)[:-1]))
    repo.ok("apply", "--yes")
    assert (commit, repo.log()) == (repo.git("rev-parse", APPLIED), ["a.run", "b.run", "c.run"])
    assert repo.ok("status", "--json").json()["interrupted"] is None
