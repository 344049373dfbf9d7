"""Differences of values, leaf by leaf (docs/design.md, section 6)."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

from stagectl.core.values import Inputs, Path, Value, dotted, leaves, same, step_order
from stagectl.core.word import Word


class Op(Word):
    """How one leaf differs."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


class Difference(NamedTuple):
    """One leaf that differs; before is None for `add`, after is None for `remove`."""

    path: Path
    op: Op
    before: Value = None
    after: Value = None


def diff(before: Optional[Inputs], after: Optional[Inputs]) -> Tuple[Difference, ...]:
    """Return what turns *before* into *after*, in path order; None counts as having no inputs."""
    old: Dict[Path, Value] = dict(leaves(before)) if before else {}
    new: Dict[Path, Value] = dict(leaves(after)) if after else {}
    entries = []
    for path in sorted(old.keys() | new.keys(), key=step_order):
        if path not in old:
            entries.append(Difference(path, Op.ADD, None, new[path]))
        elif path not in new:
            entries.append(Difference(path, Op.REMOVE, old[path], None))
        elif not same(old[path], new[path]):
            entries.append(Difference(path, Op.REPLACE, old[path], new[path]))
    return tuple(entries)


def joined(gone: Tuple[Difference, ...], come: Tuple[Difference, ...]) -> Tuple[Difference, ...]:
    """Return, for a replace, what turns the values that go (all `remove`) into those that come (all `add`)."""
    old = {dotted(entry.path): entry for entry in gone}
    new = {dotted(entry.path): entry for entry in come}
    entries = [entry for path, entry in {**old, **new}.items() if (path in old) != (path in new)]
    for path in old.keys() & new.keys():
        if not same(old[path].before, new[path].after):
            entries.append(Difference(new[path].path, Op.REPLACE, old[path].before, new[path].after))
    return tuple(sorted(entries, key=lambda entry: step_order(entry.path)))
