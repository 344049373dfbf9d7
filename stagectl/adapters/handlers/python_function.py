"""What a function that the `python` handler calls is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping


@dataclass(frozen=True)
class Call:
    """What the function gets. inputs: values to act with; before: those last applied, empty if there are none.

    outputs: what earlier calls reported.
    """

    resource: str
    action: str
    kind: str
    run: str
    inputs: Mapping[str, Any]
    before: Mapping[str, Any]
    outputs: Mapping[str, Any]
