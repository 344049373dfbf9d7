"""`apply --record-only` runs nothing and records what was asked for."""

from __future__ import annotations

from tests.build import Repo
from tests.scenarios.applying.world import message


def test_record_only_runs_nothing_and_records_what_was_asked_for(repo: Repo) -> None:
    """
    How a resource that is live already is adopted; the others stay pending.
    """
    repo.define("a", inputs={"x": 1}).define("b").commit()
    repo.stage().ok("apply", "--yes", "--record-only", "a")

    assert ([], {"inputs": {"x": 1}}, None) == (repo.log(), repo.applied("a"), repo.applied("b"))
    assert ["b.run"] == repo.plan().ids


def test_the_audit_trail_shows_what_was_only_recorded(repo: Repo) -> None:
    """
    No reader of `log` or of the commit takes a recorded change for one that ran.
    """
    repo.define("a").commit()
    ran = repo.stage().ok("apply", "--yes", "--record-only")

    real = "Change: a.run SUCCESS"
    assert "record" in message(repo) or real not in message(repo), message(repo)
    assert "record" in repo.ok("log", "-n", "1").out.lower()
    assert "1 SUCCESS" not in ran.out
