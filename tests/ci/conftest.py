"""The fixtures of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.ci.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty one."""
    made = World(tmp_path)
    yield made
    made.site.close()


@pytest.fixture
def shop(world: World) -> World:
    """Two resources, app reads db's port, both applied."""
    world.repo.define("db", inputs={"port": 5432}).define("app", inputs={"db": "${db.port}"})
    return world.host()
