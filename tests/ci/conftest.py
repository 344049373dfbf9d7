"""The fixtures of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, List

import pytest

from tests.ci.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty one."""
    made = World(tmp_path)
    yield made
    made.site.close()


_SHOPS: List[Path] = []  # one for each process, made by the first test that needs it: in a sealed world


@pytest.fixture
def shop(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two resources, app reads db's port, both applied."""
    if not _SHOPS:
        first = World(tmp_path_factory.mktemp("shop"))
        first.repo.define("db", inputs={"port": 5432}).define("app", inputs={"db": "${db.port}"})
        first.host().site.close()
        _SHOPS.append(first.folder)
    made = World(tmp_path, _SHOPS[0])
    yield made
    made.site.close()
