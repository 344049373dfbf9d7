"""What the modules that carry out a plan share: the plan with where it comes from, and its watcher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, FrozenSet, Mapping, Optional

from stagectl.adapters.remote.remote import Note
from stagectl.adapters.running.journal import Journal
from stagectl.core.model import Applied, ChangeId, Name
from stagectl.core.plans.plan import Plan
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Header
from stagectl.usecases.applying.cluster import Where
from stagectl.usecases.applying.runner import WatchNews
from stagectl.usecases.repository.workspace import Workspace

Begin = Callable[[Plan, str], None]  # gets the plan and the run's id before the first change starts


@dataclass(frozen=True)
class Task:
    """A plan that is carried out. applied: the state it was made from; the journal is open."""

    workspace: Workspace
    plan: Plan
    header: Header
    applied: Mapping[Name, Applied]
    journal: Journal


@dataclass(frozen=True)
class Onlooker:
    """The watcher of a plan that is carried out. watch: gets what started or ended since it was last called."""

    watch: WatchNews
    note: Note = lambda text: None
    begin: Begin = lambda plan, run: None


@dataclass(frozen=True)
class Means:
    """What a run is finished, or tried again, with. parallel: how many changes at once; offline: without the remote."""

    where: Where = field(default_factory=Where)
    parallel: Optional[int] = None
    offline: bool = False


@dataclass(frozen=True)
class Start:
    """What a run starts from. total: how many changes run at once; again: changes that were tried before.

    known: how changes ended before an interruption, which do not run again; holds: why nothing more may start, because
    a lock was lost.
    """

    total: int
    again: FrozenSet[ChangeId] = frozenset()
    known: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    holds: Callable[[], str] = lambda: ""
