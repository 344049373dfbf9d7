"""`move`: rename a resource without removing it; everything that names it is rewritten."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

from stagectl.adapters.worktree.snapshot import Snapshot
from stagectl.adapters.yamlfile.edit import Edit, edit, rename_resource
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.expanding.expanded import Expanded
from stagectl.core.model import NAME, STAGED, AppliedStates, Name, staged_path
from stagectl.core.planning.moves import claims_for, counting_claims, names_before, together
from stagectl.core.plans.selection import Selection, Several
from stagectl.core.references import folder_of
from stagectl.core.schemas.schema import BODY, FRONT
from stagectl.core.standing import from_here
from stagectl.core.values import leaves
from stagectl.usecases.planning.incremental import IncrementalRead
from stagectl.usecases.repository.workspace import Workspace
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.ground import About, Ground, on_ground
from stagectl.usecases.staging.naming import find_resource, path_of
from stagectl.usecases.staging.overriding import Overriding
from stagectl.usecases.staging.stage import Writing, write_and_stage

_MOST = 5  # commands in a hint


def move(workspace: Workspace, old: str, new: str) -> Staging:
    """Rename a resource and stage it, with everything that names it, in one commit.

    A move that is not applied yet is taken back by moving back.
    """
    new = new.rstrip("/") if old.endswith("/") else new  # a folder
    if not NAME.fullmatch(new):
        into = f"{new}{old.rpartition('/')[2]}"
        hint = f"to move it there: stagectl move {old} {into}" if new.endswith("/") and NAME.fullmatch(into) else ""
        hint = hint or "letters, digits, '_' and '-', folders with '/'"
        raise StagectlError(f"'{new}' is no name for a resource", hint)

    def beside(found: IncrementalRead) -> Set[Name]:
        if not NAME.fullmatch(old):
            raise ReadInFull("it is no plain name")
        return {Name(old), Name(new), *found.readers({Name(old)})}

    def act(ground: Ground) -> Writing:
        snapshot, applied = ground.snapshot, ground.applied
        if _is_renamed_by_hand(snapshot, applied, old, new):
            writes, touched = _claim(snapshot, applied, Name(old), Name(new))
            return Writing(Selection(touched), writes, ground.known)
        name = _find_moving(snapshot, old, new)
        names = {name: Name(new)}
        if new in snapshot.defined or new in snapshot.staged or not _is_free(snapshot, applied, Name(new)):
            claims = counting_claims({**snapshot.staged, **snapshot.defined}, applied)
            if claims.get(name) != new or new not in claims:
                raise StagectlError(f"{new} exists already", "move to a name that nothing has")
            names = {one: claims[one] for one in sorted(together(claims, {name}) & claims.keys())}
        writes, touched = move_writes(snapshot, applied, names)
        return Writing(Selection(touched), writes, ground.known)

    return write_and_stage(workspace, on_ground("move", workspace, About(by_definition=True, beside=beside), act))


def _find_moving(snapshot: Snapshot, old: str, new: str) -> Name:
    """Return the resource to move; raises StagectlError for a folder, with the moves of all that is in it."""
    try:
        return find_resource(snapshot, old)
    except Several as error:
        if not error.is_folder:
            raise
        folder = old.rstrip("/")
        moves = [f"stagectl move {name} {new}{name[len(folder) :]}" for name in error.names]
        if len(moves) > _MOST:
            change = f"s|^{folder}\\(.*\\)[.]yaml$|{folder}\\1 {new}\\1|"
            moves = [f"git -C {from_here(STAGED)} ls-files {folder} | sed '{change}' | xargs -n 2 stagectl move"]
        raise StagectlError(error.message, f"to move all of it: {' && '.join(moves)}") from None


def _is_renamed_by_hand(snapshot: Snapshot, applied: AppliedStates, old: str, new: str) -> bool:
    """Return whether a file was renamed already, by hand or by git; it may say its old name."""
    before, after = applied.get(Name(old)), applied.get(Name(new))
    one = snapshot.defined.get(Name(new)) or snapshot.staged.get(Name(new))
    is_left = before is not None and before.live and Name(old) not in snapshot.defined
    is_left = is_left and (Name(old) not in snapshot.staged or snapshot.staged[Name(old)].source is not None)
    is_free = after is None or not after.live
    return is_left and is_free and one is not None and one.moved_from[:1] in ((), (old,))


def _claim(
    snapshot: Snapshot, applied: AppliedStates, old: Name, new: Name
) -> Tuple[Dict[str, Optional[bytes]], Tuple[Name, ...]]:
    """Return the files of a move of which the resource's own file has its new name, and whose files they are."""
    overriding, claims = Overriding(snapshot), _claims(snapshot, applied, old, new, ())
    one = snapshot.expanded.get(new)
    if one is not None and one.entry is not None:
        overriding.rename(new, new, claims)
    else:
        path = path_of(snapshot, new)
        overriding.writes[path] = _with_claims(overriding.content(path), claims)
    going = [old] if old in snapshot.staged else []  # else it may be what makes the new one: it is no resource then
    return overriding.writes, tuple(dict.fromkeys([*going, new, *_follow(overriding, applied, {old: new})]))


def _is_free(snapshot: Snapshot, applied: AppliedStates, name: Name) -> bool:
    """Return whether nothing is live under a name, or what is will have another one."""
    is_live = name in applied and applied[name].live
    return not is_live or name in counting_claims({**snapshot.staged, **snapshot.defined}, applied).values()


def move_writes(
    snapshot: Snapshot, applied: AppliedStates, names: Mapping[Name, Name]
) -> Tuple[Dict[str, Optional[bytes]], Tuple[Name, ...]]:
    """Return the files of moves, None for one that goes, and the names of all whose files they are.

    names: old name -> new one. All of them move at once: in a swap each takes the other's name.
    """
    overriding = Overriding(snapshot)
    files: Dict[str, Optional[bytes]] = {}
    touched = [*names, *names.values()]
    for old, new in names.items():
        one = snapshot.expanded.get(old)
        if one is not None and one.entry is not None:
            _refuse_together(names, one)
            _rename_entry(overriding, one, new, _claims(snapshot, applied, old, new, snapshot.defined[old].moved_from))
            continue
        path = path_of(snapshot, old)
        new_path = staged_path(new) if path == staged_path(old) else f"{path[: -len(old + '.yaml')]}{new}.yaml"
        files.setdefault(path, None)
        files[new_path] = _move(snapshot, applied, old, names)
        _refuse_others(overriding, one, new)
    overriding.writes.update(files)
    touched += _follow(overriding, applied, names)
    return overriding.writes, tuple(dict.fromkeys(touched))


def _follow(overriding: Overriding, applied: AppliedStates, names: Mapping[Name, Name]) -> List[Name]:
    """Have all that name resources, or are like them, name them by their new names; return what changes by that."""
    snapshot, touched = overriding.snapshot, [*_follow_likeness(overriding, names)]
    for name, some in _readers(snapshot, applied, names).items():
        if name in snapshot.expanded:
            overriding.follow(name, some)
        else:
            reader = path_of(snapshot, name)
            overriding.writes[reader] = rename_resource(overriding.content(reader), name, name, some)
        touched.append(name)
    return touched


def _refuse_together(names: Mapping[Name, Name], one: Expanded) -> None:
    """Raise StagectlError where an entry of `each` takes the key of another one."""
    if len(names) > 1:
        message = f"{names[one.name]} exists already; it is moved, too, and made by {from_here(one.definition.path)}"
        raise StagectlError(message, f"take all of these moves back: stagectl discard {one.name}")


def _rename_entry(overriding: Overriding, one: Expanded, new: Name, claims: Sequence[Name]) -> None:
    """Give an entry of `each` another key; raises StagectlError for a name that its definition cannot make."""
    if folder_of(new) != one.definition.name:
        message = (
            f"{one.name} is an entry of {from_here(one.definition.path)}, which makes {one.definition.name}/... only"
        )
        hint = f"define {new} with 'moved_from: {one.name}', take '{one.entry}' out of 'each', and stage both"
        raise StagectlError(message, hint)
    overriding.rename(one.name, new, claims)


def _follow_likeness(overriding: Overriding, names: Mapping[Name, Name]) -> List[Name]:
    """Have all that are like a definition be like it under its new name; return the resources that come of them."""
    snapshot = overriding.snapshot
    for definition in snapshot.definitions.values():
        after = names.get(definition.like) if definition.like is not None else None
        if after is not None:
            content = overriding.content(definition.path)
            overriding.writes[definition.path] = edit(content, [Edit(FRONT, ("like",), after)])
    return sorted(name for name, resource in snapshot.defined.items() if {*names} & {*resource.template} - {name})


def _refuse_others(overriding: Overriding, one: Optional[Expanded], new: Name) -> None:
    """Raise StagectlError where what a resource is like names others relative to it, and it leaves their folder."""
    if one is None or folder_of(one.name) == folder_of(new):
        return
    for at, text in leaves(one.body):
        place = one.text_at(BODY, at)
        is_relative = isinstance(text, str) and ("${." in text or (at[0] != "inputs" and text.startswith(".")))
        if is_relative and place.definition is not one.definition:
            where = overriding.place(place)
            message = f"{one.name} cannot leave its folder: {where} names others relative to it ({text})"
            raise StagectlError(
                message, f"write that value into {from_here(one.definition.path)} first, and then move it"
            )


def _readers(snapshot: Snapshot, applied: AppliedStates, names: Mapping[Name, Name]) -> Dict[Name, Mapping[Name, Name]]:
    """Return what else names what moves, with the names to replace in it.

    What is as it was applied never followed a move that is taken back: it names what has the name then.
    """
    taken = {new: old for new, old in names.items() if new in names.values()}
    found: Dict[Name, Mapping[Name, Name]] = {}
    for side in (snapshot.staged, snapshot.defined):
        for name in side.keys() - names.keys():
            before, staged = applied[name].resource if name in applied else None, snapshot.staged.get(name)
            is_as_applied = before is not None and staged is not None and staged.content == before.content
            some = {old: new for old, new in names.items() if not (is_as_applied and old in taken)}
            if (side[name].parents | frozenset(side[name].unordered)) & some.keys():
                found[name] = some
    return dict(sorted(found.items()))


def _move(snapshot: Snapshot, applied: AppliedStates, old: Name, names: Mapping[Name, Name]) -> bytes:
    """Return the moved file: its relative names mean what they meant, and it says what it was called before."""
    data = rename_resource(snapshot.files[path_of(snapshot, old)], old, names[old], names)
    before = (snapshot.defined.get(old) or snapshot.staged[old]).moved_from
    after = _claims(snapshot, applied, old, names[old], before)
    return data if after == before else _with_claims(data, after)


def _with_claims(data: bytes, claims: Sequence[Name]) -> bytes:
    value = claims[0] if len(claims) == 1 else list(claims)
    return edit(data, [Edit(FRONT, ("moved_from",), value, delete=not claims)])


def _claims(
    snapshot: Snapshot, applied: AppliedStates, old: Name, new: Name, before: Tuple[Name, ...]
) -> Tuple[Name, ...]:
    """Return the names that a moved resource had, newest first: those that something is live under, here or elsewhere.

    A name that was never applied is none of them; neither is one that another resource has now, unless that came there
    from elsewhere: in a swap each takes the other's name.
    """
    there = {**snapshot.staged, **snapshot.defined}
    claims = counting_claims(there, applied)
    is_live = old in applied and applied[old].live and old not in claims
    live = claims.get(old, old if is_live else None)
    if live == new:
        return names_before(applied, new)
    names = claims_for(applied, live, new) if live is not None else ()
    older = (name for name in before if name not in (old, new, *names) and (name not in there or name in claims))
    return (*names, *older)
