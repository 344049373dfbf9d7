"""A claim on a name that is defined again, and not staged, is refused by every verb that stages."""

from __future__ import annotations

import pytest

from tests.build import Repo

REFUSED = "'moved_from: old' cannot be followed: old is still there (resources/old.yaml); delete it, or drop the claim"


@pytest.fixture
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
