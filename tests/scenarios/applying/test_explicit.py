"""What explicit actions store, and when the staged file is stored."""

from __future__ import annotations

import re

from tests.build import Repo, record
from tests.scenarios.applying.world import causes, failed, staged_as_applied


def test_an_explicit_action_stores_its_stamp_and_then_the_file(repo: Repo) -> None:
    """
    Alone: stamp and staged file move together, and nothing is left to do.
    """
    record(repo.define("a", inputs={"x": 1})).stage("-a", "restart", "a")
    assert {"a.restart": "explicit"} == causes(repo)

    repo.ok("apply", "--yes")

    assert ["a.restart"] == repo.log()
    state = repo.applied("a")
    assert ["inputs", "stamps"] == sorted(state)
    assert re.fullmatch(r"1-[0-9a-z]+", state["stamps"]["restart"])
    assert repo.read(".staged/a.yaml") == staged_as_applied(repo, "a")
    assert [] == repo.plan().ids


def test_the_file_is_stored_after_all_explicit_actions_only(repo: Repo) -> None:
    """
    restart went through and is not run again; test failed, so the file stays as it was applied.
    """
    record(repo.define("a")).stage("-a", "restart", "-a", "test", "a").fail("a.test")
    before = staged_as_applied(repo, "a")

    failed(repo.apply())
    assert ["restart"] == list(repo.applied("a")["stamps"])
    assert before == staged_as_applied(repo, "a")
    assert ["a.test"] == repo.plan().ids

    repo.fail().ok("apply", "--yes")
    assert ["restart", "test"] == sorted(repo.applied("a")["stamps"])
    assert repo.read(".staged/a.yaml") == staged_as_applied(repo, "a")


def test_an_explicit_action_that_failed_leaves_nothing_unfinished(repo: Repo) -> None:
    """
    Only run, update and remove do: its stamp is simply still above the applied one.
    """
    record(repo.define("a")).stage("-a", "restart", "a").fail("a.restart")

    failed(repo.apply())

    assert {"inputs": {}} == repo.applied("a")
    assert {"a.restart": "explicit"} == causes(repo)


def test_an_update_that_succeeds_is_stored_though_the_explicit_action_after_it_failed(repo: Repo) -> None:
    """
    The update stores file and inputs; only the restart is left.
    """
    record(repo.define("a", inputs={"x": 1}))
    repo.define("a", inputs={"x": 2}).stage().stage("-a", "restart", "a").fail("a.restart")

    failed(repo.apply())

    assert {"inputs": {"x": 2}} == repo.applied("a")
    assert ["a.restart"] == repo.plan().ids


def test_a_stamp_with_the_same_count_and_another_suffix_is_pending(repo: Repo) -> None:
    """
    Two branches staged a restart each, and one of them was applied: the other one's is still due. A lower one is not.
    """
    record(repo.define("a")).stage("-a", "restart", "a").ok("apply", "--yes", "--record-only")
    (stamp,) = repo.applied("a")["stamps"].values()
    text = repo.read(".staged/a.yaml")
    assert f"actions: {{restart: {stamp}}}" in text

    repo.write(".staged/a.yaml", text.replace(stamp, "1-other"))
    assert {"a.restart": "explicit"} == causes(repo)

    repo.write(".staged/a.yaml", text.replace(stamp, "2-other"))
    assert {"a.restart": "explicit"} == causes(repo)
    repo.commit()
    repo.ok("apply", "--yes")

    repo.write(".staged/a.yaml", text)
    assert {} == causes(repo)
