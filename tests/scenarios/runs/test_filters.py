"""`--noop`, `--skip`, `--start-at`, `--end-at` and `--fail-fast` run a part of a plan."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.runs.world import AGENT, chain, failed, killed, recorded, script, staged, states

pytestmark = pytest.mark.once


def test_noop_passes_over_a_change_that_stays_pending(repo: Repo) -> None:
    """
    What comes after it runs; the run is complete, and the next plan has it.
    """
    chain(repo)

    repo.ok("apply", "--yes", "--noop", "b.run")

    assert (repo.log(), states(repo)) == (["a.run", "c.run"], {"a.run": "SUCCESS", "b.run": "NOOP", "c.run": "SUCCESS"})
    assert repo.plan().ids == ["b.run"]


def test_noop_of_a_reaction_leaves_it_owed(repo: Repo) -> None:
    """
    It is due, and it was not done: it comes back.
    """
    recorded(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]}))
    staged(repo.define("db", inputs={"x": 2}))

    repo.ok("apply", "--yes", "--noop", "app.restart")

    assert (repo.log(), repo.plan().ids, repo.plan().cause("app.restart")) == (["db.update"], ["app.restart"], "owed")
    repo.ok("apply", "--yes")
    assert (repo.log(), repo.plan().ids) == (["db.update", "app.restart"], [])


def test_skip_leaves_out_a_change_and_what_depends_on_it(repo: Repo) -> None:
    """
    Exit code 1; both stay pending, and `retry` does not run what waits for a change that was skipped on purpose.
    """
    chain(repo.define("d"))

    failed(repo.apply("--skip", "b.run"))
    assert states(repo) == {"a.run": "SUCCESS", "b.run": "SKIPPED", "c.run": "SKIPPED", "d.run": "SUCCESS"}
    assert repo.plan().ids == ["b.run", "c.run"]

    assert "Nothing to retry" in repo.ok("retry").err
    assert sorted(repo.log()) == ["a.run", "d.run"]


def test_retry_of_a_run_with_a_filter_keeps_out_what_was_left_out(repo: Repo) -> None:
    """
    Of a skipped change, and of one outside --end-at, nothing runs; what failed does.
    """
    chain(repo.define("d").define("e")).fail("a.run", "d.run")
    failed(repo.apply("--skip", "d.run", "--end-at", "b.run", "--end-at", "d.run"))
    assert states(repo) == {
        "a.run": "ERROR", "b.run": "SKIPPED", "c.run": "SKIPPED", "d.run": "SKIPPED", "e.run": "SKIPPED",
    }  # fmt: skip

    repo.fail().ok("retry")

    assert repo.log() == ["a.run", "b.run"]
    assert repo.plan().ids == ["c.run", "d.run", "e.run"]


def test_start_at_and_end_at_run_a_part_of_the_order(repo: Repo) -> None:
    """
    From b on without waiting for a; up to b with all that comes before it.
    """
    chain(repo.define("d"))
    failed(repo.apply("--start-at", "b.run"))
    assert (repo.log(), repo.plan().ids) == (["b.run", "c.run"], ["a.run", "d.run"])

    (repo.root / "actions.log").unlink()
    repo.define("b", depends_on=["a"], inputs={"x": 1}).define("c", depends_on=["b"], inputs={"x": 1})
    staged(repo)
    failed(repo.apply("--end-at", "b.update"))
    assert (repo.log(), repo.plan().ids) == (["a.run", "b.update"], ["c.update", "d.run"])


@pytest.mark.parametrize("option", ["--noop", "--skip", "--start-at", "--end-at"])
def test_a_filter_by_a_change_that_is_not_there_is_an_error(repo: Repo, option: str) -> None:
    """
    Before anything runs, with what was probably meant.
    """
    staged(repo.define("alpha"))

    assert failed(repo.apply(option, "alpa.run")).err == (
        "error: there is no change 'alpa.run' in this plan; did you mean 'alpha.run'?\nhint: see them: stagectl plan\n"
    )
    assert repo.log() == []


def test_record_only_leaves_out_what_it_is_asked_to(repo: Repo) -> None:
    """
    A skipped change is not recorded, so that a protected resource cannot slip away with it.
    """
    script(repo, "service", AGENT, protect=True)
    recorded(repo.define("a").define("b"))
    staged(repo.delete("a").define("c"))

    failed(repo.apply("--record-only", "--skip", "a.remove"))

    assert [repo.applied(name)["inputs"] for name in ("a", "c")] == [{}, {}]
    assert repo.plan().ids == ["a.remove"]


def test_fail_fast_starts_nothing_after_the_first_failure(repo: Repo) -> None:
    """
    Independent changes too, unlike without it.
    """
    chain(repo.define("d", depends_on=["c"])).fail("a.run")
    staged(repo.define("z1").define("z2"))

    failed(repo.apply("--fail-fast", "--parallel", "1"))

    assert repo.log() == []
    report = repo.ok("report", "--json").json()["changes"]
    assert {change["id"]: change["message"] for change in report}["z1.run"] == (
        "an earlier change failed, and --fail-fast was given"
    )
    failed(repo.apply("--parallel", "1"))
    assert repo.log() == ["z1.run", "z2.run"]


@pytest.mark.parametrize("answer", ["failed", "rerun"])
def test_fail_fast_holds_for_what_finishes_the_run(repo: Repo, answer: str) -> None:
    """
    A failure that is reported, or that comes when it is resumed: the change beside it does not start.
    """
    staged(repo.define("a").define("b"))
    killed(repo, "a.run", "--fail-fast", "--parallel", "1")
    repo.fail("a.run")

    failed(repo.run("resume", "--unknown", answer, "--parallel", "1"))

    assert repo.log() == []
    assert [change["message"] for change in repo.ok("report", "--json").json()["changes"]][1] == (
        "an earlier change failed, and --fail-fast was given"
    )
