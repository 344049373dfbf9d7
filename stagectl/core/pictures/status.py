"""What `status` says: apart from the other reports, so that it loads none of them."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional, Tuple

from stagectl.core.model import ChangeId, Name


class Status(NamedTuple):
    """What differs, each list in name order.

    unstaged: (name, what happened to its definition since it was staged); uncommitted: staged files not committed;
    pending: staged changes not applied, with their cause; held: those that an apply of everything holds back, with the
    reason and what it says; recorded: staged files that differ in nothing that acts;
    affected: children that have to follow; unfinished and owed: what earlier applies left; drifted: what a check saw
    otherwise than it was applied, `drifted` or `gone`; looked: when a check last recorded anything, ISO 8601, and how
    many seconds ago.
    """

    applied: Optional[str] = None
    unstaged: Tuple[Tuple[Name, str], ...] = ()
    uncommitted: Tuple[str, ...] = ()
    pending: Tuple[Tuple[ChangeId, str], ...] = ()
    held: Tuple[Tuple[ChangeId, str, str], ...] = ()
    affected: Tuple[ChangeId, ...] = ()
    recorded: Tuple[Name, ...] = ()
    unfinished: Tuple[ChangeId, ...] = ()
    owed: Tuple[ChangeId, ...] = ()
    drifted: Tuple[Tuple[Name, str], ...] = ()
    looked: Optional[Tuple[str, float]] = None
    live: int = 0
    interrupted: Optional[str] = None  # the run that was interrupted and not finished
    outliving: Mapping[ChangeId, int] = {}  # processes of it that go on all the same

    @property
    def is_clean(self) -> bool:
        """Whether what is defined is staged, committed and applied."""
        lists = (
            self.unstaged,
            self.uncommitted,
            self.pending,
            self.held,
            self.affected,
            self.recorded,
            self.unfinished,
            self.owed,
            self.drifted,
        )
        return not any(lists) and self.interrupted is None


def outliving_text(outliving: Mapping[ChangeId, int]) -> Tuple[str, ...]:
    """Return a line, for people, on each change whose process goes on though the run does not."""
    return tuple(
        f"{identity} still runs, process {process}; wait for it, or end it: kill -- -{process}"
        for identity, process in sorted(outliving.items())
    )
