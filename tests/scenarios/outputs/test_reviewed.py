"""What outputs mean for reviews, other branches, promotions, moves, and the index of the applied branch."""

from __future__ import annotations

import pytest

from tests.build import Repo, made_once
from tests.scenarios.outputs.world import got, outputs, reports, with_readers

pytestmark = pytest.mark.once

BOTH = {"endpoint": "db:5432", "oid": 7}
URL = "http://${./db.endpoint}/"


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """A database and a reader in staging, applied."""
    with_readers(repo).write(".gitignore", "actions.log\nfail\nreports/\ngiven-*\ngot-*\n*.json\n")
    reports(repo.define("staging/db", "database", inputs={"size": 1}), "staging/db.run", BOTH)
    return repo.define("staging/app", "reader", inputs={"url": URL}).apply_all()


def resized(shop: Repo, size: int) -> Repo:
    shop.define("staging/db", "database", inputs={"size": size}).commit()
    return shop.stage()


def test_a_reviewed_plan_that_became_sure_says_so(shop: Repo) -> None:
    """`--since`: the reader was conditional when it was reviewed, and has an edit of its own since."""
    resized(shop, 2).ok("plan", "--out", "reviewed.json")
    assert "Unchanged since plan" in shop.ok("plan", "--since", "reviewed.json").out
    shop.define("staging/app", "reader", inputs={"url": URL, "more": 1}).commit()
    text = shop.stage().ok("plan", "--since", "reviewed.json").out
    assert "~ staging/app.update  differs: values, cause" in text
    assert "- because: reads staging/db.update, if a value turns out to differ" in text
    assert "+ because: staged" in text and "+ more: 1" in text
    assert shop.run("apply", "reviewed.json").code == 1


def test_another_branch_that_changes_what_may_be_affected_meets_this_plan(shop: Repo) -> None:
    """`--against`: a conditional change counts as a change; where outputs are the same in both orders, it commutes."""
    shop.git("checkout", "-q", "-b", "other")
    shop.define("staging/app", "reader", inputs={"url": URL, "more": 1}).commit()
    shop.stage().git("checkout", "-q", "main")
    (other,) = resized(shop, 2).ok("plan", "--format", "json", "--against", "other").json()["against"]["branches"]
    assert other["both"] == ["staging/app"] and other["commutes"] is True
    assert "also changes staging/app" in shop.ok("plan", "--against", "other").out


def test_a_promotion_takes_the_reference_and_not_the_value(shop: Repo) -> None:
    """The other environment has a database of its own, made by the same apply that fills its reader in."""
    shop.ok("promote", "staging", "prod", "--create")
    reports(shop, "prod/db.run", {"endpoint": "prod:5432", "oid": 8})
    plan = shop.plan()
    assert plan.ids == ["prod/db.run", "prod/app.run"]
    assert plan.change("prod/app.run")["diff"][0]["known_after"] == ["prod/db.run"]
    shop.ok("apply", "--yes")
    assert got(shop, "prod/app.run") == {"url": "http://prod:5432/"}
    assert (outputs(shop, "staging/db"), outputs(shop, "prod/db")) == (BOTH, {"endpoint": "prod:5432", "oid": 8})
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_promotion_waits_for_a_reader_whose_values_did_not_fit(shop: Repo) -> None:
    """What the database reported did not reach its reader, so neither is promoted."""
    reports(shop, "staging/db.update", {"endpoint": "db:9"})
    resized(shop, 2).fail("staging/app.update")
    assert shop.apply().code == 1
    ran = shop.run("promote", "staging", "prod", "--create")
    assert ran.code == 1 and "staging/app" in ran.err


def test_a_reader_follows_a_move_and_nothing_runs_for_it(shop: Repo) -> None:
    """`move` rewrites the reference; the outputs are there under the new name, and the value is the same."""
    before = shop.log()
    shop.ok("move", "staging/db", "staging/data")
    shop.ok("apply", "--yes")
    assert shop.log() == before and outputs(shop, "staging/data") == BOTH
    assert "${./data.endpoint}" in shop.read("resources/staging/app.yaml")
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_reader_that_was_left_out_is_open_in_the_index(shop: Repo) -> None:
    """Its parent reported something else: the next plan has it, with the value, and `verify` finds the index right."""
    reports(shop, "staging/db.update", {"endpoint": "db:9"})
    resized(shop, 2).run("apply", "--yes", "--skip", "staging/app.update")
    plan = shop.plan()
    assert plan.ids == ["staging/app.update"] and "conditional" not in plan.change("staging/app.update")
    assert plan.change("staging/app.update")["diff"][0]["after"] == "http://db:9/"
    assert shop.ok("verify").code == 0


def test_a_reverted_staging_of_a_reader_reads_what_is_there_now(shop: Repo) -> None:
    """A revert brings back what was wished, the reference, and the output keeps the value that it has."""
    reports(shop, "staging/db.update", {"endpoint": "db:9"})
    resized(shop, 2).ok("apply", "--yes")
    shop.define("staging/app", "reader", inputs={"url": "http://fixed/"}).apply_all()
    shop.ok("revert", "stagectl/applied")
    shop.ok("apply", "--yes")
    assert got(shop, "staging/app.update") == {"url": "http://db:9/"}
    assert outputs(shop, "staging/db")["endpoint"] == "db:9"
