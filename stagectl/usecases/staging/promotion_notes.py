"""What of a promotion deserves a look: what stays different, and what stayed behind."""

from __future__ import annotations

from typing import AbstractSet, Dict, FrozenSet, Iterable, List, Mapping, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.diff import Difference, diff
from stagectl.core.model import Applied, Name, Resource, staged_path
from stagectl.core.planning.moves import counting_claims
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import Path, Value, format_path
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


def pending_values(
    snapshot: Snapshot, applied: Mapping[Name, Applied], names: Iterable[Name]
) -> Dict[Name, Tuple[Dict[str, Value], FrozenSet[Path]]]:
    """Return of live targets what they say, and at which paths that is not as it is applied; none where nothing is."""
    moves = counting_claims({**snapshot.staged, **snapshot.defined}, applied)
    found: Dict[Name, Tuple[Dict[str, Value], FrozenSet[Path]]] = {}
    for name in names:
        now = snapshot.defined.get(name) or snapshot.staged.get(name)
        live = applied.get(moves.get(name, name), Applied()).resource
        if now is not None and live is not None:
            values = _written_values(now)
            found[name] = values, frozenset(entry.path for entry in diff(_written_values(live), values))
    return {name: entry for name, entry in found.items() if entry[1]}


def notes_on_replaced(
    git: Git, pending: Mapping[Name, Tuple[Dict[str, Value], FrozenSet[Path]]], after: Mapping[Name, Resource]
) -> List[str]:
    """Return what was not applied in the target, and says now what is promoted; pending: see `pending_values`.

    What an earlier promotion staged may go without a word.
    """
    notes = []
    for name, (values, paths) in sorted(pending.items()):
        lost = [format_path(one.path) for one in diff(values, _written_values(after[name])) if one.path in paths]
        if lost and not _is_promoted(git, after[name]):
            said = f"{name} had values that were not applied, and are replaced by what is promoted: {', '.join(lost)}"
            way_out = "to keep them, list them under 'overrides', or take all back: git revert --no-edit HEAD"
            notes.append(f"{said}; {way_out}")
    return notes


def _is_promoted(git: Git, target: Resource) -> bool:
    """Return whether a promotion wrote what the one that was just committed found."""
    paths = [staged_path(target.name), *([target.source] if target.source else [])]
    log = git.run("log", "-2", "--format=%B%x00", "--no-show-signature", *git.only(paths))
    message = (*log.decode("utf-8", "replace").split("\0"), "", "")[1].strip()
    return message.startswith("promote") or "\nPromotes: " in message
