"""`log --blame`: which commit staged each value of a resource, and which apply made it live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional, Sequence

from stagectl.adapters import yamlfile
from stagectl.adapters.applied.store import raw_state, state_path
from stagectl.adapters.git.git import Git
from stagectl.core.errors import StagectlError
from stagectl.core.model import LARGEST_STATE, NAME, Name, Oid, staged_path
from stagectl.core.pictures.reports import Blame
from stagectl.core.planning.moves import follow_moves
from stagectl.core.planning.scoping import world_of
from stagectl.core.planning.situation import Scope, Situation
from stagectl.core.planning.view import View
from stagectl.core.plans.selection import match_names
from stagectl.core.redact import MASK
from stagectl.core.schemas.schema import BODY
from stagectl.core.values import Path, Value, leaves, same, step_order
from stagectl.usecases.history.names import names_had
from stagectl.usecases.planning.incremental import quickest, read_incrementally
from stagectl.usecases.planning.names import is_known, name_now
from stagectl.usecases.repository.workspace import Workspace

Values = Mapping[Path, Value]
Parents = Mapping[Oid, Sequence[Oid]]


@dataclass(frozen=True)
class _History:
    """The commits that touched one file. newest: None if none did; sides: what each made of its values."""

    newest: Optional[Oid]
    parents: Parents
    sides: Mapping[Oid, Values]

    @property
    def now(self) -> Values:
        return self.sides[self.newest] if self.newest else {}


@dataclass(frozen=True)
class _Called:
    """The names of a resource, the newest first. moved: the commits that gave the next name to what was called so."""

    names: Sequence[Name]
    moved: Mapping[Name, Oid]

    def at_each(self, commits: Sequence[Oid]) -> Dict[Oid, List[Name]]:
        """Return the names that it may have at each commit, the likeliest first. commits: the newest first.

        At a commit it has no name that it got later, as long as it has any: that may be another resource's there.
        """
        places = {commit: index for index, commit in enumerate(commits)}
        # A move that this history does not have yet stands before all of it.
        ends = [places.get(self.moved[name], len(places)) if name in self.moved else -1 for name in self.names[1:]]
        passed = {commit: sum(end < index for end in ends) for commit, index in places.items()}
        return {commit: [*self.names[count:], *self.names[:count]] for commit, count in passed.items()}


def blame(workspace: Workspace, name: str) -> List[Blame]:
    """Return every input and output of a resource, leaf by leaf, with where it comes from; raises StagectlError."""
    name = name_now(workspace, name)
    if not is_known(workspace, name):
        situation = workspace.situation(workspace.snapshot(), workspace.applied_state()[1])
        match_names(name, world_of(situation))
    if not NAME.fullmatch(name):
        raise StagectlError(f"'{name}' may be several resources", "--blame takes one, by its full name")
    git, head, tip = workspace.git, workspace.git.head(), workspace.branch.tip
    if tip is not None:
        git.learn_past(tip)
    names, moves, applied = names_had(git, head, tip, Name(name))
    touching = _touching(git, head, [staged_path(one) for one in names], ())
    staged = _history(git, touching, _Called(names, moves), _staged_values)
    paths, called = [state_path(one) for one in names], _Called(names, applied)
    applies = _touching(git, tip, paths, ["--first-parent"])
    live, outputs = (_history(git, applies, called, read) for read in (_live_values, _output_values))
    shown, shown_live = _without_secrets(workspace, Name(name), (staged.now, live.now))
    rows = [
        Blame(path, shown.get(path), _since(staged, path), shown_live.get(path), _since(live, path))
        for path in sorted({*staged.now, *live.now}, key=step_order)
    ]
    reported = [
        Blame(path, None, None, outputs.now[path], _since(outputs, path), is_output=True)
        for path in sorted(outputs.now, key=step_order)
    ]
    seen = _history(git, applies, called, _seen_values)
    observed = [
        Blame(path, None, None, seen.now[path], _since(seen, path), is_seen=True)
        for path in sorted(seen.now, key=step_order)
    ]
    return rows + reported + observed


def _without_secrets(workspace: Workspace, name: Name, sides: Sequence[Values]) -> List[Values]:
    """Return values without the literals of inputs that are sensitive by now: they were staged before that was said."""
    if not any(sides):
        return [*sides]

    def all_there_is() -> Situation:
        return follow_moves(workspace.situation(workspace.snapshot(), workspace.applied_state()[1]))

    def what_it_reads() -> Situation:
        return read_incrementally(workspace).with_staged({}, {name}).situation

    view = View(quickest("log", what_it_reads, all_there_is), Scope())
    hidden = view.sensitive.get(name, frozenset())
    return [
        {
            path: MASK if path[0] in hidden and not (isinstance(value, str) and "${" in value) else value
            for path, value in side.items()
        }
        for side in sides
    ]


def _touching(git: Git, start: Optional[Oid], paths: Sequence[str], options: Sequence[str]) -> Dict[Oid, List[Oid]]:
    """Return the commits that touched files, the newest first, each with those before it that did."""
    if start is None:
        return {}
    out = git.run("rev-list", "--topo-order", "--parents", *options, start, *git.only(paths, ever=True)).decode()
    rows = [[Oid(oid) for oid in line.split()] for line in out.splitlines()]
    return {row[0]: row[1:] for row in rows}


def _history(git: Git, parents: Parents, called: _Called, read: Callable[[bytes], Values]) -> _History:
    path_of = staged_path if read is _staged_values else state_path
    found = {
        commit: {entry.path: entry.oid for entry in git.entries(commit, [path_of(name) for name in called.names])}
        for commit in parents
    }
    contents = git.blobs((oid for entries in found.values() for oid in entries.values()), LARGEST_STATE)
    parsed: Dict[str, Values] = {oid: read(data) for oid, data in contents.items()}
    sides = {}
    for commit, names in called.at_each([*parents]).items():
        paths = [path_of(name) for name in names]
        sides[commit] = next((parsed[found[commit][path]] for path in paths if path in found[commit]), {})
    return _History(next(iter(parents), None), parents, sides)


def _staged_values(data: bytes) -> Values:
    """Return the values in a staged file; one that was committed once may have none."""
    try:
        return dict(leaves(yamlfile.load(data)[BODY]["inputs"]))
    except (yamlfile.BadYaml, IndexError, KeyError, TypeError):
        return {}


def _live_values(data: bytes) -> Values:
    try:
        raw = raw_state(data)
        plain: Dict[Path, Value] = dict(leaves(raw.get("inputs") or {}))
    except (ValueError, AttributeError):
        return {}
    for key in raw.get("sensitive", ()):
        plain = {path: value for path, value in plain.items() if path[0] != key}
    return plain


def _output_values(data: bytes) -> Values:
    try:
        outputs = raw_state(data).get("outputs")
        return dict(leaves(outputs)) if outputs else {}
    except (ValueError, AttributeError):
        return {}


def _seen_values(data: bytes) -> Values:
    """Return the leaves that a check saw otherwise than they were applied; of what cannot be shown, that it differs."""
    try:
        state = raw_state(data)
        raw = state.get("observed") or {}
        hidden = set(raw.get("sensitive", ()))
        # Stored is the whole input, with what was applied where the check did not look.
        applied: Dict[Path, Value] = dict(leaves(state.get("inputs") or {}))
        seen = [(path, value) for path, value in leaves(raw.get("inputs") or {}) if path and path[0] not in hidden]
        shown = {path: value for path, value in seen if path not in applied or not same(applied[path], value)}
        differs: Dict[Path, Value] = {(key,): MASK for key in hidden}
        return {**shown, **differs, **({("gone",): True} if raw.get("gone") else {})}
    except (ValueError, AttributeError, TypeError):
        return {}


def _since(history: _History, path: Path) -> Optional[Oid]:
    """Return the commit since which a value is what it is now, None if it is not there."""
    commit = history.newest
    if commit is None or path not in history.now:
        return None
    while True:
        before = [
            parent
            for parent in history.parents[commit]
            if path in history.sides.get(parent, {}) and same(history.sides[parent][path], history.now[path])
        ]
        if not before:
            return commit
        commit = before[0]
