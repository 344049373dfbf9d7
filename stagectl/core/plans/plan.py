"""The plan: what it holds. A plan is data; `apply` runs exactly the list that `plan` shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, FrozenSet, Mapping, NamedTuple, Optional, Tuple

from stagectl.core.diff import Difference
from stagectl.core.model import REMOVE, RUN, UPDATE, ChangeId, Kind, Name, Oid, Resource
from stagectl.core.plans.selection import Selection
from stagectl.core.values import Inputs
from stagectl.core.word import Word


class Reason(Word):
    """Why a change is held back."""

    OUTSIDE = "outside-selection"
    NEEDS_PARENT = "needs-parent"
    NEEDS_READER = "needs-reader"


class CauseType(Word):
    """Why a change is in a plan; of several that fit, the first (docs/design.md, section 5, rule 13)."""

    REPLACE = "replace"
    STAGED = "staged"
    UNFINISHED = "unfinished"
    DRIFT = "drift"
    CHILD = "child"
    EXPLICIT = "explicit"
    OWED = "owed"
    REACTION = "reaction"


# What a resource does because of its own staged file, or of what became of it.
OWN = (CauseType.REPLACE, CauseType.STAGED, CauseType.UNFINISHED, CauseType.DRIFT, CauseType.EXPLICIT)
WITHOUT_VALUES = (CauseType.EXPLICIT, CauseType.OWED, CauseType.REACTION)  # actions that change no value


class Cause(NamedTuple):
    """Why a change is in a plan. of: the changes behind it; inputs: the own top-level inputs that differ.

    kind_before: the kind that was applied or tried, where a replace is due to another one now. tried: the action whose
    last try did not succeed, where that is behind it. drifted: of a replace those of the inputs that a check saw
    otherwise. All three are empty elsewhere.
    """

    type: CauseType
    of: Tuple[ChangeId, ...] = ()
    inputs: Tuple[str, ...] = ()
    kind_before: str = ""
    tried: str = ""
    drifted: Tuple[str, ...] = ()


class Try(NamedTuple):
    """What became of a change that comes back. run: which left it so; at: when, as git writes dates.

    state: how it ended there, "" of one that was due and was not tried; message: why it failed, as far as it is known.
    """

    run: str
    at: str
    state: str
    message: str = ""


class Digests(NamedTuple):
    """The SHA-256, in hex, of the values last applied and of the ones to act with; None where there are none."""

    before: Optional[str]
    inputs: Optional[str]


@dataclass(frozen=True)
class Change:
    """One action on one resource, in a plan.

    before, inputs: the values last applied and the ones it acts with; None where there are none. What is known after
    other changes stands in the inputs as the reference it is.
    triggers: the changes it reacts on, with when; empty unless a reaction wants it.
    stamps: the explicit actions that are done when it has succeeded.
    conditional: whether it is only carried out if a value that is known after other changes turns out to differ.
    digests: of the values before and after; a change read from a document has these alone.
    protected: of a removal whether its kind, as applied or as staged, wants --allow-remove for it.
    text: the change as the document has it, as canonical JSON, once it was made: the plan's id and the journal want it.
    last: of one that comes back what became of it; no part of the plan's id.
    """

    id: ChangeId
    resource: Name
    action: str
    kind: str
    tags: Tuple[str, ...]
    cause: Cause
    diff: Tuple[Difference, ...] = ()
    after: Tuple[ChangeId, ...] = ()
    wave: int = 0
    before: Optional[Inputs] = None
    inputs: Optional[Inputs] = None
    sensitive: FrozenSet[str] = frozenset()
    triggers: Tuple[Tuple[ChangeId, str], ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)
    conditional: bool = False
    digests: Optional[Digests] = None
    protected: bool = False
    text: str = field(default="", compare=False, repr=False)
    last: Optional[Try] = field(default=None, compare=False)


class Held(NamedTuple):
    """A change that belongs in the plan but may not run in it.

    needs: the ids of the changes that are missing; of: the changes of this plan that it would follow.
    """

    id: ChangeId
    resource: Name
    action: str
    tags: Tuple[str, ...]
    reason: Reason
    needs: Tuple[ChangeId, ...]
    message: str
    triggers: Tuple[Tuple[ChangeId, str], ...] = ()  # of a held reaction: what makes it due, with when
    of: Tuple[ChangeId, ...] = ()


class Target(NamedTuple):
    """The state a resource has once its changes have succeeded."""

    resource: Resource
    inputs: Inputs
    sensitive: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """The graph of changes, in order.

    changes: topologically ordered, of the ready ones the smallest id first.
    recorded: names whose staged file is stored without an action.
    pending: staged changes that were not selected.
    moved: (old name, new name) of selected resources that go on under another name.
    targets: per resource with a change or a record the state to store; none for removals.
    project: the folder of its project, "" for the top one; no part of the id.
    files: what its kinds run or read, path -> SHA-256 in hex.
    id: the SHA-256, in hex, of what a reviewer approves; `document.with_id` fills it in.
    """

    selection: Selection = field(default_factory=Selection)
    changes: Tuple[Change, ...] = ()
    held: Tuple[Held, ...] = ()
    recorded: Tuple[Name, ...] = ()
    pending: Tuple[ChangeId, ...] = ()
    moved: Tuple[Tuple[Name, Name], ...] = ()
    targets: Mapping[Name, Target] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    base: Optional[Oid] = None
    head: Optional[Oid] = None
    dirty: bool = False
    project: str = ""
    warnings: Tuple[str, ...] = ()
    id: str = ""

    def protected_names(self) -> Tuple[Name, ...]:
        """Return the resources that are removed or replaced only where that is allowed by name."""
        return tuple(sorted(change.resource for change in self.changes if change.protected))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to run, to hold back or to record."""
        return not (self.changes or self.held or self.recorded)

    def summary(self) -> Dict[str, int]:
        """Return the counts of the plan's last line, and the number of waves."""
        actions = [change.action for change in self.changes]
        counts = {action: actions.count(action) for action in (RUN, UPDATE, REMOVE)}
        return {
            **counts,
            "other": len(actions) - sum(counts.values()),
            "held": len(self.held),
            "recorded": len(self.recorded),
            "waves": 1 + max((change.wave for change in self.changes), default=-1),
        }
