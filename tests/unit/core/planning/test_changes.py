"""Which changes are in a plan, and in which order."""

from __future__ import annotations

from typing import Dict, Set

import pytest

from stagectl.core.model import Attempt
from stagectl.core.planning.changes import draft_changes
from stagectl.core.planning.order import predecessors
from stagectl.core.planning.situation import Situation
from tests.unit.core.planning.worlds import applied, res, situation, universe

DB, DB2 = res("db", {"port": 1}), res("db", {"port": 2})
READS = res("app", {"url": "${db.port}"})
DB_ANEW = res("db", {"port": 2, "zone": "b"})
MID = res("mid", {"port": "${db.port}"})
BOTH = res("app", {"url": "${mid.port}", "port": "${db.port}"})
REACTS = res("app", {}, react_on={"restart": ["db.update"]})
AFTER = res("app", {"x": 2}, depends_on=["db"])


@pytest.mark.parametrize(
    "world, expected",
    [
        (situation(applied(DB, READS), DB2, READS), {"db.update": set(), "app.update": {"db.update"}}),
        (situation(applied(DB, REACTS), DB2, REACTS), {"db.update": set(), "app.restart": {"db.update"}}),
        (
            situation(applied(DB, res("app", {"x": 1})), DB2, AFTER),
            {"db.update": set(), "app.update": {"db.update"}},
        ),
        (situation(applied(DB, READS)), {"db.remove": {"app.remove"}, "app.remove": set()}),
        (situation(applied(DB, READS), res("app")), {"db.remove": {"app.update"}, "app.update": set()}),
        (
            situation(applied(DB), res("db", {"port": 2}, actions={"restart": "1-a", "test": "1-b"})),
            {"db.update": set(), "db.restart": {"db.update"}, "db.test": {"db.restart"}},
        ),
        (situation(applied(DB), res("db", {"port": 2}, actions={"update": "1-a"})), {"db.update": set()}),
        (situation(applied(DB, db={"owed": {"restart": ("x.update",)}}), DB), {"db.restart": set()}),
        (situation({}, DB, REACTS), {"db.run": set(), "app.run": set()}),
        # The update that drops a value comes after the change that ends the last reading of it.
        (situation(applied(DB, READS), res("db"), res("app")), {"db.update": {"app.update"}, "app.update": set()}),
        (situation(applied(DB, READS), res("db")), {"db.update": {"app.remove"}, "app.remove": set()}),
        # What was tried with a parent's values ends before that parent.
        (
            situation(applied(DB, app={"unfinished": Attempt("run", "service", (), {}, form=READS.relations())})),
            {"db.remove": {"app.remove"}, "app.remove": set()},
        ),
        (
            situation(
                applied(
                    DB, res("app"), app={"unfinished": Attempt("update", "service", (), {}, form=READS.relations())}
                ),
                res("app"),
            ),
            {"db.remove": {"app.update"}, "app.update": set()},
        ),
        # Nothing is removed that could not be run again; what is replaced itself is no reason to wait.
        (
            situation(applied(DB, READS), DB2, res("app", {"url": "${db.port}", "zone": "b"})),
            {"db.update": set(), "app.remove": {"db.update"}, "app.run": {"db.update", "app.remove"}},
        ),
        (
            situation(
                applied(DB, READS), res("db", {"port": 1, "zone": "b"}), res("app", {"url": "${db.port}", "zone": "b"})
            ),
            {
                "app.remove": set(),
                "db.remove": {"app.remove"},
                "db.run": {"db.remove"},
                "app.run": {"app.remove", "db.run"},
            },
        ),
        # In a diamond, what is replaced does not wait for what can only follow once it has gone.
        (
            situation(
                applied(DB, MID, BOTH),
                DB_ANEW,
                res("mid", {"port": "${db.port}", "area": "${db.zone}"}),
                res("app", {"url": "${mid.port}", "port": "${db.port}", "zone": "b"}),
            ),
            {
                "app.remove": set(),
                "db.remove": {"app.remove"},
                "db.run": {"db.remove"},
                "mid.update": {"db.run"},
                "app.run": {"app.remove", "db.run", "mid.update"},
            },
        ),
        # A reading has to end after the parent that is replaced was run: what was read stays as long.
        (
            situation(applied(DB, MID, res("app", {"x": "${mid.port}"})), DB_ANEW, res("app", {"x": "${db.port}"})),
            {
                "db.remove": set(),
                "db.run": {"db.remove"},
                "app.update": {"db.run"},
                "mid.remove": {"app.update"},
            },
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
            {
                "db.remove": {"a.update"},
                "db.run": {"db.remove"},
                "b.update": {"db.run"},
                "mq.remove": set(),
                "mq.run": {"mq.remove"},
                "a.update": {"mq.run"},
            },
        ),
        # A mapping may name a parent's removal.
        (
            situation(applied(DB, res("app")), res("app", {"x": 1}, depends_on={"update": ["db.remove"]})),
            {"db.remove": set(), "app.update": {"db.remove"}},
        ),
    ],
)
def test_the_changes_each_with_what_comes_directly_before(world: Situation, expected: Dict[str, Set[str]]) -> None:
    """
    Inferred, explicit, owed and reacting changes; parents first, removals last.
    """
    seen = universe(world)
    drafts = draft_changes(seen)

    assert expected == predecessors(seen.view, drafts)
