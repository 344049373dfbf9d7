"""Carrying out a plan: the loop, the handlers and the journal, put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import (
    TYPE_CHECKING,
    Callable,
    Collection,
    Dict,
    Iterable,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

from stagectl.adapters import handlers
from stagectl.adapters.handlers import Handler, Order
from stagectl.adapters.handlers.groups import begin_run, kill_all
from stagectl.adapters.handlers.shell import inherited_variables
from stagectl.adapters.remote.remote import Note
from stagectl.adapters.running.action import Site, carry_out
from stagectl.adapters.running.journal import durations, output_path
from stagectl.adapters.running.output import Output
from stagectl.adapters.running.processes import note_process
from stagectl.adapters.running.signals import interruptible
from stagectl.core.errors import RunLost
from stagectl.core.model import RENAME, Applied, ChangeId, Name, split_change
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.printable import few
from stagectl.core.running.adopting import record_outcomes
from stagectl.core.running.course import Course
from stagectl.core.running.outcome import ERROR, UNKNOWN, Outcome
from stagectl.core.running.reporting import with_plain_outputs
from stagectl.core.running.runs import Header, Restriction, restriction
from stagectl.core.values import Outputs
from stagectl.usecases.applying.runner import FAILED_BEFORE, Hands, News, Run, Terms, WatchNews, limits_of
from stagectl.usecases.applying.secrets import redactor_of, secret_variables
from stagectl.usecases.applying.task import Onlooker, Start, Task

if TYPE_CHECKING:  # nothing of Dask is imported unless it is asked for
    from stagectl.adapters.executors.link import Link

STOPPED = "the run was stopped"


def execute(
    task: Task, onlooker: Onlooker, start: Start, cluster: Optional[Link] = None
) -> Tuple[Dict[ChangeId, Outcome], bool]:
    """Run a plan's changes; return how each ended, and whether the run was stopped.

    cluster: where they run, if not here. Raises RunLost where the end of some was not seen: the run stays open.
    """
    left_out = _restriction(task, start.known)
    course = Course(task.plan, task.applied)
    seen: Dict[int, int] = {}  # signals, and how often each came
    hands = _here(task, course, left_out.preset, start.total) if cluster is None else _there(task, course, cluster)
    terms = Terms(
        left_out,
        start.again,
        task.header.fail_fast,
        should_stop=lambda: STOPPED if (task.journal.folder / "stop").exists() else start.holds(),
        on_stop=_stopper(onlooker.note, seen),
        seconds=durations(task.workspace.git.own_scratch(), (change.id for change in task.plan.changes)),
        course=course,
    )
    limits = limits_of(task.plan, start.total, task.workspace.config.targets)
    with hands.executor:
        loop = Run(task.plan, hands, limits, _keep_journal(task, onlooker.watch, start.known), terms)
        if task.header.fail_fast and any(outcome.state == ERROR for outcome in start.known.values()):
            loop.stop(FAILED_BEFORE)
        with interruptible(lambda: loop.stop("the run was interrupted"), hands.kill, seen):
            outcomes = loop.finish()
    return _all_seen(task, outcomes), bool(seen)


def _restriction(task: Task, known: Mapping[ChangeId, Outcome]) -> Restriction:
    """Return what does not run: what the options leave out, and what ended before."""
    found = restriction(task.plan, task.header.filter)
    return replace(found, preset={**found.preset, **known})


def _keep_journal(task: Task, watch: WatchNews, known: Mapping[ChangeId, Outcome]) -> WatchNews:
    """Return what notes in the journal how changes go, and then shows it to its watcher."""

    def report(news: News) -> None:
        fresh = [(change, outcome) for change, outcome in news if change.id not in known]
        task.journal.add([(change.id, outcome) for change, outcome in fresh])
        with suppress(OSError):  # the watcher may go away; the run goes on
            watch(fresh)

    return report


def _stopper(note: Note, seen: Mapping[int, int]) -> Callable[[str, Sequence[ChangeId]], None]:
    """Return what says that nothing more starts; seen: signals that came."""

    def say_stop(why: str, running: Sequence[ChangeId]) -> None:
        again = "; Ctrl-C again kills what runs" if seen else ""
        with suppress(OSError):
            few = ", ".join(running[:5]) + (", ..." if len(running) > 5 else "")
            note(f"{why}: nothing more starts, waiting for {len(running)}: {few}{again}")

    return say_stop


def _here(task: Task, course: Course, preset: Collection[ChangeId], total: int) -> Hands:
    """Return what carries out changes on this machine, in threads; preset: changes whose end is known beforehand."""
    plan, journal = task.plan, task.journal
    acting = replace(plan, changes=tuple(change for change in plan.changes if change.id not in preset))
    found = handlers_of(acting, acting.changes)
    secret = secret_variables(task.workspace, acting, task.header) if _may_act(acting) else frozenset()
    place = Site(task.workspace.root, journal.private(), redactor_of(secret), inherited_variables(), secret)
    begin_run(task.header.run)

    def act(change: Change) -> Outcome:
        order = order_of(acting, task.header.run, course.outputs_for(change), change)
        assert order is not None, "it has work"
        output = Output(output_path(journal.folder, change.id), place.redactor)
        note_start = partial(note_process, journal.folder, change.id)
        return carry_out(order, found[change.kind], place, output, note_start)

    return Hands(act, ThreadPoolExecutor(total), partial(kill_all, task.header.run), _work_test(acting))


def _work_test(plan: Plan) -> Callable[[Change], bool]:
    """Return what says whether a change runs anything."""
    return lambda change: does(plan, change) is not None


def _there(task: Task, course: Course, cluster: Link) -> Hands:
    """Return what carries out changes on a cluster; what workers say is cleaned of our secrets, too, and kept here."""
    from stagectl.adapters.executors.dask import DaskExecutor

    redactor = redactor_of(secret_variables(task.workspace, task.plan, task.header))

    def take(identity: ChangeId, outcome: Outcome, text: str) -> Outcome:
        output = Output(output_path(task.journal.folder, identity), redactor)
        output.feed(text.encode("utf-8", "replace"))
        outcome = replace(outcome, message=redactor.clean(outcome.message), output=output.end())
        return with_plain_outputs(outcome, redactor.clean)

    def order(change: Change) -> Optional[Order]:
        return order_of(task.plan, task.header.run, course.outputs_for(change), change)

    return Hands(order, DaskExecutor(cluster, take), cluster.kill, _work_test(task.plan))


def _all_seen(task: Task, outcomes: Dict[ChangeId, Outcome]) -> Dict[ChangeId, Outcome]:
    """Return the outcomes; where the end of some changes was not seen, leave the run open, for `resume` to ask."""
    unknown = [change.id for change in task.plan.changes if outcomes[change.id].state == UNKNOWN]
    if unknown:
        raise RunLost(
            f"run {task.header.run}: the end of {few(unknown, 5)} was not seen; all others are known",
            "look, and say: stagectl resume",
        )
    return outcomes


def record_without_running(plan: Plan, header: Header, applied: Mapping[Name, Applied]) -> Dict[ChangeId, Outcome]:
    """Return the outcomes of a run that runs nothing and records as applied all that it does not have to leave out."""
    return record_outcomes(plan, restriction(plan, header.filter), applied, header.outputs)


def handlers_of(plan: Plan, changes: Iterable[Change]) -> Dict[str, Handler]:
    """Return the handler of each kind of some changes; raises StagectlError for one that cannot work here."""
    acting = {change.kind for change in changes if does(plan, change) is not None}
    found = {}
    for name in sorted({change.kind for change in changes} & plan.kinds.keys()):
        found[name] = handlers.find(plan.kinds[name].handler)
        if name in acting:
            handlers.require(plan.kinds[name].handler)
    return found


def does(plan: Plan, change: Change) -> object:
    """Return what a kind says that an action does, None if nothing runs."""
    return _actions(plan, change.kind).get(change.action)


def _actions(plan: Plan, kind: str) -> Mapping[str, object]:
    """Return what actions of a kind do, as far as they do anything."""
    found = plan.kinds.get(kind)
    return found.actions if found is not None and found.handler != "none" else {}


def _may_act(plan: Plan) -> bool:
    """Return whether anything may run; a change may have another action when it starts."""
    return any(_actions(plan, kind) for kind in {change.kind for change in plan.changes})


def order_of(plan: Plan, run: str, outputs: Outputs, change: Change, *, looks: bool = False) -> Optional[Order]:
    """Return what a change asks for, None if nothing runs; outputs: those it is given; looks: whether it is a check."""
    what = does(plan, change)
    if what is None:
        return None
    kind = plan.kinds[change.kind]
    moved = {new: old for old, new in plan.moved}
    tried = " ".join(split_change(one)[0] for one in change.cause.of if change.action == RENAME)  # names it may have
    target = plan.targets.get(change.resource)
    stored = target.resource.stored if target is not None and change.resource not in moved else None
    return Order(
        id=change.id,
        resource=stored or change.resource,  # what is called otherwise, and that is not applied, is known by its name
        action=change.action,
        kind=change.kind,
        run=run,
        handler=kind.handler,
        does=what,
        inputs=dict(change.inputs or {}),
        before=dict(change.before or {}),
        timeout=kind.timeout,
        outputs=outputs,
        moved_from=moved.get(change.resource, tried or None),
        looks=looks,
        sensitive=sorted(change.sensitive) if looks else (),
    )
