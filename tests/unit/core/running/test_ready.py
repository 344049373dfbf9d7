"""Which change starts next, when kinds and targets have room for a few."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from hypothesis import given
from hypothesis import strategies as st

from stagectl.core.model import ChangeId, Name
from stagectl.core.plans.plan import Cause, Change
from stagectl.core.running.ready import Limits, Ready

KINDS = st.sampled_from(["free", "one", "two"])
TARGETS = st.sampled_from([None, "east", "west"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), KINDS, TARGETS, st.integers(0, 3)),
        st.tuples(st.just("take")),
        st.tuples(st.just("end"), st.integers(0, 5)),
    ),
    max_size=60,
)


def change(number: int, kind: str, target: Optional[str]) -> Change:
    name = Name(f"r{number:03}")
    return Change(
        id=ChangeId(f"{name}.run"),
        resource=name,
        action="run",
        kind=kind,
        tags=(),
        cause=Cause("staged"),
        diff=(),
        after=(),
        wave=0,
        inputs={} if target is None else {"target": target},
    )


class Looking:
    """The same, by looking at everything each time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.waiting: List[Tuple[float, str, Change]] = []
        self.running: List[Change] = []

    def take(self) -> Optional[Change]:
        for entry in sorted(self.waiting, key=lambda entry: entry[:2]):
            if self.has_room(entry[2]):
                self.waiting.remove(entry)
                self.running.append(entry[2])
                return entry[2]
        return None

    def has_room(self, one: Change) -> bool:
        alike = [other for other in self.running if other.kind == one.kind]
        target = (one.inputs or {}).get("target")
        near = [other for other in self.running if (other.inputs or {}).get("target") == target]
        if len(self.running) >= self.limits.total or len(alike) >= self.limits.per_kind.get(one.kind, 99):
            return False
        return target is None or len(near) < self.limits.per_target


@given(STEPS, st.integers(1, 5), st.integers(1, 2))
def test_the_next_one_is_the_first_that_has_room(steps: List[Tuple[object, ...]], total: int, per_target: int) -> None:
    """
    Whatever came, started and ended before: as if every change that waits were looked at each time.
    """
    limits = Limits(total, {"one": 1, "two": 2}, per_target)
    ready, looking = Ready(limits), Looking(limits)
    for number, step in enumerate(steps):
        if step[0] == "add":
            _, kind, target, height = step
            one = change(number, str(kind), target)  # type: ignore[arg-type]
            ready.add(one, float(height))  # type: ignore[arg-type]
            looking.waiting.append((-float(height), one.id, one))  # type: ignore[arg-type]
        elif step[0] == "take":
            assert ready.take() == looking.take()
        elif looking.running:
            ready.end(looking.running.pop(int(step[1]) % len(looking.running)))  # type: ignore[call-overload]

    assert [entry[2] for entry in sorted(looking.waiting, key=lambda entry: entry[:2])] == ready.drain()
    assert ready.take() is None


def test_what_waits_is_not_looked_at_again_and_again() -> None:
    """
    A thousand changes on one target: what starts them looks at each a few times, not at all of them for each.
    """
    looks: Dict[str, int] = {}

    class Counting(Ready):
        def _room(self, share: Tuple[str, str]) -> int:
            looks[share[1]] = looks.get(share[1], 0) + 1
            return super()._room(share)

    ready = Counting(Limits(8))
    for number in range(1000):
        ready.add(change(number, "free", "east"), 0.0)
    taken = []
    while True:
        one = ready.take()
        if one is None:
            break
        assert ready.take() is None, "one at a time"
        taken.append(one.id)
        ready.end(one)

    assert sorted(taken) == taken
    assert 1000 == len(taken)
    assert looks["east"] <= 3000
