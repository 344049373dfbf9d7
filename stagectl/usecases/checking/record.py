"""Recording what was seen: an applied commit of its own, beside what was applied (docs/design.md, section 10)."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from stagectl.adapters.applied.write import Lineage, write
from stagectl.adapters.remote.remote import Note
from stagectl.adapters.running.lock import only_one
from stagectl.core.errors import StagectlError
from stagectl.core.model import Applied, Name, Oid
from stagectl.core.running.looks import Checked, Look, Seen, onto
from stagectl.usecases.applying.record import alone
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.team.share import Alone, Team, shared

TRIES = 5  # how often the commit is made again because the branch moved


@contextmanager
def locked(workspace: Workspace, note: Note, *, offline: bool) -> Iterator[Alone]:
    """Hold the locks that an apply holds: this clone's and that on the remote."""
    with ExitStack() as locks:
        here = locks.enter_context(only_one(workspace.git.own_scratch(), "check"))
        team = locks.enter_context(shared(Team(workspace, "check", note, offline=offline), here))
        locks.enter_context(alone(workspace))
        yield team


def record(workspace: Workspace, checked: Checked, team: Alone) -> Checked:
    """Store what was seen of what is still applied as it was when it was looked at; the locks are held.

    Nothing is committed where nothing changed.
    """
    by = workspace.git.check_identity()
    for _ in range(TRIES):
        fresh = Workspace(workspace.root)  # the applied branch may have been fetched
        tip, branch = fresh.branch.tip, fresh.branch
        states, looks = _states(fresh, tip, checked.looks)
        if not states:
            return replace(checked, unshared=team.publish())
        commit = write(fresh.git, Lineage(tip), states, _message(looks, [f"Checked-by: {by}", f"Base: {tip}"]))
        if fresh.git.move_ref(branch.ref, commit, branch.local, "check"):
            return _publish(replace(checked, recorded=commit), team)
    raise StagectlError("the applied branch keeps moving; what was seen is not recorded", "check again")


def _publish(checked: Checked, team: Alone) -> Checked:
    unshared = team.publish()
    return replace(checked, unshared=unshared, recorded=team.now(Oid(checked.recorded or "")))


def _states(
    workspace: Workspace, tip: Optional[Oid], looks: Tuple[Look, ...]
) -> Tuple[Dict[Name, Optional[Applied]], List[Look]]:
    """Return the states that a check changes, and the looks that are behind that."""
    from stagectl.adapters.applied.store import load_some

    if tip is None:
        return {}, []
    now = load_some(workspace.git, tip, [look.name for look in looks if look.has_seen])
    states: Dict[Name, Optional[Applied]] = {}
    behind = []
    for look in looks:
        after = onto(look, now.get(look.name))
        if after is not None and after != now[look.name]:
            states[look.name] = after
            behind.append(look)
    return states, behind


def _message(looks: List[Look], first: Sequence[str]) -> str:
    """Return the message of a check. first: the trailers before those of what was looked at."""
    states = [look.state for look in looks]
    counts = [f"{states.count(state)} {state}" for state in Seen if state in states]
    trailers = [*first, *(f"Checked: {look.name} {look.state}" for look in looks)]
    return f"check: {', '.join(counts)}\n\n" + "\n".join(trailers) + "\n"
