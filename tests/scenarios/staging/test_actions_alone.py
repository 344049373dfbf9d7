"""An action by name is staged alone: what was edited in the definition waits for a stage of its own."""

from __future__ import annotations

import sys

import pytest

from tests.build import FOLDER, Repo

HOOK = f"#!/bin/sh\nexec {sys.executable} -m stagectl stage --check\n"


@pytest.mark.parametrize("committed", [False, True], ids=["uncommitted", "committed"])
def test_edits_stay_unstaged_and_the_output_says_so(repo: Repo, committed: bool) -> None:
    """
    The action acts with what is staged; the definition is neither staged nor committed with it.
    """
    repo.define("db", inputs={"n": 1}).apply_all()
    repo.define("db", inputs={"n": 2})
    if committed:
        repo.commit()
    dirty = repo.git("status", "--porcelain")

    done = repo.ok("stage", "db", "-a", "restart")

    assert "edits of the definition stay unstaged: db; to stage them: stagectl stage db" in done.err
    assert (["db.restart"], dirty) == (repo.plan().ids, repo.git("status", "--porcelain"))
    repo.apply()
    assert {"n": 1} == repo.applied("db")["inputs"]
    assert ["db.update"] == repo.stage("db").plan().ids


def test_the_commit_names_the_action_alone(repo: Repo) -> None:
    """
    What was staged before, maybe by another author, is named by the commit that staged it; an edit is named again.
    """
    repo.define("db", inputs={"n": 1}).define("app", inputs={"n": 1}).apply_all().define("db", inputs={"n": 2}).stage()

    said = [
        repo.ok("stage", *words).out.split("Staged 1")[0] for words in (["db", "-a", "restart"], ["db", "-a", "test"])
    ]
    said.append(repo.define("app", inputs={"n": 2}).ok("stage", "app").out.split("Staged 1")[0])
    said.append(repo.ok("stage", "app", "-a", "replace").out.split("Staged 1")[0])
    said.append(repo.define("app", inputs={"n": 3}).ok("stage", "app").out.split("Staged 1")[0])

    assert [
        "! db.restart\n",
        "! db.test\n",
        "~ app.update\n",
        "- app.remove\n+ app.run\n",
        "- app.remove\n+ app.run\n",
    ] == said
    named = repo.git("log", "-5", "--reverse", "--format=%(trailers:key=Staged,valueonly,separator=%x20)").splitlines()
    assert ["db.restart", "db.test", "app.update", "app.remove app.run", "app.remove app.run"] == named


def test_nothing_acts_on_what_was_never_staged(repo: Repo) -> None:
    """
    The error names it and what comes first, and nothing is staged.
    """
    repo.define("db").apply_all()
    repo.define("new")
    head = repo.git("rev-parse", "HEAD")

    refused = repo.run("stage", "new", "db", "-a", "restart")

    assert refused.err == (
        "error: new: never staged, so there is nothing to act on\nhint: stage it first: stagectl stage new\n"
    )
    assert head == repo.git("rev-parse", "HEAD")


def test_the_documented_hook_lets_through_what_is_staged_and_stops_what_is_not(repo: Repo) -> None:
    """
    It runs inside the commits of stage, update, stage -a, move and discard, and of people.
    """
    repo.define("db", inputs={"n": 1}).define("x").apply_all()
    hook = repo.top / ".git/hooks/pre-commit"
    hook.write_text(HOOK.replace("\n", f"\ncd ./{FOLDER}\n", 1))
    hook.chmod(0o755)

    repo.define("db", inputs={"n": 2}).stage()
    repo.ok("update", "db", "--set", "n=3")
    repo.ok("stage", "db", "-a", "restart")
    repo.ok("move", "x", "y")
    repo.ok("discard", "y")
    assert ["db.update", "db.restart"] == repo.plan().ids

    repo.define("db", inputs={"n": 4})
    head = repo.git("rev-parse", "HEAD")
    repo.git("commit", "-qam", "forgot to stage", check=False)
    assert head == repo.git("rev-parse", "HEAD")
