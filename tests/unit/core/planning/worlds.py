"""Small situations for the planner's unit tests: a few resources, what is applied of them, and a view of it."""

from __future__ import annotations

from typing import AbstractSet, Any, Callable, Dict, Iterable, Mapping, Optional

from stagectl.core.model import Applied, Name, Resource
from stagectl.core.planning.holding import everything, universe_of
from stagectl.core.planning.resolve import Resolver
from stagectl.core.planning.situation import Scope, Situation
from stagectl.core.planning.view import Universe
from tests.build import kind, resource

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


def universe(
    world: Situation, *selected: str, tags: Optional[Callable[[AbstractSet[str]], bool]] = None, children: bool = False
) -> Universe:
    """The universe in which these are selected, everything without any."""
    full = everything(world)
    if not selected:
        return full
    return universe_of(Scope(frozenset(map(Name, selected)), tags, children), full)
