"""What becomes of runs that were interrupted: recorded as far as is known, or finished."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Callable, Container, Dict, Iterator, Mapping, NamedTuple, Optional, Tuple

from stagectl.adapters.running import journal as journals
from stagectl.adapters.running import run_folders
from stagectl.adapters.running.lock import moment, only_one
from stagectl.core.errors import StagectlError
from stagectl.core.model import Applied, ChangeId, Name, Oid
from stagectl.core.pictures.status import outliving_text
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.printable import few
from stagectl.core.running.course import Course
from stagectl.core.running.deciding import doubtful_changes
from stagectl.core.running.outcome import ERROR, INPROGRESS, NOOP, SUCCESS, UNKNOWN, Outcome
from stagectl.core.running.runs import Application, Header, Record, interrupted_outcomes, restriction
from stagectl.core.values import Outputs
from stagectl.usecases.applying.cluster import Where, cluster_of, is_remote
from stagectl.usecases.applying.execute import execute, record_without_running
from stagectl.usecases.applying.interrupted import outliving
from stagectl.usecases.applying.record import Overtaken, changed_by_others, conclude, find_recorded, publish, record_run
from stagectl.usecases.applying.secrets import discreet
from stagectl.usecases.applying.task import Means, Onlooker, Start, Task
from stagectl.usecases.planning.acting_files import check_committed, with_files
from stagectl.usecases.planning.plan import checked_plan, with_given_outputs
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import Alone, Team, shared

DONE, FAILED, RERUN = "done", "failed", "rerun"
Ask = Callable[[Change], str]  # a change whose end was not seen -> one of these


def recover(workspace: Workspace) -> Optional[str]:
    """Record interrupted runs as far as it is known how their changes ended; return what was done, None if nothing.

    The caller is the only one here that moves the applied branch.
    """
    said = []
    for run in run_folders.unclosed_runs(workspace.git.own_scratch()):
        with _at_work_on(workspace, run) as found:
            if found is not None:
                said.append(_recover(workspace, *found))
        workspace.look_again()  # the applied branch may have moved
    return "\n".join(said) or None


def _recover(workspace: Workspace, journal: journals.Journal, found: Record) -> str:
    outcomes, left = interrupted_outcomes(found), outliving(workspace, found.header.run)
    commit = _close(workspace, journal, found, outcomes)
    done = sum(outcome.state in (SUCCESS, NOOP) for outcome in outcomes.values())
    unknown = [identity for identity, outcome in outcomes.items() if outcome.state == UNKNOWN]
    text = f"run {found.header.run} was interrupted: {done} of {len(outcomes)} changes are recorded"
    text += f", how {', '.join(unknown)} ended is unknown" if unknown else ""
    text = text if commit else f"run {found.header.run} was interrupted before anything ended"
    return "\n".join([text, *(f"warning: {line}" for line in outliving_text(left))])


@contextmanager
def _at_work_on(workspace: Workspace, run: str) -> Iterator[Optional[Tuple[journals.Journal, Record]]]:
    """Yield the journal of a run, for this process alone, and what it says; None if another one has closed it."""
    scratch = workspace.git.own_scratch()
    found = journals.read(scratch, run)
    with closing(journals.Journal(run_folders.folder_of_run(scratch, run))) as journal:
        found = journals.read(scratch, run)
        yield (journal, found) if found.ended is None else None


def _close(
    workspace: Workspace, journal: journals.Journal, found: Record, outcomes: Mapping[ChangeId, Outcome]
) -> Optional[Oid]:
    """Record a run, unless that was done before it was interrupted, and close its journal."""
    header = found.header
    commit = find_recorded(workspace, header.run, header.base)
    if commit is not None:
        journal.end(commit)
        return commit
    plan, applied = plan_of(workspace, header)
    return record_run(Task(workspace, plan, header, applied, journal), outcomes)


def plan_of(workspace: Workspace, header: Header) -> Tuple[Plan, Mapping[Name, Applied]]:
    """Return the plan of a run with its values, made again from the commits it was made from, and the applied state."""
    if workspace.git.find(header.source) is None:
        raise StagectlError(
            f"the commit {header.source[:12]} that run {header.run} applies is gone from this repository",
            f"fetch it from where it still is, or give the run up: see `stagectl report {header.run}`, and move this "
            f"folder away: {run_folders.folder_of_run(workspace.git.own_scratch(), header.run)}",
        )
    snapshot = workspace.snapshot(header.source)
    situation = workspace.situation(snapshot, workspace.applied_state_at(header.base))
    seen = with_given_outputs(situation, header.outputs)
    plan = with_files(workspace.git, checked_plan(seen, header.plan.selection, snapshot, {}), header.source)
    if plan.id != header.plan.id:
        raise StagectlError(
            f"the plan of run {header.run} cannot be made again: {header.plan.id[:12]} is now {plan.id[:12]}",
            "finish it with the version of stagectl that began it, or give it up: move this folder away, "
            f"{run_folders.folder_of_run(workspace.git.own_scratch(), header.run)}",
        )
    return replace(plan, base=header.base, head=header.source), situation.applied


def resume(
    workspace: Workspace, ask: Ask, means: Means, onlooker: Onlooker, outputs: Optional[Mapping[Name, Outputs]] = None
) -> Optional[Application]:
    """Finish an interrupted run; None if there is none. What ended does not run again.

    ask: what became of a change whose end was not seen; not asked for kinds that are idempotent, which run again.
    outputs: of changes that are said to be done.
    """
    scratch = workspace.git.own_scratch()
    with only_one(scratch, "resume") as here:
        with moment(scratch):
            journals.tidy(scratch)
        run = next(iter(run_folders.unclosed_runs(scratch)), None)
        if run is None:
            return None
        here.say(run=run)
        is_remote(means.where, workspace.config)
        for line in outliving_text(outliving(workspace, run)):
            onlooker.note(f"warning: {line}")
        with _at_work_on(workspace, run) as found:
            if found is None:
                return None
            remote = Team(workspace, "resume", onlooker.note, offline=means.offline)
            with shared(remote, here, run) as team:
                workspace.look_again()  # the applied branch may have been fetched
                return _resume(workspace, _Interrupted(*found, ask, outputs or {}, means), team, onlooker)


class _Interrupted(NamedTuple):
    """A run to finish, how the operator is asked, outputs from a file, and what it is finished with."""

    journal: journals.Journal
    record: Record
    ask: Ask
    outputs: Mapping[Name, Outputs]
    means: Means


def _resume(workspace: Workspace, interrupted: _Interrupted, team: Alone, onlooker: Onlooker) -> Application:
    """Finish a run that was interrupted, and record it."""
    found = interrupted.record
    header = found.header
    commit = find_recorded(workspace, header.run, header.base)
    if commit is not None:  # only its journal was not closed
        interrupted.journal.end(commit)
        done = Application(header.plan, header.run, interrupted_outcomes(found), commit, wanted=header.filter.only)
        return replace(done, unshared=publish(workspace, team))
    plan, applied = plan_of(workspace, header)
    if not header.record_only and not is_remote(interrupted.means.where, workspace.config):
        check_committed(workspace.git, plan.kinds.values(), header.source)
    known = {identity: outcome for identity, outcome in found.outcomes.items() if _has_ended(outcome)}
    asked = [change for change in plan.changes if change.id in found.unknown()]
    answers = {change.id: _answer(plan, change, found, interrupted.ask) for change in asked}
    answers = _with_outputs(plan, answers, interrupted.outputs)
    known.update({identity: outcome for identity, outcome in answers.items() if outcome is not None})
    course = Course(plan, applied)
    known = {change.id: course.end(change, known[change.id]) for change in plan.changes if change.id in known}
    answers = {identity: known.get(identity) for identity in answers}
    task = Task(workspace, plan, header, applied, interrupted.journal)
    task.journal.note_resume([(identity, outcome) for identity, outcome in answers.items() if outcome is not None])
    team.begin(header.run)
    _refuse_others(task, {**interrupted_outcomes(found), **known}, known, team, onlooker)
    onlooker.begin(plan, header.run)
    with discreet(workspace, plan, header):
        again = doubtful_changes(plan, applied, found.unknown())
        start = Start(interrupted.means.parallel or workspace.config.parallelism, again, known, team.loss)
        outcomes, stopped = _finish(task, onlooker, start, interrupted.means.where)
        commit, unshared = conclude(task, outcomes, team)
    done = Application(plan, header.run, outcomes, commit, stopped, header.filter.only)
    return replace(done, unshared=unshared)


def _refuse_others(
    task: Task, outcomes: Mapping[ChangeId, Outcome], known: Container[ChangeId], team: Alone, onlooker: Onlooker
) -> None:
    """Raise StagectlError, before anything starts, where others applied what the rest would act on, or with.

    Its values are old then, and what it did could not be recorded. What ended is: outcomes. known: what has ended.
    """
    plan, left_out = task.plan, restriction(task.plan, task.header.filter).preset
    inside = [change for change in plan.changes if change.id not in left_out]
    rest = {change.resource for change in inside if change.id not in known}
    if task.header.record_only or not rest:
        return
    written = {change.resource for change in inside}.union(plan.recorded, *plan.moved)
    forms = [form for name in rest for form in task.applied.get(name, Applied()).forms]
    forms += [plan.targets[name].resource for name in rest if name in plan.targets]
    others = changed_by_others(task, written, {parent for form in forms for parent in form.parents} - written)
    if not others:
        return
    started = f"others applied {few(others, 5)} since run {task.header.run} began, so nothing more of it was started"
    try:
        commit, unshared = conclude(task, outcomes, team)
    except Overtaken as error:
        raise Overtaken(f"{started}; {error.message}", error.hint, error.kept) from None
    if unshared:
        onlooker.note(f"warning: what it did is not shared yet: {unshared}")
    recorded = f"what it did is recorded in {commit[:12]}" if commit else "it had done nothing"
    raise StagectlError(f"{started}; {recorded}", "see what is left to do: stagectl plan")


def _finish(task: Task, onlooker: Onlooker, start: Start, where: Where) -> Tuple[Mapping[ChangeId, Outcome], bool]:
    if task.header.record_only:
        return record_without_running(task.plan, task.header, task.applied), False
    with cluster_of(task.workspace, task.plan, task.header, where, start.total) as cluster:
        return execute(task, onlooker, start, cluster)


def _has_ended(outcome: Outcome) -> bool:
    """Return whether a change need not be looked at again: a skipped one may run now."""
    return outcome.state in (SUCCESS, NOOP, ERROR)


def _with_outputs(
    plan: Plan, answers: Mapping[ChangeId, Optional[Outcome]], given: Mapping[Name, Outputs]
) -> Dict[ChangeId, Optional[Outcome]]:
    """Return answers with the outputs of what was said to be done; raises StagectlError for those of anything else."""
    done = {change.resource: change.id for change in plan.changes if _is_done(answers.get(change.id))}
    for name in sorted(given.keys() - done.keys()):
        raise StagectlError(
            f"{name}: no change of it was said to be done, so there is nothing to give outputs to",
            "give those of changes whose end was not seen, with --unknown done",
        )
    outputs = {done[name]: found for name, found in given.items()}
    return {
        identity: outcome and replace(outcome, outputs=outputs.get(identity, {}))
        for identity, outcome in answers.items()
    }


def _is_done(outcome: Optional[Outcome]) -> bool:
    return outcome is not None and outcome.state == SUCCESS


def _answer(plan: Plan, change: Change, found: Record, ask: Ask) -> Optional[Outcome]:
    """Return how a change ended whose end was not seen; None if it shall run again."""
    outcome = found.outcomes[change.id]
    assert outcome.state in (INPROGRESS, UNKNOWN), "only these are asked about"
    if change.kind in plan.kinds and plan.kinds[change.kind].idempotent:
        return None
    answer = ask(change)
    if answer == RERUN:
        return None
    if answer == DONE:
        return Outcome(SUCCESS, message="its end was not seen; it was said to be done")
    return Outcome(ERROR, message="its end was not seen; it was said to have failed")
