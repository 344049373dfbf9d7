"""JSON values, and strings with parts that are only known later."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple, Union

from stagectl.core.errors import Step
from stagectl.core.once import pattern
from stagectl.core.printable import json_encoder

# Any: the JSON subset (None, bool, int, float, str, list, dict with str keys), strings possibly being a Template.
Value = Any
Inputs = Mapping[str, Value]
Outputs = Mapping[str, Value]  # what actions reported: literal values, no Template among them
Path = Tuple[Step, ...]

SIMPLE = frozenset({str, int, bool, float, type(None)})  # types of values in which there is nothing else
PLAIN_WORD = pattern(r"[A-Za-z0-9_-]+", re.ASCII)
LIST_INDEX = pattern(r"0|[1-9][0-9]{0,8}", re.ASCII)  # 007 is a key
_VARIABLE = pattern("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NUMBER = pattern(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """`${name.path.to.value}`: a value of another resource; path is never empty, its first step is the input.

    inside: whether it stands inside a longer string, where only scalars can.
    """

    name: str
    path: Tuple[str, ...]
    inside: bool = False

    def __str__(self) -> str:
        return "${" + self.name + "".join(_step_text(step) for step in self.path) + "}"


@dataclass(frozen=True)
class EnvVariable:
    """`${env:NAME}`: filled in only when an action runs."""

    name: str

    def __str__(self) -> str:
        return "${env:" + self.name + "}"


@dataclass(frozen=True)
class FileDigest:
    """`${sha256:PATH}`: the SHA-256 of a file in the tree that is planned; of a folder where the path ends in `/`."""

    path: str

    def __str__(self) -> str:
        return "${sha256:" + self.path + "}"


Part = Union[str, Reference, EnvVariable, FileDigest]


@dataclass(frozen=True)
class Template:
    """A string made of literal text, references and environment variables; a resolved one has no references."""

    parts: Tuple[Part, ...]

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)


_LEAVES = SIMPLE | {Template}

_CANONICAL = json_encoder(json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


def canonical(value: Any) -> str:
    """Return the one JSON text of a plain JSON value: sorted keys, no spaces."""
    return _CANONICAL(value)


def same(one: Value, other: Value) -> bool:
    """Return whether two values are equal with equal types: 1, 1.0 and true all differ."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other) or one != other:  # takes no step in Python; what is equal may have other types in it
        return False
    if kind is str:  # most are
        return True
    if isinstance(one, dict):
        return all(map(same, one.values(), map(other.__getitem__, one)))
    if isinstance(one, list):
        return all(map(same, one, other))
    return kind is not float or repr(one) == repr(other)  # 0.0 is not -0.0


def differing(before: Inputs, after: Inputs) -> List[str]:
    """Return the top-level keys, sorted, whose value is not the same on both sides."""
    found = [key for key, value in before.items() if key not in after or not same(value, after[key])]
    return sorted([*found, *(after.keys() - before.keys())])


def step_into(value: Value, step: str) -> Tuple[bool, Value]:
    """Return whether a mapping has a key, or a list an index in digits, and what is there."""
    if isinstance(value, dict) and step in value:
        return True, value[step]
    if isinstance(value, list) and LIST_INDEX.fullmatch(step) and int(step) < len(value):
        return True, value[int(step)]
    return False, None


def leaves(value: Value, path: Path = ()) -> Iterator[Tuple[Path, Value]]:
    """Yield every leaf with its path; an empty list or mapping is a leaf."""
    if not isinstance(value, (dict, list)) or not value:
        yield path, value
        return
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if type(inner) in SIMPLE:
            yield (*path, step), inner
        else:
            yield from leaves(inner, (*path, step))


def references_in(value: Value) -> List[Reference]:
    """Return the references of a value, in the order they stand in."""
    return [part for part in parts_in(value) if isinstance(part, Reference)]


def parts_in(value: Value) -> List[Part]:
    """Return what stands beside text in the strings of a value, in order."""
    if isinstance(value, Template):
        return [part for part in value.parts if type(part) is not str]
    found: List[Part] = []
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if type(item) not in SIMPLE:
            found += parts_in(item)
    return found


@lru_cache(maxsize=1 << 14)  # of thousands of resources most have the same paths
def step_order(path: Path) -> Tuple[Tuple[int, int, str, bool], ...]:
    """Return a sort key for paths: indexes, and keys that look like one, by number, other keys by text.

    A path that was read back (`read_path`) cannot keep the two apart, and has to stand in the same place.
    """
    return tuple(map(_order_of, path))


def _order_of(step: Step) -> Tuple[int, int, str, bool]:
    text = str(step)
    is_number = _NUMBER.fullmatch(text) is not None
    return (0, int(text), text, step is text) if is_number else (1, 0, text, True)


def format_path(path: Sequence[Step]) -> str:
    """Return a path as people write it: `urls.0.port`, `labels["a.b"]`."""
    return _path_text(tuple(path))


@lru_cache(maxsize=1 << 14)  # of thousands of resources most have the same paths
def _path_text(path: Path) -> str:
    text = "".join(map(_step_text, path))
    return text[1:] if text.startswith(".") else text


_STEPS = pattern(r"\.?([A-Za-z0-9_-]+)|\[(\"(?:[^\"\\]|\\.)*\")\]", re.ASCII)


def read_path(text: str) -> Tuple[str, ...]:
    """Return the path that `format_path` wrote, list indexes as text; raises ValueError for what is no such path."""
    steps: List[str] = []
    position = 0
    while position < len(text) or not steps:
        match = _STEPS.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is no path of a value")
        steps.append(match.group(1) or json.loads(match.group(2)))
        position = match.end()
    return tuple(steps)


@lru_cache(maxsize=4096, typed=True)
def _step_text(step: Step) -> str:
    if isinstance(step, int) or PLAIN_WORD.fullmatch(step):
        return f".{step}"
    return f"[{json.dumps(step, ensure_ascii=False)}]"


def map_leaves(value: Value, change: Callable[[Value], Value]) -> Value:
    """Return a copy of *value* in which each scalar went through *change*."""
    if type(value) in _LEAVES:  # asked first, since what a mapping is takes a call in Python
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_leaves(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [map_leaves(inner, change) for inner in value]
    return change(value)


def map_strings(value: Value, change: Callable[[Path, str], Value], path: Path = ()) -> Value:
    """Return a copy of *value* in which each plain string went through *change*."""
    if isinstance(value, dict):
        return {key: map_strings(inner, change, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [map_strings(inner, change, (*path, index)) for index, inner in enumerate(value)]
    return change(path, value) if isinstance(value, str) else value


def pack(value: Value) -> Tuple[Value, Dict[str, List[Any]]]:
    """Return *value* as plain JSON, and beside it what of it is not literal.

    The second part maps a JSON pointer (RFC 6901) to the parts of the string there: text as it is, an environment
    variable as `{"env": NAME}`. It stands beside the values, not in them, so no literal can imitate it.
    """
    if not parts_in(value):
        return value, {}
    templates: Dict[str, List[Any]] = {}

    def plain(inner: Value, pointer: str) -> Value:
        if isinstance(inner, dict):
            return {key: plain(item, f"{pointer}/{_escape(key)}") for key, item in inner.items()}
        if isinstance(inner, list):
            return [plain(item, f"{pointer}/{index}") for index, item in enumerate(inner)]
        if isinstance(inner, Template):
            templates[pointer] = [_pack_part(part) for part in inner.parts]
            return str(inner)
        return inner

    return plain(value, ""), templates


def _pack_part(part: Part) -> Any:
    if isinstance(part, Reference):
        return {"ref": [part.name, *part.path]}
    if isinstance(part, FileDigest):
        return {"sha256": part.path}
    return {"env": part.name} if isinstance(part, EnvVariable) else part


def as_written(value: Value) -> Value:
    """Return a value as a file would say it: `${env:NAME}` is a variable, and a literal `${` reads `$${`."""
    kind = type(value)
    if kind is str:  # nearly all are
        return value.replace("${", "$${") if "${" in value else value
    if kind is Template:
        return "".join([part.replace("${", "$${") if isinstance(part, str) else str(part) for part in value.parts])
    is_leaf = kind in SIMPLE or not isinstance(value, (Mapping, list))
    return value if is_leaf else map_leaves(value, as_written)


def unpack(value: Value, templates: Mapping[str, Sequence[Any]]) -> Value:
    """Return what `pack` was given; raises KeyError, TypeError or ValueError where the two parts do not fit."""
    if not templates:
        return value
    left = set(templates)

    def full(inner: Value, pointer: str) -> Value:
        if isinstance(inner, dict):
            return {key: full(item, f"{pointer}/{_escape(key)}") for key, item in inner.items()}
        if isinstance(inner, list):
            return [full(item, f"{pointer}/{index}") for index, item in enumerate(inner)]
        if pointer in left:
            left.discard(pointer)
            return Template(tuple(map(_unpack, templates[pointer])))
        return inner

    result = full(value, "")
    if left:
        raise ValueError(f"no value at {sorted(left)[0]}")
    return result


def _unpack(part: Any) -> Part:
    if isinstance(part, str):
        return part
    if not isinstance(part["env"], str) or not _VARIABLE.fullmatch(part["env"]):
        raise ValueError(f"{str(part)[:60]} is no part of a string")
    return EnvVariable(part["env"])


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def digest(value: Value) -> str:
    """Return the SHA-256, in hex, of a value with its types."""
    try:
        text = f"[{canonical(value)},{{}}]"  # what `pack` makes of a value in which everything is literal
    except TypeError:
        text = canonical(pack(value))
    return hashlib.sha256(text.encode()).hexdigest()
