"""Reactions that are due and did not succeed are owed."""

from __future__ import annotations

from tests.build import Repo, record
from tests.scenarios.applying.world import a_kind, causes, failed, results


def test_a_reaction_that_failed_is_owed_on_a_clean_tree_until_it_succeeds(repo: Repo) -> None:
    """
    Nothing is staged any more, and the restart comes back with the cause owed, in text too.
    """
    record(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]})).fail("app.restart")
    repo.define("db", inputs={"x": 2}).stage()
    failed(repo.apply())
    assert {"inputs": {}, "owed": {"restart": ["db.update"]}} == repo.applied("app")

    failed(repo.apply())
    assert {"app.restart": "owed"} == causes(repo)
    shown = repo.ok("plan").out
    assert shown.startswith("! app.restart  (owed since db.update; in run ")
    assert shown.endswith(" it ended ERROR: exit code 3)\n\nPlan: 0 to run, 0 to update, 0 to remove, 1 other.\n")

    repo.fail().ok("apply", "--yes")
    assert ["db.update", "app.restart"] == repo.log()
    assert {"inputs": {}} == repo.applied("app")
    assert [] == repo.plan().ids


def test_a_reaction_that_the_tags_held_back_is_owed(repo: Repo) -> None:
    """
    The parent was applied, so the reaction is due, and comes with the next plan that may run it.
    """
    record(
        repo.define("db", tags=["p"], inputs={"x": 1}).define("app", tags=["q"], react_on={"restart": ["db.update"]})
    )
    repo.define("db", tags=["p"], inputs={"x": 2}).stage()
    assert {"app.restart": "outside-selection"} == repo.plan("-t", "p").held

    repo.ok("apply", "--yes", "-t", "p")

    assert {"inputs": {}, "owed": {"restart": ["db.update"]}} == repo.applied("app")
    assert {"app.restart": "owed"} == causes(repo)


def test_a_reaction_is_not_owed_if_its_parent_failed(repo: Repo) -> None:
    """
    The db was not updated, so there is nothing to restart for.
    """
    record(repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": ["db.update"]})).fail("db.update")
    repo.define("db", inputs={"x": 2}).stage()

    failed(repo.apply())

    assert ["db.update ERROR", "app.restart SKIPPED"] == results(repo)
    assert {"inputs": {}} == repo.applied("app")


def test_a_reaction_after_a_change_that_changed_nothing_is_neither_run_nor_owed(repo: Repo) -> None:
    """
    `when: changed` and a result file saying {"changed": false}; the plain reaction beside it runs.
    """
    a_kind(repo, "quiet", 'echo "{\\"changed\\": $(cat truth)}" > "$STAGECTL_RESULT"')
    repo.write(".gitignore", "truth\nactions.log\nfail\n").write("truth", "false")
    reactions = {"restart": [{"on": "db.update", "when": "changed"}], "test": ["db.update"]}
    record(repo.define("db", "quiet", inputs={"x": 1}).define("app", react_on=reactions))
    repo.define("db", "quiet", inputs={"x": 2}).stage()

    repo.ok("apply", "--yes")
    assert ["db.update SUCCESS", "app.restart NOOP", "app.test SUCCESS"] == results(repo)
    assert (["app.test"], {"inputs": {}}) == (repo.log(), repo.applied("app"))
    assert [] == repo.plan().ids

    repo.write("truth", "true").define("db", "quiet", inputs={"x": 3}).stage().ok("apply", "--yes")
    assert ["app.restart", "app.test"] == sorted(repo.log()[1:])


def test_a_silent_action_counts_as_changed(repo: Repo) -> None:
    """
    An action that writes no result file has changed something, as far as is known.
    """
    record(
        repo.define("db", inputs={"x": 1}).define("app", react_on={"restart": [{"on": "db.update", "when": "changed"}]})
    )
    repo.define("db", inputs={"x": 2}).stage().ok("apply", "--yes")

    assert ["db.update", "app.restart"] == repo.log()
