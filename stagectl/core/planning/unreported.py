"""Resources that wait for outputs: one that was never reported, or one whose value their kind refuses.

They are held back, and the plan goes on without them (docs/design.md, section 9).
"""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

from stagectl.core.model import RUN, STANDARD_ACTIONS, UPDATE, Kind, Name, Resource
from stagectl.core.planning.intents import intent_of, needed_parents
from stagectl.core.planning.resolve import NO_VALUE
from stagectl.core.planning.schema_checks import Schemas
from stagectl.core.planning.situation import Hold
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import Reason
from stagectl.core.values import Reference

_NO_KIND = Kind("")


def has_outputs(view: View) -> bool:
    """Return whether any resource can have outputs; most repositories have none, and pay nothing."""
    return any(kind.outputs for kind in view.situation.kinds.values())


def waiting(view: View) -> Dict[Name, Hold]:
    """Return the resources that have to be held for outputs, in a view where everything is selected."""
    found: Dict[Name, Hold] = {}
    for name in view.situation.names() if has_outputs(view) else ():
        if name in view.situation.staged and view.is_staged_here(name):
            hold = wait_of(view, name) or _wait_of_parents(view, name)
            if hold is not None:
                found[name] = hold
    return found


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
        if why == NO_VALUE and is_output(view, reference):
            return Hold(Reason.NEEDS_PARENT, frozenset({Name(reference.name)}), why=_lacking_text(view, reference))
    return _misfit(view, name, resource)


def is_output(view: View, reference: Reference) -> bool:
    """Return whether a reference reads an output of its parent's kind, reported or not."""
    parent = view.effective.get(Name(reference.name))
    kind = view.situation.kinds.get(parent.kind, _NO_KIND) if parent else _NO_KIND
    return parent is not None and reference.path[0] in kind.output_names - parent.inputs.keys()


def _lacking_text(view: View, reference: Reference) -> str:
    parent = view.effective[Name(reference.name)]
    if len(reference.path) > 1 and reference.path[0] in view.applied_state(parent.name).outputs:
        return f"{reference}: what {parent.name} reported as '{reference.path[0]}' has no such value"
    kind = view.situation.kinds[parent.kind]
    verbs = [verb for verb in (UPDATE, *kind.verbs()) if verb not in STANDARD_ACTIONS or verb == UPDATE]
    able = [verb for verb in verbs if reference.path[0] in kind.may_report(verb)]
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
    found: Set[Name] = set()
    seen: Set[Tuple[str, str]] = set()
    left: List[Tuple[Name, str]] = [(name, key)]
    while left:
        here = left.pop()
        resource = view.effective.get(here[0])
        if here in seen or resource is None:
            continue
        seen.add(here)
        for reference in resource.references.get(here[1], ()):
            if is_output(view, reference):
                found.add(Name(reference.name))
            else:
                left.append((Name(reference.name), reference.path[0]))
    return found
