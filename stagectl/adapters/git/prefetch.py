"""What `plan`, `status` and `stage` ask git first, asked before Python has loaded what they do with the answer.

Each question is always put in the same words: what asks it later gets the answer. Git looks at every file meanwhile,
which takes as long as starting Python and planning. Loads hardly anything.
"""

from __future__ import annotations

import os
import time
from contextvars import ContextVar

from stagectl.adapters.git.project import nearest_project, pathspec

TYPE_CHECKING = False
if TYPE_CHECKING:  # type checkers know the name; loading `typing` would keep git waiting
    from typing import Dict, List, Optional, Sequence, Tuple

    Words = Tuple[str, ...]  # a question, as git's arguments

DEFINED = ("resources",)  # where definitions usually are; a plan says what is edited there, and git looks once for both
WATCHED = (".staged", "kinds", "stagectl.yaml")  # what a plan is made from
RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff", "--no-abbrev", "--ignore-submodules=dirty")
# A file is as git knows it if all that the disk says of it is, whatever the user has git leave out.
EXACTLY = ("-c", "core.trustctime=true", "-c", "core.checkStat=default")
ATTRIBUTES = ".gitattributes"
PLACES = ("rev-parse", "--show-toplevel", "--git-common-dir", "--git-path", "index")  # where this repository is
SETTINGS = ("config", "--list", "-z")
STANDS = ("cat-file", "--batch-check=%(objectname) %(objectsize)")  # where what has the names on its input stands
COMMITS = 3  # names of commits that are asked first, and again at the end
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
HEEDED = ("stagectl.heeded", "true")
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_CEILING_DIRECTORIES")
_NICE = 10  # git looks at files with 20 threads, between which Python would hardly get a turn on two cores


def changed_words(project: str, roots: Sequence[str] = (), watched: Sequence[str] = WATCHED) -> Tuple[str, ...]:
    """Return the question what a project's working tree has otherwise than HEAD, untracked files left out."""
    relative = (f"--relative={project}",) if project else ()
    specs = (pathspec(project, path) for path in (*watched, *roots))
    return (*EXACTLY, "diff-index", *RAW, *relative, "HEAD", "--", *specs)


def known_words(project: str, roots: Sequence[str]) -> Tuple[str, ...]:
    """Return the question which files of a project git knows, with those of attributes above."""
    tops = [f"{project}{path}" for path in (*WATCHED, *roots)]
    specs = (pathspec(project, path) for path in (*WATCHED, *roots))
    return ("ls-files", "-v", "--cached", "-z", "--", *specs, *above(tops))


def above(tops: Sequence[str]) -> List[str]:
    """Return where attributes may be that hold for some folders from above."""
    folders = {"", *(top[: end + 1] for top in tops for end, letter in enumerate(top) if letter == "/")}
    return sorted(f"{folder}{ATTRIBUTES}" for folder in folders)


def below(revision: str, path: str) -> str:
    """Return the name of what is at a path, from the top folder, in a revision.

    With its tree between, git reads the commit once for many paths, and not once for each: that of an apply is long.
    """
    return f"{revision}^{{tree}}:{path}"


def asked_names(project: str) -> Tuple[str, ...]:
    """Return what is asked where it stands: HEAD and the applied branch of a project, and its folders in them."""
    state = (".staged", ".applied", ".applied-index")
    branches = [f"refs/{where}/stagectl/{project}applied" for where in ("heads", "remotes/origin")]
    commits = [f"{ref}^{{commit}}" for ref in ("HEAD", *branches)]
    return (
        *commits,
        *(below("HEAD", project + folder) for folder in (*state, "kinds", *DEFINED)),
        *(below(ref, project + folder) for ref in branches for folder in state),
        *(f"{ref}^2^{{commit}}" for ref in branches),
        *commits,  # again: what is found between is theirs if they stand as they stood
    )


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
    allowed = [word for word in ours.get("GIT_ALLOW_PROTOCOL", "http:https").split(":") if word in ("http", "https")]
    more = {"GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": ":".join(allowed) or "none"}
    return {**ours, **_config((*_NO_PROGRAM, *off)), **more}


def asking_settings() -> Dict[str, str]:
    """Return the environment for SETTINGS, whose answer shows whether git heeds what it is given so (since 2.31)."""
    return {**environment(), **_config((HEEDED,))}


def _config(pairs: Sequence[Tuple[str, str]]) -> Dict[str, str]:
    """Return the variables that add to git's config, beside those that are there."""
    count = int(os.environ["GIT_CONFIG_COUNT"]) if os.environ.get("GIT_CONFIG_COUNT", "").isdigit() else 0
    found = {"GIT_CONFIG_COUNT": str(count + len(pairs))}
    for number, (key, value) in enumerate(pairs, count):
        found[f"GIT_CONFIG_KEY_{number}"], found[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return found


class Prefetch:
    """Git's answers to questions that were asked ahead in one folder, each given once; None to what was not asked.

    Belongs to the Git that asks. One that was made is asked nothing; `start_prefetch` asks.
    folder: the top folder of the repository; project: the folder of the project in it, "" or ending in `/`.
    """

    def __init__(self, folder: str = "", project: str = "") -> None:
        self.folder, self.project = folder, project
        self._began: Optional[int] = None  # when git was asked, in nanoseconds since the epoch
        self._running: Dict[Words, Tuple[int, int]] = {}  # question -> (process, file that it writes to)
        self._answers: Dict[Words, Optional[bytes]] = {}  # those that were read before they were wanted
        self._parts: Dict[Words, bool] = {}  # the two questions that a plan asks; whether it is the one about DEFINED

    def take(self, words: Words) -> Optional[bytes]:
        """Return the answer to a question, None if it was not asked or git refused. It is given once."""
        if words in self._parts:
            self._part()
        return self._answers.pop(words) if words in self._answers else self._finish(words)

    def _part(self) -> None:
        """Make of what git said of all files that a plan asks about its two answers."""
        answer = self._finish(changed_words(self.project, DEFINED))
        texts = (answer or b"").split(b"\0")
        pairs = list(zip(texts[::2], texts[1::2]))
        for words, is_defined in self._parts.items() if answer is not None else ():
            of_it = (pair for pair in pairs if (os.fsdecode(pair[1]).split("/")[0] in DEFINED) is is_defined)
            self._answers[words] = b"".join(b"%s\0%s\0" % pair for pair in of_it)

    def began(self) -> int:
        """Return from when on git's answers are, in nanoseconds since the epoch; now, where nothing was asked."""
        now = time.time_ns()
        return now if self._began is None else min(self._began, now)

    # --- asking

    def ask(self, roots: Sequence[str]) -> None:
        """Start one git for each question; where one cannot be started, none: what needs an answer asks then."""
        self._began = time.time_ns()
        try:
            ours = environment()
            self.start(SETTINGS, asking_settings())
            self.start(PLACES, ours)
            self.start(STANDS, ours, os.fsencode("".join(f"{name}\n" for name in asked_names(self.project))))
            # Takes a millisecond: what git must not run has to be known.
            settings = self._answers[SETTINGS] = self._finish(SETTINGS)
            if settings is None:
                return
            ours = looking(settings)
            self.start(changed_words(self.project, roots or DEFINED), ours)
            if not roots:
                self._parts = {changed_words(self.project): False, changed_words(self.project, DEFINED, ()): True}
            if _is_new(os.path.join(self.folder, ".git")):
                self.start(known_words(self.project, roots), ours)
        except OSError:
            self.drop()

    def start(self, words: Words, ours: Dict[str, str], names: bytes = b"", nice: int = _NICE) -> None:
        """Start one git, which answers into memory; names: its input. Raises OSError."""
        # Where the repository is, git says as seen from the current folder.
        elsewhere = () if words == PLACES or self.folder == os.getcwd() else ("-C", self.folder)
        asked, file = os.memfd_create("names"), os.memfd_create("git")
        try:
            os.write(asked, names)
            os.lseek(asked, 0, os.SEEK_SET)
            nowhere = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
            ends = [(os.POSIX_SPAWN_DUP2, asked, 0), (os.POSIX_SPAWN_DUP2, file, 1), nowhere]
            process = os.posix_spawnp("git", ["git", *elsewhere, *words], ours, file_actions=ends)
        finally:
            os.close(asked)
        self._running[words] = (process, file)
        try:  # noqa: SIM105 (contextlib would keep git waiting)
            os.setpriority(os.PRIO_PROCESS, process, nice)
        except OSError:  # not permitted, or it has ended
            pass

    # --- answers

    def _finish(self, words: Words) -> Optional[bytes]:
        """Return what a git that was started says; None if none was, if it refused, or where SIGCHLD is ignored."""
        if words not in self._running:
            return None
        process, file = self._running.pop(words)
        try:
            status = os.waitpid(process, 0)[1]
            return os.pread(file, os.fstat(file).st_size, 0) if status == 0 else None
        except ChildProcessError:
            return None
        except BaseException:
            _stop(process)
            raise
        finally:
            os.close(file)

    def drop(self) -> None:
        """Stop what was not taken: from now on every question is asked anew."""
        self._began = None
        self._answers.clear()
        while self._running:
            process, file = self._running.popitem()[1]
            os.close(file)
            _stop(process)


ASKED: ContextVar[Prefetch] = ContextVar("asked")  # by the command line of this process, for the repository it opens


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


def _stop(process: int) -> None:
    try:
        if os.waitpid(process, os.WNOHANG)[0] == 0:
            os.kill(process, 15)  # SIGTERM
            os.waitpid(process, 0)
    except ChildProcessError:  # the system has taken note of its end for us
        pass
