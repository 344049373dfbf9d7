"""Editing a YAML file so that comments and formatting live on.

A scalar that is there is replaced in its place, an entry is put in or taken out in the text, and nothing else moves.
What is left, such as `? key`, goes through ruamel.yaml's round trip. Whichever way, the result is read again by the
strict reader and has to say exactly what was meant.
"""

from __future__ import annotations

import copy
import io
import json
import re
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.yamlfile.splice import Splice, flow
from stagectl.core.errors import Flaw, StagectlError, Step
from stagectl.core.values import LIST_INDEX

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


_KEY = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s:,{}\[\]]+""")


def rename_key(data: bytes, document: int, at: Tuple[Step, ...], key: str) -> bytes:
    """Return a file in which the last key of a path has another name, and nothing else moved."""
    line, column = yamlfile.locate(data, Flaw(document, at, "", on_key=True))
    lines = data.decode().splitlines(keepends=True)
    text = lines[line - 1]
    match = _KEY.match(text, column - 1)
    if match is None:
        raise StagectlError("this file cannot be edited without changing more of it", "edit it by hand")
    lines[line - 1] = text[: column - 1] + yamlfile.quote(key) + text[match.end() :]
    return "".join(lines).encode()


def _edit(data: bytes, one: Edit) -> bytes:
    documents = yamlfile.load(data)
    one = replace(one, at=_fit(_value(documents, (one.document,)), one.at))
    desired = copy.deepcopy(documents)
    _change(desired, (one.document, *one.at), one)
    if desired == documents and _same_types(desired, documents):
        return data
    for way in (_in_place, _entry_by_entry, _splice, _round_trip):
        result = way(data, one)
        if result is not None and _reads_as(result, desired):
            return result
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


def _reads_as(data: bytes, desired: Any) -> bool:
    try:
        return _same_types(yamlfile.load(data), desired)
    except yamlfile.BadYaml:
        return False


def _same_types(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _change(container: Any, at: Sequence[Step], one: Edit) -> None:
    """Make an edit in plain values; works on the round trip's containers as well."""
    for step, following in zip(at, at[1:]):
        container = _enter(container, step, following)
    step = at[-1]
    if one.delete:
        try:
            del container[step]
        except (KeyError, IndexError, TypeError):
            raise StagectlError(f"there is no '{step}' to take out") from None
    elif isinstance(container, list):
        _put(container, step, one.value)
    elif isinstance(container, dict):
        container[step] = one.value
    else:
        raise StagectlError(f"'{step}' cannot be set: what holds it is neither a mapping nor a list")


def _enter(container: Any, step: Step, following: Step) -> Any:
    empty: Any = [] if isinstance(following, int) else {}
    if isinstance(container, dict):
        if container.get(step) is None:
            container[step] = empty
        return container[step]
    if isinstance(container, list) and isinstance(step, int):
        if step == len(container) or (step < len(container) and container[step] is None):
            _put(container, step, empty)
        if step < len(container):
            return container[step]
    raise StagectlError(f"there is no '{step}'")


def _put(container: List[Any], step: Step, value: Any) -> None:
    if not isinstance(step, int) or step > len(container):
        raise StagectlError(f"the list has {len(container)} entries, so '{step}' cannot be set")
    container[step : step + 1] = [value]


def _in_place(data: bytes, one: Edit) -> Optional[bytes]:
    """Return the file with one scalar's text replaced, None where that is not what is asked for."""
    if one.delete or isinstance(one.value, (dict, list)):
        return None
    span = yamlfile.scalar_span(data, one.document, one.at)
    if span is None:
        return None
    text = data.decode()
    return (text[: span[0]] + scalar_text(one.value) + text[span[1] :]).encode()


def scalar_text(value: Any) -> str:
    """Return a scalar as YAML text, in quotes unless it is a plain word or no string."""
    if isinstance(value, str):
        return yamlfile.quote(value)
    return json.dumps(value, ensure_ascii=False)


def _entry_by_entry(data: bytes, one: Edit) -> Optional[bytes]:
    """Return the file with a list edited by what comes and goes, so that the others keep their comments."""
    now = _value(yamlfile.load(data), (one.document, *one.at))
    if one.delete or not isinstance(now, list) or not isinstance(one.value, list):
        return None
    gone = [index for index, item in enumerate(now) if item not in one.value]
    kept = len(now) - len(gone)
    if not kept:
        return None
    edits = [Edit(one.document, (*one.at, index), delete=True) for index in reversed(gone)]
    edits += [Edit(one.document, (*one.at, kept + at), item) for at, item in enumerate(one.value[kept:])]
    if len(edits) > _MOST_ENTRIES:
        return None
    for each in edits:
        result = _splice(data, each)
        if result is None:
            return None
        data = result
    return data


def _value(values: Any, at: Sequence[Step]) -> Any:
    for step in at:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def _splice(data: bytes, one: Edit) -> Optional[bytes]:
    """Return the file with one entry set or taken out in its text, None where that cannot be done."""
    from ruamel.yaml.error import YAMLError

    text = data.decode()
    try:
        splice = Splice(text, one.document, lambda value: _dump(_yaml(text), value))
    except (YAMLError, IndexError):  # it has no such document yet
        return None
    result = splice.cut(one.at) if one.delete else splice.put(one.at, one.value)
    return None if result is None else result.encode()


def _round_trip(data: bytes, one: Edit) -> Optional[bytes]:
    """Return the file read and written again, which may cost it comments; None where the library cannot read it."""
    from ruamel.yaml.error import YAMLError

    text = data.decode()
    yaml = _yaml(text)
    yaml.explicit_start = True
    try:
        documents = list(yaml.load_all(text))
    except YAMLError:
        return None
    documents += [{}] * (one.document + 1 - len(documents))
    if documents[one.document] is None:
        documents[one.document] = {}
    _change(documents, (one.document, *one.at), Edit(one.document, one.at, _quote(one.value), one.delete))
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return out.getvalue().encode()


def _yaml(text: str) -> Any:
    """Return what reads and writes YAML, with lists set in or not as in a text."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    offset = 2 if re.search(r"^( *)[^ #\n-][^\n]*:\r?\n\1  +- ", text, re.MULTILINE) else 0
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    return yaml


def _dump(yaml: Any, value: Any) -> str:
    """Return a mapping, or a list of one item, as lines of a block that begin at its own column."""
    if isinstance(value, list):
        inner = value[0]
        if not isinstance(inner, dict) or not inner:
            return f"- {flow(inner)}"
        return "- " + _dump(yaml, inner).replace("\n", "\n  ").rstrip(" ")
    if len(value) == 1:
        ((key, inner),) = value.items()
        if inner is None:  # said by a word: of what is like another definition, it takes a key out
            return f"{flow(key)}: null\n"
        if isinstance(inner, dict) and inner:
            return f"{flow(key)}:\n  " + _dump(yaml, inner).replace("\n", "\n  ").rstrip(" ")
    out = io.StringIO()
    yaml.dump({_quote(key): _quote(inner) for key, inner in value.items()}, out)
    return out.getvalue()


def _sequence(items: List[Any]) -> Any:
    """Return a list that is written as `[a, b]` if it holds scalars only."""
    from ruamel.yaml.comments import CommentedSeq

    sequence = CommentedSeq(items)
    if not any(isinstance(item, (dict, list)) for item in items):
        sequence.fa.set_flow_style()
    return sequence


def _quote(value: Any) -> Any:
    """Return a value whose strings are written in quotes where a plain one might be read as something else."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        return {_quote(key): _quote(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return _sequence([_quote(inner) for inner in value])
    return DoubleQuotedScalarString(value) if isinstance(value, str) and scalar_text(value) != value else value
