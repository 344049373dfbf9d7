"""The process groups that actions run in, here: each is killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Dict, List, Optional


def kill_group(group: int) -> None:
    """Kill a process group; one that has ended, or is another user's, is passed over."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


class _Groups:
    """The process groups that run now, each with the run it belongs to."""

    def __init__(self) -> None:
        self._running: Dict[int, str] = {}
        self._killings: List[Optional[str]] = []  # the runs of which all was killed, None for all runs
        self._guard = threading.Lock()

    def before(self) -> int:
        """Return what `add` needs to know of the moment before a process was started."""
        return len(self._killings)

    def add(self, group: int, run: str, before: int) -> None:
        """Note a group; one that everything was killed beside while it was started does not live on."""
        with self._guard:
            self._running[group] = run
        if {run, None} & set(self._killings[before:]):
            kill_group(group)

    def discard(self, group: int) -> None:
        """Note that a group has ended."""
        with self._guard:
            self._running.pop(group, None)

    def kill(self, run: Optional[str]) -> None:
        """Kill those of a run; None: all of them."""
        self._killings.append(run)
        with self._guard:
            running = sorted(group for group, of in self._running.items() if run in (None, of))
        for group in running:
            kill_group(group)


groups = _Groups()


def kill_all(run: Optional[str] = None) -> None:
    """Kill everything that actions, of one run or of all, started here and that runs now."""
    groups.kill(run)


class Killing:
    """Kills what the actions of one run started here, and what begins only afterwards: it was handed out before."""

    def __init__(self, run: str) -> None:
        self._run, self._is_over = run, False

    def kill(self) -> None:
        """Kill all of it, now and from now on; a signal handler may do that."""
        self._is_over = True
        kill_all(self._run)

    def note_start(self, process: int) -> None:
        """Take note of a process that was started this moment."""
        if self._is_over:
            kill_group(process)
