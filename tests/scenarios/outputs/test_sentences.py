"""What docs/design.md, section 9, says of plans and runs with outputs, where no other file of this folder has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.build import Repo
from tests.scenarios.outputs.world import got, outputs, reports, with_readers, world

pytestmark = pytest.mark.once

BOTH = {"endpoint": "db:5432", "oid": 7}
URL = "http://${db.endpoint}/"


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """A database, and a kind of readers that have actions of their own."""
    return reports(with_readers(repo).define("db", "database", inputs={"size": 1}), "db.run", BOTH)


def app(shop: Repo, **more: Any) -> Repo:
    return shop.define("app", "reader", **{"inputs": {"url": URL}, **more})


def resized(shop: Repo, size: int = 2) -> Repo:
    shop.define("db", "database", inputs={"size": size}).commit()
    return shop.stage()


def test_what_a_failed_removal_reported_is_kept_and_given_to_the_next_try(shop: Repo) -> None:
    """Under `unfinished`, beside the outputs that are stored; `reports` lists what a removal may change, too."""
    world(shop, reports={"run": ["endpoint", "oid"], "remove": ["endpoint"]})
    shop.apply_all()
    reports(shop, "db.remove", {"endpoint": "gone"})
    shop.ok("remove", "db")
    assert shop.fail("db.remove").apply().code == 1
    assert shop.applied("db")["unfinished"]["outputs"] == {"endpoint": "gone"} and outputs(shop, "db") == BOTH
    shop.fail().ok("retry")
    assert json.loads(shop.read("given-db.remove")) == {**BOTH, "endpoint": "gone"}
    assert shop.applied("db") is None


def test_what_a_failed_update_reported_is_read_by_no_resource(shop: Repo) -> None:
    """A reader that is edited meanwhile gets the value that is stored."""
    app(shop).apply_all()
    reports(resized(shop), "db.update", {"endpoint": "half"}).fail("db.update")
    assert shop.apply().code == 1
    app(shop, inputs={"url": URL, "more": 1}).commit()
    shop.stage().ok("apply", "--yes", "app")
    assert got(shop, "app.update") == {"url": "http://db:5432/", "more": 1}


def test_an_input_may_become_an_output_without_touching_its_readers(shop: Repo) -> None:
    """`${old.endpoint}` reads an input first, and an output of the same value later: nothing runs for the reader."""
    shop.define("old", "reader", inputs={"endpoint": "db:5432"})
    shop.define("app", "reader", inputs={"url": "http://${old.endpoint}/"}).apply_all()
    reports(shop.define("old", "database", inputs={"size": 1}), "old.run", BOTH).commit()
    assert shop.stage().plan().change("app.update")["conditional"]
    shop.ok("apply", "--yes")
    assert "app.update" not in shop.log() and outputs(shop, "old") == BOTH
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_reader_comes_after_every_change_that_may_report_the_value(shop: Repo) -> None:
    """An update and a staged action of one parent may both report; the value is known after both."""
    world(shop, reports={"run": ["endpoint", "oid"], "update": ["endpoint"], "rotate": ["endpoint"]})
    app(shop).apply_all()
    plan = resized(shop).stage("db", "-a", "rotate").plan()
    assert plan.ids == ["db.update", "db.rotate", "app.update"]
    assert plan.change("app.update")["diff"][0]["known_after"] == ["db.rotate", "db.update"]
    assert plan.cause("app.update") == "child"
    assert plan.change("app.update")["cause"]["of"] == ["db.rotate", "db.update"]


def test_a_child_whose_known_inputs_differ_anyway_is_an_ordinary_update(shop: Repo) -> None:
    """It reads an input that changes, too; what is known is shown, and what is not says so."""
    app(shop, inputs={"url": URL, "size": "${db.size}"}).apply_all()
    change = resized(shop).plan().change("app.update")
    assert "conditional" not in change
    known, later = sorted(change["diff"], key=lambda entry: str(entry["path"]))
    assert (known["path"], known["before"], known["after"]) == ("size", 1, 2)
    assert (later["path"], later["known_after"]) == ("url", ["db.update"])
    shop.ok("apply", "--yes")
    assert got(shop, "app.update") == {"url": "http://db:5432/", "size": 2}


@pytest.mark.parametrize("reason", ["unfinished", "owed", "triggered"])
def test_a_reader_with_another_reason_runs_whatever_is_reported(shop: Repo, reason: str) -> None:
    """A try that failed, a debt, or another change that triggers its update: none of them waits for a value."""
    react = {"react_on": {"update": ["job.update"]}} if reason != "unfinished" else {}
    app(shop.define("job", "reader", inputs={"x": 1}), **react).apply_all()
    if reason == "unfinished":
        app(shop, inputs={"url": URL, "more": 1}).commit()
    else:
        shop.define("job", "reader", inputs={"x": 2}).commit()
    if reason != "triggered":
        assert shop.stage().fail("app.update").apply().code == 1
        shop.fail()
    resized(shop).ok("apply", "--yes")
    assert shop.log().count("app.update") == 1 and shop.log().count("db.update") == 1
    assert shop.plan().ids == []


def test_a_reaction_on_two_changes_of_which_one_is_noop_runs(shop: Repo) -> None:
    """The other one is its reason."""
    app(shop.define("job", "reader", react_on={"look": ["app.update", "db.update"]})).apply_all()
    resized(shop).ok("apply", "--yes")
    assert shop.log()[-2:] == ["db.update", "job.look"]


def test_an_explicit_action_runs_in_any_case(shop: Repo) -> None:
    """The conditional update of its resource is NOOP; what was staged by name acts with what is applied."""
    app(shop).apply_all()
    resized(shop).stage("app", "-a", "look").ok("apply", "--yes")
    assert shop.log()[-2:] == ["db.update", "app.look"]
    assert got(shop, "app.look") == {"url": "http://db:5432/"} and shop.plan().ids == []


def test_held_back_scope_and_selection_treat_conditional_changes_as_affected_ones(shop: Repo) -> None:
    """With tags a reader outside is held back; with names or `--with-children` it joins, without its own edit."""
    shop.define("db", "database", tags=["prod"], inputs={"size": 1})
    app(shop, tags=["dev"]).apply_all()
    shop.define("db", "database", tags=["prod"], inputs={"size": 2}).commit()
    app(shop, tags=["dev"], inputs={"url": URL, "more": 1}).commit()
    shop.stage()
    plan = shop.plan("-t", "prod")
    assert plan.ids == ["db.update"] and plan.held == {"app.update": "outside-selection"}
    for words in (["db"], ["-t", "prod", "--with-children"]):
        change = shop.plan(*words).change("app.update")
        assert change["conditional"] and [entry["path"] for entry in change["diff"]] == ["url"]
    assert shop.plan("app").ids == ["app.update"] and "conditional" not in shop.plan("app").change("app.update")


@pytest.mark.parametrize("oid, log", [(8, ["mid.remove", "mid.run", "app.remove", "app.run"]), (7, [])])
def test_a_reader_of_what_may_be_replaced_is_replaced_if_and_only_if_that_one_is(
    shop: Repo, oid: int, log: Any
) -> None:
    """Through `replace_on`, along a chain: decided together, before both removes."""
    world(shop, reports=None)
    raw = json.loads(shop.read("kinds/database.yaml"))
    shop.write("kinds/mid.yaml", json.dumps({**raw, "replace_on": ["id"]}))
    shop.write("kinds/reader.yaml", json.dumps({**json.loads(shop.read("kinds/reader.yaml")), "replace_on": ["id"]}))
    shop.define("mid", "mid", inputs={"id": "${db.oid}"})
    reports(app(shop, inputs={"id": "${mid.oid}"}), "mid.run", {**BOTH, "oid": 1}).apply_all()
    before = len(shop.log())
    reports(reports(shop, "db.update", {"oid": oid}), "mid.run", {**BOTH, "oid": 2})
    plan = resized(shop).plan()
    assert {change["id"] for change in plan.raw["changes"] if change.get("conditional")} == {
        "mid.remove", "mid.run", "app.remove", "app.run",
    }  # fmt: skip
    shop.ok("apply", "--yes")
    assert sorted(shop.log()[before:]) == sorted(["db.update", *log])
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_what_only_the_run_of_a_parent_turns_out_to_change_is_left_to_the_next_plan(shop: Repo) -> None:
    """Through `replace_on`: the parent was not replaced after all, and only then reported another value."""
    world(shop, reports=None)
    raw = json.loads(shop.read("kinds/database.yaml"))
    shop.write("kinds/mid.yaml", json.dumps({**raw, "replace_on": ["id"]}))
    shop.write("kinds/reader.yaml", json.dumps({**json.loads(shop.read("kinds/reader.yaml")), "replace_on": ["at"]}))
    shop.define("mid", "mid", inputs={"id": "${db.oid}", "url": "${db.endpoint}"})
    reports(app(shop, inputs={"at": "${mid.endpoint}"}), "mid.run", BOTH).apply_all()
    before = len(shop.log())
    reports(reports(shop, "db.update", {"endpoint": "db:9"}), "mid.update", {"endpoint": "mid:9"})
    assert {"app.remove", "app.run"} <= set(resized(shop).plan().ids)
    assert shop.ok("apply", "--yes") and shop.log()[before:] == ["db.update", "mid.update"]
    assert shop.applied("app")["inputs"] == {"at": "db:5432"}
    plan = shop.plan()
    assert plan.ids == ["app.remove", "app.run"] and plan.cause("app.run") == "replace"
    assert shop.ok("apply", "--yes") and got(shop, "app.run") == {"at": "mid:9"}
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_value_that_was_not_reported_is_an_error_of_a_change_that_never_started(shop: Repo) -> None:
    """An optional output that a run did not give; nothing is unfinished, and the next plan holds its reader."""
    app(shop, inputs={"key": "${db.key_id}"}).commit()
    ran = shop.stage().apply()
    assert ran.code == 1 and shop.log() == ["db.run"] and shop.applied("app") is None
    report = shop.ok("report", "--json").json()["changes"]
    assert (report[1]["state"], report[1]["message"]) == ("ERROR", "${db.key_id} was not reported")
    assert shop.plan().held == {"app.run": "needs-parent"} and shop.ok("verify").code == 0
