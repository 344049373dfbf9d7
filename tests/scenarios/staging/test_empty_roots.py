"""Nothing is removed by accident: roots that hold nothing are refused, unless that is meant."""

from __future__ import annotations

from typing import Sequence

import pytest

from tests.build import Repo


@pytest.mark.parametrize("how", ["a typo", "a folder that is gone"])
@pytest.mark.parametrize("names", [(), ("db",)], ids=["all", "one"])
def test_a_root_that_holds_nothing_removes_nothing(repo: Repo, how: str, names: tuple[str, ...]) -> None:
    """
    The error names what would go; --allow-empty means it.
    """
    repo.define("db").define("app").apply_all()
    if how == "a typo":
        repo.write("stagectl.yaml", "roots: [resorces]\n")
    else:
        repo.git("mv", "resources", "elsewhere")
    head = repo.git("rev-parse", "HEAD")

    refused = repo.run("stage", *names)

    assert (1, head) == (refused.code, repo.git("rev-parse", "HEAD"))
    assert "db would be removed: " in refused.err.replace("app, ", "")
    repo.ok("stage", *names, "--allow-empty")
    assert "db.remove" in repo.plan().ids


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone already"])
@pytest.mark.parametrize("words", [("remove", "db"), ("remove", "db", "--recursive"), ("remove", "db", "--detach")])
def test_removing_the_last_one_by_name_is_meant(repo: Repo, words: Sequence[str], gone: bool) -> None:
    """
    `remove` of the last definition needs no flag, also where its file was deleted before.
    """
    repo.define("db").apply_all()
    if gone:
        (repo.root / "resources/db.yaml").unlink()

    repo.ok(*words)

    assert ["db.remove"] == repo.plan().ids
