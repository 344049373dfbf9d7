"""An apply adds one commit to the applied branch: its tree, its parents, its message."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Tuple

import pytest

from stagectl.__main__ import main
from stagectl.adapters import cores
from stagectl.adapters.applied import write
from stagectl.adapters.git import objects
from tests.build import Repo, record
from tests.scenarios.applying.world import APPLIED, failed, message, results, shown, staged_as_applied, tree

ROOT_COMMIT = "40d0a640b98422ae701da87b5902dcc81aeefd90"  # fixed: the same in every repository, for ever
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def test_the_tree_is_the_sources_with_the_applied_state_in_it(repo: Repo) -> None:
    """
    All of the source commit, links and modes too; .staged/ byte for byte; one file per live resource in .applied/.
    """
    repo.write("README.md", "hello").write("größe", "").write("bin/tool", "#!/bin/sh\n")
    (repo.root / "bin/tool").chmod(0o755)
    (repo.root / "link").symlink_to("bin/tool")
    repo.define("b").write("resources/a.yaml", "---\nkind: service # x\n---\n# y\ninputs: {q:  1}\n")
    repo.apply_all()

    source, applied = tree(repo, "HEAD"), tree(repo, APPLIED)

    ours = {
        ".applied/a.json",
        ".applied/b.json",
        ".applied-index/.b",
        ".applied-index/.kinds",
        ".applied-index/.of",
        ".applied-index/.variables",
    }
    assert source == {path: blob for path, blob in applied.items() if path not in ours}
    assert ours <= applied.keys()
    assert "# y\ninputs: {q:  1}\n" in staged_as_applied(repo, "a")


def test_a_partial_apply_keeps_the_others_as_they_were_applied(repo: Repo) -> None:
    """
    b's edit is in the source commit, but not in the applied state.
    """
    record(repo.define("a", inputs={"x": 1}).define("b", inputs={"x": 1}).define("gone"))
    before = tree(repo, APPLIED)
    repo.define("a", inputs={"x": 2}).define("b", inputs={"x": 2}).define("new").delete("gone").stage()

    repo.ok("apply", "--yes", "a")
    after, source = tree(repo, APPLIED), tree(repo, "HEAD")

    for path in (".staged/b.yaml", ".applied/b.json", ".staged/gone.yaml", ".applied/gone.json"):
        assert before[path] == after[path], path
    assert ".staged/new.yaml" not in after
    assert after[".staged/a.yaml"] == source[".staged/a.yaml"] != before[".staged/a.yaml"]
    assert after["resources/b.yaml"] == source["resources/b.yaml"] != before["resources/b.yaml"]


def test_many_are_recorded_as_few_are(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In forks, in a pack, and without the staged files, which git has.
    """
    for name in "abc":
        repo.define(name, inputs={"v": name})
    repo.stage().ok("apply", "--record-only", "--yes")
    few = tree(repo, APPLIED)
    repo.git("update-ref", "-d", f"refs/heads/{APPLIED}")
    shutil.rmtree(repo.top / ".git/stagectl")
    monkeypatch.chdir(repo.root)
    for module, name in ((write, "_MANY"), (objects, "_FEW")):
        monkeypatch.setattr(module, name, 0)
    monkeypatch.setattr(objects, "_MANY", 1)
    monkeypatch.setattr(cores, "cores", lambda: 3)
    packs = {*repo.top.glob(".git/objects/pack/*.idx")}
    main(["apply", "--record-only", "--yes"])

    (pack,) = {*repo.top.glob(".git/objects/pack/*.idx")} - packs
    packed = {line.split()[0] for line in repo.git("verify-pack", "-v", str(pack)).splitlines()}
    assert few == tree(repo, APPLIED)
    stored = {path for path, meta in few.items() if meta.split()[2] in packed}
    assert {f".applied/{name}.json" for name in "abc"} == {path for path in stored if not path.startswith(".applied-")}
    assert "error" not in repo.git("fsck", "--strict", "--full", "--no-dangling")


def test_parents_are_the_applied_commit_before_and_the_source(repo: Repo) -> None:
    """
    The first apply starts from an empty root commit that is the same everywhere.
    """
    repo.define("a").apply_all()
    first, source = repo.git("rev-parse", APPLIED, "HEAD").split()
    repo.define("b").stage()
    repo.ok("apply", "--yes")

    assert [ROOT_COMMIT, source] == repo.git("log", "-1", "--format=%P", first).split()
    assert [first, repo.git("rev-parse", "HEAD").strip()] == repo.git("log", "-1", "--format=%P", APPLIED).split()
    assert [EMPTY_TREE, ""] == repo.git("log", "-1", "--format=%T%n%P", ROOT_COMMIT).split("\n")[:2]


def test_the_message_has_the_run_the_person_and_every_change_with_its_result(repo: Repo) -> None:
    """
    The trailers, as git reads them; `git log --first-parent` is the list of applies, newest first.
    """
    repo.define("a").define("b", depends_on=["a"]).define("c").commit()
    repo.stage().fail("a.run")

    failed(repo.apply())
    repo.fail().ok("apply", "--yes")

    assert (
        "apply: 1 of 3 changes\n\nRun: RUN\nApplied-by: Ada <ada@example.com>\nPlan: PLAN\nBase: none\n"
        'Selection: {"names":[],"tags":[],"with_children":false,"with_parents":false}\n'
        "Change: a.run ERROR\nChange: b.run SKIPPED\nChange: c.run SUCCESS\nReason: a.run exit code 3"
    ) == message(repo, f"{APPLIED}~1")
    assert ["a.run SUCCESS", "b.run SUCCESS"] == results(repo)
    assert ["apply: 2 of 2 changes", "apply: 1 of 3 changes", "Nothing is applied yet"] == repo.git(
        "log", "--first-parent", "--format=%s", APPLIED
    ).splitlines()
    assert ["Ada <ada@example.com>"] * 2 == repo.git(
        "log", "-2", "--first-parent", "--format=%an <%ae>", APPLIED
    ).splitlines()


def test_the_plan_in_the_message_is_the_one_that_was_shown(repo: Repo) -> None:
    """
    The id that `plan` gives, `--expect` takes and the commit keeps is one.
    """
    repo.define("a").commit()
    repo.stage()
    plan_id = repo.plan().raw["plan_id"]

    repo.ok("apply", "--expect", plan_id)

    assert f"Plan: {plan_id}\n" in repo.git("log", "-1", "--format=%B", APPLIED)


def test_the_state_is_canonical_json(repo: Repo) -> None:
    """
    Sorted keys, two spaces, readable letters, one line end: the same state is the same bytes.
    """
    record(repo.define("a", inputs={"b": {"z": [1, 2.5], "a": "é"}, "a": None}))

    assert (
        '{\n  "inputs": {\n    "a": null,\n    "b": {\n      "a": "é",\n      "z": [\n        1,\n        2.5\n'
        "      ]\n    }\n  },\n"
        '  "written": {\n    "kind": "service",\n    "source": "resources/a.yaml"\n  }\n}\n'
    ) == shown(repo, "a")


def test_the_same_state_is_the_same_tree(repo: Repo, tmp_path: Path) -> None:
    """
    Two ways, one step or two, on two machines: one tree of .applied.
    """
    repo.define("a", inputs={"x": 1, "y": 2}).define("b", inputs={"z": "${a.x}"}).commit()
    repo.stage()
    shutil.copytree(repo.top, tmp_path / "other")
    other = Repo(tmp_path / "other", init=False)

    repo.ok("apply", "--yes")
    other.ok("apply", "--yes", "--record-only", "a")
    other.ok("apply", "--yes", "--record-only")

    assert repo.git("rev-parse", f"{APPLIED}^{{tree}}") == other.git("rev-parse", f"{APPLIED}^{{tree}}")


def test_nothing_to_do_makes_no_commit(repo: Repo) -> None:
    """
    Applying twice is applying once.
    """
    record(repo.define("a"))
    before = repo.git("rev-parse", APPLIED)

    ran = repo.ok("apply", "--yes")

    assert ("No changes. The applied state matches what is staged.\n", before) == (
        ran.out,
        repo.git("rev-parse", APPLIED),
    )


def test_the_users_own_git_state_is_left_alone_and_git_finds_nothing_wrong(repo: Repo) -> None:
    """
    Index, working tree, branch and unrelated edits; fsck is clean after a success and a failure.
    """
    repo.write("notes", "1").define("a").define("b").commit()
    repo.stage().fail("b.run")
    repo.write("notes", "2").git("add", "notes")
    repo.write("notes", "3").write("untracked", "x").write("resources/a.yaml", repo.read("resources/a.yaml") + "\n")

    def own() -> Tuple[str, ...]:
        questions = (["status", "--porcelain=v2", "--branch"], ["diff"], ["diff", "--cached"], ["rev-parse", "HEAD"])
        return tuple(repo.git(*question) for question in questions)

    before = own()
    failed(repo.apply())
    repo.fail().ok("apply", "--yes")

    assert before == own()
    assert "error" not in repo.git("fsck", "--strict", "--full", "--no-dangling")
    assert f"refs/heads/{APPLIED}\nrefs/heads/main\n" == "".join(
        sorted(repo.git("for-each-ref", "--format=%(refname)", "refs/heads").splitlines(keepends=True), reverse=True)
    )
