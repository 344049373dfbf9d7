# ruff: noqa: E501 (whole messages in one line each)
"""Walks of a new user: each answer says what happened, why, and the next command. Whole outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import FOLDER, PLACE, ROOT, Ran, Repo


def stagectl(folder: Path, *arguments: str, **env: str) -> Ran:
    """Run one command line anywhere, with no operator at the keyboard."""
    done = subprocess.run(
        [sys.executable, "-m", "stagectl", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **env}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def test_outside_a_repository(tmp_path: Path) -> None:
    """
    The next step is to make one.
    """
    assert Ran(
        1,
        "",
        f"error: {tmp_path} is not inside the working tree of a git repository\n"
        "hint: make one here: git init && stagectl init\n",
    ) == stagectl(tmp_path, "plan")


def test_where_git_has_no_working_tree(tmp_path: Path) -> None:
    """
    A bare repository is to be cloned, git's own folder to be left: neither asks for another repository.
    """
    repo = Repo(tmp_path / "work tree")
    repo.git("init", "-q", "--bare", str(tmp_path / "bare it"))

    for folder, hint in (
        (tmp_path / "bare it", f"this repository is bare: git clone '{tmp_path}/bare it' has a working tree"),
        (repo.top / ".git", "this is git's own folder: go up to the working tree"),
    ):
        said = f"error: {folder} is not inside the working tree of a git repository\nhint: {hint}\n"
        assert Ran(1, "", said) == stagectl(folder, "plan")


def test_an_empty_repository(tmp_path: Path) -> None:
    """
    Every looking command has an answer; init says what it made and what comes next.
    """
    repo = Repo(tmp_path, init=False, folder="")
    repo.git("init", "-q", "-b", "main")

    assert repo.run("plan") == Ran(0, "No changes. The applied state matches what is staged.\n", "")
    assert repo.run("status") == Ran(
        0,
        "Nothing is applied yet.\n"
        "Nothing is defined yet. Next: write resources/NAME.yaml; stagectl init makes the folders and a first kind\n",
        "",
    )
    assert repo.run("log") == Ran(0, "Nothing was staged or applied yet.\n", "")
    assert repo.run("graph") == Ran(0, "There are no resources yet.\n", "")
    assert repo.run("kinds") == Ran(0, "There are no kinds yet: add kinds/<name>.yaml.\n", "")
    assert repo.run("validate") == Ran(0, "All is well: 0 definitions, 0 staged files, 0 kinds.\n", "")
    assert repo.run("apply", "--yes") == Ran(
        1, "", "error: there is no commit yet, so nothing is staged\nhint: stage something: stagectl stage\n"
    )
    assert repo.run("init") == Ran(
        0,
        "wrote stagectl.yaml\nwrote kinds/service.yaml\nmade resources/\n"
        "wrote .stagectl/schema/, for editors\n"
        "Next: write resources/NAME.yaml, commit kinds/, .stagectl/ and stagectl.yaml, then: stagectl stage\n",
        "",
    )
    assert repo.run("init") == Ran(0, "Everything is here already.\n", "")


def test_init_has_git_fetch_the_applied_branch_and_keeps_what_is_there(tmp_path: Path) -> None:
    """
    In a clone of one branch; a plain clone fetches it already. Files that are there stay, and none of ours is left
    for git to ignore.
    """
    repo = Repo(tmp_path / "repo", folder="").write("stagectl.yaml", "parallelism: 2\n").define("db").apply_all()
    rule = "+refs/heads/stagectl/applied:refs/remotes/origin/stagectl/applied"
    for options, said in (("--single-branch",), f"added the fetch rule {rule}\n"), ((), ""):
        clone = Repo(tmp_path / f"clone{len(options)}", init=False, folder="")
        repo.git("clone", "-q", *options, str(repo.top), str(clone.root))
        assert clone.run("init") == Ran(
            0, f"wrote .stagectl/schema/, for editors\n{said}Next: write resources/NAME.yaml, commit kinds/, .stagectl/ and stagectl.yaml, then: stagectl stage\n", ""
        )  # fmt: skip
        assert clone.run("init") == Ran(0, "Everything is here already.\n", "")
        clone.git("fetch", "-q")
        assert "No changes" in clone.ok("plan").out
        assert ("parallelism: 2\n", "?? .stagectl/\n") == (clone.read("stagectl.yaml"), clone.git("status", "--short"))
    assert repo.run("init", "--example") == Ran(
        1, "", "error: there are resources or kinds here already\nhint: make the example in an empty repository\n"
    )


def test_nothing_to_do(repo: Repo) -> None:
    """
    Neither a commit nor an alarm.
    """
    repo.define("db").apply_all()

    assert repo.run("stage") == Ran(0, "Nothing to stage. The staged files are as the definitions say.\n", "")
    assert repo.run("plan") == Ran(0, "No changes. The applied state matches what is staged.\n", "")
    assert repo.run("apply", "--yes") == Ran(0, "No changes. The applied state matches what is staged.\n", "")


def test_no_operator_at_the_terminal(repo: Repo) -> None:
    """
    Apply never waits for an answer that cannot come.
    """
    repo.define("db").stage()

    assert repo.run("apply") == Ran(
        64,
        "",
        "error: there is no terminal to ask on\nhint: say --yes, or --expect PLAN_ID for a reviewed plan\n",
    )


def test_no_identity(repo: Repo) -> None:
    """
    Git's own question, answered before anything is written.
    """
    repo.define("db")
    for key in ("user.name", "user.email"):
        repo.git("config", "--unset", key)
    repo.git("config", "user.useConfigOnly", "true")

    assert repo.run("stage") == Ran(
        1,
        "",
        "error: git does not know who you are\nhint: set it: "
        'git config --global user.name "Your Name" && git config --global user.email you@example.com\n',
    )
    assert repo.git("status", "--porcelain") == "?? resources/\n"


@pytest.mark.parametrize(
    ("arguments", "code", "err"),
    [
        (["plan", "dbb"], 1, "error: there is no resource 'dbb'; did you mean 'db'?\nhint: the resources there are: db\n"),
        (["plan", "-t", "prd"], 1, "error: no resource has the tag 'prd'; did you mean 'prod'?\nhint: the tags there are: prod; one that may match nothing: 'vocabulary' in stagectl.yaml\n"),
        (["plan", "db.restrat"], 1, "error: 'db' has no action 'restrat'; did you mean 'restart'?\nhint: the actions of kind service are: run, update, remove, restart, test\n"),
        (["show", "db.update"], 1, "error: 'db.update' is not a resource name; the resource of that change is 'db'\nhint: a name looks like prod/db\n"),
        (["stage", "db", "-a", "restrat"], 1, "error: 'restrat' is no action of db, which is of kind service; did you mean 'restart'?\nhint: its actions: run, update, remove, restart, test\n"),
        (["plan", "--head", "nope"], 1, "error: there is no commit 'nope'\nhint: see the commits with: stagectl log\n"),
        (["plan", "--base", "nope"], 1, "error: there is no commit 'nope'\nhint: see the commits with: stagectl log\n"),
        (["plan", "--explain", "db", "--format", "json"], 64, "error: --explain is text, and no --format json\nhint: leave one of them out\n"),
        (["plan", "--explain", "dbb"], 1, "error: there is no resource 'dbb'; did you mean 'db'?\nhint: the resources there are: db\n"),
        (["show", "dbb"], 1, "error: there is no resource 'dbb'; did you mean 'db'?\nhint: the resources there are: db\n"),
    ],
)  # fmt: skip
def test_a_wrong_word_names_the_nearest_right_one(repo: Repo, arguments: list, code: int, err: str) -> None:
    """
    Names, tags, actions, commits.
    """
    repo.define("db", tags=["prod"]).stage()

    assert repo.run(*arguments) == Ran(code, "", err)


def test_an_unknown_option_or_command_is_a_usage_error(repo: Repo) -> None:
    """
    Exit code 64, whatever the parser behind it.
    """
    for arguments in (["plan", "--nope"], ["nope"], ["plan", "--format", "nope"], ["apply", "--parallel", "0"]):
        done = repo.run(*arguments)
        command = f"stagectl {arguments[0]}" if arguments[0] != "nope" else "stagectl"
        assert (64, "") == (done.code, done.out)
        assert "\nerror: " in done.err and done.err.endswith(f"\nhint: see: {command} --help\n")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("resources/prod/web.yaml", "'resources/prod/web.yaml' is not a resource name; did you mean 'prod/web'?"),
        (".staged/prod/web.yaml", "'.staged/prod/web.yaml' is not a resource name; did you mean 'prod/web'?"),
        ("resources/prod/web", "there is no resource 'resources/prod/web'; did you mean 'prod/web'?"),
        ("web", "there is no resource 'web'; did you mean 'prod/web' or 'staging/web'?"),
        ("web.yaml", "'web.yaml' is not a resource name; did you mean 'prod/web' or 'staging/web'?"),
    ],
)
def test_for_a_path_of_a_file_or_a_bare_name_the_name_is_printed(repo: Repo, word: str, said: str) -> None:
    """
    What a shell completes, and what stands in a folder: not a resource, but it is plain which one is meant.
    """
    repo.define("prod/web").define("staging/web").define("db").stage()

    assert repo.run("plan", word).err.splitlines()[0] == f"error: {said}"


def test_it_runs_inside_a_hook(repo: Repo) -> None:
    """
    What git shows a hook of the commit being made is respected, and not passed on to actions.
    """
    repo.kind("git", actions=()).write(
        "kinds/git.yaml", "actions:\n  run: [sh, -c, 'test -z \"$GIT_INDEX_FILE\" && echo in.order >> actions.log']\n"
    )
    repo.define("db", kind="git").commit()
    repo.stage()
    hook = repo.top / ".git/hooks/post-commit"
    hook.write_text(
        f"#!/bin/sh\nPYTHONPATH={ROOT} {sys.executable} -m stagectl -C ./{FOLDER} apply --yes > ./{PLACE}said 2>&1\n"
    )
    hook.chmod(0o755)

    repo.git("commit", "-q", "--allow-empty", "-m", "go")

    assert ["in.order"] == repo.log(), repo.read("said")
