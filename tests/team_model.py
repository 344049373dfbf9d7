"""A team's repository as plain dicts: what is staged, what is applied where, and what each command makes of it.

Written from the design, for a small world: in each of two folders an `app` that reads a value of `db`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

FOLDERS = ("staging", "prod")
NAMES = tuple(f"{folder}/{name}" for folder in FOLDERS for name in ("db", "app"))  # parents first

Values = Dict[str, Any]
Files = Dict[str, Values]  # name -> inputs as written
State = Dict[str, "Live"]
Selected = Optional[FrozenSet[str]]  # None: everything
READ = "${./db.v}"
GONE: Values = {"gone": True}
RECORDED = "recorded"  # no action: what is gone and staged as removed is forgotten


@dataclass(frozen=True)
class Live:
    """What is known of one resource. file, inputs: as applied, None when it is not live; tried: by what failed.

    seen: the inputs that a check saw otherwise, GONE for a resource that is not there.
    """

    file: Optional[Values] = None
    inputs: Optional[Values] = None
    unfinished: Optional[str] = None
    tried: Optional[Values] = None
    seen: Optional[Values] = None


@dataclass
class Applied:
    """One commit of the applied branch. source: the number of the commit that was applied; oid: what git calls it.

    is_look: whether it is what a check saw; failed: what was tried in it in vain, maybe as it was before.
    """

    parent: Optional[Applied]
    state: State
    source: int
    oid: str = ""
    is_look: bool = False
    failed: FrozenSet[str] = frozenset()

    def chain(self) -> List[Applied]:
        """This commit and those before it, the newest first."""
        found: List[Applied] = [self]
        while found[-1].parent is not None:
            found.append(found[-1].parent)
        return found

    def touched(self) -> FrozenSet[str]:
        before = self.parent.state if self.parent else {}
        return self.failed | {name for name in NAMES if before.get(name) != self.state.get(name)}


def contains(later: Applied, earlier: Applied) -> bool:
    return any(one is earlier for one in later.chain())


@dataclass
class Clone:
    """head: the number of the commit checked out; edits: the definitions as they are in the working tree."""

    head: int
    edits: Files
    local: Applied
    tracking: Applied

    @property
    def diverged(self) -> bool:
        return not contains(self.local, self.tracking) and not contains(self.tracking, self.local)

    @property
    def tip(self) -> Applied:
        return self.local if contains(self.local, self.tracking) else self.tracking


@dataclass
class Team:
    """main: what is staged in each commit of the branch that all work on; remote: the applied branch there."""

    main: List[Files]
    remote: Applied
    clones: Dict[str, Clone] = field(default_factory=dict)


def parent_of(name: str) -> Optional[str]:
    folder, _, last = name.partition("/")
    return f"{folder}/db" if last == "app" else None


def child_of(name: str) -> Optional[str]:
    folder, _, last = name.partition("/")
    return f"{folder}/app" if last == "db" else None


def is_possible(staged: Files) -> bool:
    """Whether nothing reads what is not there."""
    return all(parent_of(name) in (None, *staged) for name in staged)


# --- plan and apply


@dataclass(frozen=True)
class Change:
    name: str
    action: str
    inputs: Values
    file: Optional[Values]

    @property
    def id(self) -> str:
        return f"{self.name}.{self.action}"


def plan(state: Mapping[str, Live], staged: Files, selected: Selected) -> List[Change]:
    """The changes of a selection by name, in an order that will do."""
    found: List[Change] = []
    seen: Dict[str, Optional[Values]] = {}  # what a child sees of its parent
    for name in NAMES:
        live = state.get(name, Live())
        seen[name] = live.inputs
        if selected is not None and name not in selected:
            found += _affected(name, live, name in staged, seen) if _parent_changes(name, state, seen) else []
        elif name in staged:
            found += _staged(name, live, staged[name], seen)
        elif (live.file is not None or live.unfinished) and not _is_read(name, state, selected):
            action = RECORDED if live.seen == GONE else "remove"
            found.append(Change(name, action, live.inputs if live.file is not None else live.tried or {}, None))
            seen[name] = None
    return sorted(found, key=lambda change: change.action == "remove" and change.name.endswith("db"))


def taken_from_others(clone: Clone, changes: Sequence[Change]) -> List[str]:
    """What changes would take back: others applied it last, from a commit that this clone has not got."""
    chain = clone.tip.chain()
    last: Dict[str, int] = {}
    for one in chain:
        before = one.parent.state if one.parent else {}
        for name in NAMES:
            if before.get(name, Live()).file != one.state.get(name, Live()).file:
                last.setdefault(name, one.source)
    files = {name: clone.tip.state.get(name, Live()).file for name in NAMES}
    others = [change for change in changes if change.file != files[change.name]]
    return sorted({change.name for change in others if last.get(change.name, -1) > clone.head})


def _is_read(name: str, state: Mapping[str, Live], selected: Selected) -> bool:
    """Whether a live reader is in the way of a removal, because its own is not selected."""
    child = child_of(name)
    reads = child is not None and state.get(child, Live()).file is not None and state[name].file is not None
    return reads and selected is not None and child not in selected


def _resolved(name: str, file: Values, seen: Mapping[str, Optional[Values]]) -> Optional[Values]:
    """Inputs with what is read filled in, None where the parent is not there."""
    parent = parent_of(name)
    if parent is None:
        return file
    there = seen[parent]
    return None if there is None else {**file, "db": there["v"]}


def _staged(name: str, live: Live, file: Values, seen: Dict[str, Optional[Values]]) -> List[Change]:
    inputs = _resolved(name, file, seen)
    if inputs is None:
        return []  # held back
    seen[name] = inputs
    if live.file is None:
        return [Change(name, "run", inputs, file)]
    if inputs == live.inputs and not live.unfinished and not live.seen:
        return []
    is_as_seen = (
        live.seen not in (None, GONE) and not live.unfinished and inputs == {**(live.inputs or {}), **live.seen}
    )
    return [Change(name, RECORDED if is_as_seen else _again(live), inputs, file)]


def _parent_changes(name: str, state: Mapping[str, Live], seen: Mapping[str, Optional[Values]]) -> bool:
    """Whether the plan changes what a resource reads: what was stale before is left to plans that select it."""
    parent = parent_of(name)
    if parent is None:
        return False
    was, now = state.get(parent, Live()).inputs, seen[parent]
    return (was or {}).get("v") != (now or {}).get("v")


def _affected(name: str, live: Live, is_staged: bool, seen: Dict[str, Optional[Values]]) -> List[Change]:
    if live.file is None or (live.unfinished == "remove" and not is_staged):
        return []
    inputs = _resolved(name, live.file, seen)
    if inputs is None or inputs == live.inputs:
        return []
    seen[name] = inputs
    return [Change(name, _again(live), inputs, live.file)]


def _again(live: Live) -> str:
    return "run" if live.unfinished in ("run", "remove") or live.seen == GONE else "update"


def run(state: State, changes: Sequence[Change], failing: FrozenSet[str]) -> Tuple[State, Dict[str, str]]:
    """The state after an apply, and how each change ended."""
    after = {name: live for name, live in state.items() if Change(name, RECORDED, {}, None).id not in _ids(changes)}
    for change in [change for change in changes if change.action == RECORDED and change.file is not None]:
        after[change.name] = Live(change.file, change.inputs)
    ends: Dict[str, str] = {}
    acting = [change for change in changes if change.action != RECORDED]  # nothing waits for what is recorded
    for change in acting:
        before = [ends[other.id] for other in acting if _waits(change, other)]
        ends[change.id] = "SKIPPED" if set(before) - {"SUCCESS"} else "ERROR" if change.name in failing else "SUCCESS"
        live = state.get(change.name, Live())
        if ends[change.id] == "ERROR":
            after[change.name] = Live(live.file, live.inputs, change.action, change.inputs, live.seen)
        elif ends[change.id] == "SUCCESS" and change.action == "remove":
            del after[change.name]
        elif ends[change.id] == "SUCCESS":
            after[change.name] = Live(change.file, change.inputs)
    return after, ends


def _waits(change: Change, other: Change) -> bool:
    if change.action == "remove":
        return other.name == child_of(change.name) and other.action == "remove"
    return other.name == parent_of(change.name) and other.action != "remove"


def _ids(changes: Sequence[Change]) -> FrozenSet[str]:
    return frozenset(change.id for change in changes)


# --- what the world says


def looked_at(live: Live, by_hand: Optional[Values]) -> Live:
    """What is known of a live resource after a look; by_hand: what was changed since it was applied, GONE or values."""
    if by_hand is None or by_hand == GONE:
        return replace(live, seen=by_hand)
    before = live.seen if live.seen is not None and live.seen != GONE else {}
    now = {**before, **by_hand}
    return replace(
        live, seen={key: value for key, value in now.items() if value != (live.inputs or {}).get(key)} or None
    )


def as_applied(live: Optional[Live]) -> Optional[Live]:
    """The same without what was seen."""
    return None if live is None else replace(live, seen=None)


# --- the way back


def taken_back(now: Files, changes: Sequence[Tuple[Files, Files]]) -> Optional[Files]:
    """What is staged without changes, each (before, after), the newest first; None where something is in the way."""
    work, is_free = dict(now), True
    for before, after in changes:
        for name in NAMES:
            back, then = before.get(name), after.get(name)
            if back != then:
                value, fits = _back(work.get(name), then, back)
                is_free &= fits
                work.pop(name, None)
                work.update({} if value is None else {name: value})
    return work if is_free else None


def _back(now: Optional[Values], then: Optional[Values], back: Optional[Values]) -> Tuple[Optional[Values], bool]:
    if now in (then, back):
        return back, True
    if now is None or then is None or back is None:
        return now, False
    fits = all(then[key] == back[key] or now[key] in (then[key], back[key]) for key in now)
    return {key: back[key] if then[key] != back[key] else now[key] for key in now}, fits


# --- sharing


def put_together(ours: Applied, theirs: Applied) -> Optional[List[Applied]]:
    """Our commits on top of theirs, the oldest first; None where both applied the same: a look is no conflict."""
    mine = [one for one in reversed(ours.chain()) if not contains(theirs, one)]
    others = [one for one in theirs.chain() if not contains(ours, one)]
    sides = [{name for one in side if not one.is_look for name in one.touched()} for side in (mine, others)]
    if sides[0] & sides[1]:
        return None
    tip, found = theirs, []
    for one in mine:
        names = _still_applied(one, tip) if one.is_look else one.touched()
        state = {name: live for name, live in tip.state.items() if name not in names}
        state.update({name: one.state[name] for name in names if name in one.state})
        tip = Applied(tip, state, one.source, is_look=one.is_look, failed=one.failed)
        found.append(tip)
    return found


def _still_applied(look: Applied, tip: Applied) -> FrozenSet[str]:
    """What a look saw of what is still applied as it was then."""
    before = look.parent.state if look.parent else {}
    return frozenset(name for name in look.touched() if as_applied(before.get(name)) == as_applied(tip.state.get(name)))
