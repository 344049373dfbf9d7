"""What a reader would lose: values and parents that changes of a plan take away."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional, Tuple

from stagectl.core.model import Name
from stagectl.core.planning.affected import value_before
from stagectl.core.planning.resolve import LACKING
from stagectl.core.planning.universe import Universe
from stagectl.core.planning.view import View
from stagectl.core.values import Reference


class Dropped(NamedTuple):
    """What a live reader, as applied, would no longer find.

    taken: what its parents' changes would take away, a reference or the whole parent; is_broken: whether something is
    missing that no change takes.
    """

    taken: Tuple[_Lost, ...] = ()
    is_broken: bool = False


class _Lost(NamedTuple):
    """What a change of a parent takes away; no reference: the parent itself, which is named and not read."""

    parent: Name
    reference: Optional[Reference] = None


def find_dropped(view: View, full: Universe, reader: Name) -> Dropped:
    """Return what a resource that is not in effect as staged would no longer find in its parents."""
    state = view.applied_state(reader)
    taken = {_Lost(parent) for form in state.forms for parent in form.depends_on if _is_going(view, parent)}
    is_broken = False
    for form in state.forms:
        for _, reference, why in view.resolver.misses(form):
            parent = Name(reference.name)
            if why not in LACKING:
                continue
            if parent == reader or not _takes(view, parent, reference):
                is_broken |= form is state.resource
            elif not _is_error(full, reader, reference):
                taken.add(_Lost(parent, reference))
    return Dropped(tuple(lost for lost in taken if lost.parent != reader), is_broken)


def find_lost(view: View, full: Universe, reader: Name) -> Iterator[Tuple[str, Reference]]:
    """Yield what a live reader that shows applied values would lose, though it reads it as staged, too: an error."""
    resource = view.applied_state(reader).resource
    for key, reference, why in view.resolver.misses(resource) if resource is not None else ():
        parent = Name(reference.name)
        is_taken = why in LACKING and parent != reader and _takes(view, parent, reference)
        if is_taken and _is_error(full, reader, reference):
            yield key, reference


def _takes(view: View, parent: Name, reference: Reference) -> bool:
    """Return whether it is a change of a parent that takes away a value which is no longer there."""
    if _is_going(view, parent):
        return True
    return parent not in view.shown and view.situation.is_live(parent) and value_before(view, reference)[0]


def _is_going(view: View, name: Name) -> bool:
    """Return whether a resource is removed in this view, live or half made."""
    state = view.applied_state(name)
    is_gone = view.is_staged_here(name) and name not in view.situation.staged
    return is_gone and (state.live or state.unfinished is not None)


def _is_error(full: Universe, reader: Name, reference: Reference) -> bool:
    """Return whether a reader as staged reads a value that is gone also when everything is selected."""
    staged = full.view.situation.staged.get(reader)
    reads = (read for group in staged.references.values() for read in group) if staged else ()
    return any(read == reference and not full.view.resolver.value_of(read)[0] for read in reads)
