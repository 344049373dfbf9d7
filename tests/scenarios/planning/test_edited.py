"""`plan` says what it leaves out because it is edited and not staged."""

from __future__ import annotations

import pytest

from tests.build import Repo

EDITED = "warning: edited, not staged and so not in this plan: "


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
    base = repo.root / "resources/base.yaml"
    base.parent.mkdir(exist_ok=True)
    base.write_text("---\nkind: none\ntemplate: true\n---\ninputs: {v: 1}\n")
    (repo.root / "kinds").mkdir(exist_ok=True)
    (repo.root / "kinds/none.yaml").write_text("handler: none\n")
    for name in ("x", "y"):
        (repo.root / f"resources/{name}.yaml").write_text("---\nlike: base\n---\ninputs: {}\n")
    repo.apply_all()
    base.write_text(base.read_text().replace("v: 1", "v: 2"))

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
