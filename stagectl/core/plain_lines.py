"""Files of plain lines, the YAML that most resources are written in: read in a third of the time that all YAML takes.

A line of it is `---`, `key:`, `key: value`, `- value`, `- key: value`, a comment or nothing. What is not surely that is
left to the reader of all YAML, which says what is wrong, too: docs/decisions/plain-lines.md.
"""

from __future__ import annotations

import re
from typing import Any, Callable, List, Optional, Tuple

from stagectl.core.errors import StagectlError
from stagectl.core.once import pattern

_LONGEST = 1 << 16  # characters, in which there are less values than one file may have
_KEY = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}"
_INNER = r"[A-Za-z0-9_./@=+%-]"  # of a word, wherever that stands
_WORD = r"[A-Za-z0-9_./@=+%$,;(){}~-]*"
# What ends a word is no part of it: there is one way to match, which takes a time that grows as the text does.
_PLAIN = rf"(?:[A-Za-z0-9_./$]|[+-](?=[A-Za-z0-9.])){_WORD}(?:(?: (?![ #\n])|:(?=[A-Za-z0-9_./${{])){_WORD})*"
_ITEM = rf'(?:[A-Za-z0-9_./]|-(?=[A-Za-z0-9])){_INNER}*|"(?:{_INNER}|[ :${{}}])*"'
_FLOW = rf"\[(?:(?:{_ITEM})(?:, (?:{_ITEM}))*)?\]|\{{(?:{_KEY}: (?:{_ITEM})(?:, {_KEY}: (?:{_ITEM}))*)?\}}"
_VALUE = rf"""{_PLAIN}|"[ !#-\[\]-~]*"|'[ -&(-~]*'|{_FLOW}"""
_COMMENT = "#[ -~]*"
_LINE = pattern(  # which is no deeper than a file may be
    rf"^( {{0,40}})(?:(- )?(?:({_KEY}):(?: ({_VALUE}))?|({_VALUE}))(?: +{_COMMENT})?|(---)|{_COMMENT})?\n",
    re.ASCII | re.MULTILINE,
)


def read_plain_lines(text: str, resolve: Callable[[str], Any]) -> Optional[List[Any]]:
    """Return the values of a file's one or two documents; None where it is not of plain lines alone, or wrong.

    resolve: returns the value of a word without quotes. Raises StagectlError, as that may, for a key twice in braces.
    """
    lines = _LINE.findall(text) if len(text) <= _LONGEST else []
    if len(lines) != text.count("\n") or text[-1:] != "\n":  # a match has a whole line
        return None
    documents: List[Any] = [] if text.startswith("---\n") else [{}]
    levels: List[Tuple[int, Any]] = [
        (0, one) for one in documents
    ]  # the mappings and lists that are open, with the spaces before their lines
    opened = ""  # the key of the line before, if what it has is still to come
    for spaces, dash, key, value, item, start in lines:
        if start:
            if spaces or opened or not all(documents):
                return None
            documents.append({})
            levels = [(0, documents[-1])]
        elif key or item:
            found = _enter(levels, len(spaces), opened, [] if dash else {})
            if found is None or (item and not dash):
                return None
            if dash and key:
                found.append({})
                found = found[-1]
                levels.append((len(spaces) + 2, found))
            if key in found and key:
                return None
            if key:
                found[key] = _value(value, resolve) if value else None
            else:
                found.append(_value(item, resolve))
            opened = "" if value or item else key
    return None if opened or len(documents) > 2 or not all(documents) else documents


def _enter(levels: List[Tuple[int, Any]], indent: int, opened: str, new: Any) -> Any:
    """Return the mapping or list, of the type of *new*, that a line belongs to; None where that is not sure.

    opened: a key that waits for one, which *new* is then.
    """
    last, found = levels[-1]
    if opened and indent > last:
        found[opened] = new
        levels.append((indent, new))
        return new
    while indent < levels[-1][0]:
        levels.pop()
    last, found = levels[-1]
    return found if indent == last and not opened and type(found) is type(new) else None


def _value(text: str, resolve: Callable[[str], Any]) -> Any:
    first = text[0]
    if first in "\"'":
        return text[1:-1]
    if first == "[":
        return [_value(item, resolve) for item in text[1:-1].split(", ")] if text != "[]" else []
    if first == "{" and text != "{}":
        pairs = [item.split(": ", 1) for item in text[1:-1].split(", ")]
        found = {key: _value(item, resolve) for key, item in pairs}
        if len(found) < len(pairs):
            raise StagectlError("a key stands twice")
        return found
    return {} if first == "{" else resolve(text)
