"""`unstage` and `discard` take back what was staged."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from tests.build import APPLIED, Repo


def test_unstage_puts_the_staged_file_back_and_keeps_the_definition(shop: Repo) -> None:
    """
    An edit, a creation, a removal and an explicit action: none is planned any more, all definitions stay.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1}).define("new").stage().stage("-a", "restart", "db", "new")
    shop.delete("app").stage()

    shop.ok("unstage", "--all")

    assert shop.plan().ids == []
    assert "D  app\nD  db\nD  new\n" == shop.ok("status", "-s").out


def test_discard_gives_the_definitions_back_too(shop: Repo) -> None:
    """
    After it nothing differs, and the applied text is there byte for byte.
    """
    before = shop.read("resources/app.yaml")
    shop.define("db", tags=["prod"], inputs={"port": 1}).delete("app").define("new").stage()

    shop.ok("discard", "--all")

    assert shop.ok("status", "-s").out == ""
    assert not (shop.root / "resources/new.yaml").exists()
    assert before.splitlines()[4:] == shop.read("resources/app.yaml").splitlines()[4:]


def test_discard_of_one_thing_leaves_the_others(shop: Repo) -> None:
    """
    And without a word of what, it discards nothing at all.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1}).define("new").stage()

    assert shop.run("discard").code == 64
    shop.ok("discard", "db")

    assert ["new.run"] == shop.plan().ids


@pytest.mark.parametrize("hook", [False, True])
def test_what_leaves_nothing_in_the_commit_is_taken_back_too(tmp_path: Path, hook: bool) -> None:
    """
    An author tries out the first resource before anything else is committed; with a hook git makes the commit, without
    one its parts do.
    """
    repo = Repo(tmp_path, init=False, folder="").begin_with_git()
    if hook:
        repo.write(".git/hooks/post-commit", "#!/bin/sh\n")
        (tmp_path / ".git/hooks/post-commit").chmod(0o755)
    repo.kind("plain", actions=()).ok("create", "db", "--kind", "plain")

    done = repo.ok("discard", "--all")

    assert done.out.startswith("= db  (no longer staged)\nStaged 1 file in commit ")
    assert ("", "?? kinds/\n") == (repo.git("ls-tree", "-r", "HEAD"), repo.git("status", "--porcelain"))
    assert 1 == repo.run("discard", "db").code


def test_discard_refuses_to_lose_text_that_no_commit_has(shop: Repo) -> None:
    """
    --force drops it.
    """
    shop.define("db", tags=["prod"], inputs={"port": 1})

    done = shop.run("discard", "db")

    assert (
        "error: not committed, so discarding would lose it: resources/db.yaml\n"
        "hint: commit it first, or drop it with --force\n" == done.err
    )
    head = shop.git("rev-parse", "HEAD")
    assert "As committed again: resources/db.yaml\n" == shop.ok("discard", "db", "--force").out
    assert '"port": 5432' in shop.read("resources/db.yaml")
    assert (head, "") == (shop.git("rev-parse", "HEAD"), shop.git("status", "--porcelain"))


def test_a_file_staged_in_place_is_not_lost_either(repo: Repo) -> None:
    """
    Nothing else has what it says: `unstage` and `discard` refuse, and --force drops it.
    """
    text = "---\nkind: service\n---\ninputs: {v: 1}\n"
    repo.write(".staged/db.yaml", text).apply_all()
    repo.write(".staged/db.yaml", text + "# mine\n")

    lost = "would lose it: .staged/db.yaml\nhint: commit it first, or drop it with"
    for words, said in (
        (("unstage", "db"), f"error: not committed, so unstaging {lost}: stagectl discard NAME --force\n"),
        (("discard", "db"), f"error: not committed, so discarding {lost} --force\n"),
    ):
        assert said == repo.run(*words).err
    assert text + "# mine\n" == repo.read(".staged/db.yaml")
    assert "As committed again: .staged/db.yaml\n" == repo.ok("discard", "db", "--force").out


def test_a_value_set_back_to_what_is_committed_makes_no_commit(shop: Repo) -> None:
    """
    Only an edit that was not committed is gone; no hook is blamed for it.
    """
    before = shop.read("resources/db.yaml")
    shop.write("resources/db.yaml", before.replace("5432", "1"))

    done = shop.ok("update", "db", "--set", "port=5432")

    assert ("As committed again: resources/db.yaml\n", before) == (done.out, shop.read("resources/db.yaml"))
    assert "" == shop.git("status", "--porcelain")


def test_discard_drops_a_debt_by_an_applied_commit_of_its_own(repo: Repo) -> None:
    """
    A restart that failed comes back until it is discarded.
    """
    repo.define("db", inputs={"port": 1}).define("web", react_on={"restart": ["db.update"]}).apply_all()
    repo.define("db", inputs={"port": 2}).stage().fail("web.restart").apply()
    assert ["web.restart"] == repo.plan().ids

    done = repo.ok("discard", "web")

    assert done.out.splitlines()[0] == "Dropped, no longer owed: web.restart"
    assert repo.plan().ids == []
    assert "Discarded: web.restart" in repo.git("log", "-1", "--format=%B", "stagectl/applied")


@pytest.fixture
def busy(repo: Repo) -> Repo:
    """With the tag prod an edit, a creation, a removal, an explicit action and a debt; without it another edit."""
    for name in ("db", "old", "app"):
        repo.define(name, tags=["prod"], inputs={"v": 1})
    repo.define("debtor", tags=["prod"], react_on={"restart": ["db.update"]}).define("other", inputs={"v": 1})
    repo.apply_all().define("db", tags=["prod"], inputs={"v": 2}).stage().fail("debtor.restart").apply()
    repo.define("db", tags=["prod"], inputs={"v": 3}).define("new", tags=["prod"]).delete("old")
    return repo.define("other", inputs={"v": 2}).stage().stage("app", "-a", "restart")


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (["db", "new", "old", "app", "debtor"], ["other.update"]),
        (["-t", "prod"], ["other.update"]),
        (["o*"], ["app.restart", "db.update", "debtor.restart", "new.run"]),
        (["app", "db", "-t", "prod"], ["debtor.restart", "new.run", "old.remove", "other.update"]),
        (["--all"], []),
    ],
)
def test_what_is_taken_back_goes_by_name_by_tag_or_all(busy: Repo, what: List[str], left: List[str]) -> None:
    """
    Whatever it is; a removed resource has the tags it was applied with. Only `discard` drops debts and definitions.
    """
    assert ["app.restart", "db.update", "debtor.restart", "new.run", "old.remove", "other.update"] == sorted(
        busy.plan().ids
    )
    before = busy.git("rev-parse", "HEAD").strip()

    busy.ok("unstage", *what)
    debt = [] if "debtor.restart" in left else ["debtor.restart"]
    assert sorted([*left, *debt]) == sorted(busy.plan().ids)
    assert (busy.root / "resources/new.yaml").exists() and not (busy.root / "resources/old.yaml").exists()

    busy.git("reset", "-q", "--hard", before)
    busy.ok("discard", *what)
    assert left == sorted(busy.plan().ids)
    assert ("new.run" in left, "old.remove" not in left) == tuple(
        (busy.root / f"resources/{name}.yaml").exists() for name in ("new", "old")
    )


def test_nothing_to_take_back_is_reported(repo: Repo) -> None:
    """
    discard and unstage do not speak of staging.
    """
    repo.define("db").apply_all()

    for verb in ("discard", "unstage"):
        assert "Nothing to take back. That is as it was applied.\n" == repo.ok(verb, "db").out


def test_discard_does_not_take_what_is_live_elsewhere_for_a_creation(repo: Repo, tmp_path: Path) -> None:
    """
    A clone that did not fetch the applied branch knows nothing of it, and asks before it throws definitions away.
    """
    repo.define("db").apply_all()
    repo.git("clone", "-q", "--single-branch", repo.top.as_uri(), str(tmp_path / "ci"))
    other = Repo(tmp_path / "ci", init=False)
    other.git("config", "user.name", "Ada")
    other.git("config", "user.email", "ada@example.com")

    for verb in ("discard", "unstage"):
        refused = other.run(verb, "db")
        assert 1 == refused.code
        assert (
            f"error: origin has the branch {APPLIED}, and this clone has not: everything would be run again\n"
            f"hint: fetch it: git fetch origin {APPLIED}:refs/remotes/origin/{APPLIED}\n"
        ) == refused.err
