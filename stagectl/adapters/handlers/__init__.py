"""What carries out an action. A handler is a callable: it gets a Request and returns a Result; it never raises for an
action that fails. Others than the built-in ones are found by the entry-point group `stagectl.handlers`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

from stagectl.core.errors import StagectlError, nearest

GROUP = "stagectl.handlers"


@dataclass(frozen=True)
class Order:
    """What is to be done, before values of the environment are filled in.

    does: what the kind says for this action; inputs, before: values to act with and values last applied; timeout in
    seconds; handler: its name; outputs: what earlier actions reported; moved_from: of a resource that goes on under
    another name the one before; looks: whether it is a check, which only looks, and answers by what it returns as
    `answer`; sensitive: of a check the inputs never to be shown.
    """

    id: str
    resource: str
    action: str
    kind: str
    run: str
    does: Any
    inputs: Mapping[str, Any]
    before: Mapping[str, Any]
    timeout: Optional[float]
    handler: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    moved_from: Optional[str] = None
    looks: bool = False
    sensitive: Sequence[str] = ()


@dataclass(frozen=True)
class Request(Order):
    """One action to carry out, with environment variables filled in. root: where actions start.

    folder: where files of this action may be kept while it runs; environment: what actions inherit, encoded, as it was
    read once for all of them; say: takes output as it comes, bytes at a time; started: gets the number of a process
    that was started.
    """

    root: Path = Path()
    folder: Path = Path()
    environment: Mapping[bytes, bytes] = field(default_factory=dict)
    say: Callable[[bytes], None] = lambda data: None
    started: Callable[[int], None] = lambda process: None


@dataclass(frozen=True)
class Result:
    """How an action ended. changed: whether it says that it changed something; output: what `say` was not given.

    outputs: what it reports, also where it failed; answer: of a check what it saw, as it says it.
    """

    ok: bool
    changed: bool = True
    message: str = ""
    output: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    answer: Optional[Mapping[str, Any]] = None


Handler = Callable[[Request], Result]


def none(request: Request) -> Result:
    """Do nothing, successfully."""
    return Result(True)


# Where the built-in handlers are; imported only when a kind uses them.
BUILT_IN = {
    "ansible": "stagectl.adapters.handlers.child:ansible",
    "none": "stagectl.adapters.handlers:none",
    "python": "stagectl.adapters.handlers.child:python",
    "shell": "stagectl.adapters.handlers.shell:shell",
}


def find(name: str) -> Handler:
    """Return a handler by the name kinds use; raises StagectlError.

    Only `apply` and `check` call this: it may load a plugin. A plugin cannot take the name of a built-in handler.
    """
    if name in BUILT_IN:
        path, _, attribute = BUILT_IN[name].partition(":")
        built_in: Handler = getattr(import_module(path), attribute)
        return built_in
    plugins = _plugins()
    if name not in plugins:
        known = {*BUILT_IN, *plugins}
        raise StagectlError(
            f"there is no handler '{name}'{nearest(name, known)}", f"handlers there are: {', '.join(sorted(known))}"
        )
    try:
        plugin: Handler = plugins[name].load()
    except Exception as error:
        raise StagectlError(
            f"the handler '{name}' cannot be loaded: {type(error).__name__}: {error}",
            f"it is {plugins[name].value}, of an installed package",
        ) from error
    return plugin


def require(name: str) -> None:
    """Raise StagectlError where a handler that there is lacks what it needs to work here."""
    if name == "ansible":
        from stagectl.adapters.handlers import ansible_files

        ansible_files.check_installed()


def can_look(name: str, handler: Handler) -> bool:
    """Return whether a handler carries out checks; one of a plugin has an attribute `checks` that says so."""
    return name != "none" if name in BUILT_IN else bool(getattr(handler, "checks", False))


def _plugins() -> Dict[str, Any]:
    from importlib import metadata

    if sys.version_info >= (3, 10):
        return {point.name: point for point in metadata.entry_points(group=GROUP)}
    return {point.name: point for point in metadata.entry_points().get(GROUP, ())}
