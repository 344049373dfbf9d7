"""Carrying out a plan: the loop, the handlers and the journal, put together."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import handlers
from stagectl.adapters.handlers import Handler, Request
from stagectl.adapters.handlers.shell import inherited
from stagectl.adapters.journal import Journal, durations
from stagectl.adapters.output import Output
from stagectl.adapters.processes import Notes
from stagectl.adapters.signals import interruptible
from stagectl.core.model import ChangeId, Kind
from stagectl.core.outcome import ERROR, RECORDED, SUCCESS, Outcome
from stagectl.core.plan import Change, Plan
from stagectl.core.redact import Redactor
from stagectl.core.runs import Header, restriction
from stagectl.core.values import expand, variables
from stagectl.usecases.runner import FAILED_BEFORE, News, Run, limits_of
from stagectl.usecases.share import Note
from stagectl.usecases.workspace import Workspace

Watch = Callable[[Change, Outcome], None]


def execute(
    workspace: Workspace,
    plan: Plan,
    header: Header,
    journal: Journal,
    watch: Watch,
    *,
    note: Note = lambda text: None,
    known: Optional[Mapping[ChangeId, Outcome]] = None,
    parallel: Optional[int] = None,
) -> Tuple[Dict[ChangeId, Outcome], bool]:
    """Run a plan's changes; return how each ended, and whether somebody stopped the run.

    note is told when nothing more starts; known: how changes ended before an interruption; they do not run again.
    """
    known = known or {}
    left_out = restriction(plan, header.filter)
    left_out = replace(left_out, preset={**left_out.preset, **known})
    found = handlers_of(plan)
    notes = Notes(journal.folder)
    around = _Around(
        plan, workspace.root, header.run, journal, journal.private(), redactor_of(plan), inherited(), notes
    )

    def act(change: Change) -> Outcome:
        return _act(around, change, found[change.kind])

    def tell(news: News) -> None:
        journal.add([(change.id, outcome) for change, outcome in news if change.id not in known])
        for change, outcome in news:
            if change.id not in known:
                with suppress(OSError):  # who looks on may go away; the run goes on
                    watch(change, outcome)

    seen: Dict[int, int] = {}  # signals, and how often each came

    def told_stop(why: str, running: Sequence[ChangeId]) -> None:
        again = "; Ctrl-C again kills what runs" if seen else ""
        with suppress(OSError):
            few = ", ".join(running[:5]) + (", ..." if len(running) > 5 else "")
            note(f"{why}: nothing more starts, waiting for {len(running)}: {few}{again}")

    total = parallel or workspace.config.parallelism
    with closing(notes), ThreadPoolExecutor(max_workers=total) as executor:
        loop = Run(
            plan,
            act,
            executor,
            limits_of(plan, total, workspace.config.targets),
            tell,
            restriction=left_out,
            fail_fast=header.fail_fast,
            should_stop=(journal.folder / "stop").exists,
            on_stop=told_stop,
            seconds=durations(workspace.git.scratch(), (change.id for change in plan.changes)),
        )
        if header.fail_fast and any(outcome.state == ERROR for outcome in known.values()):
            loop.stop(FAILED_BEFORE)
        with interruptible(lambda: loop.stop("the run was interrupted"), seen):
            return loop.finish(), bool(seen)


def recorded_only(plan: Plan, header: Header) -> Dict[ChangeId, Outcome]:
    """Return the outcomes of a run that runs nothing and records as applied all that it was not asked to leave out."""
    left_out = restriction(plan, header.filter).preset
    return {change.id: left_out.get(change.id) or Outcome(SUCCESS, message=RECORDED) for change in plan.changes}


def redactor_of(plan: Plan) -> Redactor:
    """Return what takes out the values of all variables that a plan reads: every action inherits all of them."""
    values = [dict(side or {}) for change in plan.changes for side in (change.inputs, change.before)]
    return Redactor(os.environ[name] for name in variables(values) if name in os.environ)


@contextmanager
def discreet(plan: Plan) -> Iterator[None]:
    """Let what is told of a bug be clean of secrets: the error brings the function that takes them out."""
    try:
        yield
    except Exception as error:
        error.clean = redactor_of(plan).clean  # type: ignore[attr-defined]
        raise


def handlers_of(plan: Plan) -> Dict[str, Handler]:
    """Return the handler of each kind in a plan; raises StagectlError for one that is not there."""
    return {name: handlers.find(kind.handler) for name, kind in sorted(plan.kinds.items())}


class _Lenient(Dict[str, str]):
    """The environment, in which what is not set is empty."""

    def __missing__(self, key: str) -> str:
        return os.environ.get(key, "")


def does(plan: Plan, change: Change) -> object:
    """Return what a kind says that an action does, None if nothing runs."""
    kind = plan.kinds.get(change.kind)
    return kind.actions.get(change.action) if kind and kind.handler != "none" else None


@dataclass(frozen=True)
class _Around:
    """What the actions of a run share. private: the folder for files that only they may read."""

    plan: Plan
    root: Path
    run: str
    journal: Journal
    private: Path
    redactor: Redactor
    environment: Mapping[bytes, bytes]
    notes: Notes


def _act(around: _Around, change: Change, handler: Handler) -> Outcome:
    plan, redactor = around.plan, around.redactor
    what = does(plan, change)
    if what is None:
        return Outcome(SUCCESS)
    inputs, before = dict(change.inputs or {}), dict(change.before or {})
    output = Output(around.journal.output(change.id), redactor)
    began = time.monotonic()
    request = Request(
        id=change.id,
        resource=change.resource,
        action=change.action,
        kind=change.kind,
        run=around.run,
        does=what,
        inputs=expand(inputs, os.environ),
        before=expand(before, _Lenient()),
        timeout=plan.kinds.get(change.kind, Kind("")).timeout,
        root=around.root,
        say=output.feed,
        started=lambda process: around.notes.add(change.id, process),
        folder=around.private,
        environment=around.environment,
    )
    try:
        result = handler(request)
    except Exception as error:  # a handler of somebody else's
        result = handlers.Result(False, message=f"{type(error).__name__}: {error}")
    output.feed(result.output.encode("utf-8", "replace"))
    message = redactor.clean(result.message)
    seconds = time.monotonic() - began
    return Outcome(SUCCESS if result.ok else ERROR, result.changed, message, output.end(), seconds)
