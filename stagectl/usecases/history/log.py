"""`log`: the audit trail, from commits, their trailers and their trees alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import AbstractSet, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.adapters.git.branches import shallow_ends
from stagectl.adapters.git.git import Git
from stagectl.adapters.yamlfile.edit import claims_in
from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import NAME, REMOVE, STAGED, ChangeId, Name, Oid, names_of, split_change, staged_path
from stagectl.core.pictures.reports import LogEntry
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.selection import Selection
from stagectl.core.since import nearest_word, unknown_word
from stagectl.core.trailers import trailers_about
from stagectl.usecases.history.names import names_had
from stagectl.usecases.planning.names import choose, is_known, name_now
from stagectl.usecases.repository.workspace import Workspace

_FIELDS = ("%H", "%an <%ae>", "%cI", "%s", "%P", "%(trailers:only,unfold)", "%B")
Keep = Callable[[Oid, Name, Optional[str]], bool]  # a commit, a resource, and the action on it where there is one


@dataclass(frozen=True)
class LogFilter:
    """Which entries are asked for. tags: expressions over the tags resources have now; since: as git reads dates.

    name: a resource, by a name that it has or had: what it did under any of them; or a pattern of names.
    """

    name: Optional[str] = None
    tags: Tuple[str, ...] = ()
    action: Optional[str] = None
    since: Optional[str] = None
    count: Optional[int] = None


def log(workspace: Workspace, name: Optional[str] = None, count: Optional[int] = None) -> List[LogEntry]:
    """Return staging and apply commits in one timeline, newest first; only those about *name* if one is given."""
    return entries(workspace, LogFilter(name=name, count=count))


def entries(workspace: Workspace, wanted: LogFilter) -> List[LogEntry]:
    """Return the staging and apply commits that are asked for, newest first, each with what is asked for of it.

    Raises StagectlError for a name, tag or action that nothing has or ever had, and for a date git does not know.
    """
    if wanted.since is not None:
        _refuse_date(wanted.since)
    everything = _entries(workspace, None)
    found = everything if wanted.since is None else _entries(workspace, wanted.since)
    if wanted.name is not None or wanted.tags or wanted.action is not None:
        keep = _filter(workspace, everything, wanted)
        found = [kept for kept in (_only(entry, keep) for entry in found) if kept is not None]
    return found[: wanted.count]


def _entries(workspace: Workspace, since: Optional[str]) -> List[LogEntry]:
    git, tip = workspace.git, workspace.branch.tip
    starts = [commit for commit in (git.head(), tip) if commit is not None]
    if not starts:
        return []
    applies = set(git.first_parents(tip)[:-1]) if tip else set()  # the last one is the empty root
    git.learn(sorted(applies))
    files = ("--full-history", "--no-merges", *starts, *git.only([STAGED], ever=True))
    touching = {Oid(oid) for oid in git.run("rev-list", *files).decode().split()} - applies
    # Every apply has the commit it applied as a parent: in date order it stands above what was staged for it.
    options = ["--date-order", *([f"--since={since}"] if since else []), *starts]
    order = [Oid(oid) for oid in git.run("rev-list", *options).decode().split()]
    wanted = [commit for commit in order if commit in applies or commit in touching]
    listed = "".join(f"{commit}\n" for commit in wanted).encode()
    commits = git.log(["--no-walk=unsorted", "--stdin"], _FIELDS, listed) if wanted else []
    touched = git.touched_files([commit for commit in wanted if commit not in applies], STAGED)
    folders = {folder.rstrip("/") for folder in (git.folder, *git.formers)}
    found = [_entry(git, fields, applies, touched, folders) for fields in commits]
    ends = shallow_ends(git)
    found = [entry._replace(unnamed=()) if entry.commit in ends else entry for entry in found]
    return [entry for entry in found if entry.type != "stage" or entry.changes or entry.names or entry.unnamed]


def _refuse_date(since: str) -> None:
    word = unknown_word(since)
    if word is not None:
        raise StagectlError(
            f"git does not know the date '{since}'{nearest_word(word)}", "for example: --since 2026-01-31, '2 days ago'"
        )


# --- filters


def _filter(workspace: Workspace, everything: List[LogEntry], wanted: LogFilter) -> Keep:
    """Return the predicate that every filter asked for makes together; raises StagectlError for what never was."""
    allowed: List[AbstractSet[Name]] = []
    had: Optional[_Had] = None
    if wanted.tags:
        allowed.append(choose(workspace, Selection((), wanted.tags)))
    if wanted.name is not None:
        now = name_now(workspace, wanted.name)
        had = _had(workspace, now, everything) if NAME.fullmatch(now) else None
        allowed.append(_find_names(workspace, now, everything))
    if wanted.action is not None:
        known = {verb for kind in workspace.kinds().values() for verb in kind.verbs()}
        _refuse_action(wanted.action, known | {split_change(change)[1] for e in everything for change in _changes(e)})

    def keep(commit: Oid, name: Name, action: Optional[str]) -> bool:
        is_other = had is not None and had.is_another(commit, name)
        is_meant = all(name in names for names in allowed) or (had is not None and had.was_called(commit, name))
        return is_meant and not is_other and wanted.action in (None, action)

    return keep


Spans = Mapping[Name, Tuple[float, float]]  # for each name the places of the newest and the oldest commit of its time


class _Had(NamedTuple):
    """When a resource was called what. places: of the commits, the newest first; spans: for each the names' times.

    What another resource did under such a name at another time is not meant; taken: the names that others have now.
    """

    places: Mapping[Oid, int]
    spans: Mapping[Oid, Spans]
    taken: AbstractSet[Name]

    def was_called(self, commit: Oid, name: Name) -> bool:
        """Return whether it had this name, which may be an earlier one, at a commit."""
        if name not in self.spans[commit] or self.is_another(commit, name):
            return False
        return name not in self.taken or self.places[commit] >= self.spans[commit][name][0]

    def is_another(self, commit: Oid, name: Name) -> bool:
        """Return whether another resource had the name at a commit, before this one got it."""
        return name in self.spans[commit] and self.places[commit] > self.spans[commit][name][1]


def _had(workspace: Workspace, now: Name, everything: List[LogEntry]) -> _Had:
    """Return when a resource was called what; a move is applied later than it is staged, or not yet."""
    places = {entry.commit: index for index, entry in enumerate(everything)}
    names = names_had(workspace.git, workspace.git.head(), workspace.branch.tip, now)
    old = names.known[1:]
    staged = [places.get(names.staged.get(one) or names.applied[one], 0) for one in old]
    applied = [places.get(names.applied[one], 0) if one in names.applied else -1 for one in old]
    both = [dict(zip(names.known, zip([0, *ends], [*ends, inf]))) for ends in (staged, applied)]
    spans = {entry.commit: both[entry.type != "stage"] for entry in everything}
    return _Had(places, spans, {name for name in old if is_known(workspace, name)})


def _find_names(workspace: Workspace, pattern: str, everything: List[LogEntry]) -> AbstractSet[Name]:
    """Return the resources, of now and of then, that a NAME argument means."""
    then = {split_change(change)[0] for entry in everything for change in _changes(entry)}
    then |= {name for entry in everything for name in (*entry.names, *entry.unnamed, *entry.checked)}
    test = glob_test(pattern)
    found = {name for name in then if test(name)}
    return found if found and "+" not in pattern else found | choose(workspace, Selection((pattern,)))


def _refuse_action(action: str, known: AbstractSet[str]) -> None:
    if action not in known:
        raise StagectlError(
            f"no kind has an action '{action}', and none was ever staged or applied{nearest(action, known)}",
            f"the actions there are: {', '.join(sorted(known))}",
        )


def _changes(entry: LogEntry) -> Tuple[ChangeId, ...]:
    return entry.changes + entry.discarded


def _only(entry: LogEntry, keep: Keep) -> Optional[LogEntry]:
    """Return an entry with what is asked for of it, None if that is nothing."""
    commit = entry.commit
    changes = tuple(change for change in entry.changes if keep(commit, *split_change(change)))
    discarded = tuple(change for change in entry.discarded if keep(commit, *split_change(change)))
    names = tuple(name for name in entry.names if keep(commit, name, None))
    results = {change: entry.results[change] for change in changes if change in entry.results}
    unnamed = tuple(name for name in entry.unnamed if keep(commit, name, None))
    kept = entry._replace(changes=changes, names=names, results=results, discarded=discarded, unnamed=unnamed)
    kept = kept._replace(checked={name: state for name, state in entry.checked.items() if keep(commit, name, None)})
    return kept if changes or names or discarded or unnamed or kept.checked else None


# --- one commit


def _entry(
    git: Git, fields: List[str], applies: Set[Oid], touched: Mapping[Oid, List[str]], folders: AbstractSet[str]
) -> LogEntry:
    commit, author, date, subject, parents, text, message = fields
    trailers = [line.partition(": ")[::2] for line in text.splitlines()]
    common = LogEntry("stage", Oid(commit), author, date, subject, (), (), {})
    if commit in applies:
        return _apply_entry(common, trailers, parents.split())
    # Any author can write any message: what it says was staged counts if the commit changed that staged file.
    files = {name for path in touched.get(Oid(commit), ()) for name in names_of(path)}
    said = trailers_about(message, folders)
    removed = {Name(split_change(value)[0]) for key, value in said if key == "Staged" and value.endswith(f".{REMOVE}")}
    if removed - files:
        files |= removed & _names_left(git, Oid(commit), files)
    staged = [ChangeId(value) for key, value in said if key == "Staged" and split_change(value)[0] in files]
    names = [Name(value) for key, value in said if key == "Restaged" and value in files]
    unnamed = files - {split_change(change)[0] for change in staged} - set(names)
    return common._replace(
        changes=tuple(dict.fromkeys(staged)),
        names=tuple(dict.fromkeys(names)),
        unnamed=tuple(sorted(unnamed)),
    )


def _names_left(git: Git, commit: Oid, files: AbstractSet[Name]) -> Set[Name]:
    """Return what the files that go with a commit had claimed: what is removed before its move is applied."""
    paths = [staged_path(name) for name in sorted(files)]
    before, after = (git.look_up([git.at(at, path) for path in paths]) for at in (f"{commit}^", commit))
    gone = [oid for oid, now in zip(before, after) if oid is not None and now is None]
    return {Name(old) for content in git.blobs(gone).values() for old in claims_in(content)}


def _apply_entry(common: LogEntry, trailers: Sequence[Tuple[str, ...]], parents: List[str]) -> LogEntry:
    first: Dict[str, str] = dict(reversed(trailers))  # type: ignore[arg-type]
    results = dict(value.rpartition(" ")[::2] for key, value in trailers if key == "Change")
    checked = {Name(name): state for name, _, state in (v.rpartition(" ") for k, v in trailers if k == "Checked")}
    dropped = {Name(value): "discarded" for key, value in trailers if key == "Forgotten"}
    return common._replace(
        type="check" if checked else "apply",
        checked={**checked, **dropped},
        changes=tuple(map(ChangeId, results)),
        names=tuple(Name(value) for key, value in trailers if key == "Recorded"),
        discarded=tuple(ChangeId(value) for key, value in trailers if key == "Discarded"),
        source=Oid(parents[1]) if len(parents) > 1 else None,
        results={ChangeId(change): state for change, state in results.items()},
        run=first.get("Run"),
        plan=first.get("Plan"),
        record_only="Record-only" in first,
    )
