"""The events of a YAML text, from libyaml or from the slower parser, what they have against it and where they are."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, Sequence, Tuple

from stagectl.core.errors import Problem, StagectlError, Step

NOT_YAML = "not YAML: "


class BadYaml(StagectlError):
    """A file that is not in the subset; line and column count from 1."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column

    def problem(self, path: str) -> Problem:
        """Return the problem of a file at *path*."""
        return Problem(path, self.line, self.column, self.message)


class YamlNode:
    """A value as it stands in a text. key, first, last: events of its key, if it has one, and of itself, with marks.

    inner: what stands in it, in the order of the text, by key or index.
    """

    def __init__(self, first: Any, key: Any = None) -> None:
        self.key, self.first, self.last = key, first, first
        self.inner: Dict[Step, YamlNode] = {}

    @classmethod
    def of(cls, first: Any, events: Iterator[Any], key: Any = None) -> YamlNode:
        """Return what stands in a text from an event on; events: those behind it, of which it takes its own."""
        node, name = cls(first, key), type(first).__name__
        while name != "ScalarEvent":
            event = next(events)
            if type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
                node.last = event
                break
            if name == "MappingStartEvent":
                node.inner[event.value] = cls.of(next(events), events, event)
            else:
                node.inner[len(node.inner)] = cls.of(event, events)
        return node

    def reach(self, at: Sequence[Step]) -> Tuple[YamlNode, int]:
        """Return what stands at a path, or the nearest parent that is there, and how many steps lead to it."""
        entry = self
        for depth, step in enumerate(at):
            if step not in entry.inner:
                return entry, depth
            entry = entry.inner[step]
        return entry, len(at)


def events_of(text: str) -> Callable[[], Any]:
    """Return what gives libyaml's events of a text; it is loaded for the first file: a plan of nothing reads none."""
    try:
        from _ruamel_yaml import CParser  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:  # a build without the C library cannot keep its promises
        raise ImportError("stagectl needs ruamel.yaml.clib: pip install ruamel.yaml.clib") from error
    return CParser(text).get_event  # type: ignore[no-any-return,unused-ignore]


def refusal(error: Exception) -> Exception:
    """Return what a parser has against a file as BadYaml; other errors as they are."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        context = f" {error.context}" if error.context else ""
        return BadYaml(line, column, f"{NOT_YAML}{error.problem}{context}")
    return BadYaml(1, 1, f"{NOT_YAML}{str(error).splitlines()[0]}") if isinstance(error, YAMLError) else error


def slow_events(text: str) -> Iterator[Any]:
    """Yield the events of ruamel.yaml's Python parser as libyaml's parser gives them."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if type(event).__name__ == "ScalarEvent":
                event.value = event.value.encode("utf-16", "surrogatepass").decode("utf-16")
            yield event
    except YAMLError:
        raise
    except Exception:  # it says of some that they are no YAML, asserts others, and fails on the rest
        raise BadYaml(1, 1, f"{NOT_YAML}an escape that names no character, or the like") from None
