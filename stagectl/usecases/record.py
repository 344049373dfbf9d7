"""Recording a run: the applied branch moves once, by what succeeded."""

from __future__ import annotations

from typing import Mapping, Optional

from stagectl.adapters import store
from stagectl.core.document import selection_json
from stagectl.core.errors import StagectlError
from stagectl.core.model import Applied, ChangeId, Name, Oid
from stagectl.core.outcome import NOOP, SUCCESS, Outcome, settle
from stagectl.core.plan import Plan
from stagectl.core.values import canonical
from stagectl.usecases.workspace import Workspace

NO_BASE = "none"  # the base of the first apply
TRIES = 5  # how often a run is replayed onto what others applied meanwhile


def record(
    workspace: Workspace,
    plan: Plan,
    run: str,
    outcomes: Mapping[ChangeId, Outcome],
    applied: Mapping[Name, Applied],
    source: Optional[Oid],
    *,
    record_only: bool = False,
    sign: bool = False,
) -> Optional[Oid]:
    """Move the applied branch by what succeeded; return its new commit, None when nothing moved.

    applied: the applied state the plan was made from. What somebody else applied meanwhile stays where the two touch
    no resource in common; where they do, StagectlError names these, and what this run did is kept in a commit.
    """
    git, branch = workspace.git, workspace.branch
    tip, local, now = branch.tip, branch.local, applied
    message = _message(workspace, plan, run, outcomes, record_only)
    for _ in range(TRIES):
        states = settle(plan, outcomes, now)
        if not states:
            return None
        commit = store.write(git, tip, source, states, message, sign=sign)
        if git.move_ref(branch.ref, commit, local, f"apply: run {run}"):
            return commit
        tip = local = git.find(branch.ref)
        now = store.load(git, tip) if tip else {}
        touched = sorted(name for name in states if now.get(name) != applied.get(name))
        if touched:
            raise StagectlError(
                f"{branch.ref} moved while this run was applied, and both changed {', '.join(touched[:5])}; "
                f"what this run did is kept in the commit {commit}",
                f"see what moved it: git log --first-parent {workspace.config.applied_branch}",
            )
    raise StagectlError(f"{branch.ref} keeps moving", "try again: stagectl resume")


def is_recorded(workspace: Workspace, run: str, base: Optional[Oid]) -> Optional[Oid]:
    """Return the applied commit of a run, None if it has none; base: the applied commit it started from."""
    tip = workspace.git.find(workspace.branch.ref)
    for commit in workspace.git.first_parents(tip) if tip else ():
        if commit == base:
            return None
        if f"Run: {run}".encode() in workspace.git.run("log", "-1", "--format=%B", commit).splitlines():
            return commit
    return None


def _message(
    workspace: Workspace, plan: Plan, run: str, outcomes: Mapping[ChangeId, Outcome], record_only: bool
) -> str:
    """Return the message of an applied commit: trailers name the run, the person, every change and its result."""
    done = sum(end.state in (SUCCESS, NOOP) for end in outcomes.values())
    subject = f"apply: {done} of {len(outcomes)} changes" if outcomes else f"apply: {len(plan.recorded)} recorded"
    subject += ", recorded only" if record_only and outcomes else ""
    trailers = [f"Run: {run}", f"Applied-by: {workspace.git.check_identity()}", f"Plan: {plan.id}"]
    trailers += ["Record-only: true"] if record_only else []
    trailers += [f"Base: {plan.base or NO_BASE}", f"Selection: {canonical(selection_json(plan.selection))}"]
    trailers += [f"Change: {change.id} {outcomes[change.id].state}" for change in plan.changes]
    trailers += [f"Unchanged: {change.id}" for change in plan.changes if _is_unchanged(outcomes[change.id])]
    trailers += [f"Recorded: {name}" for name in plan.recorded]
    return subject + "\n\n" + "\n".join(trailers) + "\n"


def _is_unchanged(outcome: Outcome) -> bool:
    """Return whether an action succeeded and said that it changed nothing, which reactions may go by."""
    return outcome.state == SUCCESS and not outcome.changed
