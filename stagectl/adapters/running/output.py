"""What one action prints: secrets taken out line by line, kept in a file up to a bound, the last lines at hand."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import Deque, Optional

from stagectl.adapters.files import append
from stagectl.adapters.running.run_folders import read_end
from stagectl.core.redact import Redactor

KEPT = 1024 * 1024  # bytes of output that are kept per change
TAIL_LINES, TAIL_BYTES = 50, 16 * 1024  # of the last lines that reports show
LONGEST_LINE = 64 * 1024  # bytes; a longer one is cut into pieces


class Output:
    """Takes bytes as they come. The file is made with the first ones; None keeps none."""

    def __init__(self, path: Optional[Path], redactor: Redactor) -> None:
        self._path, self._redactor = path, redactor
        self._rest = b""
        self._kept = 0
        self._tail: Deque[str] = deque(maxlen=TAIL_LINES)
        self._guard = threading.Lock()

    def feed(self, data: bytes) -> None:
        """Take some output."""
        with self._guard:
            *lines, self._rest = (self._rest + data).split(b"\n")
            while len(self._rest) > LONGEST_LINE + 4 * self._redactor.longest:
                lines.append(self._cut())
            self._keep(lines)

    def _cut(self) -> bytes:
        """Take away most of a line that is too long; of a secret that may go on, all stays with what comes next."""
        text = self._rest.decode("utf-8", "surrogateescape")
        cut = max(self._redactor.cut(text, len(text) - self._redactor.longest), 1)
        self._rest = text[cut:].encode("utf-8", "surrogateescape")
        return text[:cut].encode("utf-8", "surrogateescape")

    def end(self) -> str:
        """Take no more; return the last lines."""
        with self._guard:
            if self._rest:
                self._keep([self._rest])
                self._rest = b""
            return "\n".join(self._tail)[-TAIL_BYTES:]

    def _keep(self, lines: list[bytes]) -> None:
        clean = [self._redactor.clean(line.decode("utf-8", "replace")) for line in lines]
        self._tail.extend(clean)
        data = "".join(f"{line}\n" for line in clean).encode("utf-8", "replace")
        if self._path is None or not data or self._kept > KEPT:
            return
        room = KEPT - self._kept
        self._kept += len(data)
        if len(data) > room:
            data = data[:room] + b"\n... more output was not kept\n"
        try:
            append(self._path, data)
        except OSError:  # the disk is full, say: how the action ends does not hang on what is kept of its output
            self._path = None


def last_lines(path: Path) -> str:
    """Return the last lines of what was kept so far of an action that has not ended, as far as is known."""
    lines = read_end(path, TAIL_BYTES).decode("utf-8", "replace").split("\n")
    return "\n".join(lines[-TAIL_LINES - 1 : -1])
