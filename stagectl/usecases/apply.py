"""`apply`: plan, run the changes, move the applied commit forward by what succeeded."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterator, Mapping, Optional, Tuple

from stagectl.adapters import handlers, store
from stagectl.adapters.handlers import Handler, Request
from stagectl.core.errors import StagectlError
from stagectl.core.model import REMOVE, Applied, ChangeId, Kind, Name, Oid
from stagectl.core.outcome import ERROR, NOOP, SUCCESS, Outcome, settle
from stagectl.core.plan import Change, Plan
from stagectl.core.planner import world_of
from stagectl.core.redact import redact
from stagectl.core.selection import Selection, match_names
from stagectl.core.situation import Situation
from stagectl.core.values import expand, variables
from stagectl.usecases.plan import plan_with_situation
from stagectl.usecases.reviewed import check
from stagectl.usecases.runner import Run, Watch, limits_of
from stagectl.usecases.workspace import Workspace


@dataclass(frozen=True)
class Options:
    """How to apply. expect, reviewed: the only plan that may run; allow_remove: protected resources that may go."""

    record_only: bool = False
    parallel: Optional[int] = None
    expect: Optional[str] = None
    reviewed: Optional[Plan] = None
    allow_rollback: bool = False
    allow_remove: Tuple[str, ...] = ()
    offline: bool = False


@dataclass(frozen=True)
class Application:
    """What an apply did. commit: the new applied commit, None when the applied state did not move."""

    plan: Plan
    run: str = ""
    outcomes: Mapping[ChangeId, Outcome] = field(default_factory=dict)
    commit: Optional[Oid] = None
    interrupted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every change succeeded."""
        return not self.interrupted and all(end.state in (SUCCESS, NOOP) for end in self.outcomes.values())


def apply(
    workspace: Workspace,
    selection: Selection,
    options: Options,
    confirm: Callable[[Plan], bool],
    watch: Watch,
) -> Application:
    """Apply a selection of what is staged; *confirm* sees the plan before anything runs."""
    _check_repository(workspace, options)
    with _only_one(workspace):
        head = workspace.git.head()
        plan, situation = _plan(workspace, selection, options)
        if not (plan.changes or plan.recorded) or not confirm(plan):
            return Application(plan)
        _check_plan(plan, options)
        run = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"
        outcomes, interrupted = _run(workspace, plan, run, options, watch)
        commit = _record(workspace, plan, run, outcomes, situation.applied, head, options)
        return Application(plan, run, outcomes, commit, interrupted)


def _check_repository(workspace: Workspace, options: Options) -> None:
    """Refuse where an apply could not be recorded, or would undo what others applied."""
    git, branch = workspace.git, workspace.branch
    head = git.head()
    if head is None:
        raise StagectlError("there is no commit yet, so nothing is staged", "stage something: stagectl stage")
    if git.branch() == branch.ref:
        raise StagectlError(f"{workspace.config.applied_branch} is checked out here", "go back to your own branch")
    git.check_identity()
    dirty = workspace.dirty()
    if dirty:
        raise StagectlError(
            f"not committed: {', '.join(dirty[:5])}", "only what is committed is applied: commit it first"
        )
    if not branch.is_known and not options.offline:
        workspace.refuse_unfetched()
    stale = workspace.stale(head)
    if stale and not options.allow_rollback:
        way_out = "" if workspace.git.is_shallow() else "merge or rebase onto what is applied; "
        raise StagectlError(stale, f"{way_out}--allow-rollback applies it all the same")


@contextmanager
def _only_one(workspace: Workspace) -> Iterator[None]:
    """Hold this machine's lock for the repository; it goes with the process that holds it."""
    path = workspace.git.scratch() / "apply.lock"
    with open(path, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StagectlError(f"another apply is running: {file.read().strip()}", "wait for it to end") from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
        file.flush()
        yield


def _plan(workspace: Workspace, selection: Selection, options: Options) -> Tuple[Plan, Situation]:
    plan, situation = plan_with_situation(workspace, selection, head="HEAD")
    expected = options.reviewed.id if options.reviewed else options.expect
    if expected is not None:
        check(workspace, plan, expected, options.reviewed)
    for name in options.allow_remove:
        match_names(name, world_of(situation))
    return plan, situation


def _check_plan(plan: Plan, options: Options) -> None:
    """Refuse, before the first action, what could only fail or must not happen by accident."""
    removed = [change for change in plan.changes if change.action == REMOVE]
    going = sorted(change.resource for change in removed if plan.kinds.get(change.kind, Kind("")).protect)
    held_back = [name for name in going if name not in options.allow_remove]
    if held_back:
        flags = " ".join(f"--allow-remove {name}" for name in held_back)
        raise StagectlError(
            f"{', '.join(held_back)}: protected by the kind, and would be removed", f"if that is meant: {flags}"
        )
    if options.record_only:
        return
    missing = sorted(
        {name for change in plan.changes if _does(plan, change) for name in variables(dict(change.inputs or {}))}
        - os.environ.keys()
    )
    if missing:
        raise StagectlError(
            f"not set in the environment: {', '.join(missing)}", "set what the inputs read with ${env:...}"
        )


def _does(plan: Plan, change: Change) -> object:
    kind = plan.kinds.get(change.kind)
    return kind.actions.get(change.action) if kind and kind.handler != "none" else None


def _run(
    workspace: Workspace, plan: Plan, run: str, options: Options, watch: Watch
) -> Tuple[Dict[ChangeId, Outcome], bool]:
    if options.record_only:
        return {change.id: Outcome(SUCCESS, message="recorded only") for change in plan.changes}, False
    found: Dict[str, Handler] = {name: handlers.find(kind.handler) for name, kind in sorted(plan.kinds.items())}

    def act(change: Change) -> Outcome:
        return _act(workspace, plan, change, run, found[change.kind])

    total = options.parallel or workspace.config.parallelism
    with ThreadPoolExecutor(max_workers=total) as executor:
        loop = Run(plan, act, executor, limits_of(plan, total, workspace.config.targets), watch)
        return loop.finish(), loop.stopped


class _Lenient(Dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _act(workspace: Workspace, plan: Plan, change: Change, run: str, handler: Handler) -> Outcome:
    kind = plan.kinds[change.kind]
    does = _does(plan, change)
    if does is None:
        return Outcome(SUCCESS)
    request_inputs = dict(change.inputs or {})
    request = Request(
        id=change.id,
        resource=change.resource,
        action=change.action,
        kind=change.kind,
        run=run,
        does=does,
        inputs=expand(request_inputs, os.environ),
        before=expand(dict(change.before or {}), _Lenient(os.environ)),
        timeout=kind.timeout,
        root=workspace.root,
    )
    result = handler(request)
    secrets_used = [
        os.environ[name] for name in variables([request_inputs, dict(change.before or {})]) if name in os.environ
    ]
    message, output = (redact(text, secrets_used) for text in (result.message, result.output))
    return Outcome(SUCCESS if result.ok else ERROR, result.changed, message, output)


def _record(
    workspace: Workspace,
    plan: Plan,
    run: str,
    outcomes: Mapping[ChangeId, Outcome],
    applied: Mapping[Name, Applied],
    source: Optional[Oid],
    options: Options,
) -> Optional[Oid]:
    """Move the applied branch by what succeeded; return its new commit, None when nothing moved."""
    states = settle(plan, outcomes, applied)
    if not states:
        return None
    git, branch = workspace.git, workspace.branch
    commit = store.write(git, branch.tip, source, states, _message(workspace, plan, run, outcomes, options))
    if not git.move_ref(branch.ref, commit, branch.local, f"apply: run {run}"):
        raise StagectlError(
            f"{branch.ref} moved while this run was applied; what it did is kept in the commit {commit}",
            "see what moved it: git log --first-parent " + workspace.config.applied_branch,
        )
    return commit


def _message(workspace: Workspace, plan: Plan, run: str, outcomes: Mapping[ChangeId, Outcome], options: Options) -> str:
    """Return the message of an applied commit: trailers name the run, the person, every change and its result."""
    done = sum(end.state in (SUCCESS, NOOP) for end in outcomes.values())
    subject = f"apply: {done} of {len(outcomes)} changes" if outcomes else f"apply: {len(plan.recorded)} recorded"
    subject += ", recorded only" if options.record_only and outcomes else ""
    trailers = [f"Run: {run}", f"Applied-by: {workspace.git.check_identity()}", f"Plan: {plan.id}"]
    trailers += ["Record-only: true"] if options.record_only else []
    trailers += [f"Change: {change.id} {outcomes[change.id].state}" for change in plan.changes]
    trailers += [f"Recorded: {name}" for name in plan.recorded]
    return subject + "\n\n" + "\n".join(trailers) + "\n"
