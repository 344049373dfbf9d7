"""What exists already comes under stagectl with the outputs that are known of it."""

from __future__ import annotations

import json

import pytest

from tests.build import Ran, Repo
from tests.scenarios.outputs.world import outputs, world

BOTH = {"endpoint": "db:5432", "oid": 7}
WAYS = "give what it reads: --outputs FILE"


@pytest.fixture
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


def test_outputs_of_a_live_resource_with_nothing_pending_are_stored(shop: Repo) -> None:
    """By an applied commit of its own, after which its reader has what it reads."""
    assert shop.apply("--record-only", "db").code == 0
    ran = record(shop, {"db": BOTH}, "db", "app")
    assert ran.code == 0 and "0 recorded as applied, nothing ran, outputs stored: db. Run " in ran.out
    assert "Next: stagectl apply app --record-only (what was held back" in ran.out
    assert outputs(shop, "db") == BOTH
    assert "Outputs: db" in shop.git("log", "-1", "--format=%B", "stagectl/applied")
    assert shop.plan().ids == ["app.run"] and shop.ok("verify").code == 0
    assert shop.apply("--record-only", "app").code == 0 and shop.plan().ids == []


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
