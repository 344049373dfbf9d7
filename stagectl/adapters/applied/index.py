"""The index that an applied commit has of its state, `.applied-index/`, read as far as it is asked."""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from stagectl.adapters.applied.form import parse_form, parse_outside
from stagectl.adapters.applied.store import MALFORMED, WAY_OUT, ParseForm, parse_state, raw_state
from stagectl.adapters.git.git import Git
from stagectl.core.errors import StagectlError
from stagectl.core.indexing.impact import Source
from stagectl.core.indexing.line import NONE, Line, LinesByName, decode, tags_in
from stagectl.core.indexing.shards import OPEN, STARTS, Shard, forks_of, place_in
from stagectl.core.indexing.usage import Counts, Usage, contradicting, decode_usage, decode_variables, is_contradicted
from stagectl.core.model import APPLIED, INDEX, NAME, STAGED, Applied, Kind, Name, Oid
from stagectl.core.references import folder_of

FORMAT = 3  # one up whenever lines, or their verdicts, mean something else
OF, USAGE, VARIABLES = HEADS = ".of", ".kinds", ".variables"  # files beside the shards


Shards = Mapping[str, Mapping[str, Tuple[Oid, bool]]]  # by folder and bits: of each its file, and whether it has OPEN


class Of(NamedTuple):
    """The state that an index is about: its trees, None for one that is not there; and how many resources are live."""

    staged: Optional[Oid]
    applied: Optional[Oid]
    live: int = 0


def of_text(of: Of) -> str:
    """Return the text of `.of`."""
    trees = f"staged {of.staged or NONE}\napplied {of.applied or NONE}\n"
    return f"format {FORMAT}\n{trees}live {of.live}\n"


class Index(Source):
    """The index of one applied commit. of: what it is about; heads: the files beside its shards, by name.

    shards: of each folder, by their bits.
    """

    def __init__(self, git: Git, of: Of, heads: Mapping[str, Oid], shards: Shards) -> None:
        self.of = of
        self.shards = shards
        self._git = git
        self._heads = heads
        self._texts: Dict[Shard, bytes] = {}
        self._lines: Dict[Name, Optional[Line]] = {}
        self._states: Dict[Name, Applied] = {}
        self._forks: Dict[str, Set[str]] = {}

    # --- lines

    def lines(self, names: Iterable[Name]) -> LinesByName:
        wanted = set(names)
        left = wanted - self._lines.keys()
        self._lines.update({**dict.fromkeys(left), **self._look_for(left)})
        return {name: line for name in wanted for line in [self._lines[name]] if line is not None}

    def _look_for(self, names: Iterable[Name], *, columns_only: bool = False) -> LinesByName:
        """Return lines; columns_only: no more of each is read."""
        places = {name: place for name in names for place in [self._place(name, folder_of(name))] if place is not None}
        self._fetch(places.values())
        texts = {name: self._find(name, self._texts[place]) for name, place in places.items()}
        return {name: _decode(name, text, columns_only) for name, text in texts.items() if text is not None}

    def in_folders(self, folders: Iterable[str]) -> LinesByName:
        places = [Shard(folder, bits) for folder in folders for bits in self.shards.get(folder, ())]
        return {name: line for lines in self.shard_lines(places).values() for name, line in lines.items()}

    def shard_lines(self, places: List[Shard]) -> Dict[Shard, LinesByName]:
        """Return every line of some shards."""
        self._fetch(places)
        return {place: {name: _decode(name, text) for name, text in self._rows(place)} for place in places}

    def _place(self, name: Name, folder: str) -> Optional[Shard]:
        """Return the shard in which a name would be, taken to be in a folder; None where there is none."""
        there = self.shards.get(folder, {})
        if folder not in self._forks:
            self._forks[folder] = forks_of(there)
        place = place_in(name, folder, self._forks[folder])
        return place if place.bits in there else None

    def _fetch(self, places: Iterable[Shard]) -> None:
        left = sorted(set(places) - self._texts.keys())
        oids = [self.shards[place.folder][place.bits][0] for place in left]
        self._texts.update(zip(left, self._git.objects(oids)))

    def _find(self, name: Name, text: bytes) -> Optional[str]:
        start = (b"\n" + text).find(b"\n%s " % name.rpartition("/")[2].encode())
        if start < 0:
            return None
        return text[start : text.find(b"\n", start)].decode("utf-8", "replace")

    def _rows(self, place: Shard) -> Iterator[Tuple[Name, str]]:
        start = f"{place.folder}/" * bool(place.folder)
        for text in self._texts[place].decode("utf-8", "replace").splitlines():
            name = Name(start + text.partition(" ")[0])
            if not NAME.fullmatch(name):
                raise damage_error(name)
            yield name, text

    # --- what is asked of it

    def states(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        wanted = set(names)
        self._states.update(self._read(self.lines(wanted - self._states.keys()), parse_form))
        return {name: self._states[name] for name in wanted & self._states.keys()}

    def outside(self, names: Iterable[Name]) -> Dict[Name, Applied]:
        return self._read(self._look_for(names, columns_only=True), parse_outside)

    def _read(self, found: LinesByName, parse: ParseForm) -> Dict[Name, Applied]:
        lines = {name: line for name, line in sorted(found.items()) if line.oid is not None}
        contents = self._git.objects([line.oid or Oid("") for line in lines.values()])
        return {name: _state(name, line, content, parse) for (name, line), content in zip(lines.items(), contents)}

    @property
    def usage(self) -> Usage:
        """What the state needs of the kinds."""
        found: Usage = self._head(USAGE, decode_usage, f"{NONE}\n")
        return found

    @property
    def variables(self) -> Counts:
        """The environment variables that values of the state read: of how many resources each."""
        found: Counts = self._head(VARIABLES, decode_variables, "")
        return found

    def _head(self, name: str, read: Callable[[str], Any], of_nothing: str) -> Any:
        try:
            return read(self._git.objects([self._heads[name]])[0].decode() if self._heads else of_nothing)
        except MALFORMED:
            raise damage_error(name) from None

    def open_resources(self) -> FrozenSet[Name]:
        """Return the resources that are not settled by the state alone."""
        shards = [(folder, *shard) for folder, there in self.shards.items() for shard in there.items()]
        lines = self.shard_lines([Shard(folder, bits) for folder, bits, (_, is_open) in shards if is_open])
        return frozenset(name for some in lines.values() for name, line in some.items() if line.is_open)

    def find_contradicted(self, kinds: Mapping[str, Kind], usage: Usage) -> FrozenSet[Name]:
        """Return the resources that need something else of the kinds than these have: only then lines are looked at."""
        if not contradicting(usage, kinds):
            return frozenset()
        lines = self.in_folders(self.shards)
        return frozenset(name for name, line in lines.items() if is_contradicted(line, kinds))

    def twins(self, names: Iterable[Name]) -> Set[Name]:
        """Return the names with a state that differ from one of these in case alone, or not at all."""
        folders: Dict[str, List[str]] = {}
        for folder in self.shards:
            folders.setdefault(folder.lower(), []).append(folder)
        spelled = {name.lower() for name in names}
        places = {
            place
            for name in spelled
            for folder in folders.get(folder_of(name), ())
            for place in [self._place(Name(name), folder)]
            if place is not None
        }
        self._fetch(places)
        rows = (row for place in places for row in self._rows(place))
        return {name for name, text in rows if name.lower() in spelled and text.split(" ", 2)[1] != NONE}

    def tags(self, *, live_only: bool = False) -> Dict[Name, FrozenSet[str]]:
        """Return the tags of every resource, as applied, or tried where it is not live."""
        found: Dict[Name, FrozenSet[str]] = {}
        known: Dict[str, FrozenSet[str]] = {}  # many have the same ones
        for name, text in self._every_row(b""):
            _, oid, flags, _, tags, _ = text.split(" ", 5)
            if "l" in flags if live_only else oid != NONE:
                if tags not in known:
                    known[tags] = frozenset(tags_in(tags))
                found[name] = known[tags]
        return found

    def claims(self) -> Dict[Name, List[Name]]:
        """Return for each name that something live had before the names of what had it."""
        found: Dict[Name, List[Name]] = {}
        for name, text in sorted(self._every_row(b'"moved_from":')):
            for old in _decode(name, text).moved_from:
                found.setdefault(old, []).append(name)
        return found

    def _every_row(self, having: bytes) -> Iterator[Tuple[Name, str]]:
        """Return the rows of all shards in which some bytes stand."""
        places = [Shard(folder, bits) for folder, there in self.shards.items() for bits in there]
        self._fetch(places)
        return (row for place in places if having in self._texts[place] for row in self._rows(place))

    def parents(self) -> Dict[Name, FrozenSet[Name]]:
        """Return what every resource that is live, as applied, reads, comes after and reacts on."""
        lines = self.in_folders(self.shards)
        return {name: line.parents(name) for name, line in lines.items() if line.is_live}


def _decode(name: Name, text: str, columns_only: bool = False) -> Line:
    try:
        return decode(text, columns_only=columns_only)
    except MALFORMED:
        raise damage_error(name) from None


def damage_error(what: str) -> StagectlError:
    """Return the error for an index that contradicts itself or the state."""
    return StagectlError(f"the index of the applied state is damaged at {what}", WAY_OUT)


def _state(name: Name, line: Line, content: bytes, parse: ParseForm) -> Applied:
    try:
        state = parse_state(name, raw_state(content), parse)
    except MALFORMED:
        raise damage_error(name) from None
    if state.live != line.is_live or state.tags != line.tags:
        raise damage_error(name)
    return state


def is_of_another_format(git: Git, commit: Oid) -> bool:
    """Return whether another stagectl made the index of an applied commit, in a form that this one does not believe."""
    (of,) = git.look_up([git.at(commit, f"{INDEX}/{OF}")])
    words = git.objects([of])[0].split() if of is not None else []
    return words[:1] == [b"format"] and words[1:2] != [b"%d" % FORMAT]


def open_index(git: Git, commit: Oid) -> Optional[Index]:
    """Return the index of an applied commit, None where it has none that is of its state."""
    staged, applied, tree = git.look_up([git.at(commit, folder) for folder in (STAGED, APPLIED, INDEX)])
    if tree is None:
        return None
    files: Dict[str, Oid] = {}
    shards: Dict[str, Dict[str, Tuple[Oid, bool]]] = {}
    for entry in git.files_of(tree):  # one for forty resources: a look at each has to be short
        folder, _, last = entry.path.rpartition("/")
        if last[:2] in STARTS and entry.path != OF:
            shards.setdefault(folder, {})[last[2:]] = (entry.oid, last[:2] == OPEN)
        else:
            files[entry.path] = entry.oid
    if files.keys() != set(HEADS):
        return None
    words = git.objects([files[OF]])[0].decode("ascii", "replace").split()
    if len(words) != len(of_text(Of(None, None)).split()) or not words[-1].isdigit():
        return None
    of = Of(staged, applied, int(words[-1]))
    return Index(git, of, files, shards) if of_text(of).split() == words else None
