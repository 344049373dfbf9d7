"""After a project's folder got another name: what is stale, and whose a value is, is found in both folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo
from tests.scenarios.surroundings.test_project_renamed import moved


@pytest.fixture
def before(tmp_path: Path) -> Repo:
    """What was applied in infra/, on main: db and app, which have nothing to do with each other."""
    repo = Repo(tmp_path / "repo", folder="infra")
    repo.write("stagectl.yaml", "applied_branch: stagectl/infra/applied\n")
    return repo.define("db", inputs={"port": 1}).define("app", inputs={"size": 1}).apply_all()


def put(repo: Repo, name: str, **inputs: int) -> str:
    """Stage a resource; returns the commit."""
    repo.define(name, inputs=inputs).stage(name)
    return repo.git("rev-parse", "HEAD").strip()


def on(repo: Repo, folder: str) -> Repo:
    found = Repo(repo.top, init=False, folder=folder)
    found.branch = repo.branch
    return found


def test_a_branch_that_parted_before_the_rename_is_not_stale(before: Repo) -> None:
    """
    It holds the content that is applied, under the old name; what was applied under the new one is another resource.
    """
    before.git("branch", "old")
    new = moved(before, "platform/aws")
    put(new, "app", size=2)
    assert 0 == new.apply().code
    new.git("checkout", "-q", "old")
    old = on(before, "infra")
    put(old, "db", port=2)

    assert "" == old.ok("plan", "db").err
    assert 0 == old.apply("db").code
    assert {"port": 2} == old.applied("db")["inputs"]


def test_a_branch_that_parted_before_the_rename_is_stale_where_it_takes_something_back(before: Repo) -> None:
    """
    What was applied from the other side, under the new name.
    """
    before.git("branch", "old")
    new = moved(before, "platform/aws")
    source = put(new, "db", port=2)
    assert 0 == new.apply().code
    new.git("checkout", "-q", "old")
    old = on(before, "infra")
    put(old, "db", port=3)

    done = old.apply("db")

    assert 1 == done.code
    assert f"this would take back what is applied of db (applied from {source[:12]}, " in done.err


def test_the_apply_that_moves_the_state_hides_no_work(before: Repo) -> None:
    """
    What a colleague applied from a branch that was never merged stays theirs when another resource is applied.
    """
    before.git("checkout", "-q", "-b", "theirs")
    source = put(before, "db", port=2)
    assert 0 == before.apply().code
    before.git("checkout", "-q", "main")
    new = moved(before, "platform/aws")
    put(new, "app", size=2)
    assert 0 == new.apply("app").code
    put(new, "db", port=3)

    done = new.apply("db")

    assert 1 == done.code
    assert f"this would take back what is applied of db (applied from {source[:12]}, " in done.err


def test_content_that_was_held_under_the_old_name_counts(before: Repo) -> None:
    """
    The other side renamed first and applied; this one had the same content, went on, and was renamed after that.
    """
    before.git("checkout", "-q", "-b", "theirs")
    there = moved(before, "platform/aws")
    put(there, "db", port=2)
    assert 0 == there.apply().code
    there.git("checkout", "-q", "main")
    here = on(before, "infra")
    put(here, "db", port=2)
    put(here, "db", port=3)
    here = moved(here, "platform/aws")

    assert "" == here.ok("plan").err
    assert 0 == here.apply().code


def test_blame_knows_what_was_staged_and_applied_under_the_old_name(before: Repo) -> None:
    """
    Of a value that was never edited since: the commits of then, before and after the state was moved.
    """
    first = before.ok("log", "--blame", "db", "--json").json()
    new = moved(before, "platform/aws")
    assert first == new.ok("log", "--blame", "db", "--json").json()
    put(new, "app", size=2)
    assert 0 == new.apply().code

    assert first == new.ok("log", "--blame", "db", "--json").json()
