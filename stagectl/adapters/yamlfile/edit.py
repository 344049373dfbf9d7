"""Editing a YAML file so that comments and formatting live on.

A scalar that is there is replaced in its place, and nothing else moves. Everything else goes through ruamel.yaml's
round trip. Either way the result is read again by the strict reader and has to say exactly what was meant.
"""

from __future__ import annotations

import copy
import io
import json
import re
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.core.errors import StagectlError, Step


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
        data = _edited(data, one)
    return data


def _edited(data: bytes, one: Edit) -> bytes:
    documents = yamlfile.load(data)
    wanted = copy.deepcopy(documents)
    _change(wanted, (one.document, *one.at), one)
    if wanted == documents and _same_types(wanted, documents):
        return data
    result = _in_place(data, one)
    if result is None:
        result = _round_trip(data, one)
    if not _same_types(yamlfile.load(result), wanted):
        raise StagectlError("this file cannot be edited without changing more of it", "edit it by hand")
    return result


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


def _round_trip(data: bytes, one: Edit) -> bytes:
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    text = data.decode()
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    yaml.explicit_start = True
    offset = 2 if re.search(r"^( *)[^ #\n-][^\n]*:\n\1  +- ", text, re.MULTILINE) else 0
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    documents = list(yaml.load_all(text))
    if documents[one.document] is None:
        documents[one.document] = {}
    quoted = DoubleQuotedScalarString
    _change(documents, (one.document, *one.at), Edit(one.document, one.at, _quoted(one.value, quoted), one.delete))
    out = io.StringIO()
    yaml.dump_all(documents, out)
    return out.getvalue().encode()


def _sequence(items: List[Any]) -> Any:
    """Return a list that is written as `[a, b]` if it holds scalars only."""
    from ruamel.yaml.comments import CommentedSeq

    sequence = CommentedSeq(items)
    if not any(isinstance(item, (dict, list)) for item in items):
        sequence.fa.set_flow_style()
    return sequence


def _quoted(value: Any, quoted: Any) -> Any:
    """Return a value whose strings are written in quotes where a plain one might be read as something else."""
    if isinstance(value, dict):
        return {key: _quoted(inner, quoted) for key, inner in value.items()}
    if isinstance(value, list):
        return _sequence([_quoted(inner, quoted) for inner in value])
    return quoted(value) if isinstance(value, str) and scalar_text(value) != value else value
