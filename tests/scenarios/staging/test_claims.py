"""A claim on a name that is defined again, and not staged, is refused by every verb that stages."""

from __future__ import annotations

from typing import List

import pytest

from tests.build import Repo, made_once

REFUSED = "'moved_from: old' cannot be followed: old is still there (resources/old.yaml); delete it, or drop the claim"


@pytest.fixture
@made_once
def moved(repo: Repo) -> Repo:
    """A move that is staged and not applied, and a definition that has the old name."""
    repo.define("old", inputs={"v": 1}).define("other", inputs={"v": 1})
    repo.apply_all().ok("move", "old", "new")
    return repo.define("old", inputs={"v": 2})


@pytest.mark.parametrize(
    "line",
    [
        "stage",
        "stage new",
        "stage other -a update",
        "update other --set v=2",
        "update new --set v=2",
        "create more --kind service",
        "remove other",
        "move other another",
        "validate",
    ],
)
def test_every_verb_that_stages_refuses_it(moved: Repo, line: str) -> None:
    """
    With the place of the claim and what to do; nothing is written.
    """
    before = moved.git("status", "--porcelain")

    done = moved.run(*line.split())

    assert 1 == done.code
    assert REFUSED in done.err + done.out
    assert before == moved.git("status", "--porcelain")


def test_what_the_error_advises_helps(moved: Repo) -> None:
    """
    Without the definition all goes on; a template of the old name is no resource, and in no one's way.
    """
    path = moved.root / "resources/old.yaml"
    path.write_text("---\nkind: service\ntemplate: true\n---\ninputs: {v: 1}\n")
    moved.ok("update", "other", "--set", "v=2")
    path.unlink()
    moved.ok("update", "other", "--set", "v=3")

    assert ["other.update"] == moved.plan().ids


@pytest.mark.parametrize(("way", "left"), [("run", ["x.run"]), ("replace", ["x.remove", "x.run"])])
def test_a_run_that_failed_claims_no_more_what_another_has(repo: Repo, way: str, left: List[str]) -> None:
    """
    A new environment's files have old claims on names that others have by now: what was half made there is run again.
    """
    repo.write("resources/x.yaml", "---\nkind: service\nmoved_from: c\n---\ninputs: {v: 1}\n")
    repo.define("c", inputs={"v": 1}).stage()
    if way == "replace":
        repo.ok("apply", "--yes")
        repo.ok("stage", "x", "-a", "replace")
    repo.fail("x.run")
    repo.run("apply", "--yes")
    assert (left, []) == (repo.plan().ids, repo.plan().raw["moved"])
    repo.fail()
    repo.ok("remove", "c")
    assert ["c.remove", *left] == sorted(repo.plan().ids)

    repo.ok("apply", "--yes")

    assert [] == repo.plan().ids
    repo.ok("verify")


def test_what_loses_its_claim_before_it_was_followed_is_said_to_be_removed(repo: Repo) -> None:
    """
    By a file of its new name that claims nothing, as a `mv` of another one over it leaves.
    """
    repo.define("old", inputs={"v": 1}).define("other", inputs={"v": 1}).apply_all().ok("move", "old", "new")
    repo.define("new", inputs={"v": 2})

    done = repo.ok("stage")

    assert "+ new.run\n- old.remove\n" == done.out[: done.out.index("Staged")]
    assert {"new.run", "old.remove"} == set(repo.plan().ids)
