"""Paths and commands as messages have them: from where the reader stands, so that an editor, or a shell, takes them."""

from __future__ import annotations

from contextvars import ContextVar
from posixpath import join, relpath
from typing import Callable, NamedTuple, Optional, Sequence


class Standing(NamedTuple):
    """Where a reader stands. top: the repository's folder; folder: the project's in it, "" or ending in `/`."""

    top: str
    folder: str
    reader: str


STANDING: ContextVar[Optional[Standing]] = ContextVar("standing", default=None)
SPOKEN: ContextVar[Callable[[str], str]] = ContextVar("commands", default=str)  # what -C changes in a sentence


def from_here(path: str) -> str:
    """Return the path of a file of the project as the reader opens it; a `/` at its end stays."""
    found = STANDING.get()
    if found is None or join(found.top, found.folder).rstrip("/") == found.reader:
        return path
    return relpath(join(found.top, found.folder, path), found.reader) + "/" * path.endswith("/")


def some_from_here(paths: Sequence[str]) -> str:
    """Return the first of some paths of the project as the reader opens them, and how many more there are."""
    from stagectl.core.printable import few

    return few([from_here(path) for path in paths], 5)


def top_from_here(path: str) -> str:
    """Return the path of a file of the repository, from its top folder, as the reader opens it."""
    found = STANDING.get()
    return path if found is None else relpath(join(found.top, path), found.reader)


def commands_here(text: str) -> str:
    """Return a sentence with its commands as they act, typed where the reader stands, on the project it is about."""
    return SPOKEN.get()(text)


def from_top(path: str) -> str:
    """Return the path of a file of the project as its repository has it."""
    found = STANDING.get()
    return path if found is None else f"{found.folder}{path}"
