"""The index: what is known of one applied state, in a file that answers questions about a few resources at once.

One SQLite file per applied state and kinds; index_files.py finds and makes them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Set, Tuple

from stagectl.adapters.applied import store
from stagectl.core.errors import FlawedFile, StagectlError
from stagectl.core.model import Applied, Kind, Name, Oid, Resource
from stagectl.core.planning.impact import Known
from stagectl.core.planning.resolve import Node
from stagectl.core.schemas import schema, settings

Row = Tuple[Name, Any, Any]  # name, the two documents (None: not live), `.applied/<name>.json`; both as parsed

FORMAT = 2  # one up whenever rows mean something else
_AT_ONCE = 500  # values in one question
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
TABLES = """
CREATE TABLE resource (id INTEGER PRIMARY KEY, name TEXT, folded TEXT, tags TEXT, documents TEXT, state TEXT);
CREATE TABLE reading (parent TEXT, input TEXT, child TEXT, own TEXT,
    PRIMARY KEY (parent, input, child, own)) WITHOUT ROWID;
CREATE TABLE relation (parent TEXT, child TEXT, reacts INTEGER, PRIMARY KEY (parent, child)) WITHOUT ROWID;
CREATE TABLE open (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_LOOKUPS = (
    "CREATE UNIQUE INDEX resource_name ON resource (name)",
    "CREATE INDEX reading_child ON reading (child)",
    "CREATE INDEX relation_child ON relation (child)",
    "CREATE INDEX resource_folded ON resource (folded)",
)


class Key(NamedTuple):
    """What an index is about: the trees of an applied commit, and a digest of the kinds that it was judged by."""

    staged: Oid
    applied: Oid
    kinds: str

    @property
    def word(self) -> str:
        """The word that stands for it in the names of files."""
        text = f"{FORMAT} {self.staged} {self.applied} {self.kinds}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]


class Damaged(Exception):
    """An index that turned out to be damaged while it was read; its file is gone, so that it is made anew."""


class Index(Known):
    """One open index; its questions raise Damaged."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        options = "mode=rwc" if write else "mode=ro&immutable=1"
        self.db = sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, isolation_level=None)
        self.db.execute("PRAGMA synchronous=OFF")
        if write:
            self.db.execute("PRAGMA journal_mode=OFF")  # nobody sees the file before it is done
        self._states: Dict[Name, Applied] = {}

    def load(self) -> Index:
        """Read what every question needs."""
        self.meta = dict(self.db.execute("SELECT key, value FROM meta"))
        if self.meta.get("format") != str(FORMAT):
            raise sqlite3.DatabaseError("another format")
        self.open = frozenset(Name(name) for (name,) in self.db.execute("SELECT name FROM open"))
        raw = json.loads(self.meta["raw kinds"])
        self.kinds = {name: settings.kind(name, [kind], is_checked=True) for name, kind in raw.items()}
        return self

    def states(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        wanted = set(names)
        missing = wanted - self._states.keys()
        rows = self.rows(missing)
        try:
            self._states.update({name: meant(row) for name, row in rows.items()})
        except (StagectlError, FlawedFile, *MALFORMED):
            raise self._damaged() from None
        return {name: self._states[name] for name in wanted & self._states.keys()}

    def beside(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        return {
            name: store.parse_state(raw, Resource(name, documents[0]["kind"], tuple(documents[0].get("tags") or ())))
            for name, documents, raw in self.rows(names).values()
            if documents is not None
        }

    def readers(self, nodes: Iterable[Node]) -> Set[Node]:
        wanted = set(nodes)
        question = "SELECT parent, input, child, own FROM reading WHERE parent IN"
        found = self._ask(question, sorted({name for name, _ in wanted}))
        return {(Name(child), own) for parent, key, child, own in found if (parent, key) in wanted}

    def related(self, names: Iterable[Name], *, reacting: bool) -> Set[Name]:
        only = "reacts = 1 AND " if reacting else ""
        question = f"SELECT child FROM relation WHERE {only}parent IN"  # noqa: S608
        return {Name(child) for (child,) in self._ask(question, sorted(names))}

    def rows(self, names: Iterable[Name]) -> Dict[Name, Row]:
        """Return what `put` was given for some resources."""
        question = "SELECT name, documents, state FROM resource WHERE name IN"
        found = list(self._ask(question, sorted(names)))
        try:
            return {
                Name(name): (Name(name), json.loads(documents) if documents else None, json.loads(state))
                for name, documents, state in found
            }
        except MALFORMED:
            raise self._damaged() from None

    def twins(self, names: Iterable[Name]) -> Set[Name]:
        """Return the names known that differ from one of these in case alone, or not at all."""
        question = "SELECT name FROM resource WHERE folded IN"
        return {Name(name) for (name,) in self._ask(question, sorted({name.casefold() for name in names}))}

    def live(self) -> int:
        """Return how many resources are live."""
        return int(self.meta["live"])

    def tags(self) -> Dict[Name, FrozenSet[str]]:
        """Return the tags of every resource, as applied."""
        rows = self._all("SELECT name, tags FROM resource")
        return {Name(name): frozenset(tags.split(" ")) - {""} for name, tags in rows}

    def parents(self) -> Dict[Name, FrozenSet[Name]]:
        """Return whom every resource that is live, as applied, reads, comes after and reacts on."""
        found: Dict[Name, Set[Name]] = {}
        for parent, child in self._all("SELECT parent, child FROM relation WHERE reacts >= 0"):
            found.setdefault(Name(child), set()).add(Name(parent))
        return {name: frozenset(parents) for name, parents in found.items()}

    def _ask(self, question: str, values: Sequence[str]) -> Iterator[Any]:
        for start in range(0, len(values), _AT_ONCE):
            some = values[start : start + _AT_ONCE]
            yield from self._all(f"{question} ({','.join('?' * len(some))})", some)

    def _all(self, question: str, values: Sequence[str] = ()) -> List[Any]:
        try:
            return list(self.db.execute(question, values))
        except sqlite3.Error:
            raise self._damaged() from None

    def _damaged(self) -> Damaged:
        with suppress(OSError):
            self.path.unlink()
        return Damaged()

    # --- writing

    def put(self, rows: Iterable[Prepared]) -> None:
        """Add resources, in the order of their names."""
        rows = list(rows)
        resources = [(row.name, row.name.casefold(), row.tags, row.documents, row.state) for row in rows]
        self.db.executemany("INSERT INTO resource (name, folded, tags, documents, state) VALUES (?,?,?,?,?)", resources)
        readings = sorted({reading for row in rows for reading in row.readings})
        self.db.executemany("INSERT INTO reading VALUES (?,?,?,?)", readings)
        relations = sorted(relation for row in rows for relation in row.relations)
        self.db.executemany("INSERT INTO relation VALUES (?,?,?)", relations)

    def drop(self, names: Iterable[Name]) -> None:
        """Take resources out."""
        for name in names:
            self._states.pop(name, None)
            for question in ("resource WHERE name", "reading WHERE child", "relation WHERE child"):
                self.db.execute(f"DELETE FROM {question} = ?", (name,))  # noqa: S608

    def finish(self, key: Key, kinds: Mapping[str, Kind], live: int, open_now: Iterable[Name]) -> None:
        """Say what the index is about; live: how many resources are."""
        self.db.execute("DELETE FROM open")
        self.db.executemany("INSERT INTO open VALUES (?)", [(name,) for name in sorted(open_now)])
        meta = {"format": str(FORMAT), "staged": key.staged, "applied": key.applied, "kinds": key.kinds}
        meta["live"] = str(live)
        meta["raw kinds"] = json.dumps({name: kind.raw for name, kind in kinds.items()}, ensure_ascii=False)
        self.db.execute("DELETE FROM meta")
        self.db.executemany("INSERT INTO meta VALUES (?,?)", sorted(meta.items()))


class Prepared(NamedTuple):
    """What the tables hold of one resource, as texts and tuples that another process can hand over."""

    name: Name
    tags: str
    documents: str
    state: str
    readings: List[Tuple[str, str, str, str]]
    relations: List[Tuple[str, str, int]]


def prepared(row: Row, state: Applied) -> Prepared:
    """Return a resource as the tables hold it; state: what its row means (see `meant`)."""
    name, documents, raw = row
    resource = state.resource
    return Prepared(
        name,
        " ".join(state.tags),
        "" if documents is None else _text(documents),
        _text(raw),
        [] if resource is None else list(_readings(resource)),
        [] if resource is None else list(_relations(resource)),
    )


def meant(row: Row) -> Applied:
    """Return the applied state of a resource, without the bytes of its file."""
    name, documents, raw = row
    resource = None if documents is None else schema.resource(name, documents, b"", staged=True)
    return store.parse_state(raw, resource)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _readings(resource: Resource) -> Iterator[Tuple[str, str, str, str]]:
    for own, references in resource.references.items():
        yield from ((reference.name, reference.path[0], resource.name, own) for reference in references)


def _relations(resource: Resource) -> Iterator[Tuple[str, str, int]]:
    """Yield whom a resource names; reacts: 1 if in `react_on`, -1 if only under `unordered`, which makes no parent."""
    reacting = {trigger.on.rpartition(".")[0] for triggers in resource.react_on.values() for trigger in triggers}
    for parent in resource.parents:
        yield parent, resource.name, int(parent in reacting)
    for other in set(resource.unordered) - resource.parents - {resource.name}:
        yield other, resource.name, -1


def make_lookups(index: Index) -> None:
    """Make what finds rows fast; made when all are there, which is faster."""
    for statement in _LOOKUPS:
        index.db.execute(statement)
