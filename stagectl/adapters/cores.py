"""All cores at work: what is done with many items is spread over forks of this process."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import BinaryIO, Callable, List, Sequence, Tuple, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 8  # processes: this one takes in what all others found
_NOT_THEIRS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # a fork ends with this process, which hears them


def split_evenly(items: Sequence[Item], least: int, most: int) -> List[Sequence[Item]]:
    """Return items in about equal runs, one at least and *most* at most; least: items in one, so that a fork pays."""
    count = max(1, min(most, len(items) // least))
    ends = [len(items) * number // count for number in range(count + 1)]
    return [items[start:end] for start, end in zip(ends, ends[1:])]


def do_at_once(tasks: Sequence[Callable[[], Result]]) -> List[Result]:
    """Return what tasks return: the first is done here, and each other in a fork meanwhile, which is all that it does.

    What they return can be pickled; they use nothing that is open here, such as git.
    What a fork does not bring to its end is done here, where errors are raised as they are without it.
    """
    first, *others = tasks
    if not others or cores() < 2:
        return [task() for task in tasks]
    import pickle  # most commands need none

    forks: List[Tuple[int, BinaryIO]] = []
    try:
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_THEIRS)
        try:
            for task in others:
                forks.append(_fork(task))
        except OSError:  # of processes, or files, there are no more
            pass
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        results = [first()]
        for number, task in enumerate(others):
            try:
                results.append(pickle.load(forks[number][1]))  # noqa: S301 (it is our own)
            except Exception:
                results.append(task())
        return results
    finally:
        for process, answer in forks:
            answer.close()
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)


def cores() -> int:
    """Return how many processes may work at once; one where a fork could wait for a thread that it does not have."""
    if threading.active_count() > 1 or not hasattr(os, "fork"):
        return 1
    return min(_MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _fork(task: Callable[[], object]) -> Tuple[int, BinaryIO]:
    """Return a fork that does a task, and where it writes what that returns; it does nothing else, however it ends."""
    import pickle

    reading, writing = os.pipe()
    answer, here = open(reading, "rb", 1 << 16), os.getpid()  # noqa: SIM115 (`on_all_cores` closes it)
    try:
        process = os.fork()
        if not process:
            # It may outlive this process, but keeps no lock of it, and its pipe breaks.
            os.closerange(3, writing)
            os.closerange(writing + 1, 1024)
            with open(writing, "wb") as file:
                pickle.dump(task(), file, 5)
    finally:
        if os.getpid() != here:
            os._exit(0)
        os.close(writing)
    return process, answer
