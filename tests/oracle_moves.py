"""Moves for the second planner (docs/design.md, section 3): who claims which name, and the world under today's names.

Where names come back, the world says which resource is which (`truth`): what its files say has to mean the same.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, Mapping, Optional, Sequence, Set, Tuple

Raw = Dict[str, Any]
Names = Mapping[str, str]  # new name -> old one

_REFERENCE = re.compile(r"(?<=\$\{)[^{}.\[\]]+")


def live(applied: Mapping[str, Raw], name: str) -> Any:
    """The resource as applied, or None."""
    return (applied.get(name) or {}).get("resource")


def said(state: Any) -> Sequence[str]:
    """The names that a resource had, as the file says that was applied, or tried by a run."""
    form = (state or {}).get("resource") or ((state or {}).get("unfinished") or {}).get("form") or {}
    return form.get("moved_from", ())


def claims(applied: Mapping[str, Raw], staged: Mapping[str, Raw]) -> Dict[str, str]:
    """Who claims what is live under another name, and has not got it: new name -> old one."""
    found: Dict[str, str] = {}
    while True:
        left = set(found.values())
        for name, raw in sorted(staged.items()):
            spent = () if name in left else said(applied.get(name))
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


def wrong(kinds: Mapping[str, Raw], applied: Mapping[str, Raw], staged: Mapping[str, Raw], made: Names) -> Set[str]:
    """The claims that are errors.

    Two on one name, a name that stays staged, both live and neither moved away, a swap of what renames in an action,
    and spent ones of two that have got each other's inputs.
    """
    olds = list(made.values())
    found = {new for new, old in made.items() if olds.count(old) > 1 or (old in staged and old not in made)}
    found |= {new for new in made if live(applied, new) and new not in olds}
    found |= {new for new, old in made.items() if renames(kinds, live(applied, old)) and on_ring(made, new)}
    spent = {(name, old) for name, raw in staged.items() if name not in made for old in raw.get("moved_from", ())}
    pairs = {(one, two) for one, two in spent if (two, one) in spent and one != two}
    exchanged = {
        one
        for one, two in pairs
        if is_form(staged[one], live(applied, two)) and is_form(staged[two], live(applied, one))
    }
    return found | {one for one in exchanged if not is_form(staged[one], live(applied, one))}


def renames(kinds: Mapping[str, Raw], resource: Any) -> bool:
    """Whether the kind of a resource carries out a move."""
    return bool(resource) and "rename" in kinds[resource["kind"]]["actions"]


def on_ring(made: Names, new: str) -> bool:
    """Whether a move is part of a swap, of two or more."""
    name = new
    for _ in made:
        name = made.get(name, "")
        if name == new:
            return True
    return False


def is_form(raw: Raw, resource: Any) -> bool:
    """Whether a resource is staged with the kind and the inputs of one that is applied."""
    return bool(resource) and all(
        json.dumps(raw.get(key), sort_keys=True) == json.dumps(resource.get(key), sort_keys=True)
        for key in ("kind", "inputs")
    )


def followed(
    kinds: Mapping[str, Raw], applied: Mapping[str, Raw], staged: Mapping[str, Raw], truth: Optional[Names] = None
) -> Tuple[Dict[str, Raw], Names, Set[str]]:
    """The applied state under the names that are staged, the moves, and the claims that are errors.

    A state that moved says what it `was`, and every one with another name in it what its `file` says.
    """
    made = claims(applied, staged) if truth is None else truth
    bad = wrong(kinds, applied, staged, made)
    moves = {new: old for new, old in made.items() if not together(made, {new}) & bad}
    gone = names_gone(applied, staged, moves)
    new_names = {old: new for new, old in moves.items()}
    found = {}
    for name, state in applied.items():
        if name in new_names or name not in moves:
            after = _state(state, {**gone, **new_names})
            found[new_names.get(name, name)] = {**after, "was": name} if name in new_names else after
    return found, moves, bad


def names_gone(applied: Mapping[str, Raw], staged: Mapping[str, Raw], moves: Names) -> Dict[str, str]:
    """What is called otherwise since an earlier apply: names that nothing has, and one alone had."""
    had: Dict[str, Set[str]] = {}
    new_names = {old: new for new, old in moves.items()}
    forms = [(new_names.get(name, name), live(applied, name) or {}) for name in applied]
    for name, raw in [*forms, *staged.items()]:
        for old in raw.get("moved_from", ()):
            if old not in staged and old not in applied:
                had.setdefault(old, set()).add(name)
    return {old: min(names) for old, names in had.items() if len(names) == 1}


def _state(state: Raw, names: Names) -> Raw:
    after = {
        **state,
        "owed": {
            action: ids if action == "rename" else [_change(one, names) for one in ids]
            for action, ids in state["owed"].items()
        },
    }
    if state["resource"]:
        after.update(resource=renamed(state["resource"], names), file=state["resource"])
    if state["unfinished"] and state["unfinished"].get("form"):
        after["unfinished"] = {**state["unfinished"], "form": renamed(state["unfinished"]["form"], names)}
    return after


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


def is_bare(
    kinds: Mapping[str, Raw], world: Tuple[Mapping[str, Raw], Mapping[str, Raw]], moves: Names, new: str
) -> bool:
    """Whether nothing else than the move is staged of what moves together, and nothing runs for it."""
    applied, staged = world
    group = together(moves, {new}) & moves.keys()
    return all(_is_bare(applied[name], staged[name]) and not renames(kinds, live(applied, name)) for name in group)


def _is_bare(state: Raw, raw: Raw) -> bool:
    before = state["resource"]
    done = all(state["stamps"].get(action) == stamp for action, stamp in raw.get("actions", {}).items())
    same = all(
        json.dumps(raw.get(key, empty), sort_keys=True) == json.dumps(before.get(key, empty), sort_keys=True)
        for key, empty in (("kind", ""), ("tags", []), ("inputs", {}))
    )
    return same and done and not state["unfinished"] and not state["owed"]
