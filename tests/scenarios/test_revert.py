"""`revert`: staging commits and applies taken back, value by value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from tests.build import Repo

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
SEE = "hint: see what can be reverted: stagectl log\n"
INTO = "Nothing to revert. That is as it was before.\n"


def oid(repo: Repo, revision: str = "HEAD") -> str:
    return repo.git("rev-parse", "--verify", revision).strip()


def staged(repo: Repo, name: str, *arguments: str, **body: Any) -> str:
    """Define a resource anew and stage it; returns the commit."""
    repo.define(name, **body).stage(name, *arguments)
    return oid(repo)


def state(repo: Repo) -> List[str]:
    """Everything a refused command must leave alone."""
    files = [
        repo.read(path) for path in repo.git("ls-files", ".staged", "resources").split() if (repo.root / path).exists()
    ]
    return [oid(repo), repo.git("status", "--porcelain"), *files]


def refused(repo: Repo, *commits: str) -> str:
    """Revert what cannot be reverted; returns what is said, after checking that nothing changed."""
    before = state(repo)
    done = repo.run("revert", *commits)
    assert (1, "") == (done.code, done.out)
    assert before == state(repo)
    return done.err


@pytest.fixture
def shop(repo: Repo) -> Repo:
    """db, and app which reads it, applied."""
    repo.define("db", tags=["prod"], inputs={"port": 1}).define("app", inputs={"p": "${db.port}"})
    return repo.apply_all()


# --- what a staging commit did


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
    assert f"revert: web\n\nRestaged: web\nReverts: {commit}" == repo.git("log", "-1", "--format=%B").strip()


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
    Pending it goes; done it is told that it has no inverse, once, and nothing is committed.
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
    A revert of an old restart leaves the restart that somebody staged since, and the other actions.
    """
    shop.stage("db", "-a", "restart")
    commit = oid(shop)
    shop.ok("revert", commit)
    shop.stage("db", "-a", "test", "-a", "restart")

    assert INTO == shop.ok("revert", commit).out
    assert ["db.test", "db.restart"] == shop.plan().ids


# --- what an apply did


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
    What failed was not applied, so its staged value stays, unfinished.
    """
    shop.define("db", tags=["prod"], inputs={"port": 2}).define("app", inputs={"p": "${db.port}", "q": 1})
    shop.stage().fail("app.update").apply()

    shop.ok("revert", "stagectl/applied")

    assert 1 == shop.plan().change("db.update")["diff"][0]["after"]
    assert '"q": 1' in shop.read("resources/app.yaml")
    assert ["db.update", "app.update"] == shop.plan().ids


# --- several


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
def test_what_cannot_be_reverted_is_told(repo: Repo, revision: str, message: str) -> None:
    """
    A commit that staged nothing, an empty range, no commit at all.
    """
    repo.git("tag", "plain", repo.commit("nothing of ours"))
    repo.git("commit", "-q", "--allow-empty", "-m", "more")

    assert message.replace("{plain}", oid(repo, "plain")[:12]) == refused(repo, revision)


# --- what went on since


def test_every_conflict_is_told_and_nothing_is_done(repo: Repo) -> None:
    """
    Several values in several files: changed again, gone, removed, created again.
    """
    repo.define("a", inputs={"x": 1, "m": {"k": 1, "same": 1}}).define("b", inputs={"y": [1, 2]})
    repo.define("c", inputs={"v": 1}).define("d", inputs={"v": 1}).apply_all()
    repo.define("a", inputs={"x": 2, "m": {"k": 2, "same": 2}}).define("b", inputs={"y": [1, 3]})
    repo.define("c", inputs={"v": 2}).define("e", inputs={"v": 1}).delete("d").stage()
    commit = oid(repo)
    repo.define("a", inputs={"x": 3, "m": {"same": 2}}).define("b", inputs={"y": "none"}).delete("c")
    repo.define("d", inputs={"v": 9}).define("e", inputs={"v": 2, "w": 1}).stage()

    assert refused(repo, commit) == (
        "error: changed again since:\n"
        "  a: x should go back from 2 to 1, and is 3 now\n"
        "  a: m.k should go back from 2 to 1, and is gone now\n"
        '  b: y should go back from [1,3] to [1,2], and is "none" now\n'
        "  c: it was removed since\n"
        "  d: it was created again since\n"
        "  e: v should go with it, was 1, and is 2 now\n"
        "  e: w should go with it, was gone, and is 1 now\n"
        "hint: nothing was staged; edit by hand\n"
    )


BEFORE = {"a": 1, "m": {"k": {"x": 1, "y": 1}, "l": [1, {"z": 1}]}, "gone": 1, "list": [1, 2, 3]}
CHANGED = {"a": 2, "m": {"k": {"x": 2, "y": 1}, "l": [1, {"z": 2}]}, "come": {"p": 1}, "list": [1]}


@pytest.mark.parametrize(
    ("since", "after"),
    [
        ({"b": 5}, {**BEFORE, "b": 5}),
        ({"m": {"k": {"x": 2, "y": 7}, "l": [1, {"z": 2, "w": 3}], "n": []}},
         {**BEFORE, "m": {"k": {"x": 1, "y": 7}, "l": [1, {"z": 1, "w": 3}], "n": []}}),
        ({"m": {"k": {"x": 2}, "l": [0, {"z": 2}, 9]}}, {**BEFORE, "m": {"k": {"x": 1}, "l": [0, {"z": 1}, 9]}}),
        ({"come": {"p": 1, "q": 2}}, {**BEFORE, "come": {"q": 2}}),
        ({"list": [5]}, {**BEFORE, "list": [5, 2, 3]}),
        ({"a": 1, "gone": 1}, BEFORE),
    ],
)  # fmt: skip
def test_values_that_went_on_elsewhere_stay(repo: Repo, since: Any, after: Any) -> None:
    """
    In nested mappings and lists, added and removed keys; what is as it was already stays, too.
    """
    repo.define("web", inputs=BEFORE).apply_all()
    commit = staged(repo, "web", inputs=CHANGED)
    staged(repo, "web", inputs={**CHANGED, **since})

    repo.ok("revert", commit)

    repo.ok("apply", "--yes")
    assert after == repo.applied("web")["inputs"]


@pytest.mark.parametrize(
    ("before", "then", "now", "after"),
    [
        ("x", {"a": 1}, None, "x"),
        ({"a": {"b": 1}}, "x", None, {"a": {"b": 1}}),
        ({}, {"a": 1}, None, {}),
        ([1, 2, 3, 4], [1], [1, 9], "y should go back from [1] to [1,2,3,4], and is [1,9] now"),
        ([1], [1, 2, 3], [1, 2, 3, 4], [1, 4]),
        ([3, 1, 2], [1, 2], [1], [3, 1]),
        ({"l": [1]}, {"l": [1, 2, 3]}, {"l": [1, 2, 3], "k": 1}, {"l": [1], "k": 1}),
    ],
)  # fmt: skip
def test_values_of_another_shape_go_back(repo: Repo, before: Any, then: Any, now: Any, after: Any) -> None:
    """
    Scalars that became mappings, lists that grew and shrank: the old shape, the new entries kept, or a conflict.
    """
    repo.define("web", tags=["t"], inputs={"y": before}).stage()
    commit = staged(repo, "web", tags=["t"], inputs={"y": then})
    staged(repo, "web", inputs={"y": then if now is None else now})

    done = repo.run("revert", commit)

    if isinstance(after, str) and after.startswith("y should"):
        assert f"  web: {after}\n" in done.err
    else:
        assert after == repo.ok("show", "web", "--json").json()["staged"]["inputs"]["y"], done.err


URLS = """\
---
kind: service
---
inputs:
  urls:
    - host: a   # the first
      port: 3
    - host: b   # the second
      port: 2
"""
FRONT_ENTRY = "  urls:\n    - host: new\n      port: 2\n"


@pytest.mark.parametrize("place", ["0", "1"])
def test_an_entry_that_moved_in_its_list_is_found_again(repo: Repo, place: str) -> None:
    """
    Another one was put in front of it: the value goes back in the entry it was changed in, and in no other.
    """
    repo.write("resources/web.yaml", URLS).apply_all()
    repo.ok("update", "web", "--set", f"urls.{place}.port=9")
    commit = oid(repo)
    for text in ("3", "9"):  # also where what stands in its old place looks as if it were the one
        edited = repo.read("resources/web.yaml").replace("  urls:\n", FRONT_ENTRY.replace("port: 2", f"port: {text}"))
        repo.write("resources/web.yaml", edited).stage()

        repo.ok("revert", commit)

        expected = URLS.replace("  urls:\n", FRONT_ENTRY.replace("port: 2", f"port: {text}"))
        assert expected == repo.read("resources/web.yaml")
        repo.git("reset", "-q", "--hard", commit)


def test_an_entry_that_may_be_another_one_is_a_conflict(repo: Repo) -> None:
    """
    Nobody can say which entry is meant: the list as a whole is told, and nothing is done.
    """
    one = {"host": "a", "port": 1}
    repo.define("web", inputs={"urls": [one]}).apply_all()
    commit = staged(repo, "web", inputs={"urls": [{**one, "port": 2}]})
    staged(repo, "web", inputs={"urls": [{"host": "new", "port": 2}, {**one, "port": 2, "size": 1}]})

    assert refused(repo, commit) == (
        "error: changed again since:\n"
        '  web: urls should go back from [{"host":"a","port":2}] to [{"host":"a","port":1}], '
        'and is [{"host":"new","port":2},{"host":"a","port":2,"size":1}] now\n'
        "hint: nothing was staged; edit by hand\n"
    )


def test_entries_go_out_of_a_list_with_the_lines_of_the_others_kept(repo: Repo) -> None:
    """
    Comments and formatting of the entries that stay are what they were.
    """
    repo.write("resources/web.yaml", URLS).apply_all()
    longer = URLS.replace("    - host: b", "    - host: more\n      port: 5\n    - host: b")
    repo.write("resources/web.yaml", longer).stage()
    commit = oid(repo)
    repo.write("resources/web.yaml", longer.replace("port: 2", "port: 7")).stage()

    repo.ok("revert", commit)

    assert URLS.replace("port: 2", "port: 7") == repo.read("resources/web.yaml")


def test_relations_are_taken_back(repo: Repo) -> None:
    """
    A dependency added since stays, whatever the order they are written in; reactions go back, too.
    """
    for name in ("a", "b", "c"):
        repo.define(name, inputs={})
    repo.define("web", depends_on=["a"], inputs={}).apply_all()
    commit = staged(repo, "web", depends_on=["b"], react_on={"restart": ["a.update"]}, inputs={})
    staged(repo, "web", depends_on=["b", "c"], react_on={"restart": ["a.update"]}, inputs={})

    repo.ok("revert", commit)

    shown = repo.ok("show", "web", "--json").json()
    assert ["a", "c"] == sorted(shown["parents"])
    assert "restart" not in repo.read(".staged/web.yaml")


# --- where files are


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
    hook = shop.root / ".git/hooks/pre-commit"
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
