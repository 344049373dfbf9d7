"""What a run has for itself while it goes on: what it may write, what it looks at, and which targets it acts on."""

from __future__ import annotations

from typing import Callable, Dict, FrozenSet, Iterator, Mapping, Optional, Tuple

from stagectl.core.locks import WHOLE, Lock, Portion, in_common
from stagectl.core.model import AppliedStates, Name, Resource
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.tags import parse_expression
from stagectl.core.running.commute import plan_resources
from stagectl.core.values import Template

Tags = Mapping[Name, FrozenSet[str]]
Staged = Mapping[Name, Resource]


def portion_of(plan: Plan, staged: Staged, applied: AppliedStates) -> Portion:
    """Return what carrying out a plan writes and looks at: everything where a `target` is not known before.

    It looks at all that its resources read or name, as they are staged, were applied or were tried.
    """
    writes, found = plan_resources(plan), frozenset(_targets(plan))
    targets = frozenset(target for target in found if target is not None)
    if targets != found:
        return WHOLE
    forms = (form for name in writes for form in _forms(plan, name, staged, applied))
    looks = frozenset().union(*(form.parents if form.has_relations else form.reads for form in forms))
    return Portion(writes, looks - writes, targets)


def _targets(plan: Plan) -> Iterator[Optional[str]]:
    """Yield the targets that changes act on, before and after; None for one that is not known yet."""
    for change in plan.changes:
        for values in (change.inputs, change.before):
            target = values.get("target") if values else None
            if isinstance(target, Template):
                yield None
            elif isinstance(target, str):
                yield target


def _forms(plan: Plan, name: Name, staged: Staged, applied: AppliedStates) -> Iterator[Resource]:
    if name in plan.targets:
        yield plan.targets[name].resource
    if name in staged:
        yield staged[name]
    if name in applied:
        yield from applied[name].forms


def tags_written(plan: Plan, staged: Staged, applied: AppliedStates) -> Dict[Name, FrozenSet[str]]:
    """Return the tags of all that a plan writes, as staged and as applied."""
    return {
        name: frozenset(tag for form in _forms(plan, name, staged, applied) for tag in form.tags)
        for name in plan_resources(plan)
    }


def meets_of(part: Portion, tags: Callable[[], Tags]) -> Callable[[Lock], Tuple[str, ...]]:
    """Return what says what another holder has of a part; tags: returns those of what it writes."""

    def meets(lock: Lock) -> Tuple[str, ...]:
        on_purpose = _locked_names(lock.part, tags()) if lock.part.names or lock.part.tags else ()
        return tuple(sorted({*in_common(part, lock.part), *on_purpose}))

    return meets


def _locked_names(part: Portion, tags: Tags) -> Iterator[Name]:
    """Yield what is locked on purpose by a word that it fits, also where it was staged after that."""
    tests = [glob_test(pattern) for pattern in part.names]
    expressions = [parse_expression(text) for text in part.tags]
    for name, own in tags.items():
        by_name = not tests or any(test(name) for test in tests)
        by_tag = not expressions or any(expression.holds(own) for expression in expressions)
        if by_name and by_tag:
            yield name
