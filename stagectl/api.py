"""The Python API: the use cases that the commands call, with typed values. See docs/python-api.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, List, Mapping, Optional, Sequence, Union

from stagectl.core.errors import StagectlError
from stagectl.core.locks import Lock
from stagectl.core.pictures.reports import Locks, LogEntry, Shown, Status, Syncing, Verification
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.range_diff import RangeDiff, range_diff
from stagectl.core.plans.selection import Selection
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application, Record
from stagectl.usecases.applying import apply as applying
from stagectl.usecases.applying import recover
from stagectl.usecases.applying import report as runs
from stagectl.usecases.applying.interrupted import take_back_half_written
from stagectl.usecases.history.log import log
from stagectl.usecases.history.verify import verify
from stagectl.usecases.looking.show import show
from stagectl.usecases.looking.status import status
from stagectl.usecases.looking.validate import Validation, validate
from stagectl.usecases.planning import reviewed
from stagectl.usecases.planning.plan import plan
from stagectl.usecases.planning.reviewed import OtherPlan
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging import define, settings, undo
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.move import move
from stagectl.usecases.staging.promote import Promotion, Wishes, promote
from stagectl.usecases.staging.revert import Reverting, revert
from stagectl.usecases.staging.stage import stage
from stagectl.usecases.staging.undo import Discarding
from stagectl.usecases.team import locks as team
from stagectl.usecases.team.sync import sync

__all__ = [
    "Application",
    "Change",
    "Discarding",
    "Lock",
    "Locks",
    "LogEntry",
    "OtherPlan",
    "Outcome",
    "Plan",
    "Promotion",
    "RangeDiff",
    "Record",
    "Repository",
    "Reverting",
    "Shown",
    "StagectlError",
    "Staging",
    "Status",
    "Syncing",
    "Validation",
    "Verification",
    "Wishes",
    "range_diff",
]

FilePath = Union[str, "os.PathLike[str]"]
Watch = Callable[[Change, Outcome], None]
Ask = Callable[[Change], str]


def _unwatched(change: Change, outcome: Outcome) -> None:
    """Let a change pass that starts or ends."""


class Repository:
    """The git repository around a folder. Every method reads it anew; all of them raise StagectlError."""

    def __init__(self, path: FilePath = ".") -> None:
        self._path = Path(path)
        self.root = self._workspace().root

    def _workspace(self) -> Workspace:
        return Workspace(self._path)

    def _to_stage(self) -> Workspace:
        """Return the repository, in which a staging that was killed is taken back."""
        found = self._workspace()
        take_back_half_written(found)
        return found

    def create(
        self, name: str, kind: str, inputs: Optional[Mapping[str, Any]] = None, tags: Sequence[str] = ()
    ) -> Staging:
        """Write a new definition and stage it; inputs: values by key or path, `port` or `urls.0.port`."""
        return define.create(self._to_stage(), name, kind, _settings(inputs, tags=tags))

    def update(
        self,
        name: str,
        inputs: Optional[Mapping[str, Any]] = None,
        *,
        unset: Sequence[str] = (),
        tags: Sequence[str] = (),
        untags: Sequence[str] = (),
    ) -> Staging:
        """Edit a definition, its comments kept, and stage it; inputs: values by key or path."""
        return define.update(self._to_stage(), name, _settings(inputs, unset, tags, untags))

    def remove(self, names: Sequence[str], *, recursive: bool = False, detach: bool = False) -> Staging:
        """Delete definitions and stage the removals; recursive: of readers, too; detach: readers keep the values."""
        return define.remove(self._to_stage(), names, recursive=recursive, detach=detach)

    def move(self, old: str, new: str) -> Staging:
        """Rename a resource without removing it, and stage that."""
        return move(self._to_stage(), old, new)

    def unstage(self, names: Sequence[str] = (), tags: Sequence[str] = (), *, everything: bool = False) -> Staging:
        """Put staged files back to what is applied; the definitions stay."""
        return undo.unstage(self._to_stage(), Selection(tuple(names), tuple(tags)), everything=everything)

    def discard(
        self, names: Sequence[str] = (), tags: Sequence[str] = (), *, everything: bool = False, force: bool = False
    ) -> Discarding:
        """Put staged files and definitions back to what is applied, and drop what is owed; force: uncommitted text."""
        chosen = Selection(tuple(names), tuple(tags))
        return undo.discard(self._to_stage(), chosen, everything=everything, force=force)

    def promote(self, source: str, target: str, wishes: Wishes = Wishes()) -> Promotion:
        """Stage in one environment's folder what is applied in another's."""
        return promote(self._to_stage(), source, target, wishes)

    def revert(self, revisions: Sequence[str]) -> Reverting:
        """Stage the inverse of staging commits and applies; commits, or ranges A..B."""
        return revert(self._to_stage(), revisions)

    def stage(
        self, names: Sequence[str] = (), tags: Sequence[str] = (), actions: Sequence[str] = (), *, force: bool = False
    ) -> Staging:
        """Bring the staging area up to date for a selection and commit it; with actions, stage these.

        force: overwrite staged copies that were edited by hand.
        """
        return stage(self._to_stage(), Selection(tuple(names), tuple(tags)), actions, force=force)

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

        plan: as `plan` or `load_plan` returned it. watch: called with every change that starts or ends.
        """
        options = applying.Options(
            record_only=record_only,
            parallel=parallel,
            reviewed=plan,
            allow_rollback=allow_rollback,
            allow_remove=tuple(allow_remove),
            offline=offline,
        )
        watch_all: Watch = watch or _unwatched
        return applying.apply(self._workspace(), plan.selection, options, lambda now: True, watch_all)

    def retry(
        self,
        run: Optional[str] = None,
        *,
        parallel: Optional[int] = None,
        fail_fast: bool = False,
        offline: bool = False,
        watch: Optional[Watch] = None,
    ) -> Optional[Application]:
        """Run the failures of a run again, the newest by default, from the commit it applied; None if it had none."""
        watch_all = watch or _unwatched
        return runs.retry(self._workspace(), run, watch_all, parallel=parallel, fail_fast=fail_fast, offline=offline)

    def resume(
        self,
        ask: Ask,
        *,
        parallel: Optional[int] = None,
        offline: bool = False,
        watch: Optional[Watch] = None,
    ) -> Optional[Application]:
        """Finish a run that was interrupted; None if there is none.

        ask: what became of a change whose end is unknown: `done`, `failed` or `rerun`.
        """
        return recover.resume(self._workspace(), ask, watch or _unwatched, parallel=parallel, offline=offline)

    def report(self, run: Optional[str] = None) -> Record:
        """Return what a run did, the newest by default; the first characters of its id are enough."""
        return runs.report(self._workspace(), run)

    def stop(self, run: str) -> str:
        """Ask a run to start nothing more, and return its id."""
        return runs.stop(self._workspace(), run)

    def validate(self) -> Validation:
        """Return what is wrong in any file, as staged now and once everything is staged."""
        return validate(self._workspace())

    def verify(self, *, signed: bool = False) -> Verification:
        """Return whether the applied history is intact; signed: whether every applied commit has a good signature."""
        return verify(self._workspace(), signed=signed)

    def sync(self) -> Syncing:
        """Bring the applied branch here and on the remote in step."""
        return sync(self._workspace())

    def locks(self) -> Locks:
        """Return who is applying, or has locked, here and on the remote."""
        return team.locks(self._workspace())

    def lock(self, reason: str) -> Lock:
        """Lock the remote for maintenance: no apply starts until the unlock."""
        return team.lock(self._workspace(), reason, lambda text: None)

    def unlock(self, identity: str) -> Lock:
        """Take a lock on the remote away, and return it."""
        return team.unlock(self._workspace(), identity)

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


def _settings(
    inputs: Optional[Mapping[str, Any]],
    unset: Sequence[str] = (),
    tags: Sequence[str] = (),
    untags: Sequence[str] = (),
) -> settings.Settings:
    values = tuple((settings.parse_path(key), value) for key, value in (inputs or {}).items())
    return settings.Settings(values, tuple(map(settings.parse_path, unset)), tuple(tags), tuple(untags))
