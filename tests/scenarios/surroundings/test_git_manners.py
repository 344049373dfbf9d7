"""Git's own ways: signing, hooks, the clones that CI makes, and the middle of a merge or a rebase."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from tests.build import ROOT, WHERE, Repo
from tests.scenarios.applying.test_branches import FETCH, NARROW
from tests.scenarios.applying.world import APPLIED

pytestmark = pytest.mark.once

STAGECTL = f"PYTHONPATH={ROOT} {sys.executable} -m stagectl"
MEND = "hint: nothing was staged; mend that and stage again\n"


def state(repo: Repo) -> Tuple[str, ...]:
    """What a refused command must not touch: HEAD, index and working tree, and every file's text."""
    files = sorted(repo.root.glob("*/**/*.yaml"))
    return (
        repo.git("rev-parse", "HEAD"),
        repo.git("ls-files", "--stage"),
        repo.git("status", "--porcelain=v2"),
        "".join(f"{path}\n{path.read_text(encoding='utf-8')}" for path in files),
    )


def hook(repo: Repo, name: str, script: str) -> None:
    repo.write(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n")
    (repo.top / f".git/hooks/{name}").chmod(0o755)


def settings(repo: Repo, **values: str) -> None:
    for key, value in values.items():
        repo.git("config", key.replace("_", "."), value)


# --- signing


def signer(repo: Repo, script: str) -> None:
    """Sign every commit by a program of ours: the last word it is given is the file to sign."""
    program = repo.root.parent / "signer"
    program.write_text(f"#!/bin/sh\nfor file; do :; done\n{script}\n")
    program.chmod(0o755)
    repo.write("../key", "")
    settings(repo, gpg_format="ssh", gpg_ssh_program=str(program), user_signingkey="../key", commit_gpgsign="true")


def test_commits_are_signed_as_the_user_signs(repo: Repo) -> None:
    """
    stage, create, update, discard, move and remove: what git's settings say of signing holds for each commit.
    """
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2})
    signer(repo, 'echo "-----BEGIN SSH SIGNATURE-----" > "$file.sig"')
    commands = ["stage", "create new --kind service", "update db --set v=3", "discard db", "move db base", "remove new"]

    for command in commands:
        before = repo.git("rev-parse", "HEAD")
        repo.ok(*command.split())
        assert before == repo.git("rev-parse", "HEAD~1"), command
        assert "\ngpgsig" in repo.git("cat-file", "commit", "HEAD"), command


def test_a_signer_that_fails_leaves_everything_as_it_was(repo: Repo) -> None:
    """
    The message has the signer's words; nothing was written, by none of the verbs.
    """
    repo.define("db", inputs={"v": 1}).define("new").apply_all().define("db", inputs={"v": 2}).stage().stage(
        "-a", "test"
    )
    signer(repo, "echo the card is locked >&2; exit 1")
    repo.define("new", inputs={"v": 2})
    before = state(repo)

    for command in ("stage", "create more --kind service", "update db --set v=3", "discard db", "move db base"):
        done = repo.run(*command.split())
        assert (1, "") == (done.code, done.out), command
        message = "error: git commit refused: error: the card is locked\n\nfatal: failed to write commit object\n"
        assert message + MEND == done.err, command
        assert before == state(repo), command


# --- hooks


def test_what_a_hook_changes_in_the_staged_file_is_committed_and_nothing_is_left_over(repo: Repo) -> None:
    """
    Git leaves the old text in the index after a partial commit: the next commit would take the hook's edit back.
    """
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2})
    edit = 'for file in .staged/db.yaml resources/db.yaml; do echo "# checked" >> $file; git add $file; done'
    hook(repo, "pre-commit", edit)

    repo.stage()

    assert "" == repo.git("status", "--porcelain")
    assert repo.git("show", "HEAD:.staged/db.yaml").endswith("# checked\n")
    assert (["db.update"], False) == (repo.plan().ids, repo.plan().raw["head"]["dirty"])
    assert "Nothing to stage. The staged files are as the definitions say.\n" == repo.ok("stage").out


def test_a_trailer_that_a_hook_adds_is_kept(repo: Repo) -> None:
    """
    And the log still reads ours beside it.
    """
    hook(repo, "commit-msg", 'git interpret-trailers --in-place --trailer "Change-Id: I1" "$1"')

    repo.define("db").stage()

    assert "stage: db.run\n\nStaged: db.run\nChange-Id: I1" == repo.git("log", "-1", "--format=%B").strip()
    assert ["db.run"] == repo.ok("log", "--json").json()[0]["changes"]


def test_a_hook_may_ask_stagectl(repo: Repo) -> None:
    """
    In a pre-commit hook, whose index is a file of its own: validate and plan see what is about to be committed.
    """
    repo.define("db", inputs={"v": 1}).apply_all().define("db", inputs={"v": 2})
    hook(repo, "pre-commit", f"({STAGECTL} validate && {STAGECTL} plan && {STAGECTL} status -s) > .git/said 2>&1")

    repo.stage()

    assert repo.read(".git/said") == (
        "All is well: 1 definitions, 1 staged files, 2 kinds.\n"
        "warning: planned with uncommitted changes\n"
        "~ db.update  (staged)\n    v: 1 -> 2\n\nPlan: 0 to run, 1 to update, 0 to remove, 0 other.\n"
        "C  .staged/db.yaml\nS  db.update\n"
    )
    assert "" == repo.git("status", "--porcelain")


@pytest.mark.parametrize("name", ["post-checkout", "post-merge"])
def test_a_hook_may_stage(repo: Repo, name: str) -> None:
    """
    Definitions that come with a checkout or a pull are staged in the repository whose hook it is.
    """
    repo.define("db").apply_all()
    repo.git("checkout", "-q", "-b", "other")
    repo.define("new").commit()
    repo.git("checkout", "-q", "main")
    hook(repo, name, f"GIT_DIR=$(git rev-parse --absolute-git-dir) {STAGECTL} stage > .git/said 2>&1")

    repo.git(*(["checkout", "-q", "other"] if name == "post-checkout" else ["merge", "-q", "other"]))

    head = repo.git("rev-parse", "HEAD")[:12]
    assert f"+ new.run\nStaged 1 file in commit {head}. Next: stagectl plan\n" == repo.read(".git/said")
    assert "" == repo.git("status", "--porcelain")


def test_git_dir_means_what_it_means_to_git(repo: Repo, tmp_path: Path) -> None:
    """
    With a work tree it is that repository, wherever one stands; alone it is that repository's HEAD and these files.
    """
    repo.define("here").commit()
    other = Repo(tmp_path / "other").define("there")
    before, git_dir = state(repo), str(other.top / ".git")

    repo.ok("stage", env={"GIT_DIR": git_dir, "GIT_WORK_TREE": str(other.root)})
    assert (["there.run"], before) == (other.plan().ids, state(repo))
    repo.ok("stage", env={"GIT_DIR": git_dir})
    assert before[0] == repo.git("rev-parse", "HEAD")
    assert "Staged: here.run" in other.git("log", "-1", "--format=%B")


# --- CI's clones


def bare(repo: Repo) -> Path:
    """A bare repository that has everything."""
    path = repo.root.parent / "bare.git"
    repo.git("clone", "-q", "--bare", str(repo.top), str(path))
    return path


def clone(repo: Repo, *options: str) -> Repo:
    """A clone over a real transport; a plain path would ignore --depth."""
    path = repo.root.parent / "clone"
    repo.git("clone", "-q", "--branch", "main", *options, f"file://{bare(repo)}", str(path))
    other = Repo(path, init=False)
    settings(other, user_name="CI", user_email="ci@example.com")
    return other


DEEP = FETCH.replace("fetch", "fetch --unshallow")


def applied_and_edited(repo: Repo) -> str:
    """One apply, one edit that waits, one commit more; returns the applied source."""
    repo.define("db", inputs={"v": 1}).apply_all()
    source = repo.git("rev-parse", "HEAD")[:12]
    repo.define("db", inputs={"v": 2}).stage().commit()
    return source


def test_in_a_shallow_clone_one_command_is_printed_after_which_all_works(repo: Repo) -> None:
    """
    The command that is printed gets the branch and the history; before that plan warns and apply refuses.
    """
    applied_and_edited(repo)
    ci = clone(repo, "--depth", "1")

    assert (["db.run"], NARROW.replace(FETCH, DEEP)) == (ci.plan().ids, ci.ok("plan").err)
    refused = ci.apply()
    assert (1, []) == (refused.code, ci.log())
    assert refused.err == (
        f"error: origin has the branch {APPLIED}, and this clone has not: everything would be run again\n"
        f"hint: fetch it: {DEEP}\n"
    )

    ci.git(*DEEP.split()[1:])
    assert (["db.update"], "") == (ci.plan().ids, ci.ok("plan").err)
    assert (0, ["db.update"]) == (ci.apply().code, ci.log())


def test_without_history_no_work_is_rolled_back_unseen(repo: Repo) -> None:
    """
    Both branches fetched at depth 1: whether the commit contains what is applied is unknown until history is there.
    """
    source = applied_and_edited(repo)
    ci = clone(repo, "--depth", "1")
    ci.git(*FETCH.replace("fetch", "fetch --depth=1").split()[1:])
    unknown = (
        f"whether this commit contains the newest applied one, {source}, is unknown: "
        "this clone lacks history; get it: git fetch --unshallow origin\n"
    )

    assert (["db.update"], f"warning: {unknown}") == (ci.plan().ids, ci.ok("plan").err)
    assert f"error: {unknown}hint: --allow-rollback applies it all the same\n" == ci.apply().err
    assert [] == ci.log()
    refused = ci.run("verify", "--json")
    assert (1, "") == (refused.code, refused.out)
    assert f"error: this clone lacks the history that is to be checked\nhint: get it: {DEEP}\n" == refused.err
    ci.git("fetch", "--unshallow", "origin")
    assert (0, ["db.update"]) == (ci.apply().code, ci.log())


def test_the_applied_commit_itself_needs_no_history(repo: Repo) -> None:
    """
    Depth 1 is enough where HEAD is the newest applied commit, or its history reaches down to it.
    """
    repo.define("db").apply_all()
    ci = clone(repo, "--depth", "1")
    ci.git(*FETCH.replace("fetch", "fetch --depth=1").split()[1:])

    ci.define("db", inputs={"v": 2}).stage()

    assert (["db.update"], "") == (ci.plan().ids, ci.ok("plan").err)
    assert (0, ["db.update"]) == (ci.apply().code, ci.log())


def test_a_plain_clone_needs_no_setup(repo: Repo) -> None:
    """
    `git clone` brings the applied branch along; offline the remote is not even asked.
    """
    applied_and_edited(repo)
    colleague = clone(repo)
    (repo.root.parent / "bare.git").rename(repo.root.parent / "away.git")

    assert (["db.update"], "") == (colleague.plan().ids, colleague.ok("plan").err)
    assert (0, ["db.update"]) == (colleague.apply("--offline").code, colleague.log())


# --- in the middle of something


def enter(repo: Repo, what: str) -> Repo:
    """Stop in the middle of something; `f` is what conflicts, Bob wrote the commits on main."""
    repo.define("db", inputs={"v": 1}).define("app", inputs={"p": "${db.v}"}).define("old")
    repo.write("f", "0\n").apply_all()
    repo.git("checkout", "-q", "-b", "other")
    repo.write("f", "1\n").commit("other")
    repo.git("checkout", "-q", "main")
    settings(repo, user_name="Bob")
    repo.write("f", "2\n").commit("ours")
    repo.write("f", "3\n").commit("more of ours")
    settings(repo, user_name="Ada")
    if what == "rebase --interactive HEAD~1":
        edit = {**os.environ, "GIT_SEQUENCE_EDITOR": "sed -i.bak s/^pick/edit/"}
        subprocess.run(["git", *what.split()], cwd=repo.root, env=edit, check=True, capture_output=True)
    else:
        repo.git(*what.split(), check=False)
    return repo


VERBS = ["stage", "create new --kind service", "update db --set v=5", "remove old", "discard app", "move db base"]


@pytest.mark.parametrize(
    "what",
    ["merge --no-commit --no-ff -X ours other", "merge other", "cherry-pick other", "revert --no-edit HEAD~1"],
)
def test_where_git_commits_no_single_files_every_verb_refuses(repo: Repo, what: str) -> None:
    """
    Conflicts or not; the way out is named, and nothing was written.
    """
    enter(repo, what).define("app", inputs={"p": "${db.v}", "q": 7}).git("add", "resources/app.yaml")
    before, verb = state(repo), what.split()[0]

    for command in VERBS:
        done = repo.run(*command.split(), *(["--force"] if command == "discard app" else []))
        assert done.err == (
            f"error: a {verb} is going on here, in which git commits no single files\n"
            f"hint: finish it (git {verb} --continue) or give it up (git {verb} --abort), then stage again\n"
        ), command
    assert before == state(repo)
    repo.git(verb, "--abort")


@pytest.mark.parametrize("what", ["rebase other", "rebase --interactive HEAD~1", "rebase --exec false HEAD~1"])
@pytest.mark.parametrize("end", ["--continue", "--abort"])
def test_a_stopped_rebase_takes_a_commit_of_ours_and_goes_on(repo: Repo, what: str, end: str) -> None:
    """
    As it takes one of git commit's: conflicts stay open, the message and author of what is being picked are kept.
    """
    start = enter(repo, what).git("rev-parse", "main")
    conflicts = repo.git("ls-files", "--unmerged")

    repo.define("db", inputs={"v": 2}).stage().ok("create", "new", "--kind", "service")
    assert conflicts == repo.git("ls-files", "--unmerged")
    if conflicts:
        repo.write("f", "2\n").git("add", "f")
    while (repo.top / ".git/rebase-merge").exists():  # `exec false` stops once more at its end
        subprocess.run(["git", "rebase", end], cwd=repo.root, env={**os.environ, "GIT_EDITOR": "true"})

    written = [f"stage: db.update{WHERE} by Ada", f"stage: new.run{WHERE} by Ada", "ours by Bob", "more of ours by Bob"]
    found = [line for line in repo.git("log", "--format=%s by %an").splitlines() if line in written]
    assert "ref: refs/heads/main\n" == repo.read(".git/HEAD")
    assert ("3\n", sorted(written)[: None if end == "--continue" else 2]) == (repo.read("f"), sorted(found))
    assert (start == repo.git("rev-parse", "main")) == (end == "--abort")
    assert (["db.update", "app.update", "new.run"] if end == "--continue" else []) == repo.plan().ids


def test_in_a_bisection_it_stages_where_head_is(repo: Repo) -> None:
    """
    No branch moves, and the bisection ends as ever.
    """
    enter(repo, "bisect start HEAD HEAD~2")
    main = repo.git("rev-parse", "main")

    repo.define("db", inputs={"v": 2}).stage()

    assert ["db.update", "app.update"] == repo.plan().ids
    repo.git("bisect", "reset")
    assert (main, main, []) == (repo.git("rev-parse", "HEAD"), repo.git("rev-parse", "main"), repo.plan().ids)
