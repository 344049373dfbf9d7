"""The names of runs: each sorts after those of all runs before it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import AbstractSet

from stagectl.adapters.running.lock import Here, moment, runs_named
from stagectl.adapters.running.run_folders import run_ids


def new_run(scratch: Path, now: float, here: Here) -> str:
    """Return an id that sorts after those of all runs here, also of those begun in the same second.

    Who holds something here says that this is its run, so no other is given the same.
    """
    with moment(scratch):
        run = _new_run({*run_ids(scratch), *runs_named(scratch)}, now)
        here.say(run=run)
    return run


def _new_run(known: AbstractSet[str], now: float) -> str:
    stamp, suffix = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now)), secrets.randbelow(1 << 23)
    newest = max(known, default="")
    if newest >= stamp:
        stamp, _, last = newest.partition("-")
        suffix = int(last, 16) + 1 + secrets.randbelow(1 << 8)
    return f"{stamp}-{suffix:06x}"
