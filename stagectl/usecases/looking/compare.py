"""`diff`: which values differ, between what is applied, staged, defined or was at some commit."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.core.diff import diff
from stagectl.core.errors import ReadInFull, UsageError
from stagectl.core.model import APPLIED, Applied, Kind, Name, Resource
from stagectl.core.pictures.reports import ResourceDiff
from stagectl.core.planning.moves import find_renames, follow_moves, old_names
from stagectl.core.planning.resolve import Resolver, reported_outputs
from stagectl.core.planning.situation import Scope, Situation
from stagectl.core.planning.view import View
from stagectl.core.plans.selection import Selection, World, select
from stagectl.core.values import Inputs
from stagectl.usecases.looking.past import read_past
from stagectl.usecases.looking.sides import IndexedSide, choose_of, refuse_moves
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.repository.troubles import refuse_claimed
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.desired import desired_state
from stagectl.usecases.staging.part import part_of
from stagectl.usecases.staging.restage import look_around

ResolvedResource = Tuple[Resource, Inputs]
Side = Mapping[Name, ResolvedResource]


def compare(
    workspace: Workspace,
    selection: Selection,
    *,
    unstaged: bool = False,
    before: Optional[str] = None,
    after: Optional[str] = None,
) -> Tuple[ResourceDiff, ...]:
    """Return the resources whose values differ, in name order; what one side calls otherwise is the same resource.

    By default from what is applied to what is staged; unstaged: from what is staged to the definitions; before, after:
    commits, of the applied branch or any other, to compare instead; of two applied ones the outputs, too.
    """
    if unstaged and (before or after):
        raise UsageError("--unstaged compares no commits", "leave --from and --to out")

    def incremental_way() -> Tuple[ResourceDiff, ...]:
        if unstaged:
            return _incremental_unstaged(workspace, selection)
        if before or after:
            return _compare_past(workspace, selection, before, after)
        return _incremental_compare(workspace, selection)

    def full_way() -> Tuple[ResourceDiff, ...]:
        return _full_compare(workspace, selection, unstaged, before, after)

    return quickest("diff", incremental_way, full_way)


def _incremental_compare(workspace: Workspace, selection: Selection) -> Tuple[ResourceDiff, ...]:
    """Return the values that are staged and not applied: of what nothing reaches there are none."""
    found = read_incrementally(workspace)
    situation = found.situation
    new, old = IndexedSide(found.index, found.changed), IndexedSide(found.index)
    refuse_moves(new, old, found.changed.keys())
    if found.has_moves() or situation.wrong_claims:
        raise ReadInFull("something has another name now, under which the index does not know it")
    chosen = choose_of(selection, new, old, workspace.config.vocabulary)
    live = {name: state.resource for name, state in situation.applied.items() if state.resource is not None}
    settled = {name: situation.staged[name] for name in situation.settled}
    values, of_new = _side(situation)
    hidden = [_hidden_inputs(situation, {**live, **settled}), of_new]
    # What was tried alone, and is staged no longer, has no values.
    names = {*situation.staged, *live} - situation.settled
    return _differences(_chosen(names, chosen), _applied_side(situation.applied), values, hidden)


def _incremental_unstaged(workspace: Workspace, selection: Selection) -> Tuple[ResourceDiff, ...]:
    """Return the values that are defined and not staged, with what they change in others."""
    known = look_around(workspace)
    staged = known.incremental
    part = part_of(workspace, staged.kinds, known.names, known.family)
    desired = desired_state(workspace.config, part, frozenset({*part.defined, *part.staged}))
    defined = staged.with_staged(desired)
    new, old = IndexedSide(staged.index, {**staged.changed, **desired}), IndexedSide(staged.index, staged.changed)
    refuse_moves(new, old, desired.keys())
    if staged.has_moves() or defined.has_moves():
        raise ReadInFull("something is moved")
    chosen = choose_of(selection, new, old, workspace.config.vocabulary)
    # What either side alone reaches has values on both; what is settled is the same on both, if it is on both at all.
    reached = {*staged.situation.names, *defined.situation.names}
    before, after = (one.with_staged({}, reached).situation for one in (staged, defined))
    sides = [_side(situation) for situation in (before, after)]
    names = {*before.staged, *after.staged} - before.settled - after.settled
    return _differences(_chosen(names, chosen), sides[0][0], sides[1][0], [sides[0][1], sides[1][1]])


def _compare_past(
    workspace: Workspace, selection: Selection, before: Optional[str], after: Optional[str]
) -> Tuple[ResourceDiff, ...]:
    """Return the values that two applied commits have otherwise; raises ReadInFull for other commits."""
    commits = [workspace.applied_commit(revision) if revision else None for revision in (before, after)]
    trees = workspace.git.look_up([workspace.git.at(commit, APPLIED) for commit in commits if commit is not None])
    if len(trees) < 2 or trees[0] is None or trees[1] is None:
        raise ReadInFull("commits are asked about that are none of the applied branch, or have nothing")
    paths = (entry.path for entry in workspace.git.changes_between(trees[0], trees[1]))
    changed = frozenset(Name(path[: -len(".json")]) for path in paths)
    past = [read_past(workspace, commit, changed) for commit in commits if commit is not None]
    old, new = (IndexedSide(index) for index, _ in past)
    refuse_moves(new, old, changed)
    chosen = choose_of(selection, new, old, workspace.config.vocabulary)
    asked = [{name: one.applied[name] for name in changed & one.applied.keys()} for _, one in past]
    sides = [_applied_side(states, with_outputs=True) for states in asked]
    hidden = [_hidden_inputs(one, one.staged) for _, one in past]
    return _differences(_chosen({*sides[0], *sides[1]}, chosen), sides[0], sides[1], hidden)


def _chosen(names: Set[Name], chosen: Optional[FrozenSet[Name]]) -> List[Name]:
    """Return names, sorted, as far as they are chosen, None for all."""
    return sorted(names if chosen is None else names & chosen)


def _side(situation: Situation) -> Tuple[Side, Mapping[Name, FrozenSet[str]]]:
    """Return what is staged in an incremental situation, with its values, and which of them are sensitive."""
    fixed = {name: situation.applied[name].inputs for name in situation.settled}
    values = _resolve(situation.staged, situation.applied, fixed, situation.digests)
    return values, _hidden_inputs(situation, situation.staged)


def _hidden_inputs(situation: Situation, staged: Mapping[Name, Resource]) -> Mapping[Name, FrozenSet[str]]:
    return View(replace(situation, staged=staged), Scope()).sensitive


def _full_compare(
    workspace: Workspace, selection: Selection, unstaged: bool, before: Optional[str], after: Optional[str]
) -> Tuple[ResourceDiff, ...]:
    snapshot = workspace.snapshot(definitions=unstaged)
    applied = workspace.applied_state()[1]
    staged = _resolve(snapshot.staged, applied, digests=workspace.digests(snapshot.staged.values(), None))
    is_history = bool(before and after) and all(_is_applied(workspace, one) for one in (before, after) if one)
    old = _at(workspace, before, is_history) if before else staged if unstaged else _applied_side(applied)
    new = _at(workspace, after, is_history) if after else staged
    if unstaged:
        desired = desired_state(workspace.config, snapshot, frozenset({*snapshot.defined, *snapshot.staged}))
        there = {name: resource for name, resource in desired.items() if resource is not None}
        new = _resolve(there, applied, digests=workspace.digests(there.values(), None))
    hidden = [_sensitive(side, snapshot.kinds) for side in (old, new)]
    moves = find_renames(_resources(old), _resources(new))
    names_now = {before: name for name, before in moves.items()}
    old = {names_now.get(name, name): state for name, state in old.items()}
    hidden[0] = {names_now.get(name, name): keys for name, keys in hidden[0].items()}
    aliases = old_names(_resources(new).values(), _resources(old).values(), moves=moves)
    words = workspace.config.vocabulary
    world = World.of(_resources(new), _resources(old), aliases=aliases, vocabulary=words)
    chosen = select(selection, world)
    if not (before or after or unstaged):
        refuse_claimed(follow_moves(Situation(applied, snapshot.staged, snapshot.kinds)), snapshot, chosen or ())
    names = [name for name in sorted(world.tags) if chosen is None or name in chosen]
    return _differences(names, old, new, hidden, moves)


def _resources(side: Side) -> Dict[Name, Resource]:
    return {name: resource for name, (resource, _) in side.items()}


def _differences(
    names: Sequence[Name],
    old: Side,
    new: Side,
    hidden: Sequence[Mapping[Name, FrozenSet[str]]],
    moves: Mapping[Name, Name] = MappingProxyType({}),
) -> Tuple[ResourceDiff, ...]:
    """Return what differs of some resources; hidden: the sensitive inputs of both sides; moves: new name -> old one."""
    found = []
    for name in names:
        secret = frozenset().union(*(side.get(name, frozenset()) for side in hidden))
        notes = [f"moved from {moves[name]}"] if name in moves else []
        one = _difference(name, old.get(name), new.get(name), notes, secret)
        found += [one] if one is not None else []
    return tuple(found)


def _is_applied(workspace: Workspace, revision: str) -> bool:
    tip = workspace.branch.tip
    return tip is not None and workspace.git.resolve(revision) in workspace.git.first_parents(tip)


def _at(workspace: Workspace, revision: str, with_outputs: bool) -> Side:
    if _is_applied(workspace, revision):
        return _applied_side(workspace.applied_state(revision)[1], with_outputs)
    found = workspace.snapshot(revision)
    digests = workspace.digests(found.staged.values(), found.commit)
    return _resolve(found.staged, workspace.applied_state()[1], digests=digests)


def _applied_side(applied: Mapping[Name, Applied], with_outputs: bool = False) -> Side:
    return {
        name: (state.resource, {**(state.outputs if with_outputs else {}), **state.inputs})
        for name, state in applied.items()
        if state.resource is not None
    }


def _resolve(
    resources: Mapping[Name, Resource],
    applied: Mapping[Name, Applied],
    fixed: Mapping[Name, Inputs] = MappingProxyType({}),
    digests: Optional[Mapping[str, str]] = None,
) -> Side:
    """Return resources with their values; what reads an output that was not reported stays as it is written.

    fixed: the values of those that show what is applied.
    """
    resolver = Resolver(resources, fixed, reported_outputs(applied), digests=digests)
    return {name: (resource, {**resource.inputs, **resolver.inputs(name)}) for name, resource in resources.items()}


def _sensitive(side: Side, kinds: Mapping[str, Kind]) -> Mapping[Name, FrozenSet[str]]:
    staged = {name: resource for name, (resource, _) in side.items()}
    return View(Situation({}, staged, kinds), Scope()).sensitive


def _difference(
    name: Name,
    before: Optional[ResolvedResource],
    after: Optional[ResolvedResource],
    notes: List[str],
    sensitive: FrozenSet[str],
) -> Optional[ResourceDiff]:
    values = after[1] if after else None
    differences = diff(before[1] if before else None, values)
    if before is not None and after is not None:
        pairs: Dict[str, Tuple[str, str]] = {
            "kind": (before[0].kind, after[0].kind),
            "tags": (", ".join(sorted(before[0].tags)), ", ".join(sorted(after[0].tags))),
        }
        notes += [f"{key}: {was or 'none'} -> {now or 'none'}" for key, (was, now) in pairs.items() if was != now]
        if not differences and not notes:
            return None
    state = "new" if before is None else "gone" if after is None else "changed"
    return ResourceDiff(name, state, differences, tuple(notes), sensitive, values)
