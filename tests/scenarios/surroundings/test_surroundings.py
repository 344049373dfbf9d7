"""Shapes of repositories and surroundings that are not as one hopes: each is served, or it is reported what it is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, List

import pytest

from tests.build import FOLDER, PATIENCE, ROOT, Repo, ended
from tests.scenarios.surroundings.test_git_manners import applied_and_edited, bare, clone, hook, settings, state
from tests.scenarios.teams.world import until

pytestmark = pytest.mark.once

UPDATE = "~ db.update  (staged)\n    v: 1 -> 2\n\nPlan: 0 to run, 1 to update, 0 to remove, 0 other.\n"


# --- shapes


def test_a_bare_repository_is_planned_with_head(repo: Repo) -> None:
    """
    As a hosting site would, in its own copy; there is no working tree, so nothing else works there.
    """
    applied_and_edited(repo)
    repo.write("stagectl.yaml", "applied_branch: other\n").commit()
    site, here = Repo(bare(repo), init=False, folder=""), ("-C", FOLDER) if FOLDER else ()

    assert UPDATE == site.ok("plan", "--head", "main~1", *here).out
    assert "+ db.run" in site.ok("plan", "--head", "main", *here).out  # by that commit's own config nothing is applied
    for words in (["plan"], ["status"], ["stage"], ["apply", "--yes"]):
        assert site.run(*words).err == (
            f"error: {site.root} is not inside the working tree of a git repository\n"
            f"hint: this repository is bare: git clone {site.root} has a working tree\n"
        )


@pytest.mark.parametrize("folder", ["resources", ".staged", "kinds"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_submodule_among_the_files_is_refused(repo: Repo, tmp_path: Path, folder: str, is_there: bool) -> None:
    """
    Its files are in no commit of ours, also where it was not fetched and an author put files into its folder.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    other = Repo(tmp_path / "other").define("x")
    other.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), f"{folder}/team")
    repo.commit()
    if not is_there:
        shutil.rmtree(repo.root / folder / "team")
        repo.write(f"{folder}/team/y.yaml", "---\nkind: service\n---\ninputs: {}\n")
    before = state(repo)

    done = [repo.run("stage"), repo.run("status"), *([] if folder == "resources" else [repo.run("plan")])]

    reported = (
        f"{folder}/team:1:1: a submodule: its files are another repository's, and no commit of this one has them\n"
    )
    assert [(1, reported)] * len(done) == [(each.code, each.err) for each in done]
    assert before == state(repo)


def test_what_a_partial_clone_lacks_is_reported(repo: Repo) -> None:
    """
    Never a plan from what happens to be here; with everything here it is the plan of all.
    """
    applied_and_edited(repo)
    site = bare(repo)
    subprocess.run(["git", "config", "uploadpack.allowFilter", "true"], cwd=site, check=True)
    path = repo.root.parent / "partial"
    repo.git("clone", "-q", "--branch", "main", "--filter=blob:none", f"file://{site}", str(path))
    partial = Repo(path, init=False)
    settings(partial, user_name="CI", user_email="ci@example.com")
    for words in (["plan"], ["status"], ["apply", "--yes", "--offline"], ["verify"]):
        reported = partial.run(*words).err
        assert reported.endswith(
            "failed: this partial clone lacks what it needs, and asks no remote for it while it looks\n"
            "hint: get everything: git fetch --refetch --no-filter\n"
        ), reported
    partial.git("fetch", "-q", "--refetch", "--no-filter")
    assert UPDATE == partial.ok("plan").out


def test_a_sparse_checkout_plans_and_stages_all_the_same(repo: Repo) -> None:
    """
    What is not checked out is read from the index; a child out there is affected as ever.
    """
    repo.define("a/db", inputs={"v": 1}).define("b/app", inputs={"p": "${a/db.v}"}).apply_all()
    repo.git("sparse-checkout", "set", "resources/a", ".staged/a", "kinds")
    assert not (repo.root / ".staged/b").exists()

    repo.define("a/db", inputs={"v": 2}).stage("a/db")

    assert (["a/db.update", "b/app.update"], "") == (repo.plan().ids, repo.git("status", "--porcelain"))
    assert 0 == repo.apply().code


def test_object_ids_of_sha256(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    From the first stage to verify.
    """
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    repo = Repo(tmp_path / "repo").define("db", inputs={"v": 1}).stage()
    repo.ok("apply", "--yes")
    repo.ok("update", "db", "--set", "v=2")

    assert UPDATE == repo.ok("plan").out
    repo.ok("apply", "--yes")
    assert "Checked 3 applied commits: all as they have to be.\n" == repo.ok("verify").out
    assert 64 == len(repo.git("rev-parse", "stagectl/applied").strip())


def test_a_name_in_two_pieces_is_no_name(repo: Repo) -> None:
    """
    As macOS writes an e with an accent; names have no accents at all, so no two writings are ever the same name.
    """
    for name in ("e\u0301", "\u00e9"):
        repo.write(f"resources/{name}.yaml", "---\nkind: service\n---\n{}\n")

    reported = repo.run("stage").err.splitlines()

    assert 2 == len(reported) and all("is no name for a resource or folder" in line for line in reported)


def test_twins_in_case_are_refused_where_git_ignores_case(repo: Repo) -> None:
    """
    core.ignorecase is what clones on macOS and Windows have.
    """
    repo.git("config", "core.ignorecase", "true")
    repo.define("db", inputs={"v": 1}).apply_all()
    repo.define("db", inputs={"v": 2}).stage()
    assert UPDATE == repo.ok("plan").out

    repo.define("DB")

    assert "two names that are the same or differ only in case" in repo.run("stage").err


# --- surroundings

ODD: Dict[str, Dict[str, str]] = {
    "LANG=C": {"LANG": "C", "LC_ALL": "C"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "home": {"HOME": "/proc/nowhere", "XDG_CONFIG_HOME": "/proc/nowhere"},
    "pathspecs": {"GIT_GLOB_PATHSPECS": "1", "GIT_ICASE_PATHSPECS": "1"},
    "programs": {"GIT_EXTERNAL_DIFF": "false", "GIT_PAGER": "false", "GIT_EDITOR": "false", "PAGER": "false"},
    "ceiling": {"GIT_CEILING_DIRECTORIES": "/"},
    "optional locks": {"GIT_OPTIONAL_LOCKS": "0"},
    "namespace": {"GIT_NAMESPACE": "other"},
}


@pytest.mark.parametrize("which", list(ODD))
def test_odd_surroundings_change_nothing(repo: Repo, which: str) -> None:
    """
    What is said and done is what it is without them, letter by letter.
    """
    repo.define("db", inputs={"v": 1, "t": "é"}).commit()
    env = ODD[which]

    repo.ok("stage", env=env)
    repo.ok("apply", "--yes", env=env)
    repo.ok("update", "db", "--set", "t=ü", env=env)

    expected = '~ db.update  (staged)\n    t: "é" -> "ü"\n\nPlan: 0 to run, 1 to update, 0 to remove, 0 other.\n'
    assert (expected, expected) == (repo.ok("plan", env=env).out, repo.ok("plan").out)
    assert "" == repo.git("status", "--porcelain")


def test_without_git_every_verb_says_so(repo: Repo) -> None:
    """
    And what to do.
    """
    for words in (["stage"], ["plan"], ["apply", "--yes"], ["discard", "--all"], ["revert", "HEAD"], ["sync"]):
        done = repo.run(*words, env={"PATH": "/nonexistent"})
        assert (1, "error: git was not found\nhint: install git, or put it on the PATH\n") == (done.code, done.err)


def test_half_of_what_names_a_repository_is_not_guessed(repo: Repo, tmp_path: Path) -> None:
    """
    GIT_WORK_TREE alone had git look for the repository in the wrong place: nothing was there, and nothing planned.
    """
    repo.define("db").commit()

    done = repo.run("plan", env={"GIT_WORK_TREE": str(tmp_path)})

    assert (1, "") == (done.code, done.out)
    assert done.err == (
        "error: GIT_WORK_TREE is set, and GIT_DIR is not: which repository is meant is not clear\n"
        "hint: set GIT_DIR, too, or: unset GIT_WORK_TREE\n"
    )


@pytest.mark.parametrize(
    ("key", "value", "reported"),
    [
        ("GIT_CONFIG_COUNT", "abc", "error: git cannot start: error: bogus count in GIT_CONFIG_COUNT\n"),
        ("GIT_DIR", "/nonexistent", "hint: GIT_DIR is set, and says where git looks: unset GIT_DIR\n"),
        ("GIT_OBJECT_DIRECTORY", "/nonexistent", "hint: GIT_OBJECT_DIRECTORY is set, and says where git looks"),
        ("GIT_COMMITTER_DATE", "x", "error: GIT_COMMITTER_DATE: fatal: invalid date format: x\n"),
    ],
)
def test_a_variable_of_gits_that_is_wrong_is_named(repo: Repo, key: str, value: str, reported: str) -> None:
    """
    Neither "make a repository here" nor "say who you are" would help.
    """
    done = repo.define("db").run("stage", env={key: value})

    assert (1, "") == (done.code, done.out)
    assert reported in done.err


@pytest.mark.parametrize("words", ["plan", "stage", "apply --yes"])
def test_a_git_that_is_too_old_is_refused(repo: Repo, tmp_path: Path, words: str) -> None:
    """
    Git before 2.31 does not know the variables that keep a repository from having it run programs.
    """
    repo.define("db").ok("stage")
    old = tmp_path / "old/git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\nunset GIT_CONFIG_COUNT\nexec {shutil.which("git")} "$@"\n')
    old.chmod(0o755)

    done = repo.run(*words.split(), env={"PATH": f"{old.parent}{os.pathsep}{os.environ['PATH']}"})

    assert (1, "") == (done.code, done.out)
    assert done.err.startswith("error: git is older than 2.31: ")
    assert done.err.endswith("hint: install a newer one; see which it is: git version\n")


STAGECTL = f"{sys.executable} -m stagectl"


def of_shell(repo: Repo, script: str) -> subprocess.CompletedProcess[str]:
    """What comes of a shell script, which can give a process what Python would not."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["sh", "-c", script], cwd=repo.root, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_lead_nowhere(repo: Repo, closed: str) -> None:
    """
    As cron and some CI start programs: nothing is a bug, and no file gets the number of a stream and what is printed.
    """
    repo.define("db", inputs={"v": 1}).commit()

    for words in ("stage", "plan", "apply --yes", "status"):
        done = of_shell(repo, f"exec {STAGECTL} {words} {closed}")
        assert 0 == done.returncode
        assert "bug" not in done.stderr and "Traceback" not in done.stderr
    assert ["db.run"] == repo.log()
    assert "" == repo.git("fsck", "--strict", "--no-dangling")


def test_a_current_folder_that_is_gone_is_reported(repo: Repo) -> None:
    """
    Another author's checkout, or an action, took it away.
    """
    done = of_shell(repo, f"mkdir gone && cd gone && rmdir ../gone && exec {STAGECTL} plan")

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr == "error: the current folder is gone\nhint: go to the repository with cd, and try again\n"


def test_an_index_in_a_folder_that_is_not_there_is_reported(repo: Repo) -> None:
    """
    GIT_INDEX_FILE, as a script that was written for another machine sets it.
    """
    done = repo.define("db").run("stage", env={"GIT_INDEX_FILE": "/nonexistent/index"})

    assert (1, "") == (done.code, done.out)
    assert done.err == (
        "error: git's index cannot be written: there is no folder /nonexistent\n"
        "hint: make it, or: unset GIT_INDEX_FILE\n"
    )


@pytest.mark.parametrize("files", [7, 10])
@pytest.mark.parametrize("words", ["plan", "stage"])
def test_too_few_open_files_are_reported(repo: Repo, words: str, files: int) -> None:
    """
    However early it is that no more can be opened.
    """
    done = of_shell(repo, f"ulimit -n {files}; exec {STAGECTL} {words}")

    assert 1 == done.returncode
    assert done.stderr.startswith("error: Too many open files") and "ulimit -n" in done.stderr


@pytest.mark.parametrize("start", [".staged", "kinds", "resources", "stagectl.yaml"])
def test_a_file_in_the_place_of_a_folder_is_not_taken_for_an_empty_one(repo: Repo, start: str) -> None:
    """
    Nor a folder in the place of the config: it would be a plan to remove everything, or one with other settings.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    repo.plan()
    shutil.rmtree(repo.root / start, ignore_errors=True)
    repo.write(f"{start}/x" if start == "stagectl.yaml" else start, "x\n")
    there, wanted = ("folder", "file") if start == "stagectl.yaml" else ("file", "folder")
    reported = f"{start}:1:1: a {there}: here has to be a {wanted}\n"

    assert reported in repo.run("status").err
    assert reported in repo.run("stage").err
    if start != "resources":  # which a plan is not made from
        assert reported in repo.run("plan").err
        repo.commit()
        assert reported in repo.run("plan").err
        assert reported in repo.run("plan", "--head", "HEAD").err


def test_a_clock_that_jumps_back_mixes_nothing_up(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Commits and files are of the past: what was staged last is what is planned, and the newest run is the last one.
    """
    repo.define("db", inputs={"v": 1}).apply_all()
    for key in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(key, "2001-01-01T00:00:00Z")
    monkeypatch.setattr(time, "time", lambda: 1e9)

    repo.define("db", inputs={"v": 2}).stage()
    os.utime(repo.root / ".staged/db.yaml", (1, 1))

    assert UPDATE == repo.ok("plan").out
    repo.ok("apply", "--yes")
    assert (2, []) == (repo.applied("db")["inputs"]["v"], repo.plan().ids)
    assert ["db.update"] == [change["id"] for change in repo.ok("report", "--json").json()["changes"]]


# --- what takes for ever


def living(group: int) -> List[str]:
    """The processes of a group that have not ended, whether or not note was taken of their end."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, fields = path.read_text(errors="replace").rpartition(")")
            state, _, of = fields.split()[:3]
            found += [name] if int(of) == group and state not in "ZX" else []
    return found


def interrupted(repo: Repo, *words: str, begun: Path, env: Dict[str, str]) -> int:
    """Press Ctrl-C once a program has begun that never ends; return the exit code. Nothing may be left running."""
    process = repo.begin(*words, env=env, group=True)
    until(begun.exists)
    os.killpg(process.pid, signal.SIGINT)
    done = ended(process)
    until(lambda: not living(process.pid))
    assert "interrupted" in done.err
    return done.code


def hanging(begun: Path) -> str:
    return f"touch {begun}; exec sleep 1000"


def test_a_hook_that_hangs_is_ended_by_control_c(repo: Repo, tmp_path: Path) -> None:
    """
    The files are as they were, and no lock is left.
    """
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2})
    hook(repo, "pre-commit", hanging(tmp_path / "begun"))
    before = state(repo)

    assert 130 == interrupted(repo, "stage", begun=tmp_path / "begun", env={})

    assert before == state(repo)
    (repo.top / ".git/hooks/pre-commit").unlink()
    assert "" == repo.ok("stage").err


@pytest.mark.parametrize("words", [["sync"], ["apply", "--yes"]], ids=str)
def test_a_remote_that_hangs_is_ended_by_control_c(repo: Repo, tmp_path: Path, words: List[str]) -> None:
    """
    Nothing moved, nothing ran; the next command goes on as if nothing had been.
    """
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2}).stage()
    repo.git("remote", "add", "origin", "ssh://nobody@example.invalid/x")
    before = repo.git("for-each-ref")

    command = f"sh -c '{hanging(tmp_path / 'begun')}'"
    assert 130 == interrupted(repo, *words, begun=tmp_path / "begun", env={"GIT_SSH_COMMAND": command})

    assert (before, []) == (repo.git("for-each-ref"), repo.log())
    assert 0 == repo.apply("--offline").code


def test_a_clone_of_the_past_is_no_wrong_plan(repo: Repo) -> None:
    """
    A shallow clone without the applied branch says that it does not know; with it, it plans what all plan.
    """
    applied_and_edited(repo)
    shallow = clone(repo, "--depth", "1")

    done = shallow.run("plan")

    assert "warning: this clone has no branch stagectl/applied" in done.err
