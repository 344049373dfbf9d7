"""One entry of a YAML file set or taken out in the file's text: comments, line ends and all else stay byte for byte.

Marks of the parser say where entries stand. What cannot be done in the text is left to others: nothing is guessed, and
the caller reads the result again.
"""

from __future__ import annotations

import re
from typing import Any, Optional, Sequence

from stagectl.adapters.yamlfile.events import YamlNode
from stagectl.adapters.yamlfile.write import NULL, block, flow
from stagectl.core.errors import Step

_INSET = re.compile(r"^( *)[^ #\n-][^\n]*:\r?\n\1  +- ", re.MULTILINE)  # a list that stands further in than its key
_COLON = re.compile(r"\s*:")


class Splice:
    """The text of a file, and the entries of one of its documents."""

    def __init__(self, text: str, root: YamlNode) -> None:
        self._text, self._root = text, root
        self._eol = "\r\n" if "\r\n" in text else "\n"

    def put(self, at: Sequence[Step], value: Any) -> Optional[str]:
        """Return the text with a place as it is in the whole of a document, None if that cannot be done here."""
        entry, depth = self._root.reach(at)
        for step in at[: depth + 1]:
            value = value[step]
        return self._replace(entry, value) if depth == len(at) else self._add(entry, at[depth], value)

    def cut(self, at: Sequence[Step]) -> Optional[str]:
        """Return the text without an entry, None if that cannot be done here."""
        holder, _ = self._root.reach(at[:-1])
        entry, others = holder.inner[at[-1]], [*holder.inner.values()]
        index = others.index(entry)
        start, end, empty = self._start(entry), self._end(entry), ""
        begin = self._text.rfind("\n", 0, start) + 1
        if not _is_flow(holder) and not self._text[begin:start].strip(" "):
            start, end = begin, self._line_end(end)
            empty = "" if len(others) > 1 else " []" if entry.key is None else " {}"
        elif index + 1 < len(others):
            end = self._start(others[index + 1])
        elif _is_flow(holder) and index:
            start = self._end(others[index - 1])
        else:
            return None
        if empty and holder.key is None:
            return None
        colon = self._colon(holder.key) if empty else start
        return self._text[:colon] + empty + self._text[colon:start] + self._text[end:]

    def _replace(self, entry: YamlNode, value: Any) -> str:
        start, end = entry.first.start_mark.index, entry.last.end_mark.index
        if start == end and entry.key is not None:
            start = end = self._colon(entry.key)
        if _is_flow(entry) or (entry.first is entry.last and entry.first.style not in ("|", ">")):
            gap = "" if start < end else " "
            return self._text[:start] + gap + flow(value, _is_json(entry)) + self._text[end:]
        start, end = self._start(entry), self._line_end(self._end(entry))
        if entry is not self._root:
            value = [value] if entry.key is None else {entry.key.value: value}
        return self._text[:start] + self._block(value, self._column(start)).lstrip(" ") + self._text[end:]

    def _add(self, holder: YamlNode, step: Step, value: Any) -> Optional[str]:
        """Return the text with one more entry at the end of a collection, or in a place that is empty yet."""
        entries = [*holder.inner.values()]
        if entries and _is_flow(holder):
            is_json = _is_json(holder)
            key = f"{flow(step, is_json)}: " if isinstance(step, str) else ""
            at = self._end(entries[-1])
            return f"{self._text[:at]}, {key}{flow(value, is_json)}{self._text[at:]}"
        new = {step: value} if isinstance(step, str) else [value]
        if entries:
            return self._after(self._end(entries[-1]), self._block(new, self._column(self._start(entries[0]))))
        start, end = holder.first.start_mark.index, holder.last.end_mark.index
        if holder is self._root:  # nothing but comments
            return self._after(start, self._block(new, 0)) if start == end else None
        if holder.key is None or self._text[start:end] not in (*NULL, "{}", "[]"):
            return None
        full = self._after(self._end(holder), self._block(new, self._column(self._start(holder)) + 2))
        return full[:start].rstrip(" ") + full[end:] if start < end else full

    def _after(self, index: int, lines: str) -> str:
        """Return the text with lines put after the line in which an index is."""
        at = self._line_end(index)
        before = self._text[:at]
        return before + ("" if before.endswith("\n") else self._eol) + lines + self._text[at:]

    def _line_end(self, index: int) -> int:
        """Return where the next line begins; a block of text ends there already."""
        if index and self._text[index - 1] == "\n":
            return index
        return self._text.find("\n", index) + 1 or len(self._text)

    def _column(self, index: int) -> int:
        return index - (self._text.rfind("\n", 0, index) + 1)

    def _start(self, entry: YamlNode) -> int:
        """Return where an entry's key begins, or the dash before it, or the entry itself."""
        index: int = (entry.key or entry.first).start_mark.index
        before = self._text[:index].rstrip()
        return len(before) - 1 if entry.key is None and entry is not self._root and before.endswith("-") else index

    def _end(self, entry: YamlNode) -> int:
        """Return where an entry's text ends; the parser has a block, or nothing, end where the next thing begins."""
        if entry.inner and not _is_flow(entry):
            return self._end([*entry.inner.values()][-1])
        end: int = entry.last.end_mark.index
        return self._colon(entry.key) if entry.key is not None and end == entry.first.start_mark.index else end

    def _colon(self, key: Any) -> int:
        """Return where the text after a key's colon begins; between brackets a key may have none."""
        end: int = key.end_mark.index
        colon = _COLON.match(self._text, end)
        return colon.end() if colon else end

    def _block(self, value: Any, column: int) -> str:
        inset = "  " if _INSET.search(self._text) else ""
        lines = block(value, _inline, inset) if value else [flow(value)]
        return "".join(f"{' ' * column}{line}{self._eol}" for line in lines)


def _inline(value: Any) -> Optional[str]:
    """Return what stands on one line: all but mappings, and lists that have collections in them."""
    is_block = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    )
    return None if value and is_block else flow(value)


def _is_flow(entry: YamlNode) -> bool:
    return bool(getattr(entry.first, "flow_style", False))  # a scalar has none


def _is_json(entry: YamlNode) -> bool:
    """Return whether a collection is written as JSON has it, strings in double quotes."""
    first = next(iter(entry.inner.values()), None)
    return first is not None and getattr(first.key or first.first, "style", None) == '"'
