"""What the tests of this folder share."""

from __future__ import annotations

from typing import List

from tests.build import Repo

NOTHING = "Nothing to stage. The staged files are as the definitions say.\n"


def head(repo: Repo) -> str:
    return repo.git("rev-parse", "HEAD").strip()


def trailers(repo: Repo) -> List[str]:
    """What the newest commit says was staged."""
    return repo.git("log", "-1", "--format=%(trailers:key=Staged,valueonly)").split()


def committed(repo: Repo) -> List[str]:
    """The files of the newest commit."""
    return repo.git("show", "--format=", "--name-only", "HEAD").split()


def staged(repo: Repo) -> List[str]:
    root = repo.root / ".staged"
    return sorted(str(path.relative_to(root))[:-5] for path in root.rglob("*.yaml"))


def refused(repo: Repo, *arguments: str) -> str:
    """What a refused stage says; it has to leave files and commits as they were."""
    before = head(repo), repo.git("status", "--porcelain", "-uall"), staged(repo)
    done = repo.run("stage", *arguments)
    assert (1, "") == (done.code, done.out), done.out + done.err
    assert before == (head(repo), repo.git("status", "--porcelain", "-uall"), staged(repo))
    return done.err
