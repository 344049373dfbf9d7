"""Commands for teams: the applied branch shared through the remote, and locks."""

from __future__ import annotations

from typing import List, Optional

import typer

from stagectl.cli import place
from stagectl.cli.common import AS_JSON, NAME_WORDS, TAGS, out, print_note, selection, workspace


def sync(as_json: bool = AS_JSON) -> None:
    """Bring the applied branch here and on the remote in step: fetch, put what both did together, push."""
    from stagectl.usecases.team.sync import sync as use_case
    from stagectl.views.teams import conflict_text, sync_json, sync_text

    done = use_case(workspace(), print_note)
    if as_json:
        out(sync_json(done))
    elif not done.conflicts:
        out(sync_text(done))
    if done.conflicts:
        print_note(conflict_text(done))
        raise typer.Exit(1)


def locks(as_json: bool = AS_JSON) -> None:
    """Show who is applying, or has locked: on this machine, and on the remote."""
    from stagectl.usecases.team.locks import locks as use_case
    from stagectl.views.teams import UNLOCK, locks_json, locks_text

    found = use_case(workspace())
    out(locks_json(found) if as_json else locks_text(found, place.commands_from_here(UNLOCK)))


def lock(
    names: Optional[List[str]] = NAME_WORDS,
    tags: Optional[List[str]] = TAGS,
    reason: str = typer.Option(..., "--reason", metavar="TEXT", help="Why, for those who have to wait."),
) -> None:
    """Lock the remote for maintenance, all of it or a part: no apply that touches it starts until the unlock."""
    from stagectl.core.locks import about
    from stagectl.usecases.team.locks import lock as use_case
    from stagectl.views.teams import UNLOCK
    from stagectl.views.text import safe

    done = use_case(workspace(), reason, selection(names, tags), print_note)
    what = "" if done.part.whole else f" of {about(done.part)}"
    out(safe(f"Locked: {done.purpose}. No apply{what} starts until: {place.commands_from_here(UNLOCK)} {done.id}\n"))


def unlock(identity: str = typer.Argument(..., metavar="ID", help="The lock, as `stagectl locks` shows it.")) -> None:
    """Take a lock on the remote away, also one of another person."""
    from stagectl.usecases.team.locks import unlock as use_case
    from stagectl.views.text import safe

    done = use_case(workspace(), identity)
    out(safe(f"Unlocked. The lock {done.id} was of {done.holder}: {done.purpose}.\n"))
