"""Commands that only look."""

from __future__ import annotations

from typing import Optional

import typer

from stagectl.cli.common import AS_JSON, note, out, workspace
from stagectl.core.errors import InvalidFiles


def status(
    short: bool = typer.Option(False, "-s", "--short", help="One line per thing."), as_json: bool = AS_JSON
) -> None:
    """Show where everything stands: not staged, not committed, not applied, unfinished, owed."""
    from stagectl.usecases.status import status as use_case
    from stagectl.views.status import status_json, status_short, status_text

    found = use_case(workspace())
    out(status_json(found) if as_json else status_short(found) if short else status_text(found))


def validate() -> None:
    """Check all files: definitions, staged files, kinds and config."""
    from stagectl.usecases.validate import validate as use_case

    found = use_case(workspace())
    for error in found.general:
        note(f"error: {error.message}")
        note(f"hint: {error.hint}")
    if found.problems:
        raise InvalidFiles(found.problems)
    if found.general:
        raise typer.Exit(1)
    out(f"All is well: {found.definitions} definitions, {found.staged} staged files, {found.kinds} kinds.\n")


def show(
    name: str = typer.Argument(..., metavar="NAME", help="The resource."),
    at: Optional[str] = typer.Option(None, "--at", metavar="REV", help="As of this commit."),
    as_json: bool = AS_JSON,
) -> None:
    """Show one resource as defined, staged and applied."""
    from stagectl.usecases.show import show as use_case
    from stagectl.views.history import show_json, show_text

    found = use_case(workspace(), name, at)
    out(show_json(found) if as_json else show_text(found))


def log(
    name: Optional[str] = typer.Argument(None, metavar="[NAME]", help="Only what is about this resource."),
    count: Optional[int] = typer.Option(None, "-n", min=1, metavar="N", help="Only the newest N."),
    as_json: bool = AS_JSON,
) -> None:
    """Show who staged and applied what, newest first."""
    from stagectl.usecases.log import log as use_case
    from stagectl.views.history import log_json, log_text

    entries = use_case(workspace(), name, count)
    out(log_json(entries) if as_json else log_text(entries))


def kinds(as_json: bool = AS_JSON) -> None:
    """List the kinds and their actions."""
    from stagectl.views.history import kinds_json, kinds_text

    found = [kind for _, kind in sorted(workspace().snapshot().kinds.items())]
    out(kinds_json(found) if as_json else kinds_text(found))
