"""A definition or staged file as lines of values, for `git diff`: what acts on nothing makes no difference."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from stagectl.core.merging.merge3 import SETS
from stagectl.core.values import canonical, leaves, step_order
from stagectl.views.text import dotted_path, one_line


def values_text(front: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """Return a line per value, in an order of its own; long texts line by line."""
    return "".join(f"{line}\n" for document in (front, body) for line in _lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: _without_order(value) if key in SETS else value for key, value in document.items() if value}
    found = [(path, value) for path, value in leaves(plain) if path]
    for path, value in sorted(found, key=lambda entry: (entry[0][0] != "kind", step_order(entry[0]))):
        if isinstance(value, str) and "\n" in value:
            yield f"{dotted_path(path)}:"
            yield from (f"  {one_line(line)}" for line in value.split("\n"))
        else:
            yield f"{dotted_path(path)}: {one_line(canonical(value))}"


def _without_order(value: Any) -> Any:
    """Return a list whose order says nothing as a mapping of its entries, which a difference names one by one."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value
    return {entry if isinstance(entry, str) else canonical(entry): True for entry in value}
