"""What `plan` and `status` ask git first, asked before Python has loaded what they do with the answer.

Git looks at every file meanwhile, which takes as long as starting Python and planning. Imports nothing of ours.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Dict, Optional, Sequence, Tuple

_ROOTS: Dict[str, Tuple[str, ...]] = {"plan": (), "status": ("resources",)}  # what they look at beside
WATCHED = (".staged", "kinds", "stagectl.yaml")  # what a plan is made from
RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules")
PLACES = ("rev-parse", "--show-toplevel", "--git-common-dir")  # where this repository is
SETTINGS = ("config", "--list", "-z")


def question(roots: Sequence[str] = ()) -> Tuple[str, ...]:
    """Return what git is asked: what the working tree has otherwise than HEAD, untracked files left out."""
    return ("diff-index", *RAW, "HEAD", "--", *WATCHED, *roots)


_started: Dict[Tuple[str, ...], Tuple[int, int]] = {}  # (folder, *question) -> (process, file that it writes to)


def start(arguments: Sequence[str]) -> None:
    """Ask, if a command line will want to know, in the top folder of a repository; elsewhere it is asked in time."""
    drop()
    roots = _ROOTS.get(arguments[0]) if arguments else None
    is_elsewhere = any(word.startswith(("--he", "-h")) for word in arguments)
    if roots is None or is_elsewhere or not os.path.lexists(".git") or not hasattr(os, "memfd_create"):
        return
    folder, nothing = os.getcwd(), os.open(os.devnull, os.O_RDWR)
    for words in (question(roots), PLACES, SETTINGS):
        _ask((folder, *words), nothing)
    os.close(nothing)


def _ask(asked: Tuple[str, ...], nothing: int) -> None:
    file = os.memfd_create("git")
    actions = [(os.POSIX_SPAWN_DUP2, nothing, 0), (os.POSIX_SPAWN_DUP2, file, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)]
    try:
        _started[asked] = (os.posix_spawnp("git", ["git", *asked[1:]], os.environ, file_actions=actions), file)
    except OSError:
        os.close(file)  # whoever asks in time says what is wrong


def taken(folder: str, words: Sequence[str]) -> Optional[bytes]:
    """Return the answer to a question in a folder, None if it was not asked or git refused. It is given once."""
    asked = (folder, *words)
    if asked not in _started:
        return None
    process, file = _started.pop(asked)
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
