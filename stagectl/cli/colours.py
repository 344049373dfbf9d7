"""Whether output has colours: as --color says, else as the environment says, else on terminals."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # an error is printed without loading more
    from typing import List, Sequence, TextIO

AUTO, ALWAYS, NEVER = "auto", "always", "never"
_OPTION = "--color"
_LEADS = {"error": "1;31", "warning": "33", "hint": "36", "note": "36"}
_chosen = AUTO  # of the command line that runs; a process runs one after the other


def take_from(words: Sequence[str]) -> List[str]:
    """Return a command line without its --color, which may stand anywhere before `--`, and heed it."""
    global _chosen
    _chosen, rest = AUTO, list(words)
    end = rest.index("--") if "--" in rest else len(rest)
    place = next((at for at in range(end) if rest[at].partition("=")[0] == _OPTION), None)
    if place is None:
        return rest
    value = rest[place].partition("=")[2] if "=" in rest[place] else "".join(rest[place + 1 : place + 2])
    if value not in (AUTO, ALWAYS, NEVER):
        from stagectl.core.errors import UsageError

        raise UsageError(f"--color does not take '{value}'", "it takes always, never or auto")
    _chosen = value
    del rest[place : place + (1 if "=" in rest[place] else 2)]
    return rest


def has_colours(stream: TextIO) -> bool:
    """Return whether what is written to a stream has colours: no-color.org, force-color.org."""
    if _chosen != AUTO:
        return _chosen == ALWAYS
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colour_message(text: str) -> str:
    """Return a message for stderr, its first word in colour where it is `error`, `warning`, `hint` or `note`.

    Its commands act on the project that -C named.
    """
    import sys

    from stagectl.cli.place import commands_from_here

    text = commands_from_here(text)
    word, colon, _ = text.partition(": ")
    if not colon or word not in _LEADS or not has_colours(sys.stderr):
        return text
    return f"\x1b[{_LEADS[word]}m{word}:\x1b[0m{text[len(word) + 1 :]}"
