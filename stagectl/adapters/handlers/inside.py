"""The inner side of a handler that runs in a child process: what it gets, and how it reports its end.

Imported by the child alone, which has to start fast: nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, NoReturn, Optional

ENDED = "ended"  # a file in the folder that child and handler share
FAILURE = "failure"  # in the result of what failed: all that people need to know
LEFT = "it ended its process before it returned: whether it has done its work is not known"


class Failed(Exception):
    """An action that failed; the message is all that people need, the output has what is more.

    outputs: what it had reported before that.
    """

    def __init__(self, message: str, outputs: Optional[Mapping[str, object]] = None) -> None:
        super().__init__(message)
        self.outputs = outputs or {}


def read_arguments() -> Dict[str, Any]:
    """Return what an action gets: resource, action, kind and run, and the values of inputs, before and outputs."""
    files = ("inputs", "before", "outputs")
    facts = {key: os.environ[f"STAGECTL_{key.upper()}"] for key in ("resource", "action", "kind", "run", *files)}
    return {**facts, **{key: json.loads(Path(facts[key]).read_text(encoding="utf-8")) for key in files}}


def _written(result_file: str) -> Mapping[str, object]:
    """Return what the work itself wrote as its result, nothing where that is none."""
    try:
        found = json.loads(Path(result_file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def finish(folder: str, work: Callable[[], Mapping[str, object]]) -> NoReturn:
    """Do the work of an action, write what it returns as its result or why it raised Failed, and exit.

    Whatever else ends it leaves no sign that it ended: then the handler looks for what it left running.
    """
    result_file = os.environ["STAGECTL_RESULT"]  # now: the work may change the environment
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    code: Any = 0
    try:
        result = work()
    except Failed as failure:
        message = str(failure).encode("utf-8", "backslashreplace").decode()
        made = {"outputs": failure.outputs} if failure.outputs else {}
        code, result = 1, {**_written(result_file), **made, FAILURE: message}
    except SystemExit as leaving:
        left = {} if leaving.code else {FAILURE: LEFT}
        code, result = leaving.code or 1, {**_written(result_file), **left}
    Path(result_file).write_text(json.dumps(result), encoding="utf-8")
    Path(folder, ENDED).touch()
    sys.exit(code)
