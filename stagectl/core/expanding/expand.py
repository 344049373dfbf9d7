"""Expanding: every definition that is like another one, or makes several resources, as complete resources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import AbstractSet, Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.core.errors import At, Flaw, Flaws, Nearest
from stagectl.core.expanding.definition import MOVED_FROM, Definition
from stagectl.core.expanding.expanded import Expanded, tags_along
from stagectl.core.expanding.merge import Missing, fill, lay_over, reads_each, with_filled
from stagectl.core.model import Name
from stagectl.core.schemas.schema import BODY, FRONT

PlacedFlaws = List[Tuple[str, Flaw]]  # flaws, each with the path of the file it is in
_MOST_EXPANDED = 100_000  # resources


@dataclass
class Expansion:
    """What came out. flaws: with the path of the file each is in; broken: definitions of which nothing comes."""

    resources: Dict[Name, Expanded] = field(default_factory=dict)
    flaws: PlacedFlaws = field(default_factory=list)
    broken: Set[Name] = field(default_factory=set)


def expand(definitions: Mapping[Name, Definition], broken: AbstractSet[Name], names: Mapping[str, str]) -> Expansion:
    """Return the resources that definitions make.

    definitions: those to expand, and those they are like. broken: definitions that cannot be read, which is said
    elsewhere. names: of all definitions, in lower case, with the paths of their files.
    """
    return _Expanding(definitions, broken, dict(names)).all()


class _Expanding:
    """One expansion; keeps what every definition says on top of those it is like."""

    def __init__(
        self, definitions: Mapping[Name, Definition], broken: AbstractSet[Name], taken: Dict[str, str]
    ) -> None:
        self._definitions, self._nearest = definitions, Nearest(definitions)
        self._found = Expansion(broken=set(broken))
        self._chains: Dict[Name, Optional[Tuple[Definition, ...]]] = {}
        self._bodies: Dict[Name, Dict[str, Any]] = {}
        self._taken = taken

    def all(self) -> Expansion:
        for name, definition in sorted(self._definitions.items()):
            chain = () if definition.is_whole else self._chain(name)
            if chain is None:
                self._found.broken.update({name, *definition.makes()})
            elif definition.each is not None and not definition.is_template:
                self._expand_each(chain)
            elif chain and not definition.is_template:
                self._add(chain, None, self._body(chain))
        return self._found

    def _flaw(self, definition: Definition, document: int, at: At, message: str, on_key: bool = False) -> None:
        self._found.flaws.append((definition.path, Flaw(document, at, message, on_key)))

    # --- like

    def _chain(self, name: Name) -> Optional[Tuple[Definition, ...]]:
        """Return a definition and those it is like, the nearest first; None, noting why, where these are not known."""
        if name not in self._chains:
            way: List[Name] = []
            at: Optional[Name] = name
            while at is not None and at not in self._chains and at not in way and at in self._definitions:
                way.append(at)
                at = self._definitions[at].like
            known = self._known_end(way, at)
            for one in reversed(way):
                known = None if known is None or one in self._found.broken else (self._definitions[one], *known)
                self._chains[one] = known
        return self._chains[name]

    def _known_end(self, way: Sequence[Name], end: Optional[Name]) -> Optional[Tuple[Definition, ...]]:
        """Return the chain that goes on behind a way, None, with a flaw, for a ring and for what is not there."""
        if end is None or end in self._chains:
            return () if end is None else self._chains[end]
        last = self._definitions[way[-1]]
        if end in way:
            ring = [*way[way.index(end) :], end]
            for name in ring[:-1]:
                start = ring.index(name)
                shown = " -> ".join([*ring[start:-1], *ring[:start], name])
                self._flaw(self._definitions[name], FRONT, ("like",), f"'like' goes in a ring: {shown}")
        elif end not in self._found.broken:
            self._flaw(last, FRONT, ("like",), self._unknown(end))
        return None

    def _unknown(self, name: Name) -> str:
        makers = [one for one in self._definitions.values() if one.each is not None and name in one.makes()]
        if makers:
            return f"'{name}' is made by {makers[0].path}, and 'like' names a definition: {makers[0].name}"
        return f"there is no definition '{name}' to be like{self._nearest.to(name)}"

    def _body(self, chain: Tuple[Definition, ...]) -> Dict[str, Any]:
        name = chain[0].name
        if name not in self._bodies:
            own = dict(chain[0].body)
            self._bodies[name] = lay_over(self._body(chain[1:]), own) if len(chain) > 1 else own
        return self._bodies[name]

    # --- each

    def _expand_each(self, chain: Tuple[Definition, ...]) -> None:
        for key in chain[0].each or {}:
            self._add(chain, key, self._body(chain))

    def _add(self, chain: Tuple[Definition, ...], entry: Optional[str], body: Dict[str, Any]) -> None:
        """Note a resource, or what is wrong with it."""
        definition = chain[0]
        found, flaws = assemble(chain, entry, body)
        other = self._taken.setdefault(found.name.casefold(), definition.path)
        if entry is not None and other != definition.path:
            message = f"{found.name} exists already: see {other}"
            self._flaw(definition, FRONT, found.entry_at(), message, on_key=True)
        elif len(self._found.resources) == _MOST_EXPANDED:
            self._flaw(definition, FRONT, (), f"more than {_MOST_EXPANDED} expanded resources")
        else:
            self._found.resources[found.name] = found
            self._found.flaws += flaws
            self._found.broken.update({found.name} if flaws else ())


def assemble(chain: Tuple[Definition, ...], entry: Optional[str], body: Dict[str, Any]) -> Tuple[Expanded, PlacedFlaws]:
    """Return the resource that definitions make, with what is wrong; body: theirs, merged, as `merged_body` has it."""
    name = chain[0].name if entry is None else Name(f"{chain[0].name}/{entry}")
    one = Expanded(name, chain, entry)
    flaws = Flaws()
    front: Dict[str, Any] = {"tags": [tag for _, _, tag in tags_along(chain)]}
    values = (chain[0].each or {}).get(entry or "", {})
    reader = _Filling(one, values, flaws)
    if reads_each(front):
        front = reader.fill(FRONT, front)
    if reads_each(body):
        body = reader.fill(BODY, body)
    kind = next((definition.front["kind"] for definition in chain if "kind" in definition.front), None)
    moved = chain[0].front.get(MOVED_FROM) if entry is None else values.get(MOVED_FROM)
    front = {"kind": kind, **front, **({MOVED_FROM: moved} if moved is not None else {})}
    return Expanded(name, chain, entry, front, body), [reader.place(flaw) for flaw in flaws.found]


def merged_body(chain: Tuple[Definition, ...]) -> Dict[str, Any]:
    """Return what the bodies of definitions say together, the first on top of the others."""
    found: Dict[str, Any] = {}
    for index, one in enumerate(reversed(chain)):
        found = lay_over(found, dict(one.body)) if index else dict(one.body)
    return found


class _Filling:
    """Fills an entry's values into one resource, and notes what is not there."""

    def __init__(self, one: Expanded, values: Mapping[str, Any], flaws: Flaws) -> None:
        self._one, self._values, self._flaws = one, values, flaws
        self._lacking: Set[At] = set()  # places of strings for which it is the entry that lacks something

    def fill(self, document: int, value: Dict[str, Any]) -> Dict[str, Any]:
        def change(at: At, text: str) -> Any:
            try:
                if self._one.entry is None:
                    raise ValueError(f"{text[:60]} is filled in by 'each', and {self._one.definition.path} has none")
                return fill(text, self._one.entry, self._values)
            except Missing as error:
                self._flaws.add(document, at, self._missing(at, error))
            except ValueError as error:
                self._flaws.add(document, at, str(error))
            return ""

        def bad_key(at: At) -> None:
            self._flaws.add(document, at, "a key is not filled in by 'each': write it out", on_key=True)

        found: Dict[str, Any] = with_filled(value, change, bad_key)
        return found

    def _missing(self, at: At, error: Missing) -> str:
        shown = "${each." + ".".join(error.path) + "}"
        entries = (self._one.definition.each or {}).values()
        if any(error.path[0] in values for values in entries) and not error.near:
            self._lacking.add(at)
        return f"'{self._one.entry}' has no value for {shown}{error.near}"

    def place(self, flaw: Flaw) -> Tuple[str, Flaw]:
        """Return a flaw where it is written: one of an entry that lacks what others have, at that entry."""
        if flaw.at in self._lacking:
            at = self._one.entry_at()
            return self._one.definition.path, Flaw(FRONT, at, flaw.message, on_key=True)
        place = self._one.text_at(flaw.document, flaw.at, flaw.on_key)
        return place.definition.path, Flaw(place.document, place.at, flaw.message, place.on_key)
