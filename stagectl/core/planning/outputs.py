"""Outputs: which may change in a plan, by which of its changes, and what waits for them (docs/design.md, section 9)."""

from __future__ import annotations

from typing import FrozenSet, List, Mapping, Optional, Set

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import REMOVE, RUN, STANDARD_ACTIONS, UPDATE, ChangeId, Name, Resource, change_id
from stagectl.core.planning.changes import Draft
from stagectl.core.planning.intents import intent_of
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
    removals = {draft.name: draft for draft in drafts.values() if draft.action == REMOVE}
    replaced = {name: not removal.conditional for name, removal in removals.items() if change_id(name, RUN) in drafts}
    # Of whatever kind: what another kind reported is gone.
    anew = {draft.name for draft in drafts.values() if draft.action == RUN and replaced.get(draft.name, True)}
    reported = (
        ((draft.name, output), identity)
        for identity, draft in sorted(drafts.items())
        for output in _may_change(view, draft, starts_anew=draft.name in replaced)
    )
    by = {output: tuple(changes) for output, changes in group_pairs(reported).items()}
    return Reports(by, frozenset(anew), replaced)


def expect_reports(view: View) -> Reports:
    """Return what is reported where everything that is new is run: to begin with, so that a ring is found as one."""
    situation = view.situation
    new = [name for name in situation.staged if not situation.is_live(name) and view.is_selected(name)]
    outputs = {name: situation.kind_of(situation.staged[name]).may_report(RUN) for name in new}
    by = {(name, output): (change_id(name, RUN),) for name, some in outputs.items() for output in some}
    return Reports(by, frozenset(name for name, _ in by))


def _may_change(view: View, draft: Draft, *, starts_anew: bool) -> FrozenSet[str]:
    kind = view.situation.kind_of(view.effective.get(draft.name))
    if draft.action == REMOVE or (draft.action == UPDATE and (kind.handler == "none" or UPDATE not in kind.actions)):
        return frozenset()  # nothing runs, or nothing stays, so nothing is reported
    if draft.action == RUN and (starts_anew or view.applied_state(draft.name).is_gone):
        return kind.output_names
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


def wait_of(view: View, name: Name) -> Optional[Hold]:
    """Return why a resource in effect here has to be held for an output it reads, None if it has not.

    It waits for one that was never reported, or whose value its kind refuses, and the plan goes on without it.
    """
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
