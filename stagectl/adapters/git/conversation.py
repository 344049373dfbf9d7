"""Asking one process many questions: the one way of talking to a process in both directions.

A pipe holds a bounded number of bytes (pipe(7): 64 KiB, and 4 KiB for a user who has many). What writes everything
before reading anything waits for ever once both pipes are full; so questions go in by portions that a pipe takes whole
and whose answers a pipe holds, and the answers of one portion are read before the next is written.
"""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from typing import Iterator, List, Optional, Sequence, Tuple

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
        stdout = self._process.stdout
        assert stdout is not None, "started with pipes"
        answers: List[bytes] = []
        with self._one_at_a_time:
            for portion in self._portions(questions):
                self._write(portion)
                answers += [stdout.readline() for _ in portion]
                if not answers[-1].endswith(b"\n"):
                    return [answer for answer in answers if answer.endswith(b"\n")]
        return answers

    def contents(self, questions: Sequence[bytes]) -> List[Optional[Tuple[bytes, bytes]]]:
        """Return the type and the content of each object asked for, of `git cat-file --batch`; None for a missing one.

        An answer may be longer than a pipe: no question is written before the answers to those that fill it are read.
        Raises EOFError where the process ended before it had answered.
        """
        stdout = self._process.stdout
        assert stdout is not None, "started with pipes"
        found: List[Optional[Tuple[bytes, bytes]]] = []
        with self._one_at_a_time:
            for portion in self._portions(questions):
                self._write(portion)
                for _ in portion:
                    rest = stdout.readline().split()[1:]
                    if len(rest) != 2:
                        if not rest:
                            raise EOFError
                        found.append(None)
                        continue
                    size = int(rest[1])
                    content = stdout.read(size + 1)
                    if len(content) <= size:
                        raise EOFError
                    found.append((rest[0], content[:size]))
        return found

    def _write(self, portion: Sequence[bytes]) -> None:
        assert self._process.stdin is not None, "started with pipes"
        with suppress(BrokenPipeError):  # it has ended: the answers say so
            self._process.stdin.write(b"".join(question + b"\n" for question in portion))
            self._process.stdin.flush()

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
