"""Nothing by accident: a typo in `roots`, or a folder that is not there, must not remove everything."""

from __future__ import annotations

import os
from pathlib import Path

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import StagectlError
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.desired import Desired


def refuse_empty_roots(workspace: Workspace, snapshot: Snapshot, desired: Desired) -> None:
    """Raise StagectlError where staged files would go because no root that they come from holds any definition."""
    staged = [snapshot.staged[name] for name, form in desired.items() if form is None and name in snapshot.staged]
    going = sorted((one.source, one.name) for one in staged if one.source is not None)
    if not going or workspace.git.is_on("core.sparseCheckout"):
        return
    roots = [f"{root}/" for root in workspace.config.roots if _holds_definitions(workspace.root / root)]
    lost = [name for source, name in going if not any(source.startswith(root) for root in roots)]
    if lost:
        where = ", ".join(workspace.config.roots)
        raise StagectlError(
            f"{', '.join(lost[:5])}{', ...' if len(lost) > 5 else ''} would be removed: "
            f"there is no definition where they come from (the roots: {where})",
            "look for a typo in `roots` of stagectl.yaml; if that is meant: --allow-empty",
        )


def _holds_definitions(folder: Path) -> bool:
    return any(name.endswith(".yaml") for _, _, names in os.walk(folder) for name in names)
