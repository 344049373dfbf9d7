"""What an edit is made on: the definitions, staged files and applied states that it is about.

A verb that edits says which resources it selects, and what else it looks at. It is written once, and does not see
whether these alone were read, or all: of all others it is known that there is nothing to stage (restage.py).
"""

from __future__ import annotations

from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, TypeVar

from stagectl.adapters.git.git import ABSENT
from stagectl.adapters.worktree import write_intent
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import NAME, STAGED, Applied, Name, Resource, name_of
from stagectl.core.planning.moves import claimed_once, counting_claims, names_before, new_claims, old_names, together
from stagectl.core.plans.plan import Plan
from stagectl.core.plans.selection import Selection, World, select
from stagectl.usecases.planning.incremental import IncrementalRead, quickest, with_bytes
from stagectl.usecases.planning.plan import checked_plan, plan_incrementally
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.desired import Desired, find_unstaged, tags_of
from stagectl.usecases.staging.lost_steps import claimed_names, with_steps
from stagectl.usecases.staging.part import part_of
from stagectl.usecases.staging.restage import Known, current_trees, look_around, names_at, note_unstaged

Found = TypeVar("Found")


class About(NamedTuple):
    """What an edit is about.

    by_definition: whether tags are those that definitions have, and not those that are staged. writes: files that it
    writes. is_idle: whether there is nothing to do for what is selected and settled. beside: what it looks at beside
    what is selected, and beside all that is not settled. refuse: raises StagectlError for what cannot be selected.
    has_bytes: whether it looks at the bytes of applied files. is_plain: whether everything has to be read where
    something is moved, or definitions are like others or make several. known: what a look a moment ago found.
    """

    selection: Selection = Selection()
    by_definition: bool = False
    writes: Writes = {}
    is_idle: bool = True
    beside: Callable[[IncrementalRead], Iterable[Name]] = lambda found: ()
    refuse: Callable[[Snapshot], None] = lambda snapshot: None
    has_bytes: bool = False
    is_plain: bool = True
    known: Optional[Known] = None


class Ground(NamedTuple):
    """The ground of an edit. chosen: what is selected of it; deleted: staged files that were deleted by hand.

    known: what it was read by, with the uncommitted paths; None where everything was read.
    asked: what is chosen, as it is called now, without what is chosen because it is moved together with that.
    """

    workspace: Workspace
    snapshot: Snapshot
    applied: Mapping[Name, Applied]
    chosen: FrozenSet[Name]
    deleted: Mapping[Name, Resource] = {}
    known: Optional[Known] = None
    uncommitted: Sequence[str] = ()
    asked: FrozenSet[Name] = frozenset()

    def dirty(self, paths: Sequence[str]) -> List[str]:
        """Return the paths, at or under some, that HEAD has otherwise."""
        if self.known is None:
            return self.workspace.git.dirty(paths)
        return [path for path in self.uncommitted if any(path == top or path.startswith(f"{top}/") for top in paths)]

    def plan(self, desired: Desired) -> Plan:
        """Return the unselected plan when these are staged, which must be possible."""
        if self.known is not None:
            return plan_incrementally(self.known.incremental.with_staged(desired), Selection())
        snapshot = self.snapshot
        merged = {**snapshot.staged, **{name: resource for name, resource in desired.items() if resource is not None}}
        staged = {name: resource for name, resource in merged.items() if desired.get(name, resource) is not None}
        _refuse_twins(staged)
        situation = self.workspace.situation(snapshot._replace(staged=staged), self.applied)
        paths = {name: snapshot.definition_paths[name] for name in desired if name in snapshot.definition_paths}
        return checked_plan(situation, Selection(), snapshot, paths)

    def need_everything(self, reason: str) -> None:
        """Raise ReadInFull where not everything was read."""
        if self.known is not None:
            raise ReadInFull(reason)

    def after(self, writes: Writes) -> Ground:
        """Return the same with the files that definitions become."""
        snapshot = self.snapshot
        left = {path: text for path, text in snapshot.files.items() if writes.get(path, text) is not None}
        left.update({path: text for path, text in writes.items() if text is not None})
        defined = {name: one for name, one in snapshot.defined.items() if snapshot.definition_paths[name] in left}
        return self._replace(snapshot=snapshot._replace(files=left, defined=defined))


def _refuse_twins(staged: Iterable[Name]) -> None:
    """Raise StagectlError where two names differ in case alone: no command reads such a staging area."""
    folded: Dict[str, Name] = {}
    for name in sorted(staged):
        twin = folded.setdefault(name.casefold(), name)
        if twin != name:
            message = f"{twin} and {name} differ only in case, and both would be staged"
            raise StagectlError(
                message, f"where one takes the other's place they go together: name both, {twin} {name}"
            )


def on_ground(verb: str, workspace: Workspace, about: About, act: Callable[[Ground], Found]) -> Found:
    """Return what *act*, which writes nothing, makes of as little ground as will do, else of everything."""

    def incremental_way() -> Found:
        try:
            return act(_part(workspace, about))
        except StagectlError as error:  # reported with all that is wrong
            raise ReadInFull(error.message.splitlines()[0]) from None

    def full_way() -> Found:
        with write_intent.unless_busy(workspace.git):
            return act(_everything(workspace, about))

    return quickest(verb, incremental_way, full_way)


def _everything(workspace: Workspace, about: About) -> Ground:
    before = current_trees(workspace)
    snapshot = workspace.snapshot(definitions=True, writes=about.writes)
    deleted = _deleted_by_hand(workspace, snapshot)
    tip, applied = workspace.applied_state()
    if tip is not None and not about.writes:
        note_unstaged(workspace, before, (name for name, _ in find_unstaged(workspace.config, snapshot)), snapshot)
    about.refuse(snapshot)
    world = _world(workspace, about, snapshot, applied, deleted)
    found = select(about.selection, world)
    chosen = frozenset(world.tags) if found is None else found
    claims = counting_claims({**snapshot.staged, **snapshot.defined}, applied)
    asked = follow_names(chosen, claims, snapshot)
    moved = together(claims, with_steps(chosen, snapshot, applied))
    return Ground(workspace, snapshot, applied, moved, deleted, asked=asked)


def follow_names(names: FrozenSet[Name], claims: Mapping[Name, Name], snapshot: Snapshot) -> FrozenSet[Name]:
    """Return names with the new one in place of each that moves away, to one place, and that nothing else takes."""
    there = {**snapshot.staged, **snapshot.defined}
    new_names = claimed_once({new: old for new, old in claims.items() if old not in there})
    return frozenset(new_names.get(name, name) for name in names)


def _deleted_by_hand(workspace: Workspace, snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return the staged files that HEAD has and the working tree has not: what waits in them must not be lost."""
    paths = [path for path in workspace.git.dirty([STAGED]) if not (workspace.root / path).exists()]
    head = workspace.git.head()
    if not paths or head is None:
        return {}
    staged = workspace.read(head).staged
    return {name: staged[name] for path in paths for name in [name_of(path)] if name in staged}


def _world(
    workspace: Workspace,
    about: About,
    snapshot: Snapshot,
    applied: Mapping[Name, Applied],
    deleted: Mapping[Name, Resource],
) -> World:
    """Return what a selection chooses from."""
    live, words = {name: one.resource for name, one in applied.items() if one.resource}, workspace.config.vocabulary
    claims = counting_claims({**snapshot.staged, **snapshot.defined}, applied)
    aliases = old_names(snapshot.defined.values(), snapshot.staged.values(), live.values(), moves=claims)
    if about.by_definition:
        tags = {name: tags_of(workspace.config, resource) for name, resource in snapshot.defined.items()}
        return World.of(snapshot.defined, snapshot.staged, live, deleted, tags=tags, aliases=aliases, vocabulary=words)
    there = {**snapshot.staged, **snapshot.defined}
    tags = {name: state.tags for name, state in applied.items() if name not in there}
    return World.of(snapshot.staged, snapshot.defined, live, tags=tags, aliases=aliases, vocabulary=words)


def _part(workspace: Workspace, about: About) -> Ground:
    """Return the part that an edit is about; raises ReadInFull where every file has to be read."""
    known = about.known or look_around(workspace)
    if any(entry.path.startswith(f"{STAGED}/") and entry.mode == ABSENT for entry in known.looked.here):
        raise ReadInFull("a staged file was deleted by hand")
    if about.is_plain and known.incremental.has_moves():
        raise ReadInFull("something has another name now, under which the index does not know it")
    roots = (STAGED, *workspace.config.roots)
    base = known.names | known.family.reach_of(names_at(about.writes, roots)) | {*about.beside(known.incremental)}
    # An old name is a resource's that has another one now: that is looked at, too.
    base |= {name for name, one in known.incremental.changed.items() if one is not None and one.moved_from}
    chosen = _choose(workspace, about, known, base)
    names = base | chosen
    part, applied = _read(workspace, about, known, names)
    about.refuse(part)
    there = {*part.defined, *part.staged, *applied}
    if about.selection.names and chosen - there:
        raise ReadInFull(f"there is no {min(chosen - there)}")
    if not about.selection.names and not about.selection.tags:
        chosen |= part.defined.keys()  # a definition may make more than it did
    if about.is_plain and (known.family.reach_of(names) != names or not _is_plain(part, applied)):
        raise ReadInFull("definitions are like others or make several, or something is moved")
    claims = counting_claims({**part.staged, **part.defined}, applied)
    moved, asked = (
        together(claims, with_steps(chosen & there, part, applied)),
        follow_names(chosen & there, claims, part),
    )
    if moved - chosen - part.staged.keys() - part.defined.keys():
        raise ReadInFull("something is moved together with what was chosen")
    dirty = known.looked.dirty(workspace.git)
    return Ground(workspace, part, applied, moved, known=known, uncommitted=dirty, asked=asked)


def _is_plain(part: Snapshot, applied: Mapping[Name, Applied]) -> bool:
    """Return whether everything has a file of its own that says all of it, and nothing is moved."""
    there = (*part.defined.values(), *part.staged.values())
    live = (state.resource for state in applied.values() if state.resource is not None)
    expanded = any(resource.template for resource in (*live, *part.staged.values()))
    claims = any(new_claims(one.moved_from, names_before(applied, one.name)) for one in there)
    return not part.definitions and not expanded and not claims


def _read(
    workspace: Workspace, about: About, known: Known, names: FrozenSet[Name]
) -> Tuple[Snapshot, Mapping[Name, Applied]]:
    part = part_of(workspace, known.incremental.kinds, names, known.family, about.writes)
    applied = known.incremental.index.states({*names, *part.defined, *known.incremental.open_now, *claimed_names(part)})
    return part, with_bytes(workspace, applied) if about.has_bytes else applied


def _choose(workspace: Workspace, about: About, known: Known, base: FrozenSet[Name]) -> FrozenSet[Name]:
    """Return what is selected, and may have something to do; raises ReadInFull, or StagectlError for what is wrong."""
    selection, found = about.selection, known.incremental
    candidates = base if about.by_definition else base | found.changed.keys() | found.open_now
    if not selection.names and not selection.tags:
        if not about.is_idle:
            raise ReadInFull("everything is selected")
        return candidates
    if not selection.tags and all(map(NAME.fullmatch, selection.names)):
        return frozenset(map(Name, selection.names))
    part, applied = _read(workspace, about, known, candidates)
    inside = _world(workspace, about, part, applied, {})
    chosen = select(selection, found.around(inside, selection, live_only=about.by_definition)) or frozenset()
    return chosen & (candidates | part.defined.keys()) if about.is_idle else chosen
