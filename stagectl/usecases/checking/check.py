"""`check`: what the world says of what is live (docs/design.md, section 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Optional

from stagectl.core.errors import StagectlError
from stagectl.core.model import CONFIG, KINDS, Applied, Name
from stagectl.core.planning.moves import old_names
from stagectl.core.plans.selection import NoResource, Selection, World, select
from stagectl.core.running.looks import Checked
from stagectl.usecases.applying.cluster import Where, is_remote
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.checking.accept import accept, find_writings, prepare
from stagectl.usecases.checking.looking import Subjects, Way, look_at
from stagectl.usecases.checking.record import locked, record
from stagectl.usecases.planning.acting_files import check_committed
from stagectl.usecases.planning.incremental import quickest
from stagectl.usecases.planning.names import choose_live, explain_unstaged
from stagectl.usecases.repository.workspace import Workspace


@dataclass(frozen=True)
class CheckOptions:
    """How to check: how many looks at once, and where they are carried out; record: whether what is seen is stored.

    offline: whether the remote is left alone then; accept: whether it is taken into the definitions, too.
    """

    parallel: Optional[int] = None
    where: Where = field(default_factory=Where)
    record: bool = False
    offline: bool = False
    accept: bool = False


def check(workspace: Workspace, selection: Selection, options: CheckOptions, onlooker: Onlooker) -> Checked:
    """Look at the selected live resources; nothing is changed unless it is to be recorded. Raises StagectlError."""
    if not (options.record or options.accept):
        return look_at_selected(workspace, selection, options, onlooker)
    _check_here(workspace)
    # It looks beside any apply; the lock is for what is recorded.
    found = look_at_selected(workspace, selection, options, onlooker)
    with locked(workspace, onlooker.note, offline=options.offline) as team:
        if options.accept:
            find_writings(workspace, found.looks)  # where it refuses, nothing is recorded
        found = record(workspace, found, team)
    if not options.accept:
        return found
    workspace.look_again()  # what can be staged depends on what was seen
    return accept(workspace, found, prepare(workspace, found.looks))


def look_at_selected(workspace: Workspace, selection: Selection, options: CheckOptions, onlooker: Onlooker) -> Checked:
    """Look at the selected live resources; nothing is changed. Raises StagectlError, and then nothing was looked at."""
    subjects = subjects_of(workspace, selection, options)
    looks, interrupted = look_at(workspace, subjects, way(workspace, options, onlooker))
    return Checked(looks, interrupted)


def _check_here(workspace: Workspace) -> None:
    """Refuse where what is seen could not be recorded."""
    if workspace.git.branch() == workspace.branch.ref:
        raise StagectlError(f"{workspace.config.applied_branch} is checked out here", "go back to your own branch")
    workspace.git.check_identity()


def way(workspace: Workspace, options: CheckOptions, onlooker: Onlooker) -> Way:
    """Return how looks are carried out."""
    return Way(options.parallel or workspace.config.parallelism, options.where, onlooker)


def subjects_of(workspace: Workspace, selection: Selection, options: CheckOptions) -> Subjects:
    """Return what a selection asks to look at; raises StagectlError."""
    head = workspace.git.head()
    if head is None:
        raise StagectlError("there is no commit yet, so nothing is applied", "stage something: stagectl stage")
    dirty = workspace.git.dirty([KINDS, CONFIG])
    if dirty:
        raise StagectlError(f"not committed: {', '.join(dirty[:5])}", "only what is committed acts: commit it first")
    if not workspace.branch.is_known:
        workspace.refuse_unfetched()
    states = quickest("check", lambda: choose_live(workspace, selection), lambda: _choose(workspace, selection))
    subjects = Subjects(states, workspace.kinds(), head, workspace.branch.tip)
    check_acting(workspace, subjects, options)
    return subjects


def check_acting(workspace: Workspace, subjects: Subjects, options: CheckOptions) -> None:
    """Refuse to look with files that are not as they are committed; raises StagectlError."""
    if not is_remote(options.where, workspace.config):  # workers act in checkouts
        used = {state.resource.kind for state in subjects.states.values() if state.resource is not None}
        check_committed(
            workspace.git, (subjects.kinds[name] for name in sorted(used & subjects.kinds.keys())), subjects.head
        )


def _choose(workspace: Workspace, selection: Selection) -> Dict[Name, Applied]:
    """Return the live resources that a selection means; raises StagectlError for what is no live one."""
    applied = workspace.applied_state()[1]
    live = {name: state.resource for name, state in applied.items() if state.resource is not None}
    world = World.of(live, aliases=old_names(live.values()), vocabulary=workspace.config.vocabulary)
    try:
        chosen = select(selection, world)
    except NoResource as error:
        if error.glob in workspace.snapshot().staged:
            raise StagectlError(
                f"'{error.glob}' is staged and not live: there is nothing to look at",
                f"run it: stagectl apply {error.glob}; if it is there: stagectl apply --record-only {error.glob}",
            ) from None
        raise explain_unstaged(workspace, error) or error from None
    return {name: applied[name] for name in sorted(live if chosen is None else chosen)}
