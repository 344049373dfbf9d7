"""Which outputs may change in a plan, and by which of its changes (docs/design.md, section 9)."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Set, Tuple

from stagectl.core.model import REMOVE, RUN, UPDATE, ChangeId, Kind, Name, change_id
from stagectl.core.planning.changes import Draft
from stagectl.core.planning.situation import Reports
from stagectl.core.planning.view import View
from stagectl.core.values import Reference, Value, references_in

_NO_KIND = Kind("")


def reports_of(view: View, drafts: Mapping[ChangeId, Draft]) -> Reports:
    """Return what the changes of a plan may report."""
    kinds = view.situation.kinds
    by: Dict[Name, Dict[str, List[ChangeId]]] = {}
    anew: Set[Name] = set()
    replaced: Dict[Name, bool] = {}
    for identity, draft in sorted(drafts.items()):
        resource = view.effective.get(draft.name)
        if draft.action == REMOVE and change_id(draft.name, RUN) in drafts:
            replaced[draft.name] = not draft.conditional
        kind = kinds.get(resource.kind, _NO_KIND) if resource is not None else _NO_KIND
        removal = drafts.get(change_id(draft.name, REMOVE))
        if draft.action == RUN and (removal is None or not removal.conditional):
            anew.add(draft.name)  # of whatever kind: what another kind reported is gone
        if not kind.outputs or draft.action == REMOVE:
            continue
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
        outputs = situation.kinds.get(resource.kind, _NO_KIND).may_report(RUN)
        if outputs and not situation.is_live(name) and view.is_selected(name):
            by[name] = {output: (change_id(name, RUN),) for output in sorted(outputs)}
    return Reports(by, frozenset(by))


def _may_change(kind: Kind, draft: Draft, *, starts_anew: bool) -> FrozenSet[str]:
    if draft.action == RUN and starts_anew:
        return kind.output_names  # after a replace outputs start anew
    if draft.action == UPDATE and (kind.handler == "none" or UPDATE not in kind.actions):
        return frozenset()  # nothing runs, so nothing is reported
    return kind.may_report(draft.action)


def reporters(reports: Reports, value: Value) -> Tuple[ChangeId, ...]:
    """Return the changes after which a value is known, none for one that is known already."""
    return tuple(sorted({one for reference in references_in(value) for one in _of(reports, reference)}))


def _of(reports: Reports, reference: Reference) -> Tuple[ChangeId, ...]:
    return reports.by.get(Name(reference.name), {}).get(reference.path[0], ())


def deciders(view: View, name: Name) -> FrozenSet[ChangeId]:
    """Return the changes that have to end before it is known whether a resource is replaced.

    One that is replaced together with a parent waits for what decides that, and not for the parent's run.
    """
    found: Set[ChangeId] = set()
    seen: Set[Name] = set()
    left = [name]
    while left:
        here = left.pop()
        if here in seen or here not in view.effective:
            continue
        seen.add(here)
        kind = view.situation.kinds.get(view.effective[here].kind, _NO_KIND)
        inputs = view.inputs(here)
        for key in kind.replace_on & inputs.keys():
            for reference in references_in(inputs[key]):
                parent = Name(reference.name)
                if parent in view.reports.replaced:
                    left.append(parent)
                else:
                    found.update(_of(view.reports, reference))
    return frozenset(found)
