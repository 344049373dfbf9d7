"""An old name that several claim, or have had: no command chooses one of them in silence."""

from __future__ import annotations

import pytest

from tests.build import Repo

LOOKS = ["plan a", "plan a.update", "plan a.restart", "plan --explain a", "show a", "diff a", "graph a"]
ACTS = ["apply --yes a", "stage a", "stage a -a restart", "remove a", "move a z", "update a --set n=9"]
UNDOES = ["unstage a", "discard a"]


def claim(repo: Repo, name: str, olds: str, n: int) -> None:
    repo.write(f"resources/{name}.yaml", f"---\nkind: service\nmoved_from: {olds}\n---\ninputs: {{n: {n}}}\n")


@pytest.fixture
def claimed(repo: Repo) -> Repo:
    """a is live, and a merge left two staged files that claim it."""
    repo.define("a", inputs={"n": 1}).apply_all().delete("a")
    for number, name in enumerate("xy"):
        claim(repo, name, "a", number)
        text = repo.read(f"resources/{name}.yaml").replace("kind:", f"source: resources/{name}.yaml\nkind:")
        repo.write(f".staged/{name}.yaml", text)
    (repo.root / ".staged/a.yaml").unlink()
    repo.commit("merged")
    return repo


def test_a_name_that_two_claim_is_an_error_that_names_both(claimed: Repo) -> None:
    """
    Whatever is asked of it, or of a single change of it; nothing is written. What was done to it is still in the log.
    """
    head = claimed.git("rev-parse", "HEAD")

    for line in ("plan", *LOOKS, *ACTS):
        done = claimed.run(*line.split())

        assert done.code == 1 and "x" in done.err and "y" in done.err, f"{line}: {done}"
        assert ("claim" in done.err) == (line.split()[0] not in ("move", "update")), f"{line}: {done}"
    assert (head, "") == (claimed.git("rev-parse", "HEAD"), claimed.git("status", "--porcelain", "-uno"))
    assert "a.run  SUCCESS" in claimed.ok("log", "a").out


def test_putting_it_back_is_the_way_out(claimed: Repo) -> None:
    """
    `unstage` and `discard` of the name take back all that claims it; so does a revert of the commit that staged it.
    """
    for line in [*UNDOES, "revert HEAD"]:
        claimed.ok(*line.split())
        assert "No changes" in claimed.ok("plan").out
        claimed.git("reset", "-q", "--hard", "HEAD~1")


def test_a_name_that_two_have_had_has_to_be_said_otherwise(repo: Repo) -> None:
    """
    a became y, another a became x, both applied. Where one of them has just left the name, it is that one.
    """
    for number, new in enumerate("yx"):
        repo.define("a", inputs={"n": number}).apply_all()
        repo.ok("move", "a", new)
        if new == "x":
            assert [{"from": "a", "to": "x"}] == repo.plan("a").raw["moved"]
            assert "= x" in repo.ok("unstage", "a").out
            repo.ok("stage")
        repo.ok("apply", "--yes")

    for line in [*LOOKS, *ACTS, *UNDOES, "log a", "check a", "diff --unstaged a"]:
        done = repo.run(*line.split())

        said = "error: 'a' is the old name of x and y\nhint: say which is meant: x or y\n"
        assert (1, said) == (done.code, done.err), line
    assert {"x", "y"} == {one["resource"] for one in repo.ok("check", "a*", "--json").json()["resources"]}
