"""A budget of time: what a repository makes us compute must come to an end."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import Any, Iterator

from stagectl.core.errors import StagectlError

# Seconds: Python loses what is raised while it takes a generator away, so the alarm goes again until one is heard.
_AGAIN = 0.2


class TimeOver(StagectlError):
    """A budget of time was used up."""


@contextmanager
def time_budget(what: str, things: int, each: float = 0.005) -> Iterator[None]:
    """Raise TimeOver if the block takes more of the processor than a second, and *each* seconds for every thing.

    Waiting for others counts for nothing, so that a busy machine makes no difference. Only the main thread can be
    interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seconds = 1 + things * each

    def stop(number: int, frame: Any) -> None:
        raise TimeOver(
            f"{what} did not come to an end within {seconds:.0f} seconds",
            "look for a pattern in kinds/ that takes for ever, or take the last edits back",
        )

    def report_others(lost: Any) -> None:
        if not isinstance(lost.exc_value, TimeOver):
            report(lost)

    before, report = signal.signal(signal.SIGPROF, stop), sys.unraisablehook
    sys.unraisablehook = report_others
    left, _ = signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = report
        if left:  # of the budget around this one, which is not charged for what had its own
            signal.setitimer(signal.ITIMER_PROF, left, _AGAIN)
