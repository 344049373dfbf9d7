"""`plan --since` shows what differs from a plan reviewed before."""

from __future__ import annotations

import pytest

from tests.build import Repo, record
from tests.scenarios.review.world import saved, since

pytestmark = pytest.mark.once


def world(repo: Repo) -> Repo:
    """db, its readers app and web, and cache, which restarts with db; db.port and a restart of cache are staged."""
    repo.define("db", tags=["p"], inputs={"port": 1, "size": 1})
    repo.define("app", tags=["p"], inputs={"db": "${db.port}"}).define("web", tags=["q"], inputs={"db": "${db.port}"})
    record(repo.define("cache", tags=["p"], react_on={"test": ["db.update"]}).define("job", tags=["p"]))
    repo.define("db", tags=["p"], inputs={"port": 2, "size": 1}).stage()
    return repo.stage("job", "-a", "restart")


def test_since_a_change_of_values_and_causes(repo: Repo) -> None:
    """
    Another value, another input; who reads it differs, too.
    """
    assert [
        "~ db.update  differs: values, cause",
        "  - port: 1 -> 2",
        "  + port: 1 -> 3",
        "  + size: 1 -> 5",
        "  - because of the inputs: port",
        "  + because of the inputs: port, size",
        "~ app.update  differs: values",
        "  - db: 1 -> 2",
        "  + db: 1 -> 3",
        "~ web.update  differs: values",
        "  - db: 1 -> 2",
        "  + db: 1 -> 3",
    ] == since(world(repo), lambda repo: repo.define("db", tags=["p"], inputs={"port": 3, "size": 5}))


def test_since_changes_that_came_and_went(repo: Repo) -> None:
    """
    An own edit is another cause than a read value.
    """

    def edit(repo: Repo) -> None:
        repo.define("new").define("db", tags=["p"], inputs={"port": 1, "size": 1})
        repo.define("app", tags=["p"], inputs={"db": 7})

    assert [
        "+ new.run  came (staged)",
        "- db.update  went",
        "- cache.test  went",
        "- web.update  went",
        "~ app.update  differs: values, cause, order",
        "  - db: 1 -> 2",
        "  + db: 1 -> 7",
        "  - because: reads db.update",
        "  + because: staged",
        "  - after: db.update",
        "  + after: nothing",
    ] == since(world(repo), edit)


def test_since_another_stamp_order_tags_and_kind(repo: Repo) -> None:
    """
    Staged by name again; after something else; with other tags; of another kind, which is a replace.
    """

    def edit(repo: Repo) -> None:
        repo.ok("unstage", "job")
        repo.define("job", tags=["p"], depends_on=["db"]).stage("job", "-a", "restart")
        repo.define("app", "plain", tags=["p"], inputs={"db": "${db.port}"})
        repo.define("web", tags=["q", "r"], inputs={"db": "${db.port}"})

    assert [
        "+ app.remove  came (replace: its kind was service)",
        "+ app.run  came (replace: its kind was service)",
        "- app.update  went",
        "~ job.restart  differs: order, stamp",
        "  - after: nothing",
        "  + after: db.update",
        "  it was staged by name again",
        "~ web.update  differs: tags",
        "  - tags: q",
        "  + tags: q, r",
    ] == since(world(repo), edit)


def test_since_another_kind_of_what_is_new(repo: Repo) -> None:
    """
    The same id, of another kind.
    """
    repo.define("a").commit()
    repo.stage()

    assert ["~ a.run  differs: kind", "  - kind: service", "  + kind: plain"] == since(
        repo, lambda repo: repo.define("a", "plain")
    )


def test_since_other_triggers_and_files_of_kinds(repo: Repo) -> None:
    """
    When a reaction is due, and what the actions of a kind do.
    """

    def edit(repo: Repo) -> None:
        repo.define("cache", tags=["p"], react_on={"test": [{"on": "db.update", "when": "changed"}]})
        repo.kind("service", actions=("run", "update", "remove", "restart", "test"), timeout=5).commit()

    assert [
        "~ cache.test  differs: triggers",
        "  - reacts on: db.update (success)",
        "  + reacts on: db.update (changed)",
        "+ cache  recorded now",
        "~ kinds/service.yaml  differs",
    ] == since(world(repo), edit)


def test_since_values_that_are_not_shown(repo: Repo) -> None:
    """
    A restart acts with values, too, which its plan does not show; sensitive ones are shown nowhere.
    """
    repo.kind("vault", actions=("run", "update", "restart"), sensitive=["p"])
    record(repo.define("a", inputs={"x": 1}).define("v", "vault", inputs={"p": "${env:ONE}"}))
    repo.define("v", "vault", inputs={"p": "${env:TWO}"}).stage().stage("a", "-a", "restart")

    found = since(
        repo, lambda repo: repo.define("v", "vault", inputs={"p": "${env:THREE}"}).define("a", inputs={"x": 2})
    )

    assert [
        "+ a.update  came (staged)",
        "~ a.restart  differs: values, order",
        "  it acts with other values, which are not shown",
        "  - after: nothing",
        "  + after: a.update",
        "~ v.update  differs: values",
        "  it acts with other values, which are not shown",
    ] == found


def test_since_what_is_held_back_recorded_and_moved(repo: Repo) -> None:
    """
    Newly, no longer, and held back with other tags or needs.
    """
    record(repo.define("one", tags=["p"]).define("two", tags=["p"]).define("three", tags=["p"]))
    repo.define("x", tags=["p"], depends_on=["base"]).define("y", tags=["p"], depends_on=["base"]).define("base")
    repo.define("one", tags=["p", "r"]).stage()

    def edit(repo: Repo) -> None:
        repo.define("one", tags=["p"]).define("two", tags=["p", "r"]).define("base2")
        repo.define("x", tags=["p", "r"], depends_on=["base2"]).define("y", tags=["p"])
        repo.define("z", tags=["p"], depends_on=["base"]).stage()
        repo.ok("move", "three", "four")

    found = since(repo, edit, "-t", "p")

    assert [
        "+ y.run  came (staged)",
        "+ z.run  held back now (needs-parent) it needs base.run, which is not selected; --with-parents takes it in",
        "- y.run  no longer held back (needs-parent)",
        "~ x.run  held back differently",
        "  - needs: base.run",
        "  + needs: base2.run",
        "  - tags: p",
        "  + tags: p, r",
        "+ four  recorded now",
        "- one  no longer recorded",
        "+ two  recorded now",
        "+ four  moved from three",
    ] == found
    assert {
        "came": ["y.run"],
        "went": [],
        "differ": [],
        "held": {"came": ["z.run"], "went": ["y.run"], "differ": ["x.run"]},
        "recorded": {"came": ["four", "two"], "went": ["one"]},
        "moved": {"came": [["three", "four"]], "went": []},
        "kinds": [],
        "selection": {"tags": ["p"], "names": [], "with_children": False, "with_parents": False},
    }.items() <= repo.ok("plan", "-t", "p", "--format", "json", "--since", "plan.json").json()["since"].items()


def test_since_another_selection(repo: Repo) -> None:
    """
    The words of both.
    """
    world(repo)
    saved(repo, "db", "-t", "p")

    found = repo.ok("plan", "--with-parents", "--since", "plan.json").out

    assert "  ~ the selection differs: db -t p -> --with-parents\n\n" in found
    assert "+ job.restart  came (staged by name)\n" in found
