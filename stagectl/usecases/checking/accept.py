"""`check --accept`: what was seen goes into the definitions, and is staged for review (docs/design.md, section 10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.diff import Difference, Op, diff
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import Name, staged_path
from stagectl.core.plans.selection import Selection
from stagectl.core.running.looks import Checked, Left, Look
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import Path, Template, Value, as_written, leaves
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.definitions import refuse_loss
from stagectl.usecases.staging.overriding import Overriding, WrittenElsewhere
from stagectl.usecases.staging.stage import Writing, write_and_stage

_CANNOT_BE_SHOWN = "it cannot be shown"
_THROUGH_REFERENCE = "it comes through a reference"


def accept(workspace: Workspace, checked: Checked) -> Checked:
    """Write what was seen into the definitions and stage it; raises StagectlError, and then nothing is staged.

    What cannot be written is named, and left alone.
    """
    snapshot = workspace.snapshot(definitions=True)
    overriding, left, names = Overriding(snapshot), [], []
    for look in checked.looks:
        if look.has_seen and look.after.observed is not None and _is_written(snapshot, look.name):
            before = dict(overriding.writes)
            left += _accept(overriding, look)
            names += [look.name] if overriding.writes != before else []
    removed: Dict[str, Optional[bytes]] = {path: None for path, text in overriding.writes.items() if text is None}
    refuse_loss(workspace, removed, "removing what is gone")
    if not names:
        return replace(checked, left=tuple(left))
    done = write_and_stage(workspace, Writing(Selection(tuple(names)), overriding.writes), "check --accept")
    return replace(checked, left=tuple(left), accepted=done.commit)


def _is_written(snapshot: Snapshot, name: Name) -> bool:
    """Return whether there is a file to write into; what is removed already has none."""
    return name in snapshot.definition_paths or name in snapshot.staged


def _accept(overriding: Overriding, look: Look) -> List[Left]:
    """Have a definition say what was seen; return what it cannot say."""
    observed, snapshot = look.after.observed, overriding.snapshot
    assert observed is not None, "there is something to accept"
    path = snapshot.definition_paths.get(look.name, staged_path(look.name))
    if observed.gone:
        if look.name in snapshot.expanded:
            overriding.remove(look.name)
        else:
            overriding.writes[path] = None
        return []
    left = [Left(look.name, (key,), _CANNOT_BE_SHOWN) for key in sorted(observed.differs)]
    left += [Left(look.name, (), look.message or "no input says what differs")] if observed.unnamed else []
    resource = snapshot.defined.get(look.name) or snapshot.staged[look.name]
    for at, value in _writings(look, observed.inputs):
        if _reads(resource.inputs, at):
            left.append(Left(look.name, at, _THROUGH_REFERENCE))
        elif look.name in snapshot.expanded:
            try:
                overriding.set(look.name, ("inputs", *at), value)
            except WrittenElsewhere as error:
                left.append(Left(look.name, at, error.why))
        else:
            one = Edit(BODY, ("inputs", *at), None if value is MISSING else value, delete=value is MISSING)
            overriding.writes[path] = edit(overriding.content(path), [one])
    return left


def _writings(look: Look, seen: Mapping[str, Value]) -> Iterator[Tuple[Path, Any]]:
    """Yield what has to be written where, MISSING for a value that goes; a list is written as a whole."""
    applied = {key: look.before.inputs[key] for key in seen}
    done = set()
    for entry in diff(applied, seen):
        at = _outside_lists(entry)
        if at not in done:
            done.add(at)
            yield at, MISSING if entry.op == Op.REMOVE and at == entry.path else as_written(_inner(seen, at))


def _outside_lists(entry: Difference) -> Path:
    first = next((index for index, step in enumerate(entry.path) if isinstance(step, int)), len(entry.path))
    return entry.path[:first]


def _inner(value: Any, at: Path) -> Value:
    for step in at:
        value = value[step]
    return value


def _reads(inputs: Mapping[str, Value], at: Sequence[Any]) -> bool:
    """Return whether what a definition says at a path, or around it, is no literal."""
    value: Any = inputs
    for step in at:
        if not isinstance(value, dict) or step not in value:
            return isinstance(value, Template)
        value = value[step]
    return any(isinstance(leaf, Template) for _, leaf in leaves(value))
