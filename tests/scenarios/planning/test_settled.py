"""What is settled by the applied state, and how kinds that change are seen all the same."""

from __future__ import annotations

import pytest

from tests.build import Repo


@pytest.fixture
def moved(repo: Repo) -> Repo:
    """Two resources, of which one has another name now than it was applied under first."""
    repo.define("old", inputs={"port": 1}).define("app", tags=["prod"], inputs={"port": "${old.port}"}).apply_all()
    repo.ok("move", "old", "new")
    repo.ok("apply", "--yes")
    return repo


def open_files(repo: Repo) -> list[str]:
    listed = repo.git("ls-tree", "-r", "--name-only", "stagectl/applied", ".applied-index").split()
    return [path for path in listed if path.startswith(".applied-index/.o") and not path.endswith("/.of")]


def test_a_move_that_was_applied_leaves_nothing_open(moved: Repo) -> None:
    """
    Its claim is spent, though it stays in the file: no plan has to look at it.
    """
    assert [] == open_files(moved)


@pytest.mark.parametrize("words", (["old"], ["-t", "prod"], ["app", "old"], ["old+"]))
def test_selections_know_the_old_name_of_what_is_settled(moved: Repo, words: list[str]) -> None:
    """
    Without reading everything; `Repo.run` compares with what reading everything gives.
    """
    moved.ok("update", "new", "--set", "port=2")

    done = moved.run("plan", *words, env={"STAGECTL_TRACE": "1"})

    assert done.code == 0, done
    assert "reads everything" not in done.err


def test_a_kind_that_comes_to_report_what_is_an_input_is_refused(repo: Repo) -> None:
    """
    Also where the only resource that has such an input is settled, and nothing else was edited.
    """
    repo.define("db", inputs={"port": 1}).apply_all()
    repo.run("status")
    repo.kind("service", outputs={"type": "object", "properties": {"port": {"type": "integer"}}}).commit()

    done = repo.run("plan")

    assert done.code == 1
    assert "port" in done.err
