"""What a shell may complete: names, tags, kinds and actions of the repository around; errors complete nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, List

if TYPE_CHECKING:
    from stagectl.adapters.worktree.snapshot import Snapshot


def _completer(words: Callable[[Snapshot], Iterable[str]]) -> Callable[[str], List[str]]:
    def complete(incomplete: str) -> List[str]:
        from stagectl.usecases.repository.workspace import Workspace

        try:
            known = words(Workspace(Path.cwd()).read(definitions=True))
        except Exception:  # a shell that completes must not print tracebacks
            return []
        return sorted({word for word in known if word.startswith(incomplete)})

    return complete


def _tags(snapshot: Snapshot) -> List[str]:
    resources = [*snapshot.defined.values(), *snapshot.staged.values()]
    return [tag for resource in resources for tag in resource.tags]


names = _completer(lambda snapshot: [*snapshot.defined, *snapshot.staged])
tags = _completer(_tags)
kinds = _completer(lambda snapshot: snapshot.kinds)
actions = _completer(lambda snapshot: [verb for kind in snapshot.kinds.values() for verb in kind.verbs()])
