"""Plans with values that are known after a change, and with conditional changes."""

from __future__ import annotations

import json

import pytest

from tests.build import Repo
from tests.scenarios.outputs.world import got, message, outputs, reports, world

BOTH = {"endpoint": "db:5432", "oid": 7}
URL = "http://${db.endpoint}/"


@pytest.fixture(autouse=True)
def _reader(repo: Repo) -> None:
    world(repo)
    raw = repo.read("kinds/database.yaml")
    plain = {key: value for key, value in json.loads(raw).items() if key not in ("outputs", "reports")}
    repo.write("kinds/reader.yaml", json.dumps(plain))


def test_a_new_environment_is_made_by_one_apply(repo: Repo) -> None:
    """What the database reports reaches its reader in the same run, and the plan afterwards is empty."""
    reports(repo.define("db", "database", inputs={"size": 1}), "db.run", BOTH)
    repo.define("app", "reader", inputs={"url": URL, "oid": "${db.oid}", "a": {"b": "${db.endpoint}"}}).commit()
    plan = repo.stage().plan()
    assert plan.ids == ["db.run", "app.run"]
    diff = {entry["path"]: entry for entry in plan.change("app.run")["diff"]}
    assert diff["url"] == {
        "path": "url", "op": "add", "before": None, "after": None, "known_after": ["db.run"], "written": URL,
    }  # fmt: skip
    repo.ok("apply", "--yes")
    assert got(repo, "app.run") == {"url": "http://db:5432/", "oid": 7, "a": {"b": "db:5432"}}
    assert repo.applied("app")["inputs"] == got(repo, "app.run")
    assert repo.plan().raw["changes"] == []
    assert repo.ok("verify").code == 0


def test_a_live_reader_joins_as_a_conditional_change_and_runs_if_the_value_differs(repo: Repo) -> None:
    """`~?` in text, `conditional` in JSON; the value stands as known after the change that may report it."""
    shop = _applied(repo)
    shop.define("db", "database", inputs={"size": 2}).commit()
    plan = shop.stage().plan()
    assert plan.ids == ["db.update", "app.update"]
    change = plan.change("app.update")
    assert change["conditional"] is True and "conditional" not in plan.change("db.update")
    assert change["cause"] == {"type": "child", "of": ["db.update"], "inputs": ["url"]}
    assert change["diff"] == [
        {
            "path": "url", "op": "replace", "before": "http://db:5432/", "after": None,
            "known_after": ["db.update"], "written": URL,
        }
    ]  # fmt: skip
    assert plan.raw["summary"]["update"] == 2
    text = shop.ok("plan").out
    assert "~? app.update" in text
    assert 'url: "http://db:5432/" -> (known after db.update: http://${db.endpoint}/)' in text
    reports(shop, "db.update", {"endpoint": "db:9"})
    shop.ok("apply", "--yes")
    assert got(shop, "app.update") == {"url": "http://db:9/"}
    assert shop.plan().raw["changes"] == []
    assert shop.ok("verify").code == 0


def test_a_conditional_change_for_which_nothing_changed_is_noop_and_records_its_staged_file(repo: Repo) -> None:
    """No action runs whose inputs have not changed."""
    shop = _applied(repo)
    shop.define("db", "database", inputs={"size": 2})
    shop.define("app", "reader", tags=["new"], inputs={"url": URL}).commit()
    shop.stage().ok("apply", "--yes")
    assert shop.log() == ["db.update"]
    assert message(shop, "app.update") == "nothing changed for it"
    assert "tags: [new]" in shop.git("show", "stagectl/applied:.staged/app.yaml")
    assert "Change: app.update NOOP" in shop.git("log", "-1", "--format=%B", "stagectl/applied")
    assert shop.plan().raw["changes"] == [] and shop.ok("verify").code == 0


def test_an_output_that_reports_does_not_list_for_the_action_is_known(repo: Repo) -> None:
    """`update` may change the endpoint alone, so a reader of the oid is not in the plan."""
    shop = _applied(repo, inputs={"id": "${db.oid}"})
    shop.define("db", "database", inputs={"size": 2}).commit()
    assert shop.stage().plan().ids == ["db.update"]
    shop.ok("apply", "--yes")
    shop.stage("db", "-a", "rotate")
    assert shop.plan().ids == ["db.rotate"]


def test_reading_an_output_always_orders(repo: Repo) -> None:
    """`unordered` cannot undo it, also not where the value comes through an input of another resource."""
    reports(repo.define("db", "database", inputs={"size": 1}), "db.run", BOTH)
    repo.define("a/mid", "reader", inputs={"x": URL})
    repo.define("a/app", "reader", inputs={"y": "${./mid.x}z"}, unordered=["db", "./mid"])
    repo.define("a/own", "reader", inputs={"y": URL}, unordered=["db"]).commit()
    plan = repo.stage().plan()
    assert plan.comes_before("db.run", "a/app.run") and plan.comes_before("db.run", "a/own.run")
    repo.ok("apply", "--yes")
    assert got(repo, "a/app.run") == {"y": "http://db:5432/z"}


def test_an_explicit_or_staged_reader_is_no_conditional_change(repo: Repo) -> None:
    """What is also staged runs, whatever is reported."""
    shop = _applied(repo)
    shop.define("db", "database", inputs={"size": 2})
    shop.define("app", "reader", inputs={"url": URL, "more": 1}).commit()
    plan = shop.stage().plan()
    assert "conditional" not in plan.change("app.update") and plan.cause("app.update") == "staged"
    shop.ok("apply", "--yes")
    assert got(shop, "app.update") == {"url": "http://db:5432/", "more": 1}
    shop.define("db", "database", inputs={"size": 3}).commit()
    shop.stage().stage("app", "-a", "update")
    assert "conditional" not in shop.plan().change("app.update")


def test_a_reaction_on_a_conditional_change_runs_if_that_one_does(repo: Repo) -> None:
    """A reaction that has no other reason is NOOP with it."""
    repo.define("job", react_on={"restart": ["app.update"]})
    shop = _applied(repo)
    shop.define("db", "database", inputs={"size": 2}).commit()
    shop.stage().ok("apply", "--yes")
    assert shop.log() == ["db.update"]
    reports(shop, "db.update", {"endpoint": "db:9"}).define("db", "database", inputs={"size": 3}).commit()
    shop.stage().ok("apply", "--yes")
    assert shop.log() == ["db.update", "db.update", "app.update", "job.restart"]


def test_values_that_do_not_fit_are_an_error_of_a_change_that_never_started(repo: Repo) -> None:
    """It leaves nothing unfinished, and is held in the next plan with the reason, which status has, too."""
    shop = _applied(repo, schema={"properties": {"url": {"maxLength": 20}}})
    reports(shop, "db.update", {"endpoint": "a-very-long-name:5432"})
    shop.define("db", "database", inputs={"size": 2}).commit()
    assert shop.stage().apply().code == 1
    assert message(shop, "app.update").startswith("kind reader: must have at most 20 characters")
    assert "app.update" not in shop.log() and "unfinished" not in shop.applied("app")
    assert outputs(shop, "db")["endpoint"] == "a-very-long-name:5432"
    plan = shop.plan()
    assert plan.held == {"app.update": "needs-parent"} and plan.ids == []
    (held,) = plan.raw["held"]
    assert "must have at most 20 characters" in held["message"]
    known = {key: held[key] for key in ("id", "reason", "message")}
    assert shop.ok("status", "--json").json()["held"] == [known] and shop.ok("status", "-s").out == "H  app.update\n"
    assert f"Held back (stagectl plan):\n  app.update  (needs-parent) {held['message']}\n" in shop.ok("status").out
    assert shop.ok("verify").code == 0


def test_a_value_that_was_never_reported_holds_its_reader_and_names_the_ways(repo: Repo) -> None:
    """It does not make the whole plan an error."""
    reports(repo.define("db", "database", inputs={"size": 1}), "db.run", BOTH)
    repo.define("other", "reader", inputs={"x": 1}).apply_all()
    repo.define("app", "reader", inputs={"key": "${db.key_id}"}).define("other", "reader", inputs={"x": 2})
    repo.define("deep", "reader", inputs={"key": "${db.oid.part}"}).commit()
    plan = repo.stage().plan()
    assert plan.ids == ["other.update"] and plan.held == {"app.run": "needs-parent", "deep.run": "needs-parent"}
    assert [held["message"] for held in plan.raw["held"]] == [
        "${db.key_id} was never reported: let an action report it (stagectl stage db -a rotate), "
        "or record it (stagectl apply db --record-only --outputs FILE)",
        "${db.oid.part}: what db reported as 'oid' has no such value",
    ]
    reports(repo, "db.rotate", {"key_id": "k"})
    repo.ok("apply", "--yes")
    repo.ok("stage", "db", "-a", "rotate")
    assert repo.plan().ids == ["db.rotate", "app.run"]
    repo.ok("apply", "--yes")
    assert got(repo, "app.run") == {"key": "k"}


def test_a_failed_reader_is_in_the_next_plan(repo: Repo) -> None:
    """What it missed differs from its applied inputs; retry fills in what was reported."""
    shop = _applied(repo)
    reports(shop, "db.update", {"endpoint": "db:9"})
    shop.define("db", "database", inputs={"size": 2}).fail("app.update").commit()
    assert shop.stage().apply().code == 1
    plan = shop.plan()
    assert plan.ids == ["app.update"] and plan.cause("app.update") == "unfinished"
    assert plan.change("app.update")["diff"][0]["after"] == "http://db:9/"
    shop.fail().ok("retry")
    assert got(shop, "app.update") == {"url": "http://db:9/"} and shop.plan().ids == []


def test_the_plan_has_the_same_id_wherever_it_is_made(repo: Repo) -> None:
    """What is known after is in it as the reference it is; an apply that expects it runs."""
    shop = _applied(repo)
    shop.define("db", "database", inputs={"size": 2}).commit()
    identity = shop.stage().plan().raw["plan_id"]
    reports(shop, "db.update", {"endpoint": "db:9"})
    shop.ok("plan", "--out", "saved.json")
    shop.ok("apply", "--expect", identity)
    assert got(shop, "app.update") == {"url": "http://db:9/"}


def test_what_depends_on_a_resource_that_waits_for_an_output_waits_with_it(repo: Repo) -> None:
    """Live or not, and whatever is selected: its parent is neither live nor in the plan."""
    shop = _applied(repo)
    shop.define("new", "reader", inputs={"key": "${db.key_id}"})
    shop.define("app", "reader", inputs={"url": URL, "a": 1}, depends_on=["new"]).commit()
    for words in ((), ("app", "new")):
        plan = shop.stage().plan(*words)
        assert plan.ids == [] and plan.held == {"app.update": "needs-parent", "new.run": "needs-parent"}


def _applied(repo: Repo, schema: object = None, **more: object) -> Repo:
    if schema is not None:
        repo.write("kinds/reader.yaml", json.dumps({**json.loads(repo.read("kinds/reader.yaml")), "inputs": schema}))
    reports(repo.define("db", "database", inputs={"size": 1}), "db.run", BOTH)
    return repo.define("app", "reader", **{"inputs": {"url": URL}, **more}).apply_all()
