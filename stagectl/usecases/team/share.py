"""Sharing with the team: locks on the remote, and the applied branch fetched before an apply and pushed after it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Tuple, TypeVar

from stagectl.adapters.applied.replay import replayed_commits, touched_resources
from stagectl.adapters.git.git import GitError, GitLocked
from stagectl.adapters.remote.holding import Holding
from stagectl.adapters.remote.remote import Note, Remote
from stagectl.adapters.remote.remote_lock import Board, LockRef, Meets, Refused, new_lock, take
from stagectl.adapters.running import lock as machine
from stagectl.core.errors import Busy, StagectlError
from stagectl.core.locks import WHOLE, Lock, Portion
from stagectl.core.model import Oid
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.together import commits_since, put_on_top

T = TypeVar("T")
TRIES, PAUSE = 40, 0.1  # how often a push is tried again that others were faster with; seconds between two tries


class Alone:
    """An apply that shares nothing: there is no remote, or --offline was given."""

    def begin(self, run: str) -> None:
        """Learn the run."""

    def extend(self, part: Portion, meets: Meets) -> None:
        """Hold more."""

    def loss(self) -> str:
        """Return why nothing more may start, "" while nothing speaks against it."""
        return ""

    def publish(self) -> str:
        """Share the applied branch; return why that did not work, "" when it did."""
        return ""

    def now(self, commit: Optional[Oid]) -> Optional[Oid]:
        """Return what an applied commit is after it was put on top of others."""
        return commit


class Shared(Alone):
    """An apply that holds a lock on the remote and has what all others applied."""

    def __init__(self, team: Team, remote: Remote, holding: Holding) -> None:
        self._team, self._remote, self._holding = team, remote, holding

    def begin(self, run: str) -> None:
        """Put the run's name on the lock; raises Busy if it is lost already."""
        self._holding.name_run(run)

    def extend(self, part: Portion, meets: Meets) -> None:
        """Hold more; raises Busy where another holder has some of that."""
        self._holding.extend(part, meets)

    def loss(self) -> str:
        """Return that the lock is lost, and why."""
        why = self._holding.assure()
        return f"the lock on {self._remote.name} was lost: {why}" if why else ""

    def publish(self) -> str:
        """Push the applied branch, on top of what others pushed; return why that did not work, "" when it did."""
        try:
            for _ in range(TRIES):
                if self._try_to_push():
                    return ""
                time.sleep(PAUSE)
        except (StagectlError, OSError) as error:
            return error.message if isinstance(error, StagectlError) else str(error)
        return f"{self._team.ref} keeps moving on {self._remote.name}"

    def now(self, commit: Optional[Oid]) -> Optional[Oid]:
        """Return what an applied commit is after it was put on top of others."""
        became = replayed_commits(self._team.workspace.git)
        while commit in became:
            commit = became[commit]
        return commit

    def _try_to_push(self) -> bool:
        """Try once; return whether it is there. What others pushed is put below, and no ref is at it before that is."""
        workspace, ref, remote = self._team.workspace, self._team.ref, self._remote
        git, ours, known = workspace.git, self._team.ours, self._team.known
        if ours is None or ours == known or (known and git.is_ancestor(ours, known)):
            return True
        if push(workspace, remote, ours, known):
            return True
        theirs = remote.read(ref)
        if theirs is None:
            return False
        if git.find(theirs) is None:
            remote.bring(ref)
        if git.is_ancestor(ours, theirs):  # another process of this clone pushed it
            return True
        found = put_on_top(git, ours, theirs, f"{ref} here and on {remote.name}")
        if found.conflicts or found.tip is None:
            others = ", ".join(commit.named for commit in found.others) or "an unknown change"
            raise StagectlError(f"{ref} moved on {remote.name} meanwhile: {others}")
        git.move_ref(ref, found.tip, ours, "sync")  # if it moved here, too, the next try begins with that
        return False


class Team:
    """The remote as an apply uses it: none at all without one, or offline.

    what: the command; note gets what is waited for, and which locks were taken over.
    """

    def __init__(self, workspace: Workspace, what: str, note: Note, *, offline: bool) -> None:
        self.workspace, self.ref = workspace, applied_ref(workspace)
        self._what, self._note = what, note
        self.seconds = 2.0 * workspace.config.remote_timeout  # how long another process here may be at the branch
        self._is_there = True  # whether the remote has the branch, as far as it was asked
        self.is_alone = offline or workspace.config.remote not in workspace.git.remotes()

    def catch_up(self) -> None:
        """Have the applied branch of the remote; raises GitError when it does not answer."""
        if self.is_alone:
            return
        if not self.workspace.branch.is_known:
            self.workspace.refuse_unfetched()
        remote = remote_of(self.workspace, self._note)
        self._is_there = or_offline(remote, lambda: fetch(self.workspace, remote)) is not None

    @property
    def ours(self) -> Optional[Oid]:
        """Where the applied branch stands here."""
        return self.workspace.git.find(self.ref)

    @property
    def known(self) -> Optional[Oid]:
        """Where the applied branch stands on the remote, as far as this clone has seen it."""
        return self.workspace.git.find(tracking_ref(self.workspace)) if self._is_there else None

    def unshared_portion(self) -> Portion:
        """Return what the remote does not know yet of what was done here."""
        git, ours, known = self.workspace.git, self.ours, self.known
        if self.is_alone or ours is None or ours == known:
            return Portion()
        if known is None:
            return WHOLE
        return Portion(touched_resources(git, [commit.commit for commit in commits_since(git, ours, known)]))

    @contextmanager
    def holding(self, here: machine.Here, meets: Optional[Meets], run: str = "") -> Iterator[Alone]:
        """Hold on the remote what is held here; raises Busy where another holder has some of that."""
        if self.is_alone:
            yield Alone()
            return
        remote = remote_of(self.workspace, self._note)
        at = LockRef(remote, self.workspace.config.lock_ref)
        holding = Holding(at, *or_offline(remote, lambda: self._take(at, here, meets, run)))
        try:
            yield Shared(self, remote, holding)
        finally:
            if _release(remote, holding, self._note):
                here.say(remote="")

    def _take(self, at: LockRef, here: machine.Here, meets: Optional[Meets], run: str) -> Tuple[Board, Lock]:
        """Take the lock on the remote, also from processes of this clone that left theirs."""
        scratch, config = self.workspace.git.own_scratch(), self.workspace.config
        owner = self.workspace.git.check_identity()
        lock = new_lock(owner, self._what, config.lock_term, part=here.part, run=run)
        left = machine.find_left_locks(scratch)
        here.say(remote=lock.id)
        try:
            board = take(at, lock, self._note, meets=meets, left=left)
        except (Refused, GitLocked, Busy):  # else it may have arrived
            here.say(remote="")
            raise
        machine.forget_left(scratch)
        return board, lock


@contextmanager
def shared(team: Team, here: machine.Here, run: str = "") -> Iterator[Alone]:
    """Hold on the remote what is held here, and have its applied branch; nothing of it without a remote, or offline.

    Raises Busy where another holder has some of it, and GitError when the remote does not answer. The caller reads
    the applied branch anew.
    """
    with team.holding(here, None, run) as found:
        with machine.moment(team.workspace.git.own_scratch(), machine.BRANCH):
            team.catch_up()
        yield found


def or_offline(remote: Remote, ask: Callable[[], T]) -> T:
    """Return what a remote answers; raises GitError with the way out when it does not."""
    try:
        return ask()
    except (Refused, GitLocked):
        raise
    except GitError as error:
        raise GitError(
            f"{remote.name} does not answer: {error.message}",
            "--offline applies without it; share that later with: stagectl sync",
        ) from None


def _release(remote: Remote, holding: Holding, note: Note) -> bool:
    """Give the lock back, unless it was lost; return whether it is held from here no more."""
    try:
        holding.release()
    except StagectlError as error:
        note(f"warning: the lock on {remote.name} could not be given back, and ends with its term: {error.message}")
        return False
    if holding.lost:
        note(f"warning: the lock on {remote.name} was lost: {holding.lost}; nothing more was started")
    return True


# --- the applied branch, here and there


def remote_of(workspace: Workspace, note: Note = lambda text: None) -> Remote:
    """Return the remote that the team shares; raises StagectlError if this clone has none.

    note: gets what is waited for.
    """
    name = workspace.config.remote
    if name not in workspace.git.remotes():
        raise StagectlError(
            f"there is no remote '{name}' here",
            f"add it: git remote add {name} URL; or name another one in stagectl.yaml: remote",
        )
    return Remote(workspace.git, name, workspace.config.remote_timeout, note)


def applied_ref(workspace: Workspace) -> str:
    """Return the full name of the applied branch, the same here and on the remote."""
    return f"refs/heads/{workspace.config.applied_branch}"


def tracking_ref(workspace: Workspace) -> str:
    """Return the full name of the copy of the remote's applied branch."""
    return f"refs/remotes/{workspace.config.remote}/{workspace.config.applied_branch}"


def fetch(workspace: Workspace, remote: Remote) -> Optional[Oid]:
    """Fetch the applied branch, and nothing else, into its remote-tracking branch; None if the remote has none."""
    return remote.fetch(applied_ref(workspace), tracking_ref(workspace))


def push(workspace: Workspace, remote: Remote, new: Oid, expected: Optional[Oid]) -> bool:
    """Push an applied commit that contains what the remote had; return whether no other clone was faster."""
    if remote.advance(applied_ref(workspace), new, expected) != new:
        return False
    tracking = tracking_ref(workspace)
    workspace.git.move_ref(tracking, new, workspace.git.find(tracking), "push")  # where no fetch rule has git do it
    return True
