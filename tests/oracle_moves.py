"""Moves for the second planner (docs/design.md, section 3): who claims which name, and the world under today's names.

What it does not know: names that come back (a `moved_from` of more than the name that is live), and kinds that rename
in an action. tests/unit/core/planning/test_moves.py and tests/scenarios/stories/test_moving.py have these.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, Mapping, Set, Tuple

Raw = Dict[str, Any]
Names = Mapping[str, str]  # new name -> old one

_REFERENCE = re.compile(r"(?<=\$\{)[^{}.\[\]]+")


def live(applied: Mapping[str, Raw], name: str) -> Any:
    """The resource as applied, or None."""
    return (applied.get(name) or {}).get("resource")


def claims(applied: Mapping[str, Raw], staged: Mapping[str, Raw]) -> Dict[str, str]:
    """Who claims what is live under another name, and has not got it: new name -> old one."""
    found: Dict[str, str] = {}
    while True:
        left = set(found.values())
        for name, raw in sorted(staged.items()):
            spent = () if name in left else (live(applied, name) or {}).get("moved_from", ())
            fresh = [
                old for old in raw.get("moved_from", ()) if old not in spent and old != name and live(applied, old)
            ]
            if fresh and name not in found:
                found[name] = fresh[0]
        if left == set(found.values()):
            return dict(sorted(found.items()))


def together(moves: Names, names: Iterable[str]) -> Set[str]:
    """Names, with all that take theirs, or leave them theirs."""
    found = set(names)
    for _ in range(len(moves) + 1):
        for new, old in moves.items():
            found |= {new, old} if {new, old} & found else set()
    return found


def wrong(applied: Mapping[str, Raw], staged: Mapping[str, Raw], made: Names) -> Set[str]:
    """The claims that are errors: two on one name, a name that stays staged, or both live and neither moved away."""
    olds = list(made.values())
    found = {new for new, old in made.items() if olds.count(old) > 1 or (old in staged and old not in made)}
    return found | {new for new in made if live(applied, new) and new not in olds}


def followed(applied: Mapping[str, Raw], staged: Mapping[str, Raw]) -> Tuple[Dict[str, Raw], Names, Set[str]]:
    """The applied state under the names that are staged, the moves, and the claims that are errors.

    A state that moved says what it `was`, and every one with another name in it what its `file` says.
    """
    made = claims(applied, staged)
    bad = wrong(applied, staged, made)
    moves = {new: old for new, old in made.items() if not together(made, {new}) & bad}
    names = {old: new for new, old in moves.items()}
    found = {}
    for name, state in applied.items():
        if name in names or name not in moves:
            found[names.get(name, name)] = _state(state, names, name)
    return found, moves, bad


def _state(state: Raw, names: Names, name: str) -> Raw:
    after = {**state, "owed": {action: [_change(one, names) for one in ids] for action, ids in state["owed"].items()}}
    if state["resource"]:
        after.update(resource=renamed(state["resource"], names), file=state["resource"])
    if state["unfinished"] and state["unfinished"].get("form"):
        after["unfinished"] = {**state["unfinished"], "form": renamed(state["unfinished"]["form"], names)}
    return {**after, "was": name} if name in names else after


def renamed(raw: Raw, names: Names) -> Raw:
    """A resource that names others by other names."""
    inputs = json.loads(_REFERENCE.sub(lambda match: names.get(match[0], match[0]), json.dumps(raw.get("inputs", {}))))
    found = {**raw, "inputs": inputs}
    for field in ("depends_on", "unordered", "react_on"):
        if field in raw:
            found[field] = _relations(raw[field], names)
    return found


def _relations(value: Any, names: Names) -> Any:
    if isinstance(value, dict):
        return {own: [_change(change, names) for change in changes] for own, changes in value.items()}
    return [names.get(name, name) for name in value]


def _change(change: str, names: Names) -> str:
    name, _, action = change.rpartition(".")
    return f"{names.get(name, name)}.{action}"


def is_bare(applied: Mapping[str, Raw], staged: Mapping[str, Raw], moves: Names, new: str) -> bool:
    """Whether nothing else than the move is staged of what moves together."""
    return all(_is_bare(applied[name], staged[name]) for name in together(moves, {new}) & moves.keys())


def _is_bare(state: Raw, raw: Raw) -> bool:
    before = state["resource"]
    done = all(state["stamps"].get(action) == stamp for action, stamp in raw.get("actions", {}).items())
    same = all(
        json.dumps(raw.get(key, empty), sort_keys=True) == json.dumps(before.get(key, empty), sort_keys=True)
        for key, empty in (("kind", ""), ("tags", []), ("inputs", {}))
    )
    return same and done and not state["unfinished"] and not state["owed"]
