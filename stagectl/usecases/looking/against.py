"""`plan --against`: which other branches change what a plan changes, and whether they commute; from trees alone."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters.clock import time_budget
from stagectl.adapters.git.branches import branches, fork_of, full_name, short_name
from stagectl.adapters.git.git import Git
from stagectl.adapters.worktree.snapshot import parse_snapshot
from stagectl.adapters.worktree.tree import Content, changed_files, read_commit
from stagectl.core.errors import InvalidFiles, StagectlError, nearest
from stagectl.core.model import (
    KINDS,
    STAGED,
    AppliedStates,
    Kind,
    Name,
    Oid,
    Resource,
    names_of,
    split_change,
    staged_path,
)
from stagectl.core.pictures.reports import Against, OtherBranch
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.planner import make_plan
from stagectl.core.planning.situation import Situation
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection
from stagectl.core.running.commute import StagedForms, plan_resources, staged_forms, state_after, without
from stagectl.core.running.parts import Staged
from stagectl.usecases.planning.plan import full_plan
from stagectl.usecases.repository.others import applied_branches
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.merge import merge_staged

Kinds = Mapping[str, Kind]


def against(
    workspace: Workspace,
    selection: Selection,
    patterns: Sequence[str],
    head: Optional[str] = None,
    base: Optional[str] = None,
) -> Against:
    """Return how the plan for a selection gets along with other branches.

    patterns: branch names, in which `*` stands for anything; raises StagectlError for one that matches none.
    """
    plan, situation = full_plan(workspace, selection, head, base)  # all there is, with the bytes of files
    comparison = _Comparison(workspace.git, plan, situation, workspace.applied_state(base)[1])
    known: Dict[Oid, OtherBranch] = {}
    others = []
    for ref, commit in _matching_branches(workspace, patterns, head):
        if commit not in known:
            known[commit] = comparison.with_branch(short_name(ref), commit)
        others.append(known[commit]._replace(branch=short_name(ref)))
    return Against(tuple(patterns), tuple(others))


def _matching_branches(workspace: Workspace, patterns: Sequence[str], head: Optional[str]) -> List[Tuple[str, Oid]]:
    """Return the branches that patterns match, in name order, without this one and the ones stagectl keeps."""
    there = branches(workspace.git)
    names = {short_name(ref): ref for ref in sorted(there)}
    found: Set[str] = set()
    for pattern in patterns:
        matching = [name for name in names if fnmatchcase(name, pattern)]
        if not matching:
            raise StagectlError(f"no branch matches '{pattern}'{nearest(pattern, names)}", _hint(names))
        found.update(matching)
    left_out = _other_refs(workspace, head)
    return [(names[name], there[names[name]]) for name in sorted(found) if names[name] not in left_out]


def _hint(names: Iterable[str]) -> str:
    some = sorted(names)
    shown = ", ".join(some[:8]) + (", ..." if len(some) > 8 else "")
    return (
        f"the branches this clone knows of: {shown}" if some else "this clone knows of no branch; git fetch gets them"
    )


def _other_refs(workspace: Workspace, head: Optional[str]) -> Set[str]:
    """Return the full names of applied branches, of a lock that is one, and of the branch itself, here and there."""
    config, git = workspace.config, workspace.git
    mine = git.branch() if head is None else full_name(git, head)
    copies = [f"refs/remotes/{config.remote}/"]
    for start in ("refs/heads/", *copies):
        if mine is not None and mine.startswith(start):
            mine = mine[len(start) :]
            break
    kept = [config.applied_branch, config.lock_ref.partition("refs/heads/")[2]]
    kept += [branch for _, branch in applied_branches(git)]
    remotes = [f"refs/remotes/{remote}/" for remote in git.remotes()]
    found = {f"{start}{name}" for start in ("refs/heads/", *remotes) for name in kept}
    return found | {f"{start}{mine}" for start in ("refs/heads/", *copies)}


@dataclass(frozen=True)
class _Theirs:
    """What a branch does. changed: on top of what is applied; began: the files it edited; after: its end alone."""

    changed: StagedForms
    began: Mapping[Name, Content]
    kinds: Kinds
    after: AppliedStates


class _Comparison:
    """A plan, to be compared with one branch after the other."""

    def __init__(self, git: Git, plan: Plan, situation: Situation, applied: AppliedStates) -> None:
        self._git, self._plan, self._situation, self._applied = git, plan, situation, applied
        self._changed = staged_forms(plan)
        self._after = state_after(plan, situation.applied)
        self._live = {name: state.resource for name, state in applied.items() if state.resource is not None}
        self._leftovers, _ = _make_plan(applied, self._live, situation.kinds, applied)

    def with_branch(self, branch: str, commit: Oid) -> OtherBranch:
        """Return how the plan gets along with a branch."""
        other = OtherBranch(branch, commit)
        try:
            return self._compare(other)
        except StagectlError as error:
            return other._replace(commutes=None, why=(f"it makes no plan: {_first_line(error)}",))

    def _compare(self, other: OtherBranch) -> OtherBranch:
        fork = self._fork(other.commit)
        files_changed = changed_files(self._git, fork, other.commit, STAGED)
        files = {name: both for path, both in files_changed.items() for name in names_of(path)}
        if not files:
            return other
        theirs, kinds = self._read(fork, other.commit)
        changed = {name: self._on_applied(name, before, theirs.get(name)) for name, (before, _) in files.items()}
        plan, applied = _make_plan(self._applied, _with(theirs, changed), kinds, changed)
        changes = without(plan, self._leftovers)
        names = {split_change(change)[0] for change in changes} | (plan_resources(plan) & changed.keys())
        other = other._replace(changes=changes, both=tuple(sorted(names & plan_resources(self._plan))))
        began = {name: before for name, (before, _) in files.items()}
        return self._in_both_orders(other, _Theirs(changed, began, kinds, state_after(plan, applied)))

    def _fork(self, commit: Oid) -> Optional[Oid]:
        """Return where a branch went its own way; raises StagectlError where this clone cannot know."""
        fork = fork_of(self._git, self._plan.head, commit) if self._plan.head else None
        if fork is None and self._git.is_shallow():
            raise StagectlError("this clone lacks the history that shows what it changed: git fetch --unshallow")
        return fork

    def _read(self, fork: Optional[Oid], commit: Oid) -> Tuple[Staged, Kinds]:
        """Return what a branch has staged, and the kinds here with those that it changed; raises InvalidFiles."""
        files, problems = read_commit(self._git, commit, [KINDS, STAGED])
        known = [*self._live.values(), *self._situation.staged.values()]
        same = {staged_path(r.name): r for r in known if files.get(staged_path(r.name)) == r.content}
        found = parse_snapshot({path: data for path, data in files.items() if path not in same}, problems)
        if found.problems:
            raise InvalidFiles(found.problems)
        files_changed = changed_files(self._git, fork, commit, KINDS)
        own = {name: kind for name, kind in found.kinds.items() if f"{KINDS}/{name}.yaml" in files_changed}
        staged = {**{resource.name: resource for resource in same.values()}, **found.staged}
        return staged, {**found.kinds, **self._situation.kinds, **own}

    def _on_applied(self, name: Name, before: Content, theirs: Optional[Resource]) -> Optional[Resource]:
        """Return a branch's staged file on top of what is applied; where that went another way, as it is."""
        if name not in self._live:
            return theirs
        found, conflicts = merge_staged(name, self._live[name].content, before, _content(theirs))
        return theirs if conflicts else found

    def _in_both_orders(self, other: OtherBranch, theirs: _Theirs) -> OtherBranch:
        """Return whether the end is the same whichever goes first, and what this plan is once the other was applied."""
        staged, conflicts = self._put_together(theirs)
        if conflicts:
            why = tuple(f"both change {f'{name}.{where}' if where else name}" for name, where in conflicts)
            return other._replace(commutes=False, why=why, conflicts=conflicts)
        whose = "this plan on top of it"
        try:
            mine, before = _make_plan(theirs.after, staged, theirs.kinds, self._changed)
            whose = "its plan on top of this one"
            last, between = _make_plan(self._after, staged, theirs.kinds, theirs.changed)
        except StagectlError as error:
            return other._replace(commutes=False, why=(f"{whose} is impossible: {_first_line(error)}",))
        one, another = state_after(mine, before), state_after(last, between)
        differ = sorted(name for name in one.keys() | another.keys() if one.get(name) != another.get(name))
        now = [change.id for change in mine.changes]
        known = {change.id for change in self._plan.changes} | {held.id for held in self._plan.held}
        return other._replace(
            commutes=not differ,
            why=tuple(f"{name} ends differently" for name in differ),
            came=tuple(change for change in now if change not in known),
            went=tuple(change for change in without(self._plan, self._leftovers) if change not in now),
        )

    def _put_together(self, theirs: _Theirs) -> Tuple[Staged, Tuple[Tuple[Name, str], ...]]:
        """Return what is staged when both are, and the values about which they disagree."""
        both: Dict[Name, Optional[Resource]] = {**theirs.changed}
        conflicts: List[Tuple[Name, str]] = []
        for name in sorted(theirs.changed.keys() & self._changed.keys()):
            base = self._live[name].content if name in self._live else theirs.began[name]
            both[name], found = merge_staged(name, _content(self._changed[name]), base, _content(theirs.changed[name]))
            conflicts += [(name, where) for where in found]
        return _with(_with(self._situation.staged, self._changed), both), tuple(conflicts)


def _make_plan(
    applied: AppliedStates, staged: Staged, kinds: Kinds, names: Iterable[Name]
) -> Tuple[Plan, AppliedStates]:
    """Return the plan of some resources, with the parents they need, and the applied state as it sees it."""
    situation = follow_moves(Situation(applied, staged, kinds))
    known = sorted(name for name in names if name in situation.staged or name in situation.applied)
    if not known:
        return Plan(), situation.applied
    with time_budget("planning another branch", len(staged)):
        return make_plan(situation, Selection(tuple(known), with_parents=True)), situation.applied


def _with(staged: Staged, changed: StagedForms) -> Dict[Name, Resource]:
    """Return what is staged with some changed."""
    found: Dict[Name, Optional[Resource]] = {**staged, **changed}
    return {name: resource for name, resource in found.items() if resource is not None}


def _content(resource: Optional[Resource]) -> Content:
    return None if resource is None else resource.content


def _first_line(error: StagectlError) -> str:
    return error.message.partition("\n")[0]
