"""Looks: what was seen of live resources, beside what was applied (docs/design.md, section 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, Iterable, Mapping, NamedTuple, Optional, Tuple

from stagectl.core.diff import Difference, Op, diff
from stagectl.core.model import Applied, Kind, Name
from stagectl.core.observed import Observed
from stagectl.core.running.answers import overlaid
from stagectl.core.running.outcome import SUCCESS, Outcome
from stagectl.core.running.reporting import seen_troubles
from stagectl.core.values import Path, same
from stagectl.core.word import Word


class Seen(Word):
    """What a look says of a resource."""

    OK = "ok"
    DRIFTED = "drifted"
    GONE = "gone"
    FAILED = "failed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Look:
    """One look at a resource. before: its state as applied; after: the same with what was seen.

    diff: values as applied (`before`) and as seen (`after`), outputs among them; sensitive: inputs that are not shown;
    is_left: whether it was to be looked at, and was not, because the check was interrupted.
    """

    name: Name
    state: Seen
    before: Applied
    after: Applied
    diff: Tuple[Difference, ...] = ()
    sensitive: FrozenSet[str] = frozenset()
    message: str = ""
    is_left: bool = False

    def hides(self, entry: Difference) -> bool:
        """Return whether the values of a difference are not shown."""
        return entry.path[0] in self.sensitive

    @property
    def has_seen(self) -> bool:
        """Whether it saw anything: it did not fail, and there was a check to look."""
        return self.state not in (Seen.FAILED, Seen.UNCHECKED)


class Left(NamedTuple):
    """Something that was seen and cannot be taken into a definition, and why not; at: its path in the inputs."""

    name: Name
    at: Path
    why: str


@dataclass(frozen=True)
class Checked:
    """What a check saw, in name order. recorded, unshared: where that is kept, and why the team has it not.

    accepted: the commit that staged it; left: what could not be taken into the definitions; adopted: what is live now;
    is_adoption: whether that was asked for, so what was looked at was not live.
    """

    looks: Tuple[Look, ...] = ()
    interrupted: bool = False
    recorded: Optional[str] = None
    unshared: str = ""
    accepted: Optional[str] = None
    left: Tuple[Left, ...] = ()
    adopted: Tuple[Name, ...] = ()
    is_adoption: bool = False

    def summary(self) -> Dict[str, int]:
        """Return how many resources are in each state."""
        states = [look.state for look in self.looks]
        return {str(state): states.count(state) for state in Seen}

    def names(self, *states: Seen) -> Tuple[Name, ...]:
        """Return the resources in one of these states."""
        return tuple(look.name for look in self.looks if look.state in states)

    def are(self, *states: Seen) -> bool:
        """Return whether any resource is in one of these states."""
        return bool(self.names(*states))


def unchecked_look(name: Name, state: Applied, message: str, *, failed: bool = False) -> Look:
    """Return the look at a resource that nothing was seen of."""
    return Look(name, Seen.FAILED if failed else Seen.UNCHECKED, state, state, message=message)


def look_of(name: Name, state: Applied, kind: Kind, outcome: Outcome) -> Look:
    """Return what a check saw, from how it ended; its outputs are the plain answer."""
    if outcome.state != SUCCESS:
        return unchecked_look(name, state, outcome.message, failed=True)
    answer = outcome.outputs
    troubles = seen_troubles(kind, state.outputs, answer.get("outputs", {}))
    if troubles:
        return unchecked_look(name, state, f"outputs: {'; '.join(troubles[:3])}", failed=True)
    after = with_answer(state, answer)
    return seen_look(name, state, after, str(answer.get("message", "")))


def seen_look(name: Name, before: Applied, after: Applied, message: str = "") -> Look:
    """Return a look that saw what *after* has."""
    observed = after.observed or Observed()
    differences = _differences(before, after, observed)
    drifted = Seen.DRIFTED if differences or after.observed else Seen.OK
    state = Seen.GONE if observed.gone else drifted
    return Look(name, state, before, after, differences, observed.differs | before.sensitive, message)


def onto(look: Look, now: Optional[Applied]) -> Optional[Applied]:
    """Return the state of a resource with what a look saw; None where it is not applied any more as it was then."""
    if now is None or not look.has_seen or now.as_applied != look.before.as_applied:
        return None
    changed = {key: value for key, value in look.after.outputs.items() if not same(value, look.before.outputs.get(key))}
    return replace(now, observed=look.after.observed, outputs={**now.outputs, **changed})


def with_answer(state: Applied, answer: Mapping[str, Any]) -> Applied:
    """Return an applied state after a look: outputs are facts, and what differs from what was applied is observed."""
    if not answer.get("exists", True):
        return replace(state, observed=Observed(gone=True))
    outputs = {**state.outputs, **answer.get("outputs", {})}
    observed = _observe(state, answer)
    return replace(state, observed=observed if observed != Observed() else None, outputs=outputs)


def _observe(state: Applied, answer: Mapping[str, Any]) -> Observed:
    """Return what is known to differ: what was not looked at stays as it was seen before."""
    before = state.observed if state.observed is not None and not state.observed.gone else Observed()
    now = {
        key: overlaid(before.inputs.get(key, state.inputs[key]), value)
        for key, value in answer.get("inputs", {}).items()
        if key in state.inputs
    }
    shown = {key: value for key, value in {**before.inputs, **now}.items() if not same(value, state.inputs.get(key))}
    differs = frozenset(answer["differs"]) if "differs" in answer else before.differs
    differs = (differs - set(answer.get("same", ()))) - now.keys()
    unnamed = bool(answer.get("changed", before.unnamed))
    return Observed(inputs=_without(shown, {*differs, *answer.get("same", ())}), differs=differs, unnamed=unnamed)


def _without(values: Mapping[str, Any], keys: Iterable[str]) -> Dict[str, Any]:
    left_out = set(keys)
    return {key: value for key, value in values.items() if key not in left_out}


def _differences(before: Applied, after: Applied, observed: Observed) -> Tuple[Difference, ...]:
    applied = {key: before.inputs[key] for key in sorted(observed.inputs)}
    hidden = [Difference((key,), Op.REPLACE) for key in sorted(observed.differs)]
    if observed.gone:
        return ()
    return (*diff(applied, observed.inputs), *hidden, *diff(before.outputs, after.outputs))
