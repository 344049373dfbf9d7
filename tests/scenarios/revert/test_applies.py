"""`revert` takes applies and ranges of commits back."""

from __future__ import annotations

import pytest

from tests.build import Repo
from tests.scenarios.revert.world import oid, refused, staged

pytestmark = pytest.mark.once


SEE = "hint: see what can be reverted: stagectl log\n"


def test_an_apply_is_taken_back(shop: Repo) -> None:
    """
    Of a partial one only what it applied; what was staged and not applied stays.
    """
    shop.define("db", tags=["prod"], inputs={"port": 2}).define("new", inputs={}).stage().ok("apply", "--yes", "db")

    shop.ok("revert", "stagectl/applied")

    plan = shop.plan()
    assert ["db.update", "app.update", "new.run"] == plan.ids
    assert [{"path": "port", "op": "replace", "before": 2, "after": 1}] == plan.change("db.update")["diff"]


@pytest.mark.parametrize("option", ["--yes", "--record-only"])
def test_a_first_apply_is_taken_back(repo: Repo, option: str) -> None:
    """
    Everything goes, whether it ran or was only recorded.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}).stage().ok("apply", "--yes", option)

    done = repo.ok("revert", "stagectl/applied")

    assert "" == done.err
    assert ["app.remove", "db.remove"] == repo.plan().ids


def test_of_an_apply_with_failures_what_succeeded_goes_back(shop: Repo) -> None:
    """
    What failed was not applied, so its staged value stays, unfinished, and the output says so; not where it goes, too.
    """
    shop.define("db", tags=["prod"], inputs={"port": 2}).define("app", inputs={"p": "${db.port}", "q": 1})
    shop.stage().fail("app.update").apply()

    staged, applied = shop.git("rev-parse", "HEAD").strip(), shop.git("rev-parse", "stagectl/applied").strip()

    said = shop.ok("revert", "stagectl/applied").err

    assert said == (
        f"warning: app.update ended ERROR in {applied[:12]}, so it stays staged; "
        "to take that back, too: stagectl discard app\n"
    )
    assert 1 == shop.plan().change("db.update")["diff"][0]["after"]
    assert '"q": 1' in shop.read("resources/app.yaml")
    assert ["db.update", "app.update"] == shop.plan().ids
    shop.git("reset", "-q", "--hard", staged)
    assert "" == shop.ok("revert", "stagectl/applied", staged).err


def test_several_commits_go_back_the_newest_first(shop: Repo) -> None:
    """
    In whatever order they are given; a value that two of them set is what it was before both.
    """
    commits = [staged(shop, "db", tags=["prod"], inputs={"port": port}) for port in (2, 3)]

    shop.ok("revert", *commits)

    assert [] == shop.plan().ids
    assert [f"Reverts: {commit}" for commit in reversed(commits)] == [
        line for line in shop.git("log", "-1", "--format=%B").splitlines() if line.startswith("Reverts")
    ]


def test_a_range_goes_back(shop: Repo) -> None:
    """
    A creation, its action and its removal cancel out; commits that staged nothing are passed over.
    """
    start = oid(shop)
    staged(shop, "new", inputs={"a": 1})
    shop.stage("new", "-a", "test").commit("nothing of ours")
    shop.ok("remove", "new")
    shop.ok("revert", "HEAD")
    staged(shop, "db", tags=["prod"], inputs={"port": 7})

    shop.ok("revert", f"{start}..HEAD")

    assert [] == shop.plan().ids
    assert shop.git("rev-parse", f"{start}:.staged") == shop.git("rev-parse", "HEAD:.staged")
    assert shop.git("rev-parse", f"{start}:resources") == shop.git("rev-parse", "HEAD:resources")


def test_a_range_of_applies_is_what_they_applied(shop: Repo) -> None:
    """
    What their source commits staged and they did not apply stays.
    """
    shop.define("db", tags=["prod"], inputs={"port": 2}).define("new", inputs={}).stage().ok("apply", "--yes", "db")

    shop.ok("revert", "stagectl/applied~1..stagectl/applied")

    assert "new.run" in shop.plan().ids


def test_a_merge_says_how_what_it_merged_is_reverted(shop: Repo) -> None:
    """
    And that way works.
    """
    shop.git("checkout", "-q", "-b", "topic")
    staged(shop, "db", tags=["prod"], inputs={"port": 9})
    shop.git("checkout", "-q", "main")
    shop.git("merge", "-q", "--no-ff", "topic", "-m", "merge topic")
    merge = oid(shop)

    assert refused(shop, "HEAD") == (
        f"error: {merge[:12]} staged nothing and applied nothing\n"
        f"hint: it is a merge; to revert what it merged: stagectl revert {merge[:12]}^1..{merge[:12]}\n"
    )
    shop.ok("revert", f"{merge}^1..{merge}")
    assert [] == shop.plan().ids


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("plain", f"error: {{plain}} staged nothing and applied nothing\n{SEE}"),
        ("plain~1..plain", f"error: nothing was staged or applied in plain~1..plain\n{SEE}"),
        ("nope", "error: there is no commit 'nope'\nhint: see the commits with: stagectl log\n"),
        ("nope..HEAD", "error: there is no commit 'nope'\nhint: see the commits with: stagectl log\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_reverted_is_reported(repo: Repo, revision: str, message: str) -> None:
    """
    A commit that staged nothing, an empty range, no commit at all.
    """
    repo.git("tag", "plain", repo.commit("nothing of ours"))
    repo.git("commit", "-q", "--allow-empty", "-m", "more")

    assert message.replace("{plain}", oid(repo, "plain")[:12]) == refused(repo, revision)
