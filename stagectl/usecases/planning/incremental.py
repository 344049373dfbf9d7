"""What a plan is made from, read as far as the plan can be about it: see core/indexing/impact.py.

Where that is not certain, and whenever it makes no plan, every file is read instead: that reports everything
that is wrong, and reports it right.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import AbstractSet, Callable, Dict, FrozenSet, Mapping, Optional, Set, Tuple, TypeVar

from stagectl.adapters.applied.index import Index, open_index
from stagectl.adapters.applied.store import oids_of
from stagectl.adapters.git.git import GitError
from stagectl.adapters.trace import trace
from stagectl.adapters.worktree import changed_files
from stagectl.adapters.worktree.changed_files import ChangedFiles, Looked
from stagectl.core.errors import FlawedFile, ReadInFull, StagectlError
from stagectl.core.indexing.impact import reduce_situation
from stagectl.core.model import APPLIED, INDEX, KINDS, STAGED, Applied, Name, Oid, Resource, staged_path
from stagectl.core.once import cached_property
from stagectl.core.planning.moves import follow_moves, names_before, new_claims, old_names
from stagectl.core.planning.situation import Situation, same_text
from stagectl.core.plans.selection import Selection, World, select
from stagectl.core.schemas import schema
from stagectl.core.values import same
from stagectl.usecases.planning.kind_files import KindFiles, kind_files
from stagectl.usecases.repository.workspace import Workspace

Found = TypeVar("Found")


def quickest(what: str, incremental_way: Callable[[], Found], full_way: Callable[[], Found]) -> Found:
    """Return what reading as little as possible gives, and where that is not enough what reading everything gives.

    what: the command, for the trace.
    """
    try:
        return incremental_way()
    except ReadInFull as why:
        trace(f"{what} reads everything: {why.reason}")
    return full_way()


@dataclass(frozen=True, repr=False, eq=False)
class IncrementalRead:
    """A situation without what takes no part in it; head, dirty: as in a plan.

    of: the commit whose files they are, None for the working tree. base: the applied commit. open_now: the resources
    that are not settled, whatever is edited. also: some that are looked at in any case. is_complete: whether it has the
    bytes of staged files, which an apply stores.
    """

    workspace: Workspace
    of: Optional[Oid]
    base: Oid
    head: Oid
    dirty: bool
    index: Index
    kinds: KindFiles
    open_now: FrozenSet[Name]
    changed: Mapping[Name, Optional[Resource]]
    also: AbstractSet[Name] = frozenset()
    is_complete: bool = False

    @cached_property
    def situation(self) -> Situation:
        """The situation, with the kinds that are needed in it, and with moves followed; raises ReadInFull."""
        found = reduce_situation(self.index, self.open_now, self.changed, {}, self.also)
        found = _complete(self.workspace, self.base, found) if self.is_complete else found
        before = [form for state in found.applied.values() for form in (state.resource, state.unfinished)]
        needed = {form.kind for form in (*found.staged.values(), *before) if form is not None}
        found = follow_moves(replace(found, kinds=self.kinds.some(needed)))
        return self.workspace.with_digests(found, self.of)

    def with_staged(
        self, desired: Mapping[Name, Optional[Resource]], also: AbstractSet[Name] = frozenset()
    ) -> IncrementalRead:
        """Return what it will be when these are staged, too; also: names that are looked at; raises ReadInFull."""
        states = self.index.states(desired)
        merged = {**self.changed, **desired}
        _refuse_twins(self.index, merged)
        gone = {name for name in desired if desired[name] is None and name not in states}  # staged, and never applied
        return replace(self, changed={name: one for name, one in merged.items() if name not in gone}, also=also)

    @cached_property
    def edited(self) -> Mapping[Name, Resource]:
        """What is staged and was changed."""
        return {name: resource for name, resource in self.changed.items() if resource is not None}

    def has_moves(self) -> bool:
        """Return whether something has another name now, under which the index does not know it."""
        claims = {name: one.moved_from for name, one in self.edited.items() if one.moved_from}
        states = self.index.states(claims)
        unspent = (new_claims(olds, names_before(states, name)) for name, olds in claims.items())
        return bool(self.situation.moves) or any(unspent)

    def readers(self, names: AbstractSet[Name]) -> Set[Name]:
        """Return all that read or name one of these, staged or applied."""
        found = {name for name, line in self.index.naming(names).items() if line.names() & names}
        return found | {name for name, one in self.edited.items() if {*one.parents, *one.unordered} & names}

    def parents(self, names: AbstractSet[Name]) -> Set[Name]:
        """Return all that these read, come after or react on, staged or applied."""
        found = {p for name, line in self.index.lines(names).items() if line.is_live for p in line.parents(name)}
        return found.union(*(self.edited[name].parents for name in names & self.edited.keys()))

    def children(self, names: AbstractSet[Name]) -> Set[Name]:
        """Return all that read, come after or react on these, staged or applied."""
        naming = self.index.naming(names).items()
        found = {name for name, line in naming if line.is_live and line.parents(name) & names}
        return found | {name for name, one in self.edited.items() if one.parents & names}

    def inside(self, folder: str) -> Set[Name]:
        """Return all that is in a folder or below it, staged or applied."""
        start = f"{folder}/"
        lines = self.index.in_folders(one for one in self.index.shards if f"{one}/".startswith(start))
        found = {name for name, line in lines.items() if line.oid is not None}
        return found | {name for name in self.changed if name.startswith(start)}

    def world(self, selection: Selection, *, of_plan: bool = False) -> Optional[World]:
        """Return what a selection chooses from, None for one that takes everything; raises ReadInFull.

        of_plan: only what was read has changes; for tags that are found there, that is enough.
        """
        if not selection.names and not selection.tags:
            return None
        if of_plan and not selection.names:
            with suppress(StagectlError):
                select(selection, self._inside)
                return self._inside
        return self.around(self._inside, selection)

    @cached_property
    def _inside(self) -> World:
        if self.has_moves():
            raise ReadInFull("something has another name now, under which the index does not know it")
        here = {name: self.situation.tags(name) for name in self.situation.names}
        live = [state.resource for state in self.situation.applied.values() if state.resource is not None]
        words = frozenset(self.workspace.config.vocabulary)
        return World(here, {}, old_names(self.situation.staged.values(), live), words)

    def around(self, inside: World, selection: Selection, *, live_only: bool = False) -> World:
        """Return what a selection chooses from: what was read, and around it what the index knows.

        live_only: without what is not live, and was only tried.
        """
        tags = dict(self.index.tags(live_only=live_only))
        tags.update((name, frozenset(one.tags)) for name, one in self.edited.items())
        parents = self.index.parents() if any("+" in name for name in selection.names) else {}
        more = [*((name, one.parents) for name, one in self.edited.items()), *inside.parents.items()]
        for name, named in more if parents else ():
            parents[name] = parents.get(name, frozenset()) | named
        read = inside.tags.keys() | self.changed.keys()
        known = {old: [name for name in names if name not in read] for old, names in self.index.claims().items()}
        aliases = {old: [*inside.aliases.get(old, ()), *known.get(old, ())] for old in {*inside.aliases, *known}}
        return World({**tags, **inside.tags}, parents, aliases, inside.vocabulary)


def read_incrementally(
    workspace: Workspace,
    head: Optional[str] = None,
    base: Optional[Oid] = None,
    *,
    complete: bool = False,
    looked: Optional[Looked] = None,
) -> IncrementalRead:
    """Return what a plan is made from; raises ReadInFull where every file has to be read.

    head: a revision instead of the working tree. base: a commit of the applied branch instead of its tip. complete:
    with the bytes of staged files, which an apply stores. looked: what the working tree has otherwise than HEAD, if
    that is known already.
    """
    git, tip = workspace.git, base or workspace.branch.tip
    commit = git.resolve(head) if head is not None else git.head()
    if commit is None:
        raise ReadInFull("there is no commit yet")
    index = index_of(workspace, tip)  # while git looks at the files
    staged, kinds_tree = _trees(workspace, commit, of_commit=head is not None)
    if tip is None or index.of.staged is None or staged is None:
        raise ReadInFull("nothing is staged or applied")
    of_commit = commit if head is not None else None
    kinds = kind_files(workspace, of_commit)
    try:
        looked = Looked((), ()) if of_commit else looked or changed_files.look(git)
        changed = changed_files.changed_since(git, index.of.staged, staged, looked)
    except GitError as error:  # there may be something else in the place of a folder
        raise ReadInFull(error.message) from None
    is_known = not any(e.path.startswith(f"{KINDS}/") for e in (*looked.here, *looked.fresh))
    usage = index.usage
    kinds = replace(kinds, are_good=is_known and usage.fits is not None and usage.fits == kinds_tree)
    open_now = index.open_resources()
    if not kinds.are_good:
        open_now |= kinds.find_contradicted(index, usage)
        kinds.refuse_new_outputs(git, tip, usage)
    resources = _without_line_ends(workspace, _resources(changed, index), index)
    read = IncrementalRead(workspace, of_commit, tip, commit, changed.dirty, index, kinds, open_now, resources)
    return replace(read, is_complete=complete)


def index_of(workspace: Workspace, commit: Optional[Oid]) -> Index:
    """Return the index of an applied commit; raises ReadInFull where there is none that counts."""
    if workspace.git.cache() is None:
        raise ReadInFull("STAGECTL_CACHE=off")
    index = open_index(workspace.git, commit) if commit is not None else None
    if index is None:
        raise ReadInFull("the applied commit has no index of its state" if commit else "nothing is applied")
    return index


def _trees(workspace: Workspace, commit: Oid, *, of_commit: bool) -> Tuple[Optional[Oid], Optional[Oid]]:
    """Return the trees of staged files and of kinds of a commit; raises ReadInFull where the applied branch is here."""
    names = [workspace.git.at(commit, folder) for folder in (STAGED, KINDS, APPLIED, INDEX)]
    staged, kinds, *strays = workspace.git.look_up(names)
    is_strayed = any(strays) if of_commit else any((workspace.root / folder).exists() for folder in (APPLIED, INDEX))
    if is_strayed:
        raise ReadInFull("the applied branch was merged")
    return staged, kinds


def _resources(changed: ChangedFiles, index: Index) -> Dict[Name, Optional[Resource]]:
    """Return what was edited as resources; raises ReadInFull where something is wrong with one of them."""
    if not changed.contents:
        return {}
    from stagectl.adapters.yamlfile import BadYaml, load

    found: Dict[Name, Optional[Resource]] = {}
    for name, content in changed.contents.items():
        try:
            found[name] = None if content is None else schema.resource(name, load(content), content, staged=True)
        except (BadYaml, FlawedFile):
            raise ReadInFull(f"something is wrong with {staged_path(name)}") from None
    _refuse_twins(index, found)
    return found


def _refuse_twins(index: Index, changed: Mapping[Name, Optional[Resource]]) -> None:
    """Raise ReadInFull if two names that will be staged differ in case alone."""
    names = {name for name, resource in changed.items() if resource is not None}
    names |= {twin for twin in index.twins(names) if changed.get(twin, twin) is not None}
    if len({name.lower() for name in names}) < len(names):
        raise ReadInFull("two names differ in case alone")


def _without_line_ends(
    workspace: Workspace, changed: Dict[Name, Optional[Resource]], index: Index
) -> Dict[Name, Optional[Resource]]:
    """Return the changed ones but for those of line ends alone: what acts is the same there, and so is the text."""
    alike: Dict[Name, Oid] = {}
    for name, state in index.states(changed).items():
        edited, before = changed[name], state.resource
        if edited is not None and before is not None and same(dict(edited.inputs), dict(before.inputs)):
            alike[name] = Oid(f"{index.of.staged}:{name}.yaml")
    blobs = workspace.git.blobs(alike.values()) if alike else {}
    unedited = {name for name, oid in alike.items() if (one := changed[name]) and same_text(one.content, blobs[oid])}
    return {name: edited for name, edited in changed.items() if name not in unedited}


def _complete(workspace: Workspace, tip: Oid, situation: Situation) -> Situation:
    """Return a situation in which every resource that may be in a plan has the bytes of its file."""
    lacking = {name: state for name, state in situation.applied.items() if name not in situation.settled}
    applied = {**situation.applied, **with_bytes(workspace, lacking, tip)}
    unedited = {name: state.resource for name, state in lacking.items() if situation.staged.get(name) is state.resource}
    staged = {
        name: applied[name].resource or one if name in unedited else one for name, one in situation.staged.items()
    }
    return replace(situation, applied=applied, staged=staged)


def with_bytes(workspace: Workspace, applied: Mapping[Name, Applied], tip: Optional[Oid] = None) -> Dict[Name, Applied]:
    """Return states of an applied commit, by default the newest, with the bytes of their files."""
    live = {name: state.resource for name, state in applied.items() if state.resource is not None}
    tip = tip or workspace.branch.tip
    assert tip is not None, "something is applied"
    oids = oids_of(workspace.git, tip, [staged_path(form.stored or name) for name, form in live.items()])
    contents = workspace.git.objects([oid or Oid("") for oid in oids])
    full = {name: replace(live[name], content=content) for name, content in zip(live, contents)}
    return {name: replace(state, resource=full.get(name)) for name, state in applied.items()}
