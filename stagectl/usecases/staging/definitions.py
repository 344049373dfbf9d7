"""What the verbs that put definitions back have in common: how a definition has to read, and what must not be lost."""

from __future__ import annotations

from typing import Optional

from stagectl.adapters import yamlfile
from stagectl.core.config import Config
from stagectl.core.errors import StagectlError
from stagectl.core.model import Resource
from stagectl.core.standing import from_here
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.desired import path_tags


def definition_of(config: Config, staged: Resource, defined: Optional[Resource]) -> bytes:
    """Return the definition that is staged as *staged*; the present one's front matter stays if that says the same."""
    added = path_tags(config, staged.name)
    own = set(defined.tags) if defined is not None else set()
    tags = [tag for tag in staged.tags if tag not in added or tag in own]
    body = yamlfile.body_of(staged.content)
    if defined is not None and _front(defined) == (staged.kind, tags, staged.moved_from):
        return defined.content[: len(defined.content) - len(yamlfile.body_of(defined.content))] + body
    return yamlfile.front_matter(yamlfile.FrontMatter(staged.kind, tags, staged.moved_from)) + body


def _front(defined: Resource) -> object:
    return (defined.kind, list(defined.tags), defined.moved_from)


def refuse_loss(
    workspace: Workspace, writes: Writes, verb: str, hint: str = "commit it first", does: str = "lose it"
) -> None:
    """Raise StagectlError where writes would overwrite or delete text that no commit has; verb: such as `promoting`."""
    lost = [path for path in workspace.git.dirty(sorted(writes)) if (workspace.root / path).exists()] if writes else []
    if lost:
        raise StagectlError(f"not committed, so {verb} would {does}: {', '.join(map(from_here, lost))}", hint)
