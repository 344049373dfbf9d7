"""What the commands share: their common options, and where text goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, List, Optional

import typer

from stagectl.cli import completion, place

if TYPE_CHECKING:  # a command that only shows its help loads nothing else
    from stagectl.core.plans.selection import Selection
    from stagectl.usecases.repository.workspace import Workspace

NAME_WORDS = typer.Argument(
    None,
    metavar="[NAME]...",
    help="Resources: names, globs (prod/*, prod/**), db+ or +db.",
    autocompletion=completion.names,
)
TAGS = typer.Option(
    None,
    "-t",
    "--tag",
    metavar="EXPR",
    help="A tag expression: 'prod and not canary'; several mean or.",
    autocompletion=completion.tags,
)
WITH_CHILDREN = typer.Option(False, "--with-children", help="Take in affected children that the tags leave out.")
WITH_PARENTS = typer.Option(False, "--with-parents", help="Take in the staged changes of parents that are needed.")
_NEXT = "Next: "
AS_JSON = typer.Option(False, "--json", help="Write JSON.")


def workspace(*, warns: bool = True, head: Optional[str] = None) -> Workspace:
    """Return the repository around the current folder; warns: say so on stderr if a run was interrupted.

    head: the revision that is asked about, if it is one and not the working tree.
    """
    from stagectl.adapters.git.git import Meant
    from stagectl.adapters.git.prefetch import ASKED
    from stagectl.usecases.repository.workspace import Workspace

    found = Workspace(_here(), Meant(head, place.within()), ASKED.get(None))
    _stand(found)
    if warns:
        from stagectl.usecases.applying.interrupted import find_interrupted, outliving

        run = find_interrupted(found)
        if run is not None:
            from stagectl.core.pictures.status import outliving_text

            print_note(f"warning: run {run} was interrupted; finish it: stagectl resume, see it: stagectl report")
            warn(outliving_text(outliving(found, run)))
    return found


def _stand(found: Workspace) -> None:
    """Have messages say paths from where the command line was given."""
    from stagectl.core.standing import SPOKEN, STANDING, Standing

    git = found.git
    SPOKEN.set(place.commands_from_here)
    STANDING.set(Standing(str(git.top), git.folder, place.starting_folder() or str(git.root)))


def workspace_to_set_up() -> Workspace:
    """Return the project that the current folder is, or is to be."""
    from stagectl.adapters.git.git import Meant
    from stagectl.usecases.repository.workspace import Workspace

    found = Workspace(_here(), Meant(is_project=True))
    _stand(found)
    return found


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        from stagectl.core.errors import StagectlError

        raise StagectlError("the current folder is gone", "go to the repository with cd, and try again") from None


def workspace_to_stage() -> Workspace:
    """Return the repository around the current folder, in which a staging that was killed is taken back."""
    from stagectl.core.standing import top_from_here
    from stagectl.usecases.applying.interrupted import restore_write_intent

    found = workspace()
    taken = restore_write_intent(found)
    if taken:
        print_note(f"warning: a staging that was killed here was taken back: {', '.join(map(top_from_here, taken))}")
    return found


def selection(
    names: Optional[List[str]], tags: Optional[List[str]], with_children: bool = False, with_parents: bool = False
) -> Selection:
    """Return the selection that a command line asks for."""
    from stagectl.core.plans.selection import Selection

    return Selection(tuple(names or ()), tuple(tags or ()), with_children, with_parents)


def plan_file(words: Optional[List[str]]) -> Optional[Path]:
    """Return the saved plan that stands among names, None if there is none."""
    return next((Path(word) for word in words or () if _is_plan_file(word)), None)


def _is_plan_file(word: str) -> bool:
    """Return whether a word is a path: no name has a dot, but `web.restart` is more likely meant as one."""
    from stagectl.core.model import CHANGE

    path = Path(word)
    if "." in word:
        return path.suffix == ".json" or path.exists() or CHANGE.fullmatch(word) is None
    if not path.is_file():
        return False
    try:
        with open(path, "rb") as file:
            return file.read(1) == b"{"
    except OSError:
        return False


def out(text: str) -> None:
    """Write a result; lines at its end that say what comes next are about the project that -C named."""
    lines = text.splitlines(keepends=True) if _NEXT in text else []
    at = len(lines)
    while at and _NEXT in lines[at - 1]:
        at -= 1
    for number in range(at, len(lines)):
        before, mark, after = lines[number].partition(_NEXT)
        lines[number] = before + mark + place.commands_from_here(after)
    sys.stdout.write("".join(lines) if at < len(lines) else text)


def print_note(text: str) -> None:
    """Write what is not a result, a line each, to stderr; nothing in it acts on a terminal."""
    from stagectl.cli.colours import colour_message
    from stagectl.views.text import safe

    aside(colour_message(safe(text)))


def aside(text: str) -> None:
    """Write what a view made, which is safe and may have colours, to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def warn(messages: Iterable[str]) -> None:
    """Write warnings."""
    from stagectl.views.text import one_line

    for message in messages:
        print_note(f"warning: {one_line(message)}")


def colour() -> bool:
    """Return whether results may have colours."""
    from stagectl.cli.colours import has_colours

    return has_colours(sys.stdout)


def colour_aside() -> bool:
    """Return whether what is said beside results may have colours."""
    from stagectl.cli.colours import has_colours

    return has_colours(sys.stderr)


def is_terminal() -> bool:
    """Return whether a question can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
