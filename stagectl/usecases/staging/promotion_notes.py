"""What of a promotion deserves a look: what stays different, and what stayed behind."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Mapping, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.diff import Difference, diff
from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.claims import counting_claims
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import Value, format_path
from stagectl.usecases.staging.promoted_values import find_at


def differ(both: Sequence[Tuple[Resource, Resource]]) -> List[Tuple[Name, Tuple[Difference, ...]]]:
    """Return what stays different, as written."""
    found = [(new.name, diff(_written_values(resource), _written_values(new))) for resource, new in both]
    return [(name, differences) for name, differences in found if differences]


def _written_values(resource: Resource) -> Dict[str, Value]:
    return dict((yamlfile.load(resource.content)[BODY] or {}).get("inputs") or {})


def notes_on(both: Sequence[Tuple[Resource, Resource]], source: str) -> List[str]:
    """Return what of the promoted resources deserves a look."""
    notes = []
    for resource, new in both:
        inside = sorted(parent for parent in new.parents if parent.startswith(f"{source}/"))
        if inside:
            notes.append(f"{new.name} still names {', '.join(inside)}; write it relative (./x) and it moves along")
        sides = [_written_values(resource), _written_values(new)]
        idle = [format_path(steps) for steps in new.overrides if not any(find_at(side, steps)[0] for side in sides)]
        notes += [f"{new.name}: the override '{path}' names no value, here or there" for path in idle]
    return notes


def not_applied(
    snapshot: Snapshot, applied: Mapping[Name, Applied], asked: AbstractSet[Name], source: str
) -> List[str]:
    """Return what is staged in the source and stays behind, as it is not applied there."""
    notes = []
    moves = counting_claims(snapshot.staged, applied)
    for name in sorted(name for name in asked if name.startswith(f"{source}/")):
        staged, live = snapshot.staged.get(name), applied.get(name, Applied()).resource
        if name in moves:
            notes.append(f"{name} is moved from {moves[name]}; that is not applied, and not promoted")
        elif name in moves.values():
            continue
        elif live is None:
            notes.append(f"{name} is not applied in {source}, and not promoted")
        elif staged is None:
            notes.append(f"{name} is staged to be removed in {source}, and promoted as it is live")
        elif staged.content != live.content:
            notes.append(f"{name} has staged changes that are not applied, and not promoted")
    return notes
