"""Commands about what the world says."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, List, Optional

import typer

from stagectl.cli.applying import EXECUTOR, INSECURE, OFFLINE, PARALLEL, SCHEDULER
from stagectl.cli.common import AS_JSON, NAME_WORDS, TAGS, colour, out, print_note, selection, warn, workspace
from stagectl.core.errors import UsageError

if TYPE_CHECKING:
    from stagectl.core.plans.selection import Selection
    from stagectl.core.running.looks import Checked


class CheckFormat(str, Enum):
    """The forms in which a check says what it saw."""

    text = "text"
    json = "json"
    markdown = "markdown"
    github = "github"


def check(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    format: CheckFormat = typer.Option(CheckFormat.text, "--format", help="How to show what was seen."),
    as_json: bool = AS_JSON,
    detailed_exitcode: bool = typer.Option(False, "--detailed-exitcode", help="Exit with 2 where there is drift."),
    record: bool = typer.Option(False, "--record", help="Store what was seen, so that plans know it."),
    accept: bool = typer.Option(False, "--accept", help="Record it, and take it into the definitions and stage them."),
    offline: bool = OFFLINE,
    parallel: Optional[int] = PARALLEL,
    executor: Optional[str] = EXECUTOR,
    scheduler: Optional[str] = SCHEDULER,
    insecure: bool = INSECURE,
) -> None:
    """Look at what is live, by the `check` of its kind, and say what is not as it was applied."""
    from stagectl.cli.progress import open_progress
    from stagectl.usecases.applying.cluster import Where
    from stagectl.usecases.applying.task import Onlooker
    from stagectl.usecases.checking.check import CheckOptions
    from stagectl.usecases.checking.check import check as use_case

    if as_json and format is not CheckFormat.text:
        raise UsageError(f"--json and --format {format.value} exclude each other", "leave one of them out")
    repository, chosen = workspace(), selection(names, tags)
    warn(repository.doubts())
    options = CheckOptions(parallel, Where(executor, scheduler, insecure), record, offline, accept)
    show = open_progress(repository, as_json=False)
    try:
        found = use_case(repository, chosen, options, Onlooker(show.watch, note=show.note, begin=show.begin))
    finally:
        show.end()
    _print(found, CheckFormat.json if as_json else format, chosen, repository.git.folder[:-1])
    if found.unshared:
        print_note(f"warning: what was seen is recorded here, and not shared: {found.unshared}\nhint: stagectl sync")
    _exit(found, detailed_exitcode)


def _print(found: Checked, format: CheckFormat, chosen: Selection, project: str = "") -> None:
    from stagectl.views.check import check_json, checked_text

    if format is CheckFormat.markdown:
        from stagectl.views.comments.check_markdown import check_markdown

        out(check_markdown(found, chosen, project))
    elif format is CheckFormat.github:
        from stagectl.views.comments.check_markdown import check_github

        out(check_github(found))
    else:
        out(check_json(found) if format is CheckFormat.json else checked_text(found, colour=colour()))


def _exit(found: Checked, detailed_exitcode: bool) -> None:
    """Exit with what was seen: 130 interrupted, 1 where a look failed, 2 for drift where that is asked for."""
    from stagectl.core.running.looks import Seen

    if found.interrupted:
        raise typer.Exit(130)
    if found.are(Seen.FAILED) or found.unshared or found.left:
        raise typer.Exit(1)
    if detailed_exitcode and found.are(Seen.DRIFTED, Seen.GONE):
        raise typer.Exit(2)


def adopt(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    accept: bool = typer.Option(False, "--accept", help="Take what differs into the definitions, and stage it."),
    as_json: bool = AS_JSON,
    offline: bool = OFFLINE,
    parallel: Optional[int] = PARALLEL,
) -> None:
    """Look at what is staged and not live, and record as applied, without a run, what the world confirms."""
    from stagectl.cli.progress import open_progress
    from stagectl.usecases.applying.task import Onlooker
    from stagectl.usecases.checking.adopt import adopt as use_case
    from stagectl.usecases.checking.check import CheckOptions

    if not (names or tags):
        raise UsageError("say what is there already: NAMEs or -t EXPR", "see what is not live: stagectl plan")
    repository, chosen = workspace(), selection(names, tags)
    show = open_progress(repository, as_json=False)
    onlooker = Onlooker(show.watch, note=show.note, begin=show.begin)
    options = CheckOptions(parallel, record=True, offline=offline)
    try:
        found = use_case(repository, chosen, options, onlooker, accepting=accept)
    finally:
        show.end()
    _print(found, CheckFormat.json if as_json else CheckFormat.text, chosen)
    if found.interrupted:
        raise typer.Exit(130)
    if {look.name for look in found.looks} - {*found.adopted} or found.left:
        raise typer.Exit(1)
