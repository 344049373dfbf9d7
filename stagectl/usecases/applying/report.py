"""`report`, `stop` and `retry`: what runs did, and what to do about them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterable, Optional, Sequence

from stagectl.adapters.running import journal as journals
from stagectl.adapters.running import run_folders
from stagectl.adapters.running.output import last_lines
from stagectl.core.errors import StagectlError
from stagectl.core.model import REMOVE, ChangeId, Name, Oid, split_change, staged_path
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application, Record, again, failures
from stagectl.usecases.applying.apply import Options, apply
from stagectl.usecases.applying.interrupted import outliving
from stagectl.usecases.applying.task import Means, Onlooker
from stagectl.usecases.repository.workspace import Workspace


def earlier_durations(workspace: Workspace, changes: Iterable[ChangeId]) -> Dict[ChangeId, float]:
    """Return how many seconds changes took when they last succeeded here, as far as that is known."""
    return journals.durations(workspace.git.own_scratch(), changes)


def report(workspace: Workspace, run: Optional[str] = None) -> Record:
    """Return what a run did, the newest one by default; the first characters of a run's id are enough."""
    scratch = workspace.git.own_scratch()
    known = run_folders.run_ids(scratch)
    if not known:
        raise StagectlError("nothing was applied from here yet", "runs of others: stagectl log")
    matches = known[:1] if run is None else [name for name in known if name.startswith(run)]
    if len(matches) > 1:
        raise StagectlError(f"several runs begin with '{run}': {', '.join(matches[:3])}", "say more of the id")
    if not matches:
        few = ", ".join(known[:3])
        raise StagectlError(f"there is no run '{run}' here", f"the newest ones: {few}; runs of others: stagectl log")
    return with_liveness(workspace, journals.read(scratch, matches[0]))


def with_liveness(workspace: Workspace, record: Record) -> Record:
    """Return a record that says whether the run is going on (it is not closed, and a process writes its journal).

    And which of its processes are, if it was interrupted; and what open changes printed.
    """
    scratch = workspace.git.own_scratch()
    is_running = record.ended is None and run_folders.probe_run(scratch, record.header.run)
    left = outliving(workspace, None if is_running or record.ended is not None else record.header.run)
    outcomes = {**record.outcomes, **{identity: _so_far(scratch, record, identity) for identity in record.unknown()}}
    return replace(record, outcomes=outcomes, is_running=is_running, outliving=left)


def _so_far(scratch: Path, record: Record, identity: ChangeId) -> Outcome:
    """Return the outcome of a change whose end was not seen yet, with what it printed."""
    path = journals.output_path(run_folders.folder_of_run(scratch, record.header.run), identity)
    return replace(record.outcomes[identity], output=last_lines(path))


def stop(workspace: Workspace, run: str) -> str:
    """Ask a run to hand out no more work; return its id."""
    found = report(workspace, run)
    if not found.is_running:
        raise StagectlError(f"run {found.header.run} is not going on", "see what it did: stagectl report")
    (run_folders.folder_of_run(workspace.git.own_scratch(), found.header.run) / "stop").touch()
    return found.header.run


def retry(
    workspace: Workspace, run: Optional[str], means: Means, onlooker: Onlooker, *, fail_fast: bool = False
) -> Optional[Application]:
    """Try the failures of a run again, from the commit that it applied; None if it had none."""
    found = report(workspace, run)
    if found.is_running:
        run = found.header.run
        raise StagectlError(f"run {run} is still going on", f"wait for it, or: stagectl stop {run}")
    failed = failures(found)
    if not failed:
        return None
    names = sorted({split_change(identity)[0] for identity in failed})
    _check_current(workspace, found.header.source, names)
    removed = {change.resource for change in found.header.plan.changes if change.action == REMOVE}
    options = Options(
        parallel=means.parallel,
        fail_fast=fail_fast,
        offline=means.offline,
        where=means.where,
        # What was allowed to go then may go now; what no longer exists needs no leave.
        allow_remove=tuple(name for name in names if name in removed),
        filter=again(found.header, failed),
        head=found.header.source,
        retries=found.header.run,
    )
    return apply(workspace, found.header.plan.selection, options, lambda plan: True, onlooker)


def _check_current(workspace: Workspace, source: Oid, names: Sequence[Name]) -> None:
    """Refuse to try again what was staged anew since: it would run what was mended since."""
    git, paths = workspace.git, [staged_path(name) for name in names]
    then, now = (git.look_up([git.at(commit or "HEAD", path) for path in paths]) for commit in (source, git.head()))
    newer = [name for name, before, after in zip(names, then, now) if before != after]
    if newer:
        raise StagectlError(
            f"{', '.join(newer[:5])}: staged anew since that run, which would be tried again as it was",
            f"apply what is staged now: stagectl apply {' '.join(newer[:5])}",
        )
