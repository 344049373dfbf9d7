"""Where the files are that a revert writes, and when it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo
from tests.scenarios.revert.world import oid, refused, staged

pytestmark = pytest.mark.once


def test_a_file_edited_in_place_goes_back(repo: Repo) -> None:
    """
    Front matter and comments are its own; edits to it that are not committed are refused.
    """
    text = "---\nkind: service   # ours\n---\ninputs: {a: 1}  # one\n"
    repo.write(".staged/web.yaml", text).stage().write(".staged/web.yaml", text.replace("a: 1", "a: 2")).stage()
    commit = oid(repo)
    repo.write(".staged/web.yaml", text.replace("a: 1", "a: 2").replace("one", "two"))
    assert refused(repo, commit) == (
        "error: not committed: .staged/web.yaml\nhint: commit it first, or drop it with git checkout\n"
    )
    repo.git("checkout", "-q", "--", ".")

    repo.ok("revert", commit)

    assert text == repo.read(".staged/web.yaml")
    assert not (repo.root / "resources").exists()


@pytest.mark.parametrize("edit", ["changed", "deleted", "reformatted"])
def test_a_definition_with_edits_that_are_not_staged_is_refused(shop: Repo, edit: str) -> None:
    """
    They would be lost, a deletion as well.
    """
    commit = staged(shop, "db", tags=["prod"], inputs={"port": 2})
    if edit == "deleted":
        shop.delete("db")
    else:
        old, new = ('"port": 2', '"port": 3') if edit == "changed" else ('"port"', '  "port"')
        shop.write("resources/db.yaml", shop.read("resources/db.yaml").replace(old, new))

    assert refused(shop, commit) == (
        "error: the definition of db has edits that are not staged\n"
        "hint: stage them, or drop them: stagectl discard db\n"
    )


def test_a_hook_that_refuses_leaves_everything_as_it_was(shop: Repo) -> None:
    """
    What was created, changed and removed again is there as before, and the index, too.
    """
    shop.define("db", tags=["prod"], inputs={"port": 2}).define("new", inputs={}).delete("app").stage()
    hook = shop.top / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no luck\nexit 1\n")
    hook.chmod(0o755)

    assert "error: git commit refused: no luck\nhint: nothing was staged; mend that and stage again\n" == refused(
        shop, "HEAD"
    )


def test_children_follow_by_the_ordinary_rules(shop: Repo) -> None:
    """
    The plan after a revert has the child because its value changes, not because the child was reverted.
    """
    commit = staged(shop, "db", tags=["prod"], inputs={"port": 2})
    shop.ok("apply", "--yes")

    shop.ok("revert", commit)

    plan = shop.plan()
    assert [("db.update", "staged"), ("app.update", "child")] == [(change, plan.cause(change)) for change in plan.ids]
    assert ["db"] == [name for name in ("db", "app") if f"{name}.update" in shop.git("log", "-1", "--format=%B")]


def test_the_users_own_work_is_left_alone(shop: Repo, tmp_path: Path) -> None:
    """
    With a dirty working tree and index, from a subfolder, on a detached head.
    """
    commit = staged(shop, "db", tags=["prod"], inputs={"port": 2})
    shop.write("notes.txt", "mine").write("sub/more.txt", "mine").git("add", "notes.txt")
    shop.git("checkout", "-q", "--detach")
    before = shop.git("status", "--porcelain")

    shop.ok("revert", commit, cwd=shop.root / "sub")

    assert before == shop.git("status", "--porcelain")
    assert [".staged/db.yaml", "resources/db.yaml"] == shop.git("show", "--format=", "--name-only").split()
    assert commit == oid(shop, "main")


def test_tags_that_the_config_gives_stay_out_of_the_definition(repo: Repo) -> None:
    """
    A definition that comes back says what it said.
    """
    repo.write("stagectl.yaml", "tags:\n  prod/**: [prod]\n").define(
        "prod/db", tags=["own"], inputs={"a": 1}
    ).apply_all()
    before = repo.read("resources/prod/db.yaml")
    repo.ok("remove", "prod/db")

    repo.ok("revert", "HEAD")

    assert 'tags: ["own"]' in before
    assert "tags: [own]" in repo.read("resources/prod/db.yaml")
    assert "tags: [own, prod]" in repo.read(".staged/prod/db.yaml")
    assert [] == repo.plan().ids
