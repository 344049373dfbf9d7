"""Text for terminals: values shown safely, signs and colours."""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

from stagectl.core.diff import Difference, Op
from stagectl.core.model import REMOVE, RUN, UPDATE
from stagectl.core.plans.plan import Change
from stagectl.core.plans.selection import Selection
from stagectl.core.printable import safe as safe
from stagectl.core.values import Path, Value, format_path
from stagectl.views.differences import LONGEST as LONGEST
from stagectl.views.differences import full_text, shorten, sides
from stagectl.views.differences import one_line as one_line

_SIGNS = {RUN: "+", UPDATE: "~", REMOVE: "-"}
COLOURS = {"+": "32", "~": "33", "-": "31", "-/+": "35", "!": "36"}


def sign_of(action: str) -> str:
    """Return the sign of an action."""
    return _SIGNS.get(action, "!")


OLD, NEW, COMMIT, BOLD, FAINT = "31", "32", "33", "1", "2"  # styles, as terminals number them
_STATES = {
    "SUCCESS": "32",
    "ERROR": "1;31",
    "SKIPPED": "33",
    "UNKNOWN": "1;35",
    "INPROGRESS": "36",
    "NOOP": FAINT,
    "PENDING": FAINT,
}


def paint(text: str, style: str, colour: bool) -> str:
    """Return text in a style, as it is where there is no colour."""
    return f"\x1b[{style}m{text}\x1b[0m" if colour and style else text


def sign_of_change(change: Change, removal: Optional[Change] = None) -> str:
    """Return the sign of a change; removal: of a replace what goes before it. A question mark: if there is a reason."""
    sign = sign_of(change.action) if removal is None else "-/+"
    return f"{sign}?" if (removal or change).conditional else sign


def colour_sign(sign: str, colour: bool) -> str:
    """Return a sign, in its colour where there is any."""
    return paint(sign, COLOURS.get(sign.rstrip("?"), ""), colour)


def state_text(state: str, colour: bool, width: int = 0) -> str:
    """Return the state of a change, in its colour where there is any; width: how far it is filled up."""
    return paint(state, _STATES.get(state, ""), colour) + " " * (width - len(state))


def value_text(value: Value) -> str:
    """Return a value in one line: JSON, strings in quotes, cut where it is long."""
    return shorten(full_text(value))


def dotted_path(path: Path) -> str:
    """Return the path of a value in one line."""
    return one_line(format_path(path))


def difference_line(difference: Difference, sensitive: bool, colour: bool = False) -> str:
    """Return one difference in one line, old in red, new in green; a sensitive one without its values."""
    path = dotted_path(difference.path)
    if sensitive:
        return f"{path}: (sensitive)"
    was, comes = both_texts(difference)
    before = "" if difference.op == Op.ADD else paint(was, OLD, colour)
    after = "(gone)" if difference.op == Op.REMOVE else paint(comes, NEW, colour)
    return f"{path}: {before} -> {after}" if before else f"{path}: {after}"


def both_texts(difference: Difference) -> Tuple[str, str]:
    """Return what was and what comes, each in one line: of a value known later, after what, and what its file has."""
    if not difference.known_after:
        return sides(difference)
    later = f"(known after {', '.join(difference.known_after)}: {one_line(difference.written)})"
    return value_text(difference.before), later


def list_words(words: Sequence[str], most: int = 8, shown: Callable[[str], str] = one_line) -> str:
    """Return words with commas, the first ones where there are many; shown: how to write one of them."""
    more = f", and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(shown(word) for word in words[:most]) + more


def pluralize(number: int, word: str) -> str:
    """Return a number with its noun: `1 change`, `2 changes`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def selection_words(selection: Selection) -> List[str]:
    """Return a selection as the words of a command line, each as it is (a shell needs them quoted)."""
    words = [*selection.names, *(word for tag in selection.tags for word in ("-t", tag))]
    words += ["--with-children"] if selection.with_children else []
    return words + (["--with-parents"] if selection.with_parents else [])
