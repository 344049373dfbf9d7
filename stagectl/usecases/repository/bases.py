"""What a plan may be made against beside what is applied: a commit whose staged files count as fully applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Mapping, Optional

from stagectl.core.model import Applied, Name
from stagectl.core.planning.resolve import Resolver, reported_outputs

if TYPE_CHECKING:
    from stagectl.adapters.worktree.snapshot import Snapshot


def fully_applied(
    found: Snapshot, facts: Mapping[Name, Applied], digests: Optional[Mapping[str, str]] = None
) -> Dict[Name, Applied]:
    """Return the applied state in which every staged file of a tree has been applied, explicit actions included.

    facts: what is applied indeed; outputs are what they are there. digests: of the files that inputs name, by path.
    """
    outputs = reported_outputs(facts)
    resolver = Resolver(found.staged, {}, outputs, digests=digests)
    return {
        name: Applied(
            resource=resource,
            inputs=resolver.inputs(name),
            stamps=dict(resource.actions),
            outputs=outputs.get(name, {}),
        )
        for name, resource in found.staged.items()
    }
