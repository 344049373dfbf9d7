"""The plan under the locks: made again only where something moved; files that act are looked at all the same."""

from __future__ import annotations

from typing import Any, Callable, List

import pytest

from stagectl.usecases.applying import agreeing, apply
from tests.build import Repo


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> List[str]:
    """One entry per plan that was made."""
    found: List[str] = []
    real = apply._plan

    def counted(*words: Any) -> Any:
        found.append("plan")
        return real(*words)

    monkeypatch.setattr(apply, "_plan", counted)
    return found


def between(monkeypatch: pytest.MonkeyPatch, does: Callable[[], Any]) -> None:
    """Do something once, after the plan was agreed to and before the locks are taken."""
    real, left = agreeing.only_one, [does]

    def late(*words: Any, **more: Any) -> Any:
        while left:
            left.pop()()
        return real(*words, **more)

    monkeypatch.setattr(agreeing, "only_one", late)


def test_a_plan_is_made_once_where_nothing_moved(repo: Repo, made: List[str]) -> None:
    """
    The locks change nothing that decides it.
    """
    repo.define("a").stage()

    assert 0 == repo.apply().code
    assert (made, repo.log()) == (["plan"], ["a.run"])


@pytest.mark.parametrize("what", ["commit", "applied", "config"])
def test_it_is_made_again_where_something_moved(
    repo: Repo, made: List[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """
    A commit, an apply of another one, an edit of the config.
    """
    repo.define("a").define("b", tags=["other"]).stage()
    others = {
        "commit": lambda: repo.define("c", tags=["mine"]).stage(),
        "applied": lambda: repo.begin("apply", "--yes", "-t", "other").communicate(),
        "config": lambda: repo.write("stagectl.yaml", "parallelism: 2\n"),
    }
    between(monkeypatch, others[what])

    done = repo.apply()

    more = 1 + (what == "commit")  # once more, for it became a larger one
    assert (done.code, len(made)) == (0, 1 + more), done.err
    assert sorted(repo.log()) == (["a.run", "b.run", "c.run"] if what == "commit" else ["a.run", "b.run"])


def test_a_script_that_is_edited_before_the_locks_does_not_run(
    repo: Repo, made: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The plan is the same, and the file that acts is not as the commit has it.
    """
    repo.kind("own", actions=()).write("kinds/own.yaml", '{"actions": {"run": ["sh", "bin/go"]}}')
    repo.write("bin/go", "echo it ran >> actions.log\n").define("a", "own").commit()
    repo.stage()
    between(monkeypatch, lambda: repo.write("bin/go", "echo another >> actions.log\n"))

    done = repo.apply()

    assert (done.code, made, repo.log()) == (1, ["plan"], [])
    assert done.err.startswith("error: bin/go: what actions run or read is not as the commit ")
