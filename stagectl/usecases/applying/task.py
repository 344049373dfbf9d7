"""What the modules that carry out a plan share: the plan with where it comes from, and its watcher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Mapping

from stagectl.adapters.running.journal import Journal
from stagectl.core.model import Applied, Name
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Header
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import Note

Watch = Callable[[Change, Outcome], None]  # gets a change that started or ended
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
    """The watcher of a plan that is carried out."""

    watch: Watch
    note: Note = lambda text: None
    begin: Begin = lambda plan, run: None
