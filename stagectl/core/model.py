"""The values stagectl works with; the words are those of docs/design.md, section 2."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import AbstractSet, Any, FrozenSet, Iterator, List, Mapping, NamedTuple, NewType, Optional, Sequence, Tuple

from stagectl.core.observed import NOTHING_SEEN, Alike, Observed
from stagectl.core.once import cached_property, pattern
from stagectl.core.values import FileDigest, Inputs, Outputs, Part, Reference, parts_in

Name = NewType("Name", str)
ChangeId = NewType("ChangeId", str)  # "<name>.<action>"
Oid = NewType("Oid", str)  # a full git object id, in hex

# Not what Windows takes for a device, in whatever folder and with whatever ending: it could not be checked out there.
_DEVICES = r"(?:[Cc][Oo][Nn]|[Pp][Rr][Nn]|[Aa][Uu][Xx]|[Nn][Uu][Ll]|[Cc][Oo][Mm][0-9]|[Ll][Pp][Tt][0-9])"
SEGMENT = rf"(?!{_DEVICES}(?![A-Za-z0-9_-]))[A-Za-z0-9_][A-Za-z0-9_-]*"
FOLDERS = 64  # a resource may be in
NAME = pattern(rf"{SEGMENT}(?:/{SEGMENT}){{0,{FOLDERS}}}", re.ASCII)
TAG_WORD = r"[A-Za-z0-9_][A-Za-z0-9_./:-]*"
TAG = pattern(rf"{TAG_WORD}(?:={TAG_WORD})?", re.ASCII)
ACTION = pattern(r"[a-z][a-z0-9_-]*", re.ASCII)
CHANGE = pattern(rf"{NAME.pattern}\.{ACTION.pattern}", re.ASCII)

RUN, UPDATE, REMOVE, REPLACE, RENAME = "run", "update", "remove", "replace", "rename"
CHECK = "check"  # what handlers get for an action when they only look
STANDARD_ACTIONS = (RUN, UPDATE, REMOVE)  # these exist for every kind

LARGEST_FILE, LARGEST_STATE = 256 * 1024, 64 * 1024 * 1024  # bytes; of one resource's values, after all references
DEFINITIONS, STAGED, APPLIED, KINDS, CONFIG = "resources", ".staged", ".applied", "kinds", "stagectl.yaml"
INDEX = ".applied-index"


def change_id(name: str, action: str) -> ChangeId:
    """Return the id of a change, `name.action`."""
    return ChangeId(f"{name}.{action}")


def split_change(identity: str) -> Tuple[Name, str]:
    """Return the resource name and the action of a change id."""
    name, _, action = identity.rpartition(".")
    return Name(name), action


def staged_path(name: str) -> str:
    """Return the path, from the repository root, of a resource's staged file."""
    return f"{STAGED}/{name}.yaml"


def name_of(path: str) -> Name:
    """Return the name of the resource staged at a path."""
    return Name(path[len(STAGED) + 1 : -len(".yaml")])


def names_of(path: str) -> List[Name]:
    """Return the name of the resource staged at a path, none for a file that is no staged one."""
    name = name_of(path)
    return [name] if path == staged_path(name) and NAME.fullmatch(name) else []


class Trigger(NamedTuple):
    """One entry of `react_on`: the parent's change, and whether success is enough or it has to report a change."""

    on: ChangeId
    when: str = "success"


@dataclass(frozen=True)
class Resource:
    """A resource as one file describes it.

    inputs: as written, strings with `${` being a Template; names in it are absolute.
    actions: the stamps of explicit actions, in the order they were staged.
    moved_from: the names it had before, newest first; what was applied under the newest live one is its own.
    template: the definitions it was expanded from, beside its own, the nearest first; none where it was copied.
    content: the file's bytes; what they differ in beyond the other fields acts on nothing.
    stored: of what is applied, the name that it has there, as long as the one that it has here is not applied.
    """

    name: Name
    kind: str
    tags: Tuple[str, ...] = ()
    inputs: Inputs = field(default_factory=dict)
    depends_on: Tuple[Name, ...] = ()
    depends_on_changes: Mapping[str, Tuple[ChangeId, ...]] = field(default_factory=dict)
    react_on: Mapping[str, Tuple[Trigger, ...]] = field(default_factory=dict)
    unordered: Tuple[Name, ...] = ()
    overrides: Tuple[Tuple[str, ...], ...] = ()  # input paths that `promote` leaves alone
    source: Optional[str] = None
    moved_from: Tuple[Name, ...] = ()
    template: Tuple[Name, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    stored: Optional[Name] = field(default=None, compare=False)

    @cached_property
    def parts(self) -> Mapping[str, Sequence[Part]]:
        """What stands beside text in the strings of each input that has any; most values are simple."""
        return {key: parts for key, value in self.inputs.items() if (parts := parts_in(value))}

    @cached_property
    def references(self) -> Mapping[str, Tuple[Reference, ...]]:
        """The references each input reads, for the inputs that read any."""
        found = {key: tuple([p for p in parts if type(p) is Reference]) for key, parts in self.parts.items()}
        return {key: references for key, references in found.items() if references}

    @cached_property
    def files(self) -> Mapping[str, Tuple[str, ...]]:
        """The paths of files whose digests each input has, for the inputs that have any."""
        found = {key: {p.path for p in parts if type(p) is FileDigest} for key, parts in self.parts.items()}
        return {key: tuple(sorted(paths)) for key, paths in found.items() if paths}

    @cached_property
    def computed(self) -> AbstractSet[str]:
        """The inputs whose values are not those written: they read others, or have digests of files."""
        return self.references.keys() | self.files.keys()

    @property
    def has_relations(self) -> bool:
        """Whether it names others, or actions, beside what its inputs read; most do not."""
        return bool(self.depends_on or self.depends_on_changes or self.react_on or self.unordered or self.actions)

    @property
    def every_reference(self) -> Iterator[Reference]:
        """The references of all its inputs."""
        return chain.from_iterable(self.references.values())

    @cached_property
    def reads(self) -> FrozenSet[Name]:
        """The parents whose inputs this resource reads."""
        return frozenset([Name(one.name) for one in self.every_reference if one.name != self.name])

    @cached_property
    def ordered_after(self) -> FrozenSet[Name]:
        """The parents of the list form: those named, and those read unless they are `unordered`."""
        read = self.reads.difference(self.unordered) if self.unordered else self.reads
        return read.union(self.depends_on) - {self.name} if self.depends_on else read

    @cached_property
    def parents(self) -> FrozenSet[Name]:
        """Every other resource this one reads, comes after or reacts on."""
        changes = [change for named in self.depends_on_changes.values() for change in named]
        changes += [trigger.on for triggers in self.react_on.values() for trigger in triggers]
        return frozenset({*self.depends_on, *self.reads, *(split_change(one)[0] for one in changes)} - {self.name})

    def relations(self) -> Resource:
        """Return what orders its changes, without a name: the parents it names, and the inputs that read any."""
        return Resource(
            Name(""),
            self.kind,
            inputs={key: self.inputs[key] for key in self.references},
            depends_on=self.depends_on,
            depends_on_changes=self.depends_on_changes,
            unordered=self.unordered,
        )


@dataclass(frozen=True)
class Kind:
    """What resources of one kind have in common (`kinds/<name>.yaml`).

    actions: what the handler needs for each action, as the file has it; check: what it needs to look without touching
    anything, None where it cannot; timeout in seconds.
    outputs: the JSON Schema of what its actions report; reports: per action the outputs that it may change, None where
    the file does not say.
    """

    name: str
    schema: Any = None
    outputs: Any = None
    reports: Optional[Mapping[str, FrozenSet[str]]] = None
    handler: str = "shell"
    actions: Mapping[str, Any] = field(default_factory=dict)
    check: Any = None
    replace_on: FrozenSet[str] = frozenset()
    sensitive: FrozenSet[str] = frozenset()
    timeout: Optional[float] = None
    limit: Optional[int] = None
    idempotent: bool = False
    protect: bool = False
    files: Tuple[str, ...] = ()  # globs of files that its actions read
    raw: Any = None  # the parsed file, for the plan id

    def verbs(self) -> Tuple[str, ...]:
        """Return every action a resource of this kind has: the standard ones first, the others sorted."""
        return STANDARD_ACTIONS + tuple(sorted(set(self.actions) - set(STANDARD_ACTIONS)))

    @cached_property
    def output_names(self) -> FrozenSet[str]:
        """The outputs that its actions may report."""
        return frozenset(self.outputs["properties"]) if self.outputs else frozenset()

    def may_report(self, action: str) -> FrozenSet[str]:
        """Return the outputs whose value an action may change; of a removal these count only where it fails."""
        if self.reports is not None:
            return self.reports.get(action, frozenset())
        return self.output_names if action in STANDARD_ACTIONS else frozenset()


@dataclass(frozen=True, eq=False)
class Attempt(Alike):
    """A run, update or remove that was tried and whose success was not seen.

    form: the relations it was tried with, the inputs that read parents, and the claims on old names; None where there
    is none of these. outputs: what it reported all the same. replaces: whether it belongs to a replace whose removal is
    done, so that its run counts as `update` for those that name it.
    """

    action: str
    kind: str
    tags: Tuple[str, ...]
    inputs: Inputs
    sensitive: FrozenSet[str] = frozenset()
    outputs: Outputs = field(default_factory=dict)
    form: Optional[Resource] = None
    replaces: bool = False


@dataclass(frozen=True, eq=False)
class Applied(Alike):
    """The applied state of one resource.

    resource: the staged file last applied; None when the resource is not live.
    inputs: the resolved values it was applied with; sensitive: those of them never to be shown.
    outputs: what its actions reported, as far as they succeeded.
    stamps: per explicit action the last one done. owed: reactions that were due and did not succeed, with the
    changes behind them. tried: actions, beside the standard ones, whose last try failed or was not seen to end, while
    others react on what they change. protect: whether its kind protected it then. observed: what a check saw since,
    None where that is what was applied.
    """

    resource: Optional[Resource] = None
    inputs: Inputs = field(default_factory=dict)
    sensitive: FrozenSet[str] = frozenset()
    stamps: Mapping[str, str] = field(default_factory=dict)
    unfinished: Optional[Attempt] = None
    owed: Mapping[str, Tuple[ChangeId, ...]] = field(default_factory=dict)
    tried: FrozenSet[str] = frozenset()
    protect: bool = False
    outputs: Outputs = field(default_factory=dict)
    observed: Optional[Observed] = None

    @property
    def drift(self) -> Observed:
        """What a check saw otherwise than it was applied: of most nothing."""
        return self.observed or NOTHING_SEEN

    @property
    def is_gone(self) -> bool:
        """Whether a check saw that it is not there any more, though it is live as far as applies go."""
        return self.observed is not None and self.observed.gone

    @property
    def is_being_replaced(self) -> bool:
        """Whether a replace removed it, and its run has not succeeded since."""
        return self.unfinished is not None and self.unfinished.replaces

    @property
    def is_run_again(self) -> bool:
        """Whether its next run makes again what was there, and so counts as an update for those that name it."""
        return self.is_gone or self.is_being_replaced

    @property
    def seen(self) -> Inputs:
        """The inputs that the resource has in the world, as far as that is known."""
        return self.inputs if self.observed is None else {**self.inputs, **self.observed.inputs}

    @property
    def as_applied(self) -> Applied:
        """The same without what checks saw: observations, and outputs, which a check may report, too."""
        return replace(self, observed=None, outputs={})

    @property
    def live(self) -> bool:
        """Whether the resource exists as far as is known."""
        return self.resource is not None

    @property
    def forms(self) -> Tuple[Resource, ...]:
        """What its relations were: as applied, and as tried since; one that was tried has no name."""
        return tuple(filter(None, (self.resource, self.unfinished.form if self.unfinished else None)))

    @property
    def tags(self) -> Tuple[str, ...]:
        """The tags it was applied, or at least tried, with."""
        last = self.resource or self.unfinished
        return last.tags if last else ()

    @property
    def kind(self) -> str:
        """The kind it was applied, or at least tried, with."""
        last = self.resource or self.unfinished
        return last.kind if last else ""


AppliedStates = Mapping[Name, Applied]
NOT_APPLIED = Applied()  # what there is of a resource of which nothing is applied
