"""Orders that worlds made at random seldom need; test_second_planner.py has the others."""

from __future__ import annotations

import pytest

from stagectl.core.planning.situation import Situation
from tests.unit.core.planning.worlds import applied, planned, res, situation

DB, DB_ANEW = res("db", {"port": 1}), res("db", {"port": 2, "zone": "b"})
MID, NEW_MID = res("mid", {"port": "${db.port}"}), res("mid", {"port": "${db.port}", "area": "${db.zone}"})
BOTH = res("app", {"url": "${mid.port}", "port": "${db.port}"})
NEW_BOTH = res("app", {"url": "${mid.port}", "port": "${db.port}", "zone": "b"})
APP = res("app", {"x": "${mid.port}"})
CHANGES = [
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
    Around what is replaced in a diamond or changes its readers, and of a mapping that names a removal.
    """
    after = {change["id"]: change["after"] for change in planned(world).raw["changes"]}

    assert expected == "; ".join(f"{change}: {' '.join(before)}".rstrip(": ") for change, before in after.items())
