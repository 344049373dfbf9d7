"""The one door to YAML: bytes in, the JSON subset of YAML 1.2's core schema out, everything else refused with a place.

libyaml's events are turned into values by a builder of our own: it is several times faster than a general loader, and
every refusal is a line of code here. Only this package imports ruamel.yaml.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any, Callable, Dict, List, Optional, Tuple

from stagectl.adapters.yamlfile.events import NOT_YAML as NOT_YAML
from stagectl.adapters.yamlfile.events import BadYaml as BadYaml
from stagectl.adapters.yamlfile.events import YamlNode, events_of, refusal, slow_events
from stagectl.adapters.yamlfile.write import BOOL, NULL
from stagectl.adapters.yamlfile.write import FrontMatter as FrontMatter
from stagectl.adapters.yamlfile.write import front_matter as front_matter
from stagectl.adapters.yamlfile.write import quote as quote
from stagectl.core.errors import Flaw, StagectlError
from stagectl.core.model import LARGEST_FILE
from stagectl.core.once import pattern
from stagectl.core.plain_lines import read_plain_lines

CONFLICT = f"{NOT_YAML}a merge left a conflict here: choose what holds, and delete the marks"
MOST_LEVELS = 64
LONGEST_NUMBER = 400  # characters
_MOST_VALUES = 50_000  # in one file, which takes half a second
_LONGEST_SHOWN = 60  # characters of a word in a message

# C0 but tab and line ends, DEL, C1, line and paragraph separators, byte order mark, bidirectional controls; and a
# carriage return alone, which is a line end for YAML and shows in no diff.
_FORBIDDEN = pattern("\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_HARMLESS = bytes(range(0x20, 0x7F)) + b"\t\n"  # all that most files have
_NUMBER = pattern(  # an integer, or another number, or none of JSON
    r"([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)|([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NOT_ZERO = pattern(r"[-+]?[0.]*[1-9]", re.ASCII)
_LARGEST_LOOKED_AT = 64 * 1024  # bytes of a file that is read by the slow parser, in half a second
_QUOTE_WORDS = "; in a file this large a word with a colon has to be quoted between brackets"
_IN_BRACKETS = pattern(r"[\[{].*\$\{")
_CONFLICT = pattern(r"^<{7,}(?: |$)", re.MULTILINE)  # as git marks one
_QUOTE_IT = "; between brackets a reference has to be quoted"
_NUMBER_START = frozenset("+-.0123456789")
_NO_WORD = _NUMBER_START.union(word[:1] for word in (*NULL, *BOOL))
_BASES = {"o": 8, "x": 16}


def load(data: bytes) -> List[Any]:
    """Return the values of a file's one or two documents; raises BadYaml with the place of the first refusal."""
    with suppress(StagectlError):  # reading all of it says where
        values = read_plain_lines(data.decode("latin-1"), _word)
        if values is not None:
            return values
    return _read(data).values


def _word(text: str) -> Any:
    return _plain(text, None) if text[:1] in _NO_WORD else text


def body_of(data: bytes) -> bytes:
    """Return the bytes of the second document from its `---` on, exactly as they are; the file is one that is read."""
    builder = _read(data, most=1)
    return builder.text[builder.starts[1] :].encode() if len(builder.starts) > 1 else b""


def locate(data: bytes, flaw: Flaw) -> Tuple[int, int]:
    """Return line and column, from 1, of a place in a file that `load` can read, or of its nearest parent there.

    The file is read again: values carry no places, which keeps reading fast.
    """
    roots = nodes_of(data)
    if flaw.document >= len(roots):
        return 1, 1
    entry, depth = roots[flaw.document].reach(flaw.at)
    is_key = flaw.on_key and entry.key is not None and depth == len(flaw.at)
    mark = (entry.key if is_key else entry.first).start_mark
    return mark.line + 1, mark.column + 1


@lru_cache(maxsize=2)
def nodes_of(data: bytes) -> List[YamlNode]:
    """Return where all of a file stands, by document; of one with many mistakes that is asked for each of them."""
    events = iter(_read(data, keep=True).events)
    return [YamlNode.of(next(events), events) for event in events if type(event).__name__ == "DocumentStartEvent"]


def resolve_plain(text: str) -> Any:
    """Return the value of a scalar without quotes; raises BadYaml for a number that JSON does not have."""
    return _plain(text, None)


def _read(data: bytes, *, most: int = 2, keep: bool = False) -> _Builder:
    text = _text_of(data)
    if text.startswith("<<<<<<< "):  # which would be a word in YAML
        raise BadYaml(1, 1, CONFLICT)
    try:
        return _Builder(text, events_of(text), keep=keep).build(most)
    except BadYaml as error:
        if not error.message.startswith(NOT_YAML):
            raise
        refused = error
        if len(data) > _LARGEST_LOOKED_AT:
            raise BadYaml(error.line, error.column, error.message + _QUOTE_WORDS) from None
        words = "".join(text.split("\n")[error.line - 1 : error.line])
        if words[error.column - 1 : error.column] == "\t":
            refused = BadYaml(error.line, error.column, f"{NOT_YAML}a tab cannot indent a line: use spaces")
        elif _IN_BRACKETS.search(words):
            refused = BadYaml(error.line, error.column, error.message + _QUOTE_IT)
    # libyaml does not know that `[a:b]` and `[::1]` are words, nor that JSON writes some letters as two escapes: the
    # slower parser in Python gets a second look at what libyaml cannot read.
    try:
        return _Builder(text, partial(next, slow_events(text)), keep=keep).build(most)
    except BadYaml as error:
        if not error.message.startswith(NOT_YAML):
            raise
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        refused = BadYaml(line, 1, CONFLICT)
    raise refused


def _text_of(data: bytes) -> str:
    if len(data) > LARGEST_FILE:
        raise BadYaml(1, 1, f"the file has more than {LARGEST_FILE} bytes, which is the most that is read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8"), error.start)
        raise BadYaml(line, column, "these bytes are not UTF-8") from None
    forbidden = _FORBIDDEN.search(text) if data.translate(None, _HARMLESS) else None
    if forbidden:
        line, column = _place(text, forbidden.start())
        name = {"\ufeff": ", a byte order mark,", "\r": ", a carriage return alone,"}.get(forbidden.group(), "")
        raise BadYaml(line, column, f"the character U+{ord(forbidden.group()):04X}{name} may not stand in a file")
    return text


def _place(text: str, index: int) -> Tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Builder:
    """Turns the parser's events into values, with as little Python per event as there can be: plans wait for it.

    starts: the index, in characters, at which each document begins. events: all of them, if they are kept.
    """

    def __init__(self, text: str, next_event: Callable[[], Any], *, keep: bool) -> None:
        self.text = text
        self.values: List[Any] = []
        self.starts: List[int] = []
        self.events: List[Any] = []
        self._next = map(self._keep, iter(next_event, None)) if keep else iter(next_event, None)
        self._left = _MOST_VALUES

    def _keep(self, event: Any) -> Any:
        self.events.append(event)
        return event

    def build(self, most: int) -> _Builder:
        """Read so many documents, and where the next one begins; return the builder, which has their values."""
        try:
            for event in self._next:
                if type(event).__name__ == "DocumentStartEvent":
                    self._check_start(event, len(self.starts))
                    if len(self.starts) > most:
                        break
                    self.values.append(self._value(next(self._next), 0))
            return self
        except StagectlError:
            raise
        except Exception as error:
            raise refusal(error) from None

    def _check_start(self, event: Any, count: int) -> None:
        mark = event.start_mark
        previous = self.text.rfind("\n---", 0, mark.index) if count else 0
        before = self.text[max(previous, 0) : mark.index] if "%" in self.text else ""
        if event.version or event.tags or re.search(r"^%", before, re.MULTILINE):
            raise _refuse(event, "YAML directives are not read here")
        if count == 2:
            raise _refuse(event, "a third document; a file has a front matter and a body")
        self.starts.append(mark.index)

    def _value(self, event: Any, depth: int) -> Any:
        name = type(event).__name__
        if name == "AliasEvent" or event.anchor is not None or event.ctag is not None:
            raise _refuse(event, _unread(event, name))
        self._left -= 1
        if self._left < 0:
            raise _refuse(event, f"more than {_MOST_VALUES} values in one file")
        if name == "ScalarEvent":
            text = event.value  # quoted or a block: always a string
            return _plain(text, event) if text[:1] in _NO_WORD and event.implicit[0] else text
        if depth == MOST_LEVELS:
            raise _refuse(event, f"nested deeper than {MOST_LEVELS} levels")
        return self._mapping(depth + 1) if name == "MappingStartEvent" else self._sequence(depth + 1)

    def _sequence(self, depth: int) -> List[Any]:
        items: List[Any] = []
        for event in self._next:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self._value(event, depth))
        return items

    def _mapping(self, depth: int) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        for event in self._next:
            name = type(event).__name__
            if name == "MappingEndEvent":
                break
            if name != "ScalarEvent":
                raise _refuse(event, f"{'an alias' if name == 'AliasEvent' else 'a list or a mapping'} cannot be a key")
            if event.anchor is not None or event.ctag is not None:
                raise _refuse(event, _unread(event, name))
            key: str = event.value
            if key == "<<" and event.implicit[0]:
                raise _refuse(event, "merge keys (<<) are not read here: write values out")
            if key in found:
                raise _refuse(event, f"the key '{key[:_LONGEST_SHOWN]}' stands here twice")
            found[key] = self._value(next(self._next), depth)
        return found


def _refuse(event: Any, message: str) -> BadYaml:
    if event is None:
        return BadYaml(1, 1, message)
    return BadYaml(event.start_mark.line + 1, event.start_mark.column + 1, message)


def _unread(event: Any, name: str) -> str:
    if name == "AliasEvent":
        return f"the alias *{event.anchor[:_LONGEST_SHOWN]} is not read here: write values out"
    if event.anchor is not None:
        return f"the anchor &{event.anchor[:_LONGEST_SHOWN]} is not read here: write values out"
    tag = event.tag.replace("tag:yaml.org,2002:", "!!")
    return f"the tag {tag[:_LONGEST_SHOWN]} is not read here: a value's form says its type"


def _plain(text: str, event: Any) -> Any:
    if text in NULL:
        return None
    if text in BOOL:
        return BOOL[text]
    number = _NUMBER.fullmatch(text) if text[0] in _NUMBER_START else None
    return text if number is None else _number(text, number.lastindex, event)


def _number(text: str, group: Optional[int], event: Any) -> Any:
    if not group:
        raise _refuse(event, f"{text} is no number in JSON; quote it if it is a string")
    if len(text) > LONGEST_NUMBER:
        raise _refuse(event, f"a number of {len(text)} characters; quote it if it is a string")
    if group == 1:
        return int(text, _BASES.get(text[1:2], 10))
    number = float(text)
    if math.isinf(number):
        raise _refuse(event, f"the number {text} is too large; quote it if it is a string")
    if not number and _NOT_ZERO.match(text):
        raise _refuse(event, f"the number {text} is too small; quote it if it is a string")
    return number
