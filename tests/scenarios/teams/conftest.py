"""The fixtures of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.teams.world import Team


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """Ada and Bob; db, web and dns are applied and shared."""
    return Team(tmp_path)
