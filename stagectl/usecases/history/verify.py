"""`verify`: replay the applied branch; every commit has to be what its parent, its source and its trailers imply."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters.applied import store
from stagectl.adapters.applied.index import is_of_another_format
from stagectl.adapters.applied.moved_files import settle_files
from stagectl.adapters.applied.replay import replayed_commits, touched_resources
from stagectl.adapters.applied.write import state_trees
from stagectl.adapters.git.git import Git, GitError
from stagectl.adapters.git.objects import Objects
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.indexing.advance import States
from stagectl.core.model import APPLIED, INDEX, STAGED, Applied, AppliedStates, ChangeId, Name, Oid, split_change
from stagectl.core.pictures.reports import Finding, Verification
from stagectl.core.planning.situation import store_outputs
from stagectl.core.plans.plan import Plan
from stagectl.core.running.adopting import adopt_outputs, with_given
from stagectl.core.running.course import as_counted, with_values
from stagectl.core.running.looks import Seen
from stagectl.core.values import Outputs
from stagectl.usecases.applying.record import NO_BASE
from stagectl.usecases.history.replayed import (
    Trailers,
    fits,
    given_names,
    outcomes_of,
    selection_of,
    trailers_of,
    with_outputs,
)
from stagectl.usecases.history.seen_tips import find_rewritten, remember_verified
from stagectl.usecases.planning.acting_files import with_files
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.planning.plan import checked_plan, plan_incrementally, with_given_outputs
from stagectl.usecases.repository.workspace import Workspace


def verify(workspace: Workspace, *, signed: bool = False) -> Verification:
    """Check the applied branch from its root to its tip; with *signed*, the signature of every commit, too."""
    git, tip = workspace.git, workspace.branch.tip
    chain = git.first_parents(tip)[::-1] if tip else []
    if chain and git.is_shallow() and chain[0] != store.root_id(chain[0]):
        command = git.fetch_command(workspace.config.remote, workspace.config.applied_branch)
        raise StagectlError("this clone lacks the history that is to be checked", f"get it: {command}")
    git.learn(chain[1:])
    check = _Check(workspace, signed)
    for parent, commit in zip([None, *chain], chain):
        check.commit(parent, commit)
    gone, given_up = find_rewritten(workspace, chain)
    findings = [*check.findings, *gone]
    if tip is not None and not findings:
        remember_verified(git, tip)
    return Verification(tip, len(chain), tuple(findings), (*check.notices, *given_up))


class _Check:
    def __init__(self, workspace: Workspace, signed: bool) -> None:
        self._workspace, self._git, self._signed = workspace, workspace.git, signed
        self._earlier: List[Oid] = []  # the commits checked so far, the oldest first
        self._became = replayed_commits(workspace.git)
        self._branched = _in_branches(workspace)
        self._states: Dict[Oid, AppliedStates] = {}
        self.findings: List[Finding] = []
        self.notices: List[Finding] = []

    def commit(self, parent: Optional[Oid], commit: Oid) -> None:
        """Check one commit against its first parent."""
        parents = self._git.parents(commit)
        problems = list(self._problems(parent, commit, parents))
        if self._signed and parent is not None and self._git.try_run("verify-commit", commit)[0]:
            problems.append("it has no good signature of an allowed signer")
        self.findings += [Finding(commit, problem) for problem in problems]
        self._earlier.append(commit)

    def _problems(self, parent: Optional[Oid], commit: Oid, parents: Sequence[Oid]) -> Iterator[str]:
        if parent is None:
            if commit != store.root_id(commit):
                yield "the history does not begin with the empty root commit"
            return
        trailers = trailers_of(self._git, commit)
        keys = {key for key, _ in trailers}
        if len(parents) == 1 and keys & {"Discarded", "Forgotten"}:
            yield from self._discard(parent, commit, trailers)
        elif len(parents) == 1 and "Checked" in keys:
            yield from self._check(parent, commit, trailers)
        elif len(parents) == 2 and "Run" in keys:
            yield from self._apply(parent, commit, parents[1], trailers)
        else:
            yield "it is no commit of `stagectl apply`, `check` or `discard`: its parents and trailers do not fit"

    def _state(self, commit: Oid) -> AppliedStates:
        if commit not in self._states:
            self._states[commit] = store.load_states(self._git, commit)
        return self._states[commit]

    def _discard(self, parent: Oid, commit: Oid, trailers: Trailers) -> Iterator[str]:
        debts = [split_change(ChangeId(value)) for key, value in trailers if key == "Discarded"]
        unseen = [Name(value) for key, value in trailers if key == "Forgotten"]
        expected = store.load_some(self._git, parent, {*(name for name, _ in debts), *unseen})
        for name, action in debts:
            state = expected[name] or Applied()
            if action not in state.owed:
                yield f"its trailers drop {name}.{action}, which was not owed"
            state = replace(state, owed={key: owed for key, owed in state.owed.items() if key != action})
            expected[name] = None if state == Applied() else state
        for name in unseen:
            state = expected[name] or Applied()
            if state.observed is None:
                yield f"its trailers drop what was seen of {name}, and nothing was"
            expected[name] = replace(state, observed=None)
        yield from self._compare(parent, commit, parent, expected)
        yield from _outside(self._git, commit, parent)

    def _check(self, parent: Oid, commit: Oid, trailers: Trailers) -> Iterator[str]:
        """Yield what a check did that it may not, or does not name: it stores what was seen, and outputs."""
        named = dict(value.rpartition(" ")[::2] for key, value in trailers if key == "Checked")
        names = sorted(map(Name, named.keys() | touched_resources(self._git, [commit])))
        before, after = (store.load_some(self._git, one, names) for one in (parent, commit))
        expected: Dict[Name, Optional[Applied]] = {}
        for name in names:
            was, now = before[name], after[name]
            if was is None or now is None or name not in named:
                yield f"a check changed {name}, which {'its trailers do not name' if was else 'is not applied'}"
                continue
            expected[name] = replace(was, observed=now.observed, outputs=now.outputs)
            if now.is_gone != (named[name] == Seen.GONE) or (named[name] == Seen.OK and now.observed):
                yield f"its trailers say that {name} was seen {named[name]}, and its state does not"
        yield from self._compare(parent, commit, parent, expected)
        yield from _outside(self._git, commit, parent)

    def _apply(self, parent: Oid, commit: Oid, source: Oid, trailers: Trailers) -> Iterator[str]:
        yield from _outside(self._git, commit, source)
        if source not in self._branched:
            self.notices.append(Finding(commit, f"its source {source[:12]} is in no branch any more"))
        first = dict(reversed(trailers))
        try:
            given = self._given(commit, trailers)
            plan, before = self._make_again(parent, source, first, given)
        except StagectlError as error:
            if isinstance(error, GitError) and _lacks_objects(self._git):
                raise  # what is not here says nothing about what was done
            yield f"its plan cannot be made again: {error.message.splitlines()[0]}"
            return
        outcomes = outcomes_of(trailers)
        if plan is None:
            yield "it cannot be replayed: the applied commit it began with is not in the history before it"
        elif plan.id != first.get("Plan"):
            yield "its plan is not the one that its source, its base and its selection make"
        elif not fits(plan, outcomes, trailers):
            yield "its trailers do not name the changes of its plan"
        else:
            after = store.load_some(self._git, commit, {change.resource for change in plan.changes})
            if "Record-only" in first:
                ended = with_given(plan, outcomes, given)
            else:
                ended = as_counted(plan, with_outputs(plan, outcomes, after), before)
            there = store.load_some(self._git, parent, given)  # with the bytes, which are stored again
            before = {**before, **{name: state for name, state in there.items() if state is not None}}
            changed = settle_files(with_values(plan, ended, store_outputs(before, given)), ended, before)
            yield from self._compare(parent, commit, source, adopt_outputs(plan, ended, given, changed, before))

    def _given(self, commit: Oid, trailers: Trailers) -> Mapping[Name, Outputs]:
        """Return the outputs that a run which only recorded was given, as the commit has them."""
        states = store.load_some(self._git, commit, map(Name, given_names(trailers)))
        return {name: state.outputs for name, state in states.items() if state is not None}

    def _make_again(
        self, parent: Oid, source: Oid, first: Mapping[str, str], given: Mapping[Name, Outputs]
    ) -> Tuple[Optional[Plan], Mapping[Name, Applied]]:
        """Return the plan of an apply, and at least what it changed of the state before it."""

        def incremental_way() -> Tuple[Optional[Plan], Mapping[Name, Applied]]:
            if first.get("Base") != parent:
                raise ReadInFull("something else was applied meanwhile")
            if given:
                raise ReadInFull("it was given outputs, which may be of any resource")
            selection = selection_of(first)
            found = read_incrementally(self._workspace, source, parent, complete=True)
            plan = with_files(
                self._git, plan_incrementally(found, selection, found.world(selection, of_plan=True)), source
            )
            return plan, found.situation.applied

        def full_way() -> Tuple[Optional[Plan], Mapping[Name, Applied]]:
            snapshot = self._workspace.snapshot(source)
            before = self._workspace.situation(snapshot, self._workspace.applied_state_at(parent)).applied
            return self._plan(source, snapshot, first, given), before

        return quickest("verify", incremental_way, full_way)

    def _plan(
        self, source: Oid, snapshot: Snapshot, first: Mapping[str, str], given: Mapping[Name, Outputs]
    ) -> Optional[Plan]:
        """Return the plan of an apply, made again; None where what it began with cannot be known."""
        applied = self._began_with(first.get("Base", ""))
        if applied is None:
            return None
        situation = with_given_outputs(self._workspace.situation(snapshot, applied), given)
        plan = checked_plan(situation, selection_of(first), snapshot, {})
        return with_files(self._git, plan, source)

    def _began_with(self, base: str) -> Optional[AppliedStates]:
        """Return the applied state that a plan was made from, None where that cannot be known.

        Any commit can be named, and made: only one of this history counts, or one that on this machine became part
        of it. Where `sync` put several commits of a clone on others, all but the first name one that the clone alone
        had: what the commits before it did, on top of the base of the first.
        """
        found = self._state_at(base)
        names: Set[Name] = set()
        for commit in self._earlier[:0:-1]:
            if found is not None:
                break
            names |= touched_resources(self._git, [commit])
            fork = self._state_at(dict(reversed(trailers_of(self._git, commit))).get("Base", ""))
            if fork is not None:
                last = self._state(self._earlier[-1])
                found = {name: state for name, state in fork.items() if name not in names}
                found.update({name: last[name] for name in names & last.keys()})
        return found

    def _state_at(self, base: str) -> Optional[AppliedStates]:
        now = Oid(base)
        while now in self._became and self._git.find(base) is not None:
            now = self._became[now]
        if base == NO_BASE:
            return {}
        return self._state(Oid(base)) if now in self._earlier else None

    def _compare(self, parent: Oid, commit: Oid, like: Oid, states: States) -> Iterator[str]:
        """Yield a problem if the applied state of a commit, or its index, is not the one expected, byte by byte.

        states: what changed since its parent; like: the commit whose other files it has.
        """
        objects = Objects(self._git, commit)
        expected = state_trees(self._git, objects, parent, states, like)
        there = self._git.look_up([self._git.at(commit, folder) for folder in (STAGED, APPLIED, INDEX)])
        if (expected.staged, expected.applied) != tuple(there[:2]):
            paths = sorted(objects.differing(expected.staged, there[0]) | objects.differing(expected.applied, there[1]))
            names = sorted({path.rpartition(".")[0] for path in paths})
            yield f"the applied state of {', '.join(names[:5])} is not what its trailers say"
        elif there[2] not in (expected.lines, None) and not is_of_another_format(self._git, commit):
            # Where there is none, or another, another stagectl made the commit: it counts for nothing.
            yield "its index is not that of its state"


def _in_branches(workspace: Workspace) -> FrozenSet[str]:
    """Return the commits that any branch has, here or fetched, apart from the applied one, which has every source."""
    git, applied = workspace.git, workspace.config.applied_branch
    others = [f"--exclude={remote}/{applied}" for remote in git.remotes()]
    out = git.run("rev-list", f"--exclude={applied}", "--branches", *others, "--remotes", check=False)
    return frozenset(out.decode().split())


def _outside(git: Git, commit: Oid, other: Oid) -> Iterator[str]:
    """Yield a problem if two commits differ in anything but the applied state."""
    if _others(git, commit) != _others(git, other):
        yield f"its files outside {STAGED}/, {APPLIED}/ and {INDEX}/ are not those of {other[:12]}"


def _others(git: Git, commit: Oid) -> List[bytes]:
    """Return what a commit has beside the applied state, in every folder on the way to that."""
    found, tree = [], commit
    for step in [*git.folder_in(commit).split("/")[:-1], ""]:
        ours = [step] if step else [STAGED, APPLIED, INDEX]
        lines = git.run("ls-tree", "-z", tree).split(b"\0") if tree else []
        found += [line for line in lines if os.fsdecode(line.partition(b"\t")[2]) not in ours]
        inner = [line.split(b"\t")[0].split()[-1] for line in lines if line.endswith(f"\t{step}".encode())]
        tree = Oid(inner[0].decode()) if inner else Oid("")
    return found


def _lacks_objects(git: Git) -> bool:
    """Return whether a clone has, as it was made, not everything that it names."""
    return git.is_shallow() or any(key.endswith(".promisor") for key in git.settings)
