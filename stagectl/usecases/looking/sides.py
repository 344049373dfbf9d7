"""What the two sides of a comparison have, known from an index and what is edited, and which of it words mean."""

from __future__ import annotations

from typing import AbstractSet, Dict, FrozenSet, Iterable, NamedTuple, Optional

from stagectl.adapters.applied.index import Index
from stagectl.core.errors import ReadInFull
from stagectl.core.graph import group_pairs
from stagectl.core.indexing.impact import ChangedForms
from stagectl.core.model import NAME, Name, Resource
from stagectl.core.planning.moves import new_claims
from stagectl.core.plans.selection import Selection, World
from stagectl.usecases.planning.names import choose_in


class IndexedSide(NamedTuple):
    """One side of a comparison: what an index says was applied, but for what is edited; None for what is gone."""

    applied: Index
    edits: ChangedForms = {}

    def forms(self, names: AbstractSet[Name]) -> Dict[Name, Resource]:
        """Return those of some resources that this side has."""
        found = {name: state.resource for name, state in self.applied.states(names - self.edits.keys()).items()}
        found.update((name, self.edits[name]) for name in names & self.edits.keys())
        return {name: form for name, form in found.items() if form is not None}

    def edit(self, known: World) -> World:
        """Return what this side has. known: what its index has."""
        edits = self.edits
        new = {name: form for name, form in edits.items() if form is not None}
        edited = World.of(new)
        tags = {name: some for name, some in known.tags.items() if name not in edits}
        parents = {name: some for name, some in known.parents.items() if name not in edits}
        claims = [(old, name) for old, names in known.aliases.items() for name in names if name not in edits]
        claims += [(old, name) for name, form in new.items() for old in form.moved_from]
        return World({**tags, **edited.tags}, {**parents, **edited.parents}, group_pairs(claims))


def choose_of(
    selection: Selection, new: IndexedSide, old: IndexedSide, vocabulary: Iterable[str]
) -> Optional[FrozenSet[Name]]:
    """Return the resources of either side that words mean, None for all; raises ReadInFull for words that mean none."""
    names = frozenset(map(Name, selection.names))
    if not selection.tags and all(map(NAME.fullmatch, names)) and names == {*new.forms(names), *old.forms(names)}:
        return names or None  # and no other is looked at
    named = any("+" in word for word in selection.names)
    known = {
        index: World(index.tags(live_only=True), index.parents() if named else {}, index.claims())
        for index in {new.applied, old.applied}
    }
    now, before = (side.edit(known[side.applied]) for side in (new, old))
    parents = {
        name: now.parents.get(name, frozenset()) | before.parents.get(name, frozenset())
        for name in {*now.parents, *before.parents}
    }
    tags, aliases = {**before.tags, **now.tags}, {**before.aliases, **now.aliases}
    return choose_in(selection, World(tags, parents, aliases, frozenset(vocabulary)))


def refuse_moves(new: IndexedSide, old: IndexedSide, names: AbstractSet[Name]) -> None:
    """Raise ReadInFull where one of *names*, of all that differ, may have another name on the other side."""
    now, before = new.forms(names), old.forms(names)
    for here, there, other in ((now, before, old), (before, now, new)):
        spent = {name: form.moved_from for name, form in there.items()}
        claims = (new_claims(form.moved_from, spent.get(name, ())) for name, form in here.items())
        if other.forms({claimed for some in claims for claimed in some}):
            raise ReadInFull("something has another name on the other side")
