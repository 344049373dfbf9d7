"""`unstage` and `discard`: put staged files, and definitions, back to what is applied."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Callable, Dict, FrozenSet, Mapping, Optional, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.applied.write import Lineage, write
from stagectl.adapters.git.git import GitError
from stagectl.adapters.running.lock import only_one
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import rename_resource
from stagectl.core.config import Config
from stagectl.core.errors import StagectlError, UsageError
from stagectl.core.locks import Portion
from stagectl.core.model import RENAME, Applied, ChangeId, Name, Oid, Resource, change_id, staged_path
from stagectl.core.planning.moves import counting_claims
from stagectl.core.plans.selection import Selection
from stagectl.core.references import folder_of
from stagectl.core.schemas import schema
from stagectl.core.stamps import is_pending
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.commit import Prepared, Staging, commit_staged
from stagectl.usecases.staging.definitions import refuse_loss
from stagectl.usecases.staging.desired import render, staged_bytes
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.overriding import Overriding

_DROP = "commit it first, or drop it with: stagectl discard NAME --force"


@dataclass(frozen=True)
class Discarding:
    """What a discard did: the staging commit's part, and what an applied commit dropped.

    debts: what was owed; forgotten: the resources of which a check saw something.
    """

    staging: Staging
    debts: Tuple[ChangeId, ...] = ()
    forgotten: Tuple[Name, ...] = ()
    applied: Optional[Oid] = None


def unstage(workspace: Workspace, selection: Selection, *, everything: bool = False) -> Staging:
    """Put the staged files of a selection back to what is applied, pending actions taken out; definitions stay."""

    def act(ground: Ground) -> Prepared:
        aim = _Aim.of(ground)
        refuse_loss(workspace, aim.in_place(), "unstaging", _DROP)
        return _ready(aim, "unstage", lambda aim: {})

    return commit_staged(on_ground("unstage", workspace, _about(workspace, selection, everything), act), "unstage")


def discard(workspace: Workspace, selection: Selection, *, everything: bool = False, force: bool = False) -> Discarding:
    """Put staged files and definitions of a selection back to what is applied, and drop what is owed.

    Raises StagectlError, and changes nothing, where text would be lost that no commit has (`force` drops it).
    """

    def act(ground: Ground) -> Prepared:
        aim = _Aim.of(ground)
        writes = aim.definitions(workspace.config)
        if not force:
            lost = {**writes, **aim.in_place()}
            refuse_loss(workspace, lost, "discarding", "commit it first, or drop it with --force")
        return _ready(aim, "discard", lambda aim: aim.definitions(workspace.config))

    ready = on_ground("discard", workspace, _about(workspace, selection, everything), act)
    staging = commit_staged(ready, "discard")
    return _drop(workspace, ready.ground, staging)


@dataclass(frozen=True)
class _Aim:
    """What there is, with what was chosen of it, and the moves that are undone with it (new name -> old name).

    A move is undone as a whole: both names are chosen, and what reads the new name reads the old one again.
    """

    ground: Ground
    undone: Mapping[Name, Name]

    @classmethod
    def of(cls, ground: Ground) -> _Aim:
        """Return what is put back on some ground."""
        ground.workspace.git.check_identity()
        claims = counting_claims({**ground.snapshot.staged, **ground.snapshot.defined}, ground.applied)
        return cls(ground, {new: old for new, old in claims.items() if new in ground.chosen})

    @property
    def snapshot(self) -> Snapshot:
        """What is defined and staged."""
        return self.ground.snapshot

    @property
    def chosen(self) -> FrozenSet[Name]:
        """Whose files are put back."""
        return self.ground.chosen

    def ready(self, writes: Writes) -> Prepared:
        """Return what is to be staged; writes: of definitions."""
        return Prepared.of(self.ground.after(writes), self.staged_forms(), writes)

    def is_pending(self, name: Name) -> bool:
        """Return whether the staged file is another than the one that is applied."""
        return staged_bytes(self._as_applied(name)) != staged_bytes(self.snapshot.staged.get(name))

    def neighbours(self) -> Set[Name]:
        """Return what the chosen ones name, and what names them, as staged or as applied."""
        applied = [state.resource for state in self.ground.applied.values() if state.resource is not None]
        found: Set[Name] = set()
        for one in (*self.snapshot.staged.values(), *applied):
            found |= one.parents if one.name in self.chosen else {one.name} if one.parents & self.chosen else set()
        return found

    def in_place(self) -> Writes:
        """Return the staged files that change and are copies of no definition: nothing else has what they say."""
        there = self.snapshot.staged
        names = sorted(name for name in self.chosen & there.keys() if there[name].source is None)
        forms = {name: staged_bytes(self._as_applied(name)) for name in names}
        return {staged_path(name): form for name, form in forms.items() if form != there[name].content}

    def staged_forms(self) -> Dict[Name, Optional[Resource]]:
        """Return the staged forms as they become."""
        there = self.snapshot.staged
        found: Dict[Name, Optional[Resource]] = {}
        for name in sorted(self.chosen):
            state = self._as_applied(name)
            found.update({name: state} if state is not None or name in there else {})
        for name in sorted(there.keys() - self.chosen):
            state = self._reading_old_names(there[name], self._names_for(name))
            found.update({name: state} if state is not there[name] else {})
        return found

    def definitions(self, config: Config) -> Dict[str, Optional[bytes]]:
        """Return how the definitions have to change so that staging them would give that."""
        snapshot, overriding = self.snapshot, Overriding(self.snapshot)
        renamed_back = [new for new in sorted(self.undone) if self._is_renamed_entry(new)]
        for new in renamed_back:
            overriding.rename(new, self.undone[new], ())
        for name in sorted(self.chosen - {*renamed_back}):
            overriding.become(config, name, self._as_applied(name))
        for name in sorted(snapshot.defined.keys() - self.chosen):
            before, names = snapshot.defined[name], self._names_for(name)
            after = self._reading_old_names(before, names)
            if after is not before and name in snapshot.expanded:
                overriding.follow(name, names)
            elif after is not before:
                overriding.writes[snapshot.definition_paths[name]] = after.content
        return overriding.writes

    def _is_renamed_entry(self, new: Name) -> bool:
        """Return whether a move was the renaming of an entry of `each`, and nothing else has the new name."""
        one, old = self.snapshot.expanded.get(new), self.undone[new]
        is_entry = one is not None and one.entry is not None and folder_of(old) == folder_of(new)
        return is_entry and new in self._gone and old not in self.snapshot.defined

    def _as_applied(self, name: Name) -> Optional[Resource]:
        """Return the staged form of what is applied: the file last applied, without actions that were not done."""
        state = self.ground.applied.get(name)
        if state is None or state.resource is None:
            return None
        resource = state.resource
        done = {a: stamp for a, stamp in resource.actions.items() if not is_pending(stamp, state.stamps.get(a))}
        resource = resource if done == dict(resource.actions) else render(replace(resource, actions=done))
        return self._reading_old_names(resource, self._gone)

    @property
    def _gone(self) -> Mapping[Name, Name]:
        """The new names that nothing has when the moves are undone."""
        return {
            new: old for new, old in self.undone.items() if self.ground.applied.get(new, Applied()).resource is None
        }

    def _names_for(self, name: Name) -> Mapping[Name, Name]:
        """Return the names to replace in a file: one that is as applied never followed names that are taken again."""
        staged, before = self.snapshot.staged.get(name), self.ground.applied.get(name, Applied()).resource
        is_as_applied = staged is not None and before is not None and staged.content == before.content
        return self._gone if is_as_applied else self.undone

    @staticmethod
    def _reading_old_names(resource: Resource, names: Mapping[Name, Name]) -> Resource:
        if not (resource.parents | frozenset(resource.unordered)) & names.keys():
            return resource
        content = rename_resource(resource.content, resource.name, resource.name, names)
        return schema.resource(resource.name, yamlfile.load(content), content, staged=True)


def _ready(aim: _Aim, verb: str, writes: Callable[[_Aim], Writes]) -> Prepared:
    """Return what is to be staged; where it cannot stand alone, the error has the command that takes back enough.

    writes: of definitions.
    """
    try:
        return aim.ready(writes(aim))
    except StagectlError as error:
        more = _companions(aim, writes) if aim.ground.known is None else frozenset()
        if more:
            names = " ".join(sorted(aim.ground.asked | more))
            error.hint = f"what belongs to it has to be taken back as well: stagectl {verb} {names}"
        raise


def _companions(aim: _Aim, writes: Callable[[_Aim], Writes]) -> FrozenSet[Name]:
    """Return what has to be put back with what is chosen, none where nothing helps."""
    chosen = aim.chosen
    while True:
        near = {name for name in aim.neighbours() if aim.is_pending(name)} - aim.chosen
        if not near:
            return frozenset()
        wider = _Aim.of(aim.ground._replace(chosen=aim.chosen | near))
        with suppress(StagectlError):
            wider.ready(writes(wider))
            return wider.chosen - chosen
        aim = wider


def _about(workspace: Workspace, selection: Selection, everything: bool) -> About:
    if everything == bool(selection.names or selection.tags):
        raise UsageError("say what: NAMEs, -t EXPR, or --all", "the names there are: stagectl status")
    if not workspace.branch.is_known:
        with suppress(GitError):  # a remote that does not answer: everything here is a commit that can be taken back
            workspace.refuse_unfetched()
    return About(selection, has_bytes=True)


def _drop(workspace: Workspace, ground: Ground, staging: Staging) -> Discarding:
    """Drop what is owed, and what a check saw, by an applied commit; return what the whole discard did.

    A `rename` that failed stays owed where it is the move, or another edit, that is taken back: the world may have it.
    """
    there = {name: ground.applied[name] for name in sorted(ground.chosen) if name in ground.applied}
    kept = {RENAME} if staging.commit else set()
    debts = tuple(change_id(name, one) for name, state in there.items() for one in sorted(state.owed.keys() - kept))
    forgotten = tuple(name for name, state in there.items() if state.observed is not None)
    said = [*debts, *forgotten]
    if not said:
        return Discarding(staging)
    trailers = [f"Discarded-by: {workspace.git.check_identity()}", f"Base: {workspace.branch.tip}"]
    trailers += [*(f"Discarded: {debt}" for debt in debts), *(f"Forgotten: {name}" for name in forgotten)]
    message = f"discard: {said[0]}" + (f" and {len(said) - 1} more" if len(said) > 1 else "")
    states: Dict[Name, Optional[Applied]] = {
        name: replace(state, owed={key: state.owed[key] for key in kept & state.owed.keys()}, observed=None)
        for name, state in there.items()
        if state.owed.keys() - kept or state.observed
    }
    git, branch = workspace.git, workspace.branch
    with only_one(git.own_scratch(), "discard", Portion(frozenset(states))):
        commit = write(git, Lineage(branch.tip), states, message + "\n\n" + "\n".join(trailers) + "\n")
        if not git.move_ref(branch.ref, commit, branch.local, "discard"):
            raise StagectlError(f"{branch.ref} moved meanwhile; nothing of it is dropped", "discard again")
    return Discarding(staging, debts, forgotten, commit)
