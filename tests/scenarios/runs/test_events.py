"""`apply --events` prints one document per line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.build import PATIENCE, ROOT, Repo
from tests.scenarios.runs.world import APPLIED, chain, events, failed, newest, recorded, results

pytestmark = pytest.mark.once


def test_events_one_document_per_line(repo: Repo) -> None:
    """
    version first, every start and end, the summary last; nothing else on stdout.
    """
    chain(repo).fail("b.run")

    found = events(failed(repo.apply("--json")))

    assert [(event["type"], event.get("id"), event.get("state")) for event in found] == [
        ("version", None, None),
        ("change_start", "a.run", "INPROGRESS"),
        ("change_complete", "a.run", "SUCCESS"),
        ("change_start", "b.run", "INPROGRESS"),
        ("change_failed", "b.run", "ERROR"),
        ("change_skipped", "c.run", "SKIPPED"),
        ("summary", None, None),
    ]
    assert found[0]["format_version"] == "1.0"
    assert {**found[4], "seconds": 0} == {
        "type": "change_failed",
        "run": newest(repo),
        "id": "b.run",
        "resource": "b",
        "action": "run",
        "state": "ERROR",
        "changed": None,
        "message": "exit code 3",
        "seconds": 0,
        "output": ["no luck with b.run"],
    }
    assert found[-1] == {
        "type": "summary",
        "run": newest(repo),
        "plan_id": repo.ok("report", "--json").json()["plan_id"],
        "commit": repo.git("rev-parse", APPLIED).strip(),
        "complete": False,
        "interrupted": False,
        "states": {"ERROR": 1, "SKIPPED": 1, "SUCCESS": 1},
        "recorded": [],
    }


def test_events_where_nothing_is_to_be_done(repo: Repo) -> None:
    """
    The version and a summary without a run; a retry that has nothing to try has no summary.
    """
    recorded(repo.define("a"))

    found = events(repo.ok("apply", "--yes", "--json"))

    assert [event["type"] for event in found] == ["version", "summary"]
    assert (found[1]["run"], found[1]["complete"], found[1]["states"]) == ("", True, {})
    assert [event["type"] for event in events(repo.ok("retry", "--json"))] == ["version"]


def test_a_run_goes_on_where_its_output_is_not_read(repo: Repo) -> None:
    """
    The reader of the events goes away; everything runs and is recorded, and the exit code says how it went.
    """
    chain(repo).fail("c.run")
    command = f"{sys.executable} -m stagectl apply --yes --json | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=repo.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert (done.stdout, done.stderr) == ("1\n", "")
    assert results(repo) == ["a.run SUCCESS", "b.run SUCCESS", "c.run ERROR"]
    assert repo.ok("report", "--json").json()["state"] == "incomplete"
