"""Where names stand: the objects of revisions and of `<revision>:<path>`.

One git answers all such questions of a command, when they are asked; starting one for each takes longer.
"""

from __future__ import annotations

import weakref
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from stagectl.adapters.git.conversation import Conversation
from stagectl.adapters.git.process import GitError, GitProcess, lacking
from stagectl.adapters.git.questions import STANDS, asked_names
from stagectl.core.model import Oid
from stagectl.core.once import pattern

OID = pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BELOW_AN_ID = pattern(rf"{OID.pattern}\^")
_TRIES = 2  # Ctrl-C on a terminal ends this git, too, and what is put back then has to be asked for


class Names:
    """What the names of a repository stand for."""

    def __init__(self, git: GitProcess) -> None:
        self._git = git
        self._prefetched: Optional[Dict[str, str]] = None  # where names stood when this command began
        self._fixed: Dict[str, str] = {}  # where names that begin with an object id stand, which never changes
        self._asked: Optional[Conversation] = None  # the git that answers
        self._read: Optional[Conversation] = None  # the git that reads objects

    def look_up(self, names: Sequence[str]) -> List[Optional[Oid]]:
        """Return the objects that names stand for, None for what is not there; raises GitError if no answer comes."""
        if any("\n" in name for name in names):
            return [found for name in names for found in ([None] if "\n" in name else self.look_up([name]))]
        if self._prefetched is None:
            answer = self._git.prefetch.objects()
            self._prefetched = _by_commit(self._git.prefetch.project, answer) if answer else {}
            self._fixed.update((name, oid) for name, oid in self._prefetched.items() if _BELOW_AN_ID.match(name))
        # Given once: what is asked again may have moved since.
        known = {name: self._prefetched.pop(name) for name in names if name in self._prefetched}
        known.update((name, self._fixed[name]) for name in names if name in self._fixed)
        left = [name for name in names if name not in known]
        # Of an id that is not there the answer is that id, and that it is missing.
        answers = (answer.partition(" ") for answer in self._ask(left))
        known.update(zip(left, ("" if rest == "missing" else oid for oid, _, rest in answers)))
        self._fixed.update((name, known[name]) for name in left if known[name] and _BELOW_AN_ID.match(name))
        return [Oid(known[name]) if OID.fullmatch(known[name]) else None for name in names]

    def sizes(self, names: Sequence[str]) -> Iterator[int]:
        """Yield how many bytes objects have, 0 for what is not there."""
        for answer in self._ask(names):
            oid, _, size = answer.partition(" ")
            yield int(size) if OID.fullmatch(oid) and size.isdigit() else 0

    def _ask(self, names: Sequence[str]) -> List[str]:
        if not names:
            return []
        questions = [name.encode("utf-8", "surrogateescape") for name in names]
        for _ in range(_TRIES):
            if self._asked is None or self._asked.is_over:
                self._asked = self._start(*STANDS)
            answers = self._asked.ask(questions)
            if len(answers) == len(names):
                return [answer.decode("utf-8", "replace").strip() for answer in answers]
            self._asked = None
        raise self._no_answer()

    def contents(self, oids: Sequence[Oid]) -> List[Optional[Tuple[str, bytes]]]:
        """Return the type and content of objects, None for what is not there; raises GitError if no answer comes."""
        if not oids:
            return []
        for _ in range(_TRIES):
            if self._read is None or self._read.is_over:
                self._read = self._start("cat-file", "--batch")
            try:
                answers = self._read.contents([oid.encode() for oid in oids])
            except EOFError:
                self._read = None
                continue
            return [None if answer is None else (answer[0].decode(), answer[1]) for answer in answers]
        raise self._no_answer()

    def _start(self, *arguments: str) -> Conversation:
        """Return a git that answers until this is gone."""
        talk = Conversation(self._git.start(*arguments, quiet=True))
        weakref.finalize(self, talk.end)
        return talk

    def _no_answer(self) -> GitError:
        """Return the error for a git that ended before it had answered, which does not mean that nothing is there."""
        if self._git.config("remote.origin.promisor") or self._git.config("extensions.partialclone"):
            return lacking("git cat-file failed")
        return GitError("git cat-file ended before it had answered", "try again; if it does so again: git fsck")


def _by_commit(folder: str, answer: bytes) -> Dict[str, str]:
    """Return what was asked ahead: what is below a ref under the name of its commit, if it did not move meanwhile."""
    answers = answer.decode("utf-8", "replace").splitlines()
    asked = [(name, answer.partition(" ")[0]) for name, answer in zip(asked_names(folder), answers)]
    commits = {name: {oid for other, oid in asked if other == name} for name, _ in asked if name.endswith("^{commit}")}
    found = {}
    for name, oid in asked:
        ref = name.partition("^")[0]
        stood = commits.get(f"{ref}^{{commit}}", set())
        if name in commits and "^2" not in name:
            found[name] = oid
        elif len(stood) == 1 and OID.fullmatch(min(stood)):
            found[min(stood) + name[len(ref) :]] = oid
    return {name: oid for name, oid in found.items() if len(commits.get(name, "1")) == 1}
