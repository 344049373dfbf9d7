"""What a promotion asks for first: that what it takes was verified, and values that are the target's own."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import StagectlError, Step, UsageError
from stagectl.core.model import Applied, ChangeId, Name, Resource, change_id, split_change
from stagectl.core.stamps import is_pending
from stagectl.core.values import EnvVariable, Template, format_path, leaves, step_into
from stagectl.usecases.staging.settings import Sets, Settings, parse_settings

GivenSettings = Mapping[Name, Settings]


class MissingValues(StagectlError):
    """Values that a new resource of the target needs of its own; missing: (name there, input path)."""

    def __init__(self, missing: Sequence[Tuple[Name, str]], command: str) -> None:
        listed = "\n".join(f"  {name}.{path}" for name, path in missing)
        words = " ".join(f"--set '{name}.{path}=...'" for name, path in missing)
        super().__init__(f"new in the target, and to be given values of its own:\n{listed}", f"{command} {words}")
        self.missing = tuple(missing)


class Taken(NamedTuple):
    """One resource that is promoted: as it is in the source, and its name in the target."""

    resource: Resource
    new: Name


def given_values(sets: Sequence[str], taken: Sequence[Taken], folder: str) -> Dict[Name, Settings]:
    """Return what `--set NAME.PATH=VALUE` gives each resource of the target; raises UsageError for another name."""
    words: Dict[Name, List[str]] = {}
    names = {one.new for one in taken}
    for text in sets:
        name, dot, setting = text.partition(".")
        full = Name(name if name in names else f"{folder}/{name}")
        if not dot or full not in names:
            raise UsageError(f"'{text}' sets nothing that is promoted", f"write for example --set {min(names)}.port=80")
        words.setdefault(full, []).append(setting)
    return {name: parse_settings(Sets(settings)) for name, settings in words.items()}


def missing_values(taken: Sequence[Taken], snapshot: Snapshot, given: GivenSettings) -> List[Tuple[Name, str]]:
    """Return the paths that have to be given: of what is new the overrides, and everywhere what reads the environment.

    Where the target has a value already it keeps that one.
    """
    found: List[Tuple[Name, str]] = []
    for resource, new in taken:
        mine = snapshot.defined.get(new) or snapshot.staged.get(new)
        there = given.get(new, Settings())
        said = [tuple(map(str, steps)) for steps in (*(steps for steps, _ in there.values), *there.unset)]
        if mine is None:
            paths = dict.fromkeys([*resource.overrides, *reading_environment(resource)])
        else:
            paths = dict.fromkeys(path for path in reading_environment(resource) if not _is_there(mine.inputs, path))
            said += mine.overrides
        found += [(new, format_path(path)) for path in paths if not any(path[: len(one)] == one for one in said)]
    return found


def _is_there(value: Any, path: Sequence[str]) -> bool:
    for step in path:
        _, value = step_into(value, step)
    return value is not None


def reading_environment(resource: Resource) -> Iterator[Tuple[str, ...]]:
    """Yield the paths of inputs that read variables of the environment."""
    for path, value in leaves(dict(resource.inputs)):
        if isinstance(value, Template) and any(isinstance(part, EnvVariable) for part in value.parts):
            yield tuple(map(str, path))


def unverified_changes(
    taken: Sequence[Name], snapshot: Snapshot, applied: Mapping[Name, Applied]
) -> Tuple[ChangeId, ...]:
    """Return the changes that did not succeed, and that what is taken is waiting for, or they for it."""
    open_changes = {name: set(_open_changes(name, snapshot, applied)) for name in {*applied, *snapshot.staged}}
    found: Set[ChangeId] = set()
    for name in taken:
        resource, state = snapshot.staged.get(name), applied.get(name, Applied())
        parents = {*(resource.parents if resource else ()), *(state.resource.parents if state.resource else ())}
        for other in {name, *parents}:
            found |= open_changes.get(other, set())
        for other, debts in ((other, one.owed) for other, one in applied.items()):
            found |= {change_id(other, action) for action, behind in debts.items() if _names(behind, name)}
    return tuple(sorted(found))


def _names(changes: Sequence[ChangeId], name: Name) -> bool:
    return any(split_change(change)[0] == name for change in changes)


def _open_changes(name: Name, snapshot: Snapshot, applied: Mapping[Name, Applied]) -> Iterator[ChangeId]:
    """Yield what of a resource is unfinished, owed, or staged by name and not done."""
    state, staged = applied.get(name, Applied()), snapshot.staged.get(name)
    if state.unfinished is not None:
        yield change_id(name, state.unfinished.action)
    yield from (change_id(name, action) for action in state.owed)
    for action, stamp in (staged.actions if staged else {}).items():
        if is_pending(stamp, state.stamps.get(action)):
            yield change_id(name, action)


def refuse_unverified(changes: Sequence[ChangeId]) -> None:
    """Raise StagectlError where what is taken waits for changes that did not succeed."""
    if changes:
        raise StagectlError(
            f"not verified: {', '.join(changes)} did not succeed yet",
            "apply until it does; --unverified promotes all the same, and says so in the commit",
        )


def refuse_other_shape(mine: Any, theirs: Any, steps: Sequence[Step]) -> None:
    """Raise StagectlError where a path leads through a list on one side only, or through an entry on one side only."""
    for step in steps[:-1]:
        is_entry = isinstance(mine, list) and isinstance(theirs, list)
        (_, mine), (_, theirs) = step_into(mine, str(step)), step_into(theirs, str(step))
        if is_entry and (mine is None) != (theirs is None):
            raise StagectlError(f"the entry {step} is on one side only, and would be left by half")
        if isinstance(mine, list) != isinstance(theirs, list) and None not in (mine, theirs):
            raise StagectlError(f"'{step}' holds a list on one side, and a mapping on the other")
