"""Where what a plan changes is written: files and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple, Union

from stagectl.adapters.files import read_file
from stagectl.adapters.worktree.tree import Files
from stagectl.core.diff import Op
from stagectl.core.errors import Flaw
from stagectl.core.model import LARGEST_FILE, REMOVE, STAGED, ChangeId, Name, staged_path
from stagectl.core.plans.plan import CauseType, Change, Held, Plan
from stagectl.core.schemas.schema import BODY
from stagectl.core.standing import from_here
from stagectl.core.values import Path
from stagectl.usecases.repository.workspace import Workspace

if TYPE_CHECKING:
    from stagectl.adapters.worktree.snapshot import Snapshot

Place = Tuple[str, int]  # a file and a line in it, from 1


def places(workspace: Workspace, plan: Plan, head: Optional[str]) -> Dict[Tuple[Name, Path], str]:
    """Return for every staged value where it is written, `path:line`: in its definition, if that is what is staged."""
    from stagectl.adapters.yamlfile import body_of

    own = [change for change in plan.changes if change.cause.type in (CauseType.STAGED, CauseType.REPLACE)]
    if not own:
        return {}
    snapshot = _snapshot(workspace, [change.resource for change in own], head)
    found: Dict[Tuple[Name, Path], str] = {}
    for change in own:
        staged = snapshot.staged.get(change.resource)
        if staged is None:
            continue
        path = staged_path(change.resource)
        defined = snapshot.defined.get(change.resource)
        if defined and body_of(defined.content) == body_of(staged.content):
            path = snapshot.definition_paths[change.resource]
        for difference in change.diff:
            flaw = Flaw(BODY, ("inputs", *difference.path), "")
            problem = snapshot.problem(path, flaw, change.resource)
            found[change.resource, difference.path] = f"{from_here(problem.path)}:{problem.line}"
    return found


def staged_lines(workspace: Workspace, plan: Plan, head: Optional[str], most: int) -> Dict[ChangeId, Place]:
    """Return for the first *most* changes, and those held back, the staged file and the line of the first value."""
    from stagectl.adapters.yamlfile import locate

    entries: List[Union[Change, Held]] = [*plan.changes[:most], *plan.held[:most]]
    files = _files(workspace, [staged_path(entry.resource) for entry in entries], head)
    found: Dict[ChangeId, Place] = {}
    for entry in entries:
        path = staged_path(entry.resource)
        if path in files:
            own = entry.diff if isinstance(entry, Change) and entry.action != REMOVE else ()
            there = [one.path for one in own if one.op != Op.REMOVE]
            found[entry.id] = (path, locate(files[path], Flaw(BODY, ("inputs", *there[0]), ""))[0] if there else 1)
    return found


def _snapshot(workspace: Workspace, names: Sequence[Name], head: Optional[str]) -> Snapshot:
    """Return at least what the files of some resources say; of what is expanded, everything is read."""
    from stagectl.adapters.worktree.snapshot import parse_snapshot

    folders = (STAGED, *workspace.config.roots)
    paths = [f"{folder}/{name}.yaml" for name in names for folder in folders]
    found = parse_snapshot(_files(workspace, paths, head), config=workspace.config, kinds={})
    is_expanded = any(resource.template for resource in found.staged.values())
    return workspace.snapshot(head, definitions=True) if is_expanded or found.definitions else found


def _files(workspace: Workspace, paths: Sequence[str], head: Optional[str]) -> Files:
    """Return those of some files that are there, in the working tree or at a revision."""
    git = workspace.git
    if head is not None:
        commit = git.resolve(head)
        oids = dict(zip(paths, git.look_up([git.at(commit, path) for path in paths])))
        there = {path: oid for path, oid in oids.items() if oid is not None}
        return dict(zip(there, git.objects(list(there.values()))))
    here = [path for path in paths if (git.root / path).is_file()]
    return {path: read_file(git.root / path, LARGEST_FILE + 1) for path in here}
