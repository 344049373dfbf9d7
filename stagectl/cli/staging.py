"""Commands that fill the staging area."""

from __future__ import annotations

from typing import List, Optional

import typer

from stagectl.cli.common import NAMES, TAGS, out, selection, warn, workspace


def init(
    example: bool = typer.Option(False, "--example", help="Add a small working example: a shop in two environments."),
) -> None:
    """Set up a repository: folders, a first kind, the config, the fetch rule for the applied branch."""
    from stagectl.usecases.init import init as use_case

    done = use_case(workspace(), example=example)
    out("".join(f"{line}\n" for line in done) or "Everything is here already.\n")
    if example:
        out("Next: git add . && git commit -m shop && stagectl stage && stagectl plan\n")
    elif done:
        out("Next: write resources/NAME.yaml, commit kinds/ and stagectl.yaml, then: stagectl stage\n")


def stage(
    names: Optional[List[str]] = NAMES,
    tags: Optional[List[str]] = TAGS,
    actions: Optional[List[str]] = typer.Option(
        None, "-a", "--action", metavar="ACTION", help="Stage this action on the selected resources, changed or not."
    ),
    force: bool = typer.Option(False, "--force", help="Overwrite staged copies that were edited by hand."),
) -> None:
    """Bring the staging area up to date with the definitions, for the selection only, and commit it."""
    from stagectl.usecases.stage import stage as use_case
    from stagectl.views.staging import staging_text

    done = use_case(workspace(), selection(names, tags), actions or (), force=force)
    warn(done.warnings)
    out(staging_text(done.commit, done.changes, done.files))
