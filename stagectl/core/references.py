"""`${...}` in strings: parsing, and names relative to a folder (docs/design.md, section 3).

The language is regular, so it is two regular expressions: docs/decisions/references.md says why not a grammar.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Callable, List, Match, Tuple, Union

from stagectl.core.model import SEGMENT, Name
from stagectl.core.once import pattern
from stagectl.core.values import EnvVariable, FileDigest, Part, Reference, Template

_RELATIVE_NAME = rf"(?:\.{{1,2}}/)*{SEGMENT}(?:/{SEGMENT})*"
STEP = r'\.[A-Za-z0-9_-]+|\["(?:[^"\\]|\\.)*"\]'
_LONGEST = 60  # characters of a malformed reference in a message
_OPENING = pattern(r"\$\$\{|\$\{")
_REFERENCE = pattern(
    r"\$\{(?:env:(?P<env>[A-Za-z_][A-Za-z0-9_]*)|sha256:(?P<file>[^\x00-\x1f\x7f{}]+)|"
    rf"(?P<name>{_RELATIVE_NAME})(?P<path>(?:{STEP})*))\}}",
    re.ASCII,
)
_STEPS = pattern(STEP, re.ASCII)
_RELATIVE = pattern(_RELATIVE_NAME, re.ASCII)


def parse_template(text: str, folder: str) -> Union[str, Template]:
    """Return *text* with its references parsed: a string if it has none, else a Template.

    folder: the one the names starting with `./` and `../` are relative to, "" for the root.
    Raises ValueError with a message for people.
    """
    if "${" not in text:
        return text
    parts: List[Part] = []
    position = 0
    opening = _OPENING.search(text)
    while opening is not None:
        _add_text(parts, text[position : opening.start()])
        if opening.group() == "$${":
            _add_text(parts, "${")
            position = opening.end()
        else:
            match = _match(text, opening.start())
            position = match.end()
            is_inside = position - opening.start() < len(text)
            parts.append(_part(match.group("env", "file", "name", "path"), folder, is_inside))
        opening = _OPENING.search(text, position)
    _add_text(parts, text[position:])
    # Adjoining text is one part, so text alone is the only one.
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else Template(tuple(parts))


def _add_text(parts: List[Part], text: str) -> None:
    if text and parts and isinstance(parts[-1], str):
        parts[-1] += text
    elif text:
        parts.append(text)


def _match(text: str, start: int) -> Match[str]:
    match = _REFERENCE.match(text, start)
    if match is None:
        closing = text.find("}", start)
        shown = text[start : closing + 1 if closing >= 0 else start + 40]
        shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
        raise ValueError(f"'{shown}' is not a reference like ${{db.port}}; a literal ${{ is written $${{")
    return match


@lru_cache(maxsize=1 << 14)  # what is read has several readers, as a rule
def _part(groups: Tuple[str, ...], folder: str, inside: bool) -> Part:
    env, path, name, steps = groups
    if env:
        return EnvVariable(env)
    if path:
        return FileDigest(_file_path(path))
    if not steps:
        raise ValueError(f"'${{{name}}}' names no value; write ${{{name}.<input>}}")
    words = path_steps(steps) if '"' in steps else tuple(steps[1:].split("."))
    return Reference(absolute(name, folder) if name.startswith(".") else name, words, inside)


def _file_path(text: str) -> str:
    """Return a path below the project's folder as it is; raises ValueError for any other."""
    steps = (text[:-1] if text.endswith("/") else text).split("/")
    if not all(steps) or {".", "..", ".git"} & {*steps} or "\\" in text:
        raise ValueError(
            f"'{text[:_LONGEST]}' is no path below the project's folder, like ${{sha256:templates/app.conf}}; "
            "one of a folder ends in '/'"
        )
    return text


def path_steps(text: str) -> Tuple[str, ...]:
    """Return the steps of a path as a reference has it, `.a["b.c"]`; raises ValueError with a message for people."""
    return tuple(_step(step) for step in _STEPS.findall(text))


def _step(text: str) -> str:
    if text.startswith("."):
        return text[1:]
    try:
        return str(json.loads(text[1:-1]))
    except ValueError:
        raise ValueError(f"{text} is not a key in JSON quotes") from None


def absolute(text: str, folder: str) -> Name:
    """Return the full name that *text* means in *folder*; raises ValueError for what is no name."""
    if not _RELATIVE.fullmatch(text):
        raise ValueError(f"'{text}' is not a resource name")
    if not text.startswith("."):
        return Name(text)
    base = folder.split("/") if folder else []
    steps = text.split("/")
    while steps[0] in (".", ".."):
        if steps.pop(0) == "..":
            if not base:
                raise ValueError(f"'{text}' leads out of the root folder")
            base.pop()
    return Name("/".join(base + steps))


def relative(name: str, folder: str) -> str:
    """Return a name as it is written relative to a folder, beginning with `./` or `../`."""
    here = folder.split("/") if folder else []
    steps = name.split("/")
    while here and len(steps) > 1 and here[0] == steps[0]:
        here, steps = here[1:], steps[1:]
    return "/".join([".."] * len(here) + steps) if here else "./" + "/".join(steps)


def rewrite(text: str, rename: Callable[[str], str]) -> str:
    """Return a string as a file has it, with the names in its references as written put through *rename*."""
    pieces: List[str] = []
    position = 0
    opening = _OPENING.search(text)
    while opening is not None:
        match = _REFERENCE.match(text, opening.start()) if opening.group() == "${" else None
        if match is not None and match.group("name"):
            pieces += [text[position : match.start("name")], rename(match.group("name"))]
            position = match.end("name")
        opening = _OPENING.search(text, match.end() if match else opening.end())
    return "".join([*pieces, text[position:]])


def folder_of(name: str) -> str:
    """Return the folder of a name, "" for the root."""
    return name.rpartition("/")[0]
