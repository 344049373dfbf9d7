"""`promote`: stage in one environment folder what is applied in another."""

from __future__ import annotations

import functools
import shlex
from contextlib import suppress
from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit, rewrite_names
from stagectl.core.diff import Difference
from stagectl.core.errors import StagectlError, nearest
from stagectl.core.model import DEFINITIONS, NAME, Applied, Name, Resource, staged_path
from stagectl.core.planning.moves import old_names
from stagectl.core.plans.globs import glob_test
from stagectl.core.plans.selection import Selection, World
from stagectl.core.references import absolute, folder_of, relative
from stagectl.core.schemas import schema
from stagectl.core.schemas.schema import FRONT
from stagectl.core.values import Path, Value
from stagectl.usecases.planning.incremental import IncrementalRead
from stagectl.usecases.repository.workspace import Workspace, Writes
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.definitions import refuse_loss
from stagectl.usecases.staging.desired import path_tags
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.promoted_moves import promote_moves
from stagectl.usecases.staging.promoted_values import with_overrides, write_promoted
from stagectl.usecases.staging.promotion_gate import (
    MissingValues,
    Taken,
    given_values,
    missing_values,
    refuse_unverified,
    unverified_changes,
)
from stagectl.usecases.staging.promotion_notes import differ, not_applied, notes_on, notes_on_replaced, pending_values
from stagectl.usecases.staging.settings import settings_edits
from stagectl.usecases.staging.stage import Writing, write_and_stage


@dataclass(frozen=True)
class Promotion:
    """What a promotion did. differ: per resource what stays different; left: names only the target has; notes."""

    staging: Staging
    differ: Tuple[Tuple[Name, Tuple[Difference, ...]], ...] = ()
    left: Tuple[Name, ...] = ()
    notes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """How to promote. names: which resources, with or without the folder, globs are fine; sets: values of the target's
    own, `prod/web.port=80`; from_staged: what is staged, applied or not; unverified: whatever did not succeed;
    create: the target may be new.
    """

    names: Sequence[str] = ()
    sets: Sequence[str] = ()
    from_staged: bool = False
    unverified: bool = False
    create: bool = False

    def words(self) -> List[str]:
        """Return the words of a command line that asks for the same."""
        flags = [("--from-staged", self.from_staged), ("--unverified", self.unverified), ("--create", self.create)]
        sets = [word for given in self.sets for word in ("--set", shlex.quote(given))]
        return [*map(shlex.quote, self.names), *(flag for flag, is_given in flags if is_given), *sets]


def promote(workspace: Workspace, source: str, target: str, wishes: Wishes = Wishes()) -> Promotion:
    """Stage in folder *target* what is applied in folder *source*; raises StagectlError, and then nothing changed.

    Input paths that a target definition lists under `overrides` keep the target's values; for what is new there they
    have to be given. A rename in the source is one in the target.
    """
    folders = (_folder(source), _folder(target))
    _refuse_overlap(*folders)

    def beside(found: IncrementalRead) -> Set[Name]:
        taken = found.inside(folders[0])
        lines = found.index.lines(taken)
        new = {_other(name, *folders) for name in taken}
        return (
            taken | new | found.inside(folders[1]) | {parent for name in lines for parent in lines[name].parents(name)}
        )

    about = About(beside=beside, has_bytes=True)
    ready = on_ground("promote", workspace, about, lambda ground: _promoting(ground, folders, wishes))
    selection = Selection(tuple(dict.fromkeys([*(new for _, new in ready.moved), *ready.touched])))
    staging = write_and_stage(workspace, Writing(selection, ready.writes), "promote", ready.trailers)
    after = _staged_files(workspace, [new for _, new in ready.moved])
    both = [(resource, after[new]) for resource, new in ready.moved]
    notes = (*notes_on(both, folders[0]), *notes_on_replaced(workspace.git, ready.pending, after), *ready.notes)
    return Promotion(staging, tuple(differ(both)), ready.left, notes)


class _Promoting(NamedTuple):
    """What a promotion is going to stage. touched: more resources whose files change; left, notes: see Promotion.

    pending: what targets say that is not applied, see `pending_values`.
    """

    moved: Sequence[Taken]
    writes: Writes
    touched: Tuple[Name, ...]
    trailers: Sequence[str]
    left: Tuple[Name, ...]
    notes: Sequence[str]
    pending: Mapping[Name, Tuple[Dict[str, Value], FrozenSet[Path]]]


def _promoting(ground: Ground, folders: Tuple[str, str], wishes: Wishes) -> _Promoting:
    """Return what promoting stages; raises StagectlError where it cannot or must not be."""
    names, from_staged = wishes.names, wishes.from_staged
    workspace, snapshot, applied = ground.workspace, ground.snapshot, ground.applied
    origin = _origin(snapshot, applied, folders[0], from_staged)
    moved = [Taken(origin[name], _other(name, *folders)) for name in _choose(origin, folders[0], names)]
    _refuse_new_folder(folders[1], snapshot, applied, wishes)
    given = given_values(wishes.sets, moved, folders[1])
    renamed, touched = promote_moves(ground, moved, folders)
    before, snapshot = snapshot, workspace.snapshot(definitions=True, writes=renamed) if renamed else snapshot
    missing = missing_values(moved, snapshot, given)
    if missing:
        raise MissingValues(missing, " ".join(["stagectl promote", *folders, *wishes.words()]))
    overriding = Overriding(snapshot, dict(renamed))
    writes = overriding.writes
    changed: List[Name] = []
    for resource, new in moved:
        path, content = _promote(workspace, snapshot, resource, new, folders)
        content = edit(content, settings_edits(given[new], content)) if new in given else content
        path = write_promoted(overriding, workspace.config, resource, (new, path, content))
        if path in writes and before.files.get(path) != writes[path]:
            changed.append(resource.name)
    open_changes = () if from_staged else unverified_changes(changed, before, applied)
    if not wishes.unverified:
        refuse_unverified(open_changes)
    refuse_loss(workspace, writes, "promoting")
    tip = workspace.branch.tip
    trailers = [f"Promotes: {tip}"] if tip and not from_staged else []
    trailers += [f"Unverified: {change}" for change in open_changes]
    there = {*snapshot.defined, *(snapshot.staged.keys() - {*touched})}
    left = sorted(name for name in there if name.startswith(f"{folders[1]}/"))
    left = [name for name in left if _other(name, *reversed(folders)) not in origin]
    asked = {resource.name for resource, _ in moved} if names else {*snapshot.staged, *origin}
    notes = [] if from_staged else not_applied(snapshot, applied, asked, folders[0])
    pending = pending_values(before, applied, [new for _, new in moved])
    return _Promoting(moved, writes, touched, trailers, tuple(left), notes, pending)


def _staged_files(workspace: Workspace, names: Sequence[Name]) -> Dict[Name, Resource]:
    """Return the staged files of some names, as they are by now."""
    contents = {name: (workspace.root / staged_path(name)).read_bytes() for name in names}
    return {
        name: schema.resource(name, yamlfile.load(content), content, staged=True) for name, content in contents.items()
    }


def _refuse_new_folder(target: str, snapshot: Snapshot, applied: Mapping[Name, Applied], wishes: Wishes) -> None:
    """Raise StagectlError for a target in which nothing is: it may be misspelt."""
    there = {*snapshot.staged, *snapshot.defined, *applied}
    if not wishes.create and not any(name.startswith(f"{target}/") for name in there):
        folders = {name[:at] for name in there for at, letter in enumerate(name) if letter == "/"}
        raise StagectlError(f"there is no folder '{target}'{nearest(target, folders)}", "a new one takes --create")


def _refuse_overlap(source: str, target: str) -> None:
    if source == target:
        raise StagectlError(f"{source} cannot be promoted to itself", "name two folders")
    if target.startswith(f"{source}/") or source.startswith(f"{target}/"):
        raise StagectlError(f"one of {source} and {target} is inside the other", "name two folders beside each other")


def _other(name: str, folder: str, other: str) -> Name:
    return Name(f"{other}/{name[len(folder) + 1 :]}")


def _folder(text: str) -> str:
    folder = text.rstrip("/")
    if not NAME.fullmatch(folder):
        raise StagectlError(f"'{text}' is no folder of resources", "for example: stagectl promote staging prod")
    return folder


def _origin(
    snapshot: Snapshot, applied: Mapping[Name, Applied], source: str, from_staged: bool
) -> Dict[Name, Resource]:
    """Return what there is to promote, by name."""
    live = {name: state.resource for name, state in applied.items() if state.resource is not None}
    found = {name: resource for name, resource in live.items() if name.startswith(f"{source}/")}
    staged = {name: resource for name, resource in snapshot.staged.items() if name.startswith(f"{source}/")}
    if from_staged and staged:
        return staged
    if not found and staged:
        raise StagectlError(
            f"nothing in {source} is applied yet", "apply it first; --from-staged promotes what is only staged"
        )
    if not found:
        folders = {name.rpartition("/")[0] for name in {**live, **snapshot.staged} if "/" in name}
        near = nearest(source, folders)
        raise StagectlError(f"there is nothing in the folder '{source}'{near}", "see: stagectl graph")
    return found


def _choose(origin: Mapping[Name, Resource], source: str, names: Sequence[str]) -> List[Name]:
    if not names:
        return sorted(origin)
    found: List[Name] = []
    world = World.of(origin, aliases=old_names(origin.values()))
    for text in names:
        pattern = text if text.startswith(f"{source}/") else f"{source}/{text}"
        matches = [name for name in sorted(origin) if glob_test(pattern)(name)]
        matches = matches or [name for name in [world.now(pattern)] if name in origin]
        if not matches:
            raise StagectlError(
                f"nothing that could be promoted is called '{pattern}'{nearest(pattern, origin)}",
                "what is staged and not applied takes --from-staged",
            )
        found += matches
    return sorted(set(found))


def _promote(
    workspace: Workspace, snapshot: Snapshot, resource: Resource, new: Name, folders: Tuple[str, str]
) -> Tuple[str, bytes]:
    """Return the target's definition, and where it is."""
    now = snapshot.defined.get(new) or snapshot.staged.get(new)
    path = snapshot.definition_paths.get(new) or (staged_path(new) if now is not None else None)
    if path is None and resource.source is None:
        path = staged_path(new)  # as its origin, it is edited in place
    if path is None:
        root = workspace.config.roots[0] if workspace.config.roots else DEFINITIONS
        path = f"{root}/{new}.yaml"
    body = _body(resource, new, folders[0])
    place = functools.partial(snapshot.problem, path, name=new)
    if now is None:
        return path, with_overrides(_front(workspace, resource, new, folders) + body, resource, None, place)
    front = now.content[: len(now.content) - len(yamlfile.body_of(now.content))]
    if now.kind != resource.kind:
        front = edit(now.content, [Edit(FRONT, ("kind",), resource.kind)])
        front = front[: len(front) - len(yamlfile.body_of(front))]
    return path, with_overrides(front + body, resource, now, place)


def _front(workspace: Workspace, resource: Resource, new: Name, folders: Tuple[str, str]) -> bytes:
    """Return the front matter of a resource that is new in the target."""
    of_source, added = (path_tags(workspace.config, name) for name in (resource.name, new))
    tags = [_retag(tag, folders) for tag in resource.tags if tag not in of_source]
    return yamlfile.front_matter(yamlfile.FrontMatter(resource.kind, [tag for tag in tags if tag not in added]))


def _body(resource: Resource, new: Name, source: str) -> bytes:
    """Return what is promoted: names inside the folder stay as written, relative ones that lead out mean the same."""

    def rename(written: str) -> str:
        meant = absolute(written, folder_of(resource.name))
        leads_out = written.startswith(".") and not meant.startswith(f"{source}/")
        is_the_same = not leads_out or _means(written, new) == meant
        return written if is_the_same else relative(meant, folder_of(new))

    return yamlfile.body_of(rewrite_names(resource.content, rename))


def _means(written: str, reader: Name) -> Optional[Name]:
    with suppress(ValueError):
        return absolute(written, folder_of(reader))
    return None


def _retag(tag: str, folders: Tuple[str, str]) -> str:
    """Return a tag of a resource that is new in the target: one that names the environment names the other one."""
    source, target = (folder.rpartition("/")[2] for folder in folders)
    key, equals, value = tag.rpartition("=")
    return f"{key}{equals}{target}" if value == source else tag
