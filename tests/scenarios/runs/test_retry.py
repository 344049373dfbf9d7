"""`retry` runs what failed and what was skipped; reactions that are owed."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.runs.world import (
    AGENT,
    APPLIED,
    chain,
    events,
    failed,
    killed,
    newest,
    recorded,
    script,
    staged,
    states,
)

pytestmark = pytest.mark.once


def test_retry_runs_what_failed_and_what_was_skipped(repo: Repo) -> None:
    """
    Twice in vain and then with success; the newest run by default, or the one that is named.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())
    first = newest(repo)

    again = failed(repo.run("retry"))
    assert again.err == ("b.run: ERROR (exit code 3)\n    no luck with b.run\nc.run: SKIPPED (after b.run)\n")
    assert repo.ok("report", "--json").json()["retries"] == first
    failed(repo.run("retry"))
    repo.fail().ok("retry")
    assert repo.log() == ["a.run", "b.run", "c.run"]
    assert "Nothing to retry: everything in that run succeeded, or was done since.\n" == repo.ok("retry").err
    assert "Nothing to retry: everything in that run succeeded, or was done since.\n" == repo.ok("retry", first).err


def test_retry_and_resume_take_the_options_of_apply(repo: Repo) -> None:
    """
    One after the other, nothing more after a failure, without a remote that is gone, and events instead of text.
    """
    staged(repo.define("a").define("b")).fail("a.run", "b.run").git("remote", "add", "origin", "/nowhere")
    failed(repo.apply("--offline"))
    assert failed(repo.run("retry")).err.endswith(
        "hint: --offline applies without it; share that later with: stagectl sync\n"
    )

    failed(repo.run("retry", "--offline", "--fail-fast", "--parallel", "1"))
    assert states(repo) == {"a.run": "ERROR", "b.run": "SKIPPED"}
    repo.fail()
    killed(repo, "a.run", "--offline", "--parallel", "1", command=("retry",))
    refused = failed(repo.run("resume", "--unknown", "rerun"))
    assert "hint: --offline applies without it" in refused.err and "a.run" not in repo.log()
    found = events(repo.ok("resume", "--unknown", "rerun", "--offline", "--parallel", "1", "--json"))
    assert (found[0]["type"], found[-1]["type"], found[-1]["complete"]) == ("version", "summary", True)
    assert repo.log().count("a.run") == repo.log().count("b.run") == 1


def test_retry_stays_with_the_commit_and_the_scope_of_the_run(repo: Repo) -> None:
    """
    A run by tags: a child without tags is tried again, one outside stays out, and what reads it keeps its old value.
    """
    repo.define("db", tags=["p"], inputs={"port": 1}).define("app", inputs={"db": "${db.port}"})
    repo.define("out", tags=["q"], inputs={"db": "${db.port}"}).define("leaf", tags=["p"], inputs={"o": "${out.db}"})
    recorded(repo)
    staged(repo.define("db", tags=["p"], inputs={"port": 2})).ok("stage", "leaf", "-a", "restart")
    repo.fail("app.update", "leaf.restart")
    failed(repo.apply("-t", "p"))
    source = repo.git("rev-parse", "HEAD")
    staged(repo.define("later"))

    repo.fail().ok("retry")

    assert sorted(repo.log()) == ["app.update", "db.update", "leaf.restart"]
    assert (repo.applied("app")["inputs"], repo.applied("leaf")["inputs"]) == ({"db": 2}, {"o": 1})
    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert repo.plan().ids == ["later.run", "out.update", "leaf.update"]


def test_retry_of_a_retry_adds_nothing(repo: Repo) -> None:
    """
    Changes that the first retry left out are not failures of it.
    """
    repo.define("db", tags=["p"], inputs={"port": 1}).define("out", tags=["q"], inputs={"db": "${db.port}"})
    recorded(repo)
    staged(repo.define("db", tags=["p"], inputs={"port": 2})).fail("db.update")
    failed(repo.apply("-t", "p"))
    failed(repo.run("retry"))

    repo.fail().ok("retry")

    assert repo.log() == ["db.update"]
    assert repo.plan().ids == ["out.update"]


def test_retry_leaves_to_others_what_came_in_between(repo: Repo) -> None:
    """
    Since then db was applied alone, and out failed: that is for a plan that selects out; leaf reads it as applied.
    """
    repo.define("db", inputs={"port": 1}).define("out", tags=["q"], inputs={"db": "${db.port}"})
    repo.define("leaf", tags=["p"], inputs={"o": "${out.db}", "x": 1})
    recorded(repo)
    repo.define("leaf", tags=["p"], inputs={"o": "${out.db}", "x": 2}).define("db", inputs={"port": 2})
    staged(repo).fail("leaf.update", "out.update")
    failed(repo.apply("leaf"))
    first = newest(repo)
    failed(repo.apply("db"))
    assert repo.applied("out")["inputs"] == {"db": 1}

    repo.fail().ok("retry", first)

    assert ["db.update", "leaf.update"] == repo.log()
    assert repo.applied("leaf")["inputs"] == {"o": 1, "x": 2}
    assert ["out.update", "leaf.update"] == repo.plan().ids


def test_retry_does_not_pass_what_came_in_between(repo: Repo) -> None:
    """
    Since then out came to read db: its update joins before leaf's now, so leaf waits for an apply.
    """
    repo.define("db", inputs={"port": 1}).define("out", inputs={"db": 1}).define("leaf", inputs={"o": "${out.db}"})
    recorded(repo)
    repo.define("leaf", inputs={"o": "${out.db}", "x": 2}).define("db", inputs={"port": 2})
    staged(repo).fail("leaf.update", "db.update")
    failed(repo.apply("leaf", "db"))
    first = newest(repo)
    staged(repo.define("out", inputs={"db": "${db.port}"})).ok("apply", "--yes", "out")

    ran = failed(repo.fail().run("retry", first))

    assert "leaf.update: SKIPPED (after out.update)\n" in ran.err
    assert ["db.update"] == repo.log()
    assert repo.applied("leaf")["inputs"] == {"o": 1}


def test_retry_of_a_run_that_a_newer_one_overtook(repo: Repo) -> None:
    """
    It goes on where that changed other resources; what it would take back of the same ones is for `apply`.
    """
    chain(repo).fail("b.run")
    failed(repo.apply())
    first = newest(repo)
    source = repo.git("rev-parse", "HEAD")
    staged(repo.define("d")).ok("apply", "--yes", "d")

    repo.fail().ok("retry", first)

    assert source == repo.git("rev-parse", f"{APPLIED}^2")
    assert repo.plan().ids == []


def test_retry_takes_nothing_back_that_a_newer_run_recorded(repo: Repo) -> None:
    """
    A comment that was applied since would go, because the older commit has not got it.
    """
    chain(repo).fail("c.run")
    failed(repo.apply())
    first = newest(repo)
    repo.write("resources/a.yaml", repo.read("resources/a.yaml") + "# why\n")
    staged(repo).ok("apply", "--yes", "a")

    ran = failed(repo.fail().run("retry", first))

    assert ran.err.startswith("error: this would take back what is applied of a (applied from ")
    assert ran.err.endswith("\nhint: what is staged now is applied with: stagectl apply\n")
    assert "c.run" not in repo.log()


def test_retry_of_a_removal_that_was_allowed(repo: Repo) -> None:
    """
    The protected resource may go now, as it might then; the name beside it is gone already.
    """
    script(repo, "db", AGENT, protect=True)
    recorded(repo.define("a", "db").define("b"))
    staged(repo.delete("a", "b")).fail("a.remove")
    failed(repo.apply("a", "b", "--allow-remove", "a"))
    assert repo.log() == ["b.remove"]

    repo.fail().ok("retry")

    assert (repo.log(), repo.applied("a")) == (["b.remove", "a.remove"], None)


@pytest.mark.parametrize("half", ["remove", "run"])
def test_retry_of_a_replace(repo: Repo, half: str) -> None:
    """
    If its remove failed both halves run, after that only the run; a child it was the cause of, too.
    """
    script(repo, "disk", AGENT, replace_on=["size"], protect=True)
    recorded(repo.define("size", inputs={"gb": 1}).define("a", "disk", inputs={"size": "${size.gb}"}))
    staged(repo.define("size", inputs={"gb": 2})).fail(f"a.{half}")
    failed(repo.apply("size", "--allow-remove", "a"))

    repo.fail().ok("retry")

    assert sorted(repo.log()) == ["a.remove", "a.run", "size.update"]
    assert (repo.applied("a"), repo.plan().ids) == ({"inputs": {"size": 2}, "protect": True}, [])


def test_retry_of_what_was_done_since(repo: Repo) -> None:
    """
    Another apply removed it in the meantime: there is nothing to try again.
    """
    recorded(repo.define("a").define("b"))
    staged(repo.delete("a")).fail("a.remove")
    failed(repo.apply())
    first = newest(repo)
    repo.fail().ok("apply", "--yes")

    assert repo.ok("retry", first).err == ("Nothing to retry: everything in that run succeeded, or was done since.\n")
    assert repo.log() == ["a.remove"]


def test_what_a_retry_needs_no_yes_for(repo: Repo) -> None:
    """
    Events, too: version first, the summary of the retry last, complete though it left others out.
    """
    chain(repo.define("z")).fail("b.run")
    failed(repo.apply("a", "b"))
    repo.fail()

    found = events(repo.ok("retry", "--json"))

    assert [event["type"] for event in found] == ["version", "change_start", "change_complete", "summary"]
    assert (found[1]["id"], found[-1]["complete"]) == ("b.run", True)


def test_a_failing_restart_is_owed_until_it_is_discarded(repo: Repo) -> None:
    """
    It comes back on a clean tree, fails again, and goes when the debt is dropped.
    """
    recorded(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]})).fail("app.restart")
    staged(repo.define("db", inputs={"x": 2}))
    for _ in range(2):
        failed(repo.apply())
        assert (repo.plan().ids, repo.plan().cause("app.restart")) == (["app.restart"], "owed")

    repo.ok("discard", "app")

    assert repo.plan().ids == []
    assert repo.ok("apply", "--yes").out == "No changes. The applied state matches what is staged.\n"


def test_a_reaction_to_what_changed_nothing_is_done_with(repo: Repo) -> None:
    """
    `when: changed` and {"changed": false}: NOOP, complete, neither owed nor tried again.
    """
    script(repo, "quiet", 'echo "{\\"changed\\": false, \\"message\\": \\"as it was\\"}" > "$STAGECTL_RESULT"')
    repo.define("db", "quiet", inputs={"x": 1})
    recorded(repo.define("app", react_on={"restart": [{"on": "db.update", "when": "changed"}]}))
    staged(repo.define("db", "quiet", inputs={"x": 2}))

    ran = repo.ok("apply", "--yes")

    assert ran.err == "db.update: SUCCESS (as it was)\napp.restart: NOOP (nothing to react on)\n"
    assert "Nothing to retry" in repo.ok("retry").err
    assert (repo.plan().ids, repo.log()) == ([], [])
