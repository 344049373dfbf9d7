"""What the tests of this folder share."""

from __future__ import annotations

from typing import Any, List

from tests.build import Repo


def oid(repo: Repo, revision: str = "HEAD") -> str:
    return repo.git("rev-parse", "--verify", revision).strip()


def staged(repo: Repo, name: str, *arguments: str, **body: Any) -> str:
    """Define a resource anew and stage it; returns the commit."""
    repo.define(name, **body).stage(name, *arguments)
    return oid(repo)


def state(repo: Repo) -> List[str]:
    """Everything a refused command must leave alone."""
    files = [
        repo.read(path) for path in repo.git("ls-files", ".staged", "resources").split() if (repo.root / path).exists()
    ]
    return [oid(repo), repo.git("status", "--porcelain"), *files]


def refused(repo: Repo, *commits: str) -> str:
    """Revert what cannot be reverted; returns what is said, after checking that nothing changed."""
    before = state(repo)
    done = repo.run("revert", *commits)
    assert (1, "") == (done.code, done.out)
    assert before == state(repo)
    return done.err
