"""The plan that is carried out: asked about, made again under the locks, and asked about again where it differs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Dict, Iterable, Iterator, Optional, Tuple

from stagectl.adapters.remote.remote import Note
from stagectl.adapters.running import journal as journals
from stagectl.adapters.running.lock import BRANCH, moment, new_run, only_one
from stagectl.core.config import Config
from stagectl.core.errors import Busy
from stagectl.core.locks import Lock, Portion
from stagectl.core.model import Name, Oid
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from stagectl.core.running.parts import meets_of, portion_of, tags_written
from stagectl.usecases.applying.recover import recover
from stagectl.usecases.repository.workspace import AppliedBranch, Workspace
from stagectl.usecases.team.share import Alone, Team

if TYPE_CHECKING:
    from stagectl.usecases.applying.apply import Options

TRIES = 20  # how often the plan is made again because it became a larger one
Confirm = Callable[[Plan], bool]
Basis = Tuple[Oid, AppliedBranch, Config]  # what decides a plan: as long as it is the same, the plan is


@dataclass(frozen=True)
class Making:
    """How a plan is made. head: the commit it is about; check: raises where files that act are not as that has them."""

    head: str
    make: Callable[[Workspace], Tuple[Plan, Situation]]
    check: Callable[[Workspace, Plan], None]

    def basis(self, workspace: Workspace) -> Basis:
        """Return what decides the plan."""
        return workspace.git.resolve(self.head), workspace.branch, workspace.config


@dataclass(frozen=True)
class Planned:
    """A plan, what it was made from, and what carrying it out, and sharing it as well, has to itself."""

    workspace: Workspace
    plan: Plan
    situation: Situation
    own: Portion
    part: Portion
    basis: Basis

    def is_anything(self, options: Options) -> bool:
        """Return whether there is anything to run or to record."""
        return bool(self.plan.changes or self.plan.recorded or options.outputs)

    def meets(self) -> Callable[[Lock], Tuple[str, ...]]:
        """Return what says what another holder has of it."""
        situation = self.situation
        return meets_of(self.part, lambda: tags_written(self.plan, situation.staged, situation.applied))


@dataclass(frozen=True)
class Agreed:
    """A plan under its locks; run: the id of the run that carries it out."""

    planned: Planned
    team: Alone
    run: str


class Asking:
    """Who is asked about plans, once about each."""

    def __init__(self, workspace: Workspace, team: Team, confirm: Confirm, note: Note, outputs: Iterable[Name]) -> None:
        self._workspace, self._team, self._confirm, self._note = workspace, team, confirm, note
        self._outputs = frozenset(outputs)
        self._answers: Dict[str, bool] = {}

    def confirm(self, plan: Plan) -> bool:
        """Return whether a plan may be carried out, asking where it was not asked about before."""
        if plan.id not in self._answers:
            if self._answers:
                self._note("the plan is another one under the lock:")
            self._answers[plan.id] = self._confirm(plan)
        return self._answers[plan.id]

    def make_plan(self, making: Making, before: Optional[Planned] = None) -> Planned:
        """Return the plan as it is now, after what others applied was fetched and what was interrupted is recorded.

        before: the plan of before the locks, which is the same where nothing moved since.
        """
        workspace, scratch = self._workspace, self._workspace.git.own_scratch()
        with moment(scratch, BRANCH, self._team.seconds):
            self._team.catch_up()
            workspace.look_again()  # the applied branch may have been fetched
            with moment(scratch):
                journals.tidy(scratch)
            done = recover(workspace)
            if done:
                self._note(done)
                workspace.look_again()  # and it may have moved
            _ = workspace.branch  # as it is before other processes move it
        basis = making.basis(workspace)
        if before is not None and before.basis == basis:
            plan, situation, own = before.plan, before.situation, before.own
            making.check(workspace, plan)  # files may have been edited
        else:
            plan, situation = making.make(workspace)
            own = portion_of(plan, situation.staged, situation.applied)
        part = own.with_more(Portion(self._outputs)).with_more(self._team.unshared_portion())
        return Planned(workspace, plan, situation, own, part, basis)

    @contextmanager
    def under_locks(self, first: Planned, making: Making) -> Iterator[Agreed]:
        """Hold what a plan needs, here and on the remote, and yield the plan as it is then; raises Busy.

        A plan that became a larger one needs more; then it is made once more.
        """
        part, meets = first.part, first.meets()
        scratch = first.workspace.git.own_scratch()
        with only_one(scratch, "apply", part) as here:
            run = new_run(here, time.time())
            with self._team.holding(here, meets, run) as team:
                for _ in range(TRIES):
                    self._workspace = Workspace(first.workspace.root)  # HEAD may have moved, too
                    now = self.make_plan(making, first)
                    if here.part.covers(now.part):
                        yield Agreed(now, team, run)
                        return
                    more = here.part.with_more(now.part)
                    here.extend(more)
                    team.extend(more, now.meets())
        raise Busy("what is to be applied keeps changing", "apply again")
