"""Merges by real git, with the driver that `init --git` sets up: value by value, conflicts for people to read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional, Tuple

import pytest

from tests.build import Ran, Repo, put_stagectl_on_path

pytestmark = pytest.mark.once

FRONT = "---\nkind: service\ntags: [a]\n---\n"
STAGED = "---\nkind: service\ntags: [a]\nsource: resources/web.yaml\n"


@pytest.fixture
def clone(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose git merges with the stagectl of this source tree."""
    put_stagectl_on_path(tmp_path, monkeypatch)
    repo.ok("init", "--git")
    repo.commit()
    return repo


def merge(repo: Repo, path: str, base: Optional[str], ours: str, theirs: str) -> Tuple[bool, str]:
    """Merge two branches that changed a file; returns whether git was content, and what is in the file then."""
    if base is not None:
        repo.write(path, base).commit()
    repo.git("checkout", "-q", "-b", "theirs")
    repo.write(path, theirs).commit()
    repo.git("checkout", "-q", "main")
    repo.write(path, ours).commit()
    repo.git("merge", "-q", "--no-edit", "theirs", check=False)
    unmerged = repo.git("ls-files", "--unmerged")
    assert bool(unmerged) == ("MERGE_HEAD" in os.listdir(repo.top / ".git"))
    return not unmerged, repo.read(path)


BASE = FRONT + "# the shop\ninputs:\n  image: shop:1\n  port: 80\n  size: small\n"

CLEAN = {
    "an entry of a list of mappings, edited here and moved down there": (
        FRONT + "inputs:\n  rules:\n  - {n: 1, v: 1}\n",
        FRONT + "inputs:\n  rules:\n  - {n: 0, v: 1}\n  - {n: 1, v: 1}\n",
        FRONT + "inputs:\n  rules:\n  - {n: 1, v: 2}\n",
        FRONT + "inputs:\n  rules:\n  - {n: 0, v: 1}\n  - {n: 1, v: 2}\n",
    ),
    "two keys of one entry of a list": (
        FRONT + "inputs:\n  rules:\n  - n: 1  # one\n    v: 1\n    w: 1\n  - n: 2  # two\n    v: 1\n",
        FRONT + "inputs:\n  rules:\n  - n: 1  # one\n    v: 2\n    w: 1\n  - n: 2  # two\n    v: 1\n",
        FRONT + "inputs:\n  rules:\n  - n: 1  # one\n    v: 1\n    w: 2\n  - n: 2  # two\n    v: 1\n",
        FRONT + "inputs:\n  rules:\n  - n: 1  # one\n    v: 2\n    w: 2\n  - n: 2  # two\n    v: 1\n",
    ),
    "two values in lines next to each other": (
        BASE,
        BASE.replace("port: 80", "port: 81"),
        BASE.replace("size: small", "size: large"),
        BASE.replace("port: 80", "port: 81").replace("size: small", "size: large"),
    ),
    "a value that becomes a reference to an output, and another one": (
        BASE,
        BASE.replace("port: 80", "port: ${./lb.port}"),
        BASE.replace("size: small", "size: large"),
        BASE.replace("port: 80", "port: ${./lb.port}").replace("size: small", "size: large"),
    ),
    "a value that becomes the digest of a file, another file in the same mapping, and another value": (
        BASE.replace("port: 80", 'of: {conf: x, all: "${sha256:a/}"}'),
        BASE.replace("port: 80", 'of: {conf: "${sha256:app.conf}", all: "${sha256:a/}"}'),
        BASE.replace("port: 80", 'of: {conf: x, all: "${sha256:b/}"}').replace("size: small", "size: large"),
        BASE.replace("port: 80", 'of: {conf: "${sha256:app.conf}", all: "${sha256:b/}"}').replace(
            "size: small", "size: large"
        ),
    ),
    "the same change on both sides": (
        BASE,
        BASE.replace("80", "81"),
        BASE.replace("80", "81").replace("the shop", "our shop"),
        BASE.replace("80", "81").replace("the shop", "our shop"),
    ),
    "tags are a set": (
        BASE.replace("[a]", "[a, old]"),
        BASE.replace("[a]", "[a, old, ours]"),
        BASE.replace("[a]", "[theirs, a]"),
        BASE.replace("[a]", "[a, ours, theirs]"),
    ),
    "comments of both sides live on": (
        BASE,
        BASE.replace("port: 80", "port: 80   # ours"),
        BASE.replace("# the shop", "# the shop, theirs").replace("size: small", "size: large   # theirs"),
        BASE.replace("# the shop", "# the shop, theirs")
        .replace("port: 80", "port: 80   # ours")
        .replace("size: small", "size: large   # theirs"),
    ),
    "a comment beside the value that the other side changed": (
        BASE,
        BASE.replace("port: 80", "port: 80   # ours"),
        BASE.replace("port: 80", "port: 81"),
        BASE.replace("port: 80", "port: 81   # ours"),
    ),
    "keys added at the same place": (
        BASE,
        BASE + "  ours: 1\n",
        BASE + "  theirs: 2\n",
        BASE + "  ours: 1\n  theirs: 2\n",
    ),
    "a key taken out, and the one after it changed": (
        BASE,
        BASE.replace("  port: 80\n", ""),
        BASE.replace("small", "large"),
        BASE.replace("  port: 80\n", "").replace("small", "large"),
    ),
    "mappings inside of mappings": (
        FRONT + "inputs:\n  labels: {a: 1, b: 1}\n",
        FRONT + "inputs:\n  labels: {a: 2, b: 1}\n",
        FRONT + "inputs:\n  labels: {a: 1, b: 2}\n",
        FRONT + "inputs:\n  labels: {a: 2, b: 2}\n",
    ),
    "entries of a list, far from each other": (
        FRONT + "inputs:\n  hosts: [a, b, c]\n",
        FRONT + "inputs:\n  hosts: [x, a, b, c]\n",
        FRONT + "inputs:\n  hosts: [a, b, d]\n",
        FRONT + "inputs:\n  hosts: [x, a, b, d]\n",
    ),
    "relations are sets, too": (
        FRONT + "depends_on: [vpc]\nreact_on:\n  restart: [a.update]\n",
        FRONT + "depends_on: [vpc, lb]\nreact_on:\n  restart: [a.update, b.update]\n",
        FRONT + "depends_on: [dns, vpc]\nreact_on:\n  restart: [c.update]\n",
        FRONT + "depends_on: [vpc, lb, dns]\nreact_on:\n  restart: [b.update, c.update]\n",
    ),
    "a file that both sides added": (
        None,
        FRONT + "inputs:\n  port: 80\n  a: 1\n",
        FRONT.replace("[a]", "[b]") + "inputs:\n  port: 80\n  b: 2\n",
        FRONT.replace("[a]", "[a, b]") + "inputs:\n  port: 80\n  a: 1\n  b: 2\n",
    ),
    "a key that both sides added at other places": (
        BASE,
        BASE.replace("inputs:\n", "inputs:\n  zone: x\n"),
        BASE + "  zone: x\n",
        BASE.replace("inputs:\n", "inputs:\n  zone: x\n"),
    ),
    "an entry of a set that goes leaves its comment to no other": (
        "---\nkind: service\ntags:\n- a  # one\n- b\n---\n",
        "---\nkind: service\ntags:\n- a  # one\n- b\n- c  # three\n---\n",
        "---\nkind: service\ntags:\n- a  # one\n- d\n---\n",
        "---\nkind: service\ntags:\n- a  # one\n- c  # three\n- d\n---\n",
    ),
    "a value without a body before": (
        "---\nkind: service\n---\n",
        "---\nkind: service\n---\ninputs:\n  a: 1\n",
        "---\nkind: service\ntags: [b]\n---\n",
        "---\nkind: service\ntags: [b]\n---\ninputs:\n  a: 1\n",
    ),
}


@pytest.mark.parametrize("case", CLEAN)
def test_a_merge_by_value_is_clean(clone: Repo, case: str) -> None:
    """
    The whole file is as both sides mean it.
    """
    base, ours, theirs, expected = CLEAN[case]

    assert (True, expected) == merge(clone, "resources/web.yaml", base, ours, theirs)


def staged(actions: str = "", tags: str = "a", source: str = "resources/web.yaml", body: str = "inputs: {}\n") -> str:
    given = f"actions: {{{actions}}}\n" if actions else ""
    return f"---\nkind: service\ntags: [{tags}]\nsource: {source}\n{given}---\n{body}"


STAMPS = {
    "different actions": ("", "restart: 1-aa", "test: 1-bb", "restart: 1-aa, test: 1-bb"),
    "the later of two stamps": ("restart: 1-aa", "restart: 3-bb", "restart: 2-cc", "restart: 3-bb"),
    "one after both, staged at once": ("restart: 1-aa", "restart: 2-bb", "restart: 2-cc", "restart: 3-c31a"),
    "staged again on one side, taken back on the other": ("restart: 1-aa", "", "restart: 2-bb", "restart: 2-bb"),
    "taken back on one side": ("restart: 1-aa, test: 1-bb", "test: 1-bb", "restart: 1-aa, test: 1-bb", "test: 1-bb"),
}  # fmt: skip


@pytest.mark.parametrize("case", STAMPS)
def test_stamps_of_actions_are_merged_by_what_they_mean(clone: Repo, case: str) -> None:
    """
    Nothing that an author staged is lost, whichever of the sides was applied before; the same from both sides.
    """
    base, ours, theirs, expected = STAMPS[case]

    clean, text = merge(clone, ".staged/web.yaml", staged(base), staged(ours), staged(theirs))

    assert clean
    assert text == staged(expected)


def test_a_staged_copy_keeps_its_form(clone: Repo) -> None:
    """
    Tags, source and stamps changed on different sides.
    """
    assert (True, staged("test: 1-bb", "a, x, y", "resources/new/web.yaml", "inputs: {b: 1}\n")) == merge(
        clone,
        ".staged/web.yaml",
        staged(body="inputs: {a: 1}\n"),
        staged("", "a, x", "resources/new/web.yaml", "inputs: {b: 1}\n"),
        staged("test: 1-bb", "a, y", body="inputs: {a: 1}\n"),
    )


CONFLICTS = {
    "one value": (
        BASE,
        BASE.replace("80", "81").replace("small", "large").replace("[a]", "[a, b]"),
        BASE.replace("80", "82").replace("shop:1", "shop:2").replace("[a]", "[a, c]"),
        FRONT.replace("[a]", "[a, b, c]") + "# the shop\ninputs:\n  image: shop:2\n"
        "<<<<<<< ours\n  port: 81\n=======\n  port: 82\n>>>>>>> theirs\n  size: large\n",
    ),
    "taken out here, changed there": (
        BASE,
        BASE.replace("  size: small\n", ""),
        BASE.replace("size: small", "size: large").replace("80", "81"),
        FRONT + "# the shop\ninputs:\n  image: shop:1\n  port: 81\n"
        "<<<<<<< ours\n=======\n  size: large\n>>>>>>> theirs\n",
    ),
    "two kinds": (
        BASE,
        BASE.replace("service", "plain"),
        BASE.replace("service", "web").replace("80", "81"),
        "---\n<<<<<<< ours\nkind: plain\n=======\nkind: web\n>>>>>>> theirs\ntags: [a]\n---\n"
        "# the shop\ninputs:\n  image: shop:1\n  port: 81\n  size: small\n",
    ),
    "entries at the same place of a list": (
        FRONT + "inputs:\n  hosts: [a]\n  port: 1\n",
        FRONT + "inputs:\n  hosts: [a, b]\n  port: 1\n",
        FRONT + "inputs:\n  hosts: [a, c]\n  port: 2\n",
        FRONT + "inputs:\n<<<<<<< ours\n  hosts: [a, b]\n=======\n  hosts: [a, c]\n>>>>>>> theirs\n  port: 2\n",
    ),
    "an entry of a list of mappings that one side may have edited or replaced": (
        FRONT + "inputs:\n  rules:\n  - {n: 1, v: 1}\n",
        FRONT + "inputs:\n  rules:\n  - {n: 0, v: 1}\n  - {n: 1, v: 3}\n",
        FRONT + "inputs:\n  rules:\n  - {n: 1, v: 2}\n",
        FRONT + "inputs:\n  rules:\n<<<<<<< ours\n  - {n: 0, v: 1}\n  - {n: 1, v: 3}\n=======\n"
        "  - {n: 1, v: 2}\n>>>>>>> theirs\n",
    ),
    "a file that both sides added": (
        None,
        FRONT + "inputs:\n  port: 80\n",
        FRONT + "inputs:\n  port: 81\n",
        FRONT + "inputs:\n<<<<<<< ours\n  port: 80\n=======\n  port: 81\n>>>>>>> theirs\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_a_real_conflict_is_left_to_people(clone: Repo, case: str) -> None:
    """
    Only the values in question stand twice; everything else of both sides is merged.
    """
    base, ours, theirs, expected = CONFLICTS[case]

    assert (False, expected) == merge(clone, "resources/web.yaml", base, ours, theirs)


def test_what_is_no_such_file_is_merged_by_lines(clone: Repo) -> None:
    """
    Text that is no YAML, as git does it without us.
    """
    base = "a: [\n1\n2\n3\n4\n5\n"

    assert (True, base.replace("1", "x").replace("5", "y")) == merge(
        clone, "resources/web.yaml", base, base.replace("1", "x"), base.replace("5", "y")
    )


def test_without_stagectl_git_merges_by_lines(clone: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In a window program, say, that knows no PATH: neither side is lost, and differences can still be shown.
    """
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(os.pathsep)[2])
    where = next(
        (folder for folder in os.environ["PATH"].split(os.pathsep) if (Path(folder) / "stagectl").exists()), None
    )
    if where:
        monkeypatch.setenv("PATH", os.environ["PATH"].replace(where, ""))

    clean, text = merge(clone, "resources/web.yaml", BASE, BASE.replace("80", "81"), BASE.replace("80", "82"))

    assert not clean
    assert "<<<<<<< ours\n  port: 81\n=======\n  port: 82\n>>>>>>> theirs\n" in text
    clone.write(".staged/web.yaml", staged()).git("add", ".staged")
    assert "+source: resources/web.yaml" in clone.git("diff", "--cached", "--", ".staged")


def test_a_rebase_merges_by_value(clone: Repo) -> None:
    """
    And what comes out makes a plan.
    """
    clone.define("db", inputs={"a": 1, "b": 1}, tags=["x"]).commit()
    clone.stage()
    clone.git("checkout", "-q", "-b", "work")
    clone.ok("update", "db", "--set", "a=2", "--tag", "y")
    clone.git("checkout", "-q", "main")
    clone.ok("update", "db", "--set", "b=2", "--tag", "z")
    clone.ok("stage", "db", "-a", "restart")
    clone.git("checkout", "-q", "work")
    clone.git("rebase", "-q", "main")

    plan = clone.plan()
    assert ["db.run", "db.restart"] == plan.ids
    assert "tags: [x, z, y]\n" in clone.read(".staged/db.yaml")
    assert {"a": 2, "b": 2} == {entry["path"]: entry["after"] for entry in plan.change("db.run")["diff"]}
    assert clone.run("stage") == Ran(0, "Nothing to stage. The staged files are as the definitions say.\n", "")


def test_a_difference_of_staged_files_is_one_of_values(clone: Repo) -> None:
    """
    Comments and order make none; tags are named one by one; control characters do not act.
    """
    clone.write(".staged/web.yaml", staged("restart: 1-aa", "b, a", body="# x\ninputs:\n  b: 1\n  a: 'x'\n")).commit()
    clone.write(
        ".staged/web.yaml",
        staged(
            "restart: 2-bb", "a, c", body='# y\ninputs:\n  a: "x"\n  b: 2\n  "c.d": ["\\e[31m", {"e": "l1\\nl2"}]\n'
        ),
    )

    lines = clone.git("diff", "--", ".staged").splitlines()
    changed = [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))]
    assert [
        '-actions.restart: "1-aa"',
        '+actions.restart: "2-bb"',
        "-tags.b: true",
        "+tags.c: true",
        "-inputs.b: 1",
        "+inputs.b: 2",
        '+inputs["c.d"].0: "\\u001b[31m"',
        '+inputs["c.d"].1.e:',
        "+  l1",
        "+  l2",
    ] == changed  # fmt: skip


def test_init_git_says_what_it_did_and_does_it_once(repo: Repo) -> None:
    """
    What stands in .gitattributes stays; the definitions of every root are merged by value.
    """
    repo.write(".gitattributes", "*.png binary").write("stagectl.yaml", "roots: [resources, more]\n").commit()

    done = repo.ok("init", "--git").out

    assert "set merge.stagectl.driver in this clone\n" in done and "wrote .gitattributes: commit it\n" in done
    assert (
        "*.png binary\n/.staged/**/*.yaml diff=stagectl merge=stagectl\n"
        "/resources/**/*.yaml merge=stagectl\n/more/**/*.yaml merge=stagectl\n"
    ) == repo.read(".gitattributes")
    assert "Everything is here already.\n" == repo.ok("init", "--git").out
    assert "merge: stagectl" in repo.git("check-attr", "merge", "resources/a/b.yaml")
    assert "diff: stagectl" in repo.git("check-attr", "diff", ".staged/a.yaml")


@pytest.mark.parametrize("path", ["resources/web.yaml", ".staged/web.yaml"])
def test_a_diff_during_a_conflict_shows_only_what_conflicts(clone: Repo, path: str) -> None:
    """
    The two values in question, and nothing of what was merged.
    """
    front = FRONT if path.startswith("resources") else STAGED
    between = "".join(f"  n{at}: {at}\n" for at in range(9))
    base = f"{front}inputs:\n  image: shop:1\n{between}  port: 80\n{between.replace('n', 'm')}  size: small\n"
    ours = base.replace("port: 80", "port: 81").replace("small", "large")
    theirs = base.replace("port: 80", "port: 82").replace("shop:1", "shop:2")

    clean, text = merge(clone, path, base, ours, theirs)

    lines = [line for line in clone.git("diff").splitlines() if not line.startswith(("---", "+++"))]
    changed = [line[2:].strip() for line in lines if line[:2] in ("++", "+ ", " +", "- ", " -", "--")]
    assert not clean and "shop:2" in text and "large" in text
    assert ["<<<<<<< ours", "port: 81", "=======", "port: 82", ">>>>>>> theirs"] == changed


def test_a_file_that_is_not_there_is_named(repo: Repo) -> None:
    """By what git starts, when it is started by hand."""
    for words in (("textconv", "no.yaml"), ("merge-file", "no.yaml", "b", "c", "resources/a.yaml")):
        done = repo.run(*words)
        said = "error: no.yaml cannot be read: No such file or directory\nhint: give a file that is there\n"
        assert (1, "", said) == (done.code, done.out, done.err)
