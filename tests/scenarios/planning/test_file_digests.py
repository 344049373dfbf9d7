"""`${sha256:PATH}`: the digest of a file or a folder is a value like any other."""

from __future__ import annotations

import hashlib
from typing import Sequence

from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.file_digests import look_at_files
from tests.build import Repo, record
from tests.unit.core.planning.worlds import at, cause


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def folder(*files: Sequence[str]) -> str:
    """The digest of a folder with these files: path below it, `x` or `-`, content."""
    return sha256("".join(f"{path}\0{bit}\0{sha256(text)}\n" for path, bit, text in files))


def templated(repo: Repo) -> Repo:
    """A resource that names a template, live, and one that reads the digest from it."""
    repo.write("templates/app.conf", "a\n").write("templates/more/b.sh", "b\n")
    repo.define("app", inputs={"conf": "${sha256:templates/app.conf}", "all": "v1-${sha256:templates/}"})
    repo.define("child", inputs={"of": "${app.conf}"}).define("other", inputs={"v": 1})
    return record(repo)


def test_a_template_that_changes_updates_who_names_it(repo: Repo) -> None:
    """
    Staged files are as they were: the plan of the working tree has the update with both digests, and its child.
    """
    templated(repo)
    assert {"conf": sha256("a\n")}.items() <= repo.applied("app")["inputs"].items()
    assert repo.plan().ids == []

    repo.write("templates/app.conf", "new\n")
    plan = repo.plan()

    assert ["app.update", "child.update"] == plan.ids
    more = ("more/b.sh", "-", "b\n")
    before, after = (f"v1-{folder(('app.conf', '-', text), more)}" for text in ("a\n", "new\n"))
    assert [at("all", before, after), at("conf", sha256("a\n"), sha256("new\n"))] == plan.change("app.update")["diff"]
    assert cause("staged", inputs=["all", "conf"]) == plan.change("app.update")["cause"]
    assert cause("child", "app.update", inputs=["of"]) == plan.change("child.update")["cause"]
    assert "app.update" in repo.ok("status").out
    assert sha256("new\n") in repo.ok("diff", "app").out


def test_it_is_the_file_of_the_tree_that_is_planned(repo: Repo) -> None:
    """
    The working tree, a commit with --head, and the commit that is applied.
    """
    templated(repo).write("templates/app.conf", "second\n").commit()
    repo.write("templates/app.conf", "third\n")

    plans = repo.plan(), repo.plan("--head", "HEAD")
    repo.write("templates/app.conf", "second\n").ok("apply", "--yes")

    digests = [{one["path"]: one["after"] for one in plan.change("app.update")["diff"]}["conf"] for plan in plans]
    assert [sha256("third\n"), sha256("second\n")] == digests
    assert sha256("second\n") == repo.applied("app")["inputs"]["conf"] == repo.applied("child")["inputs"]["of"]
    assert [] == repo.plan().ids


def test_an_edit_that_no_commit_has_stops_apply(repo: Repo) -> None:
    """
    HEAD is as applied: what reads the file is refused, and plan says why; other resources go on. Also reversed.
    """
    templated(repo).define("other", inputs={"v": 2}).stage()
    repo.write("templates/app.conf", "new\n")

    shown, beside = repo.plan("app"), repo.plan("other")
    refused = [repo.apply(*names) for names in ((), ("app",), ("app", "child"))]
    done = repo.apply("other")
    repo.commit()
    repo.write("templates/app.conf", "a\n")
    reverse = repo.apply()

    assert (True, False) == (shown.raw["head"]["dirty"], beside.raw["head"]["dirty"])
    assert "not committed, and inputs have the digest: templates/app.conf" in repo.ok("plan", "app").err
    said = "error: templates/app.conf: what inputs have the digest of is not as the commit"
    assert [(1, True)] * 4 == [(one.code, said in one.err) for one in (*refused, reverse)]
    assert (0, ["app.update"]) == (done.code, [one for one in repo.plan("--head", "HEAD").ids if one == "app.update"])


def test_a_file_that_no_commit_has_is_not_applied(repo: Repo) -> None:
    """
    The plan shows it; `apply`, which goes by the commit, says that it is missing there, with its place.
    """
    repo.write("conf", "x").define("app", inputs={"conf": "${sha256:conf}"})
    repo.git("add", "resources", "kinds")
    repo.stage()
    repo.git("rm", "-q", "--cached", "--ignore-unmatch", "conf")

    shown = repo.plan()
    refused = repo.apply()

    assert sha256("x") == shown.raw["changes"][0]["diff"][0]["after"]
    assert (1, True, []) == (
        refused.code, "${sha256:conf}: there is no such file in this tree" in refused.err, repo.log()
    ), refused  # fmt: skip


def test_a_missing_file_is_an_error_with_its_place(repo: Repo) -> None:
    """
    Of `stage` and `validate`, in the file where it is written.
    """
    for path, what in (("gone.conf", "no such file"), ("gone/", "no file in that folder")):
        refused = repo.define("app", inputs={"v": 1, "conf": f"${{sha256:{path}}}"}).run("stage")
        assert 1 == refused.code
        assert f": ${{sha256:{path}}}: there is {what} in this tree; a path is relative" in refused.err
        assert "resources/app.yaml:" in refused.err
        assert f"there is {what} in this tree" in repo.run("validate").err


def test_a_path_stays_below_the_project(repo: Repo) -> None:
    """
    Anything else is an error of the file, and nothing is read.
    """
    for path in ("/etc/passwd", "../x", "a/../b", "./a", "a//b", ".git/config", "/", "a\\b"):
        refused = repo.define("app", inputs={"conf": f"x${{sha256:{path}}}"}).run("stage")
        assert (1, True) == (refused.code, "is no path below the project's folder" in refused.err), refused


def test_selected_and_unselected(repo: Repo) -> None:
    """
    Who is not selected, and not affected, stays; who is affected acts with the digests of the commit that is applied.
    """
    templated(repo).define("db", inputs={"v": 1})
    repo.define("app", inputs={"conf": "${sha256:templates/app.conf}", "db": "${db.v}"}).stage()
    repo.ok("apply", "--yes")
    repo.write("templates/app.conf", "new\n").define("other", inputs={"v": 2}).define("db", inputs={"v": 2}).stage()
    repo.commit()

    assert ["other.update"] == repo.plan("other").ids
    plan = repo.plan("db")
    assert ["db.update", "app.update", "child.update"] == plan.ids
    assert {"conf": sha256("new\n"), "db": 2} == {one["path"]: one["after"] for one in plan.raw["changes"][1]["diff"]}
    repo.ok("apply", "--yes", "db")
    assert sha256("new\n") == repo.applied("child")["inputs"]["of"]


def test_the_digest_of_a_folder(repo: Repo) -> None:
    """
    Paths, executable bits and contents count, in a commit as in the working tree; what git ignores does not.
    """
    repo.write("f/a", "1").write("f/b/c", "2").write(".gitignore", "*.swp\nactions.log\nfail\n").commit()
    head = Git(repo.root).head()
    (repo.root / "f/b/c").chmod(0o755)
    repo.write("f/new", "3").write("f/x.swp", "ignored")
    git = Git(repo.root)

    (before, _), (now, _) = (look_at_files(git, ["f/", "f/a", "no", "no/"], one) for one in (head, None))

    assert {"f/": folder(("a", "-", "1"), ("b/c", "-", "2")), "f/a": sha256("1")} == before
    assert {"f/": folder(("a", "-", "1"), ("b/c", "x", "2"), ("new", "-", "3")), "f/a": sha256("1")} == now


def test_move_and_revert_keep_the_path(repo: Repo) -> None:
    """
    A path is relative to the project's folder, so a resource that moves names the same file.
    """
    templated(repo)
    repo.ok("move", "app", "prod/app")

    assert "${sha256:templates/app.conf}" in repo.read("resources/prod/app.yaml")
    repo.ok("apply", "--yes")
    repo.ok("revert", "HEAD")
    assert "${sha256:templates/app.conf}" in repo.read("resources/app.yaml")
