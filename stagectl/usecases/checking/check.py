"""`check`: what the world says of what is live (docs/design.md, section 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional

from stagectl.core.errors import StagectlError
from stagectl.core.model import CONFIG, KINDS, Applied, Name
from stagectl.core.planning.moves import old_names
from stagectl.core.plans.selection import NoResource, Selection, World, select
from stagectl.core.running.looks import Checked
from stagectl.usecases.applying.cluster import Where, is_remote
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.checking.looking import Asked, Way, look_at
from stagectl.usecases.planning.acting_files import check_committed
from stagectl.usecases.repository.workspace import Workspace


@dataclass(frozen=True)
class Options:
    """How to check: how many looks at once, and where they are carried out."""

    parallel: Optional[int] = None
    where: Where = field(default_factory=Where)


def check(workspace: Workspace, selection: Selection, options: Options, onlooker: Onlooker) -> Checked:
    """Look at the selected live resources; nothing is changed. Raises StagectlError, and then nothing was looked at."""
    asked = what_is_asked(workspace, selection, options)
    looks, interrupted = look_at(workspace, asked, _way(workspace, options, onlooker))
    return Checked(looks, interrupted)


def _way(workspace: Workspace, options: Options, onlooker: Onlooker) -> Way:
    return Way(options.parallel or workspace.config.parallelism, options.where, onlooker)


def what_is_asked(workspace: Workspace, selection: Selection, options: Options) -> Asked:
    """Return what a selection asks to look at; raises StagectlError."""
    head = workspace.git.head()
    if head is None:
        raise StagectlError("there is no commit yet, so nothing is applied", "stage something: stagectl stage")
    dirty = workspace.git.dirty([KINDS, CONFIG])
    if dirty:
        raise StagectlError(f"not committed: {', '.join(dirty[:5])}", "only what is committed acts: commit it first")
    base, applied = workspace.applied()
    if not workspace.branch.is_known:
        workspace.refuse_unfetched()
    asked = Asked(_chosen(workspace, selection, applied), workspace.kinds(), head, base)
    if not is_remote(options.where, workspace.config):  # workers act in checkouts
        used = {state.resource.kind for state in asked.states.values() if state.resource is not None}
        check_committed(workspace.git, (asked.kinds[name] for name in sorted(used & asked.kinds.keys())), head)
    return asked


def _chosen(workspace: Workspace, selection: Selection, applied: Mapping[Name, Applied]) -> Dict[Name, Applied]:
    """Return the live resources that a selection means; raises StagectlError for what is no live one."""
    live = {name: state.resource for name, state in applied.items() if state.resource is not None}
    words = frozenset(workspace.config.vocabulary)
    world = World.of(live, aliases=old_names(live.values()))
    try:
        chosen = select(selection, World(world.tags, world.parents, world.aliases, words))
    except NoResource as error:
        if error.glob in workspace.snapshot().staged:
            raise StagectlError(
                f"'{error.glob}' is staged and not live: there is nothing to look at",
                f"run it: stagectl apply {error.glob}; if it is there: stagectl apply --record-only {error.glob}",
            ) from None
        raise
    return {name: applied[name] for name in sorted(live if chosen is None else chosen)}
