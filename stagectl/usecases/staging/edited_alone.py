"""Staged copies that a commit changed and their definitions not: by a bot, or by `git revert` of a staging commit."""

from __future__ import annotations

from typing import List, Optional

from stagectl.adapters.git.git import Git
from stagectl.core.model import Resource, staged_path
from stagectl.core.planning.situation import same_text
from stagectl.core.standing import from_here
from stagectl.core.trailers import trailers_about
from stagectl.usecases.staging.commit import Prepared
from stagectl.usecases.staging.desired import staged_bytes

_MOST = 20  # copies whose history is looked at
_OURS = {"Staged", "Restaged"}


def overwritten_edits(ready: Prepared) -> List[str]:
    """Return what is about to be overwritten of edits that a commit made in staged copies alone, in words."""
    ground = ready.ground
    git = ground.workspace.git
    if git.head() is None:
        return []
    copies = [
        one
        for name, after in sorted(ready.desired.items())
        for one in [ground.snapshot.staged.get(name)]
        if after is not None and one is not None and one.source and not same_text(staged_bytes(after), one.content)
    ]
    edited = set(ground.dirty([str(one.source) for one in copies])) if copies else set()
    # A definition that is edited says what is to be staged; most stages are of such, and ask git nothing.
    kept = [one for one in copies if one.source not in edited and one.source in ground.snapshot.files]
    return [said for one in kept[:_MOST] for said in [_overwritten(git, one)] if said]


def _overwritten(git: Git, copy: Resource) -> Optional[str]:
    paths = [staged_path(copy.name), str(copy.source)]
    options = ("-1", "--format=%h%x00%s%x00%B%x00", "--name-only", "--no-renames", "--no-show-signature")
    said = git.run("log", *options, *git.only(paths)).decode("utf-8", "replace")
    commit, subject, body, files = (*said.split("\0", 3), "", "", "", "")[:4]
    if [git.inner(path) for path in files.split("\n") if path] != paths[:1]:
        return None
    if _OURS & {key for key, _ in trailers_about(body, {git.folder[:-1]})}:
        return None
    what = f"{commit} ({subject}) changed the staged copy of {copy.name} alone, which is overwritten"
    return f"{what}: what it changed belongs into {from_here(paths[1])}, see git show {commit}"
