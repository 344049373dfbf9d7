"""The names that there are, with their tags: what a shell completes, in no time however many there are."""

from __future__ import annotations

from typing import Dict, FrozenSet, Mapping

from stagectl.core.errors import ReadInFull
from stagectl.core.model import Name, Resource
from stagectl.usecases.planning.incremental import quickest
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.part import part_of
from stagectl.usecases.staging.restage import look_around


def known_names(workspace: Workspace) -> Dict[Name, FrozenSet[str]]:
    """Return every name that is defined or staged, with the tags that it has in either; flawed files have none."""

    def incremental_way() -> Dict[Name, FrozenSet[str]]:
        known = look_around(workspace)
        found, changed = known.incremental, known.incremental.changed
        if found.has_moves():
            raise ReadInFull("something is moved")
        part = part_of(workspace, found.kinds, known.names, known.family)
        tags = {name: some for name, some in found.index.tags(live_only=True).items() if name not in changed}
        tags.update({name: frozenset(one.tags) for name, one in changed.items() if one is not None})
        of_part = _tags(part.staged, part.defined)
        gone = known.names - of_part.keys()
        return {**{name: some for name, some in tags.items() if name not in gone}, **of_part}

    def full_way() -> Dict[Name, FrozenSet[str]]:
        snapshot = workspace.read(definitions=True)
        return _tags(snapshot.staged, snapshot.defined)

    return quickest("completion", incremental_way, full_way)


def _tags(*sides: Mapping[Name, Resource]) -> Dict[Name, FrozenSet[str]]:
    names = {name for side in sides for name in side}
    return {name: frozenset(tag for side in sides if name in side for tag in side[name].tags) for name in names}
