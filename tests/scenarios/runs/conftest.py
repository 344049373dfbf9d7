"""The fixtures of this folder."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.runs.world import AGENT, GATE, script


@pytest.fixture
def repo(repo: Repo) -> Repo:
    """A repository whose actions can be set to fail and to kill."""
    script(repo, "service", AGENT)
    script(repo, "safe", AGENT, idempotent=True)
    script(repo, "gate", GATE)
    repo.write(".gitignore", "*.log\nfail\nkill\ngo\n").commit()
    return repo
