"""The loop alone: a plan, an executor whose clock is virtual, and what may happen at every moment."""

from __future__ import annotations

import heapq
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import chain, repeat
from queue import Empty
from random import Random
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

import pytest

from stagectl.core.errors import RunLost
from stagectl.core.model import ChangeId, Kind, Name
from stagectl.core.plans.plan import Cause, Change, Plan
from stagectl.core.running.outcome import ERROR, INPROGRESS, NOOP, SKIPPED, SUCCESS, Outcome
from stagectl.core.running.ready import Limits
from stagectl.core.running.runs import Filter, critical_path, restriction
from stagectl.usecases.applying import runner
from stagectl.usecases.applying.runner import Hands, News, Run, Terms, limits_of

Span = Tuple[float, float]


# --- a world without real time


class VirtualTime(Executor):
    """Runs a change when its end comes; the one that waits for it lets the time pass until then."""

    def __init__(self, seconds: Mapping[ChangeId, float]) -> None:
        self.now = 0.0
        self.spans: Dict[ChangeId, Span] = {}
        self._seconds = seconds
        self._ends: List[Tuple[float, ChangeId, Callable[[], Outcome], Future[Outcome]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        (change,) = args
        assert change.id not in self.spans, "a change starts at most once"
        future: Future[Outcome] = Future()
        end = self.now + self._seconds.get(change.id, 1.0)
        self.spans[change.id] = (self.now, end)
        heapq.heappush(self._ends, (end, change.id, lambda: fn(change), future))
        return future

    def pass_on(self) -> None:
        """Let the time pass until the next ones end."""
        self.now = self._ends[0][0]
        while self._ends and self._ends[0][0] == self.now:
            _, _, act, future = heapq.heappop(self._ends)
            try:
                future.set_result(act())
            except Exception as error:
                future.set_exception(error)


class VirtualQueue:
    """As queue.SimpleQueue: the one that waits lets the time pass."""

    def __init__(self, time: VirtualTime) -> None:
        self._time = time
        self._items: List[Any] = []

    def put(self, item: Any) -> None:
        self._items.append(item)

    def get(self, timeout: float) -> Any:
        if not self._items:
            self._time.pass_on()
        return self.get_nowait()

    def get_nowait(self) -> Any:
        if not self._items:
            raise Empty
        return self._items.pop(0)


def change(name: str, after: Sequence[str] = (), kind: str = "k", target: Optional[str] = None, **more: Any) -> Change:
    return Change(
        id=ChangeId(f"{name}.run"),
        resource=Name(name),
        action="run",
        kind=kind,
        tags=(),
        cause=more.pop("cause", Cause("staged")),
        after=tuple(ChangeId(f"{earlier}.run") for earlier in after),
        inputs={} if target is None else {"target": target},
        **more,
    )


def plan_of(*changes: Change, kinds: Optional[Mapping[str, Optional[int]]] = None) -> Plan:
    limits = {"k": None, **(kinds or {})}
    return Plan(changes=changes, kinds={name: Kind(name, limit=limit) for name, limit in limits.items()})


class Simulation:
    """
    One run in virtual time. fails: what fails; seconds: how long changes take; known: what is known of that; idle: what
    runs nothing.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        plan: Plan,
        *,
        seconds: Optional[Mapping[ChangeId, float]] = None,
        known: Optional[Mapping[ChangeId, float]] = None,
        fails: Sequence[str] = (),
        unchanged: Sequence[str] = (),
        limits: Optional[Limits] = None,
        wanted: Optional[Filter] = None,
        idle: Sequence[str] = (),
        **more: Any,
    ) -> None:
        self.time = VirtualTime(seconds or {})
        monkeypatch.setattr(runner, "SimpleQueue", lambda: VirtualQueue(self.time))
        self.reported: List[Tuple[ChangeId, str]] = []
        self._fails, self._unchanged = fails, unchanged
        self.run = Run(
            plan,
            Hands(self._act, self.time, does=lambda about: about.resource not in idle),
            limits or limits_of(plan, 8, 1),
            self._watch,
            Terms(restriction(plan, wanted or Filter()), seconds=known or {}, **more),
        )
        self.outcomes = self.run.finish()

    def _act(self, acted: Change) -> Outcome:
        if acted.resource in self._fails:
            raise RuntimeError("no luck")
        return Outcome(SUCCESS, changed=acted.resource not in self._unchanged)

    def _watch(self, news: News) -> None:
        for about, outcome in news:
            if outcome.state == INPROGRESS:
                ended = {identity for identity, state in self.reported if state != INPROGRESS}
                assert set(about.after) <= ended, "an end is reported before what waits for it starts"
            assert outcome.state != INPROGRESS or about.id not in self.time.spans, "reported before it starts"
            self.reported.append((about.id, outcome.state))

    @property
    def started(self) -> List[str]:
        """The resources in the order in which their changes started."""
        return [identity.partition(".")[0] for identity, state in self.reported if state == INPROGRESS]

    @property
    def states(self) -> Dict[str, str]:
        return {identity.partition(".")[0]: outcome.state for identity, outcome in self.outcomes.items()}

    @property
    def makespan(self) -> float:
        return self.time.now

    def running_at(self, moment: float) -> Set[ChangeId]:
        return {identity for identity, (start, end) in self.time.spans.items() if start <= moment < end}


def layered(random: Random, layers: int, width: int, **more: Any) -> Plan:
    """A plan of layers; every change waits for one to three of the layer before."""
    changes: List[Change] = []
    for layer in range(layers):
        for place in range(width):
            count = random.randint(1, 3) if layer else 0
            after = {f"n{layer - 1:02}x{random.randrange(width):02}" for _ in range(count)}
            changes.append(change(f"n{layer:02}x{place:02}", sorted(after), **more))
    return plan_of(*changes)


# --- order


def test_a_change_starts_when_all_before_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Independent ones at once; every start and every end is reported once, before it counts.
    """
    plan = plan_of(change("a"), change("b"), change("c", ["a", "b"]), change("d", ["a"]))

    ran = Simulation(monkeypatch, plan, seconds={ChangeId("b.run"): 5.0})

    assert ran.time.spans == {"a.run": (0, 1), "b.run": (0, 5), "d.run": (1, 2), "c.run": (5, 6)}
    assert ran.reported == [
        ("a.run", INPROGRESS), ("b.run", INPROGRESS), ("a.run", SUCCESS), ("d.run", INPROGRESS), ("d.run", SUCCESS),
        ("b.run", SUCCESS), ("c.run", INPROGRESS), ("c.run", SUCCESS),
    ]  # fmt: skip


def test_the_longest_path_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    In steps as long as no times are known; by known times where they are; the smallest id among equals.
    """
    plan = plan_of(change("a"), change("b"), change("x"), change("y", ["x"]), change("z"))
    limits = Limits(1)

    assert Simulation(monkeypatch, plan, limits=limits).started == ["x", "a", "b", "y", "z"]
    known = {ChangeId("z.run"): 9.0, ChangeId("b.run"): 1.5, ChangeId("x.run"): 0.5, ChangeId("y.run"): 0.5}
    known[ChangeId("a.run")] = 0.1
    assert Simulation(monkeypatch, plan, limits=limits, known=known).started == ["z", "b", "x", "y", "a"]


def test_a_change_of_unknown_duration_weighs_as_much_as_the_others_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Not nothing, and not so much that it overtakes everything.
    """
    plan = plan_of(change("long"), change("new"), change("short"))
    known = {ChangeId("long.run"): 10.0, ChangeId("short.run"): 2.0}

    assert Simulation(monkeypatch, plan, limits=Limits(1), known=known).started == ["long", "new", "short"]


# --- failures, filters, reactions


def test_a_failure_skips_what_depends_on_it_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Through any number of steps, each with its reason.
    """
    plan = plan_of(change("a"), change("b", ["a"]), change("c", ["b"]), change("d"), change("e", ["d"]))

    ran = Simulation(monkeypatch, plan, fails=["a"])

    assert ran.states == {"a": ERROR, "b": SKIPPED, "c": SKIPPED, "d": SUCCESS, "e": SUCCESS}
    assert [ran.outcomes[ChangeId(f"{name}.run")].message for name in "abc"] == [
        "RuntimeError: no luck",
        "after a.run",
        "after b.run",
    ]


def test_fail_fast_waits_for_what_runs_and_starts_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A change that began beside the failing one ends; what was ready is skipped.
    """
    plan = plan_of(change("a"), change("b"), change("c"), change("d", ["b"]))

    ran = Simulation(monkeypatch, plan, fails=["a"], limits=Limits(2), fail_fast=True, seconds={ChangeId("b.run"): 3.0})

    assert ran.states == {"a": ERROR, "b": SUCCESS, "c": SKIPPED, "d": SKIPPED}
    assert ran.makespan == 3


def test_a_request_to_stop_is_like_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whatever becomes ready later is skipped, too.
    """
    plan = plan_of(change("a"), change("b", ["a"]), change("c", ["b"]))
    asked = chain(["", "", ""], repeat("the run was stopped"))  # before a, after it, before b

    ran = Simulation(monkeypatch, plan, should_stop=lambda: next(asked))

    assert ran.states == {"a": SUCCESS, "b": SUCCESS, "c": SKIPPED}
    assert ran.outcomes[ChangeId("c.run")].message == "the run was stopped"


@pytest.mark.parametrize("moment", range(9))
def test_nothing_starts_once_nothing_more_may(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """
    Whenever the answer changes, also between an end and the next start: what had started then is all that runs.
    """
    plan = plan_of(change("a"), change("b", ["a"]), change("c", ["b"]), change("d", ["c"]))
    ran: List[ChangeId] = []
    asked = chain([""] * moment, repeat("the lock was lost"))
    allowed = 0

    def may() -> str:
        nonlocal allowed
        why = next(asked)
        allowed += not why
        return why

    monkeypatch.setattr(Simulation, "_act", lambda self, acted: ran.append(acted.id) or Outcome(SUCCESS))
    found = Simulation(monkeypatch, plan, should_stop=may)

    assert len(ran) == min(4, (moment + 1) // 2)
    messages = {outcome.message for outcome in found.outcomes.values() if outcome.state == SKIPPED}
    assert messages <= {"the lock was lost", *(f"after {identity}" for identity in found.outcomes)}


@pytest.mark.parametrize("moment", range(3))
def test_what_runs_nothing_succeeds_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """
    It takes no place of what runs, and its start is reported before its end; once nothing more may, it is skipped.
    That is asked for each round of what is ready, not for each change.
    """
    done = ("", "a", "abcd")[moment]
    plan = plan_of(change("a"), *(change(name, ["a"]) for name in "bcd"), change("e", ["b", "c", "d"]))
    asked = chain([""] * moment, repeat("the lock was lost"))

    found = Simulation(monkeypatch, plan, idle="abcd", limits=Limits(1), should_stop=lambda: next(asked))

    assert [identity for identity, state in found.reported if state == SUCCESS] == [f"{name}.run" for name in done]
    assert [one for one in found.reported if one[1] != SKIPPED] == [
        (f"{name}.run", state)
        for names in ("a", "bcd")
        for state in (INPROGRESS, SUCCESS)
        for name in names
        if name in done
    ]
    assert found.states["e"] == SKIPPED
    assert not found.time.spans


def test_a_stop_is_reported_once_with_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Nothing is said where nothing runs any more.
    """
    plan = plan_of(change("a"), change("b"), change("c", after=["a"]))
    reported: List[Tuple[str, Sequence[ChangeId]]] = []

    def stopped(**seconds: float) -> None:
        reported.clear()
        times = {ChangeId(f"{name}.run"): time for name, time in seconds.items()}
        asked = chain([""], repeat("the run was stopped"))
        Simulation(
            monkeypatch,
            plan,
            seconds=times,
            should_stop=lambda: next(asked),
            on_stop=lambda *news: reported.append(news),
        )

    stopped(a=1, b=5)
    assert reported == [("the run was stopped", ["b.run"])]
    stopped(a=1, b=1)
    assert reported == []


def test_who_asks_to_stop_wakes_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It shows so while the change runs, not after its nap: the change ends when that is reported.
    """
    monkeypatch.setattr(runner, "PATIENCE", 3600)
    reported = threading.Event()

    def act(_: Change) -> Outcome:
        loop.stop("enough")
        return Outcome(SUCCESS, message="reported in time" if reported.wait(60) else "not reported")

    with ThreadPoolExecutor(2) as executor:
        plan = plan_of(change("a"), change("b", after=["a"]))
        loop = Run(
            plan, Hands(act, executor), Limits(8), lambda news: None, Terms(on_stop=lambda *news: reported.set())
        )
        outcomes = loop.finish()

    assert outcomes[ChangeId("a.run")].message == "reported in time"
    assert outcomes[ChangeId("b.run")].message == "enough"


@pytest.mark.parametrize(
    ("wanted", "started", "states"),
    [
        (Filter(noop=(ChangeId("b.run"),)), "ac", {"a": SUCCESS, "b": NOOP, "c": SUCCESS}),
        (Filter(skip=(ChangeId("b.run"),)), "a", {"a": SUCCESS, "b": SKIPPED, "c": SKIPPED}),
        (Filter(start_at=(ChangeId("b.run"),)), "bc", {"a": SKIPPED, "b": SUCCESS, "c": SUCCESS}),
        (Filter(end_at=(ChangeId("b.run"),)), "ab", {"a": SUCCESS, "b": SUCCESS, "c": SKIPPED}),
        (Filter(start_at=(ChangeId("b.run"),), end_at=(ChangeId("b.run"),)), "b", {"a": SKIPPED, "b": SUCCESS}),
        (Filter(only=(ChangeId("c.run"),)), "", {"a": SKIPPED, "b": SKIPPED, "c": SKIPPED}),
        (Filter(only=(ChangeId("c.run"),), noop=(ChangeId("b.run"),)), "c", {"a": SKIPPED, "b": NOOP, "c": SUCCESS}),
    ],
)
def test_filters(monkeypatch: pytest.MonkeyPatch, wanted: Filter, started: str, states: Dict[str, str]) -> None:
    """
    A noop lets pass, a skip does not; what comes before --start-at is not waited for, nor what a retry passes over.
    """
    plan = plan_of(change("a"), change("b", ["a"]), change("c", ["b"]))

    ran = Simulation(monkeypatch, plan, wanted=wanted)

    assert "".join(ran.started) == started
    assert {**ran.states, **states} == ran.states


@pytest.mark.parametrize(
    ("when", "unchanged", "fails", "state"),
    [
        ("success", ["a"], [], SUCCESS),
        ("changed", [], [], SUCCESS),
        ("changed", ["a"], [], NOOP),
        ("success", [], ["a"], SKIPPED),
    ],
)
def test_reactions(
    monkeypatch: pytest.MonkeyPatch, when: str, unchanged: List[str], fails: List[str], state: str
) -> None:
    """
    With `when: changed` only if something changed; what waits for a reaction that is not due goes on.
    """
    reaction = change("r", ["a"], cause=Cause("reaction"), triggers=((ChangeId("a.run"), when),))

    ran = Simulation(monkeypatch, plan_of(change("a"), reaction, change("z", ["r"])), unchanged=unchanged, fails=fails)

    assert ran.states["r"] == state
    assert ran.states["z"] == (SKIPPED if state == SKIPPED else SUCCESS)


# --- limits


@pytest.mark.parametrize("seed", range(8))
def test_limits_hold_at_every_moment_and_no_slot_is_left_free(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """
    In all, per kind, per target; and at no moment a change waits that is ready and has room.
    """
    random = Random(seed)
    raw = layered(random, 8, 12)
    kinds: Dict[str, Optional[int]] = {"k": None, "one": 1, "three": 3}
    drawn = [(random.choice(sorted(kinds)), random.choice([None, None, "db1", "db2"])) for _ in raw.changes]
    plan = plan_of(
        *(
            change(old.resource, [before.partition(".")[0] for before in old.after], kind=kind, target=target)
            for old, (kind, target) in zip(raw.changes, drawn)
        ),
        kinds=kinds,
    )
    by_id = {found.id: found for found in plan.changes}
    seconds = {identity: random.choice([0.5, 1.0, 1.0, 4.0]) for identity in by_id}

    ran = Simulation(monkeypatch, plan, seconds=seconds, limits=limits_of(plan, 5, 2), known=seconds)

    spans = ran.time.spans
    assert set(ran.states.values()) == {SUCCESS}
    for moment in sorted({start for start, _ in spans.values()}):
        running = [by_id[identity] for identity in ran.running_at(moment)]

        def fits(other: Change, beside: Sequence[Change] = tuple(running), *, extra: int = 1) -> bool:
            same_kind = sum(found.kind == other.kind for found in beside) + extra
            target = (other.inputs or {}).get("target")
            same_target = sum((found.inputs or {}).get("target") == target for found in beside) + extra
            within = same_kind <= (kinds[other.kind] or 99) and (target is None or same_target <= 2)
            return within and len(beside) + extra <= 5

        assert all(fits(other, extra=0) for other in running)
        for other in plan.changes:
            is_ready = all(spans[before][1] <= moment for before in other.after)
            assert not (is_ready and spans[other.id][0] > moment and fits(other)), f"{other.id} waits at {moment}"
    assert all(spans[before][1] <= spans[other.id][0] for other in plan.changes for before in other.after)


# --- how long it takes


def equal(random: Random) -> float:
    return 1.0


def uneven(random: Random) -> float:
    return random.uniform(1, 10)


def few_long_ones(random: Random) -> float:
    return 60.0 if random.random() < 0.03 else random.lognormvariate(0.5, 0.8)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("draw", [equal, uneven, few_long_ones])
@pytest.mark.parametrize("shape", [(25, 40), (60, 12), (12, 30)])
def test_eight_slots_take_hardly_longer_than_they_must(
    monkeypatch: pytest.MonkeyPatch, seed: int, draw: Callable[[Random], float], shape: Tuple[int, int]
) -> None:
    """
    Within 10 % of the bound that no order can beat: the longest chain, or all the work in eight slots.
    """
    random = Random(seed)
    plan = layered(random, *shape)
    seconds = {found.id: draw(random) for found in plan.changes}
    bound = max(critical_path(plan, seconds), sum(seconds.values()) / 8)

    known = {} if draw is equal else seconds
    ran = Simulation(monkeypatch, plan, seconds=seconds, known=known)

    assert bound <= ran.makespan + 1e-6
    assert ran.makespan <= 1.10 * bound


@pytest.mark.parametrize("seed", range(6))
def test_times_that_were_somewhat_different_the_last_time_do(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """
    Off by up to a third, and a tenth of the changes new: still within 10 %.
    """
    random = Random(seed)
    plan = layered(random, 25, 40)
    seconds = {found.id: uneven(random) for found in plan.changes}
    bound = max(critical_path(plan, seconds), sum(seconds.values()) / 8)
    known = {identity: took * random.uniform(0.67, 1.33) for identity, took in seconds.items()}
    known = {identity: took for identity, took in known.items() if random.random() > 0.1}

    assert Simulation(monkeypatch, plan, seconds=seconds, known=known).makespan <= 1.10 * bound


def test_known_times_make_a_run_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Two slots, one long change among short chains: by steps it comes last and all wait for it.
    """
    chains = [
        change(f"c{chain}x{step}", [f"c{chain}x{step - 1}"] if step else []) for chain in "ab" for step in range(5)
    ]
    plan = plan_of(*chains, change("long"))
    seconds = {ChangeId("long.run"): 10.0}
    known = {**{found.id: 1.0 for found in chains}, **seconds}

    by_steps = Simulation(monkeypatch, plan, seconds=seconds, limits=Limits(2)).makespan
    by_times = Simulation(monkeypatch, plan, seconds=seconds, limits=Limits(2), known=known).makespan

    assert (by_steps, by_times) == (15, 10)


class Leaving(Executor):
    """Carries out what it is given at once, until it loses sight of a change."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Outcome] = Future()
        if args[0].resource == "lost":
            future.set_exception(RunLost("nobody sees it any more"))
        else:
            future.set_result(Outcome(SUCCESS))
        return future


def test_a_change_that_is_not_seen_any_more_ends_the_run_without_an_end_of_its_own() -> None:
    """
    Ends that were seen are reported, also of those that ended with it; it is as if the run had been killed.
    """
    plan = plan_of(change("a"), change("lost"), change("z"), change("after", ["lost"]))
    reported: List[Tuple[ChangeId, str]] = []
    run = Run(
        plan, Hands(lambda found: None, Leaving()), limits_of(plan, 8, 1),
        lambda news: reported.extend((about.id, outcome.state) for about, outcome in news),
    )  # fmt: skip

    with pytest.raises(RunLost):
        run.finish()

    assert {("a.run", SUCCESS), ("z.run", SUCCESS)} == {
        (about, state) for about, state in reported if state != INPROGRESS
    }
    assert ("lost.run", INPROGRESS) in reported and "after.run" not in dict(reported)
