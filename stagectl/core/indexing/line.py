"""One line of the index: what is known of one name (docs/applied-branch.md has the format)."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import chain
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from stagectl.core import forms
from stagectl.core.model import REPLACE, TAG, Applied, Name, Oid, Resource, split_change
from stagectl.core.planning.resolve import InputId, input_of
from stagectl.core.references import folder_of
from stagectl.core.values import EnvVariable, Reference, Template, Value, canonical, parts_in

MOST_NAMED = 32  # that read or name one resource; of more, their folders are known and how many are in each
READS, LITERAL = "r", "l"  # of a sensitive input: it reads a sensitive value; what is written is no secret
NONE = "-"


class Line(NamedTuple):
    """What the index has of one name.

    oid: of `.applied/<name>.json`, None for a name that is named and has no state. is_open: not settled by the state
    alone. kind, tags: as applied, of one that is not live as tried. reads: own input -> the inputs it reads.
    after, reacts, unordered: as the resource names them. moved_from: the claims that it makes. tried: the kind that a
    run, update or removal was tried with. sensitive: input -> marks. verbs: the `kind.action` that it needs to exist.
    outputs: the names of what its actions reported. variables: those in its values, written, applied, tried or seen.
    by: what reads or names it, itself too if it reads itself; many: how many of them are in each folder, if too many.
    """

    oid: Optional[Oid] = None
    is_live: bool = False
    is_open: bool = False
    kind: str = ""
    tags: Tuple[str, ...] = ()
    reads: Mapping[str, Tuple[InputId, ...]] = {}
    after: Tuple[Name, ...] = ()
    reacts: Tuple[Name, ...] = ()
    unordered: Tuple[Name, ...] = ()
    moved_from: Tuple[Name, ...] = ()
    tried: str = ""
    sensitive: Mapping[str, str] = {}
    verbs: Tuple[str, ...] = ()
    outputs: Tuple[str, ...] = ()
    variables: Tuple[str, ...] = ()
    by: Tuple[Name, ...] = ()
    many: Mapping[str, int] = {}

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to say of the name."""
        return self.oid is not None or bool(self.by or self.many)

    def names(self) -> Set[Name]:
        """Return every resource that this one reads or names."""
        found = {name for nodes in self.reads.values() for name, _ in nodes}
        found.update(self.after, self.reacts, self.unordered)
        return found

    def parents(self, name: Name) -> FrozenSet[Name]:
        """Return the others that it reads, comes after or reacts on; name: its own."""
        read = {parent for nodes in self.reads.values() for parent, _ in nodes}
        return frozenset({*read, *self.after, *self.reacts} - {name})


LinesByName = Dict[Name, Line]


def own_line(state: Applied) -> Line:
    """Return what a line has of the resource alone, whatever the others are like, without the id of its state."""
    resource, tried = state.resource, state.unfinished.kind if state.unfinished else ""
    variables = tuple(sorted(state_variables(state)))
    if resource is None:
        return Line(tags=state.tags, kind=tried, tried=tried, variables=variables)
    line = Line(
        is_live=True,
        kind=resource.kind,
        tags=resource.tags,
        reads={key: tuple(sorted(set(map(input_of, read)))) for key, read in resource.references.items()},
        moved_from=resource.moved_from,
        tried=tried,
        outputs=tuple(sorted(state.outputs)),
        variables=variables,
    )
    if not resource.has_relations:
        return line
    changes = [change for named in resource.depends_on_changes.values() for change in named]
    triggers = [trigger.on for named in resource.react_on.values() for trigger in named]
    return line._replace(
        after=_others({*resource.depends_on, *_named_parents(changes)}, resource),
        reacts=_others(_named_parents(triggers), resource),
        unordered=_others(set(resource.unordered), resource),
    )


def state_variables(state: Applied) -> Set[str]:
    """Return the environment variables in a resource's values, as written, applied, tried and seen."""
    parts = parts_in(state.inputs)
    parts += parts_in(state.unfinished.inputs) if state.unfinished is not None else ()
    parts += parts_in(state.observed.inputs) if state.observed is not None else ()
    if state.resource is not None:
        parts += chain.from_iterable(state.resource.parts.values())
    return {part.name for part in parts if isinstance(part, EnvVariable)}


def _named_parents(changes: List[Any]) -> Set[Name]:
    return {split_change(change)[0] for change in changes}


def _others(names: Set[Name], resource: Resource) -> Tuple[Name, ...]:
    return tuple(sorted(names - {resource.name}))


def needed_actions(resource: Resource) -> Iterator[Tuple[Name, str]]:
    """Yield every action that has to exist for a resource, with the resource that has to have it."""
    own = {*resource.depends_on_changes, *resource.react_on, *resource.actions} - {REPLACE}
    yield from ((resource.name, action) for action in own)
    for changes in resource.depends_on_changes.values():
        yield from map(split_change, changes)
    for triggers in resource.react_on.values():
        yield from (split_change(trigger.on) for trigger in triggers)


def is_secret(value: Value, is_sensitive: Callable[[Reference], bool]) -> bool:
    """Return whether a sensitive input may be written so: nothing, a variable, or a reference to a sensitive value."""
    if value is None:
        return True
    parts = value.parts if isinstance(value, Template) else ()
    if len(parts) != 1:
        return False
    return isinstance(parts[0], EnvVariable) or (isinstance(parts[0], Reference) and is_sensitive(parts[0]))


# --- as text


def encode(name: Name, line: Line) -> str:
    """Return a line as it stands in its shard: columns, then JSON for what most lines have little of."""
    flags = ("l" if line.is_live else "") + ("o" if line.is_open else "")
    rest: Dict[str, Any] = {
        "after": line.after,
        "by": line.many or line.by,
        "moved_from": line.moved_from,
        "outputs": line.outputs,
        "reacts": line.reacts,
        "reads": {key: [f"{parent}.{own}" for parent, own in nodes] for key, nodes in line.reads.items()},
        "sensitive": line.sensitive,
        "tried": line.tried,
        "unordered": line.unordered,
        "variables": line.variables,
        "verbs": line.verbs,
    }
    columns = (
        name.rpartition("/")[2],
        line.oid or NONE,
        flags or NONE,
        line.kind or NONE,
        ",".join(line.tags) or NONE,
        canonical({key: value for key, value in rest.items() if value}),
    )
    return " ".join(columns) + "\n"


def decode(text: str, *, columns_only: bool = False) -> Line:
    """Return what `encode` wrote, the name left out; raises ValueError, TypeError, ... for anything else.

    columns_only: without what follows the tags, which is not even looked at.
    """
    _, oid, flags, kind, tags, rest = text.split(" ", 5)
    if flags not in (NONE, "l", "o", "lo"):
        raise ValueError(f"flags {flags!r}")
    raw = {} if columns_only else _parse(rest)
    if isinstance(raw.get("by"), dict):
        raw["many"] = raw.pop("by")
    return Line(
        None if oid == NONE else forms.oid(oid),
        "l" in flags,
        "o" in flags,
        "" if kind == NONE else kind,
        tags_in(tags),
        **{key: _READ[key](value) for key, value in raw.items()},  # most lines have few of these
    )


_parse = json.JSONDecoder().decode


@lru_cache(maxsize=1024)  # many resources have the same ones
def tags_in(column: str) -> Tuple[str, ...]:
    """Return the tags of a line's column; raises ValueError."""
    tags = () if column == NONE else tuple(column.split(","))
    if not all(map(TAG.fullmatch, tags)):
        raise ValueError(f"tags {column!r}")
    return tags


def _names(raw: List[str]) -> Tuple[Name, ...]:
    return tuple(map(forms.name, raw))


def _reads(raw: Mapping[str, List[str]]) -> Dict[str, Tuple[InputId, ...]]:
    return {key: tuple(map(_node, nodes)) for key, nodes in raw.items()}


def _node(text: str) -> InputId:
    name, _, own = text.partition(".")
    return forms.name(name), own


def _many(raw: Mapping[str, Any]) -> Dict[str, int]:
    return {str(folder): forms.count(number) for folder, number in raw.items()}


# How each key of a line's JSON is read.
_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("after", "by", "moved_from", "reacts", "unordered"), _names),
    "many": _many,
    "outputs": tuple,
    "reads": _reads,
    "sensitive": dict,
    "tried": str,
    "variables": tuple,
    "verbs": tuple,
}


# --- what reads or names a resource


def with_readers(line: Line, names: Set[Name]) -> Line:
    """Return a line with those that read or name it."""
    if len(names) <= MOST_NAMED:
        return line._replace(by=tuple(sorted(names)), many={})
    many: Dict[str, int] = {}
    for name in names:
        many[folder_of(name)] = many.get(folder_of(name), 0) + 1
    return line._replace(by=(), many=many)
