"""A definition that is like another one, makes several resources, or is a template: what its file says (section 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence

from stagectl.core.errors import Flaws
from stagectl.core.model import NAME, SEGMENT, Name
from stagectl.core.references import STEP
from stagectl.core.schemas.schema import (
    BODY,
    BODY_KEYS,
    DEFINITION_KEYS,
    FRONT,
    explain_unquoted,
    known_keys,
    mapping,
    tag_list,
)

EACH = re.compile(rf"(?<!\$)\$\{{each((?:{STEP})*)\}}", re.ASCII)  # `${each.port}`; `$${each` is a literal
MOVED_FROM, KEY = "moved_from", "key"
_SEGMENT = re.compile(SEGMENT, re.ASCII)


@dataclass(frozen=True)
class Definition:
    """What one file says. each: the values of every entry, `moved_from` among them; None where it has no `each`."""

    name: Name
    path: str
    front: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    like: Optional[Name] = None
    is_template: bool = False
    each: Optional[Mapping[str, Mapping[str, Any]]] = None

    def makes(self) -> List[Name]:
        """Return the names of the resources that come of it."""
        if self.is_template:
            return []
        return [self.name] if self.each is None else [Name(f"{self.name}/{key}") for key in self.each]

    @property
    def is_whole(self) -> bool:
        """Whether it says everything itself, and only others are like it."""
        return self.like is None and self.each is None and not self.is_template

    @property
    def has_list(self) -> bool:
        """Whether `each` is a list of names, without values."""
        return isinstance(self.front.get("each"), list)


def definition(name: Name, path: str, documents: Sequence[Any]) -> Definition:
    """Return the definition that a file's documents say; raises FlawedFile with every flaw of its form."""
    flaws = Flaws()
    if len(documents) < 2:
        flaws.add(FRONT, (), "the front matter has no end: write '---' in a line below it, then the body, if any")
        flaws.raise_any()
    front = mapping(documents[FRONT], FRONT, (), flaws, "the front matter")
    body = mapping(documents[BODY] if documents[BODY] is not None else {}, BODY, (), flaws, "the body")
    known_keys(front, FRONT, (), DEFINITION_KEYS, flaws)
    known_keys(body, BODY, (), BODY_KEYS, flaws)
    found = Definition(
        name,
        path,
        front,
        # An empty `inputs:` says nothing, as everywhere; it does not take all inputs out.
        {key: value for key, value in body.items() if key != "inputs" or value is not None},
        _like(front, flaws),
        _read_template(front, flaws),
        _each(name, front, flaws),
    )
    if not EACH.search(repr(front.get("tags"))):  # else they are looked at when they are filled in
        tag_list(front.get("tags"), FRONT, ("tags",), flaws)
    if body.get("inputs") is not None:
        mapping(body["inputs"], BODY, ("inputs",), flaws, "'inputs'")
    flaws.raise_any(found)
    return found


def _like(front: Mapping[str, Any], flaws: Flaws) -> Optional[Name]:
    value = front.get("like")
    if "like" in front and (not isinstance(value, str) or not NAME.fullmatch(value)):
        said = "'like' must be the full name of one definition, such as base/web"
        flaws.add(FRONT, ("like",), explain_unquoted(value, "name") or said)
        return None
    return None if value is None else Name(value)


def _read_template(front: Mapping[str, Any], flaws: Flaws) -> bool:
    if "template" not in front:
        return False
    if front["template"] is not True:
        flaws.add(FRONT, ("template",), "'template' is true, or is left out")
    for key, where in (("each", "into a definition that is like it"), (MOVED_FROM, "into the definition that moved")):
        if key in front:
            flaws.add(FRONT, (key,), f"a template makes no resource, so '{key}' belongs {where}", on_key=True)
    return True


def _each(name: Name, front: Mapping[str, Any], flaws: Flaws) -> Optional[Dict[str, Mapping[str, Any]]]:
    if "each" not in front:
        return None
    raw = front["each"]
    if not isinstance(raw, (dict, list)) or not raw:
        hint = "names with their values, {blue: {port: 8001}}, or a list of names"
        flaws.add(FRONT, ("each",), f"'each' must be {hint}, one at least")
        return {}
    if MOVED_FROM in front:
        flaws.add(FRONT, (MOVED_FROM,), "with 'each', every entry has a 'moved_from' of its own", on_key=True)
    pairs = list(raw.items()) if isinstance(raw, dict) else [(key, None) for key in raw]
    found: Dict[str, Mapping[str, Any]] = {}
    folded: Dict[str, str] = {}
    for index, (key, values) in enumerate(pairs):
        at = ("each", key) if isinstance(raw, dict) else ("each", index)
        if not isinstance(key, str) or not _SEGMENT.fullmatch(key) or not NAME.fullmatch(f"{name}/{key}"):
            said = f"'{str(key)[:60]}' is no name: use letters, digits, '_' and '-', the first no '-'"
            flaws.add(FRONT, at, explain_unquoted(key, "name") or said, on_key=True)
        elif folded.setdefault(key.casefold(), key) != key or key in found:
            flaws.add(FRONT, at, f"'{key}' stands here twice, or as '{folded[key.casefold()]}'", on_key=True)
        else:
            found[key] = _values(key, values, flaws)
    return found


def _values(key: str, raw: Any, flaws: Flaws) -> Mapping[str, Any]:
    values = mapping(raw if raw is not None else {}, FRONT, ("each", key), flaws, f"the values of '{key}'")
    if KEY in values:
        message = "'key' is the entry's own name: call the value something else"
        flaws.add(FRONT, ("each", key, KEY), message, on_key=True)
    for name, value in values.items():
        if EACH.search(repr(value)):
            flaws.add(FRONT, ("each", key, name), "a value of 'each' cannot read another one: write it out")
    return values
