"""A situation as a selection sees it: selected resources as staged, others as applied (docs/design.md, section 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, FrozenSet, Iterable, Mapping, Set

from stagectl.core.errors import Nearest
from stagectl.core.graph import group_pairs, reachable
from stagectl.core.model import NOT_APPLIED, Applied, ChangeId, Name, Resource
from stagectl.core.once import cached_property
from stagectl.core.planning.moves import old_names
from stagectl.core.planning.resolve import InputId, Resolver, input_of, reported_outputs
from stagectl.core.planning.situation import NOTHING_REPORTED, Hold, Intent, Reports, Scope, Situation
from stagectl.core.values import Inputs, Outputs, Reference


@dataclass(frozen=True, repr=False)
class View:
    """A situation seen through a scope, with some of it held back.

    All of these show what is applied. holds: resources that would change and may not. barred: reactions and debts that
    wait for a gate. passive: resources that can be no part of a plan though nothing holds them. bystanders: what was
    not selected, and reads nothing that a change of the plan changes; it can still react on one.
    reports: what the changes may report; its readers see the reference itself.
    """

    situation: Situation
    scope: Scope
    holds: Mapping[Name, Hold] = field(default_factory=dict)
    barred: Mapping[ChangeId, Hold] = field(default_factory=dict)
    passive: FrozenSet[Name] = frozenset()
    bystanders: FrozenSet[Name] = frozenset()
    reports: Reports = NOTHING_REPORTED

    def is_selected(self, name: Name) -> bool:
        """Return whether a resource was asked for."""
        return self.scope.selected is None or name in self.scope.selected

    def is_staged_here(self, name: Name) -> bool:
        """Return whether a resource is in effect as staged (or gone), not as applied."""
        return self.is_selected(name) and name not in self.holds

    def in_scope(self, name: Name) -> bool:
        """Return whether a resource that was not selected may join (rule 5)."""
        tags = self.situation.tags(name) if self.scope.in_tags is not None else ()
        return not tags or self.scope.in_tags is None or self.scope.in_tags(tags)

    def applied_state(self, name: Name) -> Applied:
        """Return the applied state of a resource, an empty one if it has none."""
        return self.situation.applied.get(name, NOT_APPLIED)

    def pending_actions(self, name: Name) -> Dict[str, str]:
        """Return the pending explicit actions that were asked for, with their stamps, in the order staged."""
        pending = self.situation.explicit(name)
        return {a: s for a, s in pending.items() if self.is_asked(name, a)} if pending else pending

    def is_asked(self, name: Name, action: str) -> bool:
        """Return whether an action of a resource was asked for, with the resource or alone."""
        alone = self.scope.alone.get(name)
        return self.is_selected(name) if alone is None else action in alone

    def is_left_alone(self, name: Name) -> bool:
        """Return whether an unselected resource can be no part of this plan, whatever its parents do."""
        # What is being removed is not brought back.
        is_going = self.situation.has_unfinished_removal(name) and name not in self.situation.staged
        return name in self.passive or (is_going and not self.is_selected(name))

    def is_going(self, name: Name) -> bool:
        """Return whether a resource is removed here, live or half made."""
        state = self.applied_state(name)
        is_gone = self.is_staged_here(name) and name not in self.situation.staged
        return is_gone and (state.live or state.unfinished is not None)

    def is_absent(self, name: Name) -> bool:
        """Return whether a resource may come, and is neither live, under the name that is read, nor in the plan."""
        situation = self.situation
        is_live = situation.is_live(name) and name not in situation.moves
        may_come = name in situation.staged and not is_live
        # What was removed by half does not count as live.
        return (may_come or situation.has_unfinished_removal(name)) and not self.is_staged_here(name)

    def not_through_others(self, reads: Mapping[Name, Iterable[Reference]]) -> Set[Name]:
        """Return those whose reads pass through no other one of these, or all where there is none.

        What is held, or set aside, changes what others see: one round takes these alone, so that the order of looking
        does not matter.
        """
        through = {name: self.resolver.sources(references) - {name} for name, references in reads.items()}
        return {name for name, sources in through.items() if not sources & reads.keys()} or {*reads}

    @cached_property
    def effective(self) -> Mapping[Name, Resource]:
        """The form of each resource that exists here: staged, or as applied."""
        found: Dict[Name, Resource] = {}
        for name in self.situation.names:
            is_staged = self.is_staged_here(name) and name not in self.passive
            resource = self.situation.staged.get(name) if is_staged else self.applied_state(name).resource
            if resource is not None:
                found[name] = resource
        found.update((name, self.situation.staged[name]) for name in self.situation.settled)
        return found

    @cached_property
    def shown(self) -> Mapping[Name, Inputs]:
        """The inputs of the resources that show the values they were applied with, whatever others do."""
        names, held = [*self.situation.settled], self.holds.keys() | self.bystanders
        for name in self.situation.names if self.scope.selected is not None or self.holds else ():
            is_staged = self.is_staged_here(name) and name not in self.passive
            if name in self.effective and not is_staged:
                names += [name] if name in held or self.is_left_alone(name) or not self.in_scope(name) else []
        return {name: self.applied_state(name).inputs for name in names}

    @cached_property
    def resolver(self) -> Resolver:
        """The values of everything that exists here."""
        outputs = {
            name: self._kept_outputs(name, found)
            for name, found in reported_outputs(self.situation.applied).items()
            if name not in self.reports.anew
        }
        return Resolver(self.effective, self.shown, outputs, self.reports.by, self.situation.digests)

    @cached_property
    def nearest(self) -> Nearest:
        """What is nearest to names that nothing has."""
        return Nearest(self.situation.staged, old_names(self.situation.staged.values()))

    @cached_property
    def intents(self) -> Dict[Name, Intent]:
        """What was inferred here so far (intents.py): looked up by the values, as those of the resolver are."""
        return {}

    @cached_property
    def sensitive(self) -> Mapping[Name, FrozenSet[str]]:
        """The inputs that are never to be shown: those that a kind declares, and all that read them; none of most."""
        marked: Set[InputId] = set()
        for name, resource in self.effective.items():
            declared = self.situation.kind_of(resource).sensitive
            declared |= self.applied_state(name).sensitive if name in self.shown else frozenset()
            marked.update([(name, key) for key in declared] if declared else ())
        if not marked:
            return {}
        readers = group_pairs(
            (input_of(reference), (name, key))
            for name, resource in self.effective.items()
            for key, references in resource.references.items()
            for reference in references
        )
        found = group_pairs(reachable(marked, lambda node: readers.get(node, ())))
        return {name: frozenset(keys) for name, keys in found.items()}

    def _kept_outputs(self, name: Name, outputs: Outputs) -> Outputs:
        """Return the outputs which a resource still has here: of another kind than applied, those that it declares."""
        applied, resource = self.applied_state(name).resource, self.effective.get(name)
        if applied is None or resource is None or applied.kind == resource.kind:
            return outputs
        declared = self.situation.kind_of(resource).output_names
        return {output: value for output, value in outputs.items() if output in declared}

    def inputs(self, name: Name) -> Inputs:
        """Return what a resource's inputs are here; of one that shows applied values, what they would be."""
        if name in self.bystanders:
            return self.applied_state(name).inputs
        return self.resolver.inputs_of(self.effective[name]) if name in self.shown else self.resolver.inputs(name)
