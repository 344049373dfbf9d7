"""Rules 12 and 13: the same content gives the same bytes, and each change has one cause."""

from __future__ import annotations

import json

from tests.build import Plan
from tests.scenarios.planning.world import cause


def test_the_same_content_gives_the_same_bytes(repo):
    """
    Rule 12: whatever the hash seed; of the ready changes the smallest id comes first.
    """
    for name in "hgfedcba":
        repo.define(name, tags=["t" + name, "x"], inputs={"v": 1, "w": {"z": 1, "a": [1, 2]}})
    repo.define("a", depends_on=["h", "g"]).define("b", react_on={"test": ["c.run", "d.run"]}).stage()

    one, two = (repo.ok("plan", "--format", "json", env={"PYTHONHASHSEED": seed}).out for seed in ("1", "4242"))

    assert one == two
    assert ["b.run", "c.run", "d.run", "b.test", "e.run", "f.run", "g.run", "h.run", "a.run"] == Plan(
        json.loads(one)
    ).ids


def test_each_change_has_the_first_cause_that_fits(repo):
    """
    Rule 13: an own edit beats being a child, a child an explicit update, and explicit a reaction.
    """
    repo.define("db", inputs={"v": 1})
    repo.define("edited", inputs={"v": "${db.v}", "w": 1}, react_on={"update": ["db.update"]})
    repo.define("child", inputs={"v": "${db.v}"}).define("named", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"v": 2}).define(
        "edited", inputs={"v": "${db.v}", "w": 2}, react_on={"update": ["db.update"]}
    )
    repo.stage().stage("child", "-a", "update").stage("named", "-a", "restart")

    causes = {change["id"]: change["cause"] for change in repo.plan().raw["changes"]}

    assert {
        "db.update": cause("staged", inputs=["v"]),
        "edited.update": cause("staged", inputs=["v", "w"]),
        "child.update": cause("child", "db.update", inputs=["v"]),
        "named.restart": cause("explicit"),
    } == causes


def test_a_reaction_comes_after_its_own_update_and_is_free_of_explicit_actions(repo):
    """
    Rule 13: app's test was staged by name; its restart is a reaction and follows the update only.
    """
    repo.define("db", inputs={"v": 1}).define(
        "app", inputs={"v": "${db.v}"}, react_on={"restart": ["db.update"]}
    ).apply_all()
    repo.define("db", inputs={"v": 2}).stage().stage("app", "-a", "test")

    plan = repo.plan()

    assert plan.comes_before("app.update", "app.restart")
    assert not plan.comes_before("app.test", "app.restart")
    assert not plan.comes_before("app.restart", "app.test")
