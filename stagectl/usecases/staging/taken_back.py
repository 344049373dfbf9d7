"""Taking one commit after the other out of what is staged, whatever its resources are called by now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.worktree.tree import Content
from stagectl.core.merging.inverse import Conflict, Spot, inverse, says_the_same, where
from stagectl.core.merging.merge3 import MISSING
from stagectl.core.model import STANDARD_ACTIONS, Applied, ChangeId, Name, Oid, change_id, split_change
from stagectl.core.pictures.reports import LogEntry
from stagectl.core.running.outcome import ERROR, SKIPPED, SUCCESS, UNKNOWN
from stagectl.core.schemas import schema
from stagectl.core.stamps import is_pending
from stagectl.core.values import canonical
from stagectl.usecases.staging.desired import render
from stagectl.usecases.staging.merge import actions_of, apply_inverse, documents_of
from stagectl.usecases.staging.reverted_names import Since, StagedChanges, as_called_now, moves_in, undone_in

_TRIED = (SUCCESS, ERROR, UNKNOWN)  # results of an action that started


@dataclass
class Work:
    """The staged files as they become, one commit after the other taken back.

    live: under which name what is staged under another one is live. moved: by the name that a resource is staged
    under, the one that it gets.
    """

    contents: Dict[Name, Content]
    actions: Dict[Name, Dict[str, str]]
    applied: Mapping[Name, Applied]
    live: Mapping[Name, Name]
    moved: Dict[Name, Name] = field(default_factory=dict)
    conflicts: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)

    def state(self, name: Name) -> Applied:
        """Return what is applied of a resource, by the name that it has here."""
        staged = next((before for before, after in self.moved.items() if after == name), name)
        return self.applied.get(self.live.get(staged, staged), Applied())


class _ResourceChange(NamedTuple):
    """What a commit did to one resource: its names and its files, before and after."""

    before: Name
    after: Name
    back: Content
    then: Content


def take_back_commit(entry: LogEntry, changed: StagedChanges, work: Work, since: Since) -> None:
    """Take one commit out of the work. changed: the staged files that it changed; since: what was moved after it."""
    for change in entry.changes if entry.type == "apply" and not entry.record_only else ():
        if split_change(change)[1] not in STANDARD_ACTIONS and entry.results.get(change) in _TRIED:
            work.notes.append(f"{change} ran in {entry.commit[:12]}; it has no inverse")
    if entry.checked:
        seen = " ".join(sorted(entry.checked))
        work.notes.append(f"{entry.commit[:12]} says what a check saw; to drop that: stagectl discard {seen}")
    moves = moves_in(changed)
    now = {**work.moved, **since.names()}
    names = {old: work.moved.get(new, new) for old, new in now.items() if old not in {*moves, *moves.values()}}
    contents, actions = dict(work.contents), {name: dict(stamps) for name, stamps in work.actions.items()}
    left: Dict[Name, Name] = {}
    # What takes a move back says so in the files before it; where that name went on, another one may have it by now.
    names_before = {**undone_in(changed), **moves}
    for part in _parts(changed, moves):
        here = _name_now(part, names_before.get(part.after, part.before), work, since)
        if here is None:
            continue
        target = here if part.before == part.after else part.before
        if target != here:
            left[here] = target
            actions[target] = dict(work.actions.get(here, {}))
            if work.contents.get(target) is not None and target not in moves:
                work.conflicts.append(f"  {target}: it was created again since")
        merged = _merge_part(part, (here, target), names, work, actions)
        contents[target] = merged if target == here else _from_where_it_was(target, merged, part.back)
        if entry.type == "stage":
            _take_back_actions(target, part, actions, work, entry.commit)
    contents.update({here: None for here in left if here not in left.values()})
    staged = {after: before for before, after in work.moved.items()}
    work.moved.update({staged.get(here, here): target for here, target in left.items()})
    work.contents, work.actions = contents, actions


def unsuccessful(entry: LogEntry) -> Dict[ChangeId, Name]:
    """Return the changes that an apply did not come to, or that failed, with their resources."""
    ids = (change for change, result in sorted(entry.results.items()) if result in (ERROR, SKIPPED, UNKNOWN))
    return {change: split_change(change)[0] for change in ids if split_change(change)[1] in STANDARD_ACTIONS}


def left_staged(entry: LogEntry, work: Work) -> Iterator[str]:
    """Yield what stays staged because an apply that is taken back did not apply it."""
    for change, name in unsuccessful(entry).items():
        live = work.state(name).resource
        if work.contents.get(name) != (None if live is None else live.content):
            said = f"{change} ended {entry.results[change]} in {entry.commit[:12]}, so it stays staged"
            yield f"{said}; to take that back, too: stagectl discard {name}"


def _parts(changed: StagedChanges, moves: Mapping[Name, Name]) -> Iterator[_ResourceChange]:
    for name, (back, then) in sorted(changed.items()):
        old = moves.get(name)
        if old is not None:
            yield _ResourceChange(old, name, changed[old][0], then)
        elif then is not None:
            yield _ResourceChange(name, name, None if name in moves.values() else back, then)
        elif name not in moves.values():
            yield _ResourceChange(name, name, back, None)


def _name_now(part: _ResourceChange, before: Name, work: Work, since: Since) -> Optional[Name]:
    """Return the name of a part's resource in the work; None, with a conflict, where it cannot be taken back.

    before: its name before the commit.
    """
    staged = since.now(part.after)
    now = None if staged is None else work.moved.get(staged, staged)
    if part.then is None:
        return part.after  # it comes back under the name that it had
    if now is None and part.back is not None:
        taken = "" if work.contents.get(part.after) is None else ", and another resource has the name now"
        work.conflicts.append(f"  {part.after}: it was removed since{taken}")
    if now is not None and before != part.after and now != part.after:
        work.conflicts.append(f"  {part.after}: it is called {now} by now, and would be {before} again")
        return None
    return now


def _merge_part(
    part: _ResourceChange,
    names_here: Tuple[Name, Name],
    names: Mapping[Name, Name],
    work: Work,
    actions: Dict[Name, Any],
) -> Content:
    """Return a resource's file without what a commit changed in it."""
    here, target = names_here
    now = work.contents.get(here)
    back, then = (
        as_called_now(name, content, {**names, name: here} if name == part.after == part.before else names, now)
        for name, content in ((part.before, part.back), (part.after, part.then))
    )
    mine, theirs, base = documents_of(now), documents_of(back), documents_of(then)
    is_as_it_was = says_the_same(mine, base)
    if now is None and is_as_it_was:  # it comes back, with the actions staged by name that only a removal ended
        actions[target] = actions_of(back) if work.state(target).live else {}
    if is_as_it_was and (now is None or then is None or yamlfile.body_of(now) == yamlfile.body_of(then)):
        return back
    if says_the_same(mine, theirs):
        return now
    if now is None or mine is None or theirs is None or base is None:
        if not is_as_it_was:
            work.conflicts += _whole_conflict(target, mine, theirs, base)
        return back
    undoing = inverse(mine, base, theirs)
    work.conflicts += [f"  {target}: {_conflict_text(conflict)}" for conflict in undoing.conflicts]
    return apply_inverse(now, undoing) if not undoing.conflicts else now


def _from_where_it_was(name: Name, content: Content, back: Content) -> Content:
    """Return a file of what gets an old name back, copied from the definition that it had under that name."""
    if content is None or back is None:
        return content
    now, was = (schema.resource(name, yamlfile.load(one), one, staged=True) for one in (content, back))
    if (now.source, now.template) == (was.source, was.template):
        return content
    return render(replace(now, source=was.source, template=was.template)).content


def _whole_conflict(
    name: Name, mine: Optional[List[Any]], theirs: Optional[List[Any]], base: Optional[List[Any]]
) -> List[str]:
    """Return why a resource can neither go nor come back, value by value where it is there."""
    if mine is None:
        return [f"  {name}: it was removed since"]
    if base is None:
        return [] if theirs is None else [f"  {name}: it was created again since"]
    changed = inverse(mine, mine, base)  # what makes of it what it was
    return [
        f"  {name}: {where(place)} should go with it, was {_side(was)}, and is {_side(_at(mine, place))} now"
        for place, was in changed.steps
    ]


def _at(documents: List[Any], place: Spot) -> Any:
    value = documents[place[0]] or {}
    for step in place[1]:
        inside = step in value if isinstance(value, dict) else isinstance(step, int) and step < len(value)
        if not inside:
            return MISSING
        value = value[step]
    return value


def _conflict_text(conflict: Conflict) -> str:
    then, back, now = map(_side, (conflict.then, conflict.back, conflict.now))
    return f"{where(conflict.place)} should go back from {then} to {back}, and is {now} now"


def _side(value: Any) -> str:
    return "gone" if value is MISSING else canonical(value)


def _take_back_actions(
    name: Name, part: _ResourceChange, actions: Dict[Name, Dict[str, str]], work: Work, commit: Oid
) -> None:
    """Drop the actions that a commit staged by name, with their stamps, as far as they did not run."""
    before, stamps = actions_of(part.back), work.state(part.after if name != part.after else name).stamps
    for action, stamp in sorted(actions_of(part.then).items()):
        if before.get(action) == stamp:
            continue
        if not is_pending(stamp, stamps.get(action)):
            work.notes.append(f"{change_id(name, action)}, staged in {commit[:12]}, ran already; it has no inverse")
        elif actions.get(name, {}).get(action) == stamp:
            del actions[name][action]
