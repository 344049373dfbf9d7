"""What became of a reviewed plan: which changes came, went or differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import List, Mapping, Tuple, TypeVar

from stagectl.core.model import ChangeId, Name
from stagectl.core.plans.document import CANONICAL, difference_text, digests
from stagectl.core.plans.plan import Change, Held, Plan


@dataclass(frozen=True)
class Differing:
    """A change that is in both plans and not the same. aspects: in which of `values`, `cause`, ... it differs."""

    before: Change
    after: Change
    aspects: Tuple[str, ...]


@dataclass(frozen=True)
class RangeDiff:
    """From a reviewed plan to the one there is now; every list in the order of its plan.

    reheld: held back in both, for another reason, with other needs or tags.
    kinds: those whose own files differ; files: those that act and differ, came or went, but not because a kind did;
    recorded, moved: with whether they came (True) or went (False).
    """

    reviewed: Plan
    now: Plan
    came: Tuple[Change, ...] = ()
    went: Tuple[Change, ...] = ()
    differ: Tuple[Differing, ...] = ()
    held: Tuple[Held, ...] = ()
    freed: Tuple[Held, ...] = ()
    reheld: Tuple[Tuple[Held, Held], ...] = ()
    recorded: Tuple[Tuple[Name, bool], ...] = ()
    kinds: Tuple[str, ...] = ()
    files: Tuple[str, ...] = ()
    moved: Tuple[Tuple[Tuple[Name, Name], bool], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both are the same plan."""
        return self.reviewed.id == self.now.id


def range_diff(reviewed: Plan, now: Plan) -> RangeDiff:
    """Return what differs between two plans."""
    old, new = ({change.id: change for change in plan.changes} for plan in (reviewed, now))
    was_held, is_held = ({held.id: held for held in plan.held} for plan in (reviewed, now))
    pairs = [(old[change.id], change) for change in now.changes if change.id in old]
    return RangeDiff(
        reviewed=reviewed,
        now=now,
        came=_without(now.changes, old),
        went=_without(reviewed.changes, new),
        differ=tuple(pair for pair in starmap(_differing, pairs) if pair.aspects),
        held=tuple(held for held in now.held if held.id not in was_held),
        freed=tuple(held for held in reviewed.held if held.id not in is_held),
        reheld=tuple(
            (was_held[held.id], held)
            for held in now.held
            if held.id in was_held and _reasons(held) != _reasons(was_held[held.id])
        ),
        recorded=_came_or_went(reviewed.recorded, now.recorded),
        kinds=_kinds(reviewed, now),
        files=_files(reviewed, now),
        moved=_came_or_went(reviewed.moved, now.moved),
    )


def _reasons(held: Held) -> Tuple[object, ...]:
    return held.reason, held.needs, held.tags


T = TypeVar("T", Name, Tuple[Name, Name])


def _came_or_went(before: Tuple[T, ...], after: Tuple[T, ...]) -> Tuple[Tuple[T, bool], ...]:
    old, new = set(before), set(after)
    return tuple((entry, entry in new) for entry in sorted(old ^ new))


def _without(changes: Tuple[Change, ...], known: Mapping[ChangeId, Change]) -> Tuple[Change, ...]:
    return tuple(change for change in changes if change.id not in known)


def _differing(before: Change, after: Change) -> Differing:
    found: List[str] = []
    if digests(before) != digests(after) or _diff(before) != _diff(after):
        found.append("values")
    if (before.cause, before.conditional) != (after.cause, after.conditional):
        found.append("cause")
    if before.after != after.after or before.wave != after.wave:
        found.append("order")
    if before.triggers != after.triggers:
        found.append("triggers")
    if dict(before.stamps) != dict(after.stamps):
        found.append("stamp")
    if before.kind != after.kind:
        found.append("kind")
    if before.tags != after.tags:
        found.append("tags")
    return Differing(before, after, tuple(found))


def _diff(change: Change) -> List[str]:
    return [difference_text(entry, entry.path[0] in change.sensitive, CANONICAL) for entry in change.diff]


def _kinds(reviewed: Plan, now: Plan) -> Tuple[str, ...]:
    both = reviewed.kinds.keys() & now.kinds.keys()
    return tuple(sorted(name for name in both if reviewed.kinds[name].raw != now.kinds[name].raw))


def _files(reviewed: Plan, now: Plan) -> Tuple[str, ...]:
    found = {path for path, _ in reviewed.files.items() ^ now.files.items()}
    for one, other in ((reviewed, now), (now, reviewed)):
        # Those that are named no more because nothing of their kind is left to do were not edited.
        found -= set() if one.kinds.keys() <= other.kinds.keys() else one.files.keys() - other.files.keys()
    return tuple(sorted(found))
