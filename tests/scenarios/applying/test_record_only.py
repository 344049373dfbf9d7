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


def test_what_was_left_out_is_not_counted_as_recorded(repo: Repo) -> None:
    """
    The reader and its reaction are skipped, and stay pending.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"port": "${db.port}"}).apply_all()
    repo.define("db", inputs={"port": 2}).stage()

    ran = repo.run("apply", "db", "--record-only", "--yes", "--skip", "app.update")

    assert (1, True) == (ran.code, "Applied: 1 recorded as applied, nothing ran, 1 SKIPPED. Run " in ran.out)
    assert ["app.update"] == repo.plan().ids
