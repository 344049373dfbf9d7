"""Commands that only look."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import (
    AS_JSON,
    NAME_WORDS,
    TAGS,
    colour,
    out,
    plan_file,
    print_note,
    selection,
    warn,
    workspace,
)
from stagectl.core.errors import InvalidFiles, UsageError
from stagectl.core.standing import from_here

if TYPE_CHECKING:
    from stagectl.usecases.repository.workspace import Workspace


def status(
    short: bool = typer.Option(False, "-s", "--short", help="One line per thing."), as_json: bool = AS_JSON
) -> None:
    """Show where everything stands: not staged, not committed, not applied, unfinished, owed."""
    from stagectl.usecases.looking.status import status as use_case
    from stagectl.views.status import status_json, status_short, status_text

    repository = workspace()
    found = use_case(repository)
    warn(repository.doubts())
    if as_json or short:
        out(status_json(found) if as_json else status_short(found))
    else:
        out(status_text(found, colour=colour()))


class GraphFormat(str, Enum):
    """The forms the graph of resources can be shown in."""

    text = "text"
    dot = "dot"
    mermaid = "mermaid"
    svg = "svg"
    html = "html"


def diff(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    unstaged: bool = typer.Option(False, "--unstaged", help="From what is staged to the definitions."),
    before: Optional[str] = typer.Option(None, "--from", metavar="REV", help="From this commit."),
    after: Optional[str] = typer.Option(None, "--to", metavar="REV", help="To this commit."),
    as_json: bool = AS_JSON,
) -> None:
    """Show which values differ: from what is applied to what is staged."""
    from stagectl.usecases.looking.compare import compare
    from stagectl.views.diff import diff_json, diff_text

    found = compare(workspace(), selection(names, tags), unstaged=unstaged, before=before, after=after)
    out(diff_json(found) if as_json else diff_text(found, colour=colour()))


def graph(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    format: GraphFormat = typer.Option(GraphFormat.text, "--format", help="How to show the graph."),
) -> None:
    """Show the graph of resources; of named ones with all they depend on and all that depends on them."""
    from stagectl.usecases.looking.graph import graph as use_case
    from stagectl.views import graph as views

    if format in (GraphFormat.svg, GraphFormat.html):
        from stagectl.cli.pictures import graph_picture

        found = use_case(workspace(), selection(names, tags), planned=True)
        out(graph_picture(found, page=format is GraphFormat.html))
        return
    shown = {"text": views.graph_text, "dot": views.graph_dot, "mermaid": views.graph_mermaid}
    out(shown[format.value](use_case(workspace(), selection(names, tags))))


def validate() -> None:
    """Check all files: definitions, staged files, kinds and config."""
    from stagectl.usecases.looking.validate import validate as use_case
    from stagectl.usecases.setup.schemas import outdated_files

    repository = workspace()
    found = use_case(repository)
    for error in found.general:
        print_note(f"error: {error.message}")
        print_note(f"hint: {error.hint}")
    if found.problems:
        raise InvalidFiles(found.problems)
    if found.general:
        raise typer.Exit(1)
    warn(found.warnings)
    old = outdated_files(repository)
    if old:
        print_note(
            f"note: not up to date, for editors: {', '.join(map(from_here, old))}; write them: stagectl schema --write"
        )
    out(f"All is well: {found.definitions} definitions, {found.staged} staged files, {found.kinds} kinds.\n")


def verify(
    signed: bool = typer.Option(False, "--signed", help="Every applied commit has a good signature, too."),
    as_json: bool = AS_JSON,
) -> None:
    """Check that the applied history is intact: replay every apply from its parent, its source and its trailers."""
    from stagectl.usecases.history.verify import verify as use_case
    from stagectl.views.history import verify_json, verify_text

    found = use_case(workspace(), signed=signed)
    out(verify_json(found) if as_json else verify_text(found))
    if found.findings:
        raise typer.Exit(1)


def show(
    name: str = typer.Argument(
        ..., metavar="NAME|PLANFILE", help="The resource, or a saved plan.", autocompletion=completion.names
    ),
    at: Optional[str] = typer.Option(None, "--at", metavar="REV", help="As of this commit."),
    as_json: bool = AS_JSON,
) -> None:
    """Show one resource as defined, staged and applied; or a plan that `plan --out` saved."""
    from stagectl.usecases.looking.show import show as use_case
    from stagectl.views.history import show_json, show_text

    saved = plan_file([name])
    if saved is not None:
        _show_plan(saved, as_json)
        return
    found = use_case(workspace(), name, at)
    out(show_json(found) if as_json else show_text(found))


def _blame(repository: Workspace, name: str, as_json: bool) -> None:
    from stagectl.usecases.history.blame import blame as use_case
    from stagectl.views.history import blame_json, blame_text

    found = use_case(repository, name)
    out(blame_json(found) if as_json else blame_text(found))


def _show_plan(path: Path, as_json: bool) -> None:
    from stagectl.usecases.planning.reviewed import load_plan
    from stagectl.views.plans.plan_json import plan_json
    from stagectl.views.plans.plan_text import plan_text

    found = load_plan(path)
    out(plan_json(found) if as_json else plan_text(found, colour=colour()))


def log(
    name: Optional[str] = typer.Argument(None, metavar="[NAME]", help="Only what is about this resource."),
    tags: Optional[List[str]] = TAGS,
    action: Optional[str] = typer.Option(
        None, "--action", metavar="ACTION", help="Only this action.", autocompletion=completion.actions
    ),
    count: Optional[int] = typer.Option(None, "-n", min=1, metavar="N", help="Only the newest N."),
    since: Optional[str] = typer.Option(None, "--since", metavar="DATE", help="Only what is younger, as git says."),
    blame: Optional[str] = typer.Option(
        None, "--blame", metavar="NAME", help="Who staged each value of NAME, and which apply made it live."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Show who staged and applied what, newest first."""
    from stagectl.usecases.history.log import LogFilter
    from stagectl.usecases.history.log import entries as use_case
    from stagectl.views.history import log_json, log_text

    repository = workspace()
    filtered = any((name, tags, action, since))
    if blame is not None:
        if filtered or count:
            raise UsageError("--blame takes one resource, and no filters", "for example: log --blame prod/db")
        _blame(repository, blame, as_json)
        return
    entries = use_case(repository, LogFilter(name, tuple(tags or ()), action, since, count))
    warn(repository.doubts())
    out(log_json(entries) if as_json else log_text(entries, filtered, colour=colour()))


def kinds(as_json: bool = AS_JSON) -> None:
    """List the kinds and their actions."""
    from stagectl.views.history import kinds_json, kinds_text

    found = [kind for _, kind in sorted(workspace().kinds().items())]
    out(kinds_json(found) if as_json else kinds_text(found))
