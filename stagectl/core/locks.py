"""The locks on a remote as values: who holds what, and as the message of the commit that their ref points at."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Tuple

from stagectl.core.model import Name
from stagectl.core.printable import few
from stagectl.core.values import canonical

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
_LISTS = ("writes", "looks", "targets", "names", "tags")


@dataclass(frozen=True)
class Portion:
    """What a holder has for itself; no other may write or look at what it writes, nor act on its targets.

    writes: resources that it may change, hold back or record; looks: those which these read or name; targets: values
    of the input `target`; names, tags: globs and expressions of what is locked on purpose, whatever is staged later;
    whole: everything there is.
    """

    writes: FrozenSet[Name] = frozenset()
    looks: FrozenSet[Name] = frozenset()
    targets: FrozenSet[str] = frozenset()
    names: Tuple[str, ...] = ()
    tags: Tuple[str, ...] = ()
    whole: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether no other has to wait for it."""
        return not (self.whole or self.writes)

    def covers(self, other: Portion) -> bool:
        """Return whether a holder of this holds the other, too."""
        if self.whole or other.whole:
            return self.whole
        pairs = ((self.writes, other.writes), (self.writes | self.looks, other.looks), (self.targets, other.targets))
        return all(more <= mine for mine, more in pairs)

    def with_more(self, other: Portion) -> Portion:
        """Return both together."""
        return Portion(
            self.writes | other.writes,
            self.looks | other.looks,
            self.targets | other.targets,
            self.names,
            self.tags,
            self.whole or other.whole,
        )


WHOLE = Portion(whole=True)


def in_common(one: Portion, other: Portion) -> Tuple[str, ...]:
    """Return what keeps two holders from being at work at once, sorted; nothing where they have nothing in common."""
    if one.whole or other.whole:
        return ("everything",)
    names = one.writes & (other.writes | other.looks) | (one.looks & other.writes)
    return (*sorted(names), *(f"target {target}" for target in sorted(one.targets & other.targets)))


def about(part: Portion) -> str:
    """Return what is locked, in words."""
    if part.whole:
        return "everything"
    if part.names or part.tags:
        return " ".join((*part.names, *(f"-t '{expression}'" for expression in part.tags)))
    targets = (f"target {target}" for target in sorted(part.targets))
    return few((*sorted(part.writes), *targets)) or "nothing"


@dataclass(frozen=True)
class Lock:
    """One holder's lock. id: the same through all renewals; run: the run it is held for, "" while there is none.

    since, renewed: times as the holder's clock had them, UTC, for people and first guesses only; term: seconds without
    a renewal after which an observer may take its holder for dead, 0 for maintenance, which never ends by itself;
    nonce: makes every value of the ref one of its kind; stolen_from: the dead holders' locks that this one took over;
    part: what it is about.
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
    part: Portion = field(default=WHOLE)

    @property
    def is_maintenance(self) -> bool:
        """Whether it was locked on purpose, so that the lock stays until it is unlocked."""
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


def message_of(*locks: Lock) -> str:
    """Return the message of the commit that says this of its holders, a paragraph for each."""
    return f"lock: {_line('; '.join(lock.reason for lock in locks))}\n\n" + "\n".join(map(_paragraph, locks))


def _paragraph(lock: Lock) -> str:
    values = {key: getattr(lock, field) for field, key in _KEYS.items()}
    return "".join(f"{key}: {_line(value)}\n" for key, value in values.items() if value != "")


def _line(value: object) -> str:
    return " ".join(str(value).split())


def locks_of(text: str) -> Tuple[Lock, ...]:
    """Return the locks that a commit's message describes, none if it is about something else."""
    if not text.startswith("lock: "):
        return ()
    found: List[Lock] = []
    for paragraph in text.split("\n\n")[1:]:
        words: Dict[str, str] = {}
        for line in paragraph.splitlines():
            key, separator, value = line.partition(": ")
            if separator:
                words.setdefault(key, value.strip())
        found += _lock({field: words.get(key, "") for field, key in _KEYS.items()})
    return tuple(found)


def _lock(words: Mapping[str, str]) -> List[Lock]:
    if not re.fullmatch(r"[0-9a-zA-Z]{1,40}", words["id"]) or not words["owner"]:
        return []
    more: Dict[str, Any] = {
        "term": min(_number(words["term"], _DEFAULT_TERM), _LONGEST_TERM),
        "renewal": _number(words["renewal"], 0),
    }
    return [Lock(**{**words, **more})]


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else default


def part_json(part: Portion) -> Dict[str, Any]:
    """Return what a holder has for itself as plain values."""
    return {"whole": part.whole, **{key: sorted(getattr(part, key)) for key in _LISTS}}


def part_text(part: Portion) -> str:
    """Return what a holder has for itself as the text of its file beside the message."""
    return canonical(part_json(part)) + "\n"


def part_of_text(text: str) -> Portion:
    """Return what such a text says; everything where it cannot be read, which keeps others away."""
    try:
        raw = json.loads(text)
        lists = {key: [str(word) for word in raw[key]] for key in _LISTS}
        if raw["whole"] is not False:
            return WHOLE
    except (ValueError, TypeError, KeyError, RecursionError):
        return WHOLE
    return Portion(
        frozenset(map(Name, lists["writes"])),
        frozenset(map(Name, lists["looks"])),
        frozenset(lists["targets"]),
        tuple(lists["names"]),
        tuple(lists["tags"]),
    )
