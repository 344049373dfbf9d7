"""Asking a process many questions: the one way of talking to a process in both directions.

A pipe holds a bounded number of bytes (pipe(7): 64 KiB, and 4 KiB for a user who has many). What writes everything
before reading anything waits for ever once both pipes are full; so questions go in by portions that a pipe takes whole
and whose answers a pipe holds, and the answers of one portion are read before the next is written. An answer may be
longer than a pipe: no question is written before the answers to those that fill it are read.
"""

from __future__ import annotations

import subprocess
import threading
import weakref
from contextlib import suppress
from typing import IO, Callable, Generic, Iterator, List, Optional, Sequence, Tuple, TypeVar

_PORTION = 4096  # bytes of a portion's answers, and more than its questions have
_ANSWER = 90  # bytes that an answer has more than its question, at the most

Reply = TypeVar("Reply")


class Conversation(Generic[Reply]):
    """A process that gives each line one answer: started when it is first asked, and anew where it has ended.

    start: starts one with pipes; read: reads one answer from what it prints, and raises EOFError where there is none.
    """

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], read: Callable[[IO[bytes]], Reply]) -> None:
        self._start, self._read = start, read
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._one_at_a_time = threading.Lock()

    def ask(self, questions: Sequence[bytes]) -> List[Reply]:
        """Return the answers in order; raises EOFError where the process ends before it has answered, twice.

        questions: without line ends.
        """
        with self._one_at_a_time:
            try:
                return self._ask(questions)
            except EOFError:  # Ctrl-C on a terminal ends it, too, and what is put back then has to be asked for
                return self._ask(questions)

    def _ask(self, questions: Sequence[bytes]) -> List[Reply]:
        process, self._process = self._process, None  # whose answers are not all read is asked no more
        if process is None or process.poll() is not None:
            process = self._start()
            weakref.finalize(self, _end, process)
        assert process.stdin is not None and process.stdout is not None, "started with pipes"
        found: List[Reply] = []
        for portion in _portions(questions):
            with suppress(BrokenPipeError):  # it has ended: the answers say so
                process.stdin.write(b"".join(question + b"\n" for question in portion))
                process.stdin.flush()
            found += [self._read(process.stdout) for _ in portion]
        self._process = process
        return found


def read_line(stdout: IO[bytes]) -> bytes:
    """Read an answer of one line."""
    line = stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def read_object(stdout: IO[bytes]) -> Optional[Tuple[bytes, bytes]]:
    """Read the type and the content of an object, as `git cat-file --batch` gives it; None for a missing one."""
    words = read_line(stdout).split()
    if len(words) != 3:
        return None
    size = int(words[2])
    content = stdout.read(size + 1)
    if len(content) <= size:
        raise EOFError
    return words[1], content[:size]


def _portions(questions: Sequence[bytes]) -> Iterator[List[bytes]]:
    """Yield the questions in portions; one that is longer than a portion goes alone, and has one answer."""
    portion: List[bytes] = []
    size = 0
    for question in questions:
        if portion and size + len(question) + _ANSWER > _PORTION:
            yield portion
            portion, size = [], 0
        portion.append(question)
        size += len(question) + _ANSWER
    if portion:
        yield portion


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close both pipes and wait for a process to end."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()
