"""The fixtures of this folder."""

from __future__ import annotations

import pytest

from tests.build import Repo, made_once


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """db, and app which reads it, applied."""
    repo.define("db", tags=["prod"], inputs={"port": 5432}).define("app", tags=["prod"], inputs={"db": "p:${db.port}"})
    return repo.apply_all()
