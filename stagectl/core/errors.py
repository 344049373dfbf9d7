"""The errors of stagectl: one root, each with a message for people and, where there is one, a next step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from stagectl.core.standing import from_here

Step = Union[str, int]
At = Tuple[Step, ...]  # a place in a document: keys and indexes from its root
MOST_FLAWS = 100  # of one file
_LONGEST_MESSAGE = 1000  # characters
_LONGEST = 100  # characters of a word that may merely be mistyped
_MOST_COMPARED = 20  # such words of one report


class StagectlError(Exception):
    """An error a user can act on: a message, and a hint that names the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ReadInFull(Exception):
    """What is asked can only be answered, or answered right, after everything was read; reason: why, for the trace."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UsageError(StagectlError):
    """The command line asks for something that cannot be meant (exit code 64)."""


class Busy(StagectlError):
    """Another process holds a lock, so nothing ran (exit code 75): later it may be free."""


class RunLost(StagectlError):
    """How changes end that a run has started cannot be seen any more; it stays open, and `resume` finishes it."""


class Problem(NamedTuple):
    """One thing wrong in one file, at a place (line and column count from 1)."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        message = self.message if len(self.message) <= _LONGEST_MESSAGE else f"{self.message[:_LONGEST_MESSAGE]}..."
        return f"{from_here(self.path)}:{self.line}:{self.column}: {message}".replace(
            "\n", "\\n"
        )  # one problem, one line


class InvalidFiles(StagectlError):
    """Everything that is wrong in the files, in one go."""

    def __init__(self, problems: Iterable[Problem], hint: str = "") -> None:
        self.problems: Tuple[Problem, ...] = tuple(_first_of_each(sorted(set(problems))))
        super().__init__("\n".join(str(problem) for problem in self.problems), hint)


class PlacedError(StagectlError):
    """An error in words of its own that has places in files, too."""

    def __init__(self, message: str, hint: str, problems: Iterable[Problem]) -> None:
        self.problems: Tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__(message, hint)


def _first_of_each(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Yield the first problems of each file, and how many more it has."""
    count, last = 0, ""
    more = Counter(problem.path for problem in problems)
    for problem in problems:
        count, last = (count + 1 if problem.path == last else 1), problem.path
        if count <= MOST_FLAWS:
            yield problem
        elif count == MOST_FLAWS + 1:
            yield problem._replace(message=f"{more[last] - MOST_FLAWS} more from here on")


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
    """Collects flaws, so that a file's problems are reported all at once."""

    found: List[Flaw] = field(default_factory=list)

    def add(self, document: int, at: Sequence[Step], message: str, *, on_key: bool = False) -> None:
        """Note one flaw; raises FlawedFile when there are more than are read."""
        self.found.append(Flaw(document, tuple(at), message, on_key))
        if len(self.found) == MOST_FLAWS:
            self.found.append(Flaw(document, tuple(at), "the rest of this file was not looked at", on_key))
            raise FlawedFile(self.found)

    def raise_any(self, partial: object = None) -> None:
        """Raise FlawedFile if anything was noted; partial: what could be understood all the same."""
        if self.found:
            raise FlawedFile(self.found, partial)


class Nearest:
    """What is nearest to words that are not known: to the first twenty, since each is compared with all that are."""

    def __init__(self, known: Iterable[str], now: Optional[Mapping[Any, Iterable[str]]] = None) -> None:
        """now: words that there were before, with those that stand for each, which may be known."""
        self._known, self._now = known, now or {}
        self._found: Dict[str, List[str]] = {}

    def to(self, word: str, *, lead: str = "; did you mean ", other: str = "") -> str:
        """Return a suggestion to append to a message: the nearest words but for an *other* one, or nothing."""
        if word not in self._found:
            is_compared = len(word) <= _LONGEST and len(self._found) < _MOST_COMPARED
            self._found[word] = self._find(word) if is_compared else []
        matches = [match for match in self._found[word] if match != other][:2]
        return lead + " or ".join(f"'{match}'" for match in matches) + "?" if matches else ""

    def _find(self, word: str) -> List[str]:
        import difflib  # only an author who mistypes waits for it

        there = set(self._known)
        heirs = {old: new for old, words in self._now.items() for new in words if new in there and old not in there}
        names = sorted({*there, *heirs})
        same = [name for name in names if name.casefold() == word.casefold()]
        alike = difflib.get_close_matches(word, names, n=3, cutoff=0.65)
        return list(dict.fromkeys(heirs.get(name, name) for name in [*same, *_of_path(word, names), *alike]))


def nearest(
    word: str, known: Iterable[str], *, lead: str = "; did you mean ", now: Optional[Mapping[Any, Iterable[str]]] = None
) -> str:
    """Return what is nearest to one word, as `Nearest` does."""
    return Nearest(known, now).to(word, lead=lead)


def no_kind(name: str, kinds: Mapping[str, Any]) -> StagectlError:
    """Return the error for a kind that there is not, with those that there are."""
    some = ", ".join(sorted(kinds)[:8]) + (", ..." if len(kinds) > 8 else "")
    hint = f"the kinds there are: {some}" if kinds else "write kinds/KIND.yaml; stagectl init makes a first one"
    return StagectlError(f"there is no kind '{name}'{nearest(name, kinds)}", hint)


def _of_path(word: str, names: Iterable[str]) -> List[str]:
    """Return the names that a path ends with, as of a file (`resources/prod/web.yaml`), or that end with the word."""
    path = "/" + (word[: -len(".yaml")] if word.endswith(".yaml") else word)
    return [name for name in names if path.endswith(f"/{name}") or f"/{name}".endswith(path)] if len(path) > 1 else []
