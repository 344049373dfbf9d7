"""A process beside a worker that outlives it: it kills what the worker left running, however the worker ended.

When its standard input ends, the worker is gone. In the worker's folder the files `MARKS` are those of actions that did
not end: whatever has their facts in its environment is killed with its process group, and the folder is removed, with
the checkouts in it.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from stagectl.adapters.git.git import Git
from stagectl.adapters.handlers.child import kill_marked
from stagectl.adapters.running import checkout
from stagectl.core.errors import StagectlError

MARKS = "marks"  # a file with run, resource and action, in the folder of an action


def main(folder: str) -> None:
    """Watch until standard input ends."""
    sys.stdin.read()
    for path in sorted(Path(folder).glob(f"*/private/*/{MARKS}")):
        with suppress(OSError, ValueError):  # a kill may have torn it: then nothing was started yet
            kill_marked(*json.loads(path.read_text(encoding="utf-8")))
    for place in Path(folder).glob("*/checkouts/*"):  # below the folder of an attempt
        with suppress(StagectlError):
            checkout.remove_checkout(Git(place), place)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
