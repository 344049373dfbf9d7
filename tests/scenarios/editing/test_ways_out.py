"""The ways out that an error names work, also where the definition of what goes has gone already."""

from __future__ import annotations

from typing import Callable, List

import pytest

from tests.build import PLACE, Repo


@pytest.mark.parametrize("gone", ["definition", "both", "committed"])
@pytest.mark.parametrize(("way", "ids"), [("--detach", ["db.remove"]), ("--recursive", ["app.remove", "db.remove"])])
def test_a_removal_by_hand_can_be_finished(repo: Repo, gone: str, way: str, ids: List[str]) -> None:
    """
    The definition is deleted, its staged file too, or both with a commit: stage refuses, and each way out works.
    """
    repo.define("db", inputs={"port": 1}).define("app", inputs={"port": "${db.port}"}).define("keep").apply_all()
    (repo.root / "resources/db.yaml").unlink()
    if gone != "definition":
        (repo.root / ".staged/db.yaml").unlink()
    if gone == "committed":
        repo.commit()
    assert "app still reads it" in repo.run("stage").err

    repo.ok("remove", "db", way)

    assert ids == repo.plan().ids
    repo.ok("apply", "--yes")
    assert "No changes" in repo.ok("plan").out


def test_a_reader_left_behind_is_an_annotation_on_its_line(repo: Repo) -> None:
    """
    Two branches are merged: one removes what the other began to read.
    """
    repo.define("db", inputs={"port": 1}).define("keep").apply_all()
    repo.git("checkout", "-q", "-b", "remove")
    repo.delete("db").stage()
    repo.git("checkout", "-q", "-")
    repo.write("resources/app.yaml", "---\nkind: service\n---\ninputs:\n  a: 1\n  port: ${db.port}\n").stage()
    repo.git("merge", "-q", "--no-edit", "remove")

    refused = repo.run("plan", "--format", "github")

    assert f"::error file={PLACE}.staged/app.yaml,line=8,col=9," in refused.out + refused.err
    assert "db, which it names, cannot be removed" in refused.out + refused.err


def gone(repo: Repo) -> None:
    for name in ("db", "app", "web"):
        (repo.root / f"resources/{name}.yaml").unlink()
    repo.ok("stage")


def other_values(repo: Repo) -> None:
    repo.define("db", inputs={"port": 1}).define("web", inputs={"host": "b"}).stage()


def new(repo: Repo) -> None:
    repo.define("new", inputs={"v": 1}).define("more", inputs={"v": "${new.v}"}).stage()


def renamed(repo: Repo) -> None:
    repo.ok("move", "db", "store")


TAKEN_BACK = [
    ("unstage", gone, "app", "app db"),
    ("discard", gone, "app web", "app db web"),
    ("discard", other_values, "web", "db web"),
    ("unstage", new, "new", "more new"),
    ("discard", renamed, "app", "app db store"),
]


@pytest.mark.parametrize(("verb", "edit", "names", "enough"), TAKEN_BACK)
def test_what_cannot_be_taken_back_alone_names_what_belongs_to_it(
    repo: Repo, verb: str, edit: Callable[[Repo], None], names: str, enough: str
) -> None:
    """
    A reader of what goes, of a value that is dropped, of what is new, of a name that moved: the command that is
    printed works, and takes back no more than it names.
    """
    repo.define("db", inputs={"port": 1, "host": "a"}).define("app", inputs={"port": "${db.port}"})
    repo.define("web", inputs={"host": "${db.host}"}).define("keep").apply_all()
    edit(repo)
    repo.define("keep", inputs={"v": 1}).stage()

    refused = repo.run(verb, *names.split())

    hint = f"hint: what belongs to it has to be taken back as well: stagectl {verb} {enough}\n"
    assert (1, True) == (refused.code, refused.err.endswith(hint)), refused.err
    repo.ok(verb, *enough.split())
    left = {name for name in repo.plan().ids if name.split(".")[0] in enough.split()}
    assert (set(), True) == (left, "keep.update" in repo.plan().ids)
