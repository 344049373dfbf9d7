"""The loop of an apply: graphlib hands out ready changes, an executor runs them (docs/design.md, section 7)."""

from __future__ import annotations

from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from graphlib import TopologicalSorter

from stagectl.core.errors import RunLost
from stagectl.core.graph import heights
from stagectl.core.model import ChangeId
from stagectl.core.once import cached_property
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.running.course import Course
from stagectl.core.running.deciding import as_tried, decide
from stagectl.core.running.outcome import ERROR, INPROGRESS, SKIPPED, SUCCESS, Outcome
from stagectl.core.running.ready import Limits, Ready
from stagectl.core.running.runs import Restriction

News = Sequence[Tuple[Change, Outcome]]
Begun = Sequence[Tuple[Change, Optional[Outcome]]]  # None: it is to start
Act = Callable[[Change], object]  # called by the executor, whose futures have an Outcome
WatchNews = Callable[[News], None]
Stopping = Callable[[str, Sequence[ChangeId]], None]  # why nothing more starts; what is waited for
FAILED_BEFORE = "an earlier change failed, and --fail-fast was given"
_STARTED, _IDLE = Outcome(INPROGRESS), Outcome(SUCCESS)  # the second of what runs nothing
PATIENCE = 0.5  # seconds between two looks for a request to stop


def limits_of(plan: Plan, total: int, per_target: int) -> Limits:
    """Return the limits of a plan's kinds."""
    return Limits(total, {name: kind.limit for name, kind in plan.kinds.items() if kind.limit}, per_target)


@dataclass(frozen=True)
class Hands:
    """What carries out changes. kill: ends all of this run that is being carried out; does: whether a change runs
    anything: what does not succeeds when its turn comes.
    """

    act: Act
    executor: Executor
    kill: Callable[[], None] = lambda: None
    does: Callable[[Change], bool] = lambda change: True


@dataclass(frozen=True)
class Terms:
    """On what terms changes run.

    should_stop is asked now and then, and before anything starts: why nothing more may. on_stop is called once, when
    nothing more starts while something still runs. again: changes that were tried before, which count as changed when
    they succeed; seconds: how long changes took in earlier runs, as far as that is known; course: the applied state
    that they act on.
    """

    restriction: Restriction = field(default_factory=Restriction)
    again: FrozenSet[ChangeId] = frozenset()
    fail_fast: bool = False
    should_stop: Callable[[], str] = lambda: ""
    on_stop: Stopping = lambda why, running: None
    seconds: Mapping[ChangeId, float] = field(default_factory=dict)
    course: Optional[Course] = None


class Run:
    """One run of a plan's changes. outcomes holds the ended ones.

    watch gets every start before it happens, and every end before anything that waits for it starts, several at a
    time. `stop` may be called at any moment, also by a signal handler.
    """

    def __init__(self, plan: Plan, hands: Hands, limits: Limits, watch: WatchNews, terms: Terms = Terms()) -> None:
        self._changes = {change.id: change for change in plan.changes}
        self._sorter: TopologicalSorter[ChangeId] = TopologicalSorter({one.id: one.after for one in plan.changes})
        self._hands, self._watch, self._terms = hands, watch, terms
        self._is_stop_reported = False
        self._ready = Ready(limits)
        self._running: Dict[Future[Outcome], Change] = {}
        self._done: SimpleQueue[Optional[Future[Outcome]]] = SimpleQueue()  # None: look up, a stop was asked for
        self.outcomes: Dict[ChangeId, Outcome] = {}
        self._unreported: List[Tuple[Change, Outcome]] = []  # ends; they wait for starts, one flush for both
        self.stopped = ""  # why no more work is handed out

    @cached_property
    def _height(self) -> Mapping[ChangeId, float]:
        """How much the heaviest path weighs that begins with a change; asked where something runs."""
        before = {identity: set(change.after) for identity, change in self._changes.items()}
        return heights([*before], before, _weights([*before], self._terms.seconds))

    def stop(self, why: str) -> None:
        """Hand out no more work; what runs is waited for."""
        if not self.stopped:
            self.stopped = why
            self._done.put(None)  # a signal handler may do that: it is reentrant

    def finish(self) -> Dict[ChangeId, Outcome]:
        """Run everything that can run and return how each change ended."""
        self._sorter.prepare()
        try:
            while self._sorter.is_active():
                self._take_ready()
                self._start_some()
                self._wait()
            self._report()
        except BaseException:
            self._report_what_runs()
            raise
        return self.outcomes

    def _report(self, starts: News = ()) -> None:
        """Report ends that were not reported yet, and starts."""
        news = [*self._unreported, *starts]
        if news:
            self._watch(news)
        self._unreported.clear()

    def _report_what_runs(self) -> None:
        """Wait for what runs, and report how it ended: the loop itself cannot go on."""
        wait(self._running)
        seen = [future for future in self._running if not _is_lost(future)]
        self._unreported += self._count([(self._running[future], self._end_of(future)) for future in seen])
        self._report()

    def _take_ready(self) -> None:
        ready = sorted(self._sorter.get_ready())
        while ready:
            early = self._with_idle_ends([self._begin(self._changes[identity]) for identity in ready])
            self._unreported += [(change, _STARTED) for change, outcome in early if outcome is _IDLE]
            self._end([(change, outcome) for change, outcome in early if outcome is not None])
            for change, outcome in early:
                if outcome is None:  # among ready changes the one with the longest path behind it goes first
                    self._ready.add(change, self._height[change.id])
            ready = sorted(self._sorter.get_ready())

    def _ask_whether_to_stop(self) -> None:
        why = self._terms.should_stop()
        if why:
            self.stop(why)

    def _begin(self, change: Change) -> Tuple[Change, Optional[Outcome]]:
        """Return a change with all values that are known by now, and its end where it is not to start."""
        outcome = decide(change, self.outcomes, self._terms.restriction)
        if outcome is None and self._terms.course is not None:
            begun = self._terms.course.begin(change, self.outcomes)
            change, outcome = (change, begun) if isinstance(begun, Outcome) else (begun, None)
        return change, outcome

    def _with_idle_ends(self, begun: Begun) -> Begun:
        """Return changes with the ends of those that run nothing, unless nothing more may start."""
        idle = {change.id for change, outcome in begun if outcome is None and not self._hands.does(change)}
        if idle:
            self._ask_whether_to_stop()
        if not idle or self.stopped:
            return begun
        return [(change, _IDLE if change.id in idle else outcome) for change, outcome in begun]

    def _start_some(self) -> None:
        if self._ready.waits():
            self._ask_whether_to_stop()
        if self.stopped:
            self._report_stop()
            self._end([(change, Outcome(SKIPPED, message=self.stopped)) for change in self._ready.drain()])
            return
        starting = list(iter(self._ready.take, None))
        if starting:
            self._report([(change, _STARTED) for change in starting])
            for change in starting:
                future: Future[Outcome] = self._hands.executor.submit(self._hands.act, change)  # type: ignore[arg-type]
                self._running[future] = change
                # concurrent.futures.wait would look at all of them, again and again.
                future.add_done_callback(self._done.put)

    def _wait(self) -> None:
        if not self._running:
            return
        self._report()
        done = self._some_done()
        changes = sorted(((self._running[future], self._end_of(future)) for future in done), key=lambda end: end[0].id)
        for future in done:
            self._ready.end(self._running.pop(future))
        ended = self._end(changes)
        if self._terms.fail_fast and any(outcome.state == ERROR for _, outcome in ended):
            self.stop(FAILED_BEFORE)
        self._ask_whether_to_stop()

    def _end_of(self, future: Future[Outcome]) -> Outcome:
        """Return how a change ended that ran."""
        return as_tried(self._running[future], _outcome(future), self._terms.again)

    def _report_stop(self) -> None:
        if self._running and not self._is_stop_reported:
            self._is_stop_reported = True
            self._report()
            self._terms.on_stop(self.stopped, sorted(change.id for change in self._running.values()))

    def _some_done(self) -> List[Future[Outcome]]:
        """Wait a while for changes to end, and return those that did."""
        done: List[Optional[Future[Outcome]]] = []
        with suppress(Empty):
            done.append(self._done.get(timeout=PATIENCE))
            while True:
                done.append(self._done.get_nowait())
        return [future for future in done if future is not None]

    def _end(self, ended: News) -> News:
        """Take ends; return them as they count."""
        ended = self._count(ended)
        self._unreported.extend(ended)
        for change, outcome in ended:
            self.outcomes[change.id] = outcome
            self._sorter.done(change.id)
        return ended

    def _count(self, ended: News) -> News:
        if self._terms.course is None:
            return ended
        return [(change, self._terms.course.end(change, outcome)) for change, outcome in ended]


def _weights(changes: Sequence[ChangeId], seconds: Mapping[ChangeId, float]) -> Dict[ChangeId, float]:
    """Return how much each change weighs: the time it took earlier; an unknown one as much as the others on average."""
    known = [seconds[identity] for identity in changes if identity in seconds]
    usual = sum(known) / len(known) if known else 1.0
    return {identity: seconds.get(identity, usual) for identity in changes}


def _is_lost(future: Future[Outcome]) -> bool:
    return isinstance(future.exception(), RunLost)


def _outcome(future: Future[Outcome]) -> Outcome:
    error = future.exception()
    if isinstance(error, RunLost):
        raise error
    return Outcome(ERROR, message=f"{type(error).__name__}: {error}") if error else future.result()
