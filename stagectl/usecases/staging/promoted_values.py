"""What `overrides` leave alone when a definition is promoted: the values that are there."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.config import Config
from stagectl.core.errors import Flaw, InvalidFiles, Problem, StagectlError
from stagectl.core.model import Name, Resource, staged_path
from stagectl.core.references import folder_of
from stagectl.core.schemas import schema
from stagectl.core.schemas.schema import BODY
from stagectl.core.standing import from_here
from stagectl.core.values import Path, Value, format_path, step_into
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.promotion_gate import reading_environment, refuse_other_shape


def with_overrides(
    content: bytes, origin: Resource, now: Optional[Resource], place: Callable[[Flaw], Problem]
) -> bytes:
    """Return a definition in which the target keeps what its overrides name, its variables, and the overrides.

    place: where a flaw is.
    """
    theirs = yamlfile.load(content)[BODY] or {}
    mine = (yamlfile.load(now.content)[BODY] or {}) if now is not None else {}
    overrides = mine.get("overrides")
    if now is not None:
        content = _with_values(_with_variables(content, origin, now), now, place)
    if theirs.get("overrides") == overrides or now is None:  # what is new in the target has the source's list
        return content
    if overrides:
        if edit(now.content, [Edit(BODY, ("overrides",), delete=True)]) == content:
            return now.content  # where the list stands is the target's own
        return edit(content, [Edit(BODY, ("overrides",), overrides)])
    return edit(content, [Edit(BODY, ("overrides",), delete=True)])  # the source's are about where it came from


def _with_variables(content: bytes, origin: Resource, now: Resource) -> bytes:
    """Return a definition with the target's values where either side reads the environment and both have a value."""
    mine = (yamlfile.load(now.content)[BODY] or {}).get("inputs") or {}
    for path in sorted({*reading_environment(origin), *reading_environment(now)}):
        inputs = (yamlfile.load(content)[BODY] or {}).get("inputs") or {}
        (is_mine, value), (is_theirs, other) = find_at(mine, path), find_at(inputs, path)
        if is_mine and is_theirs and value != other:
            content = edit(content, [Edit(BODY, ("inputs", *_steps(inputs, path)), value)])
    return content


def _with_values(content: bytes, now: Resource, place: Callable[[Flaw], Problem]) -> bytes:
    """Return a definition with the target's values; raises InvalidFiles for an override that has no place in it."""
    mine = (yamlfile.load(now.content)[BODY] or {}).get("inputs") or {}
    gone = [(index, steps) for index, steps in enumerate(now.overrides) if not find_at(mine, steps)[0]]
    kept = [(index, steps) for index, steps in enumerate(now.overrides) if find_at(mine, steps)[0]]
    problems: List[Problem] = []
    # What goes out of a list goes from its end, so that the entries before it stay where they are.
    for index, steps in [*kept, *sorted(gone, key=lambda one: [_number(step) for step in one[1]], reverse=True)]:
        there, value = find_at(mine, steps)
        inputs = (yamlfile.load(content)[BODY] or {}).get("inputs") or {}
        try:
            refuse_other_shape(mine, inputs, steps)
            if there:
                _refuse_no_list(mine, inputs, steps)
                content = edit(content, [Edit(BODY, ("inputs", *_steps(mine, steps)), value)])
            elif find_at(inputs, steps)[0]:
                _refuse_hole(inputs, steps)
                content = edit(content, [Edit(BODY, ("inputs", *_steps(inputs, steps)), delete=True)])
        except StagectlError as error:
            message = f"the override '{format_path(steps)}' has no place in what is promoted: {error.message}"
            problems.append(place(Flaw(BODY, ("overrides", index), message)))
    if problems:
        raise InvalidFiles(problems, "override what holds it as a whole")
    return content


def _refuse_no_list(mine: Value, inputs: Value, steps: Sequence[str]) -> None:
    """Raise StagectlError for an entry of a list that only the target has: it would become a key of a mapping."""
    for at, step in enumerate(steps):
        is_list = isinstance(find_at(mine, steps[:at])[1], list)
        if is_list and step != "0" and find_at(inputs, steps[:at])[1] is None:
            raise StagectlError(f"the list has 0 entries, so '{step}' cannot be set")


def _refuse_hole(inputs: Value, steps: Sequence[str]) -> None:
    _, holder = find_at(inputs, steps[:-1])
    if isinstance(holder, list) and int(steps[-1]) + 1 < len(holder):
        raise StagectlError(f"it would leave a hole in a list of {len(holder)} entries")


def _number(step: str) -> int:
    return int(step) if step.isdigit() and len(step) < 10 else 0


def _steps(value: Value, path: Sequence[str]) -> Path:
    """Return a path with the steps into lists as numbers."""
    steps: List[object] = []
    for step in path:
        is_index = isinstance(value, list) and step.isdigit()
        steps.append(int(step) if is_index else step)
        _, value = step_into(value, step)
    return tuple(steps)  # type: ignore[arg-type]


def find_at(value: Value, path: Sequence[str]) -> Tuple[bool, Value]:
    """Return whether there is a value at a path, and that value."""
    is_there = True
    for step in path:
        is_there, value = step_into(value, step)
    return is_there, value


def write_promoted(overriding: Overriding, config: Config, origin: Resource, promoted: Tuple[Name, str, bytes]) -> str:
    """Write a promoted definition, of what is expanded as one that is like what it is like; return where.

    promoted: the name, and its definition if it said everything itself, with the path.
    """
    new, path, content = promoted
    snapshot = overriding.snapshot
    desired = schema.resource(new, yamlfile.load(content), content, staged=path == staged_path(new))
    if new in snapshot.expanded:
        overriding.say(config, new, desired)
        return snapshot.definition_paths[new]
    maker = snapshot.definitions.get(Name(folder_of(new)))
    if maker is not None and maker.each is not None:
        raise StagectlError(
            f"{new} would be an entry of {from_here(maker.path)}, which has none of that name",
            f"add '{new.rpartition('/')[2]}' to its 'each', then promote again",
        )
    is_like = origin.template and str(origin.source).endswith(f"/{origin.name}.yaml") and new not in snapshot.defined
    if not is_like or not overriding.make_like(config, desired, path, origin.template[0]):
        overriding.writes.update({} if snapshot.files.get(path) == content else {path: content})
    return path
