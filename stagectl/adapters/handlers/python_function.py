"""The `python` handler: a function of an installed package, called in a child process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from stagectl.adapters.handlers import Request, Result
from stagectl.core.model import CHECK


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
    """Call the function that an action names, `package.module:function`; nothing to call is a success."""
    from stagectl.adapters.handlers.child import in_child

    if request.does is None:
        return Result(True)
    mode = CHECK if request.looks else "act"
    return in_child(request, "stagectl.adapters.handlers.python_child", request.does, mode)
