"""Two values that differ, shown so that what differs can be seen."""

from __future__ import annotations

from typing import AbstractSet, List, Optional, Sequence, Tuple

from stagectl.core.diff import Difference, Op
from stagectl.core.once import pattern
from stagectl.core.printable import safe
from stagectl.core.values import Inputs, Value, as_written, canonical

Differences = Tuple[Difference, ...]

LONGEST = 160  # characters of one value
_BEFORE = 40  # characters that are shown before the first one that differs
_MOST_LINES = 400  # that are compared one by one
_SPACES = pattern("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def by_entries(
    differences: Differences, after: Optional[Inputs], sensitive: AbstractSet[str] = frozenset()
) -> Differences:
    """Return differences as people see them: what came to a list or went is one, and what moved up or down for it none.

    after: the values that they lead to; None where those are not known, and all stays. sensitive: inputs of which
    nothing is shown.
    """
    if after is None or not any(type(step) is int for entry in differences for step in entry.path):
        return differences
    from stagectl.views.lists import with_entries  # few plans change lists

    return with_entries(differences, after, sensitive)


def one_line(text: str) -> str:
    """Return text that is safe and stays in its line."""
    return safe(text).replace("\n", "\\n")


def full_text(value: Value) -> str:
    """Return a value in one line: JSON, strings in quotes; what looks like another character is written out."""
    text = one_line(canonical(as_written(value)))
    return text if text.isascii() else _visible(text)


def _visible(text: str) -> str:
    """Return text with spaces that are no plain ones, and letters that are not composed (NFC), written out."""
    from unicodedata import combining, normalize

    text = _SPACES.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    if normalize("NFC", text) == text:
        return text
    return "".join(
        f"\\u{ord(letter):04x}" if combining(letter) or normalize("NFC", letter) != letter else letter
        for letter in text
    )


def shorten(text: str, start: int = 0) -> str:
    """Return text cut to what may be shown of it, from a place on."""
    if start == 0 and len(text) <= LONGEST:
        return text
    end = start + LONGEST
    return ("..." if start else "") + text[start:end] + (f"... ({len(text)} characters)" if end < len(text) else "")


def sides(difference: Difference) -> Tuple[str, str]:
    """Return what was and what comes, each in one line: of long texts the lines that differ, or what is around it."""
    before, after = difference.before, difference.after
    texts = full_text(before), full_text(after)
    if difference.op != Op.REPLACE or max(map(len, texts)) <= LONGEST:
        return shorten(texts[0]), shorten(texts[1])
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        return _changed_lines(before.split("\n"), after.split("\n"))
    return _around(*texts)


def _around(before: str, after: str) -> Tuple[str, str]:
    """Return two texts from shortly before the first character that differs."""
    same = next((at for at, pair in enumerate(zip(before, after)) if pair[0] != pair[1]), min(len(before), len(after)))
    start = max(0, same - _BEFORE) if same > LONGEST - _BEFORE else 0
    return shorten(before, start), shorten(after, start)


def _changed_lines(before: List[str], after: List[str]) -> Tuple[str, str]:
    """Return the lines that differ, with their numbers."""
    first = next((at for at, pair in enumerate(zip(before, after)) if pair[0] != pair[1]), min(len(before), len(after)))
    alike = zip(reversed(before[first:]), reversed(after[first:]))
    last = next((at for at, pair in enumerate(alike) if pair[0] != pair[1]), min(len(before), len(after)) - first)
    old, new = (list(enumerate(side))[first : len(side) - last] for side in (before, after))
    if max(len(old), len(new)) <= _MOST_LINES:
        old, new = _unlike(old, new)
    texts = [full_text("\n".join(line for _, line in side)) if side else "(nothing)" for side in (old, new)]
    shown = _around(*texts) if max(map(len, texts)) > LONGEST else (texts[0], texts[1])
    return _number(old) + shown[0], _number(new) + shown[1]


_NumberedLines = List[Tuple[int, str]]


def _unlike(old: _NumberedLines, new: _NumberedLines) -> Tuple[_NumberedLines, _NumberedLines]:
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(None, [line for _, line in old], [line for _, line in new], autojunk=False)
    changed = [codes for codes in matcher.get_opcodes() if codes[0] != "equal"]
    gone = [line for _, start, end, _, _ in changed for line in old[start:end]]
    come = [line for _, _, _, start, end in changed for line in new[start:end]]
    return gone, come


def _number(lines: Sequence[Tuple[int, str]]) -> str:
    if not lines:
        return ""
    numbers = ", ".join(str(number + 1) for number, _ in lines[:5]) + (", ..." if len(lines) > 5 else "")
    return f"line{'s' if len(lines) > 1 else ''} {numbers}: "
