"""What `plan` and `status` ask git first, asked before Python has loaded what they do with the answer.

Git looks at every file meanwhile, which takes as long as starting Python and planning. Imports nothing of ours.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Dict, Optional, Sequence, Tuple

# What a plan is made from and the working tree has otherwise than HEAD; untracked files are another question.
CHANGED = (
    "diff-index", "--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules",
    "HEAD", "--", ".staged", "kinds", "stagectl.yaml",
)  # fmt: skip

_started: Dict[str, Tuple[int, int]] = {}  # folder -> (process, file that it writes to)


def start(arguments: Sequence[str]) -> None:
    """Ask, if a command line will want to know, in the top folder of a repository; elsewhere it is asked in time."""
    drop()
    folder = os.getcwd()
    wanted = arguments[:1] in (["plan"], ["status"]) and not any(word.startswith("--he") for word in arguments)
    if not wanted or not os.path.lexists(".git") or not hasattr(os, "memfd_create"):
        return
    file = os.memfd_create("git")
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, 0), (os.POSIX_SPAWN_DUP2, file, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)]
    try:
        process = os.posix_spawnp("git", ["git", *CHANGED], os.environ, file_actions=actions)
        _started[folder] = (process, file)
    except OSError:
        os.close(file)  # whoever asks in time says what is wrong
    finally:
        os.close(nothing)


def taken(folder: str) -> Optional[bytes]:
    """Return the answer for a folder, None if it was not asked or git refused. It is given once."""
    if folder not in _started:
        return None
    process, file = _started.pop(folder)
    try:
        status = os.waitpid(process, 0)[1]
        size = os.lseek(file, 0, os.SEEK_END)
        return os.pread(file, size, 0) if status == 0 else None
    finally:
        os.close(file)


def drop() -> None:
    """Stop what nobody asked for in the end."""
    while _started:
        process, file = _started.popitem()[1]
        os.close(file)
        os.kill(process, 15)  # SIGTERM
        os.waitpid(process, 0)
