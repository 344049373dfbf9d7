"""What commands say about a repository: values that use cases make and views show."""

from __future__ import annotations

from typing import TYPE_CHECKING, FrozenSet, Mapping, NamedTuple, Optional, Tuple

from stagectl.core.diff import Difference
from stagectl.core.model import Applied, ChangeId, Name, Oid, Resource
from stagectl.core.values import Inputs, Path, Value

if TYPE_CHECKING:  # most commands load no locks
    from stagectl.core.locks import Lock, Portion


class LogEntry(NamedTuple):
    """One commit. type: `stage`, `apply` or `check`; results: for an apply how each change ended; checked: of a check
    what was seen of each resource, and of a discard what was seen and is dropped.

    source: the commit that was applied; discarded: debts that were dropped; unnamed: staged files that the commit
    changed and its message says nothing of, which some squash merges, or people without stagectl, make.
    """

    type: str
    commit: Oid
    author: str
    date: str
    subject: str
    changes: Tuple[ChangeId, ...]
    names: Tuple[Name, ...]  # staged or recorded without a change
    results: Mapping[ChangeId, str]
    run: Optional[str] = None
    plan: Optional[str] = None
    record_only: bool = False
    source: Optional[Oid] = None
    discarded: Tuple[ChangeId, ...] = ()
    unnamed: Tuple[Name, ...] = ()
    checked: Mapping[Name, str] = {}


class Blame(NamedTuple):
    """Where one input comes from. staged: the commit that staged the value there is, None if none did; live: the value
    that is applied; applied: the commit that made it live, None where nothing is. An output is never staged.
    """

    path: Path
    value: Value
    staged: Optional[Oid]
    live: Value
    applied: Optional[Oid]
    is_output: bool = False
    is_seen: bool = False  # what a check saw, and not what was applied


class Shown(NamedTuple):
    """One resource from every side. resolved: the inputs as staged, with references filled in.

    written: of one that is expanded, where each of its values is written, `path:line`. before: the name under which it
    is applied, where that is not its own yet.
    """

    name: Name
    defined: Optional[Resource]
    staged: Optional[Resource]
    applied: Optional[Applied]
    resolved: Inputs
    sensitive: FrozenSet[str]
    parents: Tuple[Name, ...]
    children: Tuple[Name, ...]
    written: Mapping[Path, str] = {}
    before: Optional[Name] = None


class ResourceDiff(NamedTuple):
    """The values of one resource that differ. state: `new`, `gone` or `changed`; notes: what else differs, in words.

    after: all the values that it has on the second side, None where it is not there.
    """

    name: Name
    state: str
    differences: Tuple[Difference, ...]
    notes: Tuple[str, ...]
    sensitive: FrozenSet[str]
    after: Optional[Inputs] = None


class ResourceNode(NamedTuple):
    """One resource in the graph of resources, with what it reads, comes after and reacts on."""

    name: Name
    kind: str
    reads: Tuple[Name, ...]
    after: Tuple[Name, ...]
    reacts: Tuple[Name, ...]
    state: str  # `live`, `staged` (not live yet) or `going` (live, its staged file gone)
    tags: Tuple[str, ...] = ()
    changes: Tuple[str, ...] = ()  # its actions in a plan of everything, where that was asked for


class Finding(NamedTuple):
    """What is wrong with one applied commit."""

    commit: Oid
    message: str


class Verification(NamedTuple):
    """What was checked. tip: the newest applied commit; notices: what is no proof of anything, and worth a look."""

    tip: Optional[Oid]
    commits: int
    findings: Tuple[Finding, ...] = ()
    notices: Tuple[Finding, ...] = ()


class SharedCommit(NamedTuple):
    """One applied commit as others know it. run: "" when it is of no run, such as a debt that was dropped."""

    commit: Oid
    run: str
    by: str

    @property
    def named(self) -> str:
        """The run, or the commit, and the person."""
        return f"{f'run {self.run}' if self.run else self.commit[:12]} by {self.by}"


class Syncing(NamedTuple):
    """What a sync did. commit: where both stand now, None when nothing is applied, or both changed the same resource.

    replayed: this clone's commits that were put on top of those fetched, before and after; conflicts: the resources
    that both changed, because of which nothing was done; ours, theirs: the commits behind these; kept: the ref that
    ours have from then on, "" without conflicts.
    """

    remote: str
    branch: str
    commit: Optional[Oid] = None
    fetched: Tuple[SharedCommit, ...] = ()
    pushed: Tuple[SharedCommit, ...] = ()
    replayed: Tuple[Tuple[SharedCommit, Oid], ...] = ()
    conflicts: Tuple[Name, ...] = ()
    ours: Tuple[SharedCommit, ...] = ()
    theirs: Tuple[SharedCommit, ...] = ()
    kept: str = ""


class Locks(NamedTuple):
    """Who holds what. here: the words of each process at work here, with what it has; remote: "" without one."""

    here: Tuple[Tuple[str, Portion], ...]
    remote: str
    held: Tuple[Lock, ...] = ()


class OtherBranch(NamedTuple):
    """Another branch beside a plan. changes: what it does by itself; both: the resources that the two change.

    commutes: whether the end is the same whichever goes first, None where that is not known; why: if not.
    conflicts: resource and path of what each changes in its own way; the path is "" for a resource as a whole.
    came, went: changes that this plan has, or has no longer, once the branch is applied.
    """

    branch: str
    commit: Oid
    changes: Tuple[ChangeId, ...] = ()
    both: Tuple[Name, ...] = ()
    commutes: Optional[bool] = True
    why: Tuple[str, ...] = ()
    conflicts: Tuple[Tuple[Name, str], ...] = ()
    came: Tuple[ChangeId, ...] = ()
    went: Tuple[ChangeId, ...] = ()

    @property
    def meets(self) -> bool:
        """Whether it has anything to do with the plan, as far as is known."""
        return bool(self.both or self.came or self.went) or not self.commutes


class Against(NamedTuple):
    """A plan beside other branches. patterns: which ones were asked for; others: each of them, in name order."""

    patterns: Tuple[str, ...]
    others: Tuple[OtherBranch, ...]


class Project(NamedTuple):
    """One project of a repository. folder: from the top folder, which is `.`; applied: the newest applied commit.

    pending: the changes of a plan of everything; held: those that it holds back; error: why there is none.
    """

    folder: str
    branch: str = ""
    applied: Optional[Oid] = None
    pending: Tuple[ChangeId, ...] = ()
    held: Tuple[ChangeId, ...] = ()
    error: str = ""
