"""The process groups that actions run in, here: each is killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Dict, Optional

_running: Dict[int, str] = {}  # groups, each with the run it belongs to
over: Dict[str, bool] = {}  # runs that began here, and whether all of each was killed
_guard = threading.Lock()


def begin_run(run: str) -> None:
    """Let actions of a run start, whatever was killed of it before."""
    over[run] = False


def add_group(group: int, run: str) -> None:
    """Note a group that was started; one of a run that is over was handed out before, and does not live on."""
    with _guard:
        _running[group] = run
    if over.get(run):
        kill_group(group)


def discard_group(group: int) -> None:
    """Note that a group has ended."""
    with _guard:
        _running.pop(group, None)


def kill_all(run: Optional[str] = None) -> None:
    """Kill what actions of one run, or of all, started here, now and from now on; a signal handler may do that."""
    over.update(dict.fromkeys(list(over) if run is None else [run], True))
    with _guard:
        running = sorted(group for group, of in _running.items() if run in (None, of))
    for group in running:
        kill_group(group)


def kill_group(group: int) -> None:
    """Kill a process group; one that has ended, or is another user's, is passed over."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
