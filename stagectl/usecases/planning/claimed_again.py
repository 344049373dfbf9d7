"""Claims that were spent once, and would count again since what had made them was removed, or taken back.

The applied state does not remember what is gone, so the history of the applied branch says it (docs/design.md,
section 11). What such a claim would take is maybe another resource.
"""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from stagectl.adapters.applied.store import state_path
from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.yamlfile.edit import claims_in
from stagectl.core.errors import StagectlError
from stagectl.core.model import STAGED, Name, Oid, staged_path
from stagectl.core.plans.plan import Plan
from stagectl.usecases.planning.rollback import forks
from stagectl.usecases.repository.workspace import Workspace


def claimed_again(workspace: Workspace, plan: Plan, head: Oid, *, is_older: bool) -> List[StagectlError]:
    """Return an error for each move whose claim was spent once, where what has the old name may be another resource.

    is_older: whether the commit may be older than what is applied.
    """
    git, tip = workspace.git, workspace.branch.tip
    if tip is None or not plan.moved or not _last_removal(git, tip, [new for _, new in plan.moved]):
        return []
    found = (_claimed_again(git, tip, head, move, is_older=is_older) for move in plan.moved)
    return [error for error in found if error is not None]


def _last_removal(git: Git, tip: Oid, names: Sequence[Name]) -> List[str]:
    """Return the parents of the newest applied commit that removed one of some resources, none where there is none."""
    paths = git.only([state_path(name) for name in names], ever=True)
    found = git.log(["-1", "--first-parent", "--diff-filter=D", tip, *paths], ["%P"])
    return found[0][0].split() if found else []


def _claimed_again(
    git: Git, tip: Oid, head: Oid, move: Tuple[Name, Name], *, is_older: bool
) -> Optional[StagectlError]:
    old, new = move
    before, source = (_last_removal(git, tip, [new]) + ["", ""])[:2]
    blob = git.look_up([git.at(Oid(before), staged_path(new))])[0] if source else None
    if blob is None or old not in claims_in(git.blobs([blob])[blob]):
        return None
    had = f"{new} claims {old} again (moved_from): it had what was {old}, and was removed since, which"
    drop = f"drop the claim from {new}"
    if not _knows(git, head, Oid(source), new):
        why = f"{had} this commit does not contain; what is {old} now may be another resource"
        hint = f"{drop} on top of this commit, and stage: then {new} is run anew"
        hint += f"; or move {old} in a commit that contains the removal"
        return StagectlError(why, hint) if is_older else None
    made = git.find(f"{before}^2")
    is_rolled_back = made is not None and not _knows(git, Oid(source), made, new)
    if not is_rolled_back or not _went(git, Oid(source), head, old):
        return None
    why = f"{had} an older commit did that was applied again: there {old} was another resource, and is now"
    return StagectlError(why, f"{drop}, and stage: then {new} is run anew, and {old} removed")


def _went(git: Git, start: Oid, head: Oid, name: Name) -> bool:
    """Return whether what had a name in a commit was removed since, and not moved."""
    paths = git.only([staged_path(name)], ever=True)
    gone = git.log(["--reverse", "--full-history", "--diff-filter=D", head, f"^{start}", *paths], ["%H"])
    if not gone:
        return False
    commit = Oid(gone[0][0])
    there = [git.at(commit, path) for path in git.touched_files([commit], STAGED).get(commit, ())]
    blobs = git.blobs(blob for blob in git.look_up(there) if blob is not None)
    return not any(name in claims_in(content) for content in blobs.values())


def _knows(git: Git, head: Oid, source: Oid, name: Name) -> bool:
    """Return whether a commit contains the one from which a resource was removed, or has removed it itself since."""
    try:
        if git.find(source) is None or git.is_ancestor(source, head):
            return True
    except GitError:  # this clone lacks history: then it is not known
        return True
    since = [f"^{base}" for base in forks(git, head, source)]
    arguments = ["-1", "--full-history", "--diff-filter=D", head, *since, *git.only([staged_path(name)], ever=True)]
    return bool(git.log(arguments, ["%H"]))
