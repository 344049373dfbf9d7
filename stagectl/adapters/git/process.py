"""Starting git: the one place that does. Argument vectors are fixed, and data goes in on stdin or after
`--end-of-options`.

GitPython starts what talks to remotes. Importing it takes as long as git needs for 50,000 files, so what only looks at
this repository is started without it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.git.prefetch import HEEDED, SETTINGS, Prefetch, asking_settings, environment, looking
from stagectl.core.errors import StagectlError
from stagectl.core.once import pattern
from stagectl.core.printable import safe

Env = Optional[Mapping[str, str]]  # variables that a git is given beside, or instead of, those that all are
Ended = Tuple[int, bytes, bytes]  # exit code, stdout and stderr of a git

_TALKS = ("ls-remote", "fetch", "push")
# `git diff-tree` reads the whole index, of which it needs nothing; one that is not there is empty.
_NO_INDEX = {"GIT_INDEX_FILE": f"{os.devnull}-no-index"}
# What only looks, and runs nothing that the repository has set up.
_LOOKS = frozenset(
    ("cat-file", "check-ignore", "diff-index", "diff-tree", "for-each-ref", "log", "ls-files", "ls-tree", "merge-base")
) | {"rev-list", "status"}
_ENGLISH = {"LANGUAGE": "C", "LC_ALL": "C"}
LOCKED = pattern(rb"Unable to create '([^\n]*\.lock)': File exists")


def _verb(arguments: Sequence[str]) -> str:
    return next(word for word in arguments if not word.startswith("-") and "=" not in word)


ENDING = 2.0  # seconds until a git that was asked to end is killed


class GitError(StagectlError):
    """Git refused; the message is what git said."""


class GitLocked(GitError):
    """A lock of git's is in the way; the hint says how it goes."""


def lacking(what: str) -> GitError:
    """Return the error for a partial clone in which something is not there."""
    return GitError(
        f"{what}: this partial clone lacks what it needs, and asks no remote for it while it looks",
        "get everything: git fetch --refetch --no-filter",
    )


class GitProcess:
    """Runs git in one folder, and knows how it is set up there. prefetch: the answers it was given with the folder."""

    def __init__(self, folder: Path, prefetch: Optional[Prefetch] = None) -> None:
        self.top = folder
        self.folder = ""  # of the project, from there
        self.prefetch = prefetch or Prefetch()
        self._known: Dict[Tuple[str, ...], bytes] = {}

    def run(self, *arguments: str, data: bytes = b"", env: Env = None, check: bool = True) -> bytes:
        """Return what `git ARGUMENTS` prints; when it fails, raises GitError in its words (without check: b"")."""
        code, out, err = self.try_run(*arguments, data=data, env=env)
        if code and check:
            raise self.refusal(f"git {_verb(arguments)} failed", code, err)
        return b"" if code else out

    def run_once(self, *arguments: str) -> bytes:
        """Return what `git ARGUMENTS` prints of objects: named by their ids alone, they never have another answer."""
        if arguments not in self._known:
            self._known[arguments] = self.run(*arguments, env=_NO_INDEX)
        return self._known[arguments]

    def refusal(self, what: str, code: int, err: bytes) -> GitError:
        """Return the error for a git that failed: its own words, or what to do about a lock that is in its way."""
        locked = LOCKED.search(err)
        if b"promisor remote" in err:
            return lacking(what)
        if locked is None:
            ended = f"it was killed by signal {-code}" if code < 0 else f"exit code {code}"
            return GitError(f"{what}: {err.decode(errors='replace').strip() or ended}")
        lock = os.path.relpath(os.fsdecode(locked.group(1)))
        return GitLocked(
            f"{what}: {lock} is there: another git is at work here, or one was killed",
            f"wait for it; if no git runs here any more: rm {shlex.quote(lock)}",
        )

    def try_run(self, *arguments: str, data: bytes = b"", env: Env = None, seconds: Optional[float] = None) -> Ended:
        """Return how `git ARGUMENTS` ended, or the answer if that was asked ahead. seconds: how long it may take."""
        answer = self.prefetch.take(arguments)
        if answer is not None:
            return 0, answer, b""
        process = self.start(*arguments, env=env)
        try:
            out, err = process.communicate(data, seconds)
        except KeyboardInterrupt:
            process.terminate()  # git takes its locks away; its reader may have been asked alone
            process.wait()
            raise
        except subprocess.TimeoutExpired:
            _end(process)  # what it started may keep the pipes open: that is not waited for
            return 124, b"", f"no answer within {seconds:.0f} seconds".encode()
        return process.returncode, out, err

    def start(self, *arguments: str, env: Env = None, quiet: bool = False) -> subprocess.Popen[bytes]:
        """Start `git ARGUMENTS` in the top folder, with pipes; its messages are English. quiet: they go nowhere."""
        try:
            if arguments[0] in _TALKS:
                return self._start_conversation(arguments, env)
            pipe = subprocess.PIPE
            ours = looking(self._raw_settings) if _verb(arguments) in _LOOKS else environment()
            full = {**ours, **_ENGLISH, **(env or {})}
            return subprocess.Popen(
                ["git", *arguments],
                cwd=self.top,
                env=full,
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL if quiet else pipe,
            )
        except (ImportError, FileNotFoundError):  # GitPython looks for git when it is imported
            raise StagectlError("git was not found", "install git, or put it on the PATH") from None

    def _start_conversation(self, arguments: Sequence[str], env: Env) -> subprocess.Popen[bytes]:
        import git

        try:
            started = git.Git(str(self.top)).execute(
                ["git", *arguments], as_process=True, istream=subprocess.PIPE, env=dict(env) if env else None
            )
        except git.GitCommandNotFound:
            raise FileNotFoundError("git") from None
        process = started.proc
        assert process is not None, "a started process is there"
        started.proc = None  # GitPython would end it as soon as its wrapper is not held
        return process

    # --- how it is set up

    def config(self, key: str) -> List[str]:
        """Return the values of a config key; between two dots, as in `remote.NAME.url`, its case counts."""
        return self.settings.get(key if key.count(".") > 1 else key.lower(), [])

    def is_on(self, key: str) -> bool:
        """Return whether a config key is set, and not to false."""
        return any(value.lower() not in ("false", "no", "off", "0", "") for value in self.config(key)[-1:])

    @cached_property
    def settings(self) -> Dict[str, List[str]]:
        """All of git's config by key, as git writes keys, read once; a key without a value is true."""
        found: Dict[str, List[str]] = {}
        for entry in self._raw_settings.decode("utf-8", "replace").split("\0")[:-1]:
            key, _, value = entry.partition("\n")
            found.setdefault(key, []).append(value if "\n" in entry else "true")
        return found

    def remotes(self) -> List[str]:
        """Return the names of the remotes, sorted."""
        named = (key[len("remote.") :].rpartition(".")[0] for key in self.settings if key.startswith("remote."))
        return sorted({*named} - {""})

    @cached_property
    def _raw_settings(self) -> bytes:
        found = self.run(*SETTINGS, env=asking_settings())
        if os.fsencode("\n".join(HEEDED)) not in found.split(b"\0"):
            raise StagectlError(
                "git is older than 2.31: it does not heed what keeps a repository from having it run programs",
                "install a newer one; see which it is: git version",
            )
        return found

    def check_identity(self) -> str:
        """Return the person commits are made as, `Name <mail>`; raises GitError where git knows none."""
        return self._identity

    @cached_property
    def _identity(self) -> str:
        code, out, err = self.try_run("var", "GIT_COMMITTER_IDENT")
        if code and b"invalid date format" in err:
            raise GitError(f"GIT_COMMITTER_DATE: {err.decode(errors='replace').strip()}", "unset GIT_COMMITTER_DATE")
        if code:
            raise GitError(
                "git does not know who you are",
                'set it: git config --global user.name "Your Name" && git config --global user.email you@example.com',
            )
        return safe(out.decode("utf-8", "replace").rpartition(">")[0] + ">")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a git that takes too long: asked to, it takes its locks away."""
    process.terminate()
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
