"""Looks at live resources: loop, limits and handlers of an apply, without a journal; no state moves."""

from __future__ import annotations

import secrets
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import handlers
from stagectl.adapters.handlers import Order
from stagectl.adapters.handlers.groups import begin_run, kill_all
from stagectl.adapters.handlers.shell import inherited_variables
from stagectl.adapters.running.action import Site, carry_out
from stagectl.adapters.running.output import Output
from stagectl.adapters.running.signals import interruptible
from stagectl.core.errors import RunLost, StagectlError
from stagectl.core.model import CHECK, Applied, ChangeId, Kind, Name, Oid, change_id
from stagectl.core.plans.plan import Cause, CauseType, Change, Plan
from stagectl.core.redact import Redactor
from stagectl.core.running.looks import Look, look_of, unchecked_look
from stagectl.core.running.outcome import SKIPPED, Outcome
from stagectl.core.running.reporting import with_plain_outputs
from stagectl.core.running.runs import Header
from stagectl.usecases.applying.cluster import Where, cluster_of
from stagectl.usecases.applying.execute import order_of
from stagectl.usecases.applying.runner import Hands, News, Run, Terms, limits_of
from stagectl.usecases.applying.secrets import discreet, redactor_of, secret_variables
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.repository.workspace import Workspace

if TYPE_CHECKING:  # nothing of Dask is imported unless it is asked for
    from stagectl.adapters.executors.link import Link


@dataclass(frozen=True)
class Subjects:
    """What is looked at. states: of live resources, as applied; kinds, of the commit `head`; base: what is applied."""

    states: Mapping[Name, Applied]
    kinds: Mapping[str, Kind]
    head: Oid
    base: Optional[Oid]


@dataclass(frozen=True)
class Way:
    """How checks are carried out: how many at once, where, and what is shown meanwhile."""

    parallel: int
    where: Where
    onlooker: Onlooker


def look_at(workspace: Workspace, subjects: Subjects, way: Way) -> Tuple[Tuple[Look, ...], bool]:
    """Look at resources; return a look at each, in name order, and whether it was interrupted."""
    left: Dict[Name, Look] = {}
    usable, troubles = _usable(subjects)
    for name, state in sorted(subjects.states.items()):
        kind = subjects.kinds.get(_kind(state))
        if kind is None or kind.name in troubles:
            why = troubles[kind.name] if kind else f"the kind '{_kind(state)}' is missing"
            left[name] = unchecked_look(name, state, why, failed=True)
        elif kind.check is None:
            left[name] = unchecked_look(name, state, f"the kind {kind.name} has no 'check'")
    plan = _plan({name: state for name, state in subjects.states.items() if name not in left}, usable)
    outcomes, interrupted = _Checking(workspace, subjects, plan, way).outcomes() if plan.changes else ({}, False)
    for change in plan.changes:
        state, outcome = subjects.states[change.resource], outcomes[change.id]
        kind = subjects.kinds[change.kind]
        is_seen = outcome.state != SKIPPED
        left[change.resource] = (look_of if is_seen else _stopped_look)(change.resource, state, kind, outcome)
    return tuple(left[name] for name in sorted(left)), interrupted


def _stopped_look(name: Name, state: Applied, kind: Kind, outcome: Outcome) -> Look:
    return replace(unchecked_look(name, state, f"it was not looked at: {outcome.message}"), is_left=True)


def _kind(state: Applied) -> str:
    return state.resource.kind if state.resource is not None else ""


def _usable(subjects: Subjects) -> Tuple[Dict[str, Kind], Dict[str, str]]:
    """Return the kinds that can be looked at, with the check as an action, and why others cannot."""
    usable, troubles = {}, {}
    for name in sorted({_kind(state) for state in subjects.states.values()} & subjects.kinds.keys()):
        kind = subjects.kinds[name]
        if kind.check is None:
            continue
        try:
            if not handlers.can_look(kind.handler, handlers.find(kind.handler)):
                raise StagectlError(f"the handler '{kind.handler}' carries out no checks")
            handlers.require(kind.handler)
            usable[name] = replace(kind, actions={CHECK: kind.check})
        except StagectlError as error:
            troubles[name] = error.message
    return usable, troubles


def _plan(states: Mapping[Name, Applied], kinds: Mapping[str, Kind]) -> Plan:
    """Return looks as changes of a plan, which the loop of an apply takes."""
    changes = [_change(name, state) for name, state in sorted(states.items())]
    return Plan(changes=tuple(changes), kinds=kinds)


def _change(name: Name, state: Applied) -> Change:
    return Change(
        id=change_id(name, CHECK),
        resource=name,
        action=CHECK,
        kind=_kind(state),
        tags=state.tags,
        cause=Cause(CauseType.EXPLICIT),
        before=state.inputs,
        inputs=state.inputs,
        sensitive=state.sensitive,
    )


class _Checking:
    """Looks of one command, as changes of a plan."""

    def __init__(self, workspace: Workspace, subjects: Subjects, plan: Plan, way: Way) -> None:
        self._workspace, self._subjects, self._plan, self._way = workspace, subjects, plan, way
        self._header = Header(f"{CHECK}-{secrets.token_hex(8)}", plan, subjects.head, subjects.base, "", 0.0)

    def outcomes(self) -> Tuple[Dict[ChangeId, Outcome], bool]:
        """Carry checks out; return how each ended, and whether it was interrupted."""
        seen: Dict[int, int] = {}
        onlooker, plan = self._way.onlooker, self._plan
        with ExitStack() as stack:
            stack.enter_context(discreet(self._workspace, plan, self._header))
            hands = self._hands(stack)
            stack.enter_context(hands.executor)
            limits = limits_of(plan, self._way.parallel, self._workspace.config.targets)
            loop = Run(plan, hands, limits, self._watch, Terms(on_stop=self._say_stop))
            onlooker.begin(plan, self._header.run)
            with interruptible(lambda: loop.stop("the check was interrupted"), hands.kill, seen):
                try:
                    return loop.finish(), bool(seen)
                except RunLost as error:
                    raise StagectlError(error.message, "nothing was changed; check again") from None

    def _watch(self, news: News) -> None:
        with suppress(OSError):  # a terminal may go away; the check goes on
            self._way.onlooker.watch(news)

    def _say_stop(self, why: str, running: Sequence[ChangeId]) -> None:
        self._way.onlooker.note(f"{why}: nothing more starts, waiting for {len(running)}; Ctrl-C again kills what runs")

    def _hands(self, stack: ExitStack) -> Hands:
        """Return what carries checks out: threads here, or a cluster."""
        cluster = stack.enter_context(
            cluster_of(self._workspace, self._plan, self._header, self._way.where, self._way.parallel)
        )
        secret = secret_variables(self._workspace, self._plan, self._header)
        redactor = redactor_of(secret)
        if cluster is not None:
            return self._there(cluster, redactor)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stagectl-check-"))
        place = Site(self._workspace.root, Path(folder), redactor, inherited_variables(), secret)
        found = {name: handlers.find(kind.handler) for name, kind in self._plan.kinds.items()}
        begin_run(self._header.run)

        def act(change: Change) -> Outcome:
            output = Output(None, redactor)
            return carry_out(self._order(change), found[change.kind], place, output)

        return Hands(act, ThreadPoolExecutor(self._way.parallel), partial(kill_all, self._header.run))

    def _there(self, cluster: Link, redactor: Redactor) -> Hands:
        from stagectl.adapters.executors.dask import DaskExecutor

        def take(identity: ChangeId, outcome: Outcome, text: str) -> Outcome:
            return with_plain_outputs(replace(outcome, message=redactor.clean(outcome.message)), redactor.clean)

        return Hands(self._order, DaskExecutor(cluster, take), cluster.kill)

    def _order(self, change: Change) -> Order:
        outputs = self._subjects.states[change.resource].outputs
        order = order_of(self._plan, self._header.run, outputs, change, looks=True)
        assert order is not None, "a kind without a check is not looked at"
        return order
