"""A team's repository as plain dicts: what is staged, what is applied where, and what each command makes of it.

Written from the design, for a small world: in each of two folders an `app` that reads a value of `db`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

FOLDERS = ("staging", "prod")
NAMES = tuple(f"{folder}/{name}" for folder in FOLDERS for name in ("db", "app"))  # parents first

Values = Dict[str, Any]
Files = Dict[str, Values]  # name -> inputs as written
State = Dict[str, "Live"]
Selected = Optional[FrozenSet[str]]  # None: everything
READ = "${./db.v}"


@dataclass(frozen=True)
class Live:
    """What is known of one resource. file, inputs: as applied, None when it is not live; tried: by what failed."""

    file: Optional[Values] = None
    inputs: Optional[Values] = None
    unfinished: Optional[str] = None
    tried: Optional[Values] = None


@dataclass
class Applied:
    """One commit of the applied branch. source: the number of the commit that was applied; oid: what git calls it."""

    parent: Optional[Applied]
    state: State
    source: int
    oid: str = ""

    def chain(self) -> List[Applied]:
        """This commit and those before it, the newest first."""
        found: List[Applied] = [self]
        while found[-1].parent is not None:
            found.append(found[-1].parent)
        return found

    def touched(self) -> FrozenSet[str]:
        before = self.parent.state if self.parent else {}
        return frozenset(name for name in NAMES if before.get(name) != self.state.get(name))


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
    """main: what is staged in each commit of the branch that everybody works on; remote: the applied branch there."""

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
    """Whether nobody reads what is not there."""
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
            found.append(Change(name, "remove", live.inputs if live.file is not None else live.tried or {}, None))
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
    if inputs == live.inputs and not live.unfinished:
        return []
    return [Change(name, _again(live), inputs, file)]


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
    return "run" if live.unfinished in ("run", "remove") else "update"


def run(state: State, changes: Sequence[Change], failing: FrozenSet[str]) -> Tuple[State, Dict[str, str]]:
    """The state after an apply, and how each change ended."""
    after, ends = dict(state), {}  # type: Tuple[State, Dict[str, str]]
    for change in changes:
        before = [ends[other.id] for other in changes if _waits(change, other)]
        ends[change.id] = "SKIPPED" if set(before) - {"SUCCESS"} else "ERROR" if change.name in failing else "SUCCESS"
        live = state.get(change.name, Live())
        if ends[change.id] == "ERROR":
            after[change.name] = Live(live.file, live.inputs, change.action, change.inputs)
        elif ends[change.id] == "SUCCESS" and change.action == "remove":
            del after[change.name]
        elif ends[change.id] == "SUCCESS":
            after[change.name] = Live(change.file, change.inputs)
    return after, ends


def _waits(change: Change, other: Change) -> bool:
    if change.action == "remove":
        return other.name == child_of(change.name) and other.action == "remove"
    return other.name == parent_of(change.name) and other.action != "remove"


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
    """Our commits on top of theirs, the oldest first; None where both changed the same."""
    mine = [one for one in reversed(ours.chain()) if not contains(theirs, one)]
    others = [one for one in theirs.chain() if not contains(ours, one)]
    if {name for one in mine for name in one.touched()} & {name for one in others for name in one.touched()}:
        return None
    tip, found = theirs, []
    for one in mine:
        state = {name: live for name, live in tip.state.items() if name not in one.touched()}
        state.update({name: one.state[name] for name in one.touched() if name in one.state})
        tip = Applied(tip, state, one.source)
        found.append(tip)
    return found
