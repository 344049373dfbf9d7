"""`verify`: an untouched history passes, and each kind of tampering is found."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Callable, Dict

import pytest

from tests.build import APPLIED, FOLDER, Repo

pytestmark = pytest.mark.once

BRANCH = f"refs/heads/{APPLIED}"
Tamper = Callable[[Repo], None]


def history(repo: Repo) -> Repo:
    """Three applies, one with a failure and an owed reaction, and a discarded debt."""
    repo.define("db", inputs={"port": 1}).define("app", inputs={"p": "${db.port}"}, react_on={"restart": ["db.update"]})
    repo.define("other", tags=["x"]).apply_all()
    repo.define("db", inputs={"port": 2}).stage().fail("app.restart")
    assert 1 == repo.apply().code
    repo.ok("discard", "app")
    repo.fail("nothing").define("other", tags=["x"], inputs={"v": 1}).stage()
    repo.ok("apply", "-t", "x", "--yes")
    return repo


def plumb(repo: Repo, *arguments: str, data: str = "", index: str = "") -> str:
    env = {**os.environ, **({"GIT_INDEX_FILE": str(repo.top / ".git" / index)} if index else {})}
    done = subprocess.run(["git", *arguments], cwd=repo.top, input=data, env=env, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    return done.stdout.strip()


def recommit(repo: Repo, *, tree: str = "", message: str = "", parents: str = "", tip: str = BRANCH) -> None:
    """Put another commit in the place of the newest applied one."""
    named = parents or repo.git("log", "-1", "--format=%P", tip).strip()
    words = [word for parent in named.split() for word in ("-p", parent)]
    text = message or repo.git("log", "-1", "--format=%B", tip)
    commit = plumb(repo, "commit-tree", tree or f"{tip}^{{tree}}", *words, data=text)
    repo.git("update-ref", BRANCH, commit)


def with_file(repo: Repo, path: str, text: str, mode: str = "100644") -> str:
    """The tree of the newest applied commit with another file in it."""
    blob = plumb(repo, "hash-object", "-w", "--stdin", data=text)
    plumb(repo, "read-tree", BRANCH, index="tampering")
    plumb(repo, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{Path(FOLDER, path)}", index="tampering")
    return plumb(repo, "write-tree", index="tampering")


def without_file(repo: Repo, path: str) -> str:
    plumb(repo, "read-tree", BRANCH, index="tampering")
    plumb(repo, "update-index", "--force-remove", str(Path(FOLDER, path)), index="tampering")
    return plumb(repo, "write-tree", index="tampering")


def edited(repo: Repo, path: str, old: str, new: str) -> str:
    text = repo.git("show", f"{BRANCH}:{path}")
    assert old in text
    return with_file(repo, path, text.replace(old, new))


def message(repo: Repo, old: str, new: str) -> str:
    text = repo.git("log", "-1", "--format=%B", BRANCH)
    assert old in text
    return text.replace(old, new)


def based_on(repo: Repo, base: str) -> str:
    return re.sub("Base: .*", f"Base: {base}", repo.git("log", "-1", "--format=%B", BRANCH))


def said(repo: Repo, more: str) -> str:
    return repo.git("log", "-1", "--format=%B", BRANCH).strip() + f"\n{more}\n"


TAMPERINGS: Dict[str, Tamper] = {
    "a value that is live": lambda repo: recommit(repo, tree=edited(repo, ".applied/other.json", "1", "2")),
    "a staged file as applied": lambda repo: recommit(repo, tree=edited(repo, ".staged/other.yaml", ": 1", ": 3")),
    "a resource that is gone": lambda repo: recommit(
        repo, tree=without_file(repo, ".applied/db.json")
    ),
    "a debt that comes back": lambda repo: recommit(
        repo, tree=edited(repo, ".applied/app.json", "{", '{"owed": {"restart": ["db.update"]},')
    ),
    "a file beside the applied state": lambda repo: recommit(repo, tree=with_file(repo, "evil.sh", "rm -rf /\n")),
    "a kind": lambda repo: recommit(repo, tree=with_file(repo, "kinds/service.yaml", "actions: {}\n")),
    "a result": lambda repo: recommit(repo, message=message(repo, "other.update SUCCESS", "other.update ERROR")),
    "a plan id": lambda repo: recommit(repo, message=message(repo, "Plan: ", "Plan: 0")),
    "a change left out": lambda repo: recommit(repo, message=message(repo, "Change: other.update SUCCESS\n", "")),
    "a selection": lambda repo: recommit(repo, message=message(repo, '"tags":["x"]', '"tags":[]')),
    "another source": lambda repo: recommit(
        repo, parents=repo.git("rev-parse", f"{BRANCH}^1", f"{BRANCH}^2^").replace("\n", " ")
    ),
    "no source": lambda repo: recommit(repo, parents=repo.git("rev-parse", f"{BRANCH}^1").strip()),
    "a base that is nowhere": lambda repo: recommit(
        repo, tree=edited(repo, ".applied/other.json", "1", "2"), message=based_on(repo, "ab" * 20)
    ),
    "a file that no apply writes": lambda repo: recommit(repo, tree=with_file(repo, ".applied/evil.sh", "rm -rf /\n")),
    "a staged file of no resource": lambda repo: recommit(repo, tree=with_file(repo, ".staged/a b.yaml", "{}\n")),
    "a key that nobody reads": lambda repo: recommit(
        repo, tree=edited(repo, ".applied/other.json", "{", '{"evil": 1,')
    ),
    "a staged file that is executable": lambda repo: recommit(
        repo, tree=with_file(repo, ".staged/other.yaml", repo.git("show", f"{BRANCH}:.staged/other.yaml"), "100755")
    ),
    "a record": lambda repo: recommit(repo, message=said(repo, "Recorded: db")),
    "a debt said to be dropped": lambda repo: recommit(
        repo, message=said(repo, "Discarded: db.update")
    ),
    "a result reported twice": lambda repo: recommit(
        repo, message=said(repo, "Change: other.update SUCCESS")
    ),
    "a commit that nobody applied": lambda repo: recommit(
        repo, message="hello\n", parents=repo.git("rev-parse", BRANCH, "HEAD").replace("\n", " ")
    ),
    "a commit that is dropped": lambda repo: plumb(repo, "update-ref", BRANCH, f"{BRANCH}^1") and None,
    "a history without its root": lambda repo: recommit(
        repo, parents=repo.git("rev-parse", "HEAD", "HEAD^").replace("\n", " ")
    ),
}  # fmt: skip


def test_what_stagectl_wrote_passes(repo: Repo) -> None:
    """
    Applies, failures, debts, discards, selections, moves, replaces and records are what they say.
    """
    history(repo)
    repo.kind("service", actions=("run", "update", "remove", "restart", "test"), replace_on=["size"]).commit()
    repo.define("db", inputs={"port": 2, "size": 1}).stage("db").ok("apply", "--yes")
    repo.ok("move", "other", "moved")
    repo.ok("apply", "--yes")
    repo.define("fresh").stage().ok("apply", "--record-only", "--yes")
    repo.stage("fresh", "-a", "restart").ok("apply", "--yes", "--noop", "fresh.restart")
    repo.delete("fresh").stage().ok("apply", "--yes")

    done = repo.ok("verify")

    count = len(repo.git("rev-list", "--first-parent", BRANCH).split())
    assert f"Checked {count} applied commits: all as they have to be.\n" == done.out
    traced = repo.run("verify", env={"GIT_TRACE": str(repo.top / ".git/traced")})  # it may be read-only
    assert 0 == traced.code and not {"hash-object", "commit-tree", "unpack-objects"} & set(
        repo.read(".git/traced").split()
    )
    assert {"tip", "commits", "findings", "notices"} == repo.ok("verify", "--json").json().keys()


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found(repo: Repo, what: str) -> None:
    """
    Whatever is changed, something is said, and the exit code is 1.
    """
    history(repo)
    # The journals of this machine know the tips; a stranger's clone would not, so that only the branch itself counts.
    if "dropped" not in what:
        for journal in (repo.place / "runs").iterdir():
            subprocess.run(["rm", "-r", str(journal)], check=True)

    TAMPERINGS[what](repo)

    done = repo.run("verify")
    assert 1 == done.code, done.out
    assert "wrong." in done.out or "error: " in done.err, done


def test_a_base_that_was_forged_counts_for_nothing(repo: Repo) -> None:
    """
    A forger applies on top of a state of his own, and puts what came of it on the real one: but for the base it fits.
    """
    history(repo)
    real = repo.git("rev-parse", BRANCH).strip()
    forged = with_file(repo, ".staged/db.yaml", repo.git("show", f"{BRANCH}:.staged/db.yaml").replace(": 2", ": 99"))
    recommit(repo, tree=forged)
    recommit(repo, tree=edited(repo, ".applied/db.json", "2", "99"))
    repo.define("app", inputs={"p": "${db.port}", "q": 1}).stage("app").ok("apply", "--yes", "app")
    assert 99 == repo.applied("app")["inputs"]["p"]
    for path in (".staged/db.yaml", ".applied/db.json"):
        recommit(repo, tree=with_file(repo, path, repo.git("show", f"{real}:{path}")))
    recommit(repo, parents=f"{real} {repo.git('rev-parse', f'{BRANCH}^2').strip()}")
    subprocess.run(["rm", "-r", str(repo.top / ".git/stagectl")], check=True)

    done = repo.run("verify")

    assert 1 == done.code
    assert "it cannot be replayed" in done.out or "its plan is not the one" in done.out, done.out


def test_a_rewritten_branch_is_found_by_an_earlier_verification(repo: Repo) -> None:
    """
    Even if what replaced it is well made: the tip that was verified is not in it any more.
    """
    history(repo)
    repo.ok("verify")
    tip = repo.git("rev-parse", BRANCH).strip()
    for journal in (repo.place / "runs").iterdir():
        subprocess.run(["rm", "-r", str(journal)], check=True)
    repo.git("update-ref", BRANCH, f"{BRANCH}^1")

    assert f"{tip[:12]}: an earlier verification saw this commit, and it is gone: the branch was rewritten\n" in (
        repo.run("verify").out
    )


def test_a_source_that_no_branch_has_is_a_notice(repo: Repo) -> None:
    """
    A branch was deleted after it was applied: worth a look, and no proof of anything. Another branch is enough.
    """
    repo.define("db").apply_all()
    repo.git("switch", "-q", "-c", "topic")
    repo.define("db", inputs={"port": 1}).stage().ok("apply", "--yes")
    source, tip = (repo.git("rev-parse", revision).strip() for revision in ("HEAD", BRANCH))
    repo.git("switch", "-q", "main")
    well = "Checked 3 applied commits: all as they have to be.\n"
    assert well == repo.ok("verify").out

    repo.git("branch", "-q", "-D", "topic")
    reported = f"notice: {tip[:12]}: its source {source[:12]} is in no branch any more\n{well}"
    assert reported == repo.ok("verify").out
    repo.git("update-ref", "refs/remotes/origin/topic", source)
    assert well == repo.ok("verify").out


def test_signatures_are_checked(repo: Repo, tmp_path: Path) -> None:
    """
    --sign signs the applied commit, verify --signed wants that of every one, --require-signed that of what is applied.
    """
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "allowed").write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(key)),
        ("gpg.ssh.allowedSignersFile", str(tmp_path / "allowed")),
    ):
        repo.git("config", name, value)
    repo.define("a").commit()
    repo.stage()

    refused = repo.run("apply", "--yes", "--require-signed")
    assert 1 == refused.code and "has no good signature of a key that you trust" in refused.err
    repo.ok("apply", "--yes", "--sign")
    repo.ok("verify", "--signed")
    repo.git("config", "commit.gpgsign", "true")
    repo.define("a", inputs={"x": 1}).stage().ok("apply", "--yes", "--require-signed")
    unsigned = repo.run("verify", "--signed")
    assert 1 == unsigned.code
    assert unsigned.out.endswith(
        "it has no good signature of an allowed signer\nChecked 3 applied commits: 1 of them wrong.\n"
    )
