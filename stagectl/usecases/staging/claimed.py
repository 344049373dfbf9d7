"""Claims on old names (`moved_from`) that cannot be followed because of definitions that are not staged."""

from __future__ import annotations

from stagectl.core.planning.checks import ImpossiblePlan
from stagectl.core.planning.schema_checks import Trouble
from stagectl.core.plans.plan import Plan
from stagectl.core.schemas.schema import FRONT
from stagectl.usecases.repository.troubles import locate_troubles
from stagectl.usecases.repository.workspace import Writes
from stagectl.usecases.staging.ground import Ground
from stagectl.usecases.staging.part import part_of


def refuse_defined_again(ground: Ground, plan: Plan, writes: Writes) -> None:
    """Raise InvalidFiles where a plan moves away what is defined under its old name still, or again.

    The plan knows nothing of definitions, and would take the name from what is staged next.
    """
    arriving = {new for _, new in plan.moved}
    left = {old: new for old, new in plan.moved if old not in arriving}
    if not left:
        return
    snapshot, known = ground.snapshot, ground.known
    if known is not None:
        snapshot = part_of(ground.workspace, known.incremental.kinds, left, known.family, writes)
    paths = {name: path for name, path in snapshot.definition_paths.items() if name in snapshot.defined}
    why = "'moved_from: {0}' cannot be followed: {0} is still there ({1}); delete it, or drop the claim"
    troubles = [
        Trouble(new, ("moved_from",), why.format(old, paths[old]), document=FRONT)
        for old, new in sorted(left.items())
        if old in paths
    ]
    if troubles:
        raise locate_troubles(ImpossiblePlan(troubles), ground.snapshot, ground.snapshot.definition_paths)
