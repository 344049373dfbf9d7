"""Outputs: which may change in a plan, by which of its changes, and what waits for them (docs/design.md, section 9)."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

from stagectl.core.graph import reachable
from stagectl.core.model import REMOVE, RUN, STANDARD_ACTIONS, UPDATE, ChangeId, Kind, Name, Resource, change_id
from stagectl.core.planning.changes import Draft
from stagectl.core.planning.intents import intent_of, needed_parents
from stagectl.core.planning.resolve import NO_VALUE, input_of, inputs_read
from stagectl.core.planning.schema_checks import Schemas
from stagectl.core.planning.situation import Hold, Reports
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import Reason
from stagectl.core.values import Reference, references_in


def has_outputs(view: View) -> bool:
    """Return whether any resource can have outputs; most repositories have none, and pay nothing."""
    return any(kind.outputs for kind in view.situation.kinds.values())


# --- what may be reported


def reports_of(view: View, drafts: Mapping[ChangeId, Draft]) -> Reports:
    """Return what the changes of a plan may report."""
    by: Dict[Name, Dict[str, List[ChangeId]]] = {}
    anew: Set[Name] = set()
    replaced: Dict[Name, bool] = {}
    for identity, draft in sorted(drafts.items()):
        if draft.action == REMOVE:
            replaced.update({draft.name: not draft.conditional} if change_id(draft.name, RUN) in drafts else {})
            continue
        kind = view.situation.kind_of(view.effective.get(draft.name))
        removal = drafts.get(change_id(draft.name, REMOVE))
        if draft.action == RUN and (removal is None or not removal.conditional):
            anew.add(draft.name)  # of whatever kind: what another kind reported is gone
        starts_anew = removal is not None or view.applied_state(draft.name).is_gone
        for name in sorted(_may_change(kind, draft, starts_anew=starts_anew)):
            by.setdefault(draft.name, {}).setdefault(name, []).append(identity)
    return Reports(
        {name: {output: tuple(ids) for output, ids in outputs.items()} for name, outputs in by.items()},
        frozenset(anew),
        replaced,
    )


def expect_reports(view: View) -> Reports:
    """Return what is reported where everything that is new is run: to begin with, so that a ring is found as one."""
    situation = view.situation
    by: Dict[Name, Dict[str, Tuple[ChangeId, ...]]] = {}
    for name, resource in situation.staged.items():
        outputs = situation.kind_of(resource).may_report(RUN)
        if outputs and not situation.is_live(name) and view.is_selected(name):
            by[name] = {output: (change_id(name, RUN),) for output in sorted(outputs)}
    return Reports(by, frozenset(by))


def _may_change(kind: Kind, draft: Draft, *, starts_anew: bool) -> FrozenSet[str]:
    if draft.action == RUN and starts_anew:
        return kind.output_names  # after a replace outputs start anew
    if draft.action == UPDATE and (kind.handler == "none" or UPDATE not in kind.actions):
        return frozenset()  # nothing runs, so nothing is reported
    return kind.may_report(draft.action)


def deciders(view: View, name: Name) -> FrozenSet[ChangeId]:
    """Return the changes that have to end before it is known whether a resource is replaced.

    One that is replaced together with a parent waits for what decides that, and not for the parent's run.
    """
    replaced = view.reports.replaced

    def read(here: Name) -> List[Reference]:
        resource = view.effective.get(here)
        inputs = view.inputs(here) if resource is not None else {}
        keys = view.situation.kind_of(resource).replace_on & inputs.keys()
        return [reference for key in keys for reference in references_in(inputs[key])]

    names = reachable([name], lambda here: [Name(one.name) for one in read(here) if one.name in replaced])
    return view.reports.of(one for here in names for one in read(here) if one.name not in replaced)


# --- what waits for it


def waiting(view: View) -> Dict[Name, Hold]:
    """Return the resources that have to be held for outputs, in a view where everything is selected.

    They wait for one that was never reported, or whose value their kind refuses, and the plan goes on without them.
    """
    names = (name for name in view.situation.names if name in view.situation.staged and view.is_staged_here(name))
    holds = {name: wait_of(view, name) or _wait_of_parents(view, name) for name in (names if has_outputs(view) else ())}
    return {name: hold for name, hold in holds.items() if hold is not None}


def _wait_of_parents(view: View, name: Name) -> Optional[Hold]:
    """Return why a resource is held because a parent of it is, and does not exist for that reason."""
    resource = view.situation.staged[name]
    needed = (
        resource.reads if view.situation.is_live(name) else needed_parents(resource, {RUN, *view.pending_actions(name)})
    )
    absent = {parent for parent in needed if parent in view.holds and not view.situation.is_live(parent)}
    return Hold(Reason.NEEDS_PARENT, frozenset(absent)) if absent else None


def wait_of(view: View, name: Name) -> Optional[Hold]:
    """Return why a resource in effect here has to be held for an output it reads, None if it has not."""
    resource = view.effective.get(name)
    if resource is None or not has_outputs(view):
        return None
    for _, reference, why in view.resolver.misses(resource):
        if why == NO_VALUE and is_output(view, *input_of(reference)):
            return Hold(Reason.NEEDS_PARENT, frozenset({Name(reference.name)}), why=_lacking_text(view, reference))
    return _misfit(view, name, resource)


def is_output(view: View, name: Name, key: str) -> bool:
    """Return whether this is an output of a resource's kind, reported or not."""
    resource = view.effective.get(name)
    return resource is not None and key in view.situation.kind_of(resource).output_names - resource.inputs.keys()


def _lacking_text(view: View, reference: Reference) -> str:
    parent = view.effective[Name(reference.name)]
    if len(reference.path) > 1 and reference.path[0] in view.applied_state(parent.name).outputs:
        return f"{reference}: what {parent.name} reported as '{reference.path[0]}' has no such value"
    kind = view.situation.kinds[parent.kind]
    own = kind.verbs()[len(STANDARD_ACTIONS) :]
    able = [verb for verb in (UPDATE, *own) if reference.path[0] in kind.may_report(verb)]
    ways = [f"let an action report it (stagectl stage {parent.name} -a {able[0]})"] if able else []
    ways.append(f"record it (stagectl apply {parent.name} --record-only --outputs FILE)")
    return f"{reference} was never reported: {', or '.join(ways)}"


def _misfit(view: View, name: Name, resource: Resource) -> Optional[Hold]:
    """Return the hold of a resource whose inputs do not fit its kind because of an output."""
    kind = view.situation.kinds.get(resource.kind)
    parents = {key: _outputs_behind(view, name, key) for key in resource.references}
    if kind is None or not any(parents.values()) or not intent_of(view, name).actions:
        return None
    for trouble in Schemas().troubles(name, kind, view.inputs(name)):
        behind = parents.get(str(trouble.at[1])) if len(trouble.at) > 1 else None
        if behind:
            place = ".".join(map(str, trouble.at[1:]))
            return Hold(Reason.NEEDS_PARENT, frozenset(behind), why=f"{place}: {trouble.message}")
    return None


def _outputs_behind(view: View, name: Name, key: str) -> Set[Name]:
    """Return the resources whose outputs an input reads, directly or through inputs of others."""
    read = reachable([(name, key)], lambda node: inputs_read(view.effective.get(node[0]), node[1]))
    return {parent for parent, output in read if is_output(view, parent, output)}
