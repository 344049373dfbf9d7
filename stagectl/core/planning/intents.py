"""Inferred actions: what follows from a difference, and why (docs/design.md, section 5, rules 1, 4, 7, 13).

And what a change of a plan does to readers: what it affects, and what it takes away (rule 5). What was not selected,
and differs from its applied values for another reason than a change of the plan, is a bystander.
"""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import REMOVE, RENAME, REPLACE, RUN, UPDATE, Applied, ChangeId, Name, Resource, split_change
from stagectl.core.planning.resolve import LACKING, find_value
from stagectl.core.planning.situation import Intent
from stagectl.core.planning.view import View
from stagectl.core.plans.plan import CauseType
from stagectl.core.values import Inputs, Reference, Template, Value, differing, references_in, same


def intent_of(view: View, name: Name) -> Intent:
    """Return what a resource does of its own accord, also what a held one would: its inferred actions (rules 1, 4, 7)
    and their cause (rule 13). What is settled does nothing.
    """
    intent = view.intents.get(name)
    if intent is None:
        intent = view.intents[name] = _infer(view, name)
    return intent


def _infer(view: View, name: Name) -> Intent:
    applied = view.applied_state(name)
    if name in view.situation.settled:
        return Intent()
    if name not in view.effective:
        if applied.is_gone or not view.is_going(name):  # of what is gone already there is nothing to remove
            return Intent()
        cause = CauseType.STAGED if applied.live else CauseType.UNFINISHED
        return Intent((*_renaming(view, name), REMOVE), cause)
    resource = view.effective[name]
    before = applied.resource
    if before is None:
        return _intent_of_new(view, name, resource, applied)
    if name in view.bystanders:
        return Intent()
    intent = _intent_of_live(view, name, resource, applied, before)
    renaming = _renaming(view, name) if intent.actions or view.is_staged_here(name) else ()
    return intent._replace(actions=(*renaming, *intent.actions)) if renaming else intent


def _renaming(view: View, name: Name) -> Tuple[str, ...]:
    """Return the `rename` of what moves here, or may have half of a name that it was to have (section 4, rule 6)."""
    applied = view.applied_state(name)
    moves = name in view.situation.moves and view.is_staged_here(name) and not applied.is_gone
    if applied.resource is None or not (moves or RENAME in applied.owed):
        return ()
    return (RENAME,) if RENAME in view.situation.kind_of(applied.resource).actions else ()


def _intent_of_new(view: View, name: Name, resource: Resource, applied: Applied) -> Intent:
    """Return the run of what is not live; what an earlier try half made with other values may have to go first."""
    inputs, tried = tuple(sorted(resource.inputs)), applied.unfinished
    if tried is None:
        return Intent((RUN,), CauseType.STAGED, inputs)
    # What was known only later than the removal of a replace was never tried, whatever it is now.
    untried = tried.form.inputs.keys() - tried.inputs.keys() if tried.form is not None else ()
    changed = tuple(key for key in differing(tried.inputs, view.inputs(name)) if key not in untried)
    if _is_replace(view, name, tried.kind, changed):
        return Intent((REMOVE, RUN), CauseType.REPLACE, changed)
    return Intent((RUN,), CauseType.STAGED if changed else CauseType.UNFINISHED, inputs)


def _intent_of_live(view: View, name: Name, resource: Resource, applied: Applied, before: Resource) -> Intent:
    after = view.inputs(name)
    unresolved = resource.inputs.keys() - after.keys()
    if name in view.shown:  # what a parent took away is the parent's matter: it is held for it
        after = {**after, **{key: applied.inputs[key] for key in unresolved if key in applied.inputs}}
        unresolved = set()
    selected = view.is_staged_here(name)
    # A plan is about its selection: of what was not selected the drift is left to plans that select it.
    is_seen = selected and applied.observed is not None
    seen, drifted = (applied.seen, applied.drift.keys) if is_seen else (applied.inputs, frozenset())
    hidden = drifted and drifted & resource.inputs.keys() - applied.drift.inputs.keys()
    differ = differing(seen, after)
    changed = tuple(sorted({*differ, *unresolved, *hidden}) if unresolved or hidden else differ)
    if (not selected and not changed) or view.is_left_alone(name):
        return Intent()
    if applied.is_gone:
        return _intent_of_gone(resource, applied, before, selected=selected)
    # Only what may be reported is still a reference.
    later = [key for key in changed if key in after and references_in(after[key])] if view.reports.by else []
    surely = [key for key in changed if key not in later or not _may_stay(seen.get(key), after[key])]
    through = _replaced_parents(view, resource, after, later) if later else []
    if _is_replace(view, name, before.kind, surely) or any(through):
        return Intent((REMOVE, RUN), CauseType.REPLACE, changed)
    unfinished = applied.unfinished
    has_drifted = is_seen and (not drifted.isdisjoint(changed) or applied.drift.unnamed)
    if not changed and unfinished is None and not has_drifted:
        return Intent()
    edited = {*resource.files, *(differing(before.inputs, resource.inputs) if resource is not before else ())}
    cause = _cause(applied, is_edited=selected and not edited.isdisjoint(changed), has_drifted=has_drifted)
    is_conditional = cause == CauseType.CHILD and not surely
    if through:
        return Intent((REMOVE, RUN), cause, changed, (REMOVE, RUN) if is_conditional else (REMOVE,))
    action = RUN if unfinished is not None and unfinished.action in (REMOVE, RUN) else UPDATE
    return Intent((action,), cause, changed, (action,) if is_conditional else ())


def _intent_of_gone(resource: Resource, applied: Applied, before: Resource, *, selected: bool) -> Intent:
    """Return the run of what is live and was seen to be gone; nothing of it is removed first."""
    is_edited = resource.kind != before.kind or bool(differing(before.inputs, resource.inputs))
    cause = _cause(applied, is_edited=selected and is_edited, has_drifted=selected)
    return Intent((RUN,), cause, tuple(sorted(resource.inputs)))


def _cause(applied: Applied, *, is_edited: bool, has_drifted: bool) -> CauseType:
    if is_edited:
        return CauseType.STAGED
    if applied.unfinished is not None:
        return CauseType.UNFINISHED
    return CauseType.DRIFT if has_drifted else CauseType.CHILD


def is_as_seen(view: View, name: Name) -> bool:
    """Return whether a resource is staged as a check saw it, and not as it was applied: that is recorded."""
    applied = view.applied_state(name)
    if applied.observed is None or not applied.live or not view.is_staged_here(name):
        return False
    if name not in view.effective:
        return applied.is_gone
    return bool(differing(applied.inputs, view.inputs(name)))


def _replaced_parents(view: View, resource: Resource, after: Inputs, later: Iterable[str]) -> List[bool]:
    """Return, for what is known later of the inputs in `replace_on`, whether it surely means a replace."""
    keys = sorted(view.situation.kind_of(resource).replace_on.intersection(later))
    read = [Name(reference.name) for key in keys for reference in references_in(after[key])]
    return [view.reports.replaced.get(parent, False) for parent in read]


def _may_stay(before: Value, after: Value) -> bool:
    """Return whether a value of which something is known later may turn out to be what it was."""
    if isinstance(after, Template) and references_in(after):
        return len(after.parts) == 1 or isinstance(before, Template) or _may_read(before, after)
    if isinstance(after, dict):
        has_keys = isinstance(before, dict) and before.keys() == after.keys()
        return has_keys and all(_may_stay(before[key], inner) for key, inner in after.items())
    if isinstance(after, list):
        is_long = isinstance(before, list) and len(before) == len(after)
        return is_long and all(map(_may_stay, before, after))
    return same(before, after)


def _may_read(before: Value, after: Template) -> bool:
    first, last = (part if isinstance(part, str) else "" for part in (after.parts[0], after.parts[-1]))
    is_long = isinstance(before, str) and len(before) >= len(first) + len(last)
    return is_long and bool(before.startswith(first)) and bool(before.endswith(last))


def _is_replace(view: View, name: Name, kind_before: str, changed: Iterable[str]) -> bool:
    resource = view.effective[name]
    explicit = view.is_staged_here(name) and REPLACE in view.pending_actions(name)
    replacing = view.situation.kind_of(resource).replace_on.intersection(changed)
    return explicit or resource.kind != kind_before or bool(replacing)


def named_changes(resource: Resource, actions: AbstractSet[str]) -> List[ChangeId]:
    """Return the changes that the mapping form of `depends_on` names for these actions of a resource."""
    return [c for action, changes in resource.depends_on_changes.items() if action in actions for c in changes]


def needed_parents(resource: Resource, actions: AbstractSet[str]) -> Set[Name]:
    """Return the parents that must be there for these actions of a resource (rule 5)."""
    # That a parent is removed first is an order, and no need of it.
    there = {name for name, action in map(split_change, named_changes(resource, actions)) if action != REMOVE}
    return (set(resource.depends_on) | resource.reads | there) - {resource.name}


# --- what a change affects


def changing_parents(view: View, name: Name) -> Mapping[Name, List[Reference]]:
    """Return the parents whose changes change what the differing inputs of a resource read, with these references."""
    references, intent = view.effective[name].references, intent_of(view, name)
    read = [one for key in intent.inputs for one in references.get(key, ())] if intent.actions else []
    others = [one for one in read if one.name != name and one.name not in view.situation.settled]
    return group_pairs([(Name(one.name), one) for one in others if value_changes(view, one)])


def value_changes(view: View, reference: Reference) -> bool:
    """Return whether a reference has another value here than its parent was applied with."""
    there, value = view.resolver.value_of(reference)
    was_there, was = value_before(view, reference)
    return there != was_there or (there and not same(value, was))


def value_before(view: View, reference: Reference) -> Tuple[bool, Value]:
    """Return whether a reference names a value that its parent was applied with or reported, and the value."""
    applied = view.applied_state(Name(reference.name))
    there, value = find_value(applied.inputs, reference)
    return (there, value) if there else find_value(applied.outputs, reference)


def without_bystanders(view: View) -> View:
    """Return the view in which all that is stale for another reason than a change of the plan shows what is applied."""
    forms = {name: view.applied_state(name).resource for name in view.situation.names if not view.is_selected(name)}
    reads = {name: form.reads for name, form in forms.items() if form is not None and not view.is_left_alone(name)}
    view = replace(view, bystanders=frozenset(reads.keys() - _affected(view, reads)))
    while True:
        names = sorted(reads.keys() - view.bystanders - view.holds.keys())
        stale = {name: changing_parents(view, name) for name in names if intent_of(view, name).actions}
        left = stale.keys() - _affected(view, stale)
        if not left:
            return view
        first = view.not_through_others({name: view.effective[name].every_reference for name in left})
        view = replace(view, bystanders=view.bystanders | first)


def _affected(view: View, parents: Mapping[Name, Iterable[Name]]) -> Set[Name]:
    """Return what reads, directly or through others of these, a resource that is in effect as staged."""
    children = group_pairs((parent, name) for name, some in parents.items() for parent in some)
    # What only reacts may report a value, too; that does not make it affected itself.
    reporting = {name for name, _ in view.reports.by}
    starts = [name for name in children if view.is_staged_here(name) or name in reporting]
    first = (child for name in starts for child in children[name])
    return reachable(first, lambda name: children.get(name, ()))


# --- what a reader would lose

Lost = Tuple[Name, Optional[Reference]]  # what a change of a parent takes away; None: the parent itself, not read


def find_taken(view: View, full: View, reader: Name) -> Set[Lost]:
    """Return what changes of its parents would take from a resource that is not in effect as staged."""
    forms = view.applied_state(reader).forms
    going = {parent for form in forms for parent in form.depends_on if parent != reader and view.is_going(parent)}
    missed = (ref for form in forms for _, ref, is_taken in _misses(view, reader, form) if is_taken)
    read = {(Name(ref.name), ref) for ref in missed if not _is_error(full, reader, ref)}
    return {*((parent, None) for parent in going), *read}


def is_broken(view: View, reader: Name) -> bool:
    """Return whether a live reader, as applied, misses something that no change takes."""
    resource = view.applied_state(reader).resource
    return resource is not None and not all(is_taken for *_, is_taken in _misses(view, reader, resource))


def find_lost(view: View, full: View, reader: Name) -> Iterator[Tuple[str, Reference]]:
    """Yield what a live reader that shows applied values would lose, though it reads it as staged, too: an error."""
    resource = view.applied_state(reader).resource
    for key, reference, is_taken in _misses(view, reader, resource) if resource is not None else ():
        if is_taken and _is_error(full, reader, reference):
            yield key, reference


def _misses(view: View, reader: Name, form: Resource) -> Iterator[Tuple[str, Reference, bool]]:
    """Yield the input and the reference of what a form no longer finds, and whether its parent's change takes that."""
    for key, reference, why in view.resolver.misses(form):
        if why in LACKING:
            parent = Name(reference.name)
            was_there = view.situation.is_live(parent) and value_before(view, reference)[0]
            is_taken = view.is_going(parent) or (parent not in view.shown and was_there)
            yield key, reference, parent != reader and is_taken


def _is_error(full: View, reader: Name, reference: Reference) -> bool:
    """Return whether a reader as staged reads a value that is gone also when everything is selected."""
    staged = full.situation.staged.get(reader)
    reads = staged is not None and reference in staged.every_reference
    return reads and not full.resolver.value_of(reference)[0]
