"""Whether a folder can be a project: not inside another one's own folders, and with a branch that git can make."""

from __future__ import annotations

import re
import shlex
from typing import Dict, Iterator, Tuple

from stagectl.adapters.git.branches import branches
from stagectl.adapters.git.git import Git, Meant
from stagectl.adapters.git.project import nearest_project
from stagectl.core.errors import InvalidFiles, StagectlError
from stagectl.core.model import APPLIED, CONFIG, INDEX, KINDS, STAGED
from stagectl.core.standing import from_here
from stagectl.usecases.repository.others import applied_branches
from stagectl.usecases.repository.workspace import Workspace


def check_place(workspace: Workspace, *, is_new: bool) -> str:
    """Return the applied branch of a project in a folder; raises StagectlError where it cannot be one.

    is_new: whether it has no config yet.
    """
    git = workspace.git
    if is_new:
        _check_outside(git)
    try:
        branch = workspace.config.applied_branch
    except InvalidFiles:
        if not is_new:
            raise
        raise _asking(git, f"'{git.folder[:-1]}' makes no name for a branch") from None
    for other, whose in _others(workspace).items():
        if f"{branch}/".startswith(f"{other}/") or f"{other}/".startswith(f"{branch}/"):
            raise _asking(git, f"its applied branch {branch} cannot be beside {other}, {whose}")
    return branch


def _check_outside(git: Git) -> None:
    """Refuse a folder inside what belongs to the project around it."""
    around = nearest_project(str(git.root.parent), str(git.top))
    own = Workspace(git.top / around, Meant(is_project=True))
    first = git.folder[len(around) :]
    taken = [STAGED, APPLIED, INDEX, KINDS, ".stagectl", *own.config.roots]
    if any(first.startswith(f"{folder}/") for folder in taken):
        where = shlex.quote(from_here("../" * first.count("/")))
        raise StagectlError(
            f"{git.folder} belongs to the project in {around or 'the top folder'}, and can be none of its own",
            f"set that up: stagectl -C {where} init",
        )


def _others(workspace: Workspace) -> Dict[str, str]:
    """Return the branches that are in the way, each with what it is."""
    return dict(sorted({**dict(_any_branches(workspace)), **dict(_of_projects(workspace))}.items()))


def _any_branches(workspace: Workspace) -> Iterator[Tuple[str, str]]:
    mine = workspace.config.applied_branch
    for ref in branches(workspace.git):
        kind, _, name = ref.partition("/")[2].partition("/")
        name = name.partition("/")[2] if kind == "remotes" else name
        if name != mine:  # its own may be there already
            yield name, "a branch"


def _of_projects(workspace: Workspace) -> Iterator[Tuple[str, str]]:
    for folder, branch in applied_branches(workspace.git):
        yield branch, f"that of the project in {folder or 'the top folder'}"


def _asking(git: Git, why: str) -> StagectlError:
    """Return the error that asks for the name of a branch."""
    word = re.sub(r"[^A-Za-z0-9_]+", "-", git.folder).strip("-") or "project"
    config = shlex.quote(from_here(CONFIG))
    return StagectlError(
        f"{git.folder} needs an applied_branch in its {CONFIG}: {why}",
        f"name one, and init again: echo 'applied_branch: stagectl/of-{word}/applied' >> {config}",
    )
