"""The index in the applied commit: exact after whatever made the commit, used at once, and missed by no command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Dict, List, Sequence
from unittest import mock

from stagectl.adapters.applied.store import load_states
from stagectl.adapters.applied.write import state_trees
from stagectl.adapters.git.git import Git
from stagectl.adapters.git.objects import Objects
from tests.build import APPLIED, Ran, Repo, record
from tests.scenarios.planning.world import Step, edited, happen, of
from tests.scenarios.teams.world import Team


def is_exact_throughout(repo: Repo) -> bool:
    """Whether each applied commit but the empty one has the index that is made of its state from nothing."""
    git, commits = Git(repo.root), repo.git("rev-list", "--first-parent", APPLIED).split()[:-1]
    for commit in map(git.resolve, commits):
        expected = state_trees(git, Objects(git, commit), None, load_states(git, commit), commit)
        places = [git.at(commit, folder) for folder in (".staged", ".applied", ".applied-index")]
        if [expected.staged, expected.applied, expected.lines] != git.look_up(places):
            return False
    return len(commits) > 1


def quickly(repo: Repo, *words: str) -> Ran:
    """Run a command once, with the cache, and have it trace what it reads."""
    with mock.patch.dict(os.environ, STAGECTL_TRACE="1"), mock.patch("tests.build.FULL", False):
        return repo.run(*words)


def traced(repo: Repo, *words: str) -> List[str]:
    """What a command traces of what it reads."""
    done = quickly(repo, *words)
    assert done.code == 0, done
    return [line for line in done.err.splitlines() if line.startswith("trace: ")]


REACTING = of(db="${db.port}", react_on={"restart": ["db.update"]})
WAYS: Sequence[Sequence[Step]] = [
    ["apply --yes db"],
    [{"db": of(port=3)}, "fail app.update"],
    ["apply --yes"],
    [{"db": of(port=4)}, "apply --record-only --yes"],
    [{"db": of(port=5), "app": REACTING}, "apply --yes", {"db": of(port=6)}, "fail app.restart", "discard app"],
    ["stage lone -a restart", "apply --yes"],
    [{"lone": of(kind="other", a=1)}, "apply --yes"],
    ["move db main/db", "apply --yes"],
    ["remove main/db --recursive", "apply --yes"],
]


def test_the_index_is_exact_whatever_made_the_commit(repo: Repo) -> None:
    """
    A part, a failure, everything, recording, a debt that is dropped, an explicit action, another kind, a move, a
    removal: after each the index is the one that is made from nothing, and verify agrees.
    """
    edited(repo).kind("other").commit()
    for way in WAYS:
        before = repo.git("rev-parse", APPLIED)
        happen(repo, *way)
        assert before != repo.git("rev-parse", APPLIED), way

    assert is_exact_throughout(repo)
    repo.ok("verify")


LINES = ("plan", "graph db", "graph db+", "graph +app", "graph -t one", "graph 'a*' db", "diff db", "diff -t one",
         "diff db+", "diff 'l*'", "log -t one", "log app+", "check db", "check -t one", "check db+",
         "check 'l*'")  # fmt: skip


def test_a_fresh_clone_finds_what_a_selection_means_in_the_index(repo: Repo, tmp_path: Path) -> None:
    """
    Nothing has to be made first: whatever words select, no other resource is read, and the answer is that of reading
    everything.
    """
    edited(repo).define("lone", tags=["one", "two"], inputs={"a": 1})
    record(repo.define("db", tags=["one"], inputs={"port": 1}))
    repo.define("db", tags=["two"], inputs={"port": 3}).stage()
    subprocess.run(["git", "clone", "-q", str(repo.top), str(tmp_path / "clone")], check=True)
    clone = Repo(tmp_path / "clone", init=False)

    for line in LINES:
        words = shlex.split(line)
        quick = quickly(clone, *words)
        with mock.patch.dict(os.environ, STAGECTL_CACHE="off"):
            assert quick == clone.ok(*words), line


def test_a_move_that_was_applied_leaves_nothing_open(repo: Repo) -> None:
    """
    Its claim is spent, though it stays in the file: no plan has to look at it. Selections know the old name before and
    after, and graph operators the new one.
    """
    repo.define("old", inputs={"port": 1}).define("app", tags=["prod"], inputs={"port": "${old.port}"}).apply_all()
    repo.ok("move", "old", "new")
    assert repo.ok("plan", "old").out == repo.ok("plan", "new").out
    assert 0 == repo.run("plan", "+new").code
    repo.ok("apply", "--yes")

    paths = repo.git("ls-tree", "-r", "--name-only", APPLIED, ".applied-index").split()
    assert [] == [path for path in paths if path.startswith(".applied-index/.o") and path != ".applied-index/.of"]
    repo.ok("update", "new", "--set", "port=2")
    for words in ("old", "-t prod", "app old", "old+"):
        assert [] == traced(repo, "plan", *words.split()), words


def with_index(repo: Repo, *words: str) -> None:
    """Make the applied commit anew, with what git makes of its files by these words."""
    with mock.patch.dict(os.environ, GIT_INDEX_FILE=str(repo.top / ".git/by-hand")):
        repo.git("read-tree", APPLIED)
        repo.git(*words)
        tree = repo.git("write-tree").strip()
    parents = [word for parent in repo.git("log", "-1", "--format=%P", APPLIED).split() for word in ("-p", parent)]
    commit = repo.git("commit-tree", tree, *parents, "-m", repo.git("log", "-1", "--format=%B", APPLIED)).strip()
    repo.git("update-ref", f"refs/heads/{APPLIED}", commit)


def with_line(repo: Repo, path: str, old: str, new: str) -> None:
    """Change a file of the index by hand."""
    text = repo.git("show", f"{APPLIED}:.applied-index/{path}")
    assert old in text
    repo.write(".git/line", text.replace(old, new))
    blob = repo.git("hash-object", "-w", str(repo.top / ".git/line")).strip()
    place = Git(repo.root).path(f".applied-index/{path}")
    with_index(repo, "update-index", "--cacheinfo", f"100644,{blob},{place}")


def test_a_branch_without_an_index_is_read_in_full_and_the_next_apply_has_it(repo: Repo) -> None:
    """
    Written by a stagectl that knows of none: the same plan, the reason is traced, and one apply later all is as ever.
    """
    with_index(edited(repo), "rm", "-rqf", "--cached", ".applied-index")

    assert [IN_FULL] == traced(repo, "plan")
    assert ["db.update", "app.update"] == repo.plan().ids
    assert "its index" not in repo.run("verify").out
    repo.ok("apply", "--yes")
    assert [] == traced(repo, "plan")


IN_FULL = "trace: plan reads everything: the applied commit has no index of its state"
DAMAGED = (
    r"error: the index of the applied state is damaged at \S+\n"
    r"hint: only `stagectl apply` may write the applied branch; go back to its last good commit\n"
)
# Of its files what they say, and would say; and what a plan says then.
WRONG = [
    (".b", '"by":["app"]', '"by":[]', ""),  # a reader is left out
    (".b", " l service", " lo service", ""),  # it is open, which it is not
    (".kinds", "service", "other", ""),
    (".variables", "HOME 1", "HOME 2", ""),  # more resources read it
    (".of", "live 3", "live 4", ""),
    (".b", " l service", " - service", DAMAGED),  # it is not live
    (".b", "service - {", "service - [", DAMAGED),  # no line
    (".b", "l service - ", "l service x ", DAMAGED),  # other tags
    (".of", "format 3", "format 2", f"{IN_FULL}\n"),  # an older or newer one, which is right to be there
    (".of", "staged ", "staged 0", f"{IN_FULL}\n"),  # that of another state
]


def test_an_index_that_says_something_else(repo: Repo) -> None:
    """
    `verify` finds it. What contradicts the states that a plan reads is an error; another state or format counts for
    nothing.
    """
    good = edited(repo).git("rev-parse", APPLIED).strip()
    for path, old, new, said in WRONG:
        with_line(repo, path, old, new)

        done = quickly(repo, "plan")

        assert re.fullmatch(said, done.err), done
        assert (said == DAMAGED) == (done.code == 1) == (done.out == "")
        assert ("its index is not that of its state" in repo.run("verify").out) == (new != "format 2"), (old, new)
        repo.git("update-ref", f"refs/heads/{APPLIED}", good)


def test_the_index_on_another_branch_is_an_error(repo: Repo) -> None:
    """
    As .applied/ is: the applied branch was merged.
    """
    edited(repo).write(".applied-index/.of", "x")

    done = repo.run("plan")

    assert 1 == done.code
    assert done.err.startswith(f"error: .applied-index/ is here, which only belongs on the branch {APPLIED}: ")


def test_an_edited_kind_is_compared_with_what_the_state_needs(repo: Repo) -> None:
    """
    An action more changes nothing; one less that is named, or an input that is a secret now, has lines looked at, and
    so has one that the kind comes to report, also of what is settled.
    """
    happen(edited(repo), {"lone": of(a=1, react_on={"restart": ["db.update"]})}, "apply --yes")
    actions = ("run", "update", "remove", "restart")

    repo.kind("service", actions=(*actions, "test", "more"))
    assert ([], []) == (traced(repo, "plan"), repo.plan().ids)
    repo.kind("service", actions=actions, sensitive=["a"])
    assert "'a' is sensitive" in repo.run("plan").err
    repo.kind("service", actions=actions, outputs={"type": "object", "properties": {"port": {"type": "integer"}}})
    assert "'port' is an output of kind service" in repo.run("plan").err
    repo.kind("service", actions=actions[:3])
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
    record(repo).define("team/r7", inputs={"a": 8}).stage()
    before = sizes(repo)

    repo.ok("apply", "--yes")

    written = sum(size for path, size in sizes(repo).items() if path not in before)
    assert 0 < written < 64 * 1024
    assert is_exact_throughout(repo)


def test_what_sync_puts_on_top_has_an_exact_index(tmp_path: Path) -> None:
    """
    Two clones apply different resources; the one that comes second puts its results onto the newer state.
    """
    team = Team(tmp_path)
    for name, clone in (("db", team.ada), ("web", team.bob)):
        clone.define(name, inputs={"v": 5}).stage()
        clone.ok("apply", "--yes", "--offline", "--allow-rollback")
    for clone in (team.ada, team.bob):
        clone.ok("sync")

    assert is_exact_throughout(team.bob)
    team.bob.ok("verify")
