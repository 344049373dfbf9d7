"""The command that runs a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Mapping, Optional, Sequence

import typer

from stagectl.cli import completion
from stagectl.cli.common import (
    TAGS,
    WITH_CHILDREN,
    WITH_PARENTS,
    colour,
    is_terminal,
    out,
    plan_file,
    print_note,
    selection,
    warn,
    workspace,
)
from stagectl.core.errors import UsageError

if TYPE_CHECKING:
    from stagectl.cli.progress import Lines
    from stagectl.core.model import ChangeId, Name
    from stagectl.core.plans.plan import Plan
    from stagectl.core.plans.selection import Selection
    from stagectl.core.running.runs import Application, Filter
    from stagectl.core.values import Outputs
    from stagectl.usecases.applying.apply import Options
    from stagectl.usecases.repository.workspace import Workspace

PARALLEL = typer.Option(None, "--parallel", min=1, metavar="N", help="How many changes run at once.")
FAIL_FAST = typer.Option(False, "--fail-fast", help="After the first failure start nothing more.")
OFFLINE = typer.Option(False, "--offline", help="Leave the remote alone: no lock, no fetch, no push.")
EXECUTOR = typer.Option(None, "--executor", metavar="NAME", help="What runs changes: threads (here), or dask.")
SCHEDULER = typer.Option(
    None, "--scheduler", metavar="ADDRESS", help="Of a Dask cluster, tls://HOST:PORT; else one is made here."
)
INSECURE = typer.Option(False, "--insecure", help="Let a cluster talk over plain TCP between hosts.")
EVENTS = typer.Option(False, "--json", help="Write an event per line, as JSON.")


OUTPUTS = typer.Option(
    None, "--outputs", metavar="FILE", help="What is known of resources, as JSON: {name: {output: value}}."
)


def read_given(path: Optional[Path]) -> Mapping[Name, Outputs]:
    """Return the outputs that a file gives, none without a file; raises StagectlError."""
    if path is None:
        return {}
    from stagectl.usecases.applying.outputs_file import read_outputs

    return read_outputs(path)


def changes_option(flag: str, text: str) -> Optional[List[str]]:
    """Return an option that takes changes of the plan, any number of times."""
    option: Optional[List[str]] = typer.Option(
        None, flag, metavar="CHANGE", help=text, autocompletion=completion.changes
    )
    return option


def apply(
    names: Optional[List[str]] = typer.Argument(
        None,
        metavar="[PLANFILE] [NAME]...",
        help="A plan saved with `plan --out`, or resources: names, globs (prod/*, prod/**), db+ or +db.",
        autocompletion=completion.names,
    ),
    tags: Optional[List[str]] = TAGS,
    with_children: bool = WITH_CHILDREN,
    with_parents: bool = WITH_PARENTS,
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
    expect: Optional[str] = typer.Option(
        None, "--expect", metavar="PLAN_ID", help="Refuse any other plan; do not ask."
    ),
    record_only: bool = typer.Option(False, "--record-only", help="Run nothing, record everything as applied."),
    outputs: Optional[Path] = OUTPUTS,
    parallel: Optional[int] = PARALLEL,
    executor: Optional[str] = EXECUTOR,
    scheduler: Optional[str] = SCHEDULER,
    insecure: bool = INSECURE,
    noop: Optional[List[str]] = changes_option("--noop", "Pass over this change as if it had nothing to do."),
    skip: Optional[List[str]] = changes_option("--skip", "Leave out this change, and what depends on it."),
    start_at: Optional[List[str]] = changes_option("--start-at", "Run only this change and what comes after it."),
    end_at: Optional[List[str]] = changes_option("--end-at", "Run only this change and what comes before it."),
    fail_fast: bool = FAIL_FAST,
    allow_rollback: bool = typer.Option(
        False, "--allow-rollback", help="Apply also what is older than the applied state, or where its branch is lost."
    ),
    allow_remove: Optional[List[str]] = typer.Option(
        None, "--allow-remove", metavar="NAME", help="Let this protected resource be removed or replaced."
    ),
    sign: bool = typer.Option(False, "--sign", help="Sign the applied commit."),
    require_signed: bool = typer.Option(
        False, "--require-signed", help="Refuse commits, not applied before, without a good signature."
    ),
    offline: bool = OFFLINE,
    wait: Optional[str] = typer.Option(
        None, "--wait", metavar="SECONDS", help="Wait for locks: --wait for ever, --wait=60 for a minute."
    ),
    as_json: bool = EVENTS,
) -> None:
    """Plan, confirm, run the changes, and move the applied commit forward by what succeeded."""
    from stagectl.usecases.applying.apply import Options
    from stagectl.usecases.applying.cluster import Where

    reviewed = _find_reviewed(names, bool(tags or with_children or with_parents or expect))
    asked = _is_asked_for(yes or expect is not None or reviewed is not None)
    if outputs is not None and not record_only:
        raise UsageError("--outputs says what there is, so it goes with --record-only", "add: --record-only")
    options = Options(
        record_only=record_only,
        outputs=read_given(outputs),
        parallel=parallel,
        expect=expect,
        reviewed=reviewed,
        allow_rollback=allow_rollback,
        allow_remove=tuple(allow_remove or ()),
        offline=offline,
        fail_fast=fail_fast,
        sign=sign,
        require_signed=require_signed,
        where=Where(executor, scheduler, insecure),
        wait=_seconds(wait),
        filter=_filter(noop, skip, start_at, end_at),
    )
    chosen = reviewed.selection if reviewed else selection(names, tags, with_children, with_parents)
    _carry_out(chosen, options, asked=asked, as_json=as_json)


def _seconds(text: Optional[str]) -> Optional[float]:
    """Return how long locks are waited for; raises UsageError for what is no time."""
    if text is None or text == "inf":
        return None if text is None else float(text)
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"'{text}' is no number of seconds", "for example --wait=60; --wait waits for ever")
    return float(text)


def _is_asked_for(is_said: bool) -> bool:
    """Return whether no question is left; raises UsageError where one is, and there is no terminal to ask it on."""
    if not is_said and not is_terminal():
        raise UsageError("there is no terminal to ask on", "say --yes, or --expect PLAN_ID for a reviewed plan")
    return is_said


def _find_reviewed(names: Optional[List[str]], says_more: bool) -> Optional[Plan]:
    """Return the saved plan that a command line names; says_more: whether it says in other words what to apply."""
    from stagectl.usecases.planning.reviewed import load_plan

    saved = plan_file(names)
    if saved is None:
        return None
    if says_more or len(names or ()) > 1:
        raise UsageError(f"the plan in {saved} says what to apply", "leave names, -t and --expect out")
    return load_plan(saved)


def _carry_out(chosen: Selection, options: Options, *, asked: bool, as_json: bool) -> None:
    from stagectl.cli.progress import open_progress
    from stagectl.usecases.applying.apply import apply as use_case
    from stagectl.usecases.applying.task import Onlooker
    from stagectl.usecases.planning.reviewed import OtherPlan
    from stagectl.views.plans.plan_text import plan_text
    from stagectl.views.plans.range_diff import range_diff_text

    def confirm(plan: Plan) -> bool:
        warn(plan.warnings)
        warn_of_mended(repository, [change.id for change in plan.changes if change.last is not None])
        if not as_json:
            out(plan_text(plan, colour=colour()))
        return asked or typer.confirm("Apply this?", err=True)

    repository = workspace(warns=False)
    show = open_progress(repository, as_json)
    try:
        done = use_case(repository, chosen, options, confirm, Onlooker(show.watch, show.note, show.begin))
    except OtherPlan as error:
        if error.difference is not None:
            print_note(range_diff_text(error.difference).rstrip("\n"))
        raise
    finally:
        show.end()
    if not done.run and not as_json and not (done.plan.changes or done.plan.recorded):
        warn(done.plan.warnings)
        out(plan_text(done.plan, colour=colour()))
    print_end(done, show, record_only=options.record_only)


def warn_of_mended(repository: Workspace, changes: Sequence[ChangeId]) -> None:
    """Warn where changes that are tried again are of definitions that say otherwise by now."""
    if changes:
        from stagectl.usecases.staging.edited import mended_line

        said = mended_line(repository, changes)
        warn([said] if said else ())


def _filter(
    noop: Optional[List[str]], skip: Optional[List[str]], start_at: Optional[List[str]], end_at: Optional[List[str]]
) -> Filter:
    from stagectl.core.model import ChangeId
    from stagectl.core.running.runs import Filter

    return Filter(*(tuple(map(ChangeId, changes or ())) for changes in (noop, skip, start_at, end_at)))


def print_end(done: Application, show: Lines, *, record_only: bool = False) -> None:
    """Write how a run ended, and exit with what that means."""
    from stagectl.cli.progress import Events
    from stagectl.views.apply import apply_text

    if isinstance(show, Events):
        show.summary(done)
    elif done.run:
        out(apply_text(done, record_only=record_only, colour=colour()))
    if done.declined:
        print_note("Nothing was applied: the answer was no.")
    if done.unshared:
        print_note(f"warning: what is applied is recorded here, and not shared: {done.unshared}\nhint: stagectl sync")
    if done.interrupted:
        raise typer.Exit(130)
    if not done.is_complete or done.unshared:
        raise typer.Exit(1)
