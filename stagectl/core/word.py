"""Closed lists of words: causes, reasons, operations."""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):
    """A word of a closed list; in texts, in JSON and beside plain strings it is its value.

    Which text an enum of strings formats as differs between versions of Python (docs.python.org, enum, `StrEnum`).
    """

    __hash__ = str.__hash__  # that of the strings that it is equal to, and in C
    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ValueError(f"{value!r} cannot stand where it does")
