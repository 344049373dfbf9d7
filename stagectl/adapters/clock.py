"""A budget of time: what a repository makes us compute must come to an end."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator

from stagectl.core.errors import StagectlError


@contextmanager
def time_budget(seconds: float, what: str) -> Iterator[None]:
    """Raise StagectlError if the block is still running after *seconds*; only the main thread can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise StagectlError(
            f"{what} did not come to an end within {seconds:.0f} seconds",
            "look for a pattern in kinds/ that takes for ever, or take the last edits back",
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
