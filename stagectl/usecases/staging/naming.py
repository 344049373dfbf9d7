"""The one resource that a name means, and the file in which it is edited."""

from __future__ import annotations

from typing import Mapping, Optional

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import StagectlError
from stagectl.core.model import Name, Resource, staged_path
from stagectl.core.planning.moves import old_names
from stagectl.core.plans.selection import World, match_one
from stagectl.core.standing import from_here


def find_resource(snapshot: Snapshot, text: str) -> Name:
    """Return the one resource that is meant, by its name or by one it had before; raises StagectlError for others."""
    world = world_here(snapshot)
    refuse_definition(snapshot, text)
    return match_one(text, world, "edited")


def world_here(snapshot: Snapshot, live: Optional[Mapping[Name, Resource]] = None) -> World:
    """Return what can be named: what is defined or staged (or live, where asked), under old names, too."""
    aliases = old_names(snapshot.defined.values(), snapshot.staged.values(), (live or {}).values())
    return World.of(snapshot.defined, snapshot.staged, live or {}, aliases=aliases)


def path_of(snapshot: Snapshot, name: str) -> str:
    """Return the file a resource is edited in: its definition, or its staged file; raises StagectlError for neither."""
    name = find_resource(snapshot, name)
    if Name(name) in snapshot.definition_paths:
        return snapshot.definition_paths[Name(name)]
    if Name(name) in snapshot.staged and snapshot.staged[Name(name)].source is None:
        return staged_path(name)
    raise StagectlError(f"the definition of {name} is gone", f"to have it back: stagectl discard {name}")


def refuse_definition(snapshot: Snapshot, name: str) -> None:
    """Raise StagectlError for the name of a definition that is no resource itself: it makes some, or is a template."""
    one = snapshot.definitions.get(Name(name))
    if one is None or one.makes() == [name] or name in snapshot.staged:
        return
    if one.is_template:
        alike = sorted(other for other, resource in snapshot.defined.items() if name in resource.template)
        shown = ", ".join(alike[:5]) + (", ..." if len(alike) > 5 else "")
        hint = f"edit {from_here(one.path)}, and stage what is like it: {shown}" if alike else "nothing is like it yet"
        raise StagectlError(f"{name} is a template, which is no resource itself", hint)
    hint = f"name them one by one, or all: '{name}/*'"
    raise StagectlError(f"{name} is no resource itself: {from_here(one.path)} makes several", hint)
