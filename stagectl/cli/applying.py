"""The command that runs a plan."""

from __future__ import annotations

from typing import List, Optional

import typer

from stagectl.cli.common import (
    NAMES,
    TAGS,
    WITH_CHILDREN,
    WITH_PARENTS,
    colour,
    is_terminal,
    note,
    out,
    selection,
    warn,
    workspace,
)
from stagectl.core.errors import UsageError


def apply(
    names: Optional[List[str]] = NAMES,
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
    from stagectl.core.outcome import INPROGRESS
    from stagectl.core.plan import Plan
    from stagectl.usecases.apply import Options
    from stagectl.usecases.apply import apply as use_case
    from stagectl.views.apply import apply_text, progress_line
    from stagectl.views.plan_text import plan_text

    asked = yes or expect is not None
    if not asked and not is_terminal():
        raise UsageError("nobody can be asked here", "say --yes, or --expect PLAN_ID for a plan that was reviewed")

    def confirm(plan: Plan) -> bool:
        warn(plan.warnings)
        out(plan_text(plan, colour=colour()))
        return asked or typer.confirm("Apply this?", err=True)

    options = Options(record_only, parallel, expect, allow_rollback, tuple(allow_remove or ()), offline)
    done = use_case(
        workspace(),
        selection(names, tags, with_children, with_parents),
        options,
        confirm,
        lambda change, outcome: note(progress_line(change, outcome)) if outcome.state != INPROGRESS else None,
    )
    if not done.run:
        if not (done.plan.changes or done.plan.recorded):
            out(plan_text(done.plan, colour=colour()))
        return
    out(apply_text(done.plan, done.run, done.outcomes, done.commit, record_only=record_only))
    if done.interrupted:
        raise typer.Exit(130)
    if not done.is_complete:
        raise typer.Exit(1)
