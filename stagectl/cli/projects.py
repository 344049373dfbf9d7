"""The command about the projects of a repository."""

from __future__ import annotations

from typing import Optional

import typer

from stagectl.cli.common import AS_JSON, out, workspace


def projects(
    changed_since: Optional[str] = typer.Option(
        None, "--changed-since", metavar="REV", help="Only those with a file that was changed since REV."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """List the projects of the repository, each with what it has pending."""
    from stagectl.usecases.looking.projects import projects as use_case
    from stagectl.views.projects import projects_json, projects_text

    found = use_case(workspace(), changed_since)
    out(projects_json(found) if as_json else projects_text(found))
