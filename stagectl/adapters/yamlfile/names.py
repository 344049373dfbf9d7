"""Names in a file, put under others: references, relations, and what is relative to a folder that the file leaves."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.edit import Edit, edit
from stagectl.core.model import NAME, Name
from stagectl.core.references import absolute, folder_of, relative, rewrite
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import map_strings

Rename = Callable[[str], str]  # a name as written -> the name as it shall be written


def rename_resource(data: bytes, reader: str, reader_after: str, new_names: Mapping[Name, Name]) -> bytes:
    """Return the file of one resource as that of another (or the same), with old names in it replaced by new ones."""

    def rename(written: str) -> str:
        meant = absolute(written, folder_of(reader))
        after = new_names.get(meant, meant)
        if meant == after and folder_of(reader) == folder_of(reader_after):
            return written
        return relative(after, folder_of(reader_after)) if written.startswith(".") else after

    return rewrite_names(data, rename)


def rewrite_names(data: bytes, rename: Rename) -> bytes:
    """Return a file with every name in it put through *rename*."""
    body = yamlfile.load(data)[BODY] or {}
    edits: List[Edit] = []

    def change(path: Any, text: str) -> str:
        after = rewrite(text, rename)
        if after != text:
            edits.append(Edit(BODY, ("inputs", *path), after))
        return after

    map_strings(body.get("inputs") or {}, change)
    for key in ("depends_on", "react_on", "unordered"):
        if key in body:
            after = _relations(body[key], rename)
            edits += [Edit(BODY, (key,), after)] if after != body[key] else []
    return edit(data, edits)


def _relations(value: Any, rename: Rename) -> Any:
    if isinstance(value, dict):
        return {key: inner if key == "when" else _relations(inner, rename) for key, inner in value.items()}
    if isinstance(value, list):
        return [_relations(inner, rename) for inner in value]
    if "${" in value:  # of a template, which is filled in later
        return value
    folder, slash, last = value.rpartition("/")
    name, dot, action = last.partition(".")
    return rename(f"{folder}{slash}{name}") + dot + action


def claims_in(data: bytes) -> Tuple[Name, ...]:
    """Return the names that a staged file claims; whatever was committed once, it may claim none."""
    try:
        front = next(iter(yamlfile.load(data)), None)
    except yamlfile.BadYaml:
        return ()
    found = front.get("moved_from", ()) if isinstance(front, dict) else ()
    names = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return tuple(Name(name) for name in names if isinstance(name, str) and NAME.fullmatch(name))
