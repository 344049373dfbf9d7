"""A simulated world: outputs are functions of inputs; random edits, changes by hand, checks, partial applies, failures.

`python -m tests.outputs_world FIRST COUNT` goes through more of them than the tests do.
"""

from __future__ import annotations

import json
import sys
from random import Random
from typing import Any, Dict, List, Mapping, Optional, Tuple

from stagectl.core.errors import StagectlError
from stagectl.core.model import Applied, Name
from stagectl.core.planning.planner import CyclicPlan, make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.document import to_document
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.read_document import from_document
from stagectl.core.plans.selection import Selection
from stagectl.core.running.course import Course, with_values
from stagectl.core.running.deciding import decide
from stagectl.core.running.looks import with_answer
from stagectl.core.running.outcome import ERROR, SKIPPED, SUCCESS, UNKNOWN, Outcome, settle
from stagectl.core.running.runs import Restriction
from stagectl.core.values import references_in
from tests.build import kind, resource

PROPERTIES = {"o": {"type": "integer"}, "p": {"type": "integer"}}
KINDS = {
    "free": kind(
        "free", outputs={"properties": PROPERTIES, "required": ["o", "p"]}, actions={"run": ["x"], "update": ["x"]}
    ),
    "strict": kind(
        "strict",
        outputs={"properties": PROPERTIES, "required": ["o", "p"]},
        reports={"run": ["o", "p"], "update": ["o"]},
        replace_on=["x"],
        actions={"run": ["x"], "update": ["x"]},
    ),
    "plain": kind("plain", replace_on=["x"], actions={"run": ["x"], "update": ["x"]}),
}
Raw = Dict[str, Any]
Inputs = Dict[str, Any]
Ran = Tuple[Change, Inputs, Optional[Inputs]]  # what ran, what it got, what was applied before


class World:
    """What is staged and applied, and what really is there: inputs and outputs by resource."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.names = [f"r{index}" for index in range(self.random.randint(2, 6))]
        self.staged: Dict[str, Raw] = {}
        self.applied: Dict[Name, Applied] = {}
        self.there: Dict[str, Inputs] = {}
        self.outputs: Dict[str, Dict[str, int]] = {}
        for name in self.names:
            self.staged[name] = self._resource(name)

    # --- edits

    def _resource(self, name: str) -> Raw:
        kinds = ["free", "strict", "strict", "plain"]
        return {"kind": self.random.choice(kinds), "inputs": {key: self._value(name, key) for key in ("x", "y", "z")}}

    def _value(self, name: str, key: str) -> Any:
        earlier = [other for other in self.names[: self.names.index(name)] if other in self.staged]
        if not earlier or self.random.random() < 0.4:
            return self.random.randint(0, 2)
        parent = self.random.choice(earlier)
        outputs = [] if self.staged[parent]["kind"] == "plain" else ["o", "o", "p"]
        read = f"${{{parent}.{self.random.choice(['x', 'y', *outputs])}}}"
        return f"v-{read}" if key == "y" and self.random.random() < 0.5 else read

    def edit(self) -> None:
        """Change a value, or the whole, of some resource; of no parent it may go, too."""
        name = self.random.choice(self.names)
        raw = self.staged.get(name)
        read = any("${" + name + "." in str(other["inputs"]) for other in self.staged.values())
        if raw is None:
            self.staged[name] = self._resource(name)
        elif not read and self.random.random() < 0.2:
            del self.staged[name]
        else:
            key = self.random.choice("xyz")
            self.staged[name] = {**raw, "inputs": {**raw["inputs"], key: self._value(name, key)}}

    # --- what is done and seen without a plan

    def change_by_hand(self) -> None:
        """Change a value of something that is there, or an output, or take it away."""
        if not self.there:
            return
        name, chance = self.random.choice(sorted(self.there)), self.random.random()
        if chance < 0.3:
            del self.there[name]
            self.outputs.pop(name, None)
        elif chance < 0.6 and self.outputs.get(name):
            self.outputs[name] = {**self.outputs[name], self.random.choice("op"): self.random.randint(5, 7)}
        else:
            self.there[name] = {**self.there[name], self.random.choice("xyz"): self.random.randint(0, 2)}

    def check(self, share: float) -> None:
        """Look at a share of what is live, at a share of its values each, and record what is seen."""
        for name, state in self.applied.items():
            if state.resource is None or self.random.random() >= share:
                continue
            seen: Dict[str, Any] = {"exists": name in self.there}
            if seen["exists"]:
                for what, values in (("inputs", self.there[name]), ("outputs", self.outputs.get(name, {}))):
                    seen[what] = {key: value for key, value in values.items() if self.random.random() < share}
            self.applied[name] = with_answer(state, seen)

    # --- plans and runs

    def plan(self, *names: str) -> Plan:
        built = {Name(name): resource(name, raw["kind"], inputs=raw["inputs"]) for name, raw in self.staged.items()}
        return make_plan(Situation(self.applied, built, KINDS), Selection(tuple(names)))

    def run(self, plan: Plan, *, failing: float = 0.0, killed: float = 0.0) -> List[Ran]:
        """Carry out a plan; return what ran, with what it got and what was applied before."""
        course, outcomes, ran = Course(plan, self.applied), {}, []
        dead = False
        for change in plan.changes:
            outcome = decide(change, outcomes, Restriction())
            if dead:
                outcome = Outcome(SKIPPED, changed=False)
            if outcome is None:
                begun = course.begin(change, outcomes)
                if isinstance(begun, Outcome):
                    outcome = begun
                else:
                    before = self.applied.get(begun.resource, Applied())
                    ran.append((begun, dict(begun.inputs or {}), dict(before.inputs) if before.live else None))
                    outcome = self._act(begun, failing)
                    dead = self.random.random() < killed
                    outcome = Outcome(UNKNOWN) if dead and self.random.random() < 0.5 else outcome
            outcomes[change.id] = course.end(change, outcome)
        moved = settle(with_values(plan, outcomes, self.applied), outcomes, self.applied)
        merged = {**self.applied, **moved}
        self.applied = {name: state for name, state in merged.items() if state is not None}
        for state in self.applied.values():
            tried = state.unfinished.inputs if state.unfinished else {}
            assert not references_in([dict(state.inputs), dict(tried)]), "what is stored is known"
        return ran

    def _act(self, change: Change, failing: float) -> Outcome:
        """Do it: outputs are functions of inputs, and an action that fails may have done it all the same."""
        if change.action == "remove":
            self.there.pop(change.resource, None)
            self.outputs.pop(change.resource, None)
            return Outcome(SUCCESS)
        if change.action == "update" and change.resource not in self.there:
            return Outcome(ERROR)  # it was taken away by hand, and no check looked since
        made = outputs_of(change.kind, change.action, dict(change.inputs or {}))
        if self.random.random() < failing:
            some = {key: value for key, value in made.items() if self.random.random() < 0.5}
            return Outcome(ERROR, outputs=some)
        self.there[change.resource] = dict(change.inputs or {})
        self.outputs[change.resource] = {**self.outputs.get(change.resource, {}), **made}
        return Outcome(SUCCESS, outputs=made)

    def model(self, name: str, key: str) -> Any:
        """What a reference reads, given what is staged and what is really there."""
        raw = self.staged[name]["inputs"]
        return self.valued(raw[key]) if key in raw else self.outputs[name][key]

    def valued(self, value: Any) -> Any:
        if not isinstance(value, str) or "${" not in value:
            return value
        before, _, rest = value.partition("${")
        name, _, key = rest.rstrip("}").partition(".")
        found = self.model(name, key)
        return f"{before}{found}" if before else found


def outputs_of(kind_name: str, action: str, inputs: Mapping[str, Any]) -> Dict[str, int]:
    if kind_name == "plain":
        return {}
    o, p = len(str(inputs["y"])) + sum(map(ord, str(inputs["z"]))) % 2, sum(map(ord, str(inputs["x"]))) % 3
    return {"o": o} if kind_name == "strict" and action == "update" else {"o": o, "p": p}


def live_through(seed: int) -> int:
    """One world from its beginning to an end where nothing is left to do; return how many actions ran.

    What reads comes after what it reads in every state of it, so no plan may go in a circle.
    """
    world, count = World(seed), 0
    for _ in range(4):
        try:
            plan = world.plan(
                *world.random.sample(sorted(world.staged), world.random.randint(0, min(2, len(world.staged))))
            )
        except CyclicPlan:
            raise
        except StagectlError:  # what is edited cannot be planned in part
            plan = world.plan()
        again = from_document(json.loads(json.dumps(to_document(plan))), "the plan")
        assert again.id == plan.id
        count += len(world.run(plan, failing=0.2, killed=0.1))
        world.edit()
        world.change_by_hand()
        world.check(share=0.6)
    world.check(share=1)
    for round_ in range(4):
        plan = world.plan()
        if not plan.changes and not plan.recorded:
            break
        assert round_ < 3, f"world {seed}: after three applies there is still {[change.id for change in plan.changes]}"
        ran = world.run(plan)
        count += len(ran)
        _check(world, seed, ran)
    assert not plan.held, f"world {seed}: held {plan.held}"
    for name, raw in world.staged.items():
        wanted = {key: world.valued(value) for key, value in raw["inputs"].items()}
        state = world.applied[Name(name)]
        assert (wanted, wanted) == (state.inputs, world.there[name]), f"world {seed}: {name} has not what it should"
        assert (None, world.outputs[name]) == (state.observed, state.outputs), (
            f"world {seed}: {name} was seen otherwise"
        )
    assert world.there.keys() == world.applied.keys() == world.staged.keys(), f"world {seed}: too much is left"
    return count


def _check(world: World, seed: int, ran: List[Ran]) -> None:
    """Every action got what the model says, and no update ran whose inputs had not changed."""
    for change, got, before in ran:
        if change.action == "remove":
            continue
        wanted = {key: world.valued(value) for key, value in world.staged[change.resource]["inputs"].items()}
        assert got == wanted, f"world {seed}: {change.id} got {got}, and not {wanted}"
        if change.conditional and change.action == "update":  # what is replaced with a parent may get the same again
            assert got != before, f"world {seed}: {change.id} ran, and nothing had changed for it"


if __name__ == "__main__":
    first, number = map(int, sys.argv[1:])
    print(sum(live_through(seed) for seed in range(first, first + number)), "actions in", number, "worlds")
