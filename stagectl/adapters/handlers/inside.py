"""The inner side of a handler that runs in a child process: what it gets, and how it reports its end.

Imported by the child alone, which has to start fast: nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, NoReturn, Optional

ENDED, FAILURE = "ended", "failure"  # files in the folder that child and handler share

LEFT = "it ended its process before it returned: whether it has done its work is not known"


class Failed(Exception):
    """An action that failed; the message is all that people need, the output has what is more.

    outputs: what it had reported before that.
    """

    def __init__(self, message: str, outputs: Optional[Mapping[str, object]] = None) -> None:
        super().__init__(message)
        self.outputs = outputs or {}


def fact(key: str) -> str:
    """Return one of the facts every action gets, by its variable's name without STAGECTL_."""
    return os.environ[f"STAGECTL_{key}"]


def values(key: str) -> Dict[str, Any]:
    """Return the values of the file that INPUTS, BEFORE or OUTPUTS names."""
    found: Dict[str, Any] = json.loads(Path(fact(key)).read_text(encoding="utf-8"))
    return found


def finish(folder: str, work: Callable[[], Mapping[str, object]]) -> NoReturn:
    """Do the work of an action, write what it returns as its result or why it raised Failed, and exit.

    Whatever else ends it leaves no sign that it ended: then the handler looks for what it left running.
    """
    result_file = fact("RESULT")  # now: the work may change the environment
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    code = 0
    try:
        result = work()
        Path(result_file).write_text(json.dumps(result), encoding="utf-8")
    except Failed as failure:
        Path(folder, FAILURE).write_text(str(failure), encoding="utf-8", errors="backslashreplace")
        if failure.outputs:
            Path(result_file).write_text(json.dumps({"outputs": failure.outputs}), encoding="utf-8")
        code = 1
    except SystemExit as leaving:
        Path(folder, ENDED).touch()
        if leaving.code:
            raise
        Path(folder, FAILURE).write_text(LEFT, encoding="utf-8")
        code = 1
    Path(folder, ENDED).touch()
    sys.exit(code)
