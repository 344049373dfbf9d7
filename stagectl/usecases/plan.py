"""`plan`: the graph of changes from what is applied to what is staged."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Tuple

from stagectl.adapters.clock import time_budget
from stagectl.adapters.snapshot import Snapshot
from stagectl.adapters.yamlfile import body_of, locate
from stagectl.core.checks import ImpossiblePlan
from stagectl.core.errors import Flaw
from stagectl.core.model import REMOVE, RUN, Name, Oid, split_change, staged_path
from stagectl.core.plan import Plan
from stagectl.core.planner import make_plan, world_of
from stagectl.core.schema import BODY
from stagectl.core.selection import Selection, match_names
from stagectl.core.situation import Situation
from stagectl.core.values import Path, same
from stagectl.usecases.workspace import Workspace, located


def plan(workspace: Workspace, selection: Selection, head: Optional[str] = None, base: Optional[str] = None) -> Plan:
    """Return the plan for a selection; raises StagectlError when there can be none."""
    return plan_with_situation(workspace, selection, head, base)[0]


def plan_with_situation(
    workspace: Workspace, selection: Selection, head: Optional[str] = None, base: Optional[str] = None
) -> Tuple[Plan, Situation]:
    """Return the plan, and what it was made from."""
    snapshot = workspace.snapshot(head)
    base_commit, applied = workspace.applied(base)
    situation = workspace.situation(snapshot, applied)
    found = checked_plan(situation, selection, snapshot, {})
    head_commit = workspace.git.resolve(head) if head else workspace.git.head()
    found = replace(
        found,
        base=base_commit,
        head=head_commit,
        dirty=head is None and bool(workspace.dirty()),
        warnings=(*_warnings(workspace, head_commit if base is None else None), *_move_hints(found)),
    )
    return found, situation


def checked_plan(situation: Situation, selection: Selection, snapshot: Snapshot, paths: Mapping[Name, str]) -> Plan:
    """Return the plan; what makes it impossible is told with file, line and column (paths: see `located`)."""
    try:
        with time_budget(5 + len(situation.staged) / 500, "checking the inputs"):
            return make_plan(situation, selection)
    except ImpossiblePlan as error:
        raise located(error, snapshot.files, paths) from None


def _warnings(workspace: Workspace, head: Optional[Oid]) -> List[str]:
    stale = workspace.stale(head)
    return [*workspace.doubts(), *([stale] if stale else [])]


def _move_hints(plan: Plan) -> List[str]:
    """Return hints for resources that look moved, but are removed and run again."""
    gone = [change for change in plan.changes if change.action == REMOVE and change.cause.type == "staged"]
    new = [change for change in plan.changes if change.action == RUN and change.cause.type == "staged"]
    return [
        f"{run.resource} looks like {remove.resource} moved; to keep it: add 'moved_from: {remove.resource}' "
        f"to its front matter and stage it (stagectl move does that)"
        for remove in gone
        for run in new
        if remove.kind == run.kind and same(remove.inputs, run.inputs)
    ]


def places(workspace: Workspace, plan: Plan, head: Optional[str]) -> Dict[Tuple[Name, Path], str]:
    """Return for every staged value where it is written, `path:line`: in its definition, if that is what is staged."""
    snapshot = workspace.snapshot(head, definitions=True)
    found = {}
    for change in plan.changes:
        staged = snapshot.staged.get(change.resource)
        if change.cause.type not in ("staged", "replace") or staged is None:
            continue
        path = staged_path(change.resource)
        defined = snapshot.definition_paths.get(change.resource)
        if defined and body_of(snapshot.files[defined]) == body_of(staged.content):
            path = defined
        for difference in change.diff:
            at = ("inputs", *difference.path)
            line, _ = locate(snapshot.files[path], Flaw(BODY, at, ""))
            found[change.resource, difference.path] = f"{path}:{line}"
    return found


def staged_places(workspace: Workspace, plan: Plan, head: Optional[str]) -> Dict[Tuple[Name, Path], str]:
    """Return where the values of a plan stand in the staged files, `path:line`; the empty path is the file itself."""
    snapshot = workspace.snapshot(head)
    found: Dict[Tuple[Name, Path], str] = {}
    for name in {change.resource for change in plan.changes} | {held.resource for held in plan.held}:
        if name in snapshot.staged:
            found[name, ()] = f"{staged_path(name)}:1"
    for change in plan.changes:
        for difference in change.diff if change.resource in snapshot.staged else ():
            path = staged_path(change.resource)
            line, _ = locate(snapshot.files[path], Flaw(BODY, ("inputs", *difference.path), ""))
            found[change.resource, difference.path] = f"{path}:{line}"
    return found


def explained_name(situation: Situation, text: str) -> Name:
    """Return the resource that a name or a change id means; raises StagectlError for one that does not exist."""
    world = world_of(situation)
    name = split_change(text)[0] if "." in text else text
    match_names(name, world)
    return Name(name)
