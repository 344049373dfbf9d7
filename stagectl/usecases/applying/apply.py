"""`apply`: plan, run the changes, move the applied commit forward by what succeeded."""

from __future__ import annotations

import os
import shlex
import socket
import time
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Dict, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.git.branches import beside, short_name
from stagectl.adapters.running import journal as journals
from stagectl.core.errors import StagectlError
from stagectl.core.model import ChangeId, Name, Oid, split_change
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.scoping import world_of
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import NoResource, Selection
from stagectl.core.running.adopting import check_given
from stagectl.core.running.deciding import doubtful_changes
from stagectl.core.running.outcome import Outcome
from stagectl.core.running.runs import Application, Filter, Header, follow_plan, restriction
from stagectl.core.standing import from_here
from stagectl.core.values import Outputs
from stagectl.usecases.applying.agreeing import Agreed, Asking, Confirm, Making
from stagectl.usecases.applying.cluster import Where, cluster_of, is_remote
from stagectl.usecases.applying.execute import execute, record_without_running
from stagectl.usecases.applying.preflight import check_edited, check_files, check_plan
from stagectl.usecases.applying.record import conclude, publish
from stagectl.usecases.applying.secrets import discreet, redactor_of, secret_variables
from stagectl.usecases.applying.task import Onlooker, Start, Task
from stagectl.usecases.planning.acting_files import check_committed
from stagectl.usecases.planning.names import check_name, claimed_again, find_removal
from stagectl.usecases.planning.plan import full_plan, plan_with_situation
from stagectl.usecases.planning.reviewed import check_project, check_reviewed
from stagectl.usecases.planning.rollback import lost_branch, rollback
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import Team
from stagectl.usecases.team.waiting import Waiting


@dataclass(frozen=True)
class Options:
    """How to apply. expect, reviewed: the only plan that may run; allow_remove: protected resources that may go.

    filter: changes to leave out; sign: whether the applied commit is signed; require_signed: whether what is applied
    has to be; outputs: what to record of resources; head: the commit to apply; retries: the run whose failures are
    tried again; where: what carries it out; wait: how many seconds locks are waited for, None: not at all.
    """

    record_only: bool = False
    parallel: Optional[int] = None
    expect: Optional[str] = None
    reviewed: Optional[Plan] = None
    allow_rollback: bool = False
    allow_remove: Tuple[str, ...] = ()
    offline: bool = False
    fail_fast: bool = False
    filter: Filter = field(default_factory=Filter)
    sign: bool = False
    require_signed: bool = False
    head: str = "HEAD"
    retries: str = ""
    where: Where = field(default_factory=Where)
    outputs: Mapping[Name, Outputs] = field(default_factory=dict)
    wait: Optional[float] = None


def apply(
    workspace: Workspace,
    selection: Selection,
    options: Options,
    confirm: Confirm,
    onlooker: Onlooker,
) -> Application:
    """Apply a selection of what is staged; raises StagectlError, and then nothing ran.

    confirm sees the plan before anything runs; the onlooker's note gets what was done about an interrupted run, too.
    """
    note = onlooker.note
    _check_here(workspace)
    is_remote(options.where, workspace.config)
    waiting = Waiting(options.wait, note)
    asking = Asking(workspace, Team(workspace, "apply", note, offline=options.offline), confirm, note, options.outputs)

    making = Making(
        options.head,
        lambda now: _plan(now, selection, options),
        lambda now, plan: _check_acting(now, plan, options),
    )
    with ExitStack() as locks:
        first = waiting.enter(locks, lambda: nullcontext(asking.make_plan(making)))
        if not first.is_anything(options) and first.part.is_nothing:
            return Application(first.plan)
        if first.is_anything(options) and not asking.confirm(first.plan):
            return Application(first.plan, declined=True)
        agreed = waiting.enter(locks, lambda: asking.under_locks(first, making))
        if not agreed.planned.is_anything(options):
            if first.is_anything(options):
                note("the plan is another one under the lock: nothing of it is left to apply")
            return Application(agreed.planned.plan, unshared=publish(workspace, agreed.team))
        if not asking.confirm(agreed.planned.plan):
            return Application(agreed.planned.plan, declined=True)
        return _carry_out(agreed, options, onlooker)


def _carry_out(agreed: Agreed, options: Options, onlooker: Onlooker) -> Application:
    """Run a plan, record what came of it and share that; the journal stays open until it is recorded."""
    workspace, plan, situation = agreed.planned.workspace, agreed.planned.plan, agreed.planned.situation
    options = replace(options, filter=follow_plan(plan, options.filter))
    check_plan(plan, options, is_elsewhere=is_remote(options.where, workspace.config))
    header = _header(workspace, plan, options, agreed.run)
    recorded = _record_only(workspace, plan, situation, header) if options.record_only else None
    onlooker.begin(plan, header.run)
    total = options.parallel or workspace.config.parallelism
    with discreet(workspace, plan, header), cluster_of(workspace, plan, header, options.where, total) as cluster:
        agreed.team.begin(header.run)
        with closing(journals.begin(workspace.git.own_scratch(), header)) as journal:
            task = Task(workspace, plan, header, situation.applied, journal)
            if recorded is not None:
                outcomes, interrupted = recorded, False
                journal.add(list(outcomes.items()))
            else:
                start = Start(total, doubtful_changes(plan, situation.applied), holds=agreed.team.loss)
                outcomes, interrupted = execute(task, onlooker, start, cluster)
            commit, unshared = conclude(task, outcomes, agreed.team)
    done = Application(plan, header.run, outcomes, commit, interrupted, header.filter.only)
    return replace(done, unshared=unshared, given=tuple(sorted(options.outputs)))


def _record_only(workspace: Workspace, plan: Plan, situation: Situation, header: Header) -> Dict[ChangeId, Outcome]:
    """Return the outcomes of a run that only records.

    Outputs that cannot be stored, and readers of outputs that are not there, are refused before anything is noted.
    """
    if header.outputs:
        kinds = {**situation.kinds, **plan.kinds}
        redactor = redactor_of(secret_variables(workspace, plan, header))
        check_given(replace(plan, kinds=kinds), situation.applied, header.outputs, redactor.clean)
    return record_without_running(plan, header, situation.applied)


def _check_waiting(plan: Plan) -> None:
    """Refuse to record what can only wait for an output that was never reported."""
    waiting = [held for held in plan.held if "was never reported" in held.message]
    if waiting:
        raise StagectlError(f"{waiting[0].id} cannot be recorded: {waiting[0].message}", "nothing was recorded")


def _header(workspace: Workspace, plan: Plan, options: Options, run: str) -> Header:
    assert plan.head is not None, "_check_here saw a commit"
    by = workspace.git.check_identity()
    return Header(
        run,
        plan,
        plan.head,
        plan.base,
        by,
        time.time(),
        process=os.getpid(),
        host=socket.gethostname(),
        filter=options.filter,
        record_only=options.record_only,
        sign=options.sign,
        fail_fast=options.fail_fast,
        retries=options.retries,
        outputs=options.outputs,
    )


def _check_here(workspace: Workspace) -> None:
    """Refuse where an apply could not be recorded."""
    git, branch = workspace.git, workspace.branch
    if git.head() is None:
        raise StagectlError("there is no commit yet, so nothing is staged", "stage something: stagectl stage")
    if git.branch() == branch.ref:
        raise StagectlError(f"{workspace.config.applied_branch} is checked out here", "go back to your own branch")
    in_the_way = beside(git, branch.ref) if branch.local is None else None
    if in_the_way is not None:
        name = short_name(in_the_way)
        raise StagectlError(
            f"git cannot make the branch {workspace.config.applied_branch}: the branch {name} is in its way",
            f"rename that: git branch -m {shlex.quote(name)} NAME; or set another applied_branch in stagectl.yaml",
        )
    git.check_identity()
    dirty = workspace.dirty()
    if dirty:
        raise StagectlError(
            f"not committed: {', '.join(map(from_here, dirty[:5]))}",
            "only what is committed is applied: commit it first",
        )


def _check_rollback(workspace: Workspace, plan: Plan, options: Options) -> None:
    """Refuse what would take back, or run again, what was applied, and what claims a name that may be another's now."""
    head = workspace.git.resolve(options.head)
    if not options.allow_rollback:
        is_alone = options.offline or workspace.config.remote not in workspace.git.remotes()
        is_meant = options.record_only or not plan.changes or is_alone
        lost = None if is_meant else lost_branch(workspace, head)
        if lost is not None:
            raise lost
        found = rollback(workspace, plan, head, restriction(plan, options.filter).preset)
        if found is not None:
            again = "what is staged now is applied with: stagectl apply"
            raise StagectlError(found.message, again if options.retries else found.hint)
    for error in claimed_again(workspace, plan, head, is_older=options.allow_rollback):
        raise error


def _check_signatures(workspace: Workspace, head: Oid) -> None:
    """Refuse commits without a good signature among those that were not applied before."""
    source = workspace.newest_source()
    for line in workspace.git.run("rev-list", head, *([f"^{source}"] if source else [])).decode().split():
        if workspace.git.try_run("verify-commit", line)[0]:
            raise StagectlError(
                f"{line[:12]} has no good signature of a key that you trust, and --require-signed was given",
                f"see why: git verify-commit {line[:12]}",
            )


def _plan(workspace: Workspace, selection: Selection, options: Options) -> Tuple[Plan, Situation]:
    if options.require_signed:
        _check_signatures(workspace, workspace.git.resolve(options.head))
    plan, situation = _checked_plan(workspace, selection, options)
    if options.record_only and not (plan.changes or plan.recorded or options.outputs):
        _check_waiting(plan)
    return plan, situation


def _checked_plan(workspace: Workspace, selection: Selection, options: Options) -> Tuple[Plan, Situation]:
    again = options.filter.only
    if again is not None:
        selection = _selection_again(workspace, selection, options.head, again)
    if options.outputs:  # they may be of any resource, so all are read
        plan, situation = full_plan(workspace, selection, options.head, None, options.outputs)
    else:
        plan, situation = plan_with_situation(workspace, selection, head=options.head, complete=True)
    options = replace(options, filter=follow_plan(plan, options.filter))
    if again is not None and not set(options.filter.only or ()) & {change.id for change in plan.changes}:
        return Plan(), situation
    _check_rollback(workspace, plan, options)
    _check_acting(workspace, plan, options)
    check_edited(workspace, selection, plan, situation)
    check_project(plan, options.reviewed)
    expected = options.reviewed.id if options.reviewed else options.expect
    if expected is not None:
        check_reviewed(workspace, plan, expected, options.reviewed)
    _check_allowed(workspace, plan, options)
    restriction(plan, options.filter)
    return plan, situation


def _check_acting(workspace: Workspace, plan: Plan, options: Options) -> None:
    """Refuse files that act, or that inputs have the digest of, which are not as the commit has them."""
    commit = workspace.git.resolve(options.head)
    if not (options.record_only or is_remote(options.where, workspace.config)):  # workers act in checkouts
        check_committed(workspace.git, plan.kinds.values(), commit)
    check_files(workspace.git, plan, commit)


def _check_allowed(workspace: Workspace, plan: Plan, options: Options) -> None:
    """Refuse a name to allow that there never was; what an earlier apply removed is no mistake."""
    for name in options.allow_remove:
        try:
            check_name(workspace, plan, name, options.head)
        except NoResource:
            if find_removal(workspace, name) is None:
                raise


def _selection_again(workspace: Workspace, selection: Selection, head: str, again: Sequence[ChangeId]) -> Selection:
    """Return the selection of a retry: that of the run, whose scope holds, if it still means all that is tried again.

    Else the resources by name: a word may mean nothing any more, and what was replaced by half is no child any more.
    """
    situation = workspace.situation(workspace.snapshot(head), workspace.applied_state()[1])
    world = world_of(situation)
    names = tuple(sorted({split_change(identity)[0] for identity in again} & world.tags.keys()))
    with suppress(StagectlError):
        ids = {change.id for change in make_plan(situation, selection).changes}
        if set(again) <= ids or not names:
            return selection
    return replace(selection, names=names, tags=()) if names else Selection()
