"""`projects`: the projects of a repository, and what each has pending."""

from __future__ import annotations

from typing import List, Optional, Set

from stagectl.adapters.git.branches import fork_of
from stagectl.adapters.git.git import Git, Meant
from stagectl.adapters.git.project import changed_paths, folders, nearest_in
from stagectl.core.errors import StagectlError
from stagectl.core.model import ChangeId
from stagectl.core.pictures.reports import Project
from stagectl.core.plans.selection import Selection
from stagectl.usecases.planning.plan import plan
from stagectl.usecases.repository.workspace import Workspace


def projects(workspace: Workspace, changed_since: Optional[str] = None) -> List[Project]:
    """Return the projects by folder; raises StagectlError for a revision that is not there.

    changed_since: only those with a file that differs, committed or not, from where HEAD and this revision parted.
    """
    there = folders(workspace.git)
    wanted = there if changed_since is None else sorted(_touched_projects(workspace.git, there, changed_since))
    return [_project(workspace, folder) for folder in wanted]


def _touched_projects(git: Git, there: List[str], revision: str) -> Set[str]:
    """Return the projects of which a file differs; one in a project inside another is of the inner one."""
    since = git.resolve(revision)
    head = git.head()
    fork = fork_of(git, since, head) if head is not None else None  # none in a shallow clone: then that revision itself
    marks = {f"{folder}stagectl.yaml" for folder in there}
    touched = {nearest_in(path.rpartition("/")[0], marks.__contains__) for path in changed_paths(git, fork or since)}
    return touched & set(there)


def _project(workspace: Workspace, folder: str) -> Project:
    here = Workspace(workspace.git.top / folder, Meant(is_project=True))
    name = folder.rstrip("/") or "."
    try:
        branch, tip = here.config.applied_branch, here.branch.tip
        found = plan(here, Selection())
        pending, held = (tuple(ChangeId(one.id) for one in some) for some in (found.changes, found.held))
        return Project(name, branch, tip, pending, held)
    except StagectlError as error:
        return Project(name, error=error.message)
