"""Commands about runs: what they did, their failures again, one that was interrupted."""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, Sequence

import typer

from stagectl.cli import completion
from stagectl.cli.applying import (
    EVENTS,
    EXECUTOR,
    FAIL_FAST,
    INSECURE,
    OFFLINE,
    OUTPUTS,
    PARALLEL,
    SCHEDULER,
    print_end,
    read_given,
    warn_of_mended,
)
from stagectl.cli.common import AS_JSON, aside, colour, colour_aside, is_terminal, out, print_note, workspace
from stagectl.core.errors import UsageError

if TYPE_CHECKING:
    from stagectl.cli.progress import Lines
    from stagectl.core.model import ChangeId
    from stagectl.core.plans.plan import Change, Plan
    from stagectl.core.running.runs import Record
    from stagectl.usecases.repository.workspace import Workspace

RUN = typer.Argument(
    None,
    metavar="[RUN]",
    help="The id of a run, or how it begins; the newest by default.",
    autocompletion=completion.runs,
)


class ReportFormat(str, Enum):
    """The forms a run can be shown in."""

    text = "text"
    json = "json"
    html = "html"
    markdown = "markdown"


def report(
    run: Optional[str] = RUN,
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on until the run ends."),
    format: ReportFormat = typer.Option(ReportFormat.text, "--format", help="How to show the run."),
    as_json: bool = AS_JSON,
) -> None:
    """Show what a run did: every change with state, start, duration and the last lines of its output."""
    from stagectl.usecases.applying.report import report as use_case
    from stagectl.views.report import report_json, report_text

    if as_json and format in (ReportFormat.html, ReportFormat.markdown):
        raise UsageError(f"--json and --format {format.value} exclude each other", "leave one of them out")
    repository = workspace(warns=False)
    found = use_case(repository, run)
    if follow:
        found = _follow(repository, found)
    now = time.time()
    if format is ReportFormat.html:
        from stagectl.views.pages.report_page import report_page

        out(report_page(found, now))
        return
    if format is ReportFormat.markdown:
        from stagectl.views.comments.report_markdown import report_markdown

        out(report_markdown(found, now))
        return
    out(report_json(found, now) if as_json or format is ReportFormat.json else report_text(found, now, colour=colour()))


def _follow(repository: Workspace, found: Record) -> Record:
    """Print every change as it starts and ends, until the run is over; return what it did."""
    from stagectl.usecases.applying.report import report as use_case
    from stagectl.views.apply import progress_line

    seen = {identity: outcome.state for identity, outcome in found.outcomes.items()}
    while found.is_running:
        time.sleep(0.3)
        found = use_case(repository, found.header.run)
        for change in found.header.plan.changes:
            outcome = found.outcomes.get(change.id)
            if outcome is not None and outcome.state != seen.get(change.id):
                aside(progress_line(change, outcome, colour=colour_aside()))
                seen[change.id] = outcome.state
    return found


def retry(
    run: Optional[str] = RUN,
    parallel: Optional[int] = PARALLEL,
    executor: Optional[str] = EXECUTOR,
    scheduler: Optional[str] = SCHEDULER,
    insecure: bool = INSECURE,
    fail_fast: bool = FAIL_FAST,
    offline: bool = OFFLINE,
    as_json: bool = EVENTS,
) -> None:
    """Run the failures of a run again, from the commit that it applied."""
    from stagectl.cli.progress import open_progress
    from stagectl.core.running.runs import left_out_changes
    from stagectl.usecases.applying.cluster import Where
    from stagectl.usecases.applying.report import report as find
    from stagectl.usecases.applying.report import retry as use_case
    from stagectl.usecases.applying.task import Means, Onlooker

    repository = workspace(warns=False)
    run = find(repository, run).header.run
    show = open_progress(repository, as_json)
    try:
        done = use_case(
            repository,
            run,
            Means(Where(executor, scheduler, insecure), parallel, offline),
            Onlooker(show.watch, show.note, _begin(repository, show, run)),
            fail_fast=fail_fast,
        )
    finally:
        show.end()
    if done is None or not done.run:
        print_note(_nothing_to_retry(left_out_changes(find(repository, run))))
    if done is not None:
        print_end(done, show)


def _begin(repository: Workspace, show: Lines, tried: Optional[str]) -> Callable[[Plan, str], None]:
    """Return what is done as a run begins: what it tries again may be mended by now. tried: the run that failed."""
    from stagectl.core.running.runs import failures
    from stagectl.usecases.applying.report import report as find

    def begin(plan: Plan, run: str) -> None:
        warn_of_mended(repository, failures(find(repository, tried or run)))
        show.begin(plan, run)

    return begin


def _nothing_to_retry(left_out: Sequence[ChangeId]) -> str:
    if not left_out:
        return "Nothing to retry: everything in that run succeeded, or was done since."
    few = ", ".join(left_out[:8]) + (f" and {len(left_out) - 8} more" if len(left_out) > 8 else "")
    return (
        f"Nothing to retry: all else in that run succeeded, or was done since; it was asked to leave out {few}.\n"
        "hint: a retry leaves that out, too; what is left of it is in: stagectl plan"
    )


class Unknown(str, Enum):
    """What became of a change whose end is unknown."""

    done = "done"
    failed = "failed"
    rerun = "rerun"


def resume(
    unknown: Optional[Unknown] = typer.Option(
        None, "--unknown", help="What became of changes whose end is unknown; asked for on a terminal."
    ),
    outputs: Optional[Path] = OUTPUTS,
    parallel: Optional[int] = PARALLEL,
    executor: Optional[str] = EXECUTOR,
    scheduler: Optional[str] = SCHEDULER,
    insecure: bool = INSECURE,
    offline: bool = OFFLINE,
    as_json: bool = EVENTS,
) -> None:
    """Finish a run that was interrupted: what ended does not run again."""
    from stagectl.cli.progress import open_progress
    from stagectl.usecases.applying.cluster import Where
    from stagectl.usecases.applying.recover import resume as use_case
    from stagectl.usecases.applying.task import Means, Onlooker

    def ask(change: Change) -> str:
        if unknown is not None:
            return unknown.value
        if not is_terminal():
            raise UsageError(
                f"the end of {change.id} was not seen, and there is no terminal to ask on",
                "look, and say: --unknown done, --unknown failed or --unknown rerun",
            )
        return _answer(change)

    repository = workspace(warns=False)
    show = open_progress(repository, as_json)
    try:
        done = use_case(
            repository,
            ask,
            Means(Where(executor, scheduler, insecure), parallel, offline),
            Onlooker(show.watch, show.note, _begin(repository, show, None)),
            read_given(outputs),
        )
    finally:
        show.end()
    if done is None:
        print_note("Nothing to resume: no run was interrupted.")
        return
    print_end(done, show)


def _answer(change: Change) -> str:
    while True:
        question = f"The end of {change.id} was not seen: [d]one, [f]ailed, [r]erun?"
        answer: str = typer.prompt(question, prompt_suffix=" ", err=True).strip().lower()
        for word in Unknown:
            if answer and word.value.startswith(answer):
                return word.value


def stop(
    run: str = typer.Argument(
        ..., metavar="RUN", help="The id of a run, or how it begins.", autocompletion=completion.runs
    ),
) -> None:
    """Ask a run to start nothing more; what runs is waited for."""
    from stagectl.usecases.applying.report import stop as use_case

    stopped = use_case(workspace(warns=False), run)
    print_note(f"run {stopped} starts nothing more, and ends with what runs now; see: stagectl report --follow")
