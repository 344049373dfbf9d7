"""What an action reported goes with the run that reported it, to wherever that is put."""

from __future__ import annotations

import json

import pytest

from tests.scenarios.teams.world import Team, edit

pytestmark = pytest.mark.once

SCRIPT = 'printf \'{"outputs": {"endpoint": "cache:6379"}}\' > "$STAGECTL_RESULT"'


def test_outputs_of_a_run_that_lost_a_race_are_put_on_top_with_it(team: Team) -> None:
    """Bob's cache reported its endpoint while Ada applied; afterwards both have it, and its reader has its value."""
    edit(team.ada, "db", 2).ok("apply", "--yes")
    schema = {"properties": {"endpoint": {"type": "string"}}, "required": ["endpoint"]}
    team.bob.write("kinds/cache.yaml", json.dumps({"outputs": schema, "actions": {"run": ["sh", "-c", SCRIPT]}}))
    team.bob.define("cache", "cache").define("app", inputs={"url": "redis://${cache.endpoint}"}).commit()
    team.bob.stage().ok("apply", "--yes", "--offline")
    team.bob.ok("sync")
    team.ada.ok("sync")
    assert team.ada.applied("cache")["outputs"] == {"endpoint": "cache:6379"}
    assert team.ada.applied("app")["inputs"] == {"url": "redis://cache:6379"}
    assert team.ada.applied("db")["inputs"] == {"v": 2} and team.ada.ok("verify").code == 0
