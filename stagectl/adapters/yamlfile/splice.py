"""One entry of a YAML file set or taken out in the file's text: comments, line ends and all else stay byte for byte.

Marks of the parser say where entries stand. What cannot be done in the text is left to others: nothing is guessed, and
the caller reads the result again.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, List, Optional, Sequence, Tuple

from stagectl.adapters.yamlfile import quote
from stagectl.core.errors import Step

YamlNode = Any  # of ruamel.yaml: a ScalarNode, SequenceNode or MappingNode
Dump = Callable[[Any], str]  # block text of a collection, without a document marker


class Splice:
    """The text of a file, and the entries of one of its documents. dump: how values that take lines are written."""

    def __init__(self, text: str, document: int, dump: Dump) -> None:
        from ruamel.yaml import YAML

        self._text = text
        self._dump = dump
        documents = list(YAML(typ="safe", pure=True).compose_all(text))
        self._root: YamlNode = documents[document]
        self._is_last = document == len(documents) - 1
        self._eol = "\r\n" if "\r\n" in text else "\n"

    def put(self, at: Sequence[Step], value: Any) -> Optional[str]:
        """Return the text with a value set, None if that cannot be done here."""
        holder, above = self._root, None
        for depth, step in enumerate(at):
            entry = _entry(holder, step)
            if entry is None:
                nested = _nest(at[depth + 1 :], value)
                return None if nested is None else self._add(holder, above, step, nested[0])
            above, holder = entry, entry[1]
        return self._replace(above, value) if above else None

    def cut(self, at: Sequence[Step]) -> Optional[str]:
        """Return the text without an entry, None if that cannot be done here."""
        holder, above, entry = self._root, None, None
        for step in at:
            above, holder = entry, entry[1] if entry else self._root
            entry = _entry(holder, step)
            if entry is None:
                return None
        entries = _entries(holder)
        index = [id(value) for _, value in entries].index(id(entry[1])) if entry else 0
        if _is_flow(holder):
            return self._cut_from_flow(holder, entries, index)
        lines = self._lines(entries[index])
        if lines is None or (len(entries) == 1 and (above is None or above[0] is None)):
            return None
        text = self._text[: lines[0]] + self._text[lines[1] :]
        if len(entries) > 1:
            return text
        colon = self._colon(above[0])  # type: ignore[index]
        return text[:colon] + (" []" if entries[0][0] is None else " {}") + text[colon:]

    def _cut_from_flow(self, holder: YamlNode, entries: List[Tuple[YamlNode, YamlNode]], index: int) -> str:
        if len(entries) == 1:
            span = (holder.start_mark.index + 1, holder.end_mark.index - 1)
        elif index + 1 < len(entries):
            span = (_start(entries[index]), _start(entries[index + 1]))
        else:
            span = (self._end(entries[index - 1]), self._end(entries[index]))
        return self._text[: span[0]] + self._text[span[1] :]

    def _replace(self, entry: Tuple[YamlNode, YamlNode], value: Any) -> Optional[str]:
        key, node = entry
        start, end = node.start_mark.index, node.end_mark.index
        if start == end and key is not None:
            start = end = self._colon(key)
        is_scalar = isinstance(node.value, str) and node.style not in ("|", ">")
        if is_scalar or _is_flow(node):
            gap = "" if start < end else " "
            return self._text[:start] + gap + flow(value, self._is_json(node)) + self._text[end:]
        lines = self._lines(entry)
        if lines is None or key is None:
            return None
        column = _start(entry) - lines[0]
        return self._text[: lines[0]] + self._block({key.value: value}, column) + self._text[lines[1] :]

    def _add(
        self, holder: YamlNode, above: Optional[Tuple[YamlNode, YamlNode]], step: Step, value: Any
    ) -> Optional[str]:
        """Return the text with one more entry at the end of a collection, or in a place that is empty yet."""
        entries = _entries(holder)
        if entries and _is_flow(holder):
            text = flow(value, self._is_json(holder))
            key = f"{flow(step, self._is_json(holder))}: " if isinstance(step, str) else ""
            at = self._end(entries[-1])
            return f"{self._text[:at]}, {key}{text}{self._text[at:]}"
        new = {step: value} if isinstance(step, str) else [value]
        if entries:
            lines = self._lines(entries[0])
            if lines is None:
                return None
            column = len(self._text[lines[0] :]) - len(self._text[lines[0] :].lstrip(" "))
            return self._after(self._end(entries[-1]), self._block(new, column))
        start, end = holder.start_mark.index, holder.end_mark.index
        if above is None:  # nothing but comments
            return self._after(len(self._text), self._block(new, 0)) if self._is_last and start == end else None
        lines = self._lines(above)
        if above[0] is None or lines is None or self._text[start:end] not in ("", "{}", "[]"):
            return None
        block = self._block(new, _start(above) - lines[0] + 2)
        full = self._after(self._end(above), block)
        return full[:start].rstrip(" ") + full[end:] if start < end else full

    def _after(self, index: int, lines: str) -> str:
        """Return the text with lines put after the line in which an index is."""
        at = self._line_end(index)
        before = self._text[:at]
        return before + ("" if before.endswith("\n") else self._eol) + lines + self._text[at:]

    def _lines(self, entry: Tuple[YamlNode, YamlNode]) -> Optional[Tuple[int, int]]:
        """Return where the lines of an entry of a block begin and end, None if it does not have them for itself."""
        start, end = _start(entry), self._end(entry)
        first = self._text.rfind("\n", 0, start) + 1
        if not re.fullmatch(" *" if entry[0] is not None else " *- +", self._text[first:start]):
            return None
        return first, self._line_end(end)

    def _line_end(self, index: int) -> int:
        """Return where the next line begins; a block of text ends there already."""
        if index and self._text[index - 1] == "\n":
            return index
        return self._text.find("\n", index) + 1 or len(self._text)

    def _end(self, entry: Tuple[YamlNode, YamlNode]) -> int:
        """Return where an entry's text ends; the parser has a block, or nothing, end where the next thing begins."""
        key, node = entry
        inner = _entries(node)
        if inner and not _is_flow(node):
            return self._end(inner[-1])
        end: int = node.end_mark.index
        return self._colon(key) if key is not None and end == node.start_mark.index else end

    def _colon(self, key: YamlNode) -> int:
        """Return where the text after a key's colon begins; between brackets a key may have none."""
        end: int = key.end_mark.index
        colon = re.compile(r"\s*:").match(self._text, end)
        return colon.end() if colon else end

    def _block(self, value: Any, column: int) -> str:
        lines = self._dump(value).splitlines()
        return "".join(f"{' ' * column}{line}{self._eol}" for line in lines)

    def _is_json(self, node: YamlNode) -> bool:
        """Return whether a collection is written as JSON has it, strings in double quotes."""
        first = next((child for pair in _entries(node) for child in pair if child is not None), None)
        return first is not None and getattr(first, "style", None) == '"'


def _entry(holder: YamlNode, step: Step) -> Optional[Tuple[YamlNode, YamlNode]]:
    """Return key (None in a list) and value of an entry, None if there is none."""
    if isinstance(step, str):
        return next((pair for pair in _entries(holder) if pair[0] is not None and pair[0].value == step), None)
    entries = [pair for pair in _entries(holder) if pair[0] is None]
    return entries[step] if step < len(entries) else None


def _is_flow(node: YamlNode) -> bool:
    return bool(getattr(node, "flow_style", False))  # a scalar has none


def _entries(node: YamlNode) -> List[Tuple[YamlNode, YamlNode]]:
    if isinstance(node.value, str):
        return []
    return [one if isinstance(one, tuple) else (None, one) for one in node.value]


def _start(entry: Tuple[YamlNode, YamlNode]) -> int:
    index: int = (entry[1] if entry[0] is None else entry[0]).start_mark.index
    return index


def _nest(at: Sequence[Step], value: Any) -> Optional[Tuple[Any]]:
    """Return a value inside the collections that a path wants; None for lists that would begin in their middle."""
    for step in reversed(at):
        if isinstance(step, int) and step:
            return None
        value = {step: value} if isinstance(step, str) else [value]
    return (value,)


def flow(value: Any, as_json: bool = False) -> str:
    """Return a value as YAML on one line, or as JSON."""
    if isinstance(value, dict):
        inner = (f"{flow(key, as_json)}: {flow(one, as_json)}" for key, one in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(one, as_json) for one in value) + "]"
    if isinstance(value, str):
        text = quote(value)
        return f'"{text}"' if as_json and not text.startswith('"') else text
    return json.dumps(value, ensure_ascii=False)
