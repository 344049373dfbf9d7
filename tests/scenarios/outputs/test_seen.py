"""Where outputs are seen, and what history, moves, reverts and promotions make of them."""

from __future__ import annotations

import json

import pytest

from tests.build import Repo, made_once
from tests.scenarios.history.test_verify import edited, recommit
from tests.scenarios.outputs.world import outputs, reports, world

BOTH = {"endpoint": "db:5432", "oid": 7}


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """One database, applied, which reported an endpoint and an oid."""
    reports(world(repo).define("db", "database", inputs={"size": 1}), "db.run", BOTH)
    return repo.apply_all()


def test_the_report_and_the_events_of_a_run_have_what_was_reported(shop: Repo) -> None:
    """Under `outputs` of each change in JSON, and a line per value for people."""
    assert [BOTH] == [change["outputs"] for change in shop.ok("report", "--json").json()["changes"]]
    assert '      endpoint = "db:5432"\n      oid = 7\n' in shop.ok("report").out
    reports(shop, "db.update", {"endpoint": "other"})
    shop.define("db", "database", inputs={"size": 2}).commit()
    events = [json.loads(line) for line in shop.stage().ok("apply", "--yes", "--json").out.splitlines()]
    assert [{"endpoint": "other"}] == [event["outputs"] for event in events if event["type"] == "change_complete"]
    page = shop.ok("report", "--format", "html").out
    assert "endpoint = &quot;other&quot;" in page or 'endpoint = "other"' in page


def test_show_has_the_outputs_and_those_of_what_is_unfinished(shop: Repo) -> None:
    """A value that is not read is said to be one."""
    reports(shop, "db.update", {"endpoint": "half"})
    shop.define("db", "database", inputs={"size": 2}).fail("db.update").commit()
    assert shop.stage().apply().code == 1
    text = shop.ok("show", "db").out
    assert '    endpoint: "db:5432" (output)\n    oid: 7 (output)\n' in text
    assert '    endpoint: "half" (output of what is unfinished)\n' in text
    assert shop.ok("show", "db", "--json").json()["applied"]["outputs"] == BOTH


def test_blame_names_the_apply_that_made_an_output_what_it_is(shop: Repo) -> None:
    """Not the last apply of the resource: the one since which the value is there."""
    first = shop.git("rev-parse", "stagectl/applied").strip()
    reports(shop, "db.update", {"endpoint": "other"})
    shop.define("db", "database", inputs={"size": 2}).apply_all()
    second = shop.git("rev-parse", "stagectl/applied").strip()
    rows = {row["path"]: row for row in shop.ok("log", "--blame", "db", "--json").json()}
    assert (rows["oid"]["applied"], rows["endpoint"]["applied"]) == (first, second)
    assert rows["oid"]["output"] is True and "output" not in rows["size"] and rows["oid"]["staged"] is None
    assert f"staged ------------  live {first[:12]}  oid: 7 (output)" in shop.ok("log", "--blame", "db").out


def test_diff_of_two_applied_commits_has_the_outputs_that_differ(shop: Repo) -> None:
    """Of what is staged it has none: an output is no wish."""
    before = shop.git("rev-parse", "stagectl/applied").strip()
    reports(shop, "db.update", {"endpoint": "other"})
    shop.define("db", "database", inputs={"size": 2}).apply_all()
    assert 'endpoint: "db:5432" -> "other"' in shop.ok("diff", "--from", before, "--to", "stagectl/applied").out
    shop.define("db", "database", inputs={"size": 3}).stage()
    assert "endpoint" not in shop.ok("diff").out


def test_outputs_follow_a_move_and_go_with_a_removal(shop: Repo) -> None:
    """What was reported under the old name is the new name's; after a removal nothing is left of it."""
    shop.ok("move", "db", "data")
    shop.ok("apply", "--yes")
    assert outputs(shop, "data") == BOTH and shop.applied("db") is None
    shop.ok("remove", "data")
    shop.ok("apply", "--yes")
    assert shop.applied("data") is None


def test_a_revert_never_restores_outputs(shop: Repo) -> None:
    """They are facts, not wishes: the apply of the revert says what they are then."""
    reports(shop, "db.update", {"endpoint": "second"})
    shop.define("db", "database", inputs={"size": 2}).apply_all()
    reports(shop, "db.update", {})
    shop.ok("revert", "stagectl/applied")
    shop.ok("apply", "--yes")
    assert shop.applied("db")["inputs"] == {"size": 1}
    assert outputs(shop, "db") == {**BOTH, "endpoint": "second"}


def test_verify_takes_outputs_from_the_state_and_finds_what_no_action_may_report(shop: Repo) -> None:
    """Replayed, each commit is what its trailers say; an output that its action may not change is found."""
    reports(shop, "db.update", {"endpoint": "half"})
    shop.define("db", "database", inputs={"size": 2}).fail("db.update").commit()
    assert shop.stage().apply().code == 1
    shop.fail()
    shop.ok("retry")
    assert shop.run("verify").code == 0
    recommit(shop, tree=edited(shop, ".applied/db.json", '"oid": 7', '"oid": 8'))
    ran = shop.run("verify")
    assert ran.code == 1
    assert "the applied state of db is not what its trailers say" in ran.out
