"""Where a command acts: in the current folder, or in the one that -C names. Nothing is loaded for that."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # loading `typing` would keep git waiting
    from typing import List, Sequence, Tuple

_OPTION = "-C"
_stood = ""  # where the command line was given; "" where that folder is gone
_is_named = False  # whether -C named a folder
_within = ""  # what of the folder named is nowhere: a repository without a working tree may have it
_trouble = ""
_asks_for_folder = False  # whether a shell completes the folder of a -C: it knows folders better


def enter(words: Sequence[str]) -> List[str]:
    """Return a command line without its -C FOLDER, before or behind the command, having gone there.

    Several are followed one after the other, as git does it. `back` returns to where it was given.
    """
    global _stood, _is_named, _within, _trouble
    _within = _trouble = ""
    try:
        _stood = os.getcwd()
    except OSError:
        _stood = ""
    if "_STAGECTL_COMPLETE" in os.environ:
        _complete()
    left, folders = apart(words)
    _is_named = bool(folders)
    for folder in folders:
        if folder:
            _go(folder)
        else:
            _trouble = "-C needs a folder"
    return left


def apart(words: Sequence[str]) -> Tuple[List[str], List[str]]:
    """Return a command line without its -C FOLDER, and those folders, "" where one is missing."""
    left, folders = list(words), []
    while _OPTION in left[: left.index("--") if "--" in left else len(left)]:
        at = left.index(_OPTION)
        folders += left[at + 1 : at + 2] or [""]
        del left[at : at + 2]
    return left, folders


def _go(folder: str) -> None:
    global _within, _trouble
    try:
        os.chdir(folder)
    except FileNotFoundError:
        # A bare repository has its folders in its commits alone: `check_folder` finds out.
        if os.path.isabs(folder) or os.pardir in folder.split(os.sep):
            _trouble = f"there is no folder {folder}"
        _within = os.path.normpath(os.path.join(_within, folder))
    except OSError as error:
        _trouble = f"{folder}: {error.strerror}"


def _complete() -> None:
    """Take -C FOLDER out of the line that a shell completes, unless it is the folder that is completed."""
    global _asks_for_folder
    line, word = _shell_words(os.environ.get("COMP_WORDS", "")), os.environ.get("COMP_CWORD", "")
    while word.isdigit() and _OPTION in line[1 : int(word) - 1]:
        at = line.index(_OPTION, 1)
        _go(os.path.expanduser(line[at + 1]))
        del line[at : at + 2]
        word = str(int(word) - 2)
        os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = _quoted(line), word
    _asks_for_folder = word.isdigit() and line[int(word) - 1 : int(word)] == [_OPTION]


def _shell_words(text: str) -> List[str]:
    """Return the words of a line that is being typed, without their quotes; the last may lack its end."""
    import shlex

    lexer, found = shlex.shlex(text, posix=True, punctuation_chars=""), []
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        for word in lexer:
            found.append(word)
    except ValueError:
        found.append(lexer.token or "")
    return found


def _quoted(words: Sequence[str]) -> str:
    import shlex

    return " ".join(map(shlex.quote, words))


def completes_folder() -> bool:
    """Return whether a shell asks for the folder of a -C."""
    return "_STAGECTL_COMPLETE" in os.environ and _asks_for_folder


def check_folder() -> None:
    """Raise UsageError where there is no such folder."""
    if _trouble or (_within and not os.path.isfile("HEAD")):
        from stagectl.core.errors import UsageError

        raise UsageError(_trouble or f"there is no folder {_within}", "-C takes a folder of the repository")


def within() -> str:
    """Return the folder that is meant in a repository without a working tree, "" for none."""
    return _within


def starting_folder() -> str:
    """Return the folder in which the command line was given."""
    return _stood


def commands_from_here(text: str) -> str:
    """Return a message with its commands as they act on the project that -C named, typed where the line was given."""
    if not _is_named or "stagectl " not in text:
        return text
    import re
    import shlex

    from stagectl.cli import COMMANDS
    from stagectl.core.standing import from_here

    folder = from_here(".")
    named = "" if folder == "." else f"-C {shlex.quote(folder)} "
    command = rf"(?<![\w/.-])stagectl (?=(?:{'|'.join(COMMANDS)})\b)"
    return re.sub(command, lambda _: f"stagectl {named}", text)


def back() -> None:
    """Go back to where the command line was given."""
    if _stood:
        try:  # noqa: SIM105 (contextlib would keep git waiting)
            os.chdir(_stood)
        except OSError:
            pass
