"""The definitions that are new, edited or deleted and not staged, for a plan, which knows nothing of definitions."""

from __future__ import annotations

from contextlib import suppress
from typing import FrozenSet, Iterable, List, Optional, Sequence

from stagectl.adapters.git.git import GitError
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import ChangeId, Name, split_change, staged_path
from stagectl.usecases.planning.kind_files import kind_files
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.desired import Unstaged, find_unstaged
from stagectl.usecases.staging.part import part_of
from stagectl.usecases.staging.restage import look_around, names_at, noted_family

_MOST = 5  # names on a line


def edited_line(workspace: Workspace, paths: Sequence[str]) -> Optional[str]:
    """Return what to say of definitions that are not as HEAD has them, None where what is staged is what they say.

    paths: of definitions; some may have been merely touched, or be ignored.
    """
    edited = workspace.git.dirty(paths)
    return _line(_find_unstaged(workspace, edited) if edited else (), "in this plan", "stagectl stage {}")


def mended_line(workspace: Workspace, changes: Iterable[ChangeId]) -> Optional[str]:
    """Return what to say where changes that are tried again are of definitions that say otherwise, committed or not."""
    names = {split_change(change)[0] for change in changes}
    paths = [f"{root}/{name}.yaml" for root in workspace.config.roots for name in sorted(names)]
    if not paths or workspace.git.is_bare:
        return None
    mended = tuple(one for one in _find_unstaged(workspace, paths) if one[0] in names)
    return _line(mended, "tried again", "stagectl stage {0} && stagectl apply {0}")


def _line(found: Unstaged, where: str, command: str) -> Optional[str]:
    if not found:
        return None
    said = [f"{name} ({state})" for name, state in found[:_MOST]]
    rest = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    hint = "see stagectl status" if rest else f"to stage: {command.format(' '.join(name for name, _ in found))}"
    return f"not staged, and so not {where}: {', '.join(said)}{rest}; {hint}"


def _find_unstaged(workspace: Workspace, edited: List[str]) -> Unstaged:
    """Return what is not staged of edited definitions, and of what is like them or made by them."""
    roots = workspace.config.roots
    try:
        named = names_at(edited, roots)
        family = noted_family(workspace) or look_around(workspace).family
        names = frozenset(family.reach_of(named))
        return find_unstaged(workspace.config, part_of(workspace, kind_files(workspace), names, family))
    except (ReadInFull, GitError):
        return _read_in_full(workspace, edited)


def _read_in_full(workspace: Workspace, edited: List[str]) -> Unstaged:
    """Return the same, all files read; of what cannot be read, which is no more staged, only that it changed."""
    names: FrozenSet[Name] = frozenset()
    with suppress(ReadInFull):
        names = frozenset(names_at(edited, workspace.config.roots))
    try:
        snapshot = workspace.snapshot(definitions=True)
    except StagectlError:
        states = {name: (workspace.root / staged_path(name)).exists() for name in sorted(names)}
        return tuple((name, "changed" if is_staged else "new") for name, is_staged in states.items())
    made = {name for name, one in snapshot.expanded.items() if names.intersection(each.name for each in one.chain)}
    return tuple(one for one in find_unstaged(workspace.config, snapshot) if one[0] in names | made)
