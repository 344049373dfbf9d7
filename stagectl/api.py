"""The Python API: the use cases that the commands call, with typed values. See docs/python-api.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Union

from stagectl.core.errors import StagectlError
from stagectl.core.pictures.reports import LogEntry, Shown, Status
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.range_diff import RangeDiff, range_diff
from stagectl.core.plans.selection import Selection
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application
from stagectl.usecases.applying import apply as applying
from stagectl.usecases.applying.interrupted import take_back_half_written
from stagectl.usecases.history.log import log
from stagectl.usecases.looking.show import show
from stagectl.usecases.looking.status import status
from stagectl.usecases.planning import reviewed
from stagectl.usecases.planning.plan import plan
from stagectl.usecases.planning.reviewed import OtherPlan
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.stage import stage

__all__ = [
    "Application",
    "Change",
    "LogEntry",
    "OtherPlan",
    "Outcome",
    "Plan",
    "RangeDiff",
    "Repository",
    "Shown",
    "StagectlError",
    "Staging",
    "Status",
    "range_diff",
]

FilePath = Union[str, "os.PathLike[str]"]
Watch = Callable[[Change, Outcome], None]


class Repository:
    """The git repository around a folder. Every method reads it anew; all of them raise StagectlError."""

    def __init__(self, path: FilePath = ".") -> None:
        self._path = Path(path)
        self.root = self._workspace().root

    def _workspace(self) -> Workspace:
        return Workspace(self._path)

    def stage(
        self, names: Sequence[str] = (), tags: Sequence[str] = (), actions: Sequence[str] = (), *, force: bool = False
    ) -> Staging:
        """Bring the staging area up to date for a selection and commit it; with actions, stage these.

        force: overwrite staged copies that were edited by hand.
        """
        take_back_half_written(self._workspace())
        return stage(self._workspace(), Selection(tuple(names), tuple(tags)), actions, force=force)

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

    def apply(
        self,
        plan: Plan,
        *,
        record_only: bool = False,
        parallel: Optional[int] = None,
        allow_rollback: bool = False,
        allow_remove: Sequence[str] = (),
        offline: bool = False,
        watch: Optional[Watch] = None,
    ) -> Application:
        """Run a plan and move the applied branch by what succeeded; raises OtherPlan if it is not the plan any more.

        plan: as `plan` or `load_plan` returned it. watch: told of every change that starts or ends.
        """
        options = applying.Options(
            record_only=record_only,
            parallel=parallel,
            reviewed=plan,
            allow_rollback=allow_rollback,
            allow_remove=tuple(allow_remove),
            offline=offline,
        )
        tell: Watch = watch or (lambda change, outcome: None)
        return applying.apply(self._workspace(), plan.selection, options, lambda now: True, tell)

    def status(self) -> Status:
        """Return where everything stands."""
        return status(self._workspace())

    def log(self, name: Optional[str] = None, count: Optional[int] = None) -> List[LogEntry]:
        """Return who staged and applied what, newest first."""
        return log(self._workspace(), name, count)

    def show(self, name: str, at: Optional[str] = None) -> Shown:
        """Return one resource as defined, staged and applied; at: a revision."""
        return show(self._workspace(), name, at)

    @staticmethod
    def save_plan(plan: Plan, path: FilePath) -> None:
        """Write a plan as a JSON file, as `plan --out` does."""
        reviewed.save(plan, Path(path))

    @staticmethod
    def load_plan(path: FilePath) -> Plan:
        """Return the plan in a file that `save_plan` or `plan --out` wrote."""
        return reviewed.load_plan(Path(path))
