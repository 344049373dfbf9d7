"""The `python` handler: a function of an installed package, called in a child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from stagectl.adapters.handlers import Request, Result


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


def python(request: Request) -> Result:
    """Call the function that an action names, `package.module:function`."""
    from stagectl.adapters.handlers.child import in_child

    return in_child(request, "stagectl.adapters.handlers.python_child")
