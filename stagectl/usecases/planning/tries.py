"""What was tried before: for changes that come back, the run that left them, when, and how it failed.

The applied state has no clocks; the trailers of the applied commits say it. They are read only for a plan that has
such a change.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.git.git import Git
from stagectl.core.model import STANDARD_ACTIONS, Applied, ChangeId, Name, Oid, change_id, split_change
from stagectl.core.plans.plan import CauseType, Change, Plan, Try
from stagectl.core.running.outcome import ERROR, NOOP, SKIPPED, SUCCESS, UNKNOWN

_MOST = 100  # changes that are looked for
_LEFT = {ERROR, UNKNOWN, SKIPPED, NOOP}


def with_tries(git: Git, plan: Plan, applied: Mapping[Name, Applied], tip: Oid) -> Plan:
    """Return a plan whose changes say what became of them where they were tried, or owed, before.

    applied: at least the states of what is in the plan, as *tip*, an applied commit, has them.
    """
    old = {new: before for before, new in plan.moved}
    returning = ((change, tried) for change in plan.changes for tried in earlier_try(change, applied))
    wanted = {one.id: _ids(one, change_id(one.resource, tried), old) for one, tried in islice(returning, _MOST)}
    if not wanted:
        return plan
    found = _newest(git, tip, wanted)
    changes = tuple(replace(one, last=found[one.id]) if one.id in found else one for one in plan.changes)
    return replace(plan, changes=changes)


def earlier_try(change: Change, applied: Mapping[Name, Applied]) -> List[str]:
    """Return the action, if there is one, whose try, or debt, a change follows."""
    state = applied.get(change.resource, Applied())
    if change.action in STANDARD_ACTIONS and state.unfinished is not None:
        return [state.unfinished.action]
    return [change.action] if change.action in state.owed else []


def _ids(change: Change, tried: ChangeId, old: Mapping[Name, Name]) -> Dict[ChangeId, bool]:
    """Return the changes to look for, each with whether its success is meant: what makes a debt due."""
    ids = dict.fromkeys((tried, change_id(old.get(change.resource, change.resource), split_change(tried)[1])), False)
    return {**ids, **(dict.fromkeys(change.cause.of, True) if change.cause.type == CauseType.OWED else {})}


def _newest(git: Git, tip: Oid, wanted: Mapping[ChangeId, Mapping[ChangeId, bool]]) -> Dict[ChangeId, Try]:
    """Return for each change the newest run that left it, or made it due."""
    ids = "|".join(sorted({one.replace(".", "[.]") for some in wanted.values() for one in some}))
    options = ["--first-parent", "--extended-regexp", f"--grep=^Change: ({ids}) [A-Z]+$", tip]
    found: Dict[ChangeId, Try] = {}
    for date, text in git.log(options, ("%cI", "%(trailers:only,unfold)")):
        trailers = [line.partition(": ")[::2] for line in text.splitlines()]
        for change, some in wanted.items():
            one = _try_in(trailers, date, some) if change not in found else None
            found.update({} if one is None else {change: one})
        if len(found) == len(wanted):
            break
    return found


def _try_in(trailers: Sequence[Tuple[str, ...]], date: str, wanted: Mapping[ChangeId, bool]) -> Optional[Try]:
    ends = dict(value.rpartition(" ")[::2] for key, value in trailers if key == "Change")
    reasons = dict(value.partition(" ")[::2] for key, value in trailers if key == "Reason")
    run = next((value for key, value in trailers if key == "Run"), "")
    for change, is_due in wanted.items():
        state = ends.get(change)
        if state in _LEFT and not is_due:
            return Try(run, date, state, reasons.get(change, ""))
        if state == SUCCESS and is_due:
            return Try(run, date, "", "")
    return None
