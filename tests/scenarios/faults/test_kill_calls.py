"""A sample of the kills at system calls, which are whole in tests/slow; and what the next command does with a half."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any, Callable, List

import pytest

from stagectl.core.model import Oid
from tests.build import UP, Repo
from tests.kill_calls import CASES, Calls, Case, Figures
from tests.scenarios.surroundings.test_git_manners import hook

pytestmark = pytest.mark.once


@pytest.mark.parametrize("case", CASES, ids=str)
def test_killed_at_some_calls_the_old_or_the_new_state_is_there(case: Case, tmp_path: Path) -> None:
    """
    Two calls of stagectl itself, two of the gits that change something, chosen by chance that is the same each time.
    """
    figures = Figures()
    calls = Calls(case, tmp_path, figures)
    own = [point for point in calls.points if point.program == "stagectl"]
    writers = {point.program for point in calls.points if not point.call.startswith("write")} - {"stagectl"}
    theirs = [point for point in calls.points if point.program in writers]
    chance = random.Random(str(case))
    for point in [*chance.sample(own, 2), *chance.sample(theirs, min(2, len(theirs)))]:
        calls.kill(point)

    assert figures.wrong == []
    assert figures.kills >= 2


# --- what is half staged

KILL = "kill -9 $(cut -d ' ' -f 4 /proc/$PPID/stat) $PPID"  # stagectl, and the git that commits for it


def half_staged(repo: Repo) -> str:
    """A stage that was killed when its files were written and its commit was not made; returns where HEAD stood."""
    repo.define("db", inputs={"v": 1}).define("app").apply_all()
    repo.define("db", inputs={"v": 2}).define("new").delete("app")
    hook(repo, "pre-commit", KILL)
    head = repo.git("rev-parse", "HEAD")
    assert -9 == repo.run("stage", env={}).code
    (repo.top / ".git/hooks/pre-commit").unlink()
    (repo.top / ".git/index.lock").unlink()
    return head


def test_what_a_killed_stage_wrote_is_taken_back_by_the_next(repo: Repo) -> None:
    """
    It says so, and does it all anew.
    """
    head = half_staged(repo)
    assert (head, True) == (repo.git("rev-parse", "HEAD"), (repo.root / ".staged/new.yaml").exists())

    done = repo.ok("stage")

    files = ".staged/app.yaml, .staged/db.yaml, .staged/new.yaml"
    assert f"warning: a staging that was killed here was taken back: {files}\n" == done.err
    assert ("", ["app.remove", "db.update", "new.run"]) == (repo.git("status", "--porcelain"), sorted(repo.plan().ids))


def test_the_next_verb_begins_where_the_killed_one_did(repo: Repo) -> None:
    """
    Staging something else does not stage what was given up.
    """
    half_staged(repo)

    repo.ok("stage", "new")

    assert (["new.run"], "") == (repo.plan().ids, repo.git("status", "--porcelain", ".staged"))
    assert 'v": 1' in repo.read(".staged/db.yaml")


def test_a_file_that_its_author_changed_since_stays(repo: Repo) -> None:
    """
    Only what the killed command wrote is taken back.
    """
    half_staged(repo)
    repo.write(".staged/db.yaml", repo.read(".staged/db.yaml").replace('"v": 2', '"v": 7'))

    done = repo.run("stage", "new")

    assert "taken back: .staged/app.yaml, .staged/new.yaml\n" in done.err
    assert '"v": 7' in repo.read(".staged/db.yaml")


@pytest.mark.parametrize("text", ["", "{", "null\n", '{"before": {}}\n', '{"before": {"a": 1}, "after": {"a": 1}}\n'])
def test_a_note_that_is_torn_or_no_note_is_passed_over(repo: Repo, text: str) -> None:
    """
    Nothing was written before the note was whole.
    """
    repo.define("db").commit()
    repo.write(".git/stagectl/staging", text)

    assert "" == repo.ok("stage").err
    assert "" == repo.read(".git/stagectl/staging")


def test_a_lock_that_a_killed_git_left_is_named_with_what_to_do(repo: Repo) -> None:
    """
    One line of what is the matter, one of what to do; then it works.
    """
    repo.define("db").commit()
    repo.write(".git/index.lock", "")
    before = repo.git("rev-parse", "HEAD")

    done = repo.run("stage")

    assert (1, before) == (done.code, repo.git("rev-parse", "HEAD"))
    assert done.err == (
        f"error: git add failed: {UP}.git/index.lock is there: another git is at work here, or one was killed\n"
        f"hint: wait for it; if no git runs here any more: rm {UP}.git/index.lock\n"
    )
    assert not (repo.root / ".staged").exists()
    (repo.top / ".git/index.lock").unlink()
    repo.ok("stage")


def test_a_git_that_dies_while_it_is_asked_is_an_error_and_no_answer(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    "No answer" was taken for "there is no such file", and a commit without all others came of it. Another git is
    asked once: Ctrl-C ends the first, and what was written is still to be put back.
    """
    from stagectl.adapters.git.git import Git, GitError

    repo.define("db").commit()
    blob = Oid(repo.git("rev-parse", "HEAD:resources/db.yaml").strip())
    start = Git.start
    begun: List[str] = []
    dies = 0

    def dying(git: Git, *words: str, **more: Any) -> subprocess.Popen[bytes]:
        process = start(git, *words, **more)
        if words[0] == "cat-file":
            begun.append(words[0])
            if len(begun) <= dies:
                process.kill()
                process.wait()
        return process

    questions: List[Callable[[Git], Any]] = [lambda git: git.look_up(["HEAD^{tree}"]), lambda git: git.objects([blob])]
    for question in questions:
        for dies in (1, 2):
            begun.clear()
            with monkeypatch.context() as patched:
                patched.setattr(Git, "start", dying)
                git = Git(repo.root)
                if dies == 1:
                    assert all(question(git))
                else:
                    with pytest.raises(GitError, match="git cat-file ended before it had answered"):
                        question(git)
            assert ["cat-file"] * 2 == begun


def test_an_id_of_nothing_is_not_found(repo: Repo) -> None:
    """
    Git repeats the id, and says that it is missing.
    """
    from stagectl.adapters.git.git import Git

    assert [None] == Git(repo.root).look_up(["fb38a527dab90e50060cae2827722380960bd90d"])
