"""What exists already comes under stagectl with the outputs that are known of it."""

from __future__ import annotations

import json
from typing import Tuple

import pytest

from stagectl.usecases.applying import apply
from tests.build import Ran, Repo, made_once
from tests.scenarios.outputs.world import outputs, world

BOTH = {"endpoint": "db:5432", "oid": 7}
WAYS = "give what it reads: --outputs FILE"


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """A database and its reader, staged; a file acts for the database, so it is in the id of every plan."""
    world(repo, files=["conf/*"]).write("conf/db", "size").define("db", "database", inputs={"size": 1})
    repo.define("app", "plain", inputs={"url": "http://${db.endpoint}/"}).commit()
    return repo.stage()


def record(repo: Repo, given: object, *names: str) -> Ran:
    repo.write("known.json", json.dumps(given) if not isinstance(given, str) else given)
    return repo.apply("--record-only", "--outputs", "known.json", *names)


def test_outputs_are_recorded_with_the_resource_and_reach_its_reader(shop: Repo) -> None:
    """Nothing runs, and the plan afterwards is empty."""
    ran = record(shop, {"db": BOTH})
    assert ran.code == 0, ran.err
    assert outputs(shop, "db") == BOTH and shop.log() == []
    assert shop.applied("app")["inputs"] == {"url": "http://db:5432/"}
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_a_reader_whose_output_is_not_there_is_not_recorded(shop: Repo) -> None:
    """Recorded alone, its parent may follow with outputs; the reader is refused until then, with the ways out."""
    ran = shop.apply("--record-only")
    assert ran.code == 1 and "app.run cannot be recorded: ${db.endpoint} was not reported" in ran.err
    assert WAYS in ran.err and shop.applied("db") is None
    assert shop.apply("--record-only", "db").code == 0
    ran = shop.apply("--record-only", "app")
    assert ran.code == 1 and "app.run cannot be recorded" in ran.err and "--outputs FILE" in ran.err


def test_outputs_of_a_live_resource_with_nothing_pending_are_stored_with_its_reader(shop: Repo) -> None:
    """In one applied commit, which `verify` makes again; nothing runs."""
    assert shop.apply("--record-only", "db").code == 0
    ran = record(shop, {"db": BOTH}, "db", "app")
    assert ran.code == 0 and "1 recorded as applied, nothing ran, outputs stored: db. Run " in ran.out
    assert "Next:" not in ran.out and "held" not in ran.out
    assert outputs(shop, "db") == BOTH and shop.applied("app")["inputs"] == {"url": "http://db:5432/"}
    said = shop.git("log", "-1", "--format=%B", "stagectl/applied")
    assert "Outputs: db\n" in said and "Change: app.run SUCCESS\n" in said
    assert shop.plan().ids == [] and shop.log() == [] and shop.ok("verify").code == 0
    ran = record(shop, {"db": BOTH}, "--json")
    assert json.loads(ran.out.splitlines()[-1])["outputs"] == ["db"]


def test_with_outputs_all_that_waited_for_them_is_recorded_at_once(repo: Repo) -> None:
    """A chain a -> b -> c; what waits for an output that the file lacks is held, with the reason."""
    world(repo)
    for name, inputs in {"a": {}, "b": {"url": "${a.endpoint}"}, "c": {"url": "${b.endpoint}"}, "x": {}}.items():
        repo.define(name, "database", inputs=inputs)
    repo.define("y", "database", inputs={"url": "${x.endpoint}"}).commit()
    repo.stage().ok("apply", "--record-only", "--yes", "a", "x")
    ran = record(repo, {"b": BOTH})
    assert ran.code == 1 and "b: b.run is held back, so it is not recorded here: ${a.endpoint} was never" in ran.err
    ran = record(repo, {"a": {**BOTH, "endpoint": "a"}, "b": {**BOTH, "oid": "7"}})
    assert ran.code == 1 and "b: 'oid' must be a whole number" in ran.err and outputs(repo, "a") == {}
    ran = record(repo, {"a": {**BOTH, "endpoint": "a"}, "b": {**BOTH, "endpoint": "b"}, "c": BOTH})
    assert ran.code == 0 and "2 recorded as applied" in ran.out
    assert "outputs stored: a, b, c" in ran.out and "y.run" in ran.out
    assert (
        "${x.endpoint} was never reported: " in ran.out and "stagectl apply x --record-only --outputs FILE" in ran.out
    )
    assert [repo.applied(name)["inputs"] for name in "bc"] == [{"url": "a"}, {"url": "b"}]
    assert repo.plan().held == {"y.run": "needs-parent"} and repo.ok("verify").code == 0


def test_outputs_that_are_given_again_reach_readers_that_are_live(shop: Repo) -> None:
    """They count as stored before the plan is made, whatever the actions of their resource may report."""
    record(shop, {"db": BOTH})
    shop.define("app", "plain", inputs={"url": "http://${db.endpoint}/", "oid": "${db.oid}"}).commit()
    shop.define("db", "database", inputs={"size": 2}).commit()
    shop.stage().ok("apply", "--yes", "--record-only")
    ran = record(shop, {"db": {"endpoint": "db:9", "oid": 9}})
    assert ran.code == 0 and "1 recorded as applied" in ran.out
    assert shop.applied("app")["inputs"] == {"url": "http://db:9/", "oid": 9}
    shop.define("db", "database", inputs={"size": 3}).commit()
    ran = record(shop.stage(), {"db": {"endpoint": "db:8", "oid": 8}}, "--skip", "db.update")
    assert ran.code == 1 and outputs(shop, "db") == {"endpoint": "db:8", "oid": 8}
    ran = record(shop, {"db": {"endpoint": "db:7", "oid": 7}})
    assert ran.code == 0 and outputs(shop, "db") == {"endpoint": "db:7", "oid": 7}
    assert shop.applied("app")["inputs"] == {"url": "http://db:7/", "oid": 7}
    assert shop.plan().ids == [] and shop.log() == [] and shop.ok("verify").code == 0


@pytest.mark.parametrize("command", [("resume",), ("apply", "--yes", "--record-only")])
def test_what_was_given_outlives_a_kill(shop: Repo, monkeypatch: pytest.MonkeyPatch, command: Tuple[str, ...]) -> None:
    """Killed before the branch moves: the journal has the outputs, from which the plan is made again."""
    assert shop.apply("--record-only", "db").code == 0

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(apply, "conclude", die)
        assert record(shop, {"db": BOTH}).code == 130 and outputs(shop, "db") == {}
    shop.ok(*command)
    assert outputs(shop, "db") == BOTH and shop.applied("app")["inputs"] == {"url": "http://db:5432/"}
    assert shop.plan().ids == [] and shop.ok("verify").code == 0


def test_outputs_of_what_is_left_out_are_refused(shop: Repo) -> None:
    """Not live, and its run skipped: there is nothing to store them with."""
    ran = record(shop, {"db": BOTH}, "--skip", "db.run")
    assert ran.code == 1 and "db: db.run is left out, so there is nothing to store its outputs with" in ran.err
    assert shop.applied("db") is None
    ran = record(shop, {"db": BOTH}, "--skip", "app.run")
    assert ran.code == 1 and outputs(shop, "db") == BOTH and shop.applied("app") is None


@pytest.mark.parametrize(
    "given, why",
    [
        ("[", "known.json is no JSON"),
        ([1], "known.json is no mapping of resources to their outputs"),
        ({"db": 1}, "known.json is no mapping of resources to their outputs"),
        ({"ddb": BOTH}, "ddb: there is no resource of this name that is live or recorded here; did you mean 'db'?"),
        ({"db": {"oid": 7}}, "db: the key 'endpoint' is missing"),
        ({"db": {**BOTH, "oid": "x"}}, "db: 'oid' must be a whole number"),
        ({"db": {**BOTH, "odi": 1}}, "db: 'odi' is no output of its kind; did you mean 'oid'?"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_is_recorded(shop: Repo, given: object, why: str) -> None:
    """An unknown resource, a value that the kind refuses, a required output that is not given."""
    ran = record(shop, given)
    assert ran.code == 1 and why in ran.err
    assert shop.applied("db") is None


def test_outputs_go_with_record_only(shop: Repo) -> None:
    """A run asks its actions, so what an operator says is no part of it."""
    shop.write("known.json", json.dumps({"db": BOTH}))
    assert shop.apply("--outputs", "known.json").code == 64


def test_a_file_that_is_not_there_is_an_error(shop: Repo) -> None:
    """It says which one."""
    ran = shop.apply("--record-only", "--outputs", "none.json")
    assert ran.code == 1 and "none.json cannot be read: No such file or directory" in ran.err
