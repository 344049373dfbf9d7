"""What an apply refuses before its first action, because it could only fail or must not happen by accident."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict, Iterable, Sequence, Set

from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.file_digests import uncommitted_files
from stagectl.core.errors import StagectlError
from stagectl.core.model import Name, Oid, Resource
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Change, Plan
from stagectl.core.plans.selection import Selection
from stagectl.core.printable import few
from stagectl.core.running.deciding import lost_debts
from stagectl.core.running.runs import restriction
from stagectl.core.standing import some_from_here
from stagectl.core.variables import variables
from stagectl.usecases.applying.execute import does, handlers_of
from stagectl.usecases.planning.plan import plan_with_situation, uncommitted_inputs
from stagectl.usecases.repository.workspace import Workspace

if TYPE_CHECKING:
    from stagectl.usecases.applying.apply import Options


def check_plan(plan: Plan, options: Options, *, is_elsewhere: bool) -> None:
    """Refuse, before the first action, what could only fail or must not happen by accident.

    is_elsewhere: whether handlers and variables are needed elsewhere than here.
    """
    left_out = restriction(plan, options.filter).preset
    changes = [change for change in plan.changes if change.id not in left_out]
    going = sorted((change for change in changes if change.protected), key=lambda change: change.resource)
    held_back = [change for change in going if change.resource not in options.allow_remove]
    if held_back:
        flags = " ".join(f"--allow-remove {change.resource}" for change in held_back)
        names = ", ".join(change.resource for change in held_back)
        why = f"{names}: protected by the kind, and would be removed{_of_drift(plan, held_back)}"
        raise StagectlError(why, f"if that is meant: {flags}")
    _check_debts(plan, changes)
    if options.record_only or is_elsewhere:
        return
    handlers_of(plan, changes)
    _check_variables([change for change in changes if does(plan, change) is not None])


def _of_drift(plan: Plan, going: Sequence[Change]) -> str:
    """Return what checks saw otherwise, where that is behind replaces; "" where nothing is."""
    seen = []
    for change in going:
        reasons = plan.kinds[change.kind].replace_on if change.kind in plan.kinds else frozenset()
        keys = [key for key in change.cause.drifted if key in reasons]
        seen += [f"{change.resource}: {', '.join(keys)}"] if keys else []
    return f", because a check saw another value ({few(seen)})" if seen else ""


def check_edited(workspace: Workspace, selection: Selection, plan: Plan, situation: Situation) -> None:
    """Refuse where the plan of the working tree would be another one, for a file that inputs have the digest of."""
    paths = _digested(situation.staged.values())
    if paths and plan.head == workspace.git.head() and uncommitted_files(workspace.git, paths, plan.head):
        here, there = plan_with_situation(workspace, selection)
        _refuse_files(uncommitted_inputs(here, there), workspace.git.resolve("HEAD"))


def _digested(forms: Iterable[Resource]) -> Set[str]:
    return {path for form in forms for named in form.files.values() for path in named}


def check_files(git: Git, plan: Plan, commit: Oid) -> None:
    """Refuse where a file that an input of the plan has the digest of is not as the commit has it."""
    paths = _digested(target.resource for target in plan.targets.values())
    _refuse_files(uncommitted_files(git, paths, commit) if paths else [], commit)


def _refuse_files(wrong: Sequence[str], commit: Oid) -> None:
    if wrong:
        raise StagectlError(
            f"{some_from_here(wrong)}: what inputs have the digest of is not as the commit {commit[:12]} has it",
            "commit it, or put it back; only what was reviewed is applied",
        )


def _check_debts(plan: Plan, changes: Sequence[Change]) -> None:
    lost = [debt for debt in lost_debts(plan) if debt in changes]
    if lost:
        names = sorted({debt.resource for debt in lost})
        raise StagectlError(
            "; ".join(f"{debt.id} is owed, and the kind '{debt.kind}' has no such action any more" for debt in lost),
            "give the kind the action again, or pass over it and drop the debt: "
            f"stagectl apply {' '.join(f'--noop {debt.id}' for debt in lost)} && stagectl discard {' '.join(names)}",
        )


def _check_variables(changes: Sequence[Change]) -> None:
    readers: Dict[str, Set[Name]] = {}
    for change in changes:
        for name in variables(dict(change.inputs or {})):
            readers.setdefault(name, set()).add(change.resource)
    missing = sorted(readers.keys() - os.environ.keys())
    if missing:
        unset = (f"{name} (read by {few(sorted(readers[name]))})" for name in missing)
        raise StagectlError(
            f"not set in the environment: {', '.join(unset)}", "set what the inputs read with ${env:...}"
        )
