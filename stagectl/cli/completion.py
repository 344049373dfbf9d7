"""What a shell may complete: names, tags, kinds, actions, keys, changes and runs of the repository around.

Errors complete nothing: a shell that completes must not print tracebacks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, FrozenSet, Iterable, List

if TYPE_CHECKING:
    from stagectl.adapters.worktree.snapshot import Snapshot
    from stagectl.core.model import Name
    from stagectl.usecases.repository.workspace import Workspace


def _beginning(incomplete: str, words: Callable[[Workspace], Iterable[str]]) -> List[str]:
    from stagectl.usecases.repository.workspace import Workspace

    try:
        known = words(Workspace(Path.cwd()))
    except Exception:
        return []
    return sorted({word for word in known if word.startswith(incomplete)})


def _asking(words: Callable[[Workspace], Iterable[str]]) -> Callable[[str], List[str]]:
    def complete(incomplete: str) -> List[str]:
        return _beginning(incomplete, words)

    return complete


def _completer(words: Callable[[Snapshot], Iterable[str]]) -> Callable[[str], List[str]]:
    return _asking(lambda workspace: words(workspace.read(definitions=True)))


def _known_tags(workspace: Workspace) -> Dict[Name, FrozenSet[str]]:
    from stagectl.usecases.looking.known_names import known_names

    return known_names(workspace)


names = _asking(_known_tags)
tags = _asking(lambda workspace: [tag for some in _known_tags(workspace).values() for tag in some])
definition_names = _completer(lambda snapshot: [*snapshot.defined, *snapshot.definitions])
kind_names = _completer(lambda snapshot: snapshot.kinds)
actions = _completer(lambda snapshot: [verb for kind in snapshot.kinds.values() for verb in kind.verbs()])
# A removal is staged by `remove`, never as an action.
staged_actions = _completer(
    lambda snapshot: {verb for kind in snapshot.kinds.values() for verb in kind.verbs()} - {"remove"}
)


def keys(incomplete: str) -> List[str]:
    """Return the inputs that may be set: those of the kind's schema and of the definition, each with its `=`."""

    def list_words(workspace: Workspace) -> List[str]:
        from stagectl.core.model import Name

        snapshot = workspace.read(definitions=True)
        line = os.environ.get("COMP_WORDS", "").replace("--kind=", "--kind ").split()
        resource = next((snapshot.defined[Name(word)] for word in line if word in snapshot.defined), None)
        chosen = line[line.index("--kind") + 1] if "--kind" in line[:-1] else ""
        kind = snapshot.kinds.get(chosen or (resource.kind if resource else ""))
        schema = kind.schema if kind is not None else None
        properties = schema.get("properties") if isinstance(schema, dict) else None
        return [f"{key}=" for key in (*(properties or ()), *(resource.inputs if resource else ()))]

    return _beginning(incomplete, list_words)


def bare_keys(incomplete: str) -> List[str]:
    """Return the inputs that may be taken out."""
    return [key[:-1] for key in keys(incomplete)]


def changes(incomplete: str) -> List[str]:
    """Return the changes that a plan of everything has."""

    def list_words(workspace: Workspace) -> List[str]:
        from stagectl.core.plans.selection import Selection
        from stagectl.usecases.planning.plan import plan

        return [change.id for change in plan(workspace, Selection()).changes]

    return _beginning(incomplete, list_words)


def runs(incomplete: str) -> List[str]:
    """Return the runs that are kept here."""
    from stagectl.adapters.running import run_folders

    return _beginning(incomplete, lambda workspace: run_folders.run_ids(workspace.git.own_scratch()))
