"""`stage`: bring the staging area up to date with the definitions, for a selection, and commit it."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, FrozenSet, Mapping, NamedTuple, Optional, Sequence

from stagectl.adapters.worktree import write_intent
from stagectl.adapters.worktree.snapshot import Snapshot, problem_at
from stagectl.core.errors import Flaw, InvalidFiles, Problem, ReadInFull, StagectlError
from stagectl.core.model import STAGED, Applied, Config, Name, Resource, name_of, staged_path
from stagectl.core.planning.moves import counting_claims, old_names, together
from stagectl.core.planning.situation import same_text
from stagectl.core.plans.selection import Selection, World, select
from stagectl.core.schemas import schema
from stagectl.core.standing import from_here
from stagectl.usecases.planning.incremental import quickest
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.commit import Dirty, Staging, Wanted, commit_staged, staged_bytes
from stagectl.usecases.staging.desired import as_staged, desired, rendered, tags_of, unstaged_of, with_actions
from stagectl.usecases.staging.empty_roots import refuse_empty_roots
from stagectl.usecases.staging.lost_steps import claimed, refuse_lost_steps
from stagectl.usecases.staging.restage import narrow_part, note_unstaged, stands

Choose = Callable[["Choice"], bool]


class Choice(NamedTuple):
    """One thing that a stage would do: bring a resource up to date (action: None), or stage an action on it."""

    name: Name
    action: Optional[str]
    before: Optional[Resource]
    after: Optional[Resource]


def stage(
    workspace: Workspace,
    selection: Selection,
    actions: Sequence[str] = (),
    *,
    force: bool = False,
    edits: Optional[Writes] = None,
    choose: Optional[Choose] = None,
    check: bool = False,
    verb: str = "stage",
    trailers: Sequence[str] = (),
    allow_empty: bool = False,
) -> Staging:
    """Stage the selected definitions, and explicit actions on them; raises StagectlError, and then nothing changed.

    edits: definitions (or files staged in place) to write first; they are part of the commit.
    choose: asked for every resource that would change and every action that would be staged on it; without it actions
    are staged alone.
    allow_empty: whether a root of definitions may be gone, or empty, though staged files come from it.
    check: only return what would be staged. verb: what the commit's subject begins with.
    """
    job = _Job(workspace, selection, actions, force, edits or {}, choose, check, verb, trailers, allow_empty)
    return quickest("stage", job.narrow, job.full)


class _Job(NamedTuple):
    """What was asked of `stage`; see there."""

    workspace: Workspace
    selection: Selection
    actions: Sequence[str]
    force: bool
    edits: Writes
    choose: Optional[Choose]
    check: bool
    verb: str
    trailers: Sequence[str] = ()
    allow_empty: bool = False

    def narrow(self) -> Staging:
        """Stage after reading what git says differs; raises ReadInFull where every file has to be read."""
        if self.actions and not self.selection.names:
            raise ReadInFull("actions are staged on what is not named")
        found = narrow_part(self.workspace, self.selection, self.edits)
        self.workspace.git.check_identity()
        part = found.snapshot
        applied = found.narrow.index.states(found.chosen | claimed(part))
        chosen = together(counting_claims(part.defined, applied), found.chosen)
        if chosen - found.chosen - part.staged.keys() - part.defined.keys():
            raise ReadInFull("something is moved together with what was chosen")
        try:
            _refuse_twins(part)
            wanted = self._wanted(part, chosen, {}, applied)
            _refuse_edited(found.dirty, part, wanted, self.force)
        except StagectlError as error:  # reported with all that is wrong
            raise ReadInFull(error.message.splitlines()[0]) from None
        plan = found.plan(wanted)
        done = commit_staged(
            self.workspace,
            part,
            wanted,
            applied,
            self.edits,
            verb=self.verb,
            check=self.check,
            trailers=self.trailers,
            plan=plan,
            dirty=self._dirty(found.dirty, part),
        )
        return self._with_warning(done, part, wanted)

    def full(self) -> Staging:
        """Stage after reading everything."""
        with write_intent.unless_busy(self.workspace.git):
            return self._full()

    def _full(self) -> Staging:
        workspace = self.workspace
        before = stands(workspace)
        snapshot = workspace.snapshot(definitions=True, edits=self.edits)
        deleted = _deleted_by_hand(workspace, snapshot)
        _refuse_twins(snapshot)
        workspace.git.check_identity()
        tip, applied = workspace.applied()
        if tip is not None and not self.edits:
            note_unstaged(workspace, before, (name for name, _ in unstaged_of(workspace.config, snapshot)), snapshot)
        for name in self.selection.names:
            refuse_definition(snapshot, name)
        chosen = _chosen(workspace.config, self.selection, snapshot, applied, deleted)
        chosen = together(counting_claims({**snapshot.staged, **snapshot.defined}, applied), chosen)
        wanted = self._wanted(snapshot, chosen, deleted, applied)
        _refuse_edited(workspace.git.dirty, snapshot, wanted, self.force)
        dirty = self._dirty(workspace.git.dirty, snapshot)
        done = commit_staged(
            workspace,
            snapshot,
            wanted,
            applied,
            self.edits,
            verb=self.verb,
            check=self.check,
            trailers=self.trailers,
            dirty=dirty,
        )
        return self._with_warning(done, snapshot, wanted)

    def _dirty(self, dirty: Dirty, snapshot: Snapshot) -> Dirty:
        """Return what finds uncommitted paths; where actions alone are staged, definitions are left out."""
        if not self._is_alone:
            return dirty
        made_from = (one.path for one in snapshot.definitions.values())
        definitions = frozenset({*snapshot.definition_paths.values(), *made_from})
        return lambda paths: [path for path in dirty(paths) if path not in definitions]

    def _with_warning(self, done: Staging, snapshot: Snapshot, wanted: Wanted) -> Staging:
        """Return what was done, with a warning for edits that an action alone leaves unstaged."""
        unstaged = unstaged_of(self.workspace.config, snapshot) if self._is_alone else ()
        edited = [name for name, _ in unstaged if name in wanted]
        if not edited:
            return done
        names = " ".join(edited[:5])
        more = "" if len(edited) <= 5 else f" and {len(edited) - 5} more"
        warning = f"edits of the definition stay unstaged: {names}{more}; to stage them: stagectl stage {names}"
        return done._replace(warnings=(*done.warnings, warning))

    def _wanted(
        self,
        snapshot: Snapshot,
        chosen: FrozenSet[Name],
        deleted: Mapping[Name, Resource],
        applied: Mapping[Name, Applied],
    ) -> Dict[Name, Optional[Resource]]:
        wanted = desired(self.workspace.config, snapshot, chosen, deleted)
        refuse_lost_steps(snapshot, wanted, applied)
        if not (self.allow_empty or self.edits):  # edits delete what is meant
            refuse_empty_roots(self.workspace, snapshot, wanted)
        if self._is_alone:
            wanted = as_staged(wanted, snapshot, deleted)
        if self.actions:
            wanted = with_actions(wanted, self.actions, snapshot, applied)
        return _picked(wanted, snapshot, self.choose) if self.choose else wanted

    @property
    def _is_alone(self) -> bool:
        """Whether actions are staged alone: edits of definitions wait for a stage of their own."""
        return bool(self.actions) and self.choose is None


def _deleted_by_hand(workspace: Workspace, snapshot: Snapshot) -> Dict[Name, Resource]:
    """Return the staged files that HEAD has and the working tree has not: what waits in them must not be lost."""
    paths = [path for path in workspace.git.dirty([STAGED]) if not (workspace.root / path).exists()]
    head = workspace.git.head()
    if not paths or head is None:
        return {}
    staged = workspace.read(head).staged
    return {name: staged[name] for path in paths for name in [name_of(path)] if name in staged}


def _chosen(
    config: Config,
    selection: Selection,
    snapshot: Snapshot,
    applied: Mapping[Name, Applied],
    deleted: Mapping[Name, Resource],
) -> FrozenSet[Name]:
    live = {name: state.resource for name, state in applied.items() if state.resource}
    tags = {name: tags_of(config, resource) for name, resource in snapshot.defined.items()}
    aliases = old_names([*live.values(), *snapshot.staged.values(), *snapshot.defined.values()])
    world = World.of(snapshot.defined, snapshot.staged, live, deleted, tags=tags, aliases=aliases)
    chosen = select(selection, world)
    return frozenset(world.tags) if chosen is None else chosen


def refuse_definition(snapshot: Snapshot, name: str) -> None:
    """Raise StagectlError for the name of a definition that is no resource itself: it makes some, or is a template."""
    one = snapshot.definitions.get(Name(name))
    if one is None or one.makes() == [name] or name in snapshot.staged:
        return
    if one.is_template:
        alike = sorted(other for other, resource in snapshot.defined.items() if name in resource.template)
        shown = ", ".join(alike[:5]) + (", ..." if len(alike) > 5 else "")
        hint = f"edit {from_here(one.path)}, and stage what is like it: {shown}" if alike else "nothing is like it yet"
        raise StagectlError(f"{name} is a template, which is no resource itself", hint)
    hint = f"name them one by one, or all: '{name}/*'"
    raise StagectlError(f"{name} is no resource itself: {from_here(one.path)} makes several", hint)


def _picked(wanted: Wanted, snapshot: Snapshot, choose: Choose) -> Dict[Name, Optional[Resource]]:
    """Return what of the wanted forms was chosen, resource by resource and action by action."""
    picked: Dict[Name, Optional[Resource]] = {}
    for name, after in wanted.items():
        before = snapshot.staged.get(name)
        if staged_bytes(after) == staged_bytes(before):
            picked[name] = after
            continue
        stamps = dict(before.actions) if before else {}
        plain = rendered(replace(after, actions=stamps)) if after else None
        up_to_date = staged_bytes(plain) == staged_bytes(before) or choose(Choice(name, None, before, plain))
        base = plain if up_to_date else before
        for action, stamp in after.actions.items() if after and base else ():
            if stamps.get(action) != stamp and choose(Choice(name, action, before, after)):
                stamps = {**{key: value for key, value in stamps.items() if key != action}, action: stamp}
        if base is not None and stamps != dict(base.actions):
            base = rendered(replace(base, actions=stamps))
        if up_to_date or base is not before:
            picked[name] = base
    return picked


def _refuse_twins(snapshot: Snapshot) -> None:
    problems = []
    for name, resource in sorted(snapshot.staged.items()):
        if resource.source is None and name in snapshot.defined:
            where = from_here(snapshot.definition_paths[name])
            message = f"this file is edited in place (it has no 'source'), and {where} defines it"
            path = staged_path(name)
            problems.append(problem_at(snapshot.files[path], path, Flaw(schema.FRONT, (), message)))
    if problems:
        raise InvalidFiles(problems, "delete one of the two")


def _refuse_edited(dirty: Dirty, snapshot: Snapshot, wanted: Wanted, force: bool) -> None:
    """Refuse to overwrite staged copies that were edited by hand."""
    copies = [
        name
        for name in sorted(wanted)
        if name in snapshot.staged
        and snapshot.staged[name].source is not None
        and not same_text(staged_bytes(wanted[name]), snapshot.staged[name].content)
    ]
    edited = set(dirty([staged_path(name) for name in copies])) if copies and not force else set()
    if edited:
        problems = [Problem(path, 1, 1, "this staged copy was edited by hand") for path in edited]
        hint = "edit its definition instead; --force overwrites the copy, git checkout brings the committed one back"
        raise InvalidFiles(problems, hint)
