"""Claims of an older commit that were spent once, and would count again since what had made them was removed.

The applied state does not remember what is gone, so the history of the applied branch says it (docs/design.md,
section 11). What such a claim would take is maybe another resource.
"""

from __future__ import annotations

from typing import List, Tuple

from stagectl.adapters.applied.store import state_path
from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.yamlfile.names import claims_in
from stagectl.core.errors import StagectlError
from stagectl.core.model import Name, Oid, staged_path
from stagectl.core.plans.plan import Plan
from stagectl.usecases.repository.workspace import Workspace


def refuse_claimed_again(workspace: Workspace, plan: Plan, head: Oid) -> None:
    """Raise StagectlError for a move whose claim was spent before its resource went, which a commit does not know."""
    for old, new in claimed_again(workspace, plan, head):
        hint = f"drop the claim from {new} on top of this commit, and stage: then {new} is run anew; or move {old} in a"
        raise StagectlError(again_text(old, new), f"{hint} commit that contains the removal")


def claimed_again(workspace: Workspace, plan: Plan, head: Oid) -> List[Tuple[Name, Name]]:
    """Return the moves, old name and new one, whose claims were spent once, and removed since without a commit."""
    git, tip = workspace.git, workspace.branch.tip
    return [] if tip is None else [(old, new) for old, new in plan.moved if _was_spent(git, tip, head, old, new)]


def again_text(old: Name, new: Name) -> str:
    """Return what is wrong with such a move."""
    return (
        f"{new} claims {old} again (moved_from): it had what was {old}, and was removed since, which this commit does "
        f"not contain; what is {old} now may be another resource"
    )


def _was_spent(git: Git, tip: Oid, head: Oid, old: Name, new: Name) -> bool:
    gone = git.log(["-1", "--first-parent", "--diff-filter=D", tip, *git.only([state_path(new)], ever=True)], ["%P"])
    before, source = (gone[0][0].split() + ["", ""])[:2] if gone else ("", "")
    blob = git.look_up([git.at(Oid(before), staged_path(new))])[0] if source else None
    return blob is not None and old in claims_in(git.blobs([blob])[blob]) and not _knows(git, head, Oid(source), new)


def _knows(git: Git, head: Oid, source: Oid, name: Name) -> bool:
    """Return whether a commit contains the one from which a resource was removed, or has removed it itself since."""
    try:
        if git.find(source) is None or git.is_ancestor(source, head):
            return True
    except GitError:  # this clone lacks history: then it is not known
        return True
    bases = git.run("merge-base", "--all", head, source, check=False).decode().split()
    since = [f"^{base}" for base in bases]
    arguments = ["-1", "--full-history", "--diff-filter=D", head, *since, *git.only([staged_path(name)], ever=True)]
    return bool(git.log(arguments, ["%H"]))
