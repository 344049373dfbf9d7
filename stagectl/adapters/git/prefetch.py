"""What `plan`, `status` and `stage` ask git first, asked before Python has loaded what they do with the answer.

Git looks at every file meanwhile, which takes as long as starting Python and planning. Loads hardly anything.
"""

from __future__ import annotations

import os
import time
from contextvars import ContextVar

from stagectl.adapters.git.project import nearest_project
from stagectl.adapters.git.questions import (
    DEFINED,
    PLACES,
    SETTINGS,
    STANDS,
    asked_names,
    changed_words,
    known_words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Dict, List, Optional, Sequence, Tuple

_ROOTS: Dict[str, Tuple[str, ...]] = {"plan": (), "status": DEFINED, "stage": DEFINED}  # what they look at beside
CACHE = ("stagectl", "cache")  # in git's folder
_PATHSPECS = tuple(f"GIT_{word}_PATHSPECS" for word in ("LITERAL", "GLOB", "NOGLOB", "ICASE"))
_NO_PROGRAM = (  # what a repository may have git run while it looks; filters have names of their own
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("log.showSignature", "false"),
    ("credential.helper", ""),
    ("core.askPass", ""),
)
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_CEILING_DIRECTORIES")
_NICE = 10  # git looks at files with 20 threads, between which Python would hardly get a turn on two cores


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


class Prefetch:
    """Git's answers to questions that were asked ahead in one folder, each given once; None to what was not asked.

    Belongs to the Git that asks. One that was made is asked nothing; `start_prefetch` asks.
    folder: the top folder of the repository; project: the folder of the project in it, "" or ending in `/`.
    """

    def __init__(self, folder: str = "", project: str = "") -> None:
        self.folder, self.project = folder, project
        self._began: Optional[int] = None  # when git was asked, in nanoseconds since the epoch
        self._edited: Optional[List[bytes]] = None  # the definitions that git named, when it was asked for a plan
        self._running: Dict[Tuple[str, ...], Tuple[int, int]] = {}  # question -> (process, file that it writes to)

    # --- the questions

    def settings(self) -> Optional[bytes]:
        """Return git's config, as SETTINGS is answered."""
        return self._take(SETTINGS)

    def places(self) -> Optional[bytes]:
        """Return where the repository is, as PLACES is answered."""
        return self._take(PLACES)

    def objects(self) -> Optional[bytes]:
        """Return the objects that `asked_names` stood for, as STANDS is answered."""
        return self._take(STANDS)

    def changed_files(self, roots: Sequence[str]) -> Optional[bytes]:
        """Return what differs from HEAD in what a plan is made from and under some roots, as git's raw format."""
        answer = self._take(changed_words(self.project, roots or DEFINED))
        if answer is None or roots:
            return answer
        words = answer.split(b"\0")
        pairs = list(zip(words[::2], words[1::2]))
        self._edited = [path for _, path in pairs if path.split(b"/")[0] == os.fsencode(DEFINED[0])]
        return b"".join(b"%s\0%s\0" % pair for pair in pairs if pair[1].split(b"/")[0] != os.fsencode(DEFINED[0]))

    def known_files(self, roots: Sequence[str]) -> Optional[bytes]:
        """Return the files of a project that git knows, each with the letter that says whether it looks at it."""
        return self._take(known_words(self.project, roots))

    def began(self) -> int:
        """Return from when on git's answers are, in nanoseconds since the epoch; now, where nothing was asked."""
        now = time.time_ns()
        return now if self._began is None else min(self._began, now)

    def edited_files(self, roots: Sequence[str]) -> Optional[List[bytes]]:
        """Return the files under some roots that HEAD has otherwise."""
        found, self._edited = self._edited if tuple(roots) == DEFINED else None, None
        return found

    # --- asking

    def ask(self, roots: Sequence[str]) -> None:
        """Start one git for each question; where no file can be opened, none: what needs an answer asks then."""
        opened: List[int] = []
        try:
            self._ask_all(roots, opened)
        except OSError:
            self.drop()
        for file in opened:
            os.close(file)

    def _ask_all(self, roots: Sequence[str], opened: List[int]) -> None:
        """Start one git for each question; opened: takes the files to close when they run. Raises OSError."""
        nothing = os.open(os.devnull, os.O_RDWR)
        opened.append(nothing)
        self._began = time.time_ns()
        asked = os.memfd_create("names")
        opened.append(asked)
        os.write(asked, os.fsencode("".join(f"{name}\n" for name in asked_names(self.project))))
        os.lseek(asked, 0, os.SEEK_SET)
        ours = environment()
        for words, stdin in ((SETTINGS, nothing), (PLACES, nothing), (STANDS, asked)):
            self._start(words, (stdin, nothing), ours)
        settings = self._wait_for(SETTINGS)  # takes a millisecond: what git must not run has to be known
        if settings is not None:
            ours = looking(settings)
            self._start(changed_words(self.project, roots or DEFINED), (nothing, nothing), ours)
            if _is_new(os.path.join(self.folder, ".git")):
                self._start(known_words(self.project, roots), (nothing, nothing), ours)

    def _start(self, words: Tuple[str, ...], ends: Tuple[int, int], ours: Dict[str, str]) -> None:
        """Start one git; ends: its stdin and its stderr."""
        file = os.memfd_create("git")
        actions = [(os.POSIX_SPAWN_DUP2, end, number) for end, number in ((ends[0], 0), (file, 1), (ends[1], 2))]
        # Where the repository is, git says as seen from the current folder.
        elsewhere = () if words == PLACES or self.folder == os.getcwd() else ("-C", self.folder)
        try:
            process = os.posix_spawnp("git", ["git", *elsewhere, *words], ours, file_actions=actions)
        except OSError:
            os.close(file)  # the next question to git finds out what is wrong
            return
        self._running[words] = (process, file)
        try:  # noqa: SIM105 (contextlib would keep git waiting)
            os.setpriority(os.PRIO_PROCESS, process, _NICE)
        except OSError:  # not permitted, or it has ended
            pass

    # --- answers

    def _take(self, words: Tuple[str, ...]) -> Optional[bytes]:
        """Return the answer to a question, None if it was not asked or git refused. It is given once."""
        if words not in self._running:
            return None
        process, file = self._running.pop(words)
        try:
            status = _wait_for(process)
            size = os.lseek(file, 0, os.SEEK_END)
            return os.pread(file, size, 0) if status == 0 else None
        finally:
            os.close(file)

    def _wait_for(self, words: Tuple[str, ...]) -> Optional[bytes]:
        """Return the answer to a question, None if git refused, and keep it to be taken."""
        process, file = self._running.get(words, (_OVER, -1))
        if process == _OVER or _wait_for(process) != 0:
            return None
        self._running[words] = (_OVER, file)
        return os.pread(file, os.lseek(file, 0, os.SEEK_END), 0)

    def drop(self) -> None:
        """Stop what was not taken: from now on every question is asked anew."""
        self._began = self._edited = None
        while self._running:
            process, file = self._running.popitem()[1]
            os.close(file)
            _stop(process)


ASKED: ContextVar[Prefetch] = ContextVar("asked")  # by the command line of this process, for the repository it opens
_OVER = 0  # in a process's place: it has ended well


def only_looks(arguments: Sequence[str]) -> bool:
    """Return whether a command line changes nothing, and ends with what it prints."""
    return arguments[:1] in (["plan"], ["status"])


def start_prefetch(arguments: Sequence[str]) -> Prefetch:
    """Ask what a command line will want to know, in a repository that is where it seems; else nothing is asked."""
    # Help needs no git, another revision not this one; what of some tags is staged every file says.
    others = ("--he", "-h", "-t", "--t") if arguments[:1] == ["stage"] else ("--he", "-h")
    is_other = any(word.startswith(others) for word in arguments[1:])
    roots = _ROOTS.get(arguments[0]) if arguments and not is_other else None
    top = None if roots is None or not hasattr(os, "memfd_create") else _top()
    if roots is None or top is None:
        return Prefetch()
    asked = Prefetch(top, nearest_project(os.getcwd(), top))
    asked.ask(roots)
    return asked


def _top() -> Optional[str]:
    """Return the top folder of the repository around, None where the environment has git look elsewhere."""
    try:
        here = top = os.getcwd()
    except OSError:
        return None
    while not os.path.lexists(os.path.join(top, ".git")):
        below, top = top, os.path.dirname(top)
        if top == below:
            return None
    return top if top == here or not any(key in os.environ for key in _ELSEWHERE) else None


def _is_new(git_folder: str) -> bool:
    """Return whether git's index was written since it was last noted which folders have nothing untracked in them."""
    try:
        with os.scandir(os.path.join(git_folder, *CACHE)) as files:
            noted = [file.stat().st_mtime_ns for file in files if file.name.startswith("folders-")]
    except OSError:  # a clone in which nothing ran yet
        noted = []
    try:
        return os.stat(os.path.join(git_folder, "index")).st_mtime_ns > max(noted, default=0)
    except OSError:
        return False


def _wait_for(process: int) -> Optional[int]:
    """Return how a process ends; None where SIGCHLD is ignored. One that is waited for no more is stopped."""
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
