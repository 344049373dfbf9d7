"""What a plan is made from and asked for, and what a resource in it does or may not do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import AbstractSet, Callable, Dict, FrozenSet, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

from stagectl.core.model import NOT_APPLIED, REMOVE, Applied, ChangeId, Kind, Name, Resource
from stagectl.core.once import cached_property
from stagectl.core.planning.resolve import InputId, input_of
from stagectl.core.plans.plan import CauseType, Reason
from stagectl.core.stamps import is_pending
from stagectl.core.values import Outputs, Reference

_NO_KIND = Kind("")


def same_text(one: Optional[bytes], other: Optional[bytes]) -> bool:
    """Return whether two files are the same but for their line ends.

    git may check a file out with other line ends than it has of it: that is no edit, and no other plan.
    """
    if one is None or other is None:
        return one is other
    return one == other or one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")


def store_outputs(applied: Mapping[Name, Applied], given: Mapping[Name, Outputs]) -> Mapping[Name, Applied]:
    """Return an applied state in which live resources have the outputs that are given of them."""
    live = {name: applied[name] for name in given if name in applied and applied[name].live}
    return {**applied, **{n: replace(one, outputs={**one.outputs, **given[n]}) for n, one in live.items()}}


@dataclass(frozen=True, repr=False, eq=False)
class Situation:
    """Everything a plan is made from: what is applied, what is staged, and the kinds of both.

    defined: the definitions, to say what only has to be staged.
    moves: new name -> the name under which the resource is applied so far.
    wrong_claims: whose `moved_from` cannot be followed, and why not.
    broken: names whose files cannot be read, to report no follow-up problems.
    settled: resources of which it is known that they take no part in any plan; they show their applied values.
    vocabulary: tags that a selection may name though nothing has them.
    digests: of the files that inputs have digests of, by path, in the tree of the staged files; None: not looked at.
    uncommitted: those of these files that HEAD has otherwise than the working tree, where that is what is planned.
    """

    applied: Mapping[Name, Applied]
    staged: Mapping[Name, Resource]
    kinds: Mapping[str, Kind]
    defined: Mapping[Name, Resource] = field(default_factory=dict)
    moves: Mapping[Name, Name] = field(default_factory=dict)
    wrong_claims: Mapping[Name, str] = field(default_factory=dict)
    broken: FrozenSet[Name] = frozenset()
    settled: FrozenSet[Name] = frozenset()
    vocabulary: FrozenSet[str] = frozenset()
    digests: Optional[Mapping[str, str]] = None
    uncommitted: FrozenSet[str] = frozenset()

    def tags(self, name: Name) -> FrozenSet[str]:
        """Return a resource's tags: the staged ones, of a removed one the applied ones."""
        side = self.staged.get(name) or self.applied.get(name)
        return frozenset(side.tags if side else ())

    def is_live(self, name: Name) -> bool:
        """Return whether a resource is in the applied state."""
        return name in self.applied and self.applied[name].live

    def kind_of(self, resource: Optional[Resource]) -> Kind:
        """Return the kind of a resource, one that says nothing where the resource or the kind is not there."""
        return self.kinds.get(resource.kind, _NO_KIND) if resource is not None else _NO_KIND

    def has_unfinished_removal(self, name: Name) -> bool:
        """Return whether a removal was tried, and was not seen to succeed."""
        state = self.applied.get(name)
        return state is not None and state.unfinished is not None and state.unfinished.action == REMOVE

    @cached_property
    def names(self) -> Sequence[Name]:
        """Every resource that is staged or has an applied state and is not settled, sorted."""
        return sorted((self.staged.keys() | self.applied.keys()) - self.settled)

    def explicit(self, name: Name) -> Dict[str, str]:
        """Return the pending explicit actions of a resource as staged, with their stamps, in the order staged."""
        staged = self.staged.get(name)
        if staged is None or not staged.actions:
            return {}
        done = self.applied.get(name, NOT_APPLIED).stamps
        return {a: s for a, s in staged.actions.items() if is_pending(s, done.get(a))}

    def is_edited(self, name: Name) -> bool:
        """Return whether the staged file is not the one last applied (either may be missing), but for its line ends."""
        staged, applied = self.staged.get(name), self.applied.get(name, NOT_APPLIED).resource
        if staged is None or applied is None:
            return (staged is None) != (applied is None)
        return not same_text(staged.content, applied.content)


class Scope(NamedTuple):
    """What of a situation is asked for. selected: None for all; in_tags: what others have to be to join, None for any.

    alone: of what was asked for by the ids of changes, those actions. Where one of them is inferred, the resource is
    selected, too; of the others these actions run with the resource as applied.
    """

    selected: Optional[FrozenSet[Name]] = None
    in_tags: Optional[Callable[[AbstractSet[str]], bool]] = None
    alone: Mapping[Name, FrozenSet[str]] = MappingProxyType({})


class Hold(NamedTuple):
    """Why a resource is held back, the resources whose changes are missing, and the changes that have to come first.

    moved_with: the resource that is held for that, where this one is only moved together with it.
    reads: those that say so, as long as others may be held; none where nothing can change it.
    """

    reason: Reason
    blockers: FrozenSet[Name] = frozenset()
    gates: FrozenSet[ChangeId] = frozenset()
    why: str = ""  # what to say of it where the rest does not say it
    moved_with: Optional[Name] = None
    reads: Tuple[Reference, ...] = ()


class Intent(NamedTuple):
    """What a resource would do of its own accord: its inferred actions, and why."""

    actions: Tuple[str, ...] = ()
    cause: CauseType = CauseType.STAGED
    inputs: Tuple[str, ...] = ()  # own top-level inputs that differ, or may turn out to
    conditional: Tuple[str, ...] = ()  # those of the actions that may turn out to have nothing to do


class Reports(NamedTuple):
    """What the changes of a plan may report.

    by: the outputs that may change, with the changes that may report them; anew: resources that are run, of which
    nothing counts that they reported before; replaced: those that are replaced, and whether that is sure.
    """

    by: Mapping[InputId, Tuple[ChangeId, ...]] = {}
    anew: FrozenSet[Name] = frozenset()
    replaced: Mapping[Name, bool] = {}

    def of(self, references: Iterable[Reference]) -> FrozenSet[ChangeId]:
        """Return the changes that may report what some references read."""
        known = (self.by.get(input_of(one), ()) for one in references)
        return frozenset(change for changes in known for change in changes)


NOTHING_REPORTED = Reports()
