"""`graph`: the resources and their relations."""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.graph import closure
from stagectl.core.model import Name, Resource, split_change
from stagectl.core.pictures.reports import ResourceNode
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.scoping import world_of
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.selection import Selection, match_names, select
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.planning.names import choose_from
from stagectl.usecases.repository.troubles import refuse_claimed
from stagectl.usecases.repository.workspace import Workspace


def graph(workspace: Workspace, selection: Selection, *, planned: bool = False) -> Tuple[ResourceNode, ...]:
    """Return the resources, as staged or else as applied; of named ones with all their ancestors and descendants.

    planned: each with its actions in a plan of everything, as far as there can be one.
    """
    return quickest(
        "graph",
        lambda: _incremental_graph(workspace, selection, planned=planned),
        lambda: _full_graph(workspace, selection, planned=planned),
    )


def _incremental_graph(workspace: Workspace, selection: Selection, *, planned: bool) -> Tuple[ResourceNode, ...]:
    """Return selected resources, named ones with all ancestors and descendants; raises ReadInFull for everything."""
    found = read_incrementally(workspace)
    if planned:
        raise ReadInFull("it is about everything")
    chosen = choose_from(found, selection)
    if selection.names:
        chosen = frozenset(closure(chosen, found.parents) | closure(chosen, found.children))
    states = found.index.states(chosen)
    nodes = []
    for name in sorted(chosen):
        before = states[name].resource if name in states else None
        staged = found.changed.get(name, before)
        resource = staged or before
        if resource is not None:
            state = "going" if staged is None else "live" if before is not None else "staged"
            nodes.append(_node(resource, state))
    return tuple(nodes)


def _full_graph(workspace: Workspace, selection: Selection, *, planned: bool) -> Tuple[ResourceNode, ...]:
    snapshot = workspace.snapshot()
    _, applied = workspace.applied_state()
    situation = workspace.situation(snapshot, applied)
    world = world_of(situation)
    chosen = select(selection, world)
    refuse_claimed(situation, snapshot, chosen or ())
    if chosen is not None and selection.names:
        chosen = frozenset(found for name in chosen for found in match_names(f"+{name}+", world))
    changes = _planned_actions(situation) if planned else {}
    found = []
    for name in situation.names:
        resource = situation.staged.get(name) or (applied[name].resource if name in applied else None)
        if resource is not None and (chosen is None or name in chosen):
            state = "going" if name not in situation.staged else "live" if situation.is_live(name) else "staged"
            found.append(_node(resource, state)._replace(changes=tuple(changes.get(name, ()))))
    return tuple(found)


def _planned_actions(situation: Situation) -> Dict[Name, List[str]]:
    found: Dict[Name, List[str]] = {}
    try:
        plan = make_plan(situation, Selection())
    except StagectlError:  # the graph is looked at to find out why, too
        return {}
    for change in plan.changes:
        found.setdefault(change.resource, []).append(change.action)
    return found


def _node(resource: Resource, state: str) -> ResourceNode:
    named = [change for changes in resource.depends_on_changes.values() for change in changes]
    reacts = [trigger.on for triggers in resource.react_on.values() for trigger in triggers]
    return ResourceNode(
        name=resource.name,
        kind=resource.kind,
        reads=tuple(sorted(resource.reads)),
        after=_names({*resource.depends_on, *(split_change(change)[0] for change in named)}, resource),
        reacts=_names({split_change(change)[0] for change in reacts}, resource),
        state=state,
        tags=resource.tags,
    )


def _names(found: Set[Name], resource: Resource) -> Tuple[Name, ...]:
    return tuple(sorted(found - {resource.name}))
