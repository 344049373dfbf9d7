"""A shell on a terminal of its own, into which a test types, and what is then on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Optional, Sequence, Type

import pytest

from tests.build import PATIENCE, ROOT

_CODE = re.compile(r"\x1b(?:\[([0-9;?]*)([A-Za-z])|[=>]|\].*?(?:\x07|\x1b\\))")


def require(shell: str) -> str:
    """Return where a shell is; a test that needs one is skipped without it, and fails where it has to be there."""
    found = shutil.which(shell)
    if found is None:
        if os.environ.get("NEEDS_SHELLS"):
            pytest.fail(f"{shell} is not here: apt-get install {shell}")
        pytest.skip(f"needs Debian's package {shell}")
    return found


def on_path(folder: Path) -> Dict[str, str]:
    """Return an environment in which `stagectl` is this one, written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "stagectl"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m stagectl "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm-256color"}


class Typed:
    """A program on a terminal; what it says is kept as it came."""

    def __init__(self, command: Sequence[str], folder: Path, env: Dict[str, str], columns: int = 200) -> None:
        self.said = ""
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            try:
                os.chdir(folder)
                os.execvpe(command[0], list(command), {**env, "COLUMNS": str(columns)})
            finally:
                os._exit(99)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))

    def __enter__(self) -> Typed:
        return self

    def __exit__(
        self, sort: Optional[Type[BaseException]], error: Optional[BaseException], at: Optional[TracebackType]
    ) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.close(self._terminal)
        os.waitpid(self._process, 0)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._terminal, text.encode())

    def paste(self, text: str) -> None:
        """Put a text in as a terminal does it, and press Enter."""
        self.type(f"\x1b[200~{text.strip()}\x1b[201~\r")

    def wait(self, pattern: str) -> str:
        """Return what comes up to a pattern, with it; what comes later is for the next one."""
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.said, re.DOTALL)
            if found is not None:
                before, self.said = self.said[: found.end()], self.said[found.end() :]
                return before
            left = end - time.monotonic()
            is_there = left > 0 and select.select([self._terminal], [], [], left)[0]
            assert is_there, f"{pattern!r} never comes: {self.said!r}"
            try:
                self.said += os.read(self._terminal, 65536).decode("utf-8", "replace")
            except OSError:
                raise AssertionError(f"it ended before {pattern!r}: {self.said!r}") from None


def on_screen(text: str) -> List[str]:
    """Return the lines that a terminal shows of what it was sent, each with its colours (as codes) left in it.

    Only what our commands and shells send is known: colours, returns, and moves that wipe lines of progress.
    """
    lines: List[List[str]] = [[]]
    row = column = position = 0
    colour = ""
    while position < len(text):
        code = _CODE.match(text, position)
        if code is not None:
            number = int(code[1]) if (code[1] or "").isdigit() else 0
            if code[2] == "m" and code[1] not in ("7", "27"):  # what was pasted is shown the other way round
                colour = "" if code[1] in ("", "0") else f"{colour}\x1b[{code[1]}m"
            elif code[2] == "K":
                del lines[row][0 if number == 2 else column :]
            elif code[2] == "J":
                del lines[row][column:], lines[row + 1 :]
            elif code[2] == "A":
                row = max(row - (number or 1), 0)
            position = code.end()
            continue
        letter = text[position]
        position += 1
        if letter == "\r":
            column = 0
        elif letter == "\n":
            row, column = row + 1, 0
            lines += [[]] * (row == len(lines))
        elif letter >= " ":
            lines[row] += [" "] * (column - len(lines[row]))
            lines[row][column : column + 1] = [f"{colour}{letter}\x1b[0m" if colour else letter]
            column += 1
    return ["".join(line).rstrip() for line in lines]


def plain(line: str) -> str:
    """Return a line of a screen without its colours."""
    return _CODE.sub("", line)
