"""What actions report: which outputs are stored, which are an ERROR, and what becomes of those of a failed try."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Repo
from tests.scenarios.outputs.world import given, message, outputs, reports, world

BOTH = {"endpoint": "db:5432", "oid": 7}


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """One database, defined and not staged."""
    world(repo).define("db", "database", inputs={"size": 1}).commit()
    return repo


def test_a_run_gives_all_others_what_changed_and_the_rest_keeps_its_value(shop: Repo) -> None:
    """The outputs of a run are stored; an update that reports one of them leaves the others as they were."""
    reports(shop, "db.run", {**BOTH, "key_id": "a"})
    shop.apply_all()
    assert outputs(shop, "db") == {**BOTH, "key_id": "a"}
    assert given(shop, "db.run") == {}
    reports(shop, "db.update", {"endpoint": "db:5433"})
    shop.define("db", "database", inputs={"size": 2}).apply_all()
    assert outputs(shop, "db") == {"endpoint": "db:5433", "oid": 7, "key_id": "a"}
    assert given(shop, "db.update") == {**BOTH, "key_id": "a"}


def test_after_a_replace_outputs_start_anew(shop: Repo) -> None:
    """What only an earlier action had reported is gone once the resource was removed and run again."""
    reports(shop, "db.run", {**BOTH, "key_id": "a"})
    shop.apply_all()
    reports(shop, "db.run", {**BOTH, "oid": 8})
    shop.stage("db", "-a", "replace").ok("apply", "--yes")
    assert outputs(shop, "db") == {**BOTH, "oid": 8}
    assert (given(shop, "db.remove"), given(shop, "db.run")) == ({**BOTH, "key_id": "a"}, {})


@pytest.mark.parametrize(
    "reported, why",
    [
        ({**BOTH, "oid": "seven"}, "outputs: 'oid' must be a whole number, not \"seven\""),
        ({**BOTH, "endpiont": "x"}, "outputs: 'endpiont' is no output of kind database; did you mean 'endpoint'?"),
        ({"oid": 7}, "outputs: the key 'endpoint' is missing"),
        ([1], 'the "outputs" of the result file are no mapping of names to values'),
        ({**BOTH, "endpoint": "\ud800"}, "the outputs are no JSON values: "),
    ],
)
def test_what_must_not_be_stored_is_an_error_and_nothing_of_it_is_stored(shop: Repo, reported: Any, why: str) -> None:
    """A result that the schema refuses, that names what is no output, or lacks a required one, leaves no output."""
    reports(shop, "db.run", reported)
    ran = shop.stage().apply()
    assert ran.code == 1
    assert message(shop, "db.run").startswith(why)
    assert "outputs" not in shop.applied("db")["unfinished"]


def test_an_action_changes_only_what_reports_lists_it_under(shop: Repo) -> None:
    """An update may repeat what oid is, and not change it; with `reports`, an action that is not in it changes none."""
    reports(shop, "db.run", BOTH)
    shop.apply_all()
    reports(shop, "db.update", {**BOTH, "endpoint": "other"})
    shop.define("db", "database", inputs={"size": 2}).apply_all()
    assert outputs(shop, "db") == {**BOTH, "endpoint": "other"}
    reports(shop, "db.update", {"oid": 8})
    shop.define("db", "database", inputs={"size": 3}).commit()
    assert shop.stage().apply().code == 1
    assert message(shop, "db.update") == (
        "outputs: 'oid' may not be changed by update: kind database does not report it there"
    )
    reports(shop, "db.update", {}).ok("retry")
    reports(shop, "db.look", {"key_id": "x"})
    assert shop.stage("db", "-a", "look").apply().code == 1
    assert message(shop, "db.look").startswith("outputs: 'key_id' may not be changed by look")


def test_without_reports_run_and_update_may_change_all_outputs_and_other_actions_none(repo: Repo) -> None:
    """The default of `reports`."""
    world(repo, reports=None).define("db", "database", inputs={"size": 1}).commit()
    reports(repo, "db.run", BOTH)
    repo.apply_all()
    reports(repo, "db.update", {"endpoint": "other", "oid": 8, "key_id": "k"})
    repo.define("db", "database", inputs={"size": 2}).apply_all()
    assert outputs(repo, "db") == {"endpoint": "other", "oid": 8, "key_id": "k"}
    reports(repo, "db.rotate", {"key_id": "l"})
    assert repo.stage("db", "-a", "rotate").apply().code == 1
    assert outputs(repo, "db") == {"endpoint": "other", "oid": 8, "key_id": "k"}


def test_an_explicit_action_stores_what_it_reports(shop: Repo) -> None:
    """`rotate` is listed for key_id, so its value is stored, and the next action is given it."""
    reports(shop, "db.run", BOTH)
    shop.apply_all()
    reports(shop, "db.rotate", {"key_id": "k2"})
    shop.stage("db", "-a", "rotate").ok("apply", "--yes")
    assert outputs(shop, "db") == {**BOTH, "key_id": "k2"}


def test_what_a_failed_try_reported_is_kept_given_to_the_next_try_and_stored_when_it_succeeds(shop: Repo) -> None:
    """A run that failed half-way says what it made; the next one is given that, and stores it if it says no other."""
    reports(shop, "db.run", {"oid": 7})
    assert shop.stage().fail("db.run").apply().code == 1
    assert shop.applied("db")["unfinished"]["outputs"] == {"oid": 7}
    shop.fail()
    reports(shop, "db.run", {"endpoint": "db:1"})
    shop.ok("retry")
    assert given(shop, "db.run") == {"oid": 7}
    assert outputs(shop, "db") == {"endpoint": "db:1", "oid": 7}


def test_a_removal_is_given_what_a_failed_run_reported(shop: Repo) -> None:
    """What a run left half made can be removed by the id it reported."""
    reports(shop, "db.run", {"oid": 7})
    assert shop.stage().fail("db.run").apply().code == 1
    shop.fail().delete("db").commit()
    shop.stage().ok("apply", "--yes")
    assert given(shop, "db.remove") == {"oid": 7}
    assert shop.applied("db") is None


def test_a_value_that_contains_the_value_of_a_secret_variable_is_an_error(shop: Repo, monkeypatch: Any) -> None:
    """git would keep it, so it is neither stored nor written into the journal."""
    monkeypatch.setenv("TOKEN", "Kanarienvogel-4711")
    shop.define("db", "database", inputs={"token": "${env:TOKEN}"}).commit()
    for value in ("see Kanarienvogel-4711", "S2FuYXJpZW52b2dlbC00NzEx"):
        reports(shop, "db.run", {**BOTH, "endpoint": value})
        assert shop.stage().apply().code == 1
        said = "the output 'endpoint' has the value of a secret variable in it; "
        assert message(shop, "db.run") == f"{said}variables that are no secrets belong under 'plain' in stagectl.yaml"
        assert "outputs" not in shop.applied("db")["unfinished"]
