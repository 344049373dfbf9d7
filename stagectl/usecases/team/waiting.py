"""Waiting for locks: those of this machine and of the remote, for as long as was asked for."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Callable, ContextManager, Optional, TypeVar

from stagectl.core.errors import Busy

PAUSE = 1.0  # seconds between two tries
T = TypeVar("T")


class Waiting:
    """A wait. seconds: for all locks together, None: not at all; note gets each holder once."""

    def __init__(self, seconds: Optional[float], note: Callable[[str], None]) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._note, self._noted = note, ""

    def enter(self, stack: ExitStack, make: Callable[[], ContextManager[T]]) -> T:
        """Return what a lock yields once it is held, until the stack is closed; raises Busy when the time is over."""
        while True:
            try:
                return stack.enter_context(make())
            except Busy as error:
                left = -1.0 if self._end is None else self._end - time.monotonic()
                if left <= 0:
                    raise
                if error.message != self._noted:
                    self._noted = error.message
                    self._note(f"waiting: {error.message}")
                time.sleep(min(PAUSE, left))
