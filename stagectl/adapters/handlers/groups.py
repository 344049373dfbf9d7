"""The process groups that actions run in, here: each is killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Dict, Iterator, Optional

_running: Dict[int, str] = {}  # groups, each with the run it belongs to
over: Dict[str, bool] = {}  # runs that began here, and whether all of each was killed


def begin_run(run: str) -> None:
    """Let actions of a run start, whatever was killed of it before."""
    over[run] = False


@contextlib.contextmanager
def running_group(group: int, run: str) -> Iterator[None]:
    """Note a group until it has ended; one of a run that is over was handed out before, and does not live on."""
    _running[group] = run
    if over.get(run):
        kill_group(group)
    try:
        yield
    finally:
        _running.pop(group, None)  # another one may have had the same number already


def kill_all(run: Optional[str] = None) -> None:
    """Kill what actions of one run, or of all, started here, now and from now on; a signal handler may do that."""
    over.update(dict.fromkeys(list(over) if run is None else [run], True))
    for group, of in sorted(_running.copy().items()):  # threads change it meanwhile
        if run in (None, of):
            kill_group(group)


def kill_group(group: int) -> None:
    """Kill a process group; one that has ended, or is another user's, is passed over."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
