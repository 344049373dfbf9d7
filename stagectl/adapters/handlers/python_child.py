"""The child process of the `python` handler: imports, calls, and says how it ended."""

from __future__ import annotations

import importlib
import json
import traceback
from functools import reduce
from typing import Any, Callable, Mapping, NoReturn

from stagectl.adapters.handlers.inside import Failed, finish, read_arguments
from stagectl.adapters.handlers.python_function import Call

_FORM = (
    '{"changed": true or false, "message": "...", "outputs": {...}}',
    '{"exists": true or false, "inputs": {...}, "outputs": {...}, "differs": [...], "message": "..."}',
)
OURS = (__file__, importlib.__file__, "<frozen importlib")  # files on the way to the function: not in its traceback


# What a function may return, by key, with the type of each; a check says more.
ACTS = {"changed": bool, "message": str, "outputs": Mapping}
LOOKS = {**ACTS, "exists": bool, "inputs": Mapping, "differs": (list, tuple)}


def main(folder: str, name: str, mode: str) -> NoReturn:
    """Call a function, named as entry points are: `package.module:function`; mode: `act`, or `check` to look."""
    finish(folder, lambda: _result(name, _call_function(name), looks=mode == "check"))


def _call_function(name: str) -> Any:
    """Return what the function returned; if it raised, its traceback is output and the last line the message."""
    try:
        return _function(name)(Call(**read_arguments()))
    except Failed:
        raise
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename.startswith(OURS):
            trace = trace.tb_next
        lines = "".join(traceback.format_exception(type(error), error, trace)).rstrip()
        print(lines)
        raise Failed(lines.splitlines()[-1]) from error


def _function(name: str) -> Callable[[Call], Any]:
    """Return the function of this name; raises Failed if its module, or it, is not there."""
    module_name, _, path = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # A module that this one fails to import is another matter, and has a traceback.
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise Failed(f"there is no module {module_name}: its package has to be installed where stagectl is") from error
    try:
        found = reduce(getattr, path.split("."), module)
    except AttributeError:
        raise Failed(f"the module {module_name} has no {path}") from None
    if not callable(found):
        raise Failed(f"{name} is no function")
    return found


def _result(name: str, returned: Any, *, looks: bool) -> Mapping[str, object]:
    """Return the result file's content; raises Failed for what the function must not return."""
    if returned is None:
        return {}
    if isinstance(returned, bool):
        return {"exists" if looks else "changed": returned}
    kinds: Mapping[str, Any] = LOOKS if looks else ACTS
    if not isinstance(returned, Mapping) or not all(
        key in kinds and isinstance(value, kinds[key]) for key, value in returned.items()
    ):
        raise Failed(
            f"{name} returned {type(returned).__name__}: None, true or false "
            f"({'whether it is there' if looks else 'whether it changed something'}), or a mapping {_FORM[looks]} is "
            "expected"
        )
    found = {key: dict(value) if key in ("outputs", "inputs") else value for key, value in returned.items()}
    try:
        json.dumps(found, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Failed(f"{name} returned {'values' if looks else 'outputs'} that are no JSON values: {error}") from None
    return found
