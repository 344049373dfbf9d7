"""The index in the applied commit: exact after whatever made the commit, used at once, and missed by no command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from stagectl.adapters.applied.store import load_states
from stagectl.adapters.applied.write import state_trees
from stagectl.adapters.git.git import Git
from stagectl.adapters.git.objects import Objects
from stagectl.core.model import Oid
from tests.build import APPLIED, Repo


def is_exact(repo: Repo, revision: str = APPLIED) -> bool:
    """Whether a commit has the index that is made of its state from nothing."""
    git = Git(repo.root)
    commit = git.resolve(revision)
    expected = state_trees(git, Objects(git, commit), None, load_states(git, commit), commit)
    return [expected.staged, expected.applied, expected.lines] == git.look_up(
        [git.at(commit, folder) for folder in (".staged", ".applied", ".applied-index")]
    )


def prepared(repo: Repo) -> Repo:
    """A parent, a child that reads it, and a bystander; the parent was edited after all was applied."""
    repo.kind("service", actions=("run", "update", "remove", "restart"))
    repo.define("db", inputs={"port": 1}).define("app", inputs={"db": "${db.port}"}).define(
        "lone", inputs={"a": 1, "b": "${env:HOME}"}
    )
    repo.apply_all()
    repo.define("db", inputs={"port": 2}).stage()
    return repo


def traced(repo: Repo, *words: str) -> List[str]:
    """What a command traces of what it reads."""
    done = repo.ok(*words, env={"STAGECTL_TRACE": "1"})
    return [line for line in done.err.splitlines() if line.startswith("trace: ")]


def failing(repo: Repo) -> None:
    repo.fail("app.update").apply()


def recording(repo: Repo) -> None:
    repo.ok("apply", "--record-only", "--yes")


def partly(repo: Repo) -> None:
    repo.ok("apply", "--yes", "db")


def removing(repo: Repo) -> None:
    repo.ok("remove", "db", "--recursive")
    repo.ok("apply", "--yes")


def moving(repo: Repo) -> None:
    repo.ok("apply", "--yes")
    repo.ok("move", "db", "main/db")
    repo.ok("apply", "--yes")


def owing(repo: Repo) -> None:
    repo.define("app", inputs={"db": "${db.port}"}, react_on={"restart": ["db.update"]}).stage()
    repo.fail("app.restart").apply()
    repo.ok("discard", "app")


def acting(repo: Repo) -> None:
    repo.ok("stage", "lone", "-a", "restart")
    repo.ok("apply", "--yes")


def changing_kinds(repo: Repo) -> None:
    repo.kind("other").define("lone", "other", inputs={"a": 1}).commit()
    repo.stage()
    repo.ok("apply", "--yes")


WAYS: Dict[str, Callable[[Repo], None]] = {
    "a run of everything": lambda repo: None if repo.apply().code == 0 else pytest.fail("it failed"),
    "a failure": failing,
    "recording": recording,
    "one by name": partly,
    "a removal": removing,
    "a move": moving,
    "a debt that is dropped": owing,
    "an explicit action": acting,
    "another kind": changing_kinds,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_index_is_exact_after(repo: Repo, way: str) -> None:
    """
    Whatever made the applied commit: its index is the one that is made from nothing, and verify agrees.
    """
    prepared(repo)
    before = repo.git("rev-parse", APPLIED)
    WAYS[way](repo)

    assert before != repo.git("rev-parse", APPLIED)
    commits = repo.git("rev-list", "--first-parent", APPLIED).split()[:-1]
    assert [] == [commit for commit in commits if not is_exact(repo, commit)]
    repo.ok("verify")


def test_a_fresh_clone_plans_as_fast_as_an_old_one(repo: Repo, tmp_path: Path) -> None:
    """
    Nothing has to be made first: no plan of a clone reads everything, not even the first one.
    """
    prepared(repo)
    subprocess.run(["git", "clone", "-q", str(repo.top), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone", init=False)

    assert [] == traced(clone, "plan")
    assert ["db.update", "app.update"] == clone.plan().ids


@pytest.mark.parametrize(
    "words",
    ["graph db", "graph db+", "graph +app", "graph -t one", "graph 'a*' db", "diff db", "diff -t one", "diff db+",
     "diff 'l*'", "log -t one", "log app+", "check db", "check -t one", "check db+", "check 'l*'"],
)  # fmt: skip
def test_what_a_selection_means_is_found_in_the_index(repo: Repo, words: str) -> None:
    """
    Whatever words select: no other resource is read, and the answer is that of reading everything.
    """
    prepared(repo).define("lone", tags=["one", "two"], inputs={"a": 1})
    repo.define("db", tags=["one"], inputs={"port": 1}).apply_all()
    repo.define("db", tags=["two"], inputs={"port": 3}).stage()

    assert [] == traced(repo, *shlex.split(words))
    quick, full = (repo.ok(*shlex.split(words), env=env).out for env in ({}, {"STAGECTL_CACHE": "off"}))
    assert quick == full


def without_index(repo: Repo) -> None:
    """Make the applied commit anew as a stagectl would that knows of no index."""
    tree = re.sub(r"(?m)^.*\t\.applied-index\n", "", repo.git("ls-tree", APPLIED))
    made = subprocess.run(["git", "mktree"], cwd=repo.root, input=tree, capture_output=True, text=True, check=True)
    recommit(repo, made.stdout.strip())


def recommit(repo: Repo, tree: str) -> None:
    parents = [word for parent in repo.git("log", "-1", "--format=%P", APPLIED).split() for word in ("-p", parent)]
    message = repo.git("log", "-1", "--format=%B", APPLIED)
    commit = repo.git("commit-tree", tree, *parents, "-m", message).strip()
    repo.git("update-ref", f"refs/heads/{APPLIED}", commit)


def test_a_branch_without_an_index_is_read_in_full_and_the_next_apply_has_it(repo: Repo) -> None:
    """
    Written by a stagectl that knows of none: the same plan, the reason is traced, and one apply later all is as ever.
    """
    without_index(prepared(repo))

    assert ["trace: plan reads everything: the applied commit has no index of its state"] == traced(repo, "plan")
    assert ["db.update", "app.update"] == repo.plan().ids
    assert "its index" not in repo.run("verify").out
    repo.ok("apply", "--yes")
    assert is_exact(repo)
    assert [] == traced(repo, "plan")


def with_index(repo: Repo, path: str, old: str, new: str) -> None:
    """Change a file of the index by hand."""
    env = {**os.environ, "GIT_INDEX_FILE": str(repo.top / ".git/by-hand")}
    text = repo.git("show", f"{APPLIED}:.applied-index/{path}")
    assert old in text
    blob = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"],
        cwd=repo.root, input=text.replace(old, new), capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    for words in (
        ["read-tree", APPLIED],
        ["update-index", "--cacheinfo", f"100644,{blob},{Git(repo.root).path(f'.applied-index/{path}')}"],
    ):
        subprocess.run(["git", *words], cwd=repo.root, env=env, check=True)
    made = subprocess.run(["git", "write-tree"], cwd=repo.root, env=env, capture_output=True, text=True, check=True)
    recommit(repo, made.stdout.strip())


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [(".b", '"by":["app"]', '"by":[]'), (".b", " l service", " lo service"), (".kinds", "service", "other"),
     (".variables", "HOME 1", "HOME 2"),     (".of", "live 3", "live 4")],
)  # fmt: skip
def test_verify_finds_an_index_that_says_something_else(repo: Repo, path: str, old: str, new: str) -> None:
    """
    A reader left out, an open one that is none, other kinds, a variable of more resources, another count.
    """
    with_index(prepared(repo), path, old, new)

    done = repo.run("verify")

    assert (1, True) == (done.code, "its index is not that of its state" in done.out)


@pytest.mark.parametrize(
    ("old", "new"), [(" l service", " - service"), ("service - {", "service - ["), ("l service - ", "l service x ")]
)
def test_an_index_that_contradicts_what_a_plan_reads_is_an_error(repo: Repo, old: str, new: str) -> None:
    """
    It says that nothing is live, has no lines, or has other tags: no plan is made of it.
    """
    with_index(prepared(repo), ".b", old, new)

    done = repo.run("plan", env={})

    assert (1, "") == (done.code, done.out)
    assert re.fullmatch(
        r"error: the index of the applied state is damaged at \S+\n"
        r"hint: only `stagectl apply` may write the applied branch; go back to its last good commit\n",
        done.err,
    ), done.err


@pytest.mark.parametrize("old", ["format 3", "staged "])
def test_an_index_of_another_state_or_format_does_not_count(repo: Repo, old: str) -> None:
    """
    An older or newer format, or the trees of another state: everything is read. That another format is there is right.
    """
    is_of_format = old == "format 3"
    with_index(prepared(repo), ".of", old, "format 2" if is_of_format else "staged 0")

    assert ["db.update", "app.update"] == repo.plan().ids
    assert 1 == len(traced(repo, "plan"))
    assert ("its index is not that of its state" not in repo.run("verify").out) == is_of_format


def test_the_index_on_another_branch_is_an_error(repo: Repo) -> None:
    """
    As .applied/ is: the applied branch was merged.
    """
    prepared(repo).write(".applied-index/.of", "x")

    done = repo.run("plan")

    assert 1 == done.code
    assert done.err.startswith(f"error: .applied-index/ is here, which only belongs on the branch {APPLIED}: ")


def test_an_edited_kind_is_compared_with_what_the_state_needs(repo: Repo) -> None:
    """
    An action more changes nothing; one less that is named, or an input that is a secret now, has lines looked at.
    """
    prepared(repo)
    repo.define("lone", inputs={"a": 1}, react_on={"restart": ["db.update"]}).stage()
    repo.ok("apply", "--yes")

    repo.kind("service", actions=("run", "update", "remove", "restart", "test"))
    assert ([], []) == (traced(repo, "plan"), repo.plan().ids)
    repo.kind("service", actions=("run", "update", "remove", "restart"), sensitive=["a"])
    assert "'a' is sensitive" in repo.run("plan").err
    repo.kind("service", actions=("run", "update", "remove"))
    assert "'restart' is no action of kind service" in repo.run("plan").err


def sizes(repo: Repo) -> Dict[str, int]:
    """The bytes of every object that is a file of its own."""
    return {str(path): path.stat().st_size for path in (repo.top / ".git/objects").glob("??/*")}


def test_an_apply_of_one_change_writes_what_it_changes(repo: Repo) -> None:
    """
    Of 600 resources in a folder: at most 64 KB of objects, the folder's own list of files included.
    """
    for number in range(600):
        repo.define(f"team/r{number}", inputs={"a": number, "text": "some words " * 5})
    repo.apply_all()
    repo.define("team/r7", inputs={"a": 8}).stage()
    before = sizes(repo)

    repo.ok("apply", "--yes")

    written = sum(size for path, size in sizes(repo).items() if path not in before)
    assert 0 < written < 64 * 1024
    assert is_exact(repo)


def test_what_sync_puts_on_top_has_an_exact_index(repo: Repo, tmp_path: Path) -> None:
    """
    Two clones apply different resources; the one that comes second puts its results onto the newer state.
    """
    prepared(repo).ok("apply", "--yes")
    subprocess.run(["git", "clone", "-q", "--bare", str(repo.top), str(tmp_path / "hub")], check=True)
    clones = []
    for name in ("ann", "bob"):
        subprocess.run(["git", "clone", "-q", str(tmp_path / "hub"), str(tmp_path / name)], check=True)
        clones.append(Repo(tmp_path / name, init=False))
        for key, value in (("user.name", name), ("user.email", f"{name}@example.com")):
            clones[-1].git("config", key, value)
    for clone, edited in zip(clones, ("db", "lone")):
        clone.define(edited, inputs={"port": 5, "a": 5}).stage()
        clone.ok("apply", "--yes", "--offline", "--allow-rollback")
    clones[0].ok("sync")
    clones[1].ok("sync")

    commits = clones[1].git("rev-list", "--first-parent", APPLIED).split()[:-1]
    assert [] == [commit for commit in map(Oid, commits) if not is_exact(clones[1], commit)]
    clones[1].ok("verify")
