"""`check --accept`: what was seen goes into the definitions, and is staged for review (docs/design.md, section 10)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.errors import StagectlError
from stagectl.core.model import Name, staged_path
from stagectl.core.plans.selection import Selection
from stagectl.core.running.looks import Checked, Left, Look
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import Path, Template, Value, as_written, leaves, same
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.definitions import refuse_loss
from stagectl.usecases.staging.overriding import Overriding, WrittenElsewhere
from stagectl.usecases.staging.stage import Writing, write_and_stage

_CANNOT_BE_SHOWN = "it cannot be shown"
_THROUGH_REFERENCE = "it comes through a reference"
_DELETED = "its definition is deleted: stage that, or bring the definition back"


class Accepting(NamedTuple):
    """What would be staged. names: whose definitions change; writes: how, by path; left: what they cannot say."""

    names: Tuple[Name, ...]
    writes: Dict[str, Optional[bytes]]
    left: Tuple[Left, ...]


def find_writings(workspace: Workspace, looks: Iterable[Look]) -> Accepting:
    """Return how definitions have to change to say what was seen, whether or not that can be staged.

    Raises StagectlError where that would overwrite, or stage, text that no commit has.
    """
    snapshot = workspace.snapshot(definitions=True)
    overriding, left, names = Overriding(snapshot), [], []
    for look in looks:
        if look.has_seen and look.after.observed is not None and _is_there(snapshot, look.name):
            before = dict(overriding.writes)
            left += _accept(overriding, look)
            names += [look.name] if overriding.writes != before else []
    refuse_edited(workspace, names, overriding.writes)
    return Accepting(tuple(names), overriding.writes, tuple(left))


def prepare(workspace: Workspace, looks: Sequence[Look]) -> Accepting:
    """Return the same as far as it can be staged, which depends on what is recorded of what was seen.

    Raises StagectlError as that does.
    """
    ready = find_writings(workspace, looks)
    if not ready.names or _why_not(workspace, ready) is None:
        return ready
    alone = {look.name: find_writings(workspace, [look]) for look in looks if look.name in ready.names}
    refused = {name: _why_not(workspace, one) for name, one in alone.items()}
    rest = find_writings(workspace, [look for look in looks if refused.get(look.name) is None])
    return rest._replace(left=(*rest.left, *(Left(name, (), why) for name, why in refused.items() if why is not None)))


def accept(workspace: Workspace, checked: Checked, ready: Accepting) -> Checked:
    """Write what was seen into the definitions and stage it; raises StagectlError, and then nothing is staged."""
    checked = replace(checked, left=ready.left)
    if not ready.names:
        return checked
    try:
        done = write_and_stage(workspace, Writing(Selection(ready.names), ready.writes), "check --accept")
    except StagectlError as error:
        recorded = [f"what was seen is recorded, in commit {checked.recorded[:12]}"] if checked.recorded else []
        raise StagectlError(error.message, "; ".join(filter(None, [error.hint, *recorded]))) from None
    return replace(checked, accepted=done.commit)


def refuse_edited(workspace: Workspace, names: Iterable[Name], writes: Optional[Writes] = None) -> None:
    """Raise StagectlError where definitions, or what they are like, have text that no commit has."""
    snapshot = workspace.snapshot(definitions=True)
    known = [name for name in names if name in snapshot.definition_paths]
    chains = [snapshot.expanded[name].chain for name in known if name in snapshot.expanded]
    paths = {snapshot.definition_paths[name] for name in known} | {one.path for chain in chains for one in chain}
    refuse_loss(
        workspace, {**dict.fromkeys(paths), **(writes or {})}, "taking in what was seen", does="overwrite or stage it"
    )


def _why_not(workspace: Workspace, ready: Accepting) -> Optional[str]:
    """Return why something cannot be staged, None where it can."""
    try:
        write_and_stage(workspace, Writing(Selection(ready.names), ready.writes), check=True)
    except StagectlError as error:
        return error.message
    return None


def _is_there(snapshot: Snapshot, name: Name) -> bool:
    """Return whether there is a file to write into; what is removed already has none."""
    return name in snapshot.definition_paths or name in snapshot.staged


def _accept(overriding: Overriding, look: Look) -> List[Left]:
    """Have a definition say what was seen; return what it cannot say."""
    observed, snapshot = look.after.observed, overriding.snapshot
    assert observed is not None, "there is something to accept"
    if look.name not in snapshot.definition_paths and snapshot.staged[look.name].source is not None:
        return [Left(look.name, (), _DELETED)]
    if observed.gone:
        return _try(look.name, (), lambda: _remove(overriding, look.name))
    left = [Left(look.name, (key,), _CANNOT_BE_SHOWN) for key in sorted(observed.differs)]
    left += [Left(look.name, (), look.message or "no input says what differs")] if observed.unnamed else []
    resource = snapshot.defined.get(look.name) or snapshot.staged[look.name]
    applied = {key: look.before.inputs[key] for key in observed.inputs}
    for at, value in _writings(applied, observed.inputs):
        if _reads(resource.inputs, at):
            left.append(Left(look.name, at, _THROUGH_REFERENCE))
        else:
            left += _try(look.name, at, partial(_set, overriding, look.name, at, value))
    return left


def _try(name: Name, at: Path, write: Callable[[], None]) -> List[Left]:
    """Write something; return what is left alone where that cannot be written, such as a value of a template."""
    try:
        write()
    except WrittenElsewhere as error:
        return [Left(name, at, error.why)]
    except StagectlError as error:
        return [Left(name, at, error.message)]
    return []


def _remove(overriding: Overriding, name: Name) -> None:
    if name in overriding.snapshot.expanded:
        overriding.remove(name)
    else:
        overriding.writes[_path(overriding, name)] = None


def _set(overriding: Overriding, name: Name, at: Path, value: Any) -> None:
    if name in overriding.snapshot.expanded:
        overriding.set(name, ("inputs", *at), value)
    else:
        path = _path(overriding, name)
        overriding.writes[path] = edit(overriding.content(path), [Edit(BODY, ("inputs", *at), value)])


def _path(overriding: Overriding, name: Name) -> str:
    return overriding.snapshot.definition_paths.get(name, staged_path(name))


def _writings(before: Mapping[str, Value], seen: Mapping[str, Value], at: Path = ()) -> Iterator[Tuple[Path, Value]]:
    """Yield what has to be written where; seen: with all keys of *before*.

    What is no mapping on both sides is written as a whole, whatever stood there.
    """
    for key, now in sorted(seen.items()):
        was, here = before.get(key), (*at, key)
        if was and isinstance(was, dict) and isinstance(now, dict):
            yield from _writings(was, now, here)
        elif key not in before or not same(was, now):
            yield here, as_written(now)


def _reads(inputs: Mapping[str, Value], at: Sequence[Any]) -> bool:
    """Return whether what a definition says at a path, or around it, is no literal."""
    value: Any = inputs
    for step in at:
        if not isinstance(value, dict) or step not in value:
            return isinstance(value, Template)
        value = value[step]
    return any(isinstance(leaf, Template) for _, leaf in leaves(value))
