"""The lock on a remote as a value: who holds it, and as the message of the commit that its ref points at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Optional

_KEYS = {
    "id": "Lock-Id",
    "owner": "Owner",
    "host": "Host",
    "reason": "Reason",
    "run": "Run",
    "since": "Since",
    "renewed": "Renewed",
    "term": "Term",
    "renewal": "Renewal",
    "nonce": "Nonce",
    "stolen_from": "Stolen-from",
}
_LONGEST_TERM = 86400  # seconds; a term beyond that was not written by us
_DEFAULT_TERM = 60


@dataclass(frozen=True)
class Lock:
    """One lock. id: the same through all renewals; run: the run it is held for, "" while there is none.

    since, renewed: times as the holder's clock had them, UTC, for people and first guesses only; term: seconds without
    a renewal after which an observer may take its holder for dead, 0 for maintenance, which never ends by itself;
    nonce: makes every value of the ref one of its kind; stolen_from: the dead holder's lock that this one took over.
    """

    id: str
    owner: str
    host: str = ""
    reason: str = ""
    run: str = ""
    since: str = ""
    renewed: str = ""
    term: int = _DEFAULT_TERM
    renewal: int = 0
    nonce: str = ""
    stolen_from: str = ""

    @property
    def is_maintenance(self) -> bool:
        """Whether it was locked on purpose, so that the lock stays until the unlock."""
        return self.term == 0

    @property
    def holder(self) -> str:
        """Who, where and since when."""
        where = f" on {self.host}" if self.host else ""
        since = f" since {self.since}" if self.since else ""
        return f"{self.owner}{where}{since}"

    @property
    def purpose(self) -> str:
        """What for: the reason, and the run where there is one."""
        return f"{self.reason}, run {self.run}" if self.run else self.reason


def message_of(lock: Lock) -> str:
    """Return the message of the commit that says this of a lock."""
    values = {key: getattr(lock, field) for field, key in _KEYS.items()}
    trailers = [f"{key}: {_line(value)}" for key, value in values.items() if value != ""]
    return f"lock: {_line(lock.reason)}\n\n" + "\n".join(trailers) + "\n"


def _line(value: object) -> str:
    return " ".join(str(value).split())


def lock_of(text: str) -> Optional[Lock]:
    """Return the lock that a commit's message describes, None if it is about something else."""
    found: Dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.partition(": ")
        if separator:
            found.setdefault(key, value.strip())
    words = {field: found.get(key, "") for field, key in _KEYS.items()}
    if not text.startswith("lock: ") or not words["id"] or not words["owner"]:
        return None
    return Lock(
        id=words["id"],
        owner=words["owner"],
        host=words["host"],
        reason=words["reason"],
        run=words["run"],
        since=words["since"],
        renewed=words["renewed"],
        term=min(_number(words["term"], _DEFAULT_TERM), _LONGEST_TERM),
        renewal=_number(words["renewal"], 0),
        nonce=words["nonce"],
        stolen_from=words["stolen_from"],
    )


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else default
