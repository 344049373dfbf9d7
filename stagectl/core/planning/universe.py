"""The target universe: selected resources as staged, everything else as applied (design, section 5, rules 1 to 5, 10).

What is held back shows its applied values, which may change what others see; so holding is a fixpoint. In each round
only those are held whose reason does not itself pass through another one that is about to be held: the result does
not depend on the order in which resources are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import AbstractSet, Dict, List, Mapping, Optional, Set, Tuple

from stagectl.core.model import REMOVE, RUN, UPDATE, Applied, Name, Resource, is_pending, split_change
from stagectl.core.planning.inferred import intent_of
from stagectl.core.planning.resolve import ABSENT, LACKING, Resolver, found_in, reported
from stagectl.core.planning.situation import Hold, Scope, Situation
from stagectl.core.plans.plan import NEEDS_PARENT, NEEDS_READER, OUTSIDE
from stagectl.core.values import Reference, Value


@dataclass
class _Candidate:
    """A resource that may have to be held, with the reads that say so (none: nothing can change it)."""

    hold: Hold
    reads: List[Reference] = field(default_factory=list)


class Universe:
    """A situation seen through a scope.

    effective: the form of each resource that exists here (staged, or as applied); those in `shown` show fixed values.
    holds: resources that would change and may not; intents: what each resource here does, also what a held one would.
    """

    def __init__(self, situation: Situation, scope: Scope) -> None:
        self.situation = situation
        self.scope = scope
        self.holds: Dict[Name, Hold] = {}
        self._frozen: Set[Name] = set()  # unselected ones whose applied form no longer resolves: left alone
        self._full: Optional[Universe] = None
        self._hold_absent()
        self._build()
        while self._hold_round():
            self._build()
        self.intents = {name: intent_of(self, name) for name in situation.names()}
        self._complete_holds()
        self._hold_outside()

    @property
    def full(self) -> Universe:
        """The same situation with everything selected."""
        if self.scope.selected is None:
            return self
        if self._full is None:
            self._full = Universe(self.situation, Scope())
        return self._full

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

    # --- building the universe for the holds known so far

    def _build(self) -> None:
        self.effective: Dict[Name, Resource] = {}
        shown: Dict[Name, Mapping[str, Value]] = {}
        for name in self.situation.names():
            applied = self.applied(name)
            if self.is_staged_here(name) and name not in self._frozen:
                if name in self.situation.staged:
                    self.effective[name] = self.situation.staged[name]
            elif applied.resource is not None:
                self.effective[name] = applied.resource
                if self._shows_applied(name):
                    shown[name] = applied.inputs
        for name in self.situation.settled:
            self.effective[name] = self.situation.staged[name]
            shown[name] = self.applied(name).inputs
        self.shown: AbstractSet[Name] = shown.keys()
        self.resolver = Resolver(self.effective, shown, reported(self.situation.applied))

    def _shows_applied(self, name: Name) -> bool:
        return name in self.holds or self.is_left_alone(name) or not self.in_scope(name)

    def is_left_alone(self, name: Name) -> bool:
        """Return whether an unselected resource can be no part of this plan, whatever its parents do."""
        unfinished = self.applied(name).unfinished
        # Nobody may bring back what somebody is removing.
        half_removed = unfinished is not None and unfinished.action == REMOVE and name not in self.situation.staged
        return name in self._frozen or (half_removed and not self.is_selected(name))

    # --- holding back

    def _hold_absent(self) -> None:
        """Hold what is not live and needs a parent that is neither live nor in the plan: no value can change that."""
        situation = self.situation
        waiting = [n for n in situation.staged if not situation.is_live(n) and self.is_selected(n)]
        children: Dict[Name, List[Name]] = {}
        for name in waiting:
            for parent in self._needed_parents(name, {RUN, *self.explicit(name)}):
                children.setdefault(parent, []).append(name)
        absent = [p for p in children if p in situation.staged and self._is_absent(p)]
        while absent:
            parent = absent.pop()
            for child in children.get(parent, ()):
                hold = self.holds.get(child, Hold(NEEDS_PARENT))
                if child not in self.holds:
                    absent.append(child)
                self.holds[child] = Hold(NEEDS_PARENT, hold.blockers | {parent})

    def _is_absent(self, name: Name) -> bool:
        return not self.situation.is_live(name) and not self.is_staged_here(name)

    def _needed_parents(self, name: Name, actions: AbstractSet[str]) -> Set[Name]:
        """Return the parents that must be there for these actions of a resource as staged (rule 5)."""
        resource = self.situation.staged[name]
        named = [c for a, changes in resource.depends_on_changes.items() if a in actions for c in changes]
        return (set(resource.depends_on) | resource.reads | {split_change(change)[0] for change in named}) - {name}

    def _hold_round(self) -> bool:
        """Hold what has to be held next; return whether anything was."""
        if self.scope.selected is None:
            return False  # nothing is held for another one where nothing is left out
        candidates: Dict[Name, _Candidate] = {}
        frozen: Set[Name] = set()
        for name in self.situation.names():
            if name in self.holds:
                self._find_dropped(name, candidates)
            elif self.is_selected(name):
                if self._waits_unchanged(name):
                    frozen.add(name)
                elif name in self.situation.staged:
                    self._find_missing(name, candidates)
            elif self.situation.is_live(name) and not self._find_dropped(name, candidates) and name not in self.shown:
                frozen.add(name)
        if not candidates:
            self._frozen |= frozen
            return bool(frozen)
        first = {name for name, candidate in candidates.items() if self._is_first(name, candidate, candidates)}
        for name in first or candidates:
            self.holds[name] = candidates[name].hold
        return True

    def _is_first(self, name: Name, candidate: _Candidate, others: Mapping[Name, _Candidate]) -> bool:
        through = {source for reference in candidate.reads for source in self.resolver.sources(reference)}
        return not (through - {name}) & others.keys()

    def _find_missing(self, name: Name, candidates: Dict[Name, _Candidate]) -> None:
        """Note a selected resource that needs a parent which is not there, or not there as staged."""
        resource = self.situation.staged[name]
        misses = [(ref, why) for _, ref, why in self.resolver.misses(resource) if why in LACKING]
        acts = bool(misses) or self.situation.is_edited(name)
        intent = self.full.intents[name] if name in self.holds else intent_of(self, name)
        actions = self._needing(intent.actions) | self.explicit(name).keys()
        if not acts and not actions:
            return
        absent = {p for p in self._needed_parents(name, actions) if p in self.situation.staged and self._is_absent(p)}
        lacking = [ref for ref, why in misses if why != ABSENT and self.full.resolver.value_of(ref)[0]]
        blockers = absent | {blocker for ref in lacking for blocker in self._unselected_sources(ref)}
        if blockers:
            reads = [] if absent else lacking
            candidates[name] = _Candidate(Hold(NEEDS_PARENT, frozenset(blockers)), reads)

    def _waits_unchanged(self, name: Name) -> bool:
        """Return whether nothing of a live resource is staged, and a parent it reads has yet to be run again."""
        situation = self.situation
        if name in self._frozen or not situation.is_live(name) or situation.is_edited(name):
            return False
        misses = self.resolver.misses(situation.staged[name])
        return any(why == ABSENT and self._is_absent(Name(reference.name)) for _, reference, why in misses)

    @staticmethod
    def _needing(inferred: Tuple[str, ...]) -> Set[str]:
        """Return the inferred actions that need parents: never a removal; a replace's run is an update too."""
        needing = set(inferred) - {REMOVE}
        return needing | {UPDATE} if REMOVE in inferred and RUN in inferred else needing

    def _unselected_sources(self, reference: Reference) -> Set[Name]:
        """Return the nearest resources behind a reference whose staged form is not in effect and would differ."""
        found: Set[Name] = set()
        seen: Set[Tuple[str, str]] = set()
        left = [reference]
        while left:
            here = left.pop()
            name = Name(here.name)
            if (name, here.path[0]) in seen or name not in self.situation.staged:
                continue
            seen.add((name, here.path[0]))
            if not self.is_staged_here(name) and self.situation.is_edited(name):
                found.add(name)
            else:
                left += self.situation.staged[name].references.get(here.path[0], ())
        return found

    def _find_dropped(self, reader: Name, candidates: Dict[Name, _Candidate]) -> bool:
        """Note parents that would take away a value which a live reader, as applied, still reads.

        Returns False when the reader's applied form does not resolve and no parent's change is to blame.
        """
        resource = self.applied(reader).resource
        blamed = True
        for _, reference, why in self.resolver.misses(resource) if resource else ():
            parent = Name(reference.name)
            if why not in LACKING:
                continue
            if parent == reader or parent in self.shown or not self.situation.is_live(parent):
                blamed = False
            elif not self._still_reads(reader, reference):
                candidate = candidates.setdefault(parent, _Candidate(Hold(NEEDS_READER)))
                if candidate.hold.reason == NEEDS_READER:
                    candidate.hold = Hold(NEEDS_READER, candidate.hold.blockers | {reader})
                    candidate.reads.append(reference)
        return blamed

    def _still_reads(self, reader: Name, reference: Reference) -> bool:
        """Return whether a reader as staged reads a value that is gone also when everything is selected: an error."""
        staged = self.situation.staged.get(reader)
        reads = staged.references.values() if staged else ()
        return any(
            read.name == reference.name and not self.full.resolver.value_of(read)[0]
            for group in reads
            for read in group
        )

    def _complete_holds(self) -> None:
        """Name, for each hold, everything that is missing now that all holds are known."""
        readers: Dict[Name, List[Tuple[Name, Reference]]] = {}
        for reader in self.situation.names():
            resource = self.applied(reader).resource
            for group in resource.references.values() if resource and not self.is_staged_here(reader) else ():
                for reference in group:
                    readers.setdefault(Name(reference.name), []).append((reader, reference))
        for name, hold in list(self.holds.items()):
            found: Dict[Name, _Candidate] = {}
            if hold.reason == NEEDS_PARENT:
                self._find_missing(name, found)
                self.holds[name] = found[name].hold if name in found else hold
            else:
                blockers = {reader for reader, reference in readers.get(name, ()) if self._would_lack(name, reference)}
                self.holds[name] = Hold(NEEDS_READER, frozenset(blockers - {name}) or hold.blockers)

    def _would_lack(self, name: Name, reference: Reference) -> bool:
        """Return whether a held resource's change would take away a value."""
        resource = self.situation.staged.get(name) if self.is_selected(name) else self.applied(name).resource
        return resource is None or not found_in(self.resolver.inputs_of(resource), reference)[0]

    def _hold_outside(self) -> None:
        """Hold the affected resources that the selection's tags leave out (rule 5)."""
        for name in self.situation.names():
            if self.is_selected(name) or self.in_scope(name) or not self.situation.is_live(name):
                continue
            if self.intents[name].actions:
                self.holds[name] = Hold(OUTSIDE)

    def inputs(self, name: Name) -> Dict[str, Value]:
        """Return what a resource's inputs are here; of one that shows applied values, what they would be."""
        resource = self.effective[name]
        return self.resolver.inputs_of(resource) if name in self.shown else self.resolver.inputs(name)
