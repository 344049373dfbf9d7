"""The Python API that looks, and that is about the team."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters.remote.remote import Note
from stagectl.api.opened import Opened, ignore_news
from stagectl.core.locks import Lock
from stagectl.core.model import Kind
from stagectl.core.pictures.reports import (
    Blame,
    Locks,
    LogEntry,
    Project,
    ResourceDiff,
    ResourceNode,
    Shown,
    Syncing,
    Verification,
)
from stagectl.core.pictures.status import Status
from stagectl.core.plans.selection import Selection
from stagectl.usecases.history.blame import blame
from stagectl.usecases.history.log import LogFilter, entries
from stagectl.usecases.history.verify import verify
from stagectl.usecases.looking.compare import compare
from stagectl.usecases.looking.graph import graph
from stagectl.usecases.looking.projects import projects
from stagectl.usecases.looking.show import show
from stagectl.usecases.looking.status import status
from stagectl.usecases.looking.validate import Validation, validate
from stagectl.usecases.setup import schemas
from stagectl.usecases.team import locks as team
from stagectl.usecases.team.sync import sync


class Looking(Opened):
    """What there is, what was done, what is wrong, and who holds what."""

    def status(self) -> Status:
        """Return where everything stands."""
        return status(self._workspace())

    def diff(
        self,
        names: Sequence[str] = (),
        tags: Sequence[str] = (),
        *,
        unstaged: bool = False,
        before: Optional[str] = None,
        after: Optional[str] = None,
    ) -> Tuple[ResourceDiff, ...]:
        """Return the values that differ from what is applied to what is staged.

        unstaged: from what is staged to the definitions; before, after: from and to a revision.
        """
        chosen = Selection(tuple(names), tuple(tags))
        return compare(self._workspace(), chosen, unstaged=unstaged, before=before, after=after)

    def graph(self, names: Sequence[str] = (), tags: Sequence[str] = ()) -> Tuple[ResourceNode, ...]:
        """Return the resources with what they read and name; of chosen ones with all ancestors and descendants."""
        return graph(self._workspace(), Selection(tuple(names), tuple(tags)))

    def projects(self, changed_since: Optional[str] = None) -> List[Project]:
        """Return the projects of the git repository, with what each has pending; changed_since: those touched since."""
        return projects(self._workspace(), changed_since)

    def kinds(self) -> Mapping[str, Kind]:
        """Return the kinds by name."""
        return self._workspace().kinds()

    def schema(self, which: Optional[str] = None, kind: Optional[str] = None) -> Any:
        """Return the JSON Schema of a kind of file, or all by name; kind: with the inputs of this kind."""
        return schemas.schema_of_kind(self._workspace(), which, kind) if kind else schemas.schemas(which)

    def log(
        self,
        name: Optional[str] = None,
        count: Optional[int] = None,
        *,
        tags: Sequence[str] = (),
        action: Optional[str] = None,
        since: Optional[str] = None,
    ) -> List[LogEntry]:
        """Return who staged and applied what, newest first; since: a date as git reads it."""
        return entries(self._workspace(), LogFilter(name, tuple(tags), action, since, count))

    def blame(self, name: str) -> List[Blame]:
        """Return who staged each value of a resource, and which apply made it live."""
        return blame(self._workspace(), name)

    def show(self, name: str, at: Optional[str] = None) -> Shown:
        """Return one resource as defined, staged and applied; at: a revision."""
        return show(self._workspace(), name, at)

    def validate(self) -> Validation:
        """Return what is wrong in any file, as staged now and once everything is staged."""
        return validate(self._workspace())

    def verify(self, *, signed: bool = False) -> Verification:
        """Return whether the applied history is intact; signed: whether every applied commit has a good signature."""
        return verify(self._workspace(), signed=signed)

    def sync(self, *, note: Note = ignore_news) -> Syncing:
        """Bring the applied branch here and on the remote in step."""
        return sync(self._workspace(), note)

    def locks(self) -> Locks:
        """Return who is applying, or has locked, here and on the remote."""
        return team.locks(self._workspace())

    def lock(
        self, reason: str, names: Sequence[str] = (), tags: Sequence[str] = (), *, note: Note = ignore_news
    ) -> Lock:
        """Lock the remote for maintenance, all of it or a part: no apply that touches it starts until the unlock."""
        return team.lock(self._workspace(), reason, Selection(tuple(names), tuple(tags)), note)

    def unlock(self, identity: str) -> Lock:
        """Take a lock on the remote away, and return it."""
        return team.unlock(self._workspace(), identity)
