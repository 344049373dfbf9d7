"""A saved plan or an id pins what runs, and nothing else runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.build import Repo, record
from tests.scenarios.review.world import reported, saved

pytestmark = pytest.mark.once


def test_a_saved_plan_and_an_id_need_no_answer(edited: Repo) -> None:
    """
    Without a terminal and without --yes; by a name with a dot or without one.
    """
    repo = edited
    repo.ok("plan", "--out", "reviewed", "a")

    repo.ok("apply", "reviewed")
    repo.define("a", inputs={"x": 3}).stage()
    repo.ok("apply", "--expect", repo.plan("b+").raw["plan_id"], "b+")
    repo.ok("apply", "--expect", repo.plan().raw["plan_id"])

    assert ["a.update", "b.update", "a.update", "b.update"] == repo.log()


def test_an_id_has_to_be_whole(edited: Repo) -> None:
    """
    The first characters of the right one, or nothing at all, are not enough to run something.
    """
    now = edited.plan().raw["plan_id"]

    for given in ("", now[:12], now.upper(), f"{now} "):
        shown = given
        assert reported(
            1,
            f"error: the plan is not the one that was reviewed: its id is {now}, expected was {shown}; "
            "a plan id has 64 characters, 0-9 and a-f",
            "hint: nothing ran; look at it again with `stagectl plan`, and expect its id",
        ) == edited.run("apply", "--expect", given)


def test_an_unknown_id_is_refused(edited: Repo) -> None:
    """
    No commit makes that plan, so what differs cannot be reported.
    """
    now = edited.plan().raw["plan_id"]

    assert reported(
        1,
        f"error: the plan is not the one that was reviewed: its id is {now}, expected was {'0' * 64}; "
        "no recent commit makes that plan with this selection, so what differs is not known",
        "hint: nothing ran; look at it again with `stagectl plan`, and expect its id",
    ) == edited.run("apply", "--expect", "0" * 64)


def test_the_walk_of_a_reviewer(repo: Repo, tmp_path: Path) -> None:
    """
    A branch, an edit, a comment with an id; a rebase onto something else keeps it; an edit after the approval does not
    get in; the right id does.
    """
    record(repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).define("other"))
    repo.git("checkout", "-q", "-b", "change")
    repo.define("db", inputs={"port": 2}).stage()
    comment = repo.ok("plan", "--format", "markdown").out
    approved = json.loads(comment.splitlines()[0][len("<!-- stagectl:plan ") : -len(" -->")])["plan_id"]
    assert f"stagectl apply --expect {approved}\n" in comment

    repo.git("checkout", "-q", "main")
    repo.define("other", inputs={"z": 1}).stage()
    repo.ok("apply", "--yes")
    repo.write("README.md", "unrelated").commit()
    repo.git("checkout", "-q", "change")
    repo.git("rebase", "-q", "main")
    assert approved == repo.plan().raw["plan_id"]
    again = repo.ok("plan", "--format", "markdown", "--since", approved).out
    assert f"**Unchanged since plan `{approved[:12]}`.**" == again.splitlines()[8]

    repo.define("db", inputs={"port": 3}).stage()
    (repo.root / "actions.log").unlink()
    now = repo.plan().raw["plan_id"]
    assert reported(
        1,
        f"Since plan {approved[:12]} (now {now[:12]}):",
        "  ~ db.update  differs: values",
        "    - port: 1 -> 2",
        "    + port: 1 -> 3",
        "  ~ app.update  differs: values",
        "    - db: 1 -> 2",
        "    + db: 1 -> 3",
        f"error: the plan is not the one that was reviewed: its id is {now}, expected was {approved}",
        "hint: nothing ran; look at it again with `stagectl plan`, and expect its id",
    ) == repo.run("apply", "--expect", approved)
    assert [] == repo.log()

    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.ok("apply", "--expect", approved)
    assert ["db.update", "app.update"] == repo.log()


def test_the_id_is_the_same_in_another_clone_at_another_commit(edited: Repo, tmp_path: Path) -> None:
    """
    Cloned, with an unrelated commit, a definition edited but not staged, and untracked files.
    """
    before = edited.plan().raw
    edited.git("clone", "-q", str(edited.top), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone", init=False)
    clone.git("config", "user.name", "Bob")
    clone.git("config", "user.email", "bob@example.com")
    clone.git("branch", "-q", "stagectl/applied", "origin/stagectl/applied")
    clone.write("README.md", "x").commit()
    clone.define("a", inputs={"x": 9}).write("untracked", "")

    after = clone.plan().raw

    assert before["plan_id"] == after["plan_id"] and before["head"] != after["head"]
    shutil.copy(edited.write("p.json", json.dumps(before)).root / "p.json", clone.root / "p.json")
    clone.ok("apply", "p.json")


def test_an_apply_of_something_else_keeps_the_id_of_a_selection(repo: Repo) -> None:
    """
    Of the selection that was reviewed; the applied commit is another one.
    """
    record(repo.define("a", tags=["p"]).define("b", tags=["q"]))
    repo.define("a", tags=["p"], inputs={"x": 1}).define("b", tags=["q"], inputs={"x": 1}).stage()
    reviewed = saved(repo, "-t", "p")

    repo.ok("apply", "--yes", "-t", "q")

    now = repo.plan("-t", "p").raw
    assert reviewed["plan_id"] == now["plan_id"] and reviewed["base"] != now["base"]
    repo.ok("apply", "plan.json")
    assert ["b.update", "a.update"] == repo.log()
