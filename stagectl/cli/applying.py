"""The command that runs a plan."""

from __future__ import annotations

from typing import List, Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import (
    TAGS,
    WITH_CHILDREN,
    WITH_PARENTS,
    colour,
    is_terminal,
    note,
    out,
    plan_file,
    selection,
    warn,
    workspace,
)
from stagectl.core.errors import UsageError


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
    parallel: Optional[int] = typer.Option(
        None, "--parallel", min=1, metavar="N", help="How many changes run at once."
    ),
    allow_rollback: bool = typer.Option(
        False, "--allow-rollback", help="Apply also what is older than the applied state."
    ),
    allow_remove: Optional[List[str]] = typer.Option(
        None, "--allow-remove", metavar="NAME", help="Let this protected resource be removed or replaced."
    ),
    offline: bool = typer.Option(False, "--offline", help="Do not ask the remote for the applied branch."),
) -> None:
    """Plan, confirm, run the changes, and move the applied commit forward by what succeeded."""
    from stagectl.core.outcome import INPROGRESS, Outcome
    from stagectl.core.plan import Change, Plan
    from stagectl.usecases.apply import Options
    from stagectl.usecases.apply import apply as use_case
    from stagectl.usecases.reviewed import OtherPlan, load
    from stagectl.views.apply import apply_text, progress_line
    from stagectl.views.plan_text import plan_text
    from stagectl.views.range_diff import range_diff_text

    saved = plan_file(names)
    if saved is not None and (len(names or ()) > 1 or tags or with_children or with_parents or expect):
        raise UsageError(f"the plan in {saved} says what to apply", "leave names, -t and --expect out")
    reviewed = load(saved) if saved is not None else None
    asked = yes or expect is not None or reviewed is not None
    if not asked and not is_terminal():
        raise UsageError("nobody can be asked here", "say --yes, or --expect PLAN_ID for a plan that was reviewed")
    chosen = reviewed.selection if reviewed else selection(names, tags, with_children, with_parents)

    def confirm(plan: Plan) -> bool:
        warn(plan.warnings)
        out(plan_text(plan, colour=colour()))
        return asked or typer.confirm("Apply this?", err=True)

    def watch(change: Change, outcome: Outcome) -> None:
        if outcome.state != INPROGRESS:
            note(progress_line(change, outcome))

    options = Options(record_only, parallel, expect, reviewed, allow_rollback, tuple(allow_remove or ()), offline)
    try:
        done = use_case(workspace(), chosen, options, confirm, watch)
    except OtherPlan as error:
        if error.difference is not None:
            note(range_diff_text(error.difference).rstrip("\n"))
        raise
    if not done.run:
        if not (done.plan.changes or done.plan.recorded):
            out(plan_text(done.plan, colour=colour()))
        return
    out(apply_text(done.plan, done.run, done.outcomes, done.commit, record_only=record_only))
    if done.interrupted:
        raise typer.Exit(130)
    if not done.is_complete:
        raise typer.Exit(1)
