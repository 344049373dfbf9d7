"""A clone without contents (`--filter=blob:none`) fetches what a command reads in a few batches."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import List

import pytest

from tests.build import Repo
from tests.scenarios.teams import test_transports as transports


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """What the remote was asked for, one entry per request that got objects."""
    found: List[str] = []
    answer = transports.Smart.answer

    def noted(self: transports.Smart) -> None:
        found.extend([self.path] if self.command == "POST" else [])
        answer(self)

    monkeypatch.setattr(transports.Smart, "do_POST", noted)
    return found


def test_a_plan_in_a_partial_clone_fetches_in_batches(
    repo: Repo, tmp_path: Path, asked: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Forty children of one edit: as many requests as steps, and not one for each; it is the plan of all.
    """
    repo.define("db", inputs={"port": 1})
    for number in range(40):
        repo.define(f"f{number % 5}/app{number}", inputs={"port": "${db.port}"})
    repo.apply_all()
    repo.define("db", inputs={"port": 2}).stage()
    plan = repo.ok("plan").out
    repo.git("clone", "-q", "--bare", str(repo.top), str(tmp_path / "site.git"))
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", key, "true"], cwd=tmp_path / "site.git", check=True)
    url, close = transports.over_http(tmp_path, monkeypatch)
    try:
        repo.git("clone", "-q", "--branch", "main", "--filter=blob:none", f"{url}/site.git", str(tmp_path / "partial"))
        asked.clear()

        done = Repo(tmp_path / "partial", init=False).run("plan")
    finally:
        close()

    assert (done.code, done.out) == (0, plan), done.err
    assert len([path for path in asked if path.endswith("git-upload-pack")]) < 12
