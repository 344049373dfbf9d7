"""`revert` takes a staging commit back, value by value."""

from __future__ import annotations

import pytest

from tests.build import SAID, WHERE, Repo
from tests.scenarios.revert.world import oid, refused, staged

pytestmark = pytest.mark.once


WEB = """\
---
kind: service
tags: [prod]
---
# comments live on
inputs:
  port: 443     # the port
  urls: [a,   b]
"""

INTO = "Nothing to revert. That is as it was before.\n"


def test_an_update_is_taken_back_byte_for_byte(repo: Repo) -> None:
    """
    Comments and formatting of a file that did not go on are what they were; one commit, which names what it reverts.
    """
    repo.write("resources/web.yaml", WEB).apply_all()
    repo.write("resources/web.yaml", "---\nkind: service\ntags: [prod]\n---\ninputs: {port: 444}\n").stage()
    commit = oid(repo)

    done = repo.ok("revert", commit)

    assert (
        f"= web  (staged without a change)\nStaged 1 file in commit {oid(repo)[:12]}. Next: stagectl plan\n" == done.out
    )
    assert WEB == repo.read("resources/web.yaml")
    assert [] == repo.plan().ids
    assert (
        f"revert: web{WHERE}\n\n{SAID}Restaged: web\nReverts: {commit}" == repo.git("log", "-1", "--format=%B").strip()
    )


def test_a_change_of_comments_alone_is_taken_back(repo: Repo) -> None:
    """
    The inverse of a commit that only moved text is that text.
    """
    repo.write("resources/web.yaml", WEB).apply_all()
    repo.write("resources/web.yaml", WEB.replace("the port", "a port")).stage()

    repo.ok("revert", "HEAD")

    assert WEB == repo.read("resources/web.yaml")


def test_comments_written_since_stay(repo: Repo) -> None:
    """
    A file that says the same in other words went on: only the value goes back.
    """
    repo.write("resources/web.yaml", WEB).apply_all()
    repo.write("resources/web.yaml", WEB.replace("443", "444")).stage()
    commit = oid(repo)
    repo.write("resources/web.yaml", WEB.replace("443", "444").replace("the port", "our port")).stage()

    repo.ok("revert", commit)

    assert WEB.replace("the port", "our port") == repo.read("resources/web.yaml")


def test_a_creation_goes_again(shop: Repo) -> None:
    """
    One that was not applied leaves nothing to do; one that was is removed; a revert of the revert brings it back.
    """
    commit = staged(shop, "new", inputs={"a": 1})
    shop.ok("revert", commit)
    assert ([], False) == (shop.plan().ids, (shop.root / "resources/new.yaml").exists())
    shop.ok("revert", "HEAD")
    assert ["new.run"] == shop.plan().ids
    shop.ok("apply", "--yes")

    shop.ok("revert", commit)

    assert ["new.remove"] == shop.plan().ids


def test_a_creation_that_is_read_stays(repo: Repo) -> None:
    """
    The refusal names the reader's place; once both are live, the ways out.
    """
    commit = staged(repo, "db", inputs={"port": 1})
    repo.define("app", inputs={"p": "${db.port}"}).stage()

    assert refused(repo, commit) == ".staged/app.yaml:8:8: ${db.port}: there is no resource 'db'\n"
    repo.ok("apply", "--yes")
    assert refused(repo, commit) == (
        "error: db cannot be removed: app still reads it\n"
        "hint: either remove them too (stagectl remove db --recursive), "
        "or write the last applied values into them (stagectl remove db --detach)\n"
    )


def test_a_removal_comes_back_with_its_connections(shop: Repo) -> None:
    """
    Taken back before it was applied it leaves nothing to do, and children are untouched; after, it runs again.
    """
    shop.ok("remove", "app")
    commit = oid(shop)
    shop.ok("revert", commit)
    assert [] == shop.plan().ids
    shop.ok("revert", "HEAD")
    shop.ok("apply", "--yes")

    shop.ok("revert", commit)

    plan = shop.plan()
    assert ["app.run"] == plan.ids
    assert [{"path": "p", "op": "add", "before": None, "after": 1}] == plan.change("app.run")["diff"]


def test_a_removal_brings_its_pending_actions_back(shop: Repo) -> None:
    """
    The removal ended them, so its inverse does not; what had run does not run again.
    """
    shop.stage("app", "-a", "restart").ok("apply", "--yes")
    shop.stage("app", "-a", "test").ok("remove", "app")

    shop.ok("revert", "HEAD")

    assert ["app.test"] == shop.plan().ids


def test_tags_are_taken_back_one_by_one(shop: Repo) -> None:
    """
    A tag added since stays, in the staged file and in the definition.
    """
    shop.ok("update", "db", "--tag", "canary", "--untag", "prod")
    commit = oid(shop)
    shop.ok("update", "db", "--tag", "gold")

    shop.ok("revert", commit)

    assert "tags: [gold, prod]" in shop.read("resources/db.yaml")
    assert "tags: [gold, prod]" in shop.read(".staged/db.yaml")


def test_a_changed_kind_goes_back(shop: Repo) -> None:
    """
    Before the replace was applied there is nothing to do, after it another one.
    """
    commit = staged(shop, "app", kind="plain", inputs={"p": "${db.port}"})
    shop.ok("revert", commit)
    assert [] == shop.plan().ids
    shop.ok("revert", "HEAD")
    shop.ok("apply", "--yes")

    shop.ok("revert", commit)

    assert ["app.remove", "app.run"] == shop.plan().ids


@pytest.mark.parametrize("is_applied", [False, True])
def test_a_move_goes_back(shop: Repo, is_applied: bool) -> None:
    """
    Nothing is removed or run for it, the readers read the old name again, and back and forth ends where it began.
    """
    shop.ok("move", "db", "base")
    commit = oid(shop)
    if is_applied:
        shop.ok("apply", "--yes")

    shop.ok("revert", commit)

    assert "${db.port}" in shop.read("resources/app.yaml")
    assert not (shop.root / ".staged/base.yaml").exists()
    assert [] == shop.plan().ids
    shop.ok("apply", "--yes")
    assert (None, 1) == (shop.applied("base"), shop.applied("db")["inputs"]["port"])
    shop.ok("revert", "HEAD")
    assert [] == shop.plan().ids
    shop.ok("apply", "--yes")
    assert (None, 1) == (shop.applied("db"), shop.applied("base")["inputs"]["port"])


def test_a_detach_is_connected_again(shop: Repo) -> None:
    """
    The parent comes back, and the child reads it.
    """
    shop.ok("remove", "db", "--detach")
    assert "${db.port}" not in shop.read("resources/app.yaml")

    shop.ok("revert", "HEAD")

    assert "${db.port}" in shop.read("resources/app.yaml")
    assert [] == shop.plan().ids


def test_an_action_staged_by_name_is_taken_back_until_it_ran(shop: Repo) -> None:
    """
    Pending it goes; done it is reported that it has no inverse, once, and nothing is committed.
    """
    shop.stage("db", "-a", "restart").ok("revert", "HEAD")
    assert [] == shop.plan().ids
    shop.stage("db", "-a", "restart")
    commit = oid(shop)
    shop.ok("apply", "--yes")

    for revision in (commit, "stagectl/applied"):
        done = shop.run("revert", revision)
        assert (0, INTO) == (done.code, done.out)
    assert f"warning: db.restart ran in {oid(shop, 'stagectl/applied')[:12]}; it has no inverse\n" == done.err
    assert (
        f"warning: db.restart, staged in {commit[:12]}, ran already; it has no inverse\n"
        == shop.run("revert", commit).err
    )
    assert commit == oid(shop)


def test_an_action_staged_again_is_not_the_one_taken_back(shop: Repo) -> None:
    """
    A revert of an old restart leaves the restart that an author staged since, and the other actions.
    """
    shop.stage("db", "-a", "restart")
    commit = oid(shop)
    shop.ok("revert", commit)
    shop.stage("db", "-a", "test", "-a", "restart")

    assert INTO == shop.ok("revert", commit).out
    assert ["db.test", "db.restart"] == shop.plan().ids
