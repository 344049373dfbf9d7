"""Where names stand, the objects of revisions and of `<revision>:<path>`, and what is in objects.

One git answers all such questions of a command, when they are asked; starting one for each takes longer.
"""

from __future__ import annotations

import io
import os
import subprocess
import threading
import weakref
from contextlib import suppress
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path
from typing import IO, Callable, Dict, Generic, List, Optional, Sequence, Tuple, TypeVar

from stagectl.adapters.git.prefetch import COMMITS, SETTINGS, STANDS, Prefetch, asked_names, looking
from stagectl.adapters.git.process import GitError, GitProcess, lacking
from stagectl.core.forms import OID
from stagectl.core.model import Oid
from stagectl.core.once import pattern

Reply = TypeVar("Reply")
Words = Tuple[str, ...]  # git's arguments

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
_BELOW_AN_ID = pattern(rf"{OID.pattern}\^")
_READ = ("cat-file", "--batch")
_MANY = 2000  # questions, for which a git of their own pays
_PORTION = 4096  # bytes of a portion's questions, without the first


class Names(GitProcess):
    """Git in one folder, with two that answer what names stand for and what objects have."""

    def __init__(self, folder: Path, prefetch: Optional[Prefetch] = None) -> None:
        super().__init__(folder, prefetch)
        self._prefetched: Optional[Dict[str, str]] = None  # where names stood when this command began
        self._fixed: Dict[str, str] = {}  # where names that begin with an object id stand, which never changes
        self._asked = Conversation(partial(self.start, *STANDS, quiet=True), read_line)
        self._read = Conversation(partial(self.start, *_READ, quiet=True), read_object)

    def look_up(self, names: Sequence[str]) -> List[Optional[Oid]]:
        """Return the objects that revisions, or `<revision>:<path>`, name; None for what is not there.

        Raises GitError if no answer comes.
        """
        if self._prefetched is None:
            answer = self.prefetch.take(STANDS)
            self._prefetched = _by_commit(self.prefetch.project, answer) if answer else {}
            self._fixed.update((name, oid) for name, oid in self._prefetched.items() if _BELOW_AN_ID.match(name))
        # Given once: what is asked again may have moved since.
        known = {name: self._prefetched.pop(name) for name in names if name in self._prefetched}
        known.update((name, self._fixed[name]) for name in names if name in self._fixed)
        known.update((name, "") for name in names if "\n" in name)  # it would be two questions
        left = [name for name in names if name not in known]
        # Of an id that is not there the answer is that id, and that it is missing.
        answers = (answer.partition(" ") for answer in self._stand(left))
        known.update(zip(left, ("" if rest == "missing" else oid for oid, _, rest in answers)))
        self._fixed.update((name, known[name]) for name in left if known[name] and _BELOW_AN_ID.match(name))
        return [Oid(known[name]) if OID.fullmatch(known[name]) else None for name in names]

    def sizes(self, names: Sequence[str]) -> List[int]:
        """Return how many bytes objects have, 0 for what is not there."""
        words = [answer.split() for answer in self._stand(names)]
        return [int(size) if OID.fullmatch(oid) and size.isdigit() else 0 for oid, size, *_ in words]

    def _stand(self, names: Sequence[str]) -> List[str]:
        answers = self._ask_many(STANDS, read_line, names) or self._ask(self._asked, names)
        return [answer.decode("utf-8", "replace").strip() for answer in answers]

    def contents(self, oids: Sequence[Oid], kind: str = "", *, at_once: bool = False) -> List[bytes]:
        """Return the contents of objects, in order; raises GitError for what is missing, or not of a kind.

        at_once: whether they are few enough bytes to be in memory three times.
        """
        known = self._ask_many(_READ, read_object, oids) if at_once else []
        answers, wanted = known or self._ask(self._read, oids), kind.encode()
        for oid, answer in zip(oids, answers):
            if answer is None or (wanted and answer[0] != wanted):
                raise GitError(f"the object {oid} is missing", "fetch it: this may be a partial or shallow clone")
        return [content for _, content in filter(None, answers)]

    def fetch_lacking(self, oids: Sequence[str]) -> None:
        """Fetch, in a partial clone, what is not here of some objects; what cannot be had, git misses when it is read.

        All in one go: git itself asks the remote for one after the other. As it does, this goes over http and https
        only, and asks no program for a password (partial-clone.adoc, "Fetching Missing Objects").
        """
        if len(oids) < 2:
            return
        remotes = sorted(key for key, on in self.settings.items() if key.endswith(".promisor") and on == ["true"])
        if not remotes:
            return
        listing = self.run("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)")
        missing = sorted({oid for oid in oids if OID.fullmatch(oid)}.difference(listing.decode().split()))
        if len(missing) > 1:
            wanted = "".join(f"{oid}\n" for oid in missing).encode()
            remote = remotes[0][len("remote.") : -len(".promisor")]
            words = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", remote, *_FETCH)
            self.try_run(*words, data=wanted, env=looking(self.run(*SETTINGS)))

    def _ask_many(self, words: Words, read: Callable[[IO[bytes]], Reply], names: Sequence[str]) -> List[Reply]:
        """Return the answers of a git of their own, which waits neither for a question nor until an answer is read.

        Nothing where a conversation has to give them: there are few questions, or git did not answer all.
        """
        if len(names) < _MANY or not hasattr(os, "memfd_create"):
            return []
        git, words = Prefetch(str(self.top)), (*words, "--buffer")
        try:
            asked = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
            git.start(words, looking(self._raw_settings), asked, nice=0)
            said = io.BytesIO(git.take(words) or b"")
            return [read(said) for _ in names]
        except (EOFError, OSError):
            return []
        finally:
            git.drop()

    def _ask(self, answering: Conversation[Reply], names: Sequence[str]) -> List[Reply]:
        """Return answers; one that never comes does not mean that nothing is there."""
        try:
            return answering.ask([name.encode("utf-8", "surrogateescape") for name in names]) if names else []
        except EOFError:
            pass
        if self.config("remote.origin.promisor") or self.config("extensions.partialclone"):
            raise lacking("git cat-file failed")
        raise GitError("git cat-file ended before it had answered", "try again; if it does so again: git fsck")


def _by_commit(folder: str, answer: bytes) -> Dict[str, str]:
    """Return what was asked ahead: what is below a ref under the name of its commit, if none moved meanwhile."""
    asked = asked_names(folder)
    stood = [text.partition(" ")[0] for text in answer.decode("utf-8", "replace").splitlines()]
    if stood[:COMMITS] != stood[-COMMITS:]:
        return {}
    commits = dict(zip(asked[:COMMITS], stood))
    found = dict(commits)
    for name, oid in zip(asked[COMMITS:-COMMITS], stood[COMMITS:]):
        ref, _, rest = name.partition("^")
        commit = commits[f"{ref}^{{commit}}"]
        if OID.fullmatch(commit):
            found[f"{commit}^{rest}"] = oid
    return found


class Conversation(Generic[Reply]):
    """A process that gives each line one answer: started when it is first asked, and anew where it has ended.

    A pipe holds a bounded number of bytes (pipe(7): 64 KiB, and 4 KiB for a user who has many). What writes everything
    before reading anything waits for ever once both pipes are full; so questions go in by portions, and the answers of
    one are read before the next is written. What waits to be read behind a first question fits into the pipe.
    start: starts one with pipes; read: reads one answer from what it prints, and raises EOFError where there is none.
    """

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], read: Callable[[IO[bytes]], Reply]) -> None:
        self._start, self._read = start, read
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._one_at_a_time = threading.Lock()

    def ask(self, questions: Sequence[bytes]) -> List[Reply]:
        """Return the answers in order; raises EOFError where the process ends before it has answered, twice.

        questions: without line ends.
        """
        with self._one_at_a_time:
            try:
                return self._ask(questions)
            except EOFError:  # Ctrl-C on a terminal ends it, too, and what is put back then has to be asked for
                return self._ask(questions)

    def _ask(self, questions: Sequence[bytes]) -> List[Reply]:
        process, self._process = self._process, None  # whose answers are not all read is asked no more
        if process is None or process.poll() is not None:
            process = self._start()
            weakref.finalize(self, _end, process)
        assert process.stdin is not None and process.stdout is not None, "started with pipes"
        found: List[Reply] = []
        ends = accumulate(len(question) + 1 for question in questions)
        for _, portion in groupby(questions, lambda _: next(ends) // _PORTION):
            asked = list(portion)
            with suppress(BrokenPipeError):  # it has ended: the answers say so
                process.stdin.write(b"".join(question + b"\n" for question in asked))
                process.stdin.flush()
            found += [self._read(process.stdout) for _ in asked]
        self._process = process
        return found


def read_line(stdout: IO[bytes]) -> bytes:
    """Read an answer of one line."""
    line = stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def read_object(stdout: IO[bytes]) -> Optional[Tuple[bytes, bytes]]:
    """Read the type and the content of an object, as `git cat-file --batch` gives it; None for a missing one."""
    words = read_line(stdout).split()
    if len(words) != 3:
        return None
    size = int(words[2])
    content = stdout.read(size + 1)
    if len(content) <= size:
        raise EOFError
    return words[1], content[:size]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close both pipes and wait for a process to end."""
    with suppress(OSError), process:
        pass
