"""Editing a YAML file so that comments and formatting live on.

An entry is set, put in or taken out in the text, and nothing else moves. Where that cannot be done, such as at `? key`,
what holds the entry is written anew, or what holds that. Whichever way, the result is read again by the strict reader
and has to say exactly what was meant.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.splice import Splice
from stagectl.core.errors import StagectlError, Step
from stagectl.core.model import NAME, Name
from stagectl.core.references import absolute, folder_of, relative, rewrite
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import LIST_INDEX, map_strings, same

Rename = Callable[[str], str]  # a name as written -> the name as it shall be written
_MOST_ENTRIES = 20  # of a list that come and go one by one; the file is read for each


@dataclass(frozen=True)
class Edit:
    """One value to set (or, with `delete`, to take out); document: 0 front matter, 1 body."""

    document: int
    at: Tuple[Step, ...]
    value: Any = None
    delete: bool = False


def edit(data: bytes, edits: Sequence[Edit]) -> bytes:
    """Return a file with edits made, in order; raises StagectlError for a path that cannot be edited."""
    for one in edits:
        data = _edit(data, one)
    return data


def rename_key(data: bytes, document: int, at: Tuple[Step, ...], key: str) -> bytes:
    """Return a file in which the last key of a path that is there has another name, and nothing else moved."""
    text, old = data.decode(), yamlfile.nodes_of(data)[document].reach(at)[0].key
    return (text[: old.start_mark.index] + yamlfile.quote(key) + text[old.end_mark.index :]).encode()


def _edit(data: bytes, one: Edit) -> bytes:
    documents = yamlfile.load(data)
    one = replace(one, at=_fit(_value(documents, (one.document,)), one.at))
    desired = _changed(documents, (one.document, *one.at), one)
    if same(desired, documents):
        return data
    for result in _ways(data, one, documents, desired):
        with suppress(yamlfile.BadYaml):
            if result is not None and same(yamlfile.load(result.encode()), desired):
                return result.encode()
    raise StagectlError("this file cannot be edited without changing more of it", "edit it by hand")


def _fit(value: Any, at: Sequence[Step]) -> Tuple[Step, ...]:
    """Return a path with each step as what holds it takes it: a number in a list, the same as text in a mapping.

    Where nothing is there yet, 0 begins a list, and any other number is a key.
    """
    found: List[Step] = []
    for step in at:
        if isinstance(step, int) and (isinstance(value, dict) or (value is None and step)):
            step = str(step)
        elif isinstance(value, list) and isinstance(step, str) and LIST_INDEX.fullmatch(step):
            step = int(step)
        found.append(step)
        value = _value(value, (step,))
    return tuple(found)


def value_at(data: bytes, document: int, at: Sequence[Step]) -> Any:
    """Return the value at a place of a file, None where there is none."""
    documents = yamlfile.load(data)
    return _value(documents, (document, *_fit(_value(documents, (document,)), at)))


def _changed(value: Any, at: Sequence[Step], one: Edit) -> Any:
    """Return a plain value with an edit made in it, at what is left of the path."""
    if not at:
        return one.value
    step, rest = at[0], at[1:]
    if value is None:
        value = [] if isinstance(step, int) else {}
    is_list = isinstance(value, list)
    inner: Dict[Any, Any] = dict(enumerate(value)) if is_list else value
    if one.delete and not rest:
        if not isinstance(inner, dict) or step not in inner:
            raise StagectlError(f"there is no '{step}' to take out")
        inner = {key: each for key, each in inner.items() if key != step}
    elif not isinstance(inner, dict) or (is_list and step not in range(len(inner) + 1)):
        if rest:
            raise StagectlError(f"there is no '{step}'")
        if is_list:
            raise StagectlError(f"the list has {len(inner)} entries, so '{step}' cannot be set")
        raise StagectlError(f"'{step}' cannot be set: what holds it is neither a mapping nor a list")
    else:
        inner = {**inner, step: _changed(inner.get(step), rest, one)}
    return list(inner.values()) if is_list else inner


def _ways(data: bytes, one: Edit, now: Any, desired: Any) -> Iterator[Optional[str]]:
    """Yield the file as edited, each time with more of it written anew; None where that cannot be done."""
    yield _entry_by_entry(data, one, _value(now, (one.document, *one.at)))
    text = data.decode()
    if one.document == len(now):  # it has no such document yet
        text += ("" if text[-1:] in ("", "\n") else "\n") + "---\n"
    splice = Splice(text, yamlfile.nodes_of(text.encode())[one.document])
    if one.delete:
        yield splice.cut(one.at)
    for end in range(len(one.at) - one.delete, -1, -1):
        yield splice.put(one.at[:end], desired[one.document])


def _entry_by_entry(data: bytes, one: Edit, now: Any) -> Optional[str]:
    """Return the file with a list edited by what comes and goes, so that the others keep their comments."""
    if one.delete or not isinstance(now, list) or not isinstance(one.value, list):
        return None
    gone = [index for index, item in enumerate(now) if item not in one.value]
    kept = len(now) - len(gone)
    edits = [Edit(one.document, (*one.at, index), delete=True) for index in reversed(gone)]
    edits += [Edit(one.document, (*one.at, kept + at), item) for at, item in enumerate(one.value[kept:])]
    return edit(data, edits).decode() if kept and len(edits) <= _MOST_ENTRIES else None


def _value(values: Any, at: Sequence[Step]) -> Any:
    for step in at:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return None
    return values


# --- names in a file, put under others: references, relations, and what is relative to a folder that the file leaves


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
