"""The command that shows the graph of changes."""

from __future__ import annotations

from enum import Enum
from typing import List, Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import NAMES, TAGS, WITH_CHILDREN, WITH_PARENTS, colour, out, selection, warn, workspace


class Format(str, Enum):
    """The forms a plan can be shown in."""

    text = "text"
    json = "json"


def plan(
    names: Optional[List[str]] = NAMES,
    tags: Optional[List[str]] = TAGS,
    with_children: bool = WITH_CHILDREN,
    with_parents: bool = WITH_PARENTS,
    format: Format = typer.Option(Format.text, "--format", help="How to show the plan."),
    head: Optional[str] = typer.Option(None, "--head", metavar="REV", help="Plan what this commit has staged."),
    base: Optional[str] = typer.Option(None, "--base", metavar="REV", help="Plan against this commit."),
    explain: Optional[str] = typer.Option(
        None, "--explain", metavar="NAME", help="Why NAME is in the plan, or not.", autocompletion=completion.names
    ),
    detailed_exitcode: bool = typer.Option(False, "--detailed-exitcode", help="Exit with 2 if there are changes."),
) -> None:
    """Show the graph of changes from what is applied to what is staged."""
    from stagectl.usecases.plan import plan_with_situation
    from stagectl.views.plan_json import plan_json
    from stagectl.views.plan_text import explain_text, plan_text

    repository = workspace()
    found, situation = plan_with_situation(
        repository, selection(names, tags, with_children, with_parents), head=head, base=base
    )
    warn(found.warnings)
    if explain is not None:
        from stagectl.usecases.plan import explained_name, places

        out(explain_text(found, explained_name(situation, explain), places(repository, found, head)))
    elif format is Format.json:
        out(plan_json(found))
    else:
        warn(["planned with uncommitted changes"] if found.dirty else [])
        out(plan_text(found, colour=colour()))
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(2)
