"""Small situations for the planner's unit tests: a few resources, what is applied of them, and a view of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Mapping, Optional

from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.resolve import Resolver
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.document import to_document
from stagectl.core.plans.selection import Selection
from tests.build import Plan, kind, resource

KINDS = {
    "service": kind("service", actions={"restart": ["true"], "test": ["true"]}, replace_on=["zone"]),
    "secretive": kind("secretive", sensitive=["password"]),
}


def res(name: str, inputs: Optional[Mapping[str, Any]] = None, tags: Iterable[str] = (), **more: Any) -> Resource:
    """A resource of the kind `service`, unless *more* says otherwise."""
    return resource(name, more.pop("kind", "service"), tuple(tags), inputs=dict(inputs or {}), **more)


def named(*resources: Resource) -> Dict[Name, Resource]:
    """Resources by name."""
    return {each.name: each for each in resources}


def applied(*resources: Resource, **more: Mapping[str, Any]) -> Dict[Name, Applied]:
    """The state after all of these were applied; *more*: per name other fields of its state."""
    resolver = Resolver(named(*resources), {})
    states: Dict[Name, Dict[str, Any]] = {
        each.name: {"resource": each, "inputs": resolver.inputs(each.name)} for each in resources
    }
    for name, fields in more.items():
        states.setdefault(Name(name), {}).update(fields)
    return {name: Applied(**fields) for name, fields in states.items()}


def situation(before: Mapping[Name, Applied], *staged: Resource) -> Situation:
    """What is applied, and what is staged now."""
    return Situation(before, named(*staged), KINDS)


def planned(world: Situation, words: str = "") -> Plan:
    """The plan of some names, perhaps with --with-parents behind them."""
    names, option, _ = words.partition("--with-parents")
    return Plan(to_document(make_plan(world, Selection(tuple(names.split()), with_parents=bool(option)))))


def cause(kind: str, *of: str, inputs: Any = ()) -> Dict[str, Any]:
    return {"type": kind, "of": list(of), "inputs": list(inputs)}


def at(path: str, before: Any, after: Any, op: str = "replace") -> Dict[str, Any]:
    """One entry of a diff."""
    return {"path": path, "op": op, "before": before, "after": after}


@dataclass(frozen=True)
class Shown:
    """What a plan has, names in one line: all its changes in order, and of some of them what their keys say.

    held: reason and needs of each; said: their messages.
    """

    ids: str
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    pending: str = ""
    recorded: str = ""

    def seen_in(self, plan: Plan) -> Shown:
        """What a plan says of the same; what is held, pending or recorded is all there."""
        held = {one["id"]: one for one in plan.raw["held"]}
        return Shown(
            " ".join(plan.ids),
            {name: {key: plan.change(name).get(key) for key in own} for name, own in self.changes.items()},
            {name: " ".join([one["reason"], *one["needs"]]) for name, one in held.items()},
            {name: held[name]["message"] for name in self.said},
            " ".join(plan.raw["pending"]),
            " ".join(plan.raw["recorded"]),
        )
