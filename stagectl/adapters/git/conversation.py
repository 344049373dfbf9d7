"""Asking one process many questions: the one way of talking to a process in both directions.

A pipe holds a bounded number of bytes (pipe(7): 64 KiB, and 4 KiB for a user who has many). Who writes everything
before reading anything waits for ever once both pipes are full; so questions go in by portions that a pipe takes whole
and whose answers a pipe holds, and the answers of one portion are read before the next is written.
"""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from typing import Iterator, List, Sequence

_PORTION = 4096  # bytes of a portion's answers, and more than its questions have


class Conversation:
    """A process that answers each line with one line, at most as long as the question and *longest* bytes."""

    def __init__(self, process: subprocess.Popen[bytes], longest: int = 90) -> None:
        self._process = process
        self._longest = longest
        self._one_at_a_time = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Whether the process has ended, and answers no more."""
        return self._process.poll() is not None

    def ask(self, questions: Sequence[bytes]) -> List[bytes]:
        """Return the answers in order, one line each; fewer than questions where the process ended before.

        questions: without line ends.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None, "started with pipes"
        answers: List[bytes] = []
        with self._one_at_a_time:
            for portion in self._portions(questions):
                with suppress(BrokenPipeError):  # it has ended: the answers say so
                    stdin.write(b"".join(question + b"\n" for question in portion))
                    stdin.flush()
                answers += [stdout.readline() for _ in portion]
                if not answers[-1].endswith(b"\n"):
                    return [answer for answer in answers if answer.endswith(b"\n")]
        return answers

    def _portions(self, questions: Sequence[bytes]) -> Iterator[List[bytes]]:
        """Yield the questions in portions; one that is longer than a portion goes alone, and has one answer."""
        portion: List[bytes] = []
        size = 0
        for question in questions:
            if portion and size + len(question) + self._longest > _PORTION:
                yield portion
                portion, size = [], 0
            portion.append(question)
            size += len(question) + self._longest
        if portion:
            yield portion

    def end(self) -> None:
        """Close both pipes and wait for the process to end."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
