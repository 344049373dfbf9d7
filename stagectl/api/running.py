"""The Python API that plans, applies, and looks after runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

from stagectl.adapters.remote.remote import Note
from stagectl.api.opened import FilePath, Opened, ignore_news
from stagectl.core.errors import UsageError
from stagectl.core.model import Name
from stagectl.core.pictures.reports import Against
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.range_diff import RangeDiff, range_diff
from stagectl.core.plans.selection import Selection
from stagectl.core.running.looks import Checked
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application, Filter, Record
from stagectl.core.values import Outputs
from stagectl.usecases.applying import apply as applying
from stagectl.usecases.applying import recover
from stagectl.usecases.applying import report as runs
from stagectl.usecases.applying.cluster import Where
from stagectl.usecases.applying.runner import News
from stagectl.usecases.applying.task import Means, Onlooker
from stagectl.usecases.checking import adopt as adopting
from stagectl.usecases.checking import check as checking
from stagectl.usecases.looking.against import against
from stagectl.usecases.planning import reviewed
from stagectl.usecases.planning.plan import plan

Watch = Callable[[Change, Outcome], None]  # gets a change that started or ended


def _onlooker(watch: Optional[Watch], note: Note) -> Onlooker:
    """Return what hands the news of a run to a watcher, change by change."""
    show: Watch = watch or ignore_news

    def take(news: News) -> None:
        for change, outcome in news:
            with suppress(OSError):  # it may go away; the run goes on
                show(change, outcome)

    return Onlooker(take, note)


class Running(Opened):
    """Plans and runs."""

    def plan(
        self,
        names: Sequence[str] = (),
        tags: Sequence[str] = (),
        *,
        with_children: bool = False,
        with_parents: bool = False,
        head: Optional[str] = None,
        base: Optional[str] = None,
    ) -> Plan:
        """Return the graph of changes for a selection; head and base are revisions, as on the command line."""
        return plan(self._workspace(), Selection(tuple(names), tuple(tags), with_children, with_parents), head, base)

    def since(self, plan: Plan, before: str) -> Optional[RangeDiff]:
        """Return what became of a reviewed plan, given as a file or an id; None where no recent commit makes it."""
        found = reviewed.find_reviewed(self._workspace(), plan, before)
        return range_diff(found, plan) if found is not None else None

    def against(self, plan: Plan, branches: Sequence[str]) -> Against:
        """Return how a plan of now gets along with other branches: names, in which `*` stands for anything."""
        return against(self._workspace(), plan.selection, branches)

    def apply(
        self,
        plan: Plan,
        *,
        record_only: bool = False,
        outputs: Optional[Mapping[str, Outputs]] = None,
        parallel: Optional[int] = None,
        where: Where = Where(),
        filter: Filter = Filter(),
        fail_fast: bool = False,
        allow_rollback: bool = False,
        allow_remove: Sequence[str] = (),
        sign: bool = False,
        require_signed: bool = False,
        offline: bool = False,
        wait: Optional[float] = None,
        watch: Optional[Watch] = None,
        note: Note = ignore_news,
    ) -> Application:
        """Run a plan and move the applied branch by what succeeded; raises OtherPlan if it is not the plan any more.

        plan: as `plan` or `load_plan` returned it. outputs: of record_only, by name. wait: seconds for locks, None: not
        at all. watch: called with every change that starts or ends; note: with what is waited for, in words.
        """
        if outputs is not None and not record_only:
            raise UsageError("--outputs says what there is, so it goes with --record-only", "add: --record-only")
        options = applying.Options(
            record_only=record_only,
            outputs={Name(name): values for name, values in (outputs or {}).items()},
            parallel=parallel,
            reviewed=plan,
            allow_rollback=allow_rollback,
            allow_remove=tuple(allow_remove),
            offline=offline,
            fail_fast=fail_fast,
            filter=filter,
            sign=sign,
            require_signed=require_signed,
            where=where,
            wait=wait,
        )
        onlooker = _onlooker(watch, note)
        return applying.apply(self._workspace(), plan.selection, options, lambda now: True, onlooker)

    def check(
        self,
        names: Sequence[str] = (),
        tags: Sequence[str] = (),
        *,
        record: bool = False,
        accept: bool = False,
        offline: bool = False,
        parallel: Optional[int] = None,
        where: Where = Where(),
        watch: Optional[Watch] = None,
        note: Note = ignore_news,
    ) -> Checked:
        """Return what the world says of live resources, by the `check` of their kinds.

        Nothing is changed, unless it is recorded, or recorded and accepted into the definitions.
        """
        chosen, onlooker = Selection(tuple(names), tuple(tags)), _onlooker(watch, note)
        options = checking.CheckOptions(parallel, where, record, offline, accept)
        return checking.check(self._workspace(), chosen, options, onlooker)

    def adopt(
        self,
        names: Sequence[str] = (),
        tags: Sequence[str] = (),
        *,
        accept: bool = False,
        offline: bool = False,
        parallel: Optional[int] = None,
        watch: Optional[Watch] = None,
        note: Note = ignore_news,
    ) -> Checked:
        """Record as applied, without a run, what is staged and not live, as far as the world confirms it.

        accept: whether the values that the world has are taken into the definitions.
        """
        chosen, onlooker = Selection(tuple(names), tuple(tags)), _onlooker(watch, note)
        options = checking.CheckOptions(parallel, record=True, offline=offline)
        return adopting.adopt(self._workspace(), chosen, options, onlooker, accepting=accept)

    def retry(
        self,
        run: Optional[str] = None,
        *,
        parallel: Optional[int] = None,
        where: Where = Where(),
        fail_fast: bool = False,
        offline: bool = False,
        watch: Optional[Watch] = None,
        note: Note = ignore_news,
    ) -> Optional[Application]:
        """Run the failures of a run again, the newest by default, from the commit it applied; None if it had none."""
        means, onlooker = Means(where, parallel, offline), _onlooker(watch, note)
        return runs.retry(self._workspace(), run, means, onlooker, fail_fast=fail_fast)

    def resume(
        self,
        ask: recover.Ask,
        *,
        parallel: Optional[int] = None,
        where: Where = Where(),
        outputs: Optional[Mapping[str, Outputs]] = None,
        offline: bool = False,
        watch: Optional[Watch] = None,
        note: Note = ignore_news,
    ) -> Optional[Application]:
        """Finish a run that was interrupted; None if there is none.

        ask: what became of a change whose end is unknown: `done`, `failed` or `rerun`. outputs: of what is done.
        """
        known = {Name(name): values for name, values in (outputs or {}).items()}
        means, onlooker = Means(where, parallel, offline), _onlooker(watch, note)
        return recover.resume(self._workspace(), ask, means, onlooker, known)

    def report(self, run: Optional[str] = None) -> Record:
        """Return what a run did, the newest by default; the first characters of its id are enough."""
        return runs.report(self._workspace(), run)

    def stop(self, run: str) -> str:
        """Ask a run to start nothing more, and return its id."""
        return runs.stop(self._workspace(), run)

    @staticmethod
    def save_plan(plan: Plan, path: FilePath) -> None:
        """Write a plan as a JSON file, as `plan --out` does."""
        reviewed.save(plan, Path(path))

    @staticmethod
    def load_plan(path: FilePath) -> Plan:
        """Return the plan in a file that `save_plan` or `plan --out` wrote."""
        return reviewed.load_plan(Path(path))
