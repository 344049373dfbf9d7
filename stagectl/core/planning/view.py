"""A situation as a selection sees it: selected resources as staged, others as applied (docs/design.md, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import AbstractSet, Dict, FrozenSet, Mapping

from stagectl.core.model import REMOVE, Applied, Name, Resource, is_pending
from stagectl.core.planning.resolve import Resolver, reported
from stagectl.core.planning.situation import NOTHING_REPORTED, Hold, Reports, Scope, Situation
from stagectl.core.values import Inputs, Value


@dataclass(frozen=True)
class View:
    """A situation seen through a scope, with some of it held back.

    holds: resources that would change and may not; they show what is applied.
    passive: resources that can be no part of a plan though nothing holds them; they show what is applied, too.
    reports: what the changes may report; its readers see the reference itself.
    """

    situation: Situation
    scope: Scope
    holds: Mapping[Name, Hold] = field(default_factory=dict)
    passive: FrozenSet[Name] = frozenset()
    reports: Reports = NOTHING_REPORTED

    def is_selected(self, name: Name) -> bool:
        """Return whether a resource was asked for."""
        return self.scope.selected is None or name in self.scope.selected

    def is_staged_here(self, name: Name) -> bool:
        """Return whether a resource is in effect as staged (or gone), not as applied."""
        return self.is_selected(name) and name not in self.holds

    def in_scope(self, name: Name) -> bool:
        """Return whether a resource that was not selected may join (rule 5)."""
        if self.scope.in_tags is None or self.scope.with_children:
            return True
        tags = self.situation.tags(name)
        return not tags or self.scope.in_tags(tags)

    def applied(self, name: Name) -> Applied:
        """Return the applied state of a resource, an empty one if it has none."""
        return self.situation.applied.get(name) or Applied()

    def explicit(self, name: Name) -> Dict[str, str]:
        """Return the pending explicit actions of a resource as staged, with their stamps, in the order staged."""
        staged = self.situation.staged.get(name)
        done = self.applied(name).stamps
        return {a: s for a, s in staged.actions.items() if is_pending(s, done.get(a))} if staged else {}

    def is_left_alone(self, name: Name) -> bool:
        """Return whether an unselected resource can be no part of this plan, whatever its parents do."""
        unfinished = self.applied(name).unfinished
        # Nobody may bring back what somebody is removing.
        half_removed = unfinished is not None and unfinished.action == REMOVE and name not in self.situation.staged
        return name in self.passive or (half_removed and not self.is_selected(name))

    def is_absent(self, name: Name) -> bool:
        """Return whether a resource is neither live nor in effect as staged."""
        is_live = self.situation.is_live(name) and name not in self.situation.moves  # under the name that is read
        return not is_live and not self.is_staged_here(name)

    @cached_property
    def effective(self) -> Mapping[Name, Resource]:
        """The form of each resource that exists here: staged, or as applied."""
        found: Dict[Name, Resource] = {}
        for name in self.situation.names():
            is_staged = self.is_staged_here(name) and name not in self.passive
            resource = self.situation.staged.get(name) if is_staged else self.applied(name).resource
            if resource is not None:
                found[name] = resource
        found.update((name, self.situation.staged[name]) for name in self.situation.settled)
        return found

    @cached_property
    def shown(self) -> AbstractSet[Name]:
        """The resources that show the values they were applied with, whatever others do."""
        return self._fixed.keys()

    @cached_property
    def resolver(self) -> Resolver:
        """The values of everything that exists here."""
        outputs = {
            name: found for name, found in reported(self.situation.applied).items() if name not in self.reports.anew
        }
        return Resolver(self.effective, self._fixed, outputs, self.reports.by)

    @cached_property
    def _fixed(self) -> Dict[Name, Inputs]:
        settled = {name: self.applied(name).inputs for name in self.situation.settled}
        if self.scope.selected is None and not self.holds and not self.passive:
            return settled
        names = (name for name in self.situation.names() if self._shows_applied(name) and name in self.effective)
        return {**settled, **{name: self.applied(name).inputs for name in names}}

    def _shows_applied(self, name: Name) -> bool:
        if self.is_staged_here(name) and name not in self.passive:
            return False
        return name in self.holds or self.is_left_alone(name) or not self.in_scope(name)

    def inputs(self, name: Name) -> Dict[str, Value]:
        """Return what a resource's inputs are here; of one that shows applied values, what they would be."""
        resource = self.effective[name]
        return self.resolver.inputs_of(resource) if name in self.shown else self.resolver.inputs(name)
