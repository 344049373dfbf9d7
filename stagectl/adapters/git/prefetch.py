"""What `plan`, `status` and `stage` ask git first, asked before Python has loaded what they do with the answer.

Git looks at every file meanwhile, which takes as long as starting Python and planning. Imports nothing of ours.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Dict, List, Optional, Sequence, Tuple

_ROOTS: Dict[str, Tuple[str, ...]] = {  # what they look at beside
    "plan": (),
    "status": ("resources",),
    "stage": ("resources",),
}
WATCHED = (".staged", "kinds", "stagectl.yaml")  # what a plan is made from
RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules=dirty")
# A file is as git knows it if all that the disk tells of it is, whatever the user has git leave out.
EXACTLY = ("-c", "core.trustctime=true", "-c", "core.checkStat=default")
LISTING = ("-c", "core.ignoreCase=false", "ls-files", "-v", "--cached", "--others", "-z", "--")
ATTRIBUTES = ".gitattributes"
CACHE = ("stagectl", "cache")  # in git's folder
PLACES = ("rev-parse", "--show-toplevel", "--git-common-dir", "--git-path", "index")  # where this repository is
SETTINGS = ("config", "--list", "-z")
STANDS = ("cat-file", "--batch-check=%(objectname) %(objectsize)")  # where what has the names on its input stands
_APPLIED = "refs/heads/stagectl/applied"
NAMES = (
    "HEAD^{commit}", "HEAD:.staged", "HEAD:.applied", f"{_APPLIED}^{{commit}}", f"{_APPLIED}:.staged",
    f"{_APPLIED}:.applied", f"{_APPLIED}^2^{{commit}}", "refs/remotes/origin/stagectl/applied^{commit}",
    "HEAD^{commit}", f"{_APPLIED}^{{commit}}",  # again: what is found between is theirs if they stand where they stood
)  # fmt: skip
_PATHSPECS = tuple(f"GIT_{word}_PATHSPECS" for word in ("LITERAL", "GLOB", "NOGLOB", "ICASE"))
_NO_PROGRAM = (  # what a repository may have git run while it looks; filters have names of their own
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("log.showSignature", "false"),
    ("credential.helper", ""),
    ("core.askPass", ""),
)
_NICE = 10  # git looks at files with 20 threads, between which Python would hardly get a turn on two cores


def question(roots: Sequence[str] = ()) -> Tuple[str, ...]:
    """Return what git is asked: what the working tree has otherwise than HEAD, untracked files left out."""
    return (*EXACTLY, "diff-index", *RAW, "HEAD", "--", *WATCHED, *roots)


def environment() -> Dict[str, str]:
    """Return the environment for git: paths mean what they say, and objects are what they were when written."""
    ours = {key: value for key, value in os.environ.items() if key not in _PATHSPECS}
    return {**ours, "GIT_NO_REPLACE_OBJECTS": "1"}


def looking(settings: bytes) -> Dict[str, str]:
    """Return the environment for a git that only looks: it runs no program, whatever is configured, and writes nothing.

    settings: what SETTINGS is answered. A partial clone may fetch what it lacks where git does that by itself.
    """
    ours = environment()
    keys = (entry.partition(b"\n")[0] for entry in settings.split(b"\0"))
    filters = {os.fsdecode(key[: key.rfind(b".")]) for key in keys if key[:7].lower() == b"filter."}
    off = [(f"{name}.{word}", "") for name in sorted(filters) for word in ("clean", "smudge", "process")]
    off += [(f"{name}.required", "false") for name in sorted(filters)]
    count = int(ours["GIT_CONFIG_COUNT"]) if ours.get("GIT_CONFIG_COUNT", "").isdigit() else 0
    for number, (key, value) in enumerate((*_NO_PROGRAM, *off), count):
        ours[f"GIT_CONFIG_KEY_{number}"], ours[f"GIT_CONFIG_VALUE_{number}"] = key, value
    allowed = [word for word in ours.get("GIT_ALLOW_PROTOCOL", "http:https").split(":") if word in ("http", "https")]
    ours["GIT_CONFIG_COUNT"] = str(count + len(_NO_PROGRAM) + len(off))
    return {**ours, "GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": ":".join(allowed) or "none"}


_started: Dict[Tuple[str, ...], Tuple[int, int]] = {}  # (folder, *question) -> (process, file that it writes to)
_OVER = 0  # in a process's place: it has ended well
_began: Dict[str, int] = {}  # folder -> when git was asked about it, in nanoseconds


def only_looks(arguments: Sequence[str]) -> bool:
    """Return whether a command line changes nothing, and ends with what it prints."""
    return arguments[:1] in (["plan"], ["status"])


def start(arguments: Sequence[str]) -> None:
    """Ask, if a command line will want to know, in the top folder of a repository; elsewhere it is asked in time."""
    drop()
    # Help needs no git, another revision not this one; what of some tags is staged is told by every file.
    others = ("--he", "-h", "-t", "--t") if arguments[:1] == ["stage"] else ("--he", "-h")
    is_other = any(word.startswith(others) for word in arguments[1:])
    roots = _ROOTS.get(arguments[0]) if arguments and not is_other else None
    if roots is None or not os.path.lexists(".git") or not hasattr(os, "memfd_create"):
        return
    opened: List[int] = []
    try:
        _ask_all(os.getcwd(), roots, opened)
    except OSError:  # nothing more can be opened: whoever asks in time says so
        drop()
    for file in opened:
        os.close(file)


def _ask_all(folder: str, roots: Sequence[str], opened: List[int]) -> None:
    """Start one git for each question; opened: takes the files to close when they run. Raises OSError."""
    nothing = os.open(os.devnull, os.O_RDWR)
    opened.append(nothing)
    _began[folder] = time.time_ns()
    names = os.memfd_create("names")
    opened.append(names)
    os.write(names, "".join(f"{name}\n" for name in NAMES).encode())
    os.lseek(names, 0, os.SEEK_SET)
    ours = environment()
    for words, stdin in ((SETTINGS, nothing), (PLACES, nothing), (STANDS, names)):
        _ask((folder, *words), stdin, nothing, ours)
    settings = _answered((folder, *SETTINGS))  # takes a millisecond: what git must not run has to be known
    if settings is not None:
        ours = looking(settings)
        _ask((folder, *question(roots)), nothing, nothing, ours)
        if _is_new():
            _ask((folder, *LISTING, *WATCHED, *roots, ATTRIBUTES), nothing, nothing, ours)


def _is_new() -> bool:
    """Return whether git's index was written since it was last noted which folders have nothing untracked in them."""
    try:
        with os.scandir(os.path.join(".git", *CACHE)) as files:
            noted = [file.stat().st_mtime_ns for file in files if file.name.startswith("folders-")]
        return os.stat(os.path.join(".git", "index")).st_mtime_ns > max(noted, default=0)
    except OSError:
        return False


def began(folder: str) -> int:
    """Return from when on git's answers about a folder are, in nanoseconds since the epoch."""
    return min(_began.get(folder, time.time_ns()), time.time_ns())


def _ask(asked: Tuple[str, ...], stdin: int, nothing: int, ours: Dict[str, str]) -> None:
    file = os.memfd_create("git")
    actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, file, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)]
    try:
        process = os.posix_spawnp("git", ["git", *asked[1:]], ours, file_actions=actions)
    except OSError:
        os.close(file)  # whoever asks in time says what is wrong
        return
    _started[asked] = (process, file)
    try:  # noqa: SIM105 (contextlib would keep git waiting)
        os.setpriority(os.PRIO_PROCESS, process, _NICE)
    except OSError:  # where nobody may, or it has ended
        pass


def take_answer(folder: str, words: Sequence[str]) -> Optional[bytes]:
    """Return the answer to a question in a folder, None if it was not asked or git refused. It is given once."""
    asked = (folder, *words)
    if asked not in _started:
        return None
    process, file = _started.pop(asked)
    try:
        status = _ended(process)
        size = os.lseek(file, 0, os.SEEK_END)
        return os.pread(file, size, 0) if status == 0 else None
    finally:
        os.close(file)


def _answered(asked: Tuple[str, ...]) -> Optional[bytes]:
    """Return the answer to a question, None if git refused, and keep it for whoever will ask."""
    process, file = _started.get(asked, (_OVER, -1))
    if process == _OVER or _ended(process) != 0:
        return None
    _started[asked] = (_OVER, file)
    return os.pread(file, os.lseek(file, 0, os.SEEK_END), 0)


def _ended(process: int) -> Optional[int]:
    """Return how a process ends; None where nobody can tell, as SIGCHLD is ignored. Whoever waits no more stops it."""
    try:
        return 0 if process == _OVER else os.waitpid(process, 0)[1]
    except ChildProcessError:
        return None
    except BaseException:
        _stop(process)
        raise


def _stop(process: int) -> None:
    try:
        if process != _OVER and os.waitpid(process, os.WNOHANG)[0] == 0:
            os.kill(process, 15)  # SIGTERM
            os.waitpid(process, 0)
    except ChildProcessError:  # the system has taken note of its end for us
        pass


def drop() -> None:
    """Stop what nobody asked for in the end."""
    _began.clear()
    while _started:
        process, file = _started.popitem()[1]
        os.close(file)
        _stop(process)
