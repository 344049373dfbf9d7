"""Which branch is the applied one, here and at the remote."""

from __future__ import annotations

import pytest

from tests.build import Repo, record
from tests.scenarios.applying.world import APPLIED, failed, refused


def clone(repo: Repo, *options: str) -> Repo:
    """A second person's clone of a bare repository that has everything of the first one's."""
    bare = repo.root.parent / "bare.git"
    if not bare.exists():
        repo.git("init", "-q", "--bare", str(bare))
        repo.git("remote", "add", "origin", str(bare))
    repo.git("push", "-q", "origin", "main", APPLIED)
    repo.git("clone", "-q", *options, "--branch", "main", str(bare), str(repo.root.parent / "clone"))
    other = Repo(repo.root.parent / "clone", init=False)
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.com")
    return other


def test_the_config_names_another_branch(repo: Repo) -> None:
    """
    What is applied is looked for there, and nowhere else.
    """
    repo.write("stagectl.yaml", "applied_branch: deploy/state\n").define("a").apply_all()

    assert "refs/heads/deploy/state\nrefs/heads/main\n" == repo.git("for-each-ref", "--format=%(refname)")
    assert [] == repo.plan().ids


@pytest.mark.parametrize("there", ["stagectl", "stagectl/applied/old"])
def test_a_branch_in_the_way_of_the_applied_one_is_reported_before_anything_runs(repo: Repo, there: str) -> None:
    """
    Git keeps no branch a/b beside a branch a: the run could not be recorded.
    """
    repo.define("a").commit()
    repo.stage().git("branch", there)

    expected = (
        f"error: git cannot make the branch {APPLIED}: the branch {there} is in its way\n"
        f"hint: rename that: git branch -m {there} NAME; or set another applied_branch in stagectl.yaml\n"
    )
    assert expected == refused(repo, "--yes")
    assert [] == repo.log()

    repo.git("branch", "-m", there, "other")
    assert 0 == repo.apply().code


@pytest.mark.parametrize("what", ["ref", "commit"])
def test_a_damaged_applied_branch_is_not_taken_for_none(repo: Repo, what: str) -> None:
    """
    A crash that emptied the ref, or lost the commit: nothing is run again as if nothing were applied.
    """
    record(repo.define("a"))
    tip = repo.git("rev-parse", APPLIED).strip()
    path = f".git/refs/heads/{APPLIED}" if what == "ref" else f".git/objects/{tip[:2]}/{tip[2:]}"
    kept = (repo.top / path).read_bytes()
    (repo.top / path).unlink()
    (repo.top / path).write_bytes(b"") if what == "ref" else None

    reported = f"error: the branch {APPLIED} is damaged: it is there, and git cannot read its commit\nhint: git fsck"
    for words in (["plan"], ["status"], ["stage"], ["apply", "--yes"], ["log"]):
        assert failed(repo.run(*words)).err.startswith(reported)
    assert [] == repo.log()

    (repo.top / path).write_bytes(kept)
    assert [] == repo.plan().ids


FETCH = f"git fetch origin {APPLIED}:refs/remotes/origin/{APPLIED}"

NARROW = (
    f"warning: this clone has no branch {APPLIED}: as far as it knows nothing is applied; if origin has it: {FETCH}\n"
)


def test_a_remote_that_has_the_branch_stops_a_clone_that_has_it_not(repo: Repo) -> None:
    """
    A narrow CI clone would run everything again: plan warns, apply asks the remote and says what to fetch.
    """
    other = clone(record(repo.define("a")), "--single-branch")

    assert NARROW == other.ok("plan").err
    assert (
        f"error: origin has the branch {APPLIED}, and this clone has not: everything would be run again\n"
        f"hint: fetch it: {FETCH}\n"
    ) == refused(other, "--yes")

    other.git(*FETCH.split()[1:])
    assert ("No changes. The applied state matches what is staged.\n", "") == (
        other.ok("plan").out,
        other.ok("plan").err,
    )


def test_a_remote_that_does_not_answer_stops_apply_but_for_offline(repo: Repo) -> None:
    """
    Whether it has the branch is not known; --offline takes the risk. A remote without the branch is fine.
    """
    repo.define("a").commit()
    repo.stage()
    repo.git("remote", "add", "origin", str(repo.root.parent / "nowhere.git"))

    said = refused(repo, "--yes")
    assert said.startswith(
        f"error: whether origin has the branch {APPLIED} is not known: git ls-remote failed: fatal: "
    )
    assert said.endswith("hint: without it everything would be run again; --offline applies all the same\n")
    assert refused(repo, "--yes", "--record-only") == said

    repo.ok("apply", "--yes", "--offline")
    assert ["a.run"] == repo.log()


def test_a_remote_without_the_branch_is_no_hindrance(repo: Repo) -> None:
    """
    The very first apply of a team.
    """
    repo.git("init", "-q", "--bare", str(repo.root.parent / "bare.git"))
    repo.git("remote", "add", "origin", str(repo.root.parent / "bare.git"))
    repo.define("a").commit()
    repo.stage().ok("apply", "--yes")

    assert ["a.run"] == repo.log()


def test_of_the_local_and_the_remote_tracking_branch_the_one_containing_the_other_counts(repo: Repo) -> None:
    """
    Remote alone, local ahead, remote ahead: in each case the newer one is planned against and continued.
    """
    other = clone(record(repo.define("a", inputs={"x": 1})))
    other.define("a", inputs={"x": 2}).stage()
    assert ["a.update"] == other.plan().ids, "the remote one is alone"

    other.ok("apply", "--yes")
    assert repo.git("rev-parse", APPLIED) == other.git("rev-parse", f"{APPLIED}~1")
    assert [] == other.plan().ids, "the local one is ahead"

    newest, before = other.git("rev-parse", APPLIED, f"{APPLIED}~1").split()
    other.git("update-ref", f"refs/remotes/origin/{APPLIED}", newest)
    other.git("update-ref", f"refs/heads/{APPLIED}", before)
    other.define("b").stage().ok("apply", "--yes")
    assert newest == other.git("rev-parse", f"{APPLIED}~1").strip(), "the remote one is ahead"


def test_diverged_applied_branches_are_an_error(repo: Repo) -> None:
    """
    Two people applied without seeing each other; neither plan nor apply picks one.
    """
    other = clone(record(repo.define("a", inputs={"x": 1})))
    source, applied = other.git("rev-parse", "HEAD", f"origin/{APPLIED}").split()
    made = [
        other.git("commit-tree", f"{applied}^{{tree}}", "-p", applied, "-p", source, "-m", who).strip()
        for who in ("ours", "theirs")
    ]
    other.git("update-ref", f"refs/heads/{APPLIED}", made[0])
    other.git("update-ref", f"refs/remotes/origin/{APPLIED}", made[1])
    ours, theirs = (oid[:12] for oid in made)

    expected = (
        f"error: the applied branch {APPLIED} and its copy from origin have diverged: {ours} and {theirs}\n"
        "hint: another clone applied meanwhile; put yours on top: stagectl sync; see both: "
        f"git log --first-parent refs/heads/{APPLIED} refs/remotes/origin/{APPLIED}\n"
    )
    assert expected == refused(other, "--yes")
    assert expected == failed(other.run("plan")).err
