"""What signals do to a run: Ctrl-C and SIGTERM stop it, a terminal that goes away does, too, and a second one kills."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Sequence

_KILLS = (signal.SIGINT, signal.SIGTERM)  # the second of these; a hang-up comes twice by itself, from kernel and shell


@contextmanager
def interruptible(stop: Callable[[], None], kill: Callable[[], None], seen: Dict[int, int]) -> Iterator[None]:
    """Have signals call *stop*; a second one *kill*, a third one kills us. Counts them in *seen*."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    terminals = [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)]

    def handle(number: int, frame: Any) -> None:
        seen[number] = seen.get(number, 0) + 1
        stop()
        if number == signal.SIGHUP:
            _leave(terminals)
        elif sum(seen.get(each, 0) for each in _KILLS) == 2:
            kill()
            for other in before:
                # Not what was there before: that waits for the threads, which wait for what cannot be killed.
                signal.signal(other, signal.SIG_DFL)

    # Who was started by nohup goes on.
    hang_up = () if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (signal.SIGHUP,)
    before = {number: signal.signal(number, handle) for number in (*_KILLS, *hang_up)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(terminals: Sequence[int]) -> None:
    """Write to nothing from now on: writing to a terminal that is gone is an error."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in terminals:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
