"""`plan --against`: which other branches change the same, and whether they commute."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from tests.build import Repo, made_once

pytestmark = pytest.mark.once

Edit = Callable[[Repo], Any]


@pytest.fixture
@made_once
def shop(repo: Repo) -> Repo:
    """db <- app <- web, and dns beside them, all applied."""
    repo.define("db", inputs={"port": 1, "size": 1}, tags=["data"]).define(
        "app", inputs={"db": "${db.port}", "image": 1}
    )
    return repo.define("web", inputs={"app": "${app.db}"}).define("dns", inputs={"v": 1}).apply_all()


def on_branch(repo: Repo, name: str, edit: Edit, start: str = "main") -> Repo:
    """Let a branch stage an edit, and go back."""
    repo.git("switch", "-q", "-c", name, start)
    edit(repo)
    repo.stage()
    repo.git("switch", "-q", "main")
    return repo


def port(value: int, size: int = 1) -> Edit:
    return lambda repo: repo.define("db", inputs={"port": value, "size": size}, tags=["data"])


def image(value: int) -> Edit:
    return lambda repo: repo.define("app", inputs={"db": "${db.port}", "image": value})


def against(repo: Repo, *arguments: str) -> Dict[str, Any]:
    return repo.ok("plan", "--format", "json", "--against", *arguments).json()["against"]


def test_a_branch_that_changes_something_else_is_not_reported(shop: Repo) -> None:
    """
    It is counted, so that it is clear whether it was looked at.
    """
    on_branch(shop, "other", lambda repo: repo.define("dns", inputs={"v": 2}))
    port(2)(shop)
    shop.stage()

    assert {"branches": [], "unrelated": ["other"]} == against(shop, "other")
    reported = shop.ok("plan", "--against", "other").out
    assert reported.startswith(
        "Against other: nothing of this plan is changed in the other branch.\n\n~ db.update  (staged)\n"
    )


def test_changes_of_a_child_commute(shop: Repo) -> None:
    """
    This plan changes db.port and with it app; theirs another value of app. Either order ends the same.
    """
    on_branch(shop, "image", image(2))
    port(2)(shop)
    shop.stage()

    (other,) = against(shop, "image")["branches"]

    assert {
        "branch": "image",
        "commit": shop.git("rev-parse", "image").strip(),
        "changes": ["app.update"],
        "both": ["app"],
        "commutes": True,
        "why": [],
        "conflicts": [],
        "then": {"came": [], "went": []},
    } == other
    assert (
        "Against image: 1 of 1 other branch meets this plan.\n"
        "  image  also changes app; commutes\n"
        "\n"
        "~ db.update  (staged)\n"
    ) == "".join(shop.ok("plan", "--against", "image").out.splitlines(True)[:4])


def test_an_affected_child_of_theirs_counts(shop: Repo) -> None:
    """
    They change the parent, this plan the child: the branch is found though it never touched the child's file.
    """
    on_branch(shop, "port", port(2))
    image(2)(shop)
    shop.stage()

    (other,) = against(shop, "port")["branches"]

    assert (["app"], True) == (other["both"], other["commutes"])
    assert ["db.update", "app.update", "web.update"] == other["changes"]


def test_two_values_of_one_input_do_not_commute(shop: Repo) -> None:
    """
    The value is named, and not shown; other values of the same file get along.
    """
    on_branch(shop, "port", port(7))
    on_branch(shop, "size", port(1, size=7))
    port(2)(shop)
    shop.stage()

    clash, fits = against(shop, "port", "--against", "size")["branches"]

    assert (False, [{"resource": "db", "path": "port"}]) == (clash["commutes"], clash["conflicts"])
    assert (["app", "db", "web"], ["both change db.port"]) == (clash["both"], clash["why"])
    assert (["db"], True) == (fits["both"], fits["commutes"])
    assert (
        "Against port, size: 2 of 2 other branches meet this plan.\n"
        "  port  also changes app, db, web; does not commute: both change db.port\n"
        "  size  also changes db; commutes\n"
    ) == "".join(shop.ok("plan", "--against", "port", "--against", "size").out.splitlines(True)[:3])


def test_entries_of_a_list_are_distinguished(shop: Repo) -> None:
    """
    Theirs puts an entry in front of the one that this plan edits: that commutes; two edits of one entry do not.
    """
    one, other = {"host": "a", "port": 1}, {"host": "b", "port": 1}
    shop.define("dns", inputs={"urls": [one, other]}).apply_all()
    on_branch(shop, "front", lambda repo: repo.define("dns", inputs={"urls": [{**one, "host": "n"}, one, other]}))
    on_branch(shop, "edit", lambda repo: repo.define("dns", inputs={"urls": [{**one, "port": 5}, other]}))
    shop.define("dns", inputs={"urls": [{**one, "port": 2}, other]}).stage()

    clash, fits = against(shop, "edit", "--against", "front")["branches"]

    assert (True, []) == (fits["commutes"], fits["conflicts"])
    assert (False, [{"resource": "dns", "path": "urls.0.port"}]) == (clash["commutes"], clash["conflicts"])


def test_the_same_change_commutes_and_is_done_by_either(shop: Repo) -> None:
    """
    Once their branch is applied nothing is left of this plan.
    """
    on_branch(shop, "same", port(2))
    shop.write("more", "").commit()
    port(2)(shop)
    shop.stage()

    (other,) = against(shop, "same")["branches"]

    assert (True, [], ["db.update", "app.update", "web.update"]) == (
        other["commutes"],
        other["then"]["came"],
        other["then"]["went"],
    )


def test_a_new_reader_brings_a_change_into_this_plan(shop: Repo) -> None:
    """
    The end is the same, and the plan that was reviewed is not: its id would be refused once theirs is applied.
    """
    on_branch(shop, "reader", lambda repo: repo.define("new", inputs={"db": "${db.port}"}))
    port(2)(shop)
    shop.stage()

    (other,) = against(shop, "reader")["branches"]

    assert ([], True, ["new.run"]) == (other["both"], other["commutes"], other["changes"])
    assert {"came": ["new.update"], "went": []} == other["then"]
    assert "  reader  commutes; once it is applied, this plan also has new.update\n" in (
        shop.ok("plan", "--against", "reader").out
    )


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        (lambda repo: repo.define("new", inputs={"v": "${dns.v}"}), "this plan on top of it is impossible: "),
        (lambda repo: repo.define("dns", inputs={"v": 5}), "both change dns"),
    ],
)
def test_a_removal_does_not_commute_with_who_needs_it(shop: Repo, theirs: Edit, why: str) -> None:
    """
    A new reader would be left with nothing, and an edit has nothing to edit.
    """
    on_branch(shop, "theirs", theirs)
    shop.delete("dns").stage()

    (other,) = against(shop, "theirs")["branches"]

    assert (False, True) == (other["commutes"], other["why"][0].startswith(why)), other


def test_both_staged_the_same_action(shop: Repo) -> None:
    """
    Two stamps of one action stand in one place of one file; of different actions both run.
    """
    for name, action in (("restart", "restart"), ("test", "test")):
        shop.git("switch", "-q", "-c", name)
        shop.ok("stage", "dns", "-a", action)
        shop.git("switch", "-q", "main")
    shop.ok("stage", "dns", "-a", "restart")

    clash, fits = against(shop, "restart", "--against", "test")["branches"]

    assert (False, [{"resource": "dns", "path": "actions.restart"}]) == (clash["commutes"], clash["conflicts"])
    assert (True, ["dns.test"]) == (fits["commutes"], fits["changes"])


def gone(repo: Repo) -> Repo:
    """What is left when dns is removed."""
    return repo.delete("dns")


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (port(2), image(2)),
        (port(2), port(3)),
        (gone, lambda repo: repo.define("dns", inputs={"v": 2})),
        (gone, lambda repo: repo.define("new", inputs={"v": "${dns.v}"})),
        (port(2), lambda repo: repo.define("new", inputs={"v": "${db.port}"})),
        (gone, port(2)),
    ],
)
def test_both_sides_say_the_same(shop: Repo, one: Edit, another: Edit) -> None:
    """
    Whichever asks, the answer is the same; and if it is yes, both orders, merged and applied with git, end the same.
    """
    for name, edit in (("one", one), ("another", another)):
        on_branch(shop, name, edit)
    beside = {}
    for name, other in (("one", "another"), ("another", "one")):
        shop.git("switch", "-q", name)
        found = against(shop, other)["branches"]
        beside[name] = (found[0]["commutes"], found[0]["both"]) if found else (True, [])

    assert beside["one"] == beside["another"]
    if beside["one"][0]:
        assert ends(shop, "one", "another") == ends(shop, "another", "one")


def ends(repo: Repo, *order: str) -> str:
    """The applied state once branches were merged and applied one after the other; then all is as before."""
    start = repo.git("rev-parse", "stagectl/applied").strip()
    repo.git("switch", "-q", "--detach", "main")
    for name in order:
        repo.git("merge", "-q", "--no-edit", name)
        repo.ok("apply", "--yes")
    end = repo.git("ls-tree", "-r", "stagectl/applied", ".applied", ".staged")
    repo.git("update-ref", "refs/heads/stagectl/applied", start)
    return end


def test_a_move_and_an_edit_of_what_moved(shop: Repo) -> None:
    """
    Their move takes the file away that this plan changes.
    """
    shop.git("switch", "-q", "-c", "move")
    shop.ok("move", "dns", "names")
    shop.git("switch", "-q", "main")
    shop.define("dns", inputs={"v": 2}).stage()

    (other,) = against(shop, "move")["branches"]

    assert (False, [{"resource": "dns", "path": None}]) == (other["commutes"], other["conflicts"])


def test_only_what_the_branch_itself_changed_counts(shop: Repo) -> None:
    """
    A branch that forked before something was applied does not take it back, and one that is merged says nothing.
    """
    on_branch(shop, "old", lambda repo: repo.define("dns", inputs={"v": 2}))
    on_branch(shop, "merged", image(5))
    shop.git("merge", "-q", "merged")
    shop.ok("apply", "--yes")
    port(2)(shop)
    shop.stage()

    assert {"branches": [], "unrelated": ["merged", "old"]} == against(shop, "*")


def test_what_earlier_applies_left_is_no_part_of_this_one(shop: Repo) -> None:
    """
    A child that still has to follow is in every plan: that alone is no meeting.
    """
    port(2)(shop)
    shop.stage().fail("app.update").apply()
    shop.fail("nothing")
    on_branch(shop, "other", lambda repo: repo.define("dns", inputs={"v": 2}))

    assert ["app.update", "web.update"] == shop.plan().ids
    assert {"branches": [], "unrelated": ["other"]} == against(shop, "other")


def test_the_selection_of_this_plan_counts(shop: Repo) -> None:
    """
    What is staged here and not selected meets no change.
    """
    on_branch(shop, "dns", lambda repo: repo.define("dns", inputs={"v": 2}))
    port(2)(shop)
    shop.define("dns", inputs={"v": 3}).stage()

    assert ["dns"] == [other["branch"] for other in against(shop, "dns")["branches"]]
    assert {"branches": [], "unrelated": ["dns"]} == against(shop, "dns", "db")
    assert {"branches": [], "unrelated": ["dns"]} == against(shop, "dns", "-t", "data")


def test_parents_that_were_never_applied_are_planned_along(repo: Repo) -> None:
    """
    Nothing is live yet: their new child of a parent that both branches have is no riddle.
    """
    repo.define("db", inputs={"port": 1}).stage()
    on_branch(repo, "child", lambda repo: repo.define("app", inputs={"db": "${db.port}"}))

    on_branch(repo, "edit", lambda repo: repo.define("db", inputs={"port": 2}))

    child, edit = against(repo, "child", "--against", "edit")["branches"]

    assert (["db"], True, ["db.run", "app.run"]) == (child["both"], child["commutes"], child["changes"])
    assert (["db"], True, ["db.run"]) == (edit["both"], edit["commutes"], edit["changes"])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".staged/dns.yaml", "---\nkind: service\n---\ninputs: [\n"),
        (".staged/dns.yaml", "---\nkind: nothing\n---\ninputs: {}\n"),
        (".staged/app.yaml", "---\nkind: service\n---\ninputs:\n  db: ${nowhere.port}\n"),
    ],
)
def test_a_branch_that_makes_no_plan_does_not_spoil_this_one(shop: Repo, path: str, text: str) -> None:
    """
    Whatever is wrong there is reported, and this plan is shown.
    """
    shop.git("switch", "-q", "-c", "broken")
    shop.write(path, text).commit()
    shop.git("switch", "-q", "main")
    port(2)(shop)
    shop.stage()

    (other,) = against(shop, "broken")["branches"]

    assert (None, True) == (
        other["commutes"],
        other["why"][0].startswith("it makes no plan: .staged/" if "app" not in path else "it makes no plan: app: "),
    ), other
    assert "~ db.update  (staged)\n" in shop.ok("plan", "--against", "broken").out


def test_which_branches_are_looked_at(shop: Repo, tmp_path: Path) -> None:
    """
    A star crosses slashes; the applied branch, the branch itself and its copy, and what merely points are left out.
    """
    shop.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "bare.git"))
    shop.git("remote", "add", "origin", (tmp_path / "bare.git").as_uri())
    on_branch(shop, "feature/image", image(2))
    shop.git("push", "-q", "origin", "main", "feature/image", "stagectl/applied")
    shop.git("remote", "set-head", "origin", "main")
    port(2)(shop)
    shop.stage()

    assert ["origin/feature/image"] == [other["branch"] for other in against(shop, "origin/*")["branches"]]
    everything = against(shop, "*")
    assert ["feature/image", "origin/feature/image"] == [other["branch"] for other in everything["branches"]]
    assert [] == everything["unrelated"]
    beside = against(shop, "*", "--head", "feature/image")
    assert (["main"], ["origin/main"]) == ([other["branch"] for other in beside["branches"]], beside["unrelated"])
    assert "Against origin/main: there is no other branch.\n" in shop.ok("plan", "--against", "origin/main").out


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("origin/*", "no branch matches 'origin/*'"), ("imagee", "no branch matches 'imagee'; did you mean 'image'?")],
)
def test_a_pattern_that_matches_nothing_is_an_error(shop: Repo, pattern: str, message: str) -> None:
    """
    Never a silent nothing.
    """
    on_branch(shop, "image", image(2))

    done = shop.run("plan", "--against", "image", "--against", pattern)

    hint = "the branches this clone knows of: image, main, stagectl/applied"
    assert (1, "", f"error: {message}\nhint: {hint}\n") == (done.code, done.out, done.err)


@pytest.mark.parametrize("form", ["github", "mermaid", "dot"])
def test_a_form_without_branches_is_a_usage_error(shop: Repo, form: str) -> None:
    """
    It is clear that it was not looked at.
    """
    done = shop.run("plan", "--against", "*", "--format", form)

    assert (64, "") == (done.code, done.out)
    assert f"error: --format {form} has no place for other branches\nhint: text, json and markdown can\n" == done.err


def test_a_comment_shows_it_in_code(shop: Repo) -> None:
    """
    What a branch is called acts on no page.
    """
    on_branch(shop, "@everyone/#1", image(2))
    port(2)(shop)
    shop.stage()

    reported = shop.ok("plan", "--format", "markdown", "--against", "*").out

    assert "**Other branches:** 1 of 1 other branch meets this plan.\n\n| branch | how |\n" in reported
    assert "\n| `@everyone/#1` | `also changes app; commutes` |\n" in reported


def test_branches_of_any_name(shop: Repo) -> None:
    """
    Line and direction characters, and bytes that are no text: git takes them all, and none acts.
    """
    on_branch(shop, "a\u2028b\u202ec", image(2))
    subprocess.run([b"git", b"branch", b"x\xff", "a\u2028b\u202ec".encode()], cwd=shop.root, check=True)
    port(2)(shop)
    shop.stage()

    found = against(shop, "*")["branches"]

    assert ["a\u2028b\u202ec", "x\ufffd"] == [other["branch"] for other in found]
    assert "  a\\u2028b\\u202ec  also changes app; commutes\n" in shop.ok("plan", "--against", "*").out


def test_in_a_shallow_clone_the_unknown_is_reported(shop: Repo, tmp_path: Path) -> None:
    """
    Without a common commit it cannot be said what a branch changed.
    """
    on_branch(shop, "image", image(2))
    port(2)(shop)
    shop.stage()
    shop.git("clone", "-q", "--depth", "1", "--no-single-branch", shop.top.as_uri(), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", init=False)

    (other,) = against(clone, "origin/image")["branches"]

    assert None is other["commutes"]
    assert [
        "it makes no plan: this clone lacks the history that shows what it changed: git fetch --unshallow"
    ] == other["why"]


def test_nothing_is_run_and_nothing_written(shop: Repo) -> None:
    """
    Neither an action nor a file, a ref or an index; and the plan keeps its id.
    """
    on_branch(shop, "image", image(2))
    port(2)(shop)
    shop.stage()

    def world() -> List[str]:
        return [shop.git("for-each-ref"), shop.git("status", "--porcelain=v2", "--branch"), *shop.log()]

    before = world()
    plans = [shop.plan(), shop.plan("--against", "*")]

    assert before == world()
    assert plans[0].raw == {key: value for key, value in plans[1].raw.items() if key != "against"}


def test_secrets_of_other_branches_are_not_reported(shop: Repo) -> None:
    """
    Of values in conflict only the path is reported.
    """
    on_branch(shop, "port", lambda repo: repo.define("dns", inputs={"v": "hunter2"}))
    shop.define("dns", inputs={"v": 3}).stage()

    for form in ("text", "json", "markdown"):
        reported = shop.ok("plan", "--format", form, "--against", "port")
        assert "hunter2" not in reported.out + reported.err
        assert "dns.v" in reported.out
