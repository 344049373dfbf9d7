"""Many states of an applied commit are listed, few are looked up."""

from __future__ import annotations

import pytest

from stagectl.adapters.applied import store
from stagectl.adapters.git.git import Git
from tests.build import APPLIED, Repo


def test_both_ways_find_the_same(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Also of what is not there.
    """
    repo.define("a/db", inputs={"port": 1}).define("app", inputs={"port": "${a/db.port}"}).apply_all()
    git = Git(repo.root)
    tip = git.resolve(APPLIED)
    paths = [".staged/a/db.yaml", ".applied/app.json", ".applied/none.json"]

    few = store.oids_of(git, tip, paths)
    monkeypatch.setattr(store, "_MANY", 0)

    assert few == store.oids_of(git, tip, paths)
    assert [oid is not None for oid in few] == [True, True, False]
