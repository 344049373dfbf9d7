"""`plan` says what it leaves out because it is new, or edited, and not staged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import Repo

EDITED = "warning: not staged, and so not in this plan: "


@pytest.fixture
def known(repo: Repo) -> Repo:
    repo.define("a", inputs={"v": 1}).define("b", inputs={"v": 1}).define("c", inputs={"v": 1})
    repo.apply_all()
    return repo


@pytest.mark.parametrize("full", [False, True])
def test_what_is_edited_or_deleted_is_named(known: Repo, monkeypatch: pytest.MonkeyPatch, full: bool) -> None:
    """
    With what became of it and the command that stages it, whether little or everything is read; that works as printed.
    """
    if full:
        monkeypatch.setenv("STAGECTL_CACHE", "off")
    known.define("a", inputs={"v": 2})
    (known.root / "resources/b.yaml").unlink()

    done = known.run("plan")

    assert f"{EDITED}a (changed), b (gone); to stage: stagectl stage a b\n" == done.err
    assert "No changes" in done.out
    known.stage("a", "b")
    assert EDITED not in known.run("plan").err
    assert {"a.update", "b.remove"} == set(known.plan().ids)


def test_what_is_not_edited_is_not_said(known: Repo) -> None:
    """
    A clean checkout prints nothing: also where a commit holds what is not staged, where files were merely touched,
    and where another commit is planned.
    """
    assert "" == known.run("plan").err
    known.define("a", inputs={"v": 2})
    assert "" == known.run("plan", "--head", "HEAD").err
    known.git("commit", "-qam", "an edit, to be staged later")
    assert "" == known.run("plan").err
    for name in "abc":
        path = known.root / f"resources/{name}.yaml"
        path.write_bytes(path.read_bytes())
    assert "" == known.run("plan").err


def test_what_a_template_makes_is_named(repo: Repo) -> None:
    """
    The edit of a template is one of all that are like it.
    """
    base = "---\nkind: service\ntemplate: true\n---\ninputs: {v: 1}\n"
    repo.write("resources/base.yaml", base)
    for name in ("x", "y"):
        repo.write(f"resources/{name}.yaml", "---\nlike: base\n---\ninputs: {}\n")
    repo.apply_all().write("resources/base.yaml", base.replace("v: 1", "v: 2"))

    done = repo.run("plan")

    assert f"{EDITED}x (changed), y (changed); to stage: stagectl stage x y\n" == done.err


def test_many_are_counted_and_broken_ones_named(known: Repo) -> None:
    """
    A line stays short; a definition that cannot be read makes no plan fail.
    """
    (known.root / "resources/a.yaml").write_text("---\nkind: [\n")
    assert f"{EDITED}a (changed); to stage: stagectl stage a\n" == known.run("plan").err
    known.git("checkout", "resources")
    for number in range(7):
        known.define(f"n{number}", inputs={"v": 1})
    known.apply_all()
    for number in range(7):
        known.define(f"n{number}", inputs={"v": 2})

    said = ", ".join(f"n{number} (changed)" for number in range(5))
    assert f"{EDITED}{said} and 2 more; see stagectl status\n" == known.run("plan").err


@pytest.mark.parametrize("full", [False, True])
def test_a_new_definition_is_named(known: Repo, monkeypatch: pytest.MonkeyPatch, full: bool) -> None:
    """
    Which git does not know yet: also beside an edit, below a new folder, made by `each`, or with a flaw; staged, it is
    said no more.
    """
    if full:
        monkeypatch.setenv("STAGECTL_CACHE", "off")
    assert "" == known.run("plan").err
    known.define("p/q/new", inputs={"v": 1}).define("a", inputs={"v": 2})
    known.write("resources/shop.yaml", "---\nkind: plain\neach: [x, y]\n---\ninputs: {}\n")

    said = "a (changed), p/q/new (new), shop/x (new), shop/y (new)"
    assert f"{EDITED}{said}; to stage: stagectl stage a p/q/new shop/x shop/y\n" == known.run("plan").err
    assert known.run("plan").err == known.run("plan").err
    known.stage("a", "p/q/new", "shop/x", "shop/y")
    assert "" == known.run("plan").err
    known.write("resources/bad.yaml", "---\nkind: [\n")
    assert f"{EDITED}bad (new); to stage: stagectl stage bad\n" == known.run("plan").err


def test_a_definition_is_new_before_the_first_commit(tmp_path: Path) -> None:
    """
    An author who has just begun sees what comes next.
    """
    repo = Repo(tmp_path, init=False).begin_with_git()
    repo.kind("plain").define("web", "plain", inputs={"v": 1})

    assert repo.run("plan").err.startswith(f"{EDITED}web (new); to stage: stagectl stage web\n")


def test_what_is_no_new_definition_is_not_said(known: Repo) -> None:
    """
    What git ignores, hidden files, other files, links, and what another commit has not.
    """
    known.write(".gitignore", "actions.log\nfail\nresources/mine/\n").commit()
    known.define("mine/x").write("resources/.x.yaml", "no").write("resources/README.md", "no")
    (known.root / "resources/link.yaml").symlink_to("a.yaml")
    assert "" == known.run("plan").err
    known.define("new", inputs={"v": 1})
    assert "" == known.run("plan", "--head", "HEAD").err


def test_what_comes_and_goes_between_plans_is_seen(known: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whatever was noted: of files that come, go, are added, forgotten by git, or committed by others.
    """
    monkeypatch.setattr("stagectl.adapters.worktree.new_files.RACY", -(10**18))  # folders count as old at once
    known.define("p/x", inputs={"v": 1}).apply_all()
    assert ["", ""] == [known.run("plan").err for _ in range(2)]
    new = f"{EDITED}p/new (new); to stage: stagectl stage p/new\n"
    known.define("p/new", inputs={"v": 1})
    assert [new, new] == [known.run("plan").err for _ in range(2)]
    known.git("add", "resources")
    assert new == known.run("plan").err
    known.git("reset", "-q")
    assert new == known.run("plan").err
    known.commit()  # and is not staged: as HEAD has it, it is no news
    assert "" == known.run("plan").err
    known.git("rm", "-q", "--cached", "resources/p/new.yaml")
    known.git("commit", "-qm", "forgotten")
    assert new == known.run("plan").err
    known.delete("p/new")
    assert "" == known.run("plan").err


def test_in_a_large_repository_new_definitions_are_looked_for_once_something_is_noted(
    known: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The first plan takes no longer for it; `status`, which looks at everything, notes what plans go on from.
    """
    monkeypatch.setattr("stagectl.adapters.worktree.new_files.RACY", -(10**18))
    monkeypatch.setattr("stagectl.adapters.worktree.new_files._MOST", 2)
    monkeypatch.setenv("STAGECTL_CACHE", "on")  # without it, everything is read
    known.define("new", inputs={"v": 1})
    for note in known.top.glob(".git/stagectl/cache/new-*"):
        note.unlink()
    assert "" == known.run("plan").err

    known.run("status")

    assert f"{EDITED}new (new); to stage: stagectl stage new\n" == known.run("plan").err
