"""What was tried before: for changes that come back, the run that left them, when, and how it failed.

The applied state has no clocks; the trailers of the applied commits say it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import AbstractSet, Dict, Mapping

from stagectl.adapters.git.git import Git
from stagectl.core.model import NOT_APPLIED, STANDARD_ACTIONS, Applied, ChangeId, Name, Oid, change_id
from stagectl.core.plans.plan import CauseType, Change, Plan, Try
from stagectl.core.running.outcome import ERROR, NOOP, SKIPPED, SUCCESS, UNKNOWN

_MOST = 100  # changes that are looked for
_LEFT = {ERROR, UNKNOWN, SKIPPED, NOOP}
Ends = Mapping[ChangeId, AbstractSet[str]]  # of changes, the states in which they may have ended


def with_tries(git: Git, plan: Plan, applied: Mapping[Name, Applied], tip: Oid) -> Plan:
    """Return a plan whose changes say what became of them where they were tried, or owed, before.

    applied: at least the states of what is in the plan, as *tip*, an applied commit, has them.
    """
    old = {new: before for before, new in plan.moved}
    ends = ((one.id, _wanted(one, applied.get(one.resource, NOT_APPLIED), old)) for one in plan.changes)
    wanted = dict(islice((one for one in ends if one[1]), _MOST))
    if not wanted:
        return plan
    found = _newest(git, tip, wanted)
    changes = tuple(replace(one, last=found[one.id]) if one.id in found else one for one in plan.changes)
    return replace(plan, changes=changes)


def _wanted(change: Change, state: Applied, old: Mapping[Name, Name]) -> Ends:
    """Return the changes, if it comes back, that left one, or made it due; each with how it has to have ended."""
    attempt = state.unfinished if change.action in STANDARD_ACTIONS else None
    if attempt is None and change.action not in state.owed:
        return {}
    tried = attempt.action if attempt is not None else change.action
    names = (change.resource, old.get(change.resource, change.resource))
    found = {change_id(name, tried): _LEFT for name in names}
    found.update((due, {SUCCESS}) for due in (change.cause.of if change.cause.type == CauseType.OWED else ()))
    return found


def _newest(git: Git, tip: Oid, wanted: Mapping[ChangeId, Ends]) -> Dict[ChangeId, Try]:
    """Return for each change the newest run that left it, or made it due."""
    ids = "|".join(sorted({one.replace(".", "[.]") for some in wanted.values() for one in some}))
    options = ["--first-parent", "--extended-regexp", f"--grep=^Change: ({ids}) [A-Z]+$", tip]
    found: Dict[ChangeId, Try] = {}
    for date, text in git.log(options, ("%cI", "%(trailers:only,unfold)")):
        trailers = [line.partition(": ")[::2] for line in text.splitlines()]
        ends = dict(value.rpartition(" ")[::2] for key, value in trailers if key == "Change")
        reasons = dict(value.partition(" ")[::2] for key, value in trailers if key == "Reason")
        run = next((value for key, value in trailers if key == "Run"), "")
        for change in wanted.keys() - found.keys():
            left = next((one for one, states in wanted[change].items() if ends.get(one) in states), None)
            if left is not None:
                is_done = ends[left] == SUCCESS
                found[change] = Try(run, date, "") if is_done else Try(run, date, ends[left], reasons.get(left, ""))
        if len(found) == len(wanted):
            break
    return found
