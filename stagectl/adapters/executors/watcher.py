"""A process beside a worker that outlives it: it kills what the worker left running, however the worker ended.

It reads lines of JSON, `["begin", run, resource, action]` and `["end", ...]`; when they end, the worker is gone. Then
whatever has the marks of an action that did not end in its environment is killed with its process group, and the
worker's folder is removed, with the checkouts in it.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Iterable, Set, Tuple

from stagectl.adapters.git.git import Git
from stagectl.adapters.handlers.child import kill_marked
from stagectl.adapters.running import checkout
from stagectl.core.errors import StagectlError

CHECKOUTS = "*/checkouts/*"  # in a worker's folder, below that of an attempt

Facts = Tuple[str, ...]  # run, resource, action


def main(folder: str) -> None:
    """Watch until standard input ends."""
    for run, resource, action in sorted(_open_actions(sys.stdin)):
        kill_marked(run, resource, action)
    for place in Path(folder).glob(CHECKOUTS):
        with suppress(StagectlError):
            checkout.remove_checkout(Git(place), place)
    shutil.rmtree(folder, ignore_errors=True)


def _open_actions(lines: Iterable[str]) -> Set[Facts]:
    """Return the actions that began and did not end."""
    running: Set[Facts] = set()
    for line in lines:
        if line.endswith("\n"):  # a kill may have torn the last one
            word, *facts = json.loads(line)
            (running.add if word == "begin" else running.discard)(tuple(facts))
    return running


if __name__ == "__main__":
    main(sys.argv[1])
