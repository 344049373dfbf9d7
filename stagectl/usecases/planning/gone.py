"""Names that nothing has any more because an earlier apply removed it: a job that is run again is done, not wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional, Tuple

from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.tree import changed_files
from stagectl.adapters.yamlfile.edit import claims_in
from stagectl.core.errors import StagectlError
from stagectl.core.model import STAGED, Name, Oid, name_of
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.selection import NoResource, Selection
from stagectl.usecases.repository.workspace import Workspace


def without_gone(workspace: Workspace, selection: Selection, error: NoResource) -> Tuple[Selection, str]:
    """Return a selection without the name that does not exist, and what became of that.

    Raises *error* where no apply removed anything of that name, and where the name is more than a name or a glob.
    """
    found = find_removal(workspace, error.glob)
    if found is None or error.glob not in selection.names:
        raise explain_unstaged(workspace, error) or error
    commit, run = found
    new = _later_name(workspace.git, error.glob, commit)
    if new is not None:
        raise StagectlError(f"there is no resource '{error.glob}': run {run} moved it to {new}", f"name it: {new}")
    left = replace(selection, names=tuple(name for name in selection.names if name != error.glob))
    return left, f"{error.glob} was removed by run {run}: there is nothing of it to apply"


def explain_unstaged(workspace: Workspace, error: NoResource) -> Optional[StagectlError]:
    """Return the error for a name that has a definition alone, None where it has not even that."""
    if error.glob not in workspace.snapshot(definitions=True).definition_paths:
        return None
    return StagectlError(f"'{error.glob}' is defined and not staged", f"stage it: stagectl stage {error.glob}")


def _later_name(git: Git, name: str, commit: Oid) -> Optional[Name]:
    """Return the name that an applied commit gave to what had another one, None where it removed it."""
    for path, (before, after) in sorted(changed_files(git, git.parents(commit)[0], commit, STAGED).items()):
        if before is None and after is not None and name in claims_in(after):
            return name_of(git.inner(path))
    return None


def find_removal(workspace: Workspace, glob: str) -> Optional[Tuple[Oid, str]]:
    """Return the newest applied commit that removed what a name or a glob means, and its run."""
    tip = workspace.branch.tip
    if tip is None:
        return None
    is_glob = "*" in glob or "?" in glob
    where = STAGED if is_glob else f"{STAGED}/{glob}.yaml"
    test = glob_test(glob)
    options = ("--first-parent", "-m", "--diff-filter=D", "--no-renames", "--name-only", "--no-show-signature")
    pattern = "--format=%x01%H %(trailers:key=Run,valueonly)%x01"
    git = workspace.git
    out = git.run("log", *options, pattern, tip, *git.only([where], ever=True)).decode("utf-8", "surrogateescape")
    parts: List[str] = out.split("\x01")
    for said, paths in zip(parts[1::2], parts[2::2]):
        if any(test(name_of(git.inner(path))) for path in paths.split()):
            commit, _, run = said.strip().partition(" ")
            return Oid(commit), run
    return None
