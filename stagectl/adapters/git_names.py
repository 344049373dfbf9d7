"""Where names stand: the objects of revisions and of `<revision>:<path>`.

One git answers all such questions of a command, when they are asked; starting one for each takes longer.
"""

from __future__ import annotations

import re
import subprocess
import threading
import weakref
from contextlib import suppress
from typing import Dict, Iterator, List, Optional, Sequence

from stagectl.adapters import ahead
from stagectl.adapters.git_process import GitError, GitProcess, lacking
from stagectl.core.model import Oid

OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_AT_ONCE = 200  # a pipe holds that many answers


class Names:
    """What the names of a repository stand for."""

    def __init__(self, git: GitProcess) -> None:
        self._git = git
        self._one_question = threading.Lock()
        self._ahead: Optional[Dict[str, str]] = None  # where names stood when this command began
        self._asked: Optional[subprocess.Popen[bytes]] = None  # the git that answers

    def look_up(self, names: Sequence[str]) -> List[Optional[Oid]]:
        """Return the objects that names stand for, None for what is not there; raises GitError if nobody answers."""
        if any("\n" in name for name in names):
            return [found for name in names for found in ([None] if "\n" in name else self.look_up([name]))]
        if self._ahead is None:
            answer = ahead.taken(str(self._git.root), ahead.STANDS)
            self._ahead = _by_commit(answer.decode("utf-8", "replace").splitlines()) if answer else {}
        # Given once: what is asked again may have moved since.
        known = {name: self._ahead.pop(name) for name in names if name in self._ahead}
        left = [name for name in names if name not in known]
        # Of an id that is not there the answer is that id, and that it is missing.
        answers = (answer.partition(" ") for answer in self._ask(left))
        known.update(zip(left, ("" if rest == "missing" else oid for oid, _, rest in answers)))
        return [Oid(known[name]) if OID.fullmatch(known[name]) else None for name in names]

    def sizes(self, names: Sequence[str]) -> Iterator[int]:
        """Yield how many bytes objects have, 0 for what is not there."""
        for start in range(0, len(names), _AT_ONCE):
            for answer in self._ask(names[start : start + _AT_ONCE]):
                oid, _, size = answer.partition(" ")
                yield int(size) if OID.fullmatch(oid) and size.isdigit() else 0

    def _ask(self, names: Sequence[str]) -> List[str]:
        if not names:
            return []
        if self._asked is None or self._asked.poll() is not None:
            self._asked = self._git.start(*ahead.STANDS, quiet=True)
            weakref.finalize(self, _end, self._asked)
        stdin, stdout = self._asked.stdin, self._asked.stdout
        assert stdin is not None and stdout is not None, "started with pipes"
        with self._one_question:
            with suppress(BrokenPipeError):  # it has ended: the answers tell
                stdin.write("".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))
                stdin.flush()
            answers = [stdout.readline() for _ in names]
        if not all(answer.endswith(b"\n") for answer in answers):  # no answer is not "there is no such thing"
            if self._git.config("remote.origin.promisor") or self._git.config("extensions.partialclone"):
                raise lacking("git cat-file failed")
            raise GitError("git cat-file ended before it had answered", "try again; if it does so again: git fsck")
        return [answer.decode("utf-8", "replace").strip() for answer in answers]


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()


def _by_commit(answers: Sequence[str]) -> Dict[str, str]:
    """Return what was asked ahead: what is below a ref under the name of its commit, if it did not move meanwhile."""
    asked = [(name, answer.partition(" ")[0]) for name, answer in zip(ahead.NAMES, answers)]
    commits = {name: {oid for other, oid in asked if other == name} for name, _ in asked if name.endswith("^{commit}")}
    found = {}
    for name, oid in asked:
        ref = re.split(r":|\^2", name)[0]
        stood = commits.get(f"{ref}^{{commit}}", set())
        if name in commits and "^2" not in name:
            found[name] = oid
        elif len(stood) == 1 and OID.fullmatch(min(stood)):
            found[min(stood) + name[len(ref) :]] = oid
    return {name: oid for name, oid in found.items() if len(commits.get(name, "1")) == 1}
