"""Kills, failures and retries between what reports and what reads; replaces that are decided in the run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.build import Repo
from tests.scenarios.outputs.world import SCRIPT, got, message, outputs, reports, world
from tests.scenarios.runs.world import IN_A_PROCESS

BOTH = {"endpoint": "db:5432", "oid": 7}
URL = "http://${db.endpoint}/"
# Once, the whole of stagectl is killed while the change runs that the file `kill` names.
KILLING = (
    'if [ -f kill ] && grep -qxF "$STAGECTL_RESOURCE.$STAGECTL_ACTION" kill; then rm kill; kill -9 $PPID; exit 9; fi; '
)


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """A database and a reader of its endpoint, whose oid means a replace."""
    actions = {action: ["sh", "-c", KILLING + SCRIPT] for action in ("run", "update", "remove")}
    reader = {"actions": actions, "replace_on": ["oid"]}
    world(repo, actions=actions, reports=None).write("kinds/reader.yaml", json.dumps(reader))
    repo.write(".gitignore", "actions.log\nfail\nkill\nreports/\ngiven-*\ngot-*\nknown.json\n")
    reports(repo.define("db", "database", inputs={"size": 1}), "db.run", BOTH)
    return repo.define("app", "reader", inputs={"url": URL}).commit() and repo


def kill(repo: Repo, change: str) -> None:
    repo.write("kill", change + "\n")
    assert repo.run("apply", "--yes", env=IN_A_PROCESS).code == -9


def test_a_kill_between_parent_and_child_loses_nothing_that_was_reported(shop: Repo) -> None:
    """The journal has the outputs of what ended, and `resume` gives them to what is still to come."""
    shop.stage()
    kill(shop, "app.run")
    shop.ok("resume", "--unknown", "rerun")
    assert got(shop, "app.run") == {"url": "http://db:5432/"}
    assert shop.log() == ["db.run", "app.run"] and shop.plan().ids == []
    assert shop.ok("verify").code == 0


def test_an_apply_after_a_kill_records_what_was_reported(shop: Repo) -> None:
    """It recovers the run as far as it came; the reader, whose end was not seen, runs with what is stored."""
    shop.stage()
    kill(shop, "app.run")
    shop.ok("apply", "--yes")
    assert outputs(shop, "db") == BOTH and got(shop, "app.run") == {"url": "http://db:5432/"}
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_what_is_said_to_be_done_brings_its_outputs(shop: Repo) -> None:
    """`resume --unknown done --outputs FILE`; without a required one the change is an ERROR."""
    shop.stage()
    kill(shop, "db.run")
    shop.write("known.json", json.dumps({"db": BOTH}))
    shop.ok("resume", "--unknown", "done", "--outputs", "known.json")
    assert outputs(shop, "db") == BOTH and got(shop, "app.run") == {"url": "http://db:5432/"}


def test_what_is_said_to_be_done_without_a_required_output_is_an_error(shop: Repo) -> None:
    """It is not known what its reader should get, so that one is skipped."""
    shop.stage()
    kill(shop, "db.run")
    assert shop.run("resume", "--unknown", "done").code == 1
    assert message(shop, "db.run").startswith("outputs: the key 'endpoint' is missing")
    assert shop.applied("db")["unfinished"]["action"] == "run" and shop.applied("app") is None


def test_outputs_for_anything_else_are_refused(shop: Repo) -> None:
    """A resource of which nothing was said to be done gets none."""
    shop.stage()
    kill(shop, "db.run")
    shop.write("known.json", json.dumps({"app": {"x": 1}}))
    ran = shop.run("resume", "--unknown", "done", "--outputs", "known.json")
    assert ran.code == 1 and "app: no change of it was said to be done" in ran.err


def replacing(shop: Repo, reported: Any, **more: Any) -> Repo:
    """The reader is applied with the oid, then an update of the database reports something."""
    shop.define("app", "reader", inputs={"url": URL, "oid": "${db.oid}"}).apply_all()
    reports(shop, "db.update", reported).define("db", "database", inputs={"size": 2}, **more).commit()
    return shop.stage()


def test_a_conditional_replace_replaces_if_the_value_differs(shop: Repo) -> None:
    """`-/+?` in text; both changes are conditional, and decided once."""
    plan = replacing(shop, {"oid": 8}).plan()
    assert plan.ids == ["db.update", "app.remove", "app.run"]
    assert plan.change("app.remove")["conditional"] and plan.change("app.run")["conditional"]
    assert "-/+? app.remove, app.run" in shop.ok("plan").out
    shop.ok("apply", "--yes")
    assert shop.log() == ["db.update", "app.remove", "app.run"]
    assert got(shop, "app.run") == {"url": "http://db:5432/", "oid": 8}
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_conditional_replace_is_an_update_if_only_another_input_differs(shop: Repo) -> None:
    """Its `remove` is NOOP, and its `run` is carried out as the kind's `update` and counts as that everywhere."""
    replacing(shop, {"endpoint": "db:9"}).ok("apply", "--yes")
    assert shop.log() == ["db.update", "app.update"]
    assert got(shop, "app.update") == {"url": "http://db:9/", "oid": 7}
    assert message(shop, "app.remove") == "nothing changed for it"
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_conditional_replace_whose_update_fails_leaves_that_unfinished(shop: Repo) -> None:
    """`unfinished` included; retry follows the resource, not the action."""
    replacing(shop, {"endpoint": "db:9"}).fail("app.update")
    assert shop.apply().code == 1
    assert shop.applied("app")["unfinished"]["action"] == "update"
    shop.fail().ok("retry")
    assert shop.log() == ["db.update", "app.update"]
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_conditional_replace_for_which_nothing_changed_does_nothing(shop: Repo) -> None:
    """Both of its changes are NOOP."""
    replacing(shop, {}).ok("apply", "--yes")
    assert shop.log() == ["db.update"] and shop.plan().ids == []
    assert shop.ok("verify").code == 0


def test_a_reader_of_what_is_replaced_is_replaced_with_it(shop: Repo) -> None:
    """Through `replace_on`, decided together before both removes, whose order is that of removals."""
    shop.define("app", "reader", inputs={"oid": "${db.oid}"}).apply_all()
    reports(shop, "db.run", {**BOTH, "oid": 9})
    plan = shop.stage("db", "-a", "replace").plan()
    assert plan.ids == ["app.remove", "db.remove", "db.run", "app.run"]
    assert "conditional" not in plan.change("app.remove")
    shop.ok("apply", "--yes")
    assert shop.log() == ["app.remove", "db.remove", "db.run", "app.run"]
    assert got(shop, "app.run") == {"oid": 9} and shop.plan().ids == []


def test_what_a_replace_tried_has_a_value_as_soon_as_it_was_reported(shop: Repo) -> None:
    """Never reported, because the parent's run failed, nothing was tried with it: its input is kept as written."""
    raw = json.loads(shop.read("kinds/database.yaml"))
    shop.write("kinds/database.yaml", json.dumps({**raw, "replace_on": ["size"]}))
    shop.define("app", "reader", inputs={"oid": "${db.oid}", "n": 1}).apply_all()
    reports(shop.define("db", "database", inputs={"size": 2}), "db.run", {**BOTH, "oid": 9}).commit()

    assert shop.stage().fail("db.run").apply().code == 1 and shop.log()[-2:] == ["app.remove", "db.remove"]
    tried = shop.applied("app")["unfinished"]
    assert (tried["inputs"], tried["form"]["inputs"]) == ({"n": 1}, {"oid": "${db.oid}"})
    entry = next(entry for entry in shop.plan().change("app.run")["diff"] if entry["path"] == "oid")
    assert (entry["after"], entry["known_after"]) == (None, ["db.run"])

    assert shop.fail("app.run").run("retry").code == 1
    assert shop.applied("app")["unfinished"]["inputs"] == {"n": 1, "oid": 9}
    assert {"path": "oid", "op": "add", "after": 9}.items() <= shop.plan().change("app.run")["diff"][1].items()
    assert shop.fail().run("retry").code == 0 and got(shop, "app.run") == {"n": 1, "oid": 9}
    assert shop.ok("verify").code == 0


def test_a_conditional_replace_counts_as_a_removal_for_protect(shop: Repo) -> None:
    """What may be removed needs the leave to be."""
    raw = json.loads(shop.read("kinds/reader.yaml"))
    shop.write("kinds/reader.yaml", json.dumps({**raw, "protect": True}))
    replacing(shop, {"oid": 8})
    ran = shop.apply()
    assert ran.code == 1 and "--allow-remove app" in ran.err
    assert shop.apply("--allow-remove", "app").code == 0
