"""The command that shows the graph of changes."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

import typer

from stagectl.cli import completion
from stagectl.cli.common import NAME_WORDS, TAGS, WITH_CHILDREN, WITH_PARENTS, colour, out, selection, warn, workspace
from stagectl.core.errors import StagectlError, UsageError

if TYPE_CHECKING:
    from stagectl.core.pictures.reports import Against
    from stagectl.core.plans.plan import Plan
    from stagectl.core.plans.range_diff import RangeDiff
    from stagectl.core.plans.selection import Selection
    from stagectl.usecases.repository.workspace import Workspace


class Format(str, Enum):
    """The forms a plan can be shown in."""

    text = "text"
    json = "json"
    markdown = "markdown"
    github = "github"
    mermaid = "mermaid"
    dot = "dot"
    svg = "svg"
    html = "html"


def plan(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    with_children: bool = WITH_CHILDREN,
    with_parents: bool = WITH_PARENTS,
    format: Format = typer.Option(Format.text, "--format", help="How to show the plan."),
    saved: Optional[Path] = typer.Option(
        None, "--out", metavar="FILE", help="Save the plan too, as JSON, for `apply FILE` and `show FILE`."
    ),
    head: Optional[str] = typer.Option(None, "--head", metavar="REV", help="Plan what this commit has staged."),
    base: Optional[str] = typer.Option(None, "--base", metavar="REV", help="Plan against this commit."),
    since: Optional[str] = typer.Option(
        None, "--since", metavar="FILE|PLAN_ID", help="Begin with what differs from this plan."
    ),
    against: Optional[List[str]] = typer.Option(
        None, "--against", metavar="BRANCH", help="Show how it gets along with other branches: 'origin/*'."
    ),
    max_bytes: int = typer.Option(65_000, "--max-bytes", min=1, metavar="N", help="How long Markdown may get."),
    explain: Optional[str] = typer.Option(
        None, "--explain", metavar="NAME", help="Why NAME is in the plan, or not.", autocompletion=completion.names
    ),
    detailed_exitcode: bool = typer.Option(False, "--detailed-exitcode", help="Exit with 2 if there are changes."),
) -> None:
    """Show the graph of changes from what is applied to what is staged."""
    if against and format not in (Format.text, Format.json, Format.markdown):
        raise UsageError(f"--format {format.value} has no place for other branches", "text, json and markdown can")
    if explain is not None and format is not Format.text:
        raise UsageError(f"--explain is text, and no --format {format.value}", "leave one of them out")
    repository = workspace(head=head)
    options = _PlanOptions(format, head, base, since, max_bytes)
    found, compared = _make_plan(repository, selection(names, tags, with_children, with_parents), options)
    beside = _beside(repository, found, against, options) if against else None
    found = _with_unstaged(repository, found) if head is None else found
    warn(found.warnings)
    if saved is not None:
        from stagectl.usecases.planning.reviewed import save

        save(found, saved)
    if explain is not None:
        out(_explain(repository, found, explain, options))
    elif format is Format.json:
        from stagectl.views.plans.plan_json import plan_json_pieces

        for piece in plan_json_pieces(found, compared, beside):
            out(piece)
    else:
        out(_show(repository, found, options, compared, beside))
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(2)


def _with_unstaged(repository: Workspace, found: Plan) -> Plan:
    """Return a plan that warns of definitions that are new or edited in the working tree, and not staged."""
    git, roots = repository.git, repository.config.roots
    if git.is_bare:
        return found
    from stagectl.adapters.worktree.new_files import find_new_files

    edited = {*(git.edited_files(roots) if found.head is not None else ()), *find_new_files(git, roots, found.head)}
    tried = [change.id for change in found.changes if change.last is not None]
    if not edited and not tried:
        return found
    from stagectl.usecases.staging.edited import edited_line, mended_line

    lines = (edited_line(repository, sorted(edited)) if edited else None, mended_line(repository, tried))
    return replace(found, warnings=(*found.warnings, *filter(None, lines)))


class _PlanOptions(NamedTuple):
    """Between which commits to plan, beside which reviewed plan, and how to show it."""

    format: Format
    head: Optional[str]
    base: Optional[str]
    since: Optional[str]
    max_bytes: int


def _make_plan(repository: Workspace, chosen: Selection, options: _PlanOptions) -> Tuple[Plan, Optional[RangeDiff]]:
    """Return the plan, and what became of the one in a file or of an id, if it is asked for and known."""
    from stagectl.usecases.planning.plan import plan as use_case

    try:
        found = use_case(repository, chosen, options.head, options.base)
    except StagectlError as error:
        _annotate(error, options.format)
        raise
    compared = _since(repository, found, options.since) if options.since is not None else None
    if options.since is not None and compared is None:
        lost = f"no recent commit makes the plan {options.since}: what differs from it is not known"
        found = replace(found, warnings=(*found.warnings, lost))
    return found, compared


def _annotate(error: StagectlError, format: Format) -> None:
    """Print what makes the plan impossible on the lines where it stands, too."""
    if format is Format.github:
        from stagectl.views.comments.plan_github import error_github

        out(error_github(error))


def _since(repository: Workspace, found: Plan, since: str) -> Optional[RangeDiff]:
    from stagectl.core.plans.range_diff import range_diff
    from stagectl.usecases.planning.reviewed import find_reviewed

    before = find_reviewed(repository, found, since)
    return range_diff(before, found) if before is not None else None


def _beside(repository: Workspace, found: Plan, branches: List[str], options: _PlanOptions) -> Against:
    from stagectl.usecases.looking.against import against

    return against(repository, found.selection, branches, options.head, options.base)


def _explain(repository: Workspace, found: Plan, name: str, options: _PlanOptions) -> str:
    from stagectl.usecases.planning.names import resolve_name
    from stagectl.usecases.planning.places import places
    from stagectl.views.plans.plan_text import explain_text

    resource = resolve_name(repository, found, name, options.head, options.base)
    return explain_text(found, resource, places(repository, found, options.head))


def _show(
    repository: Workspace,
    found: Plan,
    options: _PlanOptions,
    compared: Optional[RangeDiff],
    beside: Optional[Against],
) -> str:
    """Return a plan in the form asked for."""
    format = options.format
    if format is Format.markdown:
        from stagectl.views.comments.plan_markdown import plan_markdown

        return plan_markdown(found, since=compared, against=beside, max_bytes=options.max_bytes)
    if format is Format.github:
        from stagectl.usecases.planning.places import staged_lines
        from stagectl.views.comments.plan_github import MOST, plan_github

        return plan_github(found, staged_lines(repository, found, options.head, MOST))
    if format is Format.text:
        from stagectl.views.plans.plan_text import plan_text

        warn(["planned with uncommitted changes"] if found.dirty else [])
        return _lead(compared, beside) + plan_text(found, colour=colour())
    if format in (Format.svg, Format.html):
        from stagectl.cli.pictures import plan_picture

        return plan_picture(found, page=format is Format.html)
    from stagectl.views.pages.plan_graph import dot, mermaid, picture

    return mermaid(picture(found)) if format is Format.mermaid else dot(picture(found))


def _lead(compared: Optional[RangeDiff], beside: Optional[Against]) -> str:
    """Return what stands before a plan: what became of the reviewed one, and how it meets other branches."""
    lead = ""
    if compared is not None:
        from stagectl.views.plans.range_diff import range_diff_text

        lead += f"{range_diff_text(compared)}\n"
    if beside is not None:
        from stagectl.views.plans.against import against_text

        lead += f"{against_text(beside)}\n"
    return lead
