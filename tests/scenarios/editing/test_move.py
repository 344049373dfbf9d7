"""`move` is neither a removal nor a creation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Tuple

import pytest

from tests.build import Repo, put_stagectl_on_path


def test_move_is_neither_a_removal_nor_a_creation(shop: Repo) -> None:
    """
    References are rewritten, relative ones stay relative, and the applied state goes along.
    """
    shop.ok("move", "db", "data/main")

    plan = shop.plan()
    assert ([], [{"from": "db", "to": "data/main"}]) == (plan.ids, plan.raw["moved"])
    assert "${data/main.port}" in shop.read("resources/app.yaml")
    assert "moved_from: db" in shop.read("resources/data/main.yaml")
    shop.ok("apply", "--yes")
    assert (None, {"port": 5432}) == (shop.applied("db"), shop.applied("data/main")["inputs"])
    assert "No changes" in shop.ok("plan").out


def test_a_moved_resource_is_updated_under_its_new_name(shop: Repo) -> None:
    """
    A reader that was not selected, and still says the old name as applied, is affected all the same.
    """
    shop.ok("move", "db", "main")
    shop.ok("apply", "main", "--yes")

    shop.ok("update", "main", "--set", "port=1")

    assert ["main.update", "app.update"] == shop.plan("main").ids


@pytest.mark.parametrize("more", [0, 5], ids=["few", "many"])
@pytest.mark.parametrize(
    "words", [("prod", "production"), ("prod/", "production/"), ("prod", "prod/old")], ids=" ".join
)
def test_a_folder_is_moved_by_what_is_printed(
    repo: Repo, words: Tuple[str, str], more: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    Pasted, it moves all that is in it, and nothing runs again.
    """
    put_stagectl_on_path(tmp_path, monkeypatch)
    repo.define("prod/db", inputs={"v": 1}).define("prod/app", inputs={"v": "${./db.v}"}).define("production2/a")
    for number in range(more):
        repo.define(f"prod/sub/x{number}")
    repo.define("web", inputs={"v": "${prod/db.v}"}).apply_all()

    done = repo.run("move", *words)

    assert f"error: '{words[0]}' is a folder, and one resource is edited at a time\n" in done.err
    repo.shell(re.findall(r"\nhint: to move all of it: (.*)", done.err)[0])
    new = words[1].rstrip("/")
    plan = repo.plan()
    assert ([], 2 + more) == (plan.ids, len(plan.raw["moved"]))
    assert {f"{new}{move['from'][4:]}" for move in plan.raw["moved"]} == {move["to"] for move in plan.raw["moved"]}


def test_a_name_that_ends_like_a_folder_gets_the_one_in_it(repo: Repo) -> None:
    """
    As people type it for files; what is printed moves it.
    """
    repo.define("p/db").apply_all()

    done = repo.run("move", "p/db", "q/")

    assert "error: 'q/' is no name for a resource\nhint: to move it there: stagectl move p/db q/db\n" == done.err
    repo.ok("move", "p/db", "q/db")


def test_a_plain_rename_gets_a_hint(shop: Repo) -> None:
    """
    Git's own move removes and runs again; the plan says how to keep the resource.
    """
    shop.ok("remove", "app")
    shop.git("mv", "resources/db.yaml", "resources/base.yaml")
    shop.stage()

    assert "warning: base looks like db moved" in shop.ok("plan").err


def test_a_part_of_a_plain_rename_is_a_removal_or_a_new_resource(repo: Repo) -> None:
    """
    Staging one of its names stages that one, and says how to keep what is applied; what it says does it, in both cases.
    """
    text = repo.define("a", inputs={"n": 1}).apply_all().read("resources/a.yaml")
    head = repo.git("rev-parse", "HEAD").strip()
    for name, change in (("a", "a.remove"), ("x", "x.run")):
        repo.delete("a").write("resources/x.yaml", text)

        staged = repo.ok("stage", name)

        hint = "to keep what is applied: stagectl move a x"
        assert f"warning: x looks like a moved, and {name} alone is staged; {hint}\n" == staged.err
        assert [change] == repo.plan().ids
        repo.ok("move", "a", "x")
        assert ([], [{"from": "a", "to": "x"}]) == (repo.plan().ids, repo.plan().raw["moved"])
        repo.git("reset", "-q", "--hard", head)
        repo.git("clean", "-fdq")


def test_a_move_rewrites_readers_whose_definition_reads_no_more(repo: Repo) -> None:
    """
    The staged copy still reads the old name; the reader's definition, which reads nothing now, is staged with the move.
    """
    repo.define("db", inputs={"v": 1}).define("app", inputs={"p": "${db.v}"}).apply_all()
    repo.define("app", inputs={"p": 7})

    repo.ok("move", "db", "base")

    assert ["app.update"] == repo.plan().ids
    assert [{"from": "db", "to": "base"}] == repo.plan().raw["moved"]


def test_what_git_renamed_is_paired_by_name_and_the_commands_that_are_printed_keep_it(repo: Repo) -> None:
    """
    A folder whose resources say the same: each is named with the one of its own name, and pasting all keeps all.
    """
    for name in ("db", "site", "web"):
        repo.define(f"old/{name}", inputs={"v": 1})
    repo.define("app", inputs={"v": "${old/db.v}"}).apply_all()
    repo.git("mv", "resources/old", "resources/new")
    repo.define("app", inputs={"v": "${new/db.v}"}).stage()

    commands = re.findall(r"looks like .* moved; to keep what is applied: stagectl (.*)", repo.ok("plan").err)

    assert [f"move old/{name} new/{name}" for name in ("db", "site", "web")] == commands
    for command in commands:
        repo.ok(*command.split())
    assert [] == repo.plan().ids
    assert ["app", "new/db", "new/site", "new/web"] == repo.plan().raw["recorded"]


EACH = "---\nkind: service\neach: {{{}}}\n---\ninputs: {{v: 1}}\n"
OWN = "---\nkind: service\n---\ninputs: {v: 1}\n"
LIKE = "---\nlike: base\n---\n"


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ({"a": OWN}, {"b/c": OWN}, "b/c"),
        ({"a": OWN}, {"b": OWN.replace("kind:", "moved_from: a\nkind:")}, "b"),
        ({"a": LIKE}, {"b": LIKE}, "b"),
        ({"a": LIKE}, {"a": EACH.format("x: {}")}, "a/x"),
        ({"a": LIKE}, {"b": EACH.format("x: {}, y: {}")}, "b/x"),
        ({"a": LIKE}, {"b": EACH.format("x: {}").replace("{x: {}}", "[x, y]")}, "b/x"),
    ],
    ids=["own-file", "claims", "like", "each-in-place", "each", "each-list"],
)
@pytest.mark.parametrize("staged", ["nothing", "all"])
def test_move_finishes_a_rename_by_hand(
    repo: Repo, before: Dict[str, str], after: Dict[str, str], new: str, staged: str
) -> None:
    """
    Staged or not, whatever makes the resource: its definition says what it was, and its reader reads the new name.
    """
    read = f"${{{new}.v}}"
    repo.write("resources/base.yaml", "---\nkind: service\ntemplate: true\n---\ninputs: {v: 1}\n")
    for name, text in before.items():
        repo.write(f"resources/{name}.yaml", text)
    repo.define("app", inputs={"v": "${a.v}"}).apply_all()
    repo.delete("a")
    for name, text in after.items():
        repo.write(f"resources/{name}.yaml", text)
    if staged == "all":
        repo.define("app", inputs={"v": read}).stage()

    repo.ok("move", "a", new)

    assert [{"from": "a", "to": new}] == repo.plan().raw["moved"]
    assert f"{new}.run" not in repo.plan().ids
    assert read in repo.read("resources/app.yaml")


def test_a_rename_by_hand_whose_reader_was_forgotten_says_how_to_finish_it(repo: Repo) -> None:
    """
    `stage` refuses what is read still: of one file it prints the move, of several the line that each of them needs.
    """
    repo.define("a", inputs={"v": 1}).define("app", inputs={"v": "${a.v}"}).apply_all()
    repo.git("mv", "resources/a.yaml", "resources/b.yaml")

    refused = repo.run("stage").err

    remove = "either remove them too (stagectl remove a --recursive)"
    assert f"hint: b looks like a moved; to keep what is applied: stagectl move a b; if it is not: {remove}" in refused
    repo.ok("move", "a", "b")
    assert [] == repo.plan().ids


def test_of_several_files_that_were_renamed_each_gets_its_line(repo: Repo) -> None:
    """
    Their relative names mean each other: none is staged alone.
    """
    repo.define("old/a", inputs={"v": 1}).define("old/b", inputs={"v": "${./a.v}"})
    repo.define("app", inputs={"v": "${old/a.v}"}).apply_all()
    repo.git("mv", "resources/old", "resources/new")

    refused = repo.run("stage").err

    alike = "new/a looks like old/a moved, new/b looks like old/b moved"
    assert f"hint: {alike}; to keep what is applied, write 'moved_from: OLD_NAME' into each, and the new" in refused
    for name in ("a", "b"):
        text = repo.read(f"resources/new/{name}.yaml").replace("kind:", f"moved_from: old/{name}\nkind:", 1)
        repo.write(f"resources/new/{name}.yaml", text)
    repo.define("app", inputs={"v": "${new/a.v}"}).stage()
    assert [] == repo.plan().ids
