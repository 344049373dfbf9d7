"""Differences of values, leaf by leaf (docs/design.md, section 6)."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

from stagectl.core.values import Inputs, Path, Template, Value, format_path, leaves, references_in, same, step_order
from stagectl.core.word import Word


class Op(Word):
    """How one leaf differs."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class Difference(NamedTuple):
    """One leaf that differs; before is None for `add`, after is None for `remove`.

    known_after: the changes that may report the value, which is None until then; written: what its file has instead.
    """

    path: Path
    op: Op
    before: Value = None
    after: Value = None
    known_after: Tuple[str, ...] = ()
    written: str = ""


def diff(before: Optional[Inputs], after: Optional[Inputs]) -> Tuple[Difference, ...]:
    """Return what turns *before* into *after*, in path order; None counts as having no inputs."""
    old: Dict[Path, Value] = dict(leaves(before)) if before else {}
    new: Dict[Path, Value] = dict(leaves(after)) if after else {}
    if not old:
        return tuple([Difference(path, Op.ADD, None, new[path]) for path in sorted(new, key=step_order)])
    later = [path for path, leaf in new.items() if isinstance(leaf, Template) and path not in old]
    old = _cut(old, before, [path for path in later if references_in(new[path])]) if later else old
    entries = []
    for path in sorted(old.keys() | new.keys(), key=step_order):
        if path not in old:
            entries.append(Difference(path, Op.ADD, None, new[path]))
        elif path not in new:
            entries.append(Difference(path, Op.REMOVE, old[path], None))
        elif not same(old[path], new[path]):
            entries.append(Difference(path, Op.REPLACE, old[path], new[path]))
    return tuple(entries)


def _cut(old: Dict[Path, Value], before: Optional[Inputs], later: List[Path]) -> Dict[Path, Value]:
    """Return leaves in which whatever is known later as a whole is a leaf, too."""
    for path in later:
        inside = [one for one in old if one[: len(path)] == path]
        if inside:
            value: Value = before
            for step in path:
                value = value[step]
            old = {**{one: leaf for one, leaf in old.items() if one not in inside}, path: value}
    return old


def join_replace(gone: Tuple[Difference, ...], come: Tuple[Difference, ...]) -> Tuple[Difference, ...]:
    """Return, for a replace, what turns the values that go (all `remove`) into those that come (all `add`)."""
    old = {format_path(entry.path): entry for entry in gone}
    new = {format_path(entry.path): entry for entry in come}
    entries = [entry for path, entry in {**old, **new}.items() if (path in old) != (path in new)]
    for path in old.keys() & new.keys():
        if new[path].known_after or not same(old[path].before, new[path].after):
            entries.append(new[path]._replace(op=Op.REPLACE, before=old[path].before))
    return tuple(sorted(entries, key=lambda entry: step_order(entry.path)))
