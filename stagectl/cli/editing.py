"""Commands that edit definitions and stage them, and those that take it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, List, Optional

import typer

from stagectl.cli import completion
from stagectl.cli.common import NAME_WORDS, TAGS, is_terminal, out, selection, warn, workspace_to_stage

if TYPE_CHECKING:
    from stagectl.usecases.staging.commit import Staging

SET = typer.Option(
    None,
    "--set",
    metavar="KEY=VALUE",
    help="Set an input: port=5433, urls.0.port=80.",
    autocompletion=completion.keys,
)
SET_JSON = typer.Option(
    None, "--set-json", metavar="KEY=JSON", help="Set an input to a JSON value.", autocompletion=completion.keys
)
SET_STRING = typer.Option(
    None, "--set-string", metavar="KEY=TEXT", help="Set an input to a text as typed.", autocompletion=completion.keys
)
UNSET = typer.Option(None, "--unset", metavar="KEY", help="Take an input out.", autocompletion=completion.bare_keys)
TAG = typer.Option(None, "--tag", metavar="TAG", help="Add a tag.", autocompletion=completion.tags)
UNTAG = typer.Option(None, "--untag", metavar="TAG", help="Take a tag out.", autocompletion=completion.tags)
ALL = typer.Option(False, "--all", help="Everything there is.")
NAME = typer.Argument(..., metavar="NAME", help="The resource.", autocompletion=completion.names)


def create(
    name: str = NAME,
    kind: Optional[str] = typer.Option(
        None, "--kind", metavar="KIND", help="Its kind; --like may give it one.", autocompletion=completion.kind_names
    ),
    like: Optional[str] = typer.Option(
        None,
        "--like",
        metavar="NAME",
        help="Start from this one.",
        autocompletion=completion.definition_names,
    ),
    tags: Optional[List[str]] = TAG,
    sets: Optional[List[str]] = SET,
    strings: Optional[List[str]] = SET_STRING,
    json_sets: Optional[List[str]] = SET_JSON,
) -> None:
    """Write a new definition and stage it."""
    from stagectl.usecases.staging.define import create as use_case
    from stagectl.usecases.staging.settings import Sets, parse_settings

    settings = parse_settings(Sets(sets or (), strings or (), json_sets or ()), tags=tags or ())
    _print_staging(use_case(workspace_to_stage(), name, kind, settings, like))


def update(
    name: str = NAME,
    sets: Optional[List[str]] = SET,
    strings: Optional[List[str]] = SET_STRING,
    json_sets: Optional[List[str]] = SET_JSON,
    unsets: Optional[List[str]] = UNSET,
    tags: Optional[List[str]] = TAG,
    untags: Optional[List[str]] = UNTAG,
) -> None:
    """Edit a definition, its comments kept, and stage it."""
    from stagectl.usecases.staging.define import update as use_case
    from stagectl.usecases.staging.settings import Sets, parse_settings

    _print_staging(
        use_case(
            workspace_to_stage(),
            name,
            parse_settings(Sets(sets or (), strings or (), json_sets or ()), unsets or (), tags or (), untags or ()),
        )
    )


def remove(
    names: List[str] = typer.Argument(..., metavar="NAME...", help="The resources.", autocompletion=completion.names),
    recursive: bool = typer.Option(False, "--recursive", help="Remove everything that reads or names them, too."),
    detach: bool = typer.Option(False, "--detach", help="Write the last applied values into their readers."),
) -> None:
    """Delete definitions and stage the removals."""
    from stagectl.usecases.staging.define import remove as use_case

    _print_staging(use_case(workspace_to_stage(), names, recursive=recursive, detach=detach))


def move(
    old: str = typer.Argument(..., metavar="OLD", help="The resource.", autocompletion=completion.names),
    new: str = typer.Argument(..., metavar="NEW", help="Its new name."),
) -> None:
    """Rename a resource without removing it; what names it is rewritten and staged, too."""
    from stagectl.usecases.staging.move import move as use_case

    _print_staging(use_case(workspace_to_stage(), old, new))


def unstage(names: Optional[List[str]] = NAME_WORDS, tags: Optional[List[str]] = TAGS, everything: bool = ALL) -> None:
    """Put staged files back to what is applied; the definitions stay."""
    from stagectl.usecases.staging.undo import unstage as use_case

    _print_staging(use_case(workspace_to_stage(), selection(names, tags), everything=everything), NOTHING_TO_UNDO)


def discard(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    everything: bool = ALL,
    force: bool = typer.Option(False, "--force", help="Drop text that is not committed."),
) -> None:
    """Put staged files and definitions back to what is applied, and drop what is owed."""
    from stagectl.usecases.staging.undo import discard as use_case

    done = use_case(workspace_to_stage(), selection(names, tags), everything=everything, force=force)
    if done.debts:
        out(f"Dropped, no longer owed: {', '.join(done.debts)}\n")
    if done.forgotten:
        out(f"Dropped, what a check saw of: {', '.join(done.forgotten)}\n")
    if done.staging.commit is not None or not (done.debts or done.forgotten):
        _print_staging(done.staging, NOTHING_TO_UNDO)


def promote(
    source: str = typer.Argument(..., metavar="FROM", help="The folder to promote from, such as staging."),
    target: str = typer.Argument(..., metavar="TO", help="The folder to promote to, such as prod."),
    names: Optional[List[str]] = typer.Argument(None, metavar="[NAME]...", help="Only these resources, or globs."),
    sets: Optional[List[str]] = typer.Option(
        None, "--set", metavar="NAME.KEY=VALUE", help="A value of the target's own: prod/web.port=80."
    ),
    from_staged: bool = typer.Option(False, "--from-staged", help="Promote what is staged there, applied or not."),
    unverified: bool = typer.Option(False, "--unverified", help="Promote although something did not succeed."),
    create: bool = typer.Option(False, "--create", help="TO may be a new folder."),
) -> None:
    """Stage in one environment's folder what is applied in another's."""
    from stagectl.usecases.staging.promote import Wishes
    from stagectl.usecases.staging.promote import promote as use_case
    from stagectl.usecases.staging.promotion_gate import MissingValues
    from stagectl.views.staging import promotion_text

    source, target = source.rstrip("/"), target.rstrip("/")
    wishes = Wishes(names or (), sets or (), from_staged, unverified, create)
    try:
        done = use_case(workspace_to_stage(), source, target, wishes)
    except MissingValues as error:
        if not is_terminal():
            raise
        asked = [f"{name}.{path}={typer.prompt(f'{name}.{path}', err=True)}" for name, path in error.missing]
        done = use_case(workspace_to_stage(), source, target, replace(wishes, sets=(*wishes.sets, *asked)))
    warn(done.notes)
    _print_staging(done.staging, f"Nothing to promote. {target} is as {source}, apart from its overrides.\n")
    out(promotion_text(done.differ, done.left, target))


def revert(commits: List[str] = typer.Argument(..., metavar="COMMIT...", help="Commits, or ranges A..B.")) -> None:
    """Stage the inverse of staging commits and applies; what was changed again since is a conflict."""
    from stagectl.usecases.staging.revert import revert as use_case

    done = use_case(workspace_to_stage(), commits)
    warn(done.notes)
    _print_staging(done.staging, "Nothing to revert. That is as it was before.\n")


NOTHING_TO_UNDO = "Nothing to take back. That is as it was applied.\n"


def _print_staging(done: Staging, nothing: Optional[str] = None) -> None:
    from stagectl.views.staging import staging_text

    warn(done.warnings)
    if done.restored:
        out(f"As committed again: {', '.join(done.restored)}\n")
    elif nothing is not None and done.commit is None:
        out(nothing)
    else:
        out(staging_text(done.commit, done.changes, done.files, done.gone))
