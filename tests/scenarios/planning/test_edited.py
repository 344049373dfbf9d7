"""`plan` says what it leaves out because it is new, or edited, and not staged."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.build import PATIENCE, Repo, record

EDITED = "warning: not staged, and so not in this plan: "


@pytest.fixture
def known(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Three resources and two that are like a template; all are recorded, and whatever plans note counts at once."""
    monkeypatch.setattr("stagectl.adapters.worktree.folders.RACY", -(10**18))
    for name in ("a", "b", "c"):
        repo.define(name, inputs={"v": 1})
    repo.write("resources/base.yaml", "---\nkind: service\ntemplate: true\n---\ninputs: {v: 1}\n")
    for name in ("x", "y"):
        repo.write(f"resources/{name}.yaml", "---\nlike: base\n---\ninputs: {}\n")
    return record(repo)


# What an author does in a shell, where `edit` writes 2 for each 1, `new` makes a definition; and what a plan says then.
CASES = {
    "nothing": ("", ""),
    "an edit and a deletion": ("edit a; rm resources/b.yaml", "a (changed), b (gone); to stage: stagectl stage a b"),
    "a commit has it": ("edit a; git commit -qam 'to be staged later'", ""),
    "written as it was": ("cat resources/a.yaml > $HOME/a; cat $HOME/a > resources/a.yaml", ""),
    "a template": ("edit base", "x (changed), y (changed); to stage: stagectl stage x y"),
    "it cannot be read": ("printf -- '---\nkind: [' > resources/a.yaml", "a (changed); to stage: stagectl stage a"),
    "a new one cannot be read": ("new d; printf '[' >> resources/d.yaml", "d (new); to stage: stagectl stage d"),
    "a new one beside an edit": ("new p/q/d; edit a", "a (changed), p/q/d (new); to stage: stagectl stage a p/q/d"),
    "new ones made by each": (
        "printf -- '---\nkind: plain\neach: [x, y]\n---\ninputs: {}\n' > resources/shop.yaml",
        "shop/x (new), shop/y (new); to stage: stagectl stage shop/x shop/y",
    ),
    "many": (
        "for each in 1 2 3 4 5 6 7; do new n$each; done",
        "n1 (new), n2 (new), n3 (new), n4 (new), n5 (new) and 2 more; see stagectl status",
    ),
    "a new one is added": ("new p/d; git add resources", "p/d (new); to stage: stagectl stage p/d"),
    "a new one is in a commit": ("new p/d; git add resources; git commit -qm more", ""),
    "git forgot a new one": (
        "new d; git add .; git commit -qm more; plan; git rm -q --cached resources/d.yaml; git commit -qm less",
        "d (new); to stage: stagectl stage d",
    ),
    "ignored ones": ("echo resources/mine/ >> .gitignore; git commit -qam ignored; new mine/d", ""),
    "no definitions": ("new .d; echo no > resources/README.md; ln -s a.yaml resources/link.yaml", ""),
}  # fmt: skip
WORDS = """
    edit() { text=$(sed s/1/2/g resources/$1.yaml); echo "$text" > resources/$1.yaml; }
    new() { mkdir -p $(dirname resources/$1); cp resources/c.yaml resources/$1.yaml; }
"""


def test_what_is_new_edited_or_gone_is_named(known: Repo) -> None:
    """
    With what became of it and the command that stages it: also when it is noted, and no more once it is taken back. It
    makes no plan fail, and a line stays short.
    """
    assert ["", ""] == [known.run("plan").err for _ in range(2)]
    known.git("tag", "applied")
    for case, (lines, said) in CASES.items():
        expected = f"{EDITED}{said}\n" if said else ""
        for line in lines.split("; plan; "):
            subprocess.run(["sh", "-e", "-c", WORDS + line], cwd=known.root, check=True, timeout=PATIENCE)
            found = [known.run("plan").err for _ in range(2)]
        assert [expected, expected] == found, case

        known.git("reset", "-q", "--hard", "applied")
        known.git("clean", "-fdq")
        assert "" == known.run("plan").err, case


def test_what_is_said_works_as_printed(known: Repo) -> None:
    """
    What is staged is said no more; of another commit nothing is said.
    """
    known.define("a", inputs={"v": 2}).delete("b").define("p/new", inputs={"other": 1})
    assert f"{EDITED}a (changed), b (gone), p/new (new); to stage: stagectl stage a b p/new\n" == known.run("plan").err
    assert "" == known.run("plan", "--head", "HEAD").err

    known.stage("a", "b", "p/new")

    assert "" == known.run("plan").err
    assert {"a.update", "b.remove", "p/new.run"} == set(known.plan().ids)


def test_a_definition_is_new_before_the_first_commit(tmp_path: Path) -> None:
    """
    An author who has just begun sees what comes next.
    """
    repo = Repo(tmp_path, init=False, folder="").begin_with_git()
    repo.kind("plain").define("web", "plain", inputs={"v": 1})

    assert repo.run("plan").err.startswith(f"{EDITED}web (new); to stage: stagectl stage web\n")


def test_in_a_large_repository_new_definitions_are_looked_for_once_something_is_noted(
    known: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The first plan takes no longer for it; `status`, which looks at everything, notes what plans go on from.
    """
    monkeypatch.setattr("stagectl.adapters.worktree.new_files._MOST", 2)
    monkeypatch.setenv("STAGECTL_CACHE", "on")  # without it, everything is read
    known.define("new", inputs={"v": 1})
    for note in known.top.glob(".git/stagectl/cache/new-*"):
        note.unlink()
    assert "" == known.run("plan").err

    known.run("status")

    assert f"{EDITED}new (new); to stage: stagectl stage new\n" == known.run("plan").err
