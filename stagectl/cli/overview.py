"""What is answered without a parser, as fast as Python starts: the list of commands, and the version."""

from __future__ import annotations

from stagectl.cli import ASKS_FOR_HELP, GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:  # loading `typing` would double the time that an answer takes
    from typing import List, Optional, Sequence

_HEAD = """\
Usage: stagectl [OPTIONS] COMMAND [ARGUMENTS]...

  Stage, review and roll out changes to resources, with git as the only store.
"""
_FOOT = """
Options:
  -C FOLDER     Act on the project there; before or behind the command
  --color WHEN  always, never, or auto: on terminals, and never with NO_COLOR
  -V --version  Show the version
  -h --help     Show this list; behind a command, its options with examples

Begin with: stagectl init. Of a command: stagectl help plan
"""


def overview() -> str:
    """Return the list of commands: a group under its title, a command in one line."""
    parts = [_HEAD]
    for title, commands in GROUPS.items():
        parts += [f"\n{title}:\n", *(f"  {name:<11} {summary}\n" for name, (_, summary) in commands.items())]
    return "".join([*parts, _FOOT])


def answer(words: Sequence[str]) -> Optional[str]:
    """Return what a command line that asks for the list or the version prints, None for every other one."""
    if list(words) == ["help"] or (words[:1] and words[0] in ASKS_FOR_HELP):
        return overview()
    if words[:1] and words[0] in ("-V", "--version"):
        from stagectl.version import __version__

        return f"stagectl {__version__}\n"
    return None


def spell_out(words: Sequence[str]) -> List[str]:
    """Return a command line in which `help COMMAND` is `COMMAND --help`, and `--wait` alone says how long."""
    if words[:1] == ["help"] and len(words) > 1:
        return [words[1], "--help"]
    end = words.index("--") if "--" in words else len(words)
    return ["--wait=inf" if word == "--wait" and at < end else word for at, word in enumerate(words)]
