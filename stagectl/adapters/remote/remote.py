"""What is done with a remote: refs are read, fetched and moved by compare-and-swap, each one alone, never forced."""

from __future__ import annotations

import os
import threading
import time
from typing import Callable, Optional, Tuple

from stagectl.adapters.git.git import LOCKED, Git, GitError, GitLocked
from stagectl.core.errors import StagectlError
from stagectl.core.model import Oid

ASK_SECONDS = 60.0  # how long a question to a remote may take
MOVE_SECONDS = 600.0  # how long a fetch or a push of the applied branch may take, if the config says nothing
NOTED_AFTER = 5.0  # seconds until it is noted what is waited for
NO_ANSWER = 124  # the exit code of a git that took too long
_PAUSES = (0.1, 0.3, 0.6, 1.0)  # seconds between two tries where another push is at work at the same ref
Note = Callable[[str], None]
Push = Callable[[], Tuple[int, bytes]]  # tries once: exit code and stderr
_ENV = {"GIT_TERMINAL_PROMPT": "0"}
# Whatever the user's config says: nothing but the one ref, and no file of the user's is written.
_NOTHING_ELSE = ("--no-tags", "--no-prune", "--recurse-submodules=no", "--refmap=", "--no-write-fetch-head")
_FETCH = ("fetch", "--quiet", *_NOTHING_ELSE)
_PUSH = ("push", "--quiet", "--no-follow-tags", "--recurse-submodules=no")


class Remote:
    """One remote of a repository, by the name that git has for it.

    seconds: how long a fetch or a push of the applied branch may take; note gets one that takes a while.
    """

    def __init__(self, git: Git, name: str, seconds: float = MOVE_SECONDS, note: Note = lambda text: None) -> None:
        self.git, self.name, self._seconds, self._note = git, name, seconds, note

    def read(self, ref: str, seconds: float = ASK_SECONDS) -> Optional[Oid]:
        """Ask what a ref stands at, None if there is none; raises GitError when no answer comes."""
        arguments = ("ls-remote", "--end-of-options", self.name, ref)
        code, out, err = self.git.try_run(*arguments, env=_ENV, seconds=seconds)
        if code:
            raise self._refusal("git ls-remote failed", code, err)
        rows = [line.split("\t") for line in out.decode("utf-8", "replace").splitlines()]
        return next((Oid(oid) for oid, name in rows if name == ref), None)

    def fetch(self, ref: str, into: str) -> Optional[Oid]:
        """Bring a ref, with its history, into a ref here; return it, None if the remote has none.

        Raises StagectlError, and leaves the ref here alone, when the remote's one does not contain it any more.
        """
        code, err = self._transfer("fetch", ref, *_FETCH, "--end-of-options", self.name, f"{ref}:{into}")
        if code == 0:
            return self.git.find(into)
        there, before = self.read(ref), self.git.find(into)
        if there is None:
            return None
        if before is not None and self.git.find(there) == there and not self.git.is_ancestor(before, there):
            raise StagectlError(
                f"{ref} was rewritten on {self.name}: it does not contain {before[:12]} any more",
                f"ask who did; to go on with what is there now: git fetch {self.name} +{ref}:{into}",
            )
        raise self._refusal("git fetch failed", code, err)

    def bring(self, ref: str) -> None:
        """Bring the objects of a ref, and let no ref here stand at them."""
        code, err = self._try(ASK_SECONDS, *_FETCH, "--end-of-options", self.name, ref)
        if code:
            raise self._refusal("git fetch failed", code, err)

    def advance(self, ref: str, new: Oid, old: Optional[Oid]) -> Optional[Oid]:
        """Move a branch forward; return what it stands at: *new*, or what another put there.

        A plain push: git itself refuses whatever does not contain what is there, and the remote compares and swaps.
        Raises GitError when it is not moved though no other moved it.
        """
        words = (*_PUSH, "--end-of-options", self.name, f"{new}:{ref}")
        return self._moved(lambda: self._transfer("push", ref, *words), ref, new, old)

    def swap(self, ref: str, new: Optional[Oid], old: Optional[Oid], seconds: float = ASK_SECONDS) -> Optional[Oid]:
        """Put a ref at *new* (None: delete it) if it stands at *old*; return what it stands at then.

        The value must be one that no other can push: git calls a push of an equal value a success, however wrong
        the lease. Raises GitError when it is not moved though no other moved it.
        """
        lease = f"--force-with-lease={ref}:{old or ''}"
        words = (*_PUSH, "--no-verify", "--no-signed", lease, "--end-of-options", self.name, f"{new or ''}:{ref}")
        return self._moved(lambda: self._try(seconds, *words), ref, new, old, seconds)

    def _try(self, seconds: float, *arguments: str) -> Tuple[int, bytes]:
        code, _, err = self.git.try_run(*arguments, env=_ENV, seconds=seconds)
        return code, err

    def _transfer(self, what: str, ref: str, *arguments: str) -> Tuple[int, bytes]:
        """Return how a fetch or a push ended; one that takes a while is noted, one that takes too long is ended."""
        text = f"waiting for {self.name}: git {what} of {ref} (for {self._seconds:.0f} s at the most)"
        noting = threading.Timer(NOTED_AFTER, self._note, [text])
        noting.daemon = True
        noting.start()
        try:
            code, err = self._try(self._seconds, *arguments)
        finally:
            noting.cancel()
        more = b"; remote_timeout in stagectl.yaml gives it more" if code == NO_ANSWER else b""
        return code, err + more

    def _refusal(self, what: str, code: int, err: bytes) -> GitError:
        """Return the error for a git that failed; a lock that is in its way may be here or there."""
        there = LOCKED.search(b"".join(line for line in err.splitlines(True) if line.startswith(b"remote: ")))
        if there is None:
            said = (line for line in err.strip().splitlines() if not line.startswith(b"hint:"))
            return self.git.refusal(what, code, b"\n".join(said).strip())
        lock = os.fsdecode(there.group(1))
        return GitLocked(
            f"{what}: {lock} is there on {self.name}: another push is at work, or one was killed",
            f"wait for it; if no git runs there any more, an operator has to remove it on {self.name}",
        )

    def _moved(
        self, push: Push, ref: str, new: Optional[Oid], old: Optional[Oid], seconds: float = ASK_SECONDS
    ) -> Optional[Oid]:
        """Push, and again while another push is at the same ref; return what it stands at then.

        Of a push that failed the answer may have been lost, not its effect. Raises GitError where it stands as before.
        """
        pauses = list(_PAUSES)
        while True:
            code, err = push()
            there = new if code == 0 else self.read(ref, seconds)
            if code == 0 or there != old:
                return there
            refusal = self._refusal("git push failed", code, err)
            if not (pauses and isinstance(refusal, GitLocked)):
                raise refusal
            time.sleep(pauses.pop(0))
