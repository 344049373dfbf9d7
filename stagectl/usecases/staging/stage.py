"""`stage`: bring the staging area up to date with the definitions, for a selection, and commit it."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, NamedTuple, Optional, Sequence

from stagectl.adapters.worktree.snapshot import Snapshot, problem_at
from stagectl.core.errors import Flaw, InvalidFiles, PlacedError, Problem
from stagectl.core.model import Name, Resource, staged_path
from stagectl.core.planning.situation import same_text
from stagectl.core.plans.selection import Selection
from stagectl.core.schemas import schema
from stagectl.core.standing import from_here
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.commit import Dirty, Prepared, Staging, commit_staged
from stagectl.usecases.staging.desired import (
    Desired,
    as_staged,
    desired_state,
    find_unstaged,
    render,
    staged_bytes,
    with_actions,
)
from stagectl.usecases.staging.edited_alone import overwritten_edits
from stagectl.usecases.staging.empty_roots import refuse_empty_roots
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.lost_steps import find_renamed, half_renames, refuse_lost_steps, renamed_hint
from stagectl.usecases.staging.naming import refuse_definition
from stagectl.usecases.staging.restage import Known

Choose = Callable[["Choice"], bool]


class Choice(NamedTuple):
    """One thing that a stage would do: bring a resource up to date (action: None), or stage an action on it."""

    name: Name
    action: Optional[str]
    before: Optional[Resource]
    after: Optional[Resource]


class StageOptions(NamedTuple):
    """How to stage. force: overwrite staged copies that were edited by hand; allow_empty: a root of definitions may be
    gone, or empty, though staged files come from it; check: only return what would be staged; choose: asked for every
    resource that would change and every action that would be staged on it; without it actions are staged alone.
    """

    force: bool = False
    allow_empty: bool = False
    check: bool = False
    choose: Optional[Choose] = None


def stage(
    workspace: Workspace, selection: Selection, actions: Sequence[str] = (), options: StageOptions = StageOptions()
) -> Staging:
    """Stage the selected definitions, and explicit actions on them; raises StagectlError, and then nothing changed."""
    job = _Job(workspace, Writing(selection), actions, options)
    ready = job.prepare()
    overwritten = overwritten_edits(ready) if not actions else []
    done = commit_staged(ready, "stage", check=options.check, dirty=job.dirty(ready.ground))
    done = job.with_warning(done, ready)
    return done._replace(warnings=(*done.warnings, *overwritten))


class Writing(NamedTuple):
    """What is about to be staged. writes: definitions (or files staged in place) that are written first.

    known: what a look at the files found a moment ago.
    """

    selection: Selection
    writes: Writes = {}
    known: Optional[Known] = None


def write_and_stage(
    workspace: Workspace, writing: Writing, verb: str = "stage", trailers: Sequence[str] = (), *, check: bool = False
) -> Staging:
    """Write files and stage what is selected, in one commit; raises as `stage` does.

    verb: what the commit's subject begins with; check: only return what would be staged.
    """
    job = _Job(workspace, writing, options=StageOptions(allow_empty=True))  # what is removed was named
    return commit_staged(job.prepare(), verb, check=check, trailers=trailers)


class _Job(NamedTuple):
    """What is to be staged, and how."""

    workspace: Workspace
    writing: Writing
    actions: Sequence[str] = ()
    options: StageOptions = StageOptions()

    def prepare(self) -> Prepared:
        """Return what is to be staged, read from as little as that is about."""
        selection, writes, known = self.writing
        about = About(selection, by_definition=True, writes=writes, refuse=self.refuse, is_plain=False, known=known)
        return on_ground("stage", self.workspace, about._replace(is_idle=not self.actions), self.ready)

    def refuse(self, snapshot: Snapshot) -> None:
        """Raise StagectlError for what cannot be staged."""
        _refuse_twins(snapshot)
        self.workspace.git.check_identity()
        for name in self.writing.selection.names:
            refuse_definition(snapshot, name)

    def ready(self, ground: Ground) -> Prepared:
        """Return what is to be staged."""
        desired = self._desired(ground)
        _refuse_edited(ground.dirty, ground.snapshot, desired, self.options.force)
        try:
            return Prepared.of(ground, desired, self.writing.writes)
        except PlacedError as error:  # what would go is read still, maybe by its old name alone
            renamed = renamed_hint(find_renamed(ground.snapshot, ground.applied))
            hint = f"{renamed}; if it is not: {error.hint}" if renamed else error.hint
            raise PlacedError(error.message, hint, error.problems) from None

    def dirty(self, ground: Ground) -> Dirty:
        """Return what finds uncommitted paths; where actions alone are staged, definitions are left out."""
        if not self._is_alone:
            return ground.dirty
        made_from = (one.path for one in ground.snapshot.definitions.values())
        definitions = frozenset({*ground.snapshot.definition_paths.values(), *made_from})
        return lambda paths: [path for path in ground.dirty(paths) if path not in definitions]

    def with_warning(self, done: Staging, ready: Prepared) -> Staging:
        """Return what was done, with warnings of renames by half, and of edits that an action alone leaves unstaged."""
        halves = half_renames(ready.ground.snapshot, ready.desired, ready.ground.applied) if not self._is_alone else ()
        done = done._replace(warnings=(*done.warnings, *halves))
        unstaged = find_unstaged(self.workspace.config, ready.ground.snapshot) if self._is_alone else ()
        edited = [name for name, _ in unstaged if name in ready.desired]
        if not edited:
            return done
        names = " ".join(edited[:5])
        more = "" if len(edited) <= 5 else f" and {len(edited) - 5} more"
        warning = f"edits of the definition stay unstaged: {names}{more}; to stage them: stagectl stage {names}"
        return done._replace(warnings=(*done.warnings, warning))

    def _desired(self, ground: Ground) -> Dict[Name, Optional[Resource]]:
        snapshot, deleted = ground.snapshot, ground.deleted
        desired = desired_state(self.workspace.config, snapshot, ground.chosen, deleted)
        refuse_lost_steps(snapshot, desired, ground.applied)
        if not self.options.allow_empty:
            refuse_empty_roots(self.workspace, snapshot, desired)
        if self._is_alone:
            asked = {name: one for name, one in desired.items() if name in ground.asked}
            desired = as_staged(asked, snapshot, deleted)
        if self.actions:
            desired = with_actions(desired, self.actions, snapshot, ground.applied)
        return _pick(desired, snapshot, self.options.choose) if self.options.choose else desired

    @property
    def _is_alone(self) -> bool:
        """Whether actions are staged alone: edits of definitions wait for a stage of their own."""
        return bool(self.actions) and self.options.choose is None


def _pick(desired: Desired, snapshot: Snapshot, choose: Choose) -> Dict[Name, Optional[Resource]]:
    """Return what of the desired forms was chosen, resource by resource and action by action."""
    picked: Dict[Name, Optional[Resource]] = {}
    for name, after in desired.items():
        before = snapshot.staged.get(name)
        if staged_bytes(after) == staged_bytes(before):
            picked[name] = after
            continue
        stamps = dict(before.actions) if before else {}
        plain = render(replace(after, actions=stamps)) if after else None
        up_to_date = staged_bytes(plain) == staged_bytes(before) or choose(Choice(name, None, before, plain))
        base = plain if up_to_date else before
        for action, stamp in after.actions.items() if after and base else ():
            if stamps.get(action) != stamp and choose(Choice(name, action, before, after)):
                stamps = {**{key: value for key, value in stamps.items() if key != action}, action: stamp}
        if base is not None and stamps != dict(base.actions):
            base = render(replace(base, actions=stamps))
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


def _refuse_edited(dirty: Dirty, snapshot: Snapshot, desired: Desired, force: bool) -> None:
    """Refuse to overwrite staged copies that were edited by hand."""
    copies = [
        name
        for name in sorted(desired)
        if name in snapshot.staged
        and snapshot.staged[name].source is not None
        and not same_text(staged_bytes(desired[name]), snapshot.staged[name].content)
    ]
    edited = set(dirty([staged_path(name) for name in copies])) if copies and not force else set()
    if edited:
        problems = [Problem(path, 1, 1, "this staged copy was edited by hand") for path in edited]
        hint = "edit its definition instead; --force overwrites the copy, git checkout brings the committed one back"
        raise InvalidFiles(problems, hint)
