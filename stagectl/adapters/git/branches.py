"""Branches by their names, where two of them went different ways, and where the history that is here ends."""

from __future__ import annotations

from typing import Dict, FrozenSet, Optional

from stagectl.adapters.git.git import Git, GitError
from stagectl.core.model import Oid

_FORM = "--format=%(refname)%00%(objectname)%00%(symref)"


def branches(git: Git) -> Dict[str, Oid]:
    """Return every branch, those fetched from remotes too, by its full name; what merely points at one is left out."""
    out = git.run("for-each-ref", _FORM, "refs/heads", "refs/remotes").decode("utf-8", "replace")
    rows = [line.split("\0") for line in out.split("\n")[:-1]]
    return {ref: Oid(commit) for ref, commit, points_at in rows if not points_at}


def beside(git: Git, ref: str) -> Optional[str]:
    """Return a branch that cannot be while there is one called *ref*, since git keeps no `a/b` beside `a`; or None."""
    root = "/".join(ref.split("/")[:3])
    names = git.run("for-each-ref", "--format=%(refname)", root).decode("utf-8", "replace").splitlines()
    return next((name for name in names if f"{ref}/".startswith(f"{name}/") or name.startswith(f"{ref}/")), None)


def check_readable(git: Git, ref: str) -> None:
    """Raise GitError where a branch is there whose commit git cannot read, which is not the same as no branch."""
    code, out, err = git.try_run("for-each-ref", "--format=%(refname) %(objecttype)", ref)
    others = [line for line in out.decode("utf-8", "replace").splitlines() if line.startswith(f"{ref} ")]
    if code or b"ignoring broken ref" in err or any(line != f"{ref} commit" for line in others):
        raise GitError(
            f"the branch {short_name(ref)} is damaged: it is there, and git cannot read its commit",
            f"git fsck says more; put it back where it stood, as {git.common / 'logs' / ref} says: "
            f"git update-ref {ref} COMMIT",
        )


def short_name(ref: str) -> str:
    """Return a branch's name as people write it: `main`, `origin/main`."""
    return ref.split("/", 2)[2]


def full_name(git: Git, revision: str) -> Optional[str]:
    """Return the full name of the branch that a revision names, None if it names none."""
    out = git.run("rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", revision, check=False)
    return out.decode("utf-8", "replace").strip().splitlines()[-1] if out.strip() else None


def fork_of(git: Git, one: Oid, other: Oid) -> Optional[Oid]:
    """Return the commit at which two commits went different ways, None if they have none in common."""
    out = git.run("merge-base", one, other, check=False).decode().strip()
    return Oid(out) if out else None


def shallow_ends(git: Git) -> FrozenSet[Oid]:
    """Return the commits at which a shallow clone ends: git takes each for one that made every file it has."""
    path = git.common / "shallow"
    return frozenset(map(Oid, path.read_text(encoding="ascii").split())) if path.exists() else frozenset()
