"""The fixtures of this folder."""

from __future__ import annotations

import pytest

from tests.build import Repo, made_once, record


@pytest.fixture
@made_once
def edited(repo: Repo) -> Repo:
    """One resource, live, with an edit that is staged."""
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"y": "${a.x}"}))
    return repo.define("a", inputs={"x": 2}).stage()
