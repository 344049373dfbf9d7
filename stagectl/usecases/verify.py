"""`verify`: replay the applied branch; every commit has to be what its parent, its source and its trailers imply."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import journal as journals
from stagectl.adapters import run_folders, store
from stagectl.adapters.git import Git
from stagectl.adapters.kept import kept_commits
from stagectl.adapters.replay import replayed_commits
from stagectl.core.errors import StagectlError
from stagectl.core.model import APPLIED, STAGED, Applied, ChangeId, Name, Oid, split_change
from stagectl.core.outcome import Outcome, settle
from stagectl.core.plan import Plan
from stagectl.core.reports import Finding, Verification
from stagectl.core.selection import Selection
from stagectl.usecases.plan import checked_plan
from stagectl.usecases.record import NO_BASE
from stagectl.usecases.workspace import Workspace

State = Dict[Name, Applied]
Trailers = Sequence[Tuple[str, str]]


def verify(workspace: Workspace, *, signed: bool = False) -> Verification:
    """Check the applied branch from its root to its tip; with *signed*, the signature of every commit, too."""
    git, tip = workspace.git, workspace.branch.tip
    chain = git.first_parents(tip)[::-1] if tip else []
    check = _Check(workspace, signed)
    for parent, commit in zip([None, *chain], chain):
        check.commit(parent, commit)
    gone, given_up = _rewritten(workspace, chain)
    findings = [*check.findings, *gone]
    if tip is not None and not findings:
        _remember(git, tip)
    return Verification(tip, len(chain), tuple(findings), (*check.notices, *given_up))


class _Check:
    def __init__(self, workspace: Workspace, signed: bool) -> None:
        self._workspace, self._git, self._signed = workspace, workspace.git, signed
        self._states: Dict[Oid, State] = {}
        self.findings: List[Finding] = []
        self.notices: List[Finding] = []

    def commit(self, parent: Optional[Oid], commit: Oid) -> None:
        """Check one commit against its first parent."""
        parents = self._git.parents(commit)
        problems = list(self._problems(parent, commit, parents))
        if self._signed and parent is not None and self._git.try_run("verify-commit", commit)[0]:
            problems.append("it has no good signature of an allowed signer")
        self.findings += [Finding(commit, problem) for problem in problems]

    def _problems(self, parent: Optional[Oid], commit: Oid, parents: Sequence[Oid]) -> Iterator[str]:
        if parent is None:
            if commit != store.root_commit(self._git):
                yield "the history does not begin with the empty root commit"
            return
        trailers = _trailers(self._git, commit)
        keys = {key for key, _ in trailers}
        if len(parents) == 1 and "Discarded" in keys:
            yield from self._discard(parent, commit, trailers)
        elif len(parents) == 2 and "Run" in keys:
            yield from self._apply(parent, commit, parents[1], trailers)
        else:
            yield "it is no commit of `stagectl apply` or `discard`: its parents and trailers do not fit"

    def _state(self, commit: Oid) -> State:
        if commit not in self._states:
            self._states[commit] = store.load(self._git, commit)
        return self._states[commit]

    def _discard(self, parent: Oid, commit: Oid, trailers: Trailers) -> Iterator[str]:
        before = self._state(parent)
        expected = dict(before)
        for change in (ChangeId(value) for key, value in trailers if key == "Discarded"):
            name, _ = split_change(change)
            if name in expected:
                expected[name] = replace(expected[name], owed={})
        yield from self._compared(commit, {name: state for name, state in expected.items() if state != Applied()})
        yield from _outside(self._git, commit, parent)

    def _apply(self, parent: Oid, commit: Oid, source: Oid, trailers: Trailers) -> Iterator[str]:
        yield from _outside(self._git, commit, source)
        if not self._git.run("branch", "--all", "--format=x", "--contains", source, check=False):
            self.notices.append(Finding(commit, f"its source {source[:12]} is in no branch any more"))
        first = dict(reversed(trailers))
        try:
            plan = self._plan(source, first)
            before = self._workspace.seen_from(source, parent)
        except StagectlError as error:
            yield f"its plan cannot be made again: {error.message.splitlines()[0]}"
            return
        outcomes = _outcomes(trailers)
        if plan is None:
            self.notices.append(Finding(commit, "it cannot be replayed: the applied commit it began with is not here"))
            return
        if plan.id != first.get("Plan"):
            yield "its plan is not the one that its source, its base and its selection make"
        elif outcomes.keys() != {change.id for change in plan.changes}:
            yield "its trailers do not name the changes of its plan"
        else:
            settled = settle(plan, outcomes, before)
            merged: Mapping[Name, Optional[Applied]] = {**self._state(parent), **settled}
            yield from self._compared(commit, {name: state for name, state in merged.items() if state is not None})

    def _plan(self, source: Oid, first: Mapping[str, str]) -> Optional[Plan]:
        """Return the plan of an apply, made again; None where its base is not here."""
        base = first.get("Base", "")
        if base != NO_BASE and self._git.find(base) is None:
            return None
        applied = {} if base == NO_BASE else self._state(Oid(base))
        snapshot = self._workspace.snapshot(source)
        return checked_plan(self._workspace.situation(snapshot, applied), _selection(first), snapshot, {})

    def _compared(self, commit: Oid, expected: State) -> Iterator[str]:
        try:
            there = self._state(commit)
        except StagectlError as error:
            yield error.message
            return
        names = sorted(there.keys() | expected.keys())
        differ = [name for name in names if _bytes(there.get(name)) != _bytes(expected.get(name))]
        if differ:
            yield f"the applied state of {', '.join(differ[:5])} is not what its trailers say"


def _bytes(state: Optional[Applied]) -> Optional[Tuple[bytes, bytes]]:
    """Return the two files that an applied state is stored in."""
    if state is None:
        return None
    return store.state_bytes(state), state.resource.content if state.resource is not None else b""


def _selection(first: Mapping[str, str]) -> Selection:
    try:
        raw = json.loads(first["Selection"])
        return Selection(tuple(raw["names"]), tuple(raw["tags"]), raw["with_children"], raw["with_parents"])
    except (KeyError, ValueError, TypeError) as error:
        raise StagectlError(f"its trailer 'Selection' cannot be read: {error}") from None


def _trailers(git: Git, commit: Oid) -> Trailers:
    (text,) = git.log(["-1", commit], ["%(trailers:only,unfold)"])
    return [(key, value) for key, _, value in (line.partition(": ") for line in text[0].splitlines())]


def _outcomes(trailers: Trailers) -> Dict[ChangeId, Outcome]:
    unchanged = {value for key, value in trailers if key == "Unchanged"}
    pairs = [value.rpartition(" ")[::2] for key, value in trailers if key == "Change"]
    return {ChangeId(change): Outcome(state, changed=change not in unchanged) for change, state in pairs}


def _outside(git: Git, commit: Oid, other: Oid) -> Iterator[str]:
    """Yield a problem if two commits differ in anything but the applied state."""
    sides = []
    for one in (commit, other):
        lines = git.run("ls-tree", "-z", one).split(b"\0")
        sides.append([line for line in lines if line.partition(b"\t")[2] not in (STAGED.encode(), APPLIED.encode())])
    if sides[0] != sides[1]:
        yield f"its files outside {STAGED}/ and {APPLIED}/ are not those of {other[:12]}"


def _rewritten(workspace: Workspace, chain: Sequence[Oid]) -> Tuple[List[Finding], List[Finding]]:
    """Return the tips that an earlier verification or a run on this machine saw, and that are not there now.

    Apart from them, those that were given up here for what others applied: a ref of this clone keeps them.
    """
    scratch = workspace.git.scratch()
    seen = dict(_recorded(workspace, run_folders.names(scratch)))
    verified = scratch / "verified-tip"
    if verified.exists():
        seen["an earlier verification"] = Oid(verified.read_text(encoding="ascii").strip())
    known, became, kept = set(chain), replayed_commits(workspace.git), kept_commits(workspace.git)
    gone, given_up = [], []
    for where, commit in sorted(seen.items()):
        now = commit
        while now not in known and now in became:
            now = became[now]
        if now in kept - known:
            given_up.append(
                Finding(commit, f"{where} recorded this commit, and it was given up for what others applied")
            )
        elif now not in known:
            gone.append(Finding(commit, f"{where} saw this commit, and it is gone: the branch was rewritten"))
    return gone, given_up


def _recorded(workspace: Workspace, runs: Sequence[str]) -> Iterator[Tuple[str, Oid]]:
    for run in runs:
        commit = journals.read(workspace.git.scratch(), run).commit
        if commit is not None:
            yield f"run {run}", commit


def _remember(git: Git, tip: Oid) -> None:
    (git.scratch() / "verified-tip").write_text(f"{tip}\n", encoding="ascii")
