"""`adopt`: what is live in the world comes under stagectl, as far as the world confirms it."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, Sequence, Set, Tuple

from stagectl.core.errors import StagectlError
from stagectl.core.model import RUN, Applied, Name, split_change
from stagectl.core.plans.plan import CauseType, Change, Plan
from stagectl.core.plans.selection import Selection
from stagectl.core.running.looks import Checked, Left, Look, Seen, seen_look
from stagectl.core.running.runs import Filter
from stagectl.core.values import references_in
from stagectl.usecases.applying.apply import Options, apply
from stagectl.usecases.applying.task import Onlooker
from stagectl.usecases.checking.accept import accept, prepare, refuse_edited
from stagectl.usecases.checking.check import CheckOptions, check_acting, way
from stagectl.usecases.checking.looking import Subjects, look_at
from stagectl.usecases.planning.plan import plan_with_situation
from stagectl.usecases.repository.workspace import Workspace


def adopt(
    workspace: Workspace, selection: Selection, options: CheckOptions, onlooker: Onlooker, *, accepting: bool = False
) -> Checked:
    """Record, of what is staged and not live, what the world confirms, with its outputs; return all looks.

    accepting: whether values that differ are taken into the definitions, and what is staged then is looked at again.
    Raises StagectlError where nothing is to be adopted.
    """

    def look() -> Checked:
        return _record_confirmed(Workspace(workspace.root), selection, options, onlooker)

    _refuse_nothing(workspace, selection, accepting)
    checked = look()
    taken: Set[Name] = set()
    left: List[Left] = []
    commit = None
    while accepting and not checked.interrupted:
        # What is not there was never applied: its definition says what shall be, and stays.
        fresh = tuple(one for one in checked.looks if one.state != Seen.GONE and one.name not in taken)
        here = Workspace(workspace.root)
        staged = accept(here, replace(checked, looks=fresh), prepare(here, fresh))
        left += [one for one in staged.left if one not in left]
        if staged.accepted is None:
            break
        commit, again = staged.accepted, look()
        taken.update(one.name for one in fresh)  # what reads an output of these is seen now, and taken in, too
        looks = {one.name: one for one in (*checked.looks, *again.looks)}
        adopted = tuple(sorted({*checked.adopted, *again.adopted}))
        checked = replace(again, looks=tuple(looks[name] for name in sorted(looks)), adopted=adopted)
    # What reads a value that was taken is right by now.
    left = [one for one in (*left, *checked.left) if one.name not in checked.adopted]
    return replace(checked, left=tuple(dict.fromkeys(left)), accepted=commit)


def _record_confirmed(workspace: Workspace, selection: Selection, options: CheckOptions, onlooker: Onlooker) -> Checked:
    """Record what the world confirms, and then what reads an output of that; return all looks."""
    looks: Dict[Name, Look] = {}
    adopted: List[Name] = []
    interrupted = False
    waiting = _waiting(_plan(workspace, selection), looks)
    while waiting and not interrupted:
        found, interrupted = _looks(workspace, waiting, options, onlooker)
        looks.update({look.name: look for look in found})
        good = _recordable(workspace, [one for one in found if one.has_seen and one.after.observed is None])
        if not good:
            break
        _record(workspace, good, options)
        adopted += [look.name for look in good]
        # What was seen of these is what is applied now, their outputs too.
        looks.update({look.name: seen_look(look.name, look.after, look.after, look.message) for look in good})
        workspace = Workspace(workspace.root)
        waiting = _waiting(_plan(workspace, selection), looks)  # what read an output of these is known now
    found = tuple(looks[name] for name in sorted(looks))
    left = () if interrupted else _left_waiting(workspace, selection, looks)
    return Checked(found, interrupted, adopted=tuple(sorted(adopted)), left=left, is_adoption=True)


def _recordable(workspace: Workspace, looks: Sequence[Look]) -> List[Look]:
    """Return the looks at what waits for nothing that is not live."""
    held = {one.resource for one in _plan_of(workspace, [look.name for look in looks]).held}
    return [look for look in looks if look.name not in held]


def _left_waiting(workspace: Workspace, selection: Selection, looks: Mapping[Name, Look]) -> Tuple[Left, ...]:
    """Return what was asked for and waits for something that is not live, which it names."""
    plan = _plan(workspace, selection)
    runs = {one.resource for one in plan.changes if one.action == RUN}
    runs |= {one.resource for one in plan.held if one.action == RUN}
    names = sorted(name for name in runs if name not in looks or looks[name].state == Seen.OK)
    held = [one for one in _plan_of(workspace, names).held if one.action == RUN and one.needs]
    return tuple(Left(one.resource, (), f"it needs {', '.join(one.needs)} first") for one in held)


def _plan_of(workspace: Workspace, names: Sequence[Name]) -> Plan:
    """Return the plan of these alone; of none it is empty."""
    return _plan(workspace, Selection(tuple(names))) if names else Plan(Selection())


def _refuse_nothing(workspace: Workspace, selection: Selection, accepting: bool) -> None:
    """Raise StagectlError where nothing is to be looked at, or definitions that would be written have edits."""
    plan = _plan(workspace, selection)
    if not _waiting(plan, {}):
        raise _nothing_to_adopt(plan)
    if accepting:
        refuse_edited(workspace, [change.resource for change in plan.changes if change.action == RUN])


def _plan(workspace: Workspace, selection: Selection) -> Plan:
    return plan_with_situation(workspace, selection, "HEAD")[0]


def _nothing_to_adopt(plan: Plan) -> StagectlError:
    """Return why there is nothing to look at."""
    for held in plan.held:
        if held.action == RUN and held.needs:
            with_it = " ".join(sorted({held.resource, *(split_change(one)[0] for one in held.needs)}))
            needs = f"{held.resource} needs {', '.join(held.needs)} first"
            return StagectlError(needs, f"adopt it together with that: stagectl adopt {with_it}")
    return StagectlError("everything that was asked for is live", "look at it: stagectl check")


def _waiting(plan: Plan, known: Dict[Name, Look]) -> List[Change]:
    """Return the runs of what is not live, and was not looked at, whose values are known."""
    # What a run left half made, or made and took too long, may be there as well.
    causes = (CauseType.STAGED, CauseType.UNFINISHED)
    runs = [change for change in plan.changes if change.action == RUN and change.cause.type in causes]
    return [one for one in runs if one.resource not in known and not references_in(dict(one.inputs or {}))]


def _looks(
    workspace: Workspace, runs: List[Change], options: CheckOptions, onlooker: Onlooker
) -> Tuple[Tuple[Look, ...], bool]:
    head = workspace.git.head()
    assert head is not None, "what is planned is committed"
    staged = workspace.snapshot(head).staged
    states = {run.resource: Applied(staged[run.resource], run.inputs or {}, run.sensitive) for run in runs}
    subjects = Subjects(states, workspace.kinds(), head, workspace.branch.tip)
    check_acting(workspace, subjects, options)
    return look_at(workspace, subjects, way(workspace, options, onlooker))


def _record(workspace: Workspace, looks: List[Look], options: CheckOptions) -> None:
    """Record resources as applied, with the outputs that were seen, and nothing else of a plan about them."""
    names = tuple(look.name for look in looks)
    selection = Selection(names)
    others = [
        change.id
        for change in _plan(workspace, selection).changes
        if change.resource not in names and change.cause.type != CauseType.REACTION
    ]
    outputs = {look.name: look.after.outputs for look in looks if look.after.outputs}
    record = Options(record_only=True, outputs=outputs, offline=options.offline, filter=Filter(skip=tuple(others)))
    apply(workspace, selection, record, lambda plan: True, Onlooker(lambda news: None))
