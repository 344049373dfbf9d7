"""`show`: one resource as defined, staged and applied."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Set, Tuple

from stagectl.adapters.applied.index import Index
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import Flaw, ReadInFull
from stagectl.core.model import NAME, Name, Resource
from stagectl.core.pictures.reports import Shown
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.scoping import world_of
from stagectl.core.planning.situation import Scope, Situation
from stagectl.core.planning.view import View
from stagectl.core.plans.selection import match_one
from stagectl.core.schemas.schema import BODY
from stagectl.core.standing import from_here
from stagectl.core.values import Path, leaves
from stagectl.usecases.looking.past import read_past
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.repository.troubles import refuse_claimed
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.part import part_of_one


def show(workspace: Workspace, name: str, at: Optional[str] = None) -> Shown:
    """Return one resource; at: a commit, of the applied branch or any other, instead of the working tree.

    A name that it had before will do, and what is applied of it under such a name is shown.
    """
    return quickest("show", lambda: _incremental_show(workspace, name, at), lambda: _full_show(workspace, name, at))


def _incremental_show(workspace: Workspace, name: str, at: Optional[str]) -> Shown:
    """Return one resource of now from what it is about; raises ReadInFull where everything has to be read."""
    if not NAME.fullmatch(name):
        raise ReadInFull("it is no plain name")
    if at is not None:
        return _show_past(workspace, Name(name), at)
    found = read_incrementally(workspace).with_staged({}, {Name(name)})
    situation = found.situation
    if found.has_moves():
        raise ReadInFull("something has another name now, under which the index does not know it")
    part = part_of_one(workspace, Name(name))
    if name not in {**part.defined, **situation.staged, **situation.applied}:
        raise ReadInFull(f"there is no {name}")
    shown = _show(Name(name), part.defined.get(Name(name)), situation)
    readers = _readers(found.index, Name(name))
    readers |= {other for other, resource in found.changed.items() if resource and name in resource.parents}
    return shown._replace(children=tuple(sorted(readers - {name})), written=_where_written(part, Name(name)))


def _show_past(workspace: Workspace, name: Name, at: str) -> Shown:
    """Return one resource as it was at an applied commit; raises ReadInFull for another one."""
    commit = workspace.applied_commit(at)
    if commit is None:
        raise ReadInFull("a commit is asked about that is none of the applied branch")
    index, situation = read_past(workspace, commit, frozenset([name]))
    if name not in situation.applied:
        raise ReadInFull(f"there was no {name}")
    return _show(name, None, situation)._replace(children=tuple(sorted(_readers(index, name) - {name})))


def _readers(index: Index, name: Name) -> Set[Name]:
    return {other for other, line in index.naming([name]).items() if name in line.parents(other)}


def _full_show(workspace: Workspace, name: str, at: Optional[str]) -> Shown:
    is_applied = at is not None and _is_applied_commit(workspace, at)
    if is_applied:
        _, applied = workspace.applied_state(at)
        snapshot = workspace.snapshot(definitions=True)
        staged = {other: state.resource for other, state in applied.items() if state.resource}
        situation = Situation(applied, staged, snapshot.kinds)
    else:
        snapshot = workspace.snapshot(at, definitions=True)
        _, applied = workspace.applied_state()
        situation = follow_moves(Situation(applied, snapshot.staged, snapshot.kinds))
    world = world_of(replace(situation, staged={**snapshot.defined, **situation.staged}))
    name = match_one(name, world, "shown")
    refuse_claimed(situation, snapshot, {Name(name)})
    if is_applied:
        return _show(Name(name), None, situation)
    found = _show(Name(name), snapshot.defined.get(Name(name)), situation)
    return found._replace(written=_where_written(snapshot, Name(name)))


def _where_written(snapshot: Snapshot, name: Name) -> Dict[Path, str]:
    """Return where each value of an expanded resource is written, `path:line`; of one that was copied nothing."""
    one = snapshot.expanded.get(name)
    found = {}
    for path, _ in leaves(one.body.get("inputs") or {}) if one is not None else ():
        flaw = Flaw(BODY, ("inputs", *path), "")
        problem = snapshot.problem(snapshot.definition_paths[name], flaw, name)
        found[path] = f"{from_here(problem.path)}:{problem.line}"
    return found


def _is_applied_commit(workspace: Workspace, at: str) -> bool:
    tip = workspace.branch.tip
    return tip is not None and workspace.git.resolve(at) in workspace.git.first_parents(tip)


def _show(name: Name, defined: Optional[Resource], situation: Situation) -> Shown:
    view = View(situation, Scope())
    applied = situation.applied.get(name)
    staged = situation.staged.get(name)
    side = staged or (applied.resource if applied else None) or defined
    children = {
        other
        for other, resource in [*situation.staged.items(), *_live(situation)]
        if name in resource.parents and other != name
    }
    return Shown(
        name=name,
        before=situation.moves.get(name),
        defined=defined,
        staged=staged,
        applied=applied,
        resolved=view.inputs(name) if name in view.effective else {},
        sensitive=view.sensitive.get(name, frozenset()) | (applied.sensitive if applied else frozenset()),
        parents=tuple(sorted(side.parents)) if side else (),
        children=tuple(sorted(children)),
    )


def _live(situation: Situation) -> List[Tuple[Name, Resource]]:
    return [(name, state.resource) for name, state in situation.applied.items() if state.resource]
