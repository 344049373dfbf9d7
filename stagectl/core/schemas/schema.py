"""What definitions and staged files must look like: parsed values in, resources out, every flaw with its place."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.core.errors import At, Flaws, nearest
from stagectl.core.model import (
    ACTION,
    NAME,
    REMOVE,
    REPLACE,
    SEGMENT,
    TAG,
    ChangeId,
    Name,
    Resource,
    Trigger,
    change_id,
)
from stagectl.core.once import pattern
from stagectl.core.references import absolute, folder_of, parse_template
from stagectl.core.stamps import STAMP
from stagectl.core.values import canonical, map_strings, read_path

FRONT, BODY = 0, 1
REUSE_KEYS = ("like", "each", "template")  # what makes a definition one that has to be expanded
DEFINITION_KEYS = ("kind", "tags", "moved_from", *REUSE_KEYS)  # of a front matter
STAGED_KEYS = ("kind", "tags", "moved_from", "source", "template", "actions")
BODY_KEYS = ("inputs", "depends_on", "react_on", "unordered", "overrides")
NO_ACTION_NAME = "is no name for an action: use lower case letters, digits, '_' and '-', a letter first"
KIND_NAME = pattern(SEGMENT, re.ASCII)

Documents = Sequence[Any]


def resource(name: Name, documents: Documents, content: bytes, *, staged: bool) -> Resource:
    """Return the resource that a file's two documents describe; raises FlawedFile with every flaw.

    staged: whether it is a staged file, which alone may carry `source` and `actions`.
    """
    flaws = Flaws()
    if len(documents) < 2:
        flaws.add(0, (), "the front matter is missing: start the file with '---', 'kind: ...' and another '---'")
        flaws.raise_any()
    front = mapping(documents[FRONT], FRONT, (), flaws, "the front matter")
    body = mapping(documents[BODY] if documents[BODY] is not None else {}, BODY, (), flaws, "the body")
    known_keys(front, FRONT, (), STAGED_KEYS if staged else DEFINITION_KEYS, flaws)
    known_keys(body, BODY, (), BODY_KEYS, flaws)
    reader = _BodyReader(name, flaws)
    depends_on, depends_on_changes = reader.depends_on(body.get("depends_on"))
    found = Resource(
        name=name,
        kind=_kind_name(front, flaws),
        tags=tag_list(front.get("tags"), FRONT, ("tags",), flaws),
        inputs=reader.inputs(body.get("inputs")),
        depends_on=depends_on,
        depends_on_changes=depends_on_changes,
        react_on=reader.react_on(body.get("react_on")),
        unordered=reader.names(body.get("unordered"), ("unordered",)),
        overrides=reader.paths(body.get("overrides"), ("overrides",)),
        source=_source(front.get("source"), flaws),
        template=_template(front.get("template") if staged else None, flaws),
        moved_from=_read_moves(front.get("moved_from"), name, flaws),
        actions=_stamps(front.get("actions") if staged else None, flaws),
        content=content,
    )
    flaws.raise_any(found)
    return found


def is_reuse(documents: Documents) -> bool:
    """Return whether a definition has to be expanded: it is like another one, makes several, or is a template."""
    front = documents[FRONT] if documents else None
    return isinstance(front, dict) and any(key in front for key in REUSE_KEYS)


def mapping(value: Any, document: int, at: At, flaws: Flaws, what: str) -> Dict[str, Any]:
    """Return a value that has to be a mapping, an empty one with a flaw if it is none."""
    if isinstance(value, dict):
        return value
    flaws.add(document, at, f"{what} must be a mapping of keys to values")
    return {}


def known_keys(found: Mapping[str, Any], document: int, at: At, known: Sequence[str], flaws: Flaws) -> None:
    """Note every key that is not known."""
    for key in found:
        if key not in known:
            near = nearest(key, known) or f"; known keys: {', '.join(known)}"
            flaws.add(document, (*at, key), f"unknown key '{key}'{near}", on_key=True)


def _kind_name(front: Mapping[str, Any], flaws: Flaws) -> str:
    kind = front.get("kind")
    if kind is None:
        flaws.add(FRONT, (), "the key 'kind' is missing")
    elif not isinstance(kind, str) or not KIND_NAME.fullmatch(kind):
        flaws.add(
            FRONT, ("kind",), explain_unquoted(kind, "kind") or "a kind is a word of letters, digits, '_' and '-'"
        )
    else:
        return kind
    return ""


def tag_list(value: Any, document: int, at: At, flaws: Flaws) -> Tuple[str, ...]:
    """Return a list of tags."""
    tags = []
    for index, tag in enumerate(items_of(value, document, at, flaws)):
        if not isinstance(tag, str) or not TAG.fullmatch(tag):
            said = explain_unquoted(tag, "tag") or f"{_show(tag)} is not a tag: write a word or key=value"
            flaws.add(document, (*at, index), said)
        elif tag in tags:
            flaws.add(document, (*at, index), f"the tag '{tag}' stands here twice")
        else:
            tags.append(tag)
    return tuple(tags)


def explain_unquoted(value: Any, what: str) -> Optional[str]:
    """Return what is wrong with a number, a boolean or null where a string has to stand, None for anything else."""
    is_plain = isinstance(value, (int, float)) or value is None
    return f"{canonical(value)} is not a {what}, which is a string: quote it" if is_plain else None


def items_of(value: Any, document: int, at: At, flaws: Flaws) -> List[Any]:
    """Return a value that has to be a list, an empty one with a flaw if it is none."""
    if value is None:
        return []
    if not isinstance(value, list):
        flaws.add(document, at, f"'{at[-1]}' must be a list, [...]")
        return []
    return value


def _source(value: Any, flaws: Flaws) -> Optional[str]:
    if value is not None and (not isinstance(value, str) or not value.endswith(".yaml") or ".." in value.split("/")):
        flaws.add(FRONT, ("source",), "'source' must be the path of a definition, such as resources/db.yaml")
        return None
    return value


def _template(value: Any, flaws: Flaws) -> Tuple[Name, ...]:
    names = items_of(value, FRONT, ("template",), flaws)
    for index, name in enumerate(names):
        if not isinstance(name, str) or not NAME.fullmatch(name):
            flaws.add(FRONT, ("template", index), "'template' lists the definitions a staged file was expanded from")
    return tuple(Name(str(name)) for name in names)


def _read_moves(value: Any, name: Name, flaws: Flaws) -> Tuple[Name, ...]:
    """Return the names before; one may stand twice if the resource came back in between."""
    found: List[Name] = []
    since: List[Name] = [name]  # names since it was here last
    for old in value if isinstance(value, list) else [] if value is None else [value]:
        if not isinstance(old, str) or not NAME.fullmatch(old) or since == [old] == [name]:
            said = "'moved_from' must be the full name the resource had before"
            flaws.add(FRONT, ("moved_from",), explain_unquoted(old, "name") or said)
        elif old in since and old != name:
            flaws.add(FRONT, ("moved_from",), f"'{old}' stands here twice")
        else:
            found.append(Name(old))
            since = [Name(old)] if old == name else [*since, Name(old)]
    return tuple(found)


def _stamps(value: Any, flaws: Flaws) -> Dict[str, str]:
    stamps = {}
    for action, stamp in mapping(value or {}, FRONT, ("actions",), flaws, "'actions'").items():
        if not ACTION.fullmatch(action) or action == REMOVE:
            flaws.add(FRONT, ("actions", action), f"'{action}' is not an action that can be staged", on_key=True)
        elif not isinstance(stamp, str) or not STAMP.fullmatch(stamp):
            flaws.add(FRONT, ("actions", action), "a stamp is a counter and a suffix, such as 2-3f9c; stage it with -a")
        else:
            stamps[action] = stamp
    return stamps


def _show(value: Any) -> str:
    return f"'{value[:60]}'" if isinstance(value, str) else canonical(value)[:60]


class _BodyReader:
    """Reads the body of one resource: names in it are relative to its folder."""

    def __init__(self, name: Name, flaws: Flaws) -> None:
        self._folder = folder_of(name)
        self._flaws = flaws

    def inputs(self, value: Any) -> Dict[str, Any]:
        raw = mapping(value if value is not None else {}, BODY, ("inputs",), self._flaws, "'inputs'")

        def parse(path: At, text: str) -> Any:
            try:
                return parse_template(text, self._folder)
            except ValueError as error:
                self._flaws.add(BODY, ("inputs", *path), str(error))
                return text

        def has_any(inner: Any) -> bool:
            return "${" in (inner if type(inner) is str else repr(inner))

        return {key: map_strings(inner, parse, (key,)) if has_any(inner) else inner for key, inner in raw.items()}

    def names(self, value: Any, at: At) -> Tuple[Name, ...]:
        return tuple(
            self._name(text, (*at, index)) for index, text in enumerate(items_of(value, BODY, at, self._flaws))
        )

    def _name(self, text: Any, at: At) -> Name:
        try:
            return absolute(text if isinstance(text, str) else repr(text), self._folder)
        except ValueError as error:
            self._flaws.add(BODY, at, str(error))
            return Name("")

    def paths(self, value: Any, at: At) -> Tuple[Tuple[str, ...], ...]:
        found = []
        for index, text in enumerate(items_of(value, BODY, at, self._flaws)):
            try:
                found.append(read_path(text if isinstance(text, str) else repr(text)))
            except ValueError:
                message = f"{_show(text)} is no path of an input, such as port or urls.0.port"
                self._flaws.add(BODY, (*at, index), message)
        return tuple(found)

    def _change(self, text: Any, at: At) -> ChangeId:
        name, _, action = text.rpartition(".") if isinstance(text, str) else ("", "", "")
        if not name or not ACTION.fullmatch(action):
            self._flaws.add(BODY, at, f"{_show(text)} is not a change; write name.action, such as db.update")
            return ChangeId("")
        return change_id(self._name(name, at), action)

    def depends_on(self, value: Any) -> Tuple[Tuple[Name, ...], Dict[str, Tuple[ChangeId, ...]]]:
        if not isinstance(value, dict):
            return self.names(value, ("depends_on",)), {}
        return (), {
            action: tuple(
                self._change(text, ("depends_on", action, index))
                for index, text in enumerate(self._of_action(action, ("depends_on", action), entries))
            )
            for action, entries in value.items()
        }

    def _of_action(self, action: str, at: At, entries: Any) -> List[Any]:
        if not ACTION.fullmatch(action):
            self._flaws.add(BODY, at, f"{_show(action)} {NO_ACTION_NAME}", on_key=True)
        return items_of(entries, BODY, at, self._flaws)

    def react_on(self, value: Any) -> Dict[str, Tuple[Trigger, ...]]:
        found = mapping(value if value is not None else {}, BODY, ("react_on",), self._flaws, "'react_on'")
        for action in (REMOVE, REPLACE):
            if action in found:
                message = f"a reaction cannot {action} a resource"
                self._flaws.add(BODY, ("react_on", action), message, on_key=True)
        return {
            action: tuple(
                self._trigger(entry, ("react_on", action, index))
                for index, entry in enumerate(self._of_action(action, ("react_on", action), entries))
            )
            for action, entries in found.items()
        }

    def _trigger(self, entry: Any, at: At) -> Trigger:
        if not isinstance(entry, dict):
            return Trigger(self._change(entry, at))
        known_keys(entry, BODY, at, ("on", "when"), self._flaws)
        when = entry.get("when", "success")
        if when not in ("success", "changed"):
            self._flaws.add(BODY, (*at, "when"), "'when' is success or changed")
        if "on" not in entry:
            self._flaws.add(BODY, at, "the key 'on' is missing")
            return Trigger(ChangeId(""))
        return Trigger(self._change(entry["on"], (*at, "on")), str(when))
