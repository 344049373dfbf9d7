"""One resource as it comes out of its definitions, and where each of its values is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from stagectl.core.errors import At, Flaw, Step
from stagectl.core.expanding.definition import KEY, MOVED_FROM, Definition
from stagectl.core.expanding.merge import each_path
from stagectl.core.model import Name
from stagectl.core.schemas.schema import BODY, FRONT


class Written(NamedTuple):
    """Where something is written. definition: whose file it is; the rest as in a Flaw."""

    definition: Definition
    document: int
    at: At
    on_key: bool = False


@dataclass(frozen=True)
class Expanded:
    """A resource that was expanded. chain: its definition, then those that one is like, the nearest first.

    entry: the key in the definition's `each` that it is for. front, body: what a definition that says all by itself
    would say; the tags in the order in which they are written.
    """

    name: Name
    chain: Tuple[Definition, ...]
    entry: Optional[str]
    front: Dict[str, Any] = field(default_factory=dict)
    body: Dict[str, Any] = field(default_factory=dict)

    @property
    def definition(self) -> Definition:
        """The definition that makes it."""
        return self.chain[0]

    @property
    def template(self) -> Tuple[Name, ...]:
        """The definitions it came from, beside one of its own name."""
        return tuple(one.name for one in self.chain if one.name != self.name)

    def flaw(self, flaw: Flaw) -> Tuple[str, Flaw]:
        """Return a flaw of the expanded resource as one of the file in which it is written, and that file's path."""
        place = self.source_of(flaw.document, flaw.at, flaw.on_key)
        return place.definition.path, Flaw(place.document, place.at, flaw.message, place.on_key)

    def source_of(self, document: int, at: At, on_key: bool = False) -> Written:
        """Return where a value of the expanded resource is written; of one that is not there, its nearest parent."""
        return self._in_front(at, on_key) if document == FRONT else self._in_body(at, on_key)

    @cached_property
    def _tags(self) -> List[Tuple[Definition, int]]:
        return [(definition, index) for definition, index, _ in tags_along(self.chain)]

    def _in_front(self, at: At, on_key: bool) -> Written:
        own = self.definition
        if at[:1] == ("tags",) and len(at) == 2 and isinstance(at[1], int) and at[1] < len(self._tags):
            definition, index = self._tags[at[1]]
            return Written(definition, FRONT, ("tags", index))
        if at[:1] == ("kind",):
            own = next((definition for definition in self.chain if "kind" in definition.front), own)
        if at[:1] == (MOVED_FROM,) and self.entry is not None:
            return self._in_entry((MOVED_FROM, *at[1:]))
        return Written(own, FRONT, at, on_key)

    def text_at(self, document: int, at: At, on_key: bool = False) -> Written:
        """Return where the text stands that a value comes from, also where an entry of `each` fills it in."""
        return self._in_front(at, on_key) if document == FRONT else self._text_at(at, on_key)[0]

    def _in_body(self, at: At, on_key: bool) -> Written:
        place, _ = self._text_at(at, on_key)
        inside = None if place.on_key else self.value_at(at)
        return place if inside is None else self._in_entry(inside)

    def value_at(self, at: At) -> Optional[At]:
        """Return where among the values of its entry a value of the body comes from; None where from none alone."""
        place, value = self._text_at(at, False)
        path = each_path(value)
        if path is None or path == (KEY,) or self.entry is None:
            return None
        return (*path, *at[len(place.at) :])

    def _text_at(self, at: At, on_key: bool) -> Tuple[Written, Any]:
        best: Tuple[Written, Any] = (Written(self.definition, BODY, ()), None)
        for definition in self.chain:
            found, value, is_final = _walk(definition.body, at)
            here = Written(definition, BODY, found, on_key and len(found) == len(at))
            if is_final:
                return here, value
            if len(found) > len(best[0].at):
                best = here, value
        return best

    def entry_at(self) -> At:
        """Return where, in the front matter of the definition, the entry stands."""
        if self.definition.has_list:
            return ("each", self.definition.front["each"].index(self.entry))
        return ("each", str(self.entry))

    def _in_entry(self, at: At) -> Written:
        inside = () if self.definition.has_list else _steps(self._values, at)
        return Written(self.definition, FRONT, (*self.entry_at(), *inside))

    @property
    def _values(self) -> Any:
        return (self.definition.each or {}).get(str(self.entry), {})


def tags_along(chain: Tuple[Definition, ...]) -> Iterator[Tuple[Definition, int, Any]]:
    """Yield the tags that add up, the farthest definition's first, each with its place."""
    seen: List[Any] = []
    for definition in reversed(chain):
        tags = definition.front.get("tags")
        for index, tag in enumerate(tags if isinstance(tags, list) else ()):
            if tag not in seen:
                seen.append(tag)
                yield definition, index, tag


def _walk(value: Any, at: At) -> Tuple[At, Any, bool]:
    """Return how far a path leads, what is there, and whether what is below is decided there: it is no mapping."""
    for depth, step in enumerate(at):
        is_there = step in value if isinstance(value, dict) else isinstance(value, list) and _is_in(value, step)
        if not is_there:
            return at[:depth], value, not isinstance(value, dict)
        value = value[step]
    return at, value, True


def _is_in(items: List[Any], step: Step) -> bool:
    return isinstance(step, int) and step < len(items)


def _steps(value: Any, at: At) -> At:
    """Return a path with the steps into lists as numbers, as far as it leads."""
    found: List[Step] = []
    for step in at:
        inner: Step = int(step) if isinstance(value, list) and str(step).isdigit() else step
        way, value, _ = _walk(value, (inner,))
        if not way:
            break
        found.append(inner)
    return tuple(found)
