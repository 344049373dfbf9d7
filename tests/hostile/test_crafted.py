"""What only stagectl writes, written by another operator: applied branch, saved plans, journals, trailers, cache."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest

from stagectl.core.plans.document import plan_id
from tests.build import Repo, made_once
from tests.hostile.conftest import UNSAFE, Bounded

pytestmark = pytest.mark.once


@pytest.fixture
@made_once
def applied(repo: Repo) -> Repo:
    """Two resources that are live, with an edit that is staged."""
    repo.define("db", inputs={"v": 1, "t": "x"}).define("app", inputs={"p": "${db.v}"}).apply_all()
    return repo.define("db", inputs={"v": 2, "t": "x"}).stage()


# --- the applied branch


def recommit(repo: Repo, path: str, content: Optional[bytes], mode: str = "100644") -> None:
    """Put another commit on the applied branch, with one file changed, by git alone."""
    env = {**os.environ, "GIT_INDEX_FILE": str(repo.root / ".git/crafted")}

    def git(*words: str, data: bytes = b"") -> str:
        done = subprocess.run(["git", *words], cwd=repo.root, env=env, input=data, capture_output=True, check=True)
        return done.stdout.decode().strip()

    git("read-tree", "stagectl/applied")
    if content is None:
        git("update-index", "--force-remove", path)
    else:
        blob = git("hash-object", "-w", "--stdin", data=content)
        git("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
    tree = git("write-tree")
    parents = [word for name in ("stagectl/applied", "stagectl/applied^2") for word in ("-p", git("rev-parse", name))]
    git("update-ref", "refs/heads/stagectl/applied", git("commit-tree", tree, *parents, "-m", "crafted"))


def state(**more: Any) -> bytes:
    return json.dumps({"inputs": {"v": 1, "t": "x"}, "written": {"kind": "plain"}, **more}).encode()


STATES: Dict[str, bytes] = {
    "no JSON": b"{",
    "no mapping": b"[]",
    "null": b"null",
    "no inputs": b'{"written": {"kind": "plain"}}',
    "nothing that was written": b"{}",
    "a form that is none": state(written=[1]),
    "no kind": state(written={}),
    "a kind that is none": state(written={"kind": "../x"}),
    "a tag that is none": state(written={"kind": "plain", "tags": ["\x1b[2J"]}),
    "a name that is none": state(written={"kind": "plain", "depends_on": ["--output=x"]}),
    "a reference that is none": state(written={"kind": "plain", "inputs": {"t": "${a"}}),
    "an action of another form": state(written={"kind": "plain", "actions": [["restart", "1"]]}),
    "inputs of another form": state(inputs=[1]),
    "deep": b'{"inputs": {"v": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "rather deep": b'{"inputs": {"v": ' + b"[" * 700 + b"1" + b"]" * 700 + b"}}",
    "not a number": b'{"inputs": {"v": NaN}}',
    "endless": b'{"inputs": {"v": -Infinity}}',
    "a huge number": b'{"inputs": {"v": ' + b"9" * 5_000 + b"}}",
    "no UTF-8": b'{"inputs": {"v": "\xff"}}',
    "a stamp that is none": state(stamps={"restart": "x"}),
    "an action that is none": state(stamps={"\x1b[2J": "1-a"}),
    "a debt of an action that is none": state(owed={"--output=x": ["app.update"]}),
    "a debt to a change that is none": state(owed={"restart": ["\n::error::x"]}),
    "a debt of another form": state(owed={"restart": "app.update"}),
    "an action that was tried": state(unfinished={"action": "rm", "kind": "plain", "tags": [], "inputs": {}}),
    "a kind that was tried": state(unfinished={"action": "run", "kind": "../x", "tags": [], "inputs": {}}),
    "tags that are none": state(unfinished={"action": "run", "kind": "plain", "tags": ["\x1b"], "inputs": {}}),
    "a variable that is none": state(env={"/t": [{"env": "$(id)"}]}),
    "a part that is none": state(env={"/t": [3]}),
    "a place that is none": state(env={"/nowhere": [{"env": "X"}]}),
}


@pytest.mark.parametrize("what", STATES)
@pytest.mark.parametrize("kept", [False, True])
def test_a_state_that_no_apply_writes(applied: Repo, bounded: Bounded, what: str, kept: bool) -> None:
    """
    With the file and the commit; also where an earlier state is kept in the cache.
    """
    if kept:
        applied.ok("plan")
    recommit(applied, ".applied/db.json", STATES[what])

    done = bounded(applied, "plan")

    assert done.code == 1 and done.err.startswith("error: the applied state is damaged: .applied/db.json in "), done.err
    assert "\n::" not in done.err and len(done.err) < 1_000


LARGE = b"65 MiB"  # it stands for them: what forks after this module was read does not carry them with it
FILES: Dict[str, Tuple[str, Optional[bytes], str]] = {
    "a state without a file": (".staged/db.yaml", None, "100644"),
    "a file without a state": (".applied/db.json", None, "100644"),
    "a file that is none": (".staged/db.yaml", b"\x00", "100644"),
    "a bomb": (".staged/db.yaml", b"---\nkind: &a [*a]\n---\n", "100644"),
    "a link": (".applied/db.json", b"/etc/passwd", "120000"),
    "a large file": (".staged/db.yaml", b"x" * 300_000, "100644"),
    "a large state": (".applied/db.json", LARGE, "100644"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_tree_that_no_apply_writes(applied: Repo, bounded: Bounded, what: str) -> None:
    """
    What is missing, what is no file, and what is too large: `verify` finds it, and nothing is planned from a bad state.

    The staged file of an applied commit is not read again: the state says what it said.
    """
    path, content, mode = FILES[what]
    recommit(applied, path, b" " * (65 << 20) if content is LARGE else content, mode)

    assert bounded(applied, "plan").code == 1 or path == ".staged/db.yaml"
    assert bounded(applied, "verify", seconds=2.0).code == 1


def test_an_applied_branch_that_is_something_else(applied: Repo, bounded: Bounded) -> None:
    """
    A branch of another history, a tag on a tree, a ref that names nothing.
    """
    tree = applied.git("rev-parse", "HEAD^{tree}").strip()
    applied.git("update-ref", "refs/heads/stagectl/applied", applied.git("commit-tree", "-m", "x", tree).strip())
    assert bounded(applied, "plan").code == 1

    path = applied.root / ".git/refs/heads/stagectl/applied"
    path.write_text("ref: refs/heads/stagectl/applied\n")
    bounded(applied, "plan")
    for content in (tree, "0" * 40, "f" * 40, "\x00" * 100, "x" * 100_000, ""):
        path.write_text(f"{content}\n")
        assert "error: the branch stagectl/applied is damaged" in bounded(applied, "plan").err


# --- saved plans


def tampered(document: Dict[str, Any], change: Callable[[Dict[str, Any]], None]) -> Dict[str, Any]:
    """A plan that says something else, with the id that fits."""
    change(document)
    document["plan_id"] = plan_id(document)
    return document


def first(document: Dict[str, Any]) -> Dict[str, Any]:
    found: Dict[str, Any] = document["changes"][0]
    return found


PLANS: Dict[str, Tuple[Callable[[Dict[str, Any]], None], str]] = {
    "it waits for nothing there is": (lambda d: first(d).update(after=["x.run"], wave=1), "comes too early"),
    "it waits for itself": (lambda d: first(d).update(after=[first(d)["id"]]), "comes too early"),
    "it waits for what comes later": (lambda d: first(d).update(after=[d["changes"][1]["id"]]), "comes too early"),
    "it is there twice": (lambda d: d["changes"].append(first(d)), "is there twice"),
    "another wave": (lambda d: first(d).update(wave=7), "is in the wrong wave"),
    "a wave without end": (lambda d: first(d).update(wave=10**300), "no number that can stand there"),
    "half a wave": (lambda d: first(d).update(wave=0.0), "no number that can stand there"),
    "half a character": (lambda d: d["selection"].update(tags=["\ud800"]), "is no plan"),
    "an object id that is none": (lambda d: d["base"].update(commit="--output=x"), "cannot stand where it does"),
    "a long object id": (lambda d: d["base"].update(commit="a" * 50), "cannot stand where it does"),
    "a long version": (lambda d: d.update(format_version="9" * 70_000), "has format 9999"),
    "no list": (lambda d: d["selection"].update(names="abc"), "is no list"),
    "an action that is none": (lambda d: first(d).update(action="\x1b"), "cannot stand where it does"),
    "a schema that is none": (lambda d: d["kinds"]["service"].update(inputs={"type": 3}), "is no plan"),
}


@pytest.mark.parametrize("what", PLANS)
def test_a_saved_plan_that_no_plan_wrote(applied: Repo, what: str) -> None:
    """
    Its id fits, and still it is refused by `show` and by `apply`, before anything runs.
    """
    change, message = PLANS[what]
    document = applied.ok("plan", "--format", "json").json()
    (applied.root / "plan.json").write_text(json.dumps(tampered(document, change)))

    for command in ("show", "apply"):
        done = applied.run(command, "plan.json")
        assert (1, "") == (done.code, done.out)
        assert message in done.err and len(done.err) < 1_000 and not UNSAFE.search(done.err), done.err
    assert [] == applied.log()


BYTES: Dict[str, Callable[[str], None]] = {
    "a device": lambda path: os.symlink("/dev/zero", path),
    "larger than may be": lambda path: os.truncate(path, 1 << 40) if open(path, "w").close() is None else None,
    "deep": lambda path: _write(path, b'{"format_version": ' + b"[" * 1_000_000),
    "wide": lambda path: _write(path, b'{"format_version": "1.0", "changes": [' + b"{}," * 1_000_000 + b"{}]}"),
}


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


@pytest.mark.parametrize("what", BYTES)
def test_a_saved_plan_is_bounded(applied: Repo, bounded: Bounded, what: str) -> None:
    """
    At most 64 MiB of it are read.
    """
    BYTES[what](str(applied.root / "plan.json"))

    assert "plan.json is no plan" in bounded(applied, "show", "plan.json", seconds=2.0).err


# --- the journal and the cache

HEADERS: Dict[str, Callable[[Dict[str, Any]], None]] = {
    "a source that is an option": lambda raw: raw.update(source="--output=x"),
    "a time that is none": lambda raw: raw.update(started=float("inf")),
    "a process that is none": lambda raw: raw.update(process=10**30),
    "a change that is none": lambda raw: raw["filter"].update(skip=["\x1b[2J"]),
    "a run that is none": lambda raw: raw.update(retries="../x"),
    "a plan that is none": lambda raw: raw.update(plan=[]),
    "a name of the wrong form": lambda raw: raw.update(by=["x"]),
}
LINES: Dict[str, Any] = {
    "a state that acts": {"change": "db.update", "at": 1, "state": "<script>", "seconds": 1},
    "a change that acts": {"change": "\x1b[2J", "at": 1, "state": "SUCCESS", "seconds": 1},
    "a time without end": {"change": "db.update", "at": float("inf"), "state": "INPROGRESS"},
    "a commit that is an option": {"end": 1, "commit": "--output=x"},
    "a number": 3,
    "a list": [],
}


@pytest.mark.parametrize("what", [*HEADERS, *LINES])
def test_a_journal_that_no_run_wrote(applied: Repo, what: str) -> None:
    """
    Each report says that it cannot be read, and where it is; nothing that stands in it acts.
    """
    applied.ok("apply", "--yes")
    folder = max((applied.root / ".git/stagectl/runs").iterdir())
    if what in HEADERS:
        raw = json.loads((folder / "run.json").read_text())
        HEADERS[what](raw)
        (folder / "run.json").write_text(json.dumps(raw))
    else:
        with (folder / "journal").open("a") as file:
            file.write(json.dumps(LINES[what]) + "\n")

    for words in (["report"], ["report", "--json"], ["report", "--format", "html"]):
        done = applied.run(*words)
        assert (1, "") == (done.code, done.out)
        assert done.err.startswith("error: the ") and f" of run {folder.name} " in done.err, done.err
        assert not UNSAFE.search(done.err)


def test_a_cache_that_was_forged_counts_for_nothing(applied: Repo, bounded: Bounded) -> None:
    """
    Each of its files replaced by a link to a device, by garbage and by a folder: the plan is the same.
    """
    expected = bounded(applied, "plan").out
    cache = applied.root / ".git/stagectl/cache"
    makers: List[Callable[[str], None]] = [
        lambda path: os.symlink("/dev/zero", path),
        lambda path: _write(path, os.urandom(10_000)),
        lambda path: _write(path, b"[" * 1_000_000),
        os.mkdir,
    ]
    for make in makers:
        for path in sorted(cache.iterdir()):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
            make(str(path))

        assert expected == bounded(applied, "plan").out


# --- trailers


def test_forged_trailers_prove_nothing(applied: Repo, bounded: Bounded) -> None:
    """
    A commit that says that it staged and applied: `log` has no such entry, `verify` no such apply, a plan all changes.
    """
    before = applied.plan().ids
    message = "x\n\n" + "".join(f"Change: db.update SUCCESS\nStaged: r{n}.run\n" for n in range(5_000))
    applied.git("commit", "-q", "--allow-empty", "-F", "-", check=False)
    for trailers in (message, "x\n\nRun: 20260101T000000Z-000000\nApplied-by: Eve\nChange: db.update SUCCESS\n"):
        subprocess.run(["git", "commit", "-q", "--allow-empty", "-F", "-"], cwd=applied.root, input=trailers.encode())

    assert before == applied.plan().ids
    assert "20260101T000000Z-000000" not in bounded(applied, "log").out
    assert bounded(applied, "verify", seconds=2.0).code == 0
