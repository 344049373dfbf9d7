"""The errors of stagectl: one root, each with a message for people and, where there is one, a next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, List, NamedTuple, Sequence, Tuple, Union

Step = Union[str, int]


class StagectlError(Exception):
    """An error a user can act on: a message, and a hint that names the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(StagectlError):
    """The command line asks for something that cannot be meant (exit code 64)."""


class RunLost(StagectlError):
    """Nobody sees any more how changes end that a run has started; it stays open, and `resume` finishes it."""


class Problem(NamedTuple):
    """One thing wrong in one file, at a place (line and column count from 1)."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}".replace("\n", "\\n")  # one problem, one line


class InvalidFiles(StagectlError):
    """Everything that is wrong in the files, in one go."""

    def __init__(self, problems: Iterable[Problem], hint: str = "") -> None:
        self.problems: Tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems), hint)


class Flaw(NamedTuple):
    """One thing wrong inside a parsed file, before its line is known.

    document: 0 for the front matter (or the only document), 1 for the body.
    at: keys and indexes from the document's root; on_key points at the key itself, not at its value.
    """

    document: int
    at: Tuple[Step, ...]
    message: str
    on_key: bool = False


class FlawedFile(StagectlError):
    """A file's content that is not what its format says; carries every flaw found, and what could be understood."""

    def __init__(self, flaws: Sequence[Flaw], partial: object = None) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws))
        self.flaws = tuple(flaws)
        self.partial = partial


@dataclass
class Flaws:
    """Collects flaws, so that a file's problems are told all at once."""

    found: List[Flaw] = field(default_factory=list)

    def add(self, document: int, at: Sequence[Step], message: str, *, on_key: bool = False) -> None:
        """Note one flaw."""
        self.found.append(Flaw(document, tuple(at), message, on_key))

    def raise_any(self, partial: object = None) -> None:
        """Raise FlawedFile if anything was noted; partial: what could be understood all the same."""
        if self.found:
            raise FlawedFile(self.found, partial)


def nearest(word: str, known: Iterable[str], *, lead: str = "; did you mean ") -> str:
    """Return a suggestion to append to a message: the nearest known words, or nothing."""
    import difflib  # only who mistypes waits for it

    names = sorted(set(known))
    alike = difflib.get_close_matches(word, names, n=2, cutoff=0.65)
    matches = list(dict.fromkeys([*_of_path(word, names), *alike]))[:2]
    return lead + " or ".join(f"'{match}'" for match in matches) + "?" if matches else ""


def _of_path(word: str, names: Iterable[str]) -> List[str]:
    """Return the names that a path ends with, as of a file (`resources/prod/web.yaml`), or that end with the word."""
    path = "/" + (word[: -len(".yaml")] if word.endswith(".yaml") else word)
    return [name for name in names if path.endswith(f"/{name}") or f"/{name}".endswith(path)] if len(path) > 1 else []
