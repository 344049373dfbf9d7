"""Where git's word is not the whole truth: what is reported is what reading every file shows."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, List, Optional

import pytest

from stagectl.adapters.git import prefetch
from stagectl.adapters.git.git import Git
from stagectl.adapters.git.prefetch import PLACES, SETTINGS, STANDS, changed_words, known_words
from stagectl.adapters.worktree import folders, untracked
from tests.build import PATIENCE, Repo, ended, record

pytestmark = pytest.mark.once


@pytest.fixture
def known(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """All is applied, and everything that is kept is there."""
    monkeypatch.setattr(folders, "RACY", 0)
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).define("p/x", inputs={"a": 1})
    record(repo).run("status")
    return repo


def edit(repo: Repo, path: str) -> None:
    repo.write(path, repo.read(path).replace("1", "2"))


SUBMODULE = """
    git init -q $HOME/other; cd $HOME/other; printf -- '---\nkind: service\n---\ninputs: {}\n' > n.yaml; git add .
    git -c user.name=Ada -c user.email=ada@example.com commit -qm other; cd $OLDPWD
    git -c protocol.file.allow=always submodule add -q $HOME/other WHERE/sub; git commit -qm 'another repository'
"""
LINE_ENDS = """
    echo '*.yaml eol=crlf' > .staged/p/.gitattributes; git add .; git commit -qm 'line ends'
    rm .staged/p/x.yaml; git checkout -q .staged/p/x.yaml
"""
SAME_TO_GIT = """
    echo '* text=auto' > .gitattributes; git add .; git commit -qm 'line ends'
    sed -i 's/$/\r/' .staged/db.yaml; git add -A
"""
# What an author does in a shell; there, `edit` writes 2 for each 1 into a file.
CASES = {
    "a staged file comes": "cp .staged/db.yaml .staged/new.yaml",
    "a staged file comes in a new folder": "mkdir .staged/a .staged/a/b; cp .staged/db.yaml .staged/a/b/c.yaml",
    "a definition comes": "cp resources/db.yaml resources/new.yaml",
    "a kind comes": "cp kinds/service.yaml kinds/new.yaml",
    "forgotten": "git rm -q --cached .staged/db.yaml",
    "left alone": "git update-index --assume-unchanged .staged/db.yaml; edit .staged/db.yaml",
    "a definition left alone": "git update-index --assume-unchanged resources/db.yaml; edit resources/db.yaml",
    "out of the working tree": "git update-index --skip-worktree .staged/p/x.yaml; rm .staged/p/x.yaml",
    "with the times of before": """
        sleep 1.1  # git compares whole seconds then
        git config core.trustctime false; git config core.checkStat minimal; git update-index --refresh
        touch -r .staged/db.yaml $HOME/times; edit .staged/db.yaml; touch -r $HOME/times .staged/db.yaml
    """,
    "twins that git takes for one": "git config core.ignoreCase true; cp resources/db.yaml resources/DB.yaml",
    "literal paths": "cp resources/db.yaml resources/DB.yaml",
    "paths in any case": "edit resources/db.yaml",
    "forgotten and ignored": """
        echo .staged/db.yaml >> .gitignore; git commit -qam ignored; git rm -q --cached .staged/db.yaml
    """,
    "a link": "ln -s db.yaml resources/other",
    "a link for a root": "mv resources old; ln -s nowhere resources",
    "a pipe": "mkfifo .staged/pipe.yaml",
    "a file for a folder": "rm -r .staged; echo x > .staged",
    "a submodule of definitions": SUBMODULE.replace("WHERE", "resources"),
    "a submodule of staged files": SUBMODULE.replace("WHERE", ".staged"),
    "line ends of a folder": LINE_ENDS,
    "line ends that git takes for the same": SAME_TO_GIT,
    "line ends that git takes for the same, in a file that is touched": SAME_TO_GIT
    + "touch -d yesterday .staged/db.yaml",
    "line ends of attributes that are gone": LINE_ENDS + "rm .staged/p/.gitattributes",
    "another object in its place": """
        git replace $(git rev-parse HEAD:./.staged/db.yaml) $(sed s/1/2/g .staged/db.yaml | git hash-object -w --stdin)
    """,
    "no child is heard of": "",
}
VARIABLES = {"literal paths": "GIT_LITERAL_PATHSPECS", "paths in any case": "GIT_ICASE_PATHSPECS"}


@pytest.mark.parametrize("case", CASES)
def test_what_git_does_not_report(known: Repo, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """
    Plan, status and stage say, with what was kept before, what they say when everything is read.
    """
    function = 'edit() { text=$(sed s/1/2/g "$1"); echo "$text" > "$1"; }'
    subprocess.run(["sh", "-e", "-c", f"{function}\n{CASES[case]}"], cwd=known.root, check=True, timeout=PATIENCE)
    if case in VARIABLES:
        monkeypatch.setenv(VARIABLES[case], "1")
    hearing = signal.getsignal(signal.SIGCHLD)
    if case == "no child is heard of":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        commands = (("plan", "--format", "json"), ("status",), ("stage", "--check"), ("plan",))
        found = [known.run(*words) for words in commands]
        monkeypatch.setenv("STAGECTL_CACHE", "off")
        assert found == [known.run(*words) for words in commands]
    finally:
        signal.signal(signal.SIGCHLD, hearing)


def test_a_plan_says_nothing_of_folders_that_it_did_not_look_into(known: Repo) -> None:
    """
    A definition comes; a plan, which does not look at definitions, is no reason for `status` to overlook it.
    """
    known.define("new")
    known.run("plan")
    known.run("plan")

    assert "new: new" in known.run("status").out


def test_what_was_staged_and_never_applied_can_go_again(known: Repo) -> None:
    """
    Its staged file goes, and the commit says nothing of a change that is none any more.
    """
    known.define("new").commit()
    known.stage()
    known.delete("new").run("status")

    assert "new.run" not in known.ok("stage").out
    assert "Staged: new" not in known.git("log", "-1", "--format=%B")


def test_what_is_kept_of_a_tree_that_git_forgot_is_not_used(known: Repo) -> None:
    """
    Nor is it ever taken for an option of git.
    """
    (path,) = (known.top / ".git/stagectl/cache").glob("staging-*.json")
    evil = known.root / "evil"
    for tree in ("1" * 40, f"--output={evil}"):
        path.write_text(path.read_text().replace(known.git("rev-parse", "HEAD:.staged").strip(), tree))
        assert "Nothing to do" in known.ok("status").out
    assert not evil.exists()


def test_head_moves_while_everything_is_read(known: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What was read then is not noted as what is true of the new HEAD.
    """
    from stagectl.usecases.looking import status

    (path,) = (known.top / ".git/stagectl/cache").glob("staging-*.json")
    path.unlink()
    plain = status.find_unstaged

    def slow(*arguments: object) -> object:
        found = plain(*arguments)  # type: ignore[arg-type]
        edit(known, "resources/db.yaml")
        known.git("commit", "-qam", "meanwhile")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(status, "find_unstaged", slow)
        patch.setenv("STAGECTL_CACHE", "on")
        known.run("status")

    assert "changed: db" in known.run("status").out


def test_a_folder_that_may_not_be_read_is_reported(known: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With its path. Nothing is closed to root, so the folder is closed by what Python learns of it.
    """
    plain = {name: getattr(os, name) for name in ("listdir", "scandir")}

    def closed(name: str) -> Callable[..., object]:
        def called(path: object = ".") -> object:
            if str(path).endswith("resources/p"):
                raise PermissionError(13, "Permission denied", str(path))
            return plain[name](path)

        return called

    (known.root / "resources/p").chmod(0o700)  # another time of change: it is looked into again
    for name in plain:
        monkeypatch.setattr(os, name, closed(name))

    done = known.run("status")

    assert (1, "resources/p:1:1: cannot be read: Permission denied\n") == (done.code, done.err)


def test_what_came_after_git_was_asked_is_not_taken_for_seen(known: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    `stage` asks git before Python has loaded what looks at the folders: between the two a file may come.
    """
    looks: List[str] = []
    monkeypatch.setattr(untracked, "walk", lambda *which: looks.append("at folders") or folders.walk(*which))

    def are_known_after_a_look(asked: Optional[int] = None) -> bool:
        git = Git(known.root)
        git.prefetch._began = asked
        untracked.see(git, ["resources"])
        looks.clear()
        untracked.see(Git(known.root), ["resources"])
        return not looks

    assert are_known_after_a_look()

    asked = time.time_ns() - 50_000_000  # the clock of files goes by in steps
    known.write(".staged/late.yaml", "---\nkind: service\n---\n")
    (known.root / ".staged/late.yaml").unlink()

    assert not are_known_after_a_look(asked)


def test_stage_and_plan_ask_git_at_once(known: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What they ask ahead is what they ask later: no question to git about all files is asked twice.
    """
    real = shutil.which("git")
    asked = tmp_path / "asked"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\necho "$*" >> {asked}\nexec {real} "$@"\n')
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    for words in (["stage"], ["plan"], ["plan", "-t", "no such tag"], ["status"]):
        edit(known, "resources/db.yaml")
        known.git("update-index", "--refresh", check=False)
        asked.write_text("")

        ended(known.begin(*words))

        looks = [line for line in asked.read_text().splitlines() if "--others" in line or "diff-index" in line]
        assert sorted(set(looks)) == sorted(looks)
        assert 1 <= len(looks) <= 2, words


def test_where_git_knows_all_files_it_is_not_asked_for_others(known: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Its index may have been written again; a file that it was made to forget is found, in a folder that did not change.
    """
    asked: List[str] = []
    looked: List[str] = []
    unknown, into = untracked._unknown, folders._look_into
    monkeypatch.setattr(untracked, "_unknown", lambda *which: asked.append("git") or unknown(*which))
    monkeypatch.setattr(folders, "_look_into", lambda root, path, *more: looked.append(path) or into(root, path, *more))

    def questions(*words: str) -> List[str]:
        known.git(*words, check=False)
        os.utime(known.top / ".git/index")
        asked.clear()
        looked.clear()
        assert known.run("status").code == 0
        return [*asked, *sorted({*looked})]

    assert [] == questions("status")
    known.write(".staged/notes.txt", "")
    all_folders = [".staged", ".staged/p", "kinds", "resources", "resources/p"]
    assert all_folders == questions("add", ".staged/notes.txt")
    assert [] == questions("status")
    assert ["git", *all_folders] == questions("rm", "--cached", ".staged/notes.txt")
    assert "?? .staged/notes.txt" in known.git("status", "--porcelain")


def test_a_file_that_git_does_not_know_is_seen_wherever_it_is_sorted(repo: Repo) -> None:
    """
    What git knows is compared folder by folder, in its order; there may be more of it.
    """
    paths = ["s/a-b/y", "s/a.b", "s/a/b/z", "s/a/x", "s/ab", "s/\u00e9/y", "s/\u00f9"]
    for path in paths:
        repo.write(path, "")
    (repo.root / "s/empty").mkdir()
    for known in itertools.product((True, False), repeat=len(paths)):
        listed = sorted((*itertools.compress(paths, known), "s/\u00e9/yy", "s/\u00f9y"))
        seen = folders.walk(repo.root, ["s"], {}, folders.Listed(("\0H ".join(["", *listed]) + "\0").encode()))
        assert all(known) is not bool(seen.files)


def test_git_looks_before_python_has_loaded_anything(known: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    At the files, and where git's index is new also for those that it does not know. It is not asked what is not needed:
    help needs no git, another revision not the working tree, and what of some tags is staged every file.
    """
    monkeypatch.chdir(known.root)
    known.git("update-index", "--force-write-index", check=False)
    os.utime(known.top / ".git/index")

    for line in ("plan", "plan -t prod", "status", "stage", "stage db"):
        asked = prefetch.start_prefetch(line.split())
        roots = [] if line.startswith("plan") else ["resources"]
        changed = changed_words(asked.project, roots)
        assert asked.take(changed) is not None, line
        assert asked.take(known_words(asked.project, roots)) is not None, line
        assert asked.take(changed) is None, "an answer is given once"
        asked.drop()
    for line in ("plan --help", "plan --head HEAD", "stage -t prod", "log", ""):
        asked = prefetch.start_prefetch(line.split())
        assert [None] * 4 == list(map(asked.take, (SETTINGS, PLACES, STANDS, changed_words(asked.project)))), line
