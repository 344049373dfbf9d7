"""Which changes are in a plan, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stagectl.core.model import Attempt
from stagectl.core.planning.situation import Situation
from tests.unit.core.planning.worlds import applied, planned, res, situation

DB, DB2 = res("db", {"port": 1}), res("db", {"port": 2})
READS = res("app", {"url": "${db.port}"})
DB_ANEW = res("db", {"port": 2, "zone": "b"})
MID = res("mid", {"port": "${db.port}"})
BOTH = res("app", {"url": "${mid.port}", "port": "${db.port}"})
REACTS = res("app", {}, react_on={"restart": ["db.update"]})
AFTER = res("app", {"x": 2}, depends_on=["db"])
APP = res("app", {"x": "${mid.port}"})
READ = Attempt("run", "service", (), {}, form=READS.relations())
NEW_READS = res("app", {"url": "${db.port}", "zone": "b"})
NEW_MID = res("mid", {"port": "${db.port}", "area": "${db.zone}"})
NEW_BOTH = res("app", {"url": "${mid.port}", "port": "${db.port}", "zone": "b"})
CHANGES = [
    (situation(applied(DB, READS), DB2, READS), "db.update; app.update: db.update"),
    (situation(applied(DB, REACTS), DB2, REACTS), "db.update; app.restart: db.update"),
    (situation(applied(DB, res("app", {"x": 1})), DB2, AFTER), "db.update; app.update: db.update"),
    (situation(applied(DB, READS)), "app.remove; db.remove: app.remove"),
    (situation(applied(DB, READS), res("app")), "app.update; db.remove: app.update"),
    (
        situation(applied(DB), res("db", {"port": 2}, actions={"restart": "1-a", "test": "1-b"})),
        "db.update; db.restart: db.update; db.test: db.restart",
    ),
    (situation(applied(DB), res("db", {"port": 2}, actions={"update": "1-a"})), "db.update"),
    (situation(applied(DB, db={"owed": {"restart": ("x.update",)}}), DB), "db.restart"),
    (situation({}, DB, REACTS), "app.run; db.run"),
    # The update that drops a value comes after the change that ends the last reading of it.
    (situation(applied(DB, READS), res("db"), res("app")), "app.update; db.update: app.update"),
    (situation(applied(DB, READS), res("db")), "app.remove; db.update: app.remove"),
    # What was tried with a parent's values ends before that parent.
    (situation(applied(DB, app={"unfinished": READ})), "app.remove; db.remove: app.remove"),
    (
        situation(applied(DB, res("app"), app={"unfinished": replace(READ, action="update")}), res("app")),
        "app.update; db.remove: app.update",
    ),
    # Nothing is removed that could not be run again; what is replaced itself is no reason to wait.
    (
        situation(applied(DB, READS), DB2, NEW_READS),
        "db.update; app.remove: db.update; app.run: app.remove db.update",
    ),
    (
        situation(applied(DB, READS), res("db", {"port": 1, "zone": "b"}), NEW_READS),
        "app.remove; db.remove: app.remove; db.run: db.remove; app.run: app.remove db.run",
    ),
    # In a diamond, what is replaced does not wait for what can only follow once it has gone.
    (
        situation(applied(DB, MID, BOTH), DB_ANEW, NEW_MID, NEW_BOTH),
        "app.remove; db.remove: app.remove; db.run: db.remove; mid.update: db.run; "
        "app.run: app.remove db.run mid.update",
    ),
    # A reading has to end after the parent that is replaced was run: what was read stays as long.
    (
        situation(applied(DB, MID, APP), DB_ANEW, res("app", {"x": "${db.port}"})),
        "db.remove; db.run: db.remove; app.update: db.run; mid.remove: app.update",
    ),
    # Two that are replaced change their readers.
    (
        situation(
            applied(DB, res("mq", {"port": 1}), res("a", {"x": "${db.port}"}), res("b", {"x": "${mq.port}"})),
            DB_ANEW,
            res("mq", {"port": 2, "zone": "b"}),
            res("a", {"x": "${mq.port}"}),
            res("b", {"x": "${db.port}"}),
        ),
        "mq.remove; mq.run: mq.remove; a.update: mq.run; db.remove: a.update; db.run: db.remove; b.update: db.run",
    ),
    # A mapping may name a parent's removal.
    (
        situation(applied(DB, res("app")), res("app", {"x": 1}, depends_on={"update": ["db.remove"]})),
        "db.remove; app.update: db.remove",
    ),
]


@pytest.mark.parametrize(("world", "expected"), CHANGES)
def test_the_changes_each_with_what_comes_directly_before(world: Situation, expected: str) -> None:
    """
    Inferred, explicit, owed and reacting changes; parents first, removals last.
    """
    after = {change["id"]: change["after"] for change in planned(world).raw["changes"]}

    assert expected == "; ".join(f"{change}: {' '.join(before)}".rstrip(": ") for change, before in after.items())
