"""The verbs that edit work in any layout of a repository, and during a merge say what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.build import FOLDER, Repo


def test_a_sparse_checkout_is_read_from_the_index(shop: Repo) -> None:
    """
    What is not checked out is not gone.
    """
    shop.git("sparse-checkout", "set", "resources", "kinds")

    assert not (shop.root / ".staged").exists()
    assert "No changes" in shop.ok("plan").out
    shop.define("db", tags=["prod"], inputs={"port": 1}).stage()
    assert ["db.update", "app.update"] == shop.plan().ids


def test_during_a_merge_it_says_what_to_do(shop: Repo) -> None:
    """
    Git commits no single files in a merge.
    """
    shop.git("checkout", "-q", "-b", "other")
    shop.write("f", "1").commit()
    shop.git("checkout", "-q", "main")
    shop.write("f", "2").commit()
    shop.git("merge", "other", check=False)
    shop.define("db", tags=["prod"], inputs={"port": 1})

    assert shop.run("stage", "db").err == (
        "error: a merge is going on here, in which git commits no single files\n"
        "hint: finish it (git merge --continue) or give it up (git merge --abort), then stage again\n"
    )


@pytest.mark.parametrize("layout", ["sha256", "index-v4", "worktree"])
def test_it_works_in_any_layout_of_a_repository(tmp_path: Path, repo: Repo, layout: str) -> None:
    """
    Object format, index version and linked worktrees make no difference.
    """
    if layout == "sha256":
        repo.git("init", "-q", "--object-format=sha256", "-b", "main", str(tmp_path / "other"))
        repo.root = _copy_kinds(repo, tmp_path / "other")
    elif layout == "index-v4":
        repo.git("update-index", "--index-version", "4")
    else:
        repo.git("worktree", "add", "-q", "-b", "feature", str(tmp_path / "linked"))
        repo.root = tmp_path / "linked" / FOLDER
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).apply_all()

    repo.ok("update", "db", "--set", "port=2")

    assert ["db.update", "app.update"] == repo.plan().ids
    assert repo.apply().code == 0
    assert "missing" not in repo.git("fsck")


def _copy_kinds(repo: Repo, root: Path) -> Path:
    shutil.copytree(repo.root, root / FOLDER, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    other = Repo(root, init=False)
    other.git("config", "user.name", "Ada")
    other.git("config", "user.email", "ada@example.com")
    return other.root
