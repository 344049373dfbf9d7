"""A clone in which git writes CRLF (`core.autocrlf=true`): every command agrees on what is edited."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from tests.build import Repo


@pytest.fixture
def converting(repo: Repo, tmp_path: Path) -> Repo:
    """A clone whose files end their lines with CRLF, of a repository where they do not."""
    repo.define("a", inputs={"v": 1}).define("b", inputs={"v": 1}, react_on={"update": ["a.update"]}).apply_all()
    where = tmp_path / "clone"
    repo.git("clone", "-q", "-c", "core.autocrlf=true", str(repo.root), str(where))
    clone = Repo(where, init=False)
    clone.git("config", "core.autocrlf", "true")
    clone.git("config", "user.name", "ada")
    clone.git("config", "user.email", "ada@example.com")
    assert b"\r\n" in (clone.root / "resources/a.yaml").read_bytes()
    assert b"\r\n" in (clone.root / ".staged/a.yaml").read_bytes()
    return clone


def agreed(repo: Repo) -> List[str]:
    """The names that are not staged, on which status and `stage --check` agree, with the cache and without."""
    found = []
    for cache in ("on", "off"):
        env = {"STAGECTL_CACHE": cache}
        names = [one["name"] for one in repo.run("status", "--json", env=env).json()["unstaged"]]
        check = repo.run("stage", "--check", env=env)
        assert bool(names) == bool(check.code), check.err + check.out
        found.append(names)
    assert found[0] == found[1]
    return found[0]


def test_a_fresh_clone_has_nothing_to_do(converting: Repo) -> None:
    """
    Nothing is edited, staged, planned or applied, and git sees no change.
    """
    assert [] == agreed(converting)
    done = converting.run("stage")
    assert 0 == done.code
    assert [] == converting.plan().ids
    assert "" == converting.run("plan").err
    assert 0 == converting.run("apply", "--yes").code
    assert "" == converting.git("status", "--porcelain")


def test_an_edit_is_one_of_its_resource_alone(converting: Repo) -> None:
    """
    status, `stage --check`, stage, plan and apply name what was edited, and nothing else; a saved plan applies.
    """
    path = converting.root / "resources/a.yaml"
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    assert b"\r\n" in path.read_bytes()

    assert ["a"] == agreed(converting)
    assert "not in this plan: a (changed)" in converting.run("plan").err
    converting.ok("stage")
    assert [] == agreed(converting)
    plans = [converting.run("plan", "--format", "json", env={"STAGECTL_CACHE": on}).json() for on in ("on", "off")]
    assert [["a.update", "b.update"]] * 2 == [[one["id"] for one in plan["changes"]] for plan in plans]
    assert plans[0]["plan_id"] == plans[1]["plan_id"]
    converting.ok("plan", "--out", str(converting.top.parent / "plan.json"))
    converting.ok("apply", "--yes", str(converting.top.parent / "plan.json"))

    assert ([], []) == (converting.plan().ids, agreed(converting))
    assert "" == converting.git("status", "--porcelain")
