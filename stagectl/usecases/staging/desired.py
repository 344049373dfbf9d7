"""What the staged form of each resource should be: its definition copied, and the actions staged on it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.config import Config
from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import REMOVE, REPLACE, RUN, Applied, Kind, Name, Resource, staged_path
from stagectl.core.planning.moves import new_claims
from stagectl.core.planning.situation import same_text
from stagectl.core.plans.globs import glob_test
from stagectl.core.stamps import is_pending, later_count

Desired = Mapping[Name, Optional[Resource]]  # the staged form each resource shall have, None for one that goes
Unstaged = Tuple[Tuple[Name, str], ...]


def desired_state(
    config: Config,
    snapshot: Snapshot,
    chosen: FrozenSet[Name],
    deleted: Optional[Mapping[Name, Resource]] = None,
) -> Dict[Name, Optional[Resource]]:
    """Return what the staged form of each chosen resource should be, None for one whose definition is gone.

    deleted: committed staged files that were deleted by hand.
    """
    deleted = deleted or {}
    taken_back = _taken_back(snapshot)
    desired: Dict[Name, Optional[Resource]] = {}
    for name in sorted(chosen):
        staged = snapshot.staged.get(name)
        if name in snapshot.defined:
            before = taken_back.get(name) or _before(name, snapshot, deleted)
            desired[name] = copy_definition(config, snapshot, name, before.actions if before else {})
        elif staged is not None:
            desired[name] = staged if staged.source is None else None
        elif name in deleted:
            desired[name] = None
    return desired


def _before(name: Name, snapshot: Snapshot, deleted: Mapping[Name, Resource]) -> Optional[Resource]:
    """Return the staged file that a definition goes on from: of one that was just moved, that of its old name."""
    staged = snapshot.staged.get(name) or deleted.get(name)
    for old in new_claims(snapshot.defined[name].moved_from, staged.moved_from if staged is not None else ()):
        if old in snapshot.staged and old != name:
            return snapshot.staged[old]
    return staged


def _taken_back(snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return for each name that a staged claim is about, and a definition no longer, the staged file that claims it.

    A move that is taken back goes the way back: what is staged under the new name goes on under the old one.
    """
    found: Dict[Name, Resource] = {}
    for name, staged in snapshot.staged.items():
        defined = snapshot.defined.get(name)
        for old in new_claims(staged.moved_from, defined.moved_from if defined is not None else ()):
            found.update({old: staged} if old != name else {})
    return found


def staged_bytes(resource: Optional[Resource]) -> Optional[bytes]:
    """Return the bytes of a staged form."""
    return None if resource is None else resource.content


def find_unstaged(config: Config, snapshot: Snapshot) -> Unstaged:
    """Return the names whose definition is not what is staged, sorted, and what happened to it since."""
    found = []
    names = frozenset({*snapshot.defined, *snapshot.staged})
    for name, desired in sorted(desired_state(config, snapshot, names).items()):
        current = snapshot.files.get(staged_path(name))
        if not same_text(current, staged_bytes(desired)):
            found.append((name, "gone" if desired is None else "changed" if current is not None else "new"))
    return tuple(found)


def copy_definition(config: Config, snapshot: Snapshot, name: Name, stamps: Mapping[str, str]) -> Resource:
    """Return a definition as it is staged: tags copied and completed, the body byte for byte."""
    defined = snapshot.defined[name]
    tags = tags_of(config, defined)
    return render(replace(defined, tags=tags, source=snapshot.definition_paths[name], actions=dict(stamps)))


def tags_of(config: Config, defined: Resource) -> Tuple[str, ...]:
    """Return the tags a definition is staged with: its own, then those the config gives its path."""
    tags = dict.fromkeys([*defined.tags, *path_tags(config, defined.name)])
    return tuple(sorted(tags) if defined.template else tags)  # of what was expanded, values alone decide the bytes


def path_tags(config: Config, name: Name) -> List[str]:
    """Return the tags that the config gives a resource by its path."""
    return [tag for glob, tags in config.tags if glob_test(glob)(name) for tag in tags]


def render(resource: Resource) -> Resource:
    """Return a resource with its staged file's bytes: front matter in one form, the body as it is."""
    from stagectl.adapters import yamlfile  # `status` writes no file

    front = yamlfile.FrontMatter(
        resource.kind, resource.tags, resource.moved_from, resource.source, resource.actions, resource.template
    )
    return replace(resource, content=yamlfile.front_matter(front) + yamlfile.body_of(resource.content))


def as_staged(desired: Desired, snapshot: Snapshot, deleted: Mapping[Name, Resource]) -> Dict[Name, Optional[Resource]]:
    """Return the forms that are staged now, None for what goes; raises StagectlError for what was never staged."""
    never = [name for name in sorted(desired) if name not in snapshot.staged and name not in deleted]
    if never:
        names = " ".join(never)
        raise StagectlError(
            f"{', '.join(never)}: never staged, so there is nothing to act on",
            f"stage it first: stagectl stage {names}",
        )
    return {
        name: None if form is None else snapshot.staged.get(name) or deleted[name] for name, form in desired.items()
    }


def with_actions(
    desired: Desired,
    actions: Sequence[str],
    snapshot: Snapshot,
    applied: Mapping[Name, Applied],
) -> Dict[Name, Optional[Resource]]:
    """Return the desired forms with actions staged on each of them; raises StagectlError for one that none can have."""
    result = dict(desired)
    for action in actions:
        _refuse_action(action, result, snapshot.kinds, applied)
        for name, resource in result.items():
            assert resource is not None, "an action on a resource that goes was refused"
            result[name] = _stamp(resource, action, applied.get(name, Applied()).stamps)
    return result


def _refuse_action(
    action: str,
    desired: Desired,
    kinds: Mapping[str, Kind],
    applied: Mapping[Name, Applied],
) -> None:
    if action == REMOVE:
        raise StagectlError(
            "'remove' is not staged with -a", "delete the definition and stage it, or: stagectl remove NAME"
        )
    gone = sorted(name for name, resource in desired.items() if resource is None)
    if gone:
        raise StagectlError(f"{', '.join(gone)}: its definition is gone, so it can only be removed")
    for name, resource in sorted(desired.items()):
        kind = kinds[resource.kind] if resource else Kind("")
        if action != REPLACE and action not in kind.verbs():
            near = nearest(action, kind.verbs())
            message = f"'{action}' is no action of {name}, which is of kind {kind.name}{near}"
            raise StagectlError(message, f"its actions: {', '.join(kind.verbs())}")
        if action == RUN and name in applied and applied[name].live:
            raise StagectlError(
                f"{name} is live already, so it cannot be run", "to remove and run it again: -a replace"
            )


def _stamp(resource: Resource, action: str, done: Mapping[str, str]) -> Resource:
    """Return a resource with an action staged last; one that is pending already stays as it is."""
    old = resource.actions.get(action)
    if old is not None and is_pending(old, done.get(action)):
        return resource
    count = later_count(old or "0-0", done.get(action, "0-0"))
    stamps = {other: stamp for other, stamp in resource.actions.items() if other != action}
    stamps[action] = f"{count}-{os.urandom(2).hex()}"
    return render(replace(resource, actions=stamps))
